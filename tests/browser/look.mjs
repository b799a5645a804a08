/* What is asked of a page while it stands in the browser. Every function returns a list of complaints. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { HtmlValidate } from "html-validate";

const require = createRequire(import.meta.url);
const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const validator = new HtmlValidate({ root: true, extends: ["html-validate:recommended"] });

const short = (text, length = 160) => (text.length > length ? text.slice(0, length) + "…" : text).replace(/\s+/g, " ");
const capped = (list, most = 12) =>
  list.length > most ? [...list.slice(0, most), `… and ${list.length - most} more`] : list;

export async function markup(file) {
  const report = await validator.validateFile(file);
  return capped(report.results.flatMap((result) => result.messages).map((message) =>
    `html-validate ${message.ruleId}, line ${message.line}: ${short(message.message)}`));
}

/* Room, figures, ids: at whatever size and medium the page has now. */
export async function layout(page, { drawn, undrawn } = {}) {
  const seen = await page.evaluate(() => {
    const counts = new Map(), root = document.documentElement, room = root.scrollWidth - root.clientWidth;
    for (const element of document.querySelectorAll("[id]")) counts.set(element.id, (counts.get(element.id) ?? 0) + 1);
    const wide = room <= 0 ? [] : [...document.body.querySelectorAll("*")].filter((element) =>
      element.getBoundingClientRect().right > root.clientWidth + 1 && !element.closest("svg, .skip") &&
      getComputedStyle(element.closest(".scroll, .picture") ?? element).overflowX === "visible");
    return {
      room,
      wide: [...new Set(wide.map((element) => element.closest("table")?.id || element.id || element.localName))].slice(0, 6),
      twice: [...counts].filter(([, count]) => count > 1).map(([id]) => id),
      figures: [...document.querySelectorAll("figure")].map((figure) => {
        const drawing = figure.querySelector("svg"), box = (drawing ?? figure).getBoundingClientRect();
        return { id: figure.id || figure.textContent.trim().slice(0, 40), drawing: Boolean(drawing),
          shown: figure.checkVisibility(), width: box.width, height: box.height };
      }),
      small: [...document.querySelectorAll("figure svg text")].filter((text) => {
        const box = text.getBoundingClientRect(), frame = text.ownerSVGElement.getBoundingClientRect();
        return text.checkVisibility() && (box.left < frame.left - 1 || box.right > frame.right + 1);
      }).map((text) => text.textContent),
    };
  });
  const complaints = [];
  if (seen.room > 0) complaints.push(`wider than the window by ${seen.room} px: ${seen.wide.join(", ")}`);
  for (const id of seen.twice) complaints.push(`id ${id} is there more than once`);
  for (const figure of seen.figures)
    if (!figure.shown || (figure.drawing && (figure.width < 200 || figure.height < 60)))
      complaints.push(`figure ${figure.id} is not to be seen: ${figure.width} × ${figure.height}`);
  for (const text of seen.small) complaints.push(`text leaves its chart: ${short(text)}`);
  const drawings = seen.figures.filter((figure) => figure.drawing).length;
  if (drawn && drawings !== seen.figures.length) complaints.push(`${drawings} of ${seen.figures.length} figures are drawn`);
  if (drawn && !drawings) complaints.push("no figure at all");
  if (undrawn && drawings) complaints.push(`${drawings} figures drawn without gnuplot`);
  if (undrawn && !(await page.locator("main").innerText()).includes("gnuplot"))
    complaints.push("does not say that gnuplot is missing");
  return capped(complaints);
}

/* axe comes in by evaluation, which the page's own policy does not hinder: the policy stands as it is. */
export async function accessibility(page) {
  await page.evaluate(axeSource);
  const violations = await page.evaluate(async () =>
    (await axe.run({ preload: false, resultTypes: ["violations"] })).violations.flatMap((violation) => violation.nodes.map((node) =>
      `axe ${violation.id}: ${node.target.join(" ")}: ${node.failureSummary.split("\n")[1]?.trim()}`)));
  return capped(violations.map((text) => short(text, 240)));
}

/* Takes the rows out of long tables that are made like those before them: axe would look at thousands, one by one. */
export async function shorten(page) {
  await page.evaluate(() => {
    for (const row of document.querySelectorAll("tbody > tr:nth-child(n + 9)")) row.remove();
  });
}

/* Folded parts are open on paper. */
export async function paper(page) {
  return capped(await page.evaluate(() =>
    [...document.querySelectorAll("details table, details dl, details p")]
      .filter((part) => !part.checkVisibility() && !part.closest(".screen"))
      .map((part) => `folded on paper: ${part.textContent.trim().slice(0, 60)}`)));
}

