/* The pages in a real browser. POCKETMARK: the program; BROWSER_FOLDER: where pages and screenshots go; CHROMIUM: the browser;
 * SITE_RESULTS, SITE_PAGES: size of the site, and how many of its pages of each kind are looked at. */
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { accessibility, hostile, layout, links, markup, paper, shorten, sorting } from "./look.mjs";
import { folder, makePages } from "./pages.mjs";

const LARGE_BYTES = 1e6; /* of pages that are alike, the validator reads one as large as that */
const widths = [360, 1440], schemes = ["light", "dark"];
const flags = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const pages = makePages();
let browser;

/* Opens the page; `complaints` gathers what it says, asks for and is refused. */
async function open(about, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage(), complaints = [], address = pathToFileURL(about.file).href;
  page.on("console", (message) => complaints.push(`console: ${message.text().slice(0, 200)}`));
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (request.url() !== address && !request.url().startsWith("data:")) complaints.push(`asks for ${request.url()}`);
  });
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) =>
      console.error(`refused: ${event.violatedDirective} ${event.blockedURI}`));
  });
  await page.goto(address, { waitUntil: "load" });
  return { page, complaints, close: () => context.close() };
}

/* Fails with every complaint, each after what it is about. */
function settle(complaints) {
  assert.equal(complaints.length, 0, complaints.join("\n"));
}

const named = (prefix, complaints) => complaints.map((text) => `${prefix}: ${text}`);

const dark = { width: 360, scheme: "dark" }, light = { width: 1440, scheme: "light" };
const ways = widths.flatMap((width) => schemes.map((scheme) => ({ width, scheme })));

/* A screenshot of the page, or of as much of it as anyone looks at. */
async function picture(page, name) {
  const { width, height } = await page.evaluate(() =>
    ({ width: innerWidth, height: Math.min(document.documentElement.scrollHeight, 8000) }));
  await page.screenshot({ path: join(folder, name), fullPage: true, clip: { x: 0, y: 0, width, height } });
}

/* At every width and in both schemes, axe once with each; a page that is one of many once. */
async function screens(about) {
  const { page, complaints, close } = await open(about), found = [];
  const turn = async ({ width, scheme }) => {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ media: "screen", colorScheme: scheme });
    return `${about.name}, ${width} px, ${scheme}`;
  };
  for (const way of about.first ? ways : [about.odd ? dark : light]) {
    found.push(...named(await turn(way), await layout(page, about)));
    if (about.first) await picture(page, `${about.name}-${way.width}-${way.scheme}.png`);
  }
  found.push(...named(about.name, await links(page)));
  await shorten(page);
  for (const way of about.first ? [dark, light] : [about.odd ? dark : light])
    found.push(...named(await turn(way), await accessibility(page)));
  await close();
  return [...named(about.name, complaints), ...found];
}

/* On paper, which is 794 px wide. */
async function print(about) {
  const { page, complaints, close } = await open(about, { viewport: { width: 794, height: 1123 } });
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  const found = [...(await layout(page, about)), ...(await paper(page))];
  if (!about.site) await page.pdf({ path: join(folder, `${about.name}.pdf`), format: "A4", printBackground: true });
  await close();
  return named(`${about.name}, print`, [...complaints, ...found]);
}

/* Without JavaScript: all there, and nothing that would need it. */
async function scriptless(about) {
  const { page, complaints, close } = await open(about, { javaScriptEnabled: false });
  const found = [...complaints];
  if ((await page.locator("main").innerText()).length < 200) found.push("hardly any text");
  if (await page.locator("button, input").count()) found.push("buttons or boxes that do nothing");
  for (const table of await page.locator("main section > .scroll > table").all())
    if (!(await table.isVisible())) found.push(`${await table.getAttribute("id")} is not to be seen`);
  await close();
  return named(`${about.name}, no JavaScript`, found);
}

async function only(about, look) {
  const { page, close } = await open(about);
  const found = await look(page, about);
  await close();
  return named(about.name, found);
}

before(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: flags });
});
after(() => browser?.close());

describe("pages", { concurrency: 2 }, () => {
  for (const about of pages) {
    if (about.first || statSync(about.file).size < LARGE_BYTES)
      test(`${about.name}: markup`, async () => settle(named(about.name, await markup(about.file))));
    test(`${about.name}: on screens`, async () => settle(await screens(about)));
    if (about.first) {
      test(`${about.name}: in print`, async () => settle(await print(about)));
      test(`${about.name}: without JavaScript`, async () => settle(await scriptless(about)));
    }
    if (about.first && about.site) test(`${about.name}: sorts and filters`, async () => settle(await only(about, sorting)));
    if (about.hostile) test(`${about.name}: names are text`, async () => settle(await only(about, hostile)));
    if (about.undrawn)
      test(`${about.name}: says so`, () => assert.match(about.messages, /gnuplot/, "nothing on standard error about gnuplot"));
  }
});
