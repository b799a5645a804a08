/* Makes the pages that are looked at, with the program itself, and says which there are. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const sources = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
export const folder = resolve(process.env.BROWSER_FOLDER ?? join(sources, "build/browser"));
const program = resolve(process.env.POCKETMARK ?? join(sources, "build/pocketmark"));
const siteResults = Number(process.env.SITE_RESULTS ?? 1000);
const sampled = Number(process.env.SITE_PAGES ?? 25); /* of each kind */

function pocketmark(args, options = {}) {
  const child = spawnSync(program, args, { encoding: "utf8", maxBuffer: 1 << 26, ...options });
  if (child.status !== 0)
    throw new Error(`pocketmark ${args.join(" ")}: exit ${child.status ?? child.signal}\n${child.stdout}${child.stderr}`);
  return child;
}

function python(script, ...args) {
  execFileSync("python3", [join(sources, "tests", script), ...args], { encoding: "utf8" });
}

/* A PATH that has every program but gnuplot. */
function pathWithoutGnuplot(bin) {
  mkdirSync(bin, { recursive: true });
  for (const from of process.env.PATH.split(delimiter))
    for (const name of existsSync(from) ? readdirSync(from) : [])
      if (!name.startsWith("gnuplot") && !existsSync(join(bin, name)))
        try {
          symlinkSync(join(from, name), join(bin, name));
        } catch (error) {
          if (error.code !== "EEXIST") throw error;
        }
  return bin;
}

/* Of many files those at even steps, the same each time. */
function sample(files) {
  const step = Math.max(1, files.length / sampled);
  return [...new Set(Array.from({ length: Math.min(sampled, files.length) }, (_, i) => files[Math.floor(i * step)]))];
}

const stored = (name) => join(sources, "tests/results", name);

/* Two devices more, so that there is something to rank: the real result at other speeds. */
function forgeDevices(real) {
  return [1.6, 0.7].map((factor, i) => {
    const file = join(folder, "pages", `device-${i + 1}.json`);
    python("forge_result.py", real, file, "--id", String(i + 1), "--device", `d-example-${i + 1}`,
      `decode_tokens_per_second=${47 * factor}`, `prefill_tokens_per_second=${385 * factor}`,
      `time_to_first_token_seconds=${0.33 / factor}`, "peak_private_bytes=727000000");
    return file;
  });
}

const indexFirst = (a, b) => (b === "index.html") - (a === "index.html");

function makeSite() {
  const results = join(folder, "board"), site = join(folder, "site");
  python("make_results.py", "--board", results, String(siteResults));
  const start = Date.now();
  pocketmark(["report", "--site", site, results]);
  console.log(`# a site of ${siteResults} results took ${((Date.now() - start) / 1000).toFixed(1)} s`);
  const html = (part) => readdirSync(join(site, part)).filter((name) => name.endsWith(".html")).sort().sort(indexFirst);
  return ["", "device", "model", "pair"].flatMap((part) => sample(html(part)).map((name, i) => ({
    name: `site-${part ? part + "-" : ""}${name.replace(/\.html$/, "")}`, file: join(site, part, name), site: true, first: i === 0,
    odd: i % 2 === 1, sorts: part !== "pair",
  })));
}

/* name, file; site: with the script that sorts; drawn: has figures; undrawn: has none; hostile: names that look like markup; sorts:
 * has a table to be sorted; first: of its kind, looked at in every way; the others are looked at one way, the odd ones another. */
export function makePages() {
  const pages = join(folder, "pages");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(pages, { recursive: true });
  const real = stored("real/quick.json"), fit = stored("real/fit.json");
  const make = (name, results, about = {}, options = {}) => {
    const file = join(pages, `${name}.html`);
    const child = pocketmark(["report", ...results, "-o", file], options);
    return { name, file, first: true, messages: child.stderr, ...about };
  };
  const one = existsSync(fit) ? [real, fit] : [real];
  return [
    make("real", one, { drawn: true }),
    make("devices", [...one, ...forgeDevices(real), stored("v1.0/imported.json"), stored("v1.0/emulated-energy.json")],
      { drawn: true }),
    make("hostile", [stored("v1.0/hostile-names.json")], { drawn: true, hostile: true }),
    make("sustained", [stored("v1.0/sustained-series.json"), stored("v1.0/interrupted.json"), stored("v1.0/failed.json")],
      { drawn: true }),
    make("fit", [stored("v1.1/fit.json"), stored("v1.0/quick.json")], { drawn: true }),
    make("no-gnuplot", one, { undrawn: true },
      { env: { ...process.env, PATH: pathWithoutGnuplot(join(folder, "bin")) } }),
    ...makeSite(),
  ];
}