/* Names from outside are text: no element of theirs, no direction of theirs, and they can be read. */
export async function hostile(page) {
  const complaints = await page.evaluate(() => {
    const found = [];
    for (const element of document.querySelectorAll("script, iframe, object, embed, img, form, base"))
      found.push(`<${element.localName}>: ${element.outerHTML.slice(0, 80)}`);
    for (const element of document.querySelectorAll("*"))
      for (const { name } of element.attributes) if (name.startsWith("on")) found.push(`attribute ${name}`);
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode())
      if (/[\u202a-\u202e\u2066-\u2069]/.test(node.data) && !node.parentElement.closest("bdi"))
        found.push(`text that turns around: ${node.data.slice(0, 60)}`);
    return found;
  });
  const text = await page.locator("body").innerText();
  for (const name of ["<script>alert('1')</script>", "m|o*d_e`l"])
    if (!text.includes(name)) complaints.push(`cannot be read: ${name}`);
  return complaints;
}

/* Every address leads somewhere. */
export async function links(page) {
  const addresses = await page.evaluate(() => {
    const links = new Map([...document.querySelectorAll("a[href]")].map((link) => [link.getAttribute("href"), link]));
    return [...links].map(([own, link]) => ({ own: own.slice(0, 300), href: link.href.slice(0, 2000),
      here: own.startsWith("#") && Boolean(document.getElementById(own.slice(1))) }));
  });
  return capped(addresses.filter(({ own, href, here }) =>
    own.startsWith("#") ? !here : href.startsWith("file:") ? !existsSync(fileURLToPath(href.replace(/[?#].*$/, ""))) :
      !/^(data|https):/.test(href)).map(({ own }) => `leads nowhere: ${short(own)}`));
}

/* The rows that are shown: their texts, and what the column is sorted by. */
function shown(table, index) {
  return table.evaluate((element, at) => {
    const rows = [...element.tBodies[0].rows].filter((row) => row.getClientRects().length);
    return {
      texts: rows.map((row) => row.textContent.toLowerCase()),
      values: rows.map((row) => row.cells[at].dataset.value ?? null),
    };
  }, index);
}

/* Cells without a value come last. */
function ordered(values, falling) {
  const known = values.filter((value) => value !== null).map(Number);
  return values.slice(known.length).every((value) => value === null) &&
    known.every((value, i) => i === 0 || (falling ? known[i - 1] >= value : known[i - 1] <= value));
}

/* Sorts by mouse and by keyboard, filters by words: the first table with different numbers in it, which a page that `sorts` must
 * have. */
export async function sorting(page, { sorts }) {
  const complaints = [], check = (good, text) => good || complaints.push(text);
  const [id, index] = await page.evaluate(() => {
    for (const folded of document.querySelectorAll("details")) folded.open = true;
    for (const table of document.querySelectorAll("table[data-sorts]"))
      for (const head of table.tHead.rows[0].cells)
        if (new Set([...table.tBodies[0].rows].map((row) => row.cells[head.cellIndex].dataset.value).filter(Boolean)).size > 1)
          return [table.id, head.cellIndex];
    return [null, 0];
  });
  if (!id) return sorts ? ["no table to sort"] : [];
  const table = page.locator(`[id="${id}"]`), head = table.locator("thead th").nth(index);
  const filter = page.locator(`[id="${id}-filter"]`), all = (await shown(table, index)).texts;
  const sorted = async (after, unlike) => {
    const state = await head.getAttribute("aria-sort");
    check(["ascending", "descending"].includes(state) && state !== unlike, `${id}: aria-sort is ${state} after ${after}`);
    check(ordered((await shown(table, index)).values, state === "descending"), `${id}: not ${state} after ${after}`);
    return state;
  };
  await head.getByRole("button").click();
  const first = await sorted("a click");
  await head.getByRole("button").focus();
  await page.keyboard.press("Enter");
  await sorted("the Enter key", first);
  const word = all[0].trim().split(/\s+/)[0];
  await filter.fill(word);
  const some = (await shown(table, index)).texts;
  check(some.length > 0 && some.every((text) => text.includes(word)), `${id}: other rows than those with '${word}'`);
  check(some.length === all.filter((text) => text.includes(word)).length, `${id}: not all rows with '${word}'`);
  await filter.fill("no such thing anywhere");
  check((await shown(table, index)).texts.length === 0, `${id}: rows stay that have nothing of what is looked for`);
  check((await filter.locator("xpath=..").innerText()).includes(`0 of ${all.length}`), `${id}: does not count what is shown`);
  await filter.fill("");
  check((await shown(table, index)).texts.length === all.length, `${id}: rows do not come back`);
  return complaints;
}
