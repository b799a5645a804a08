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
    const counts = new Map();
    for (const element of document.querySelectorAll("[id]")) counts.set(element.id, (counts.get(element.id) ?? 0) + 1);
    const wide = [...document.body.querySelectorAll("*")].filter((element) =>
      element.getBoundingClientRect().right > document.documentElement.clientWidth + 1 && !element.closest("svg, .skip") && getComputedStyle(element.closest(".scroll, .picture") ?? element).overflowX === "visible");
    return {
      room: document.documentElement.scrollWidth - document.documentElement.clientWidth,
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
export async function accessibility(page, rules) {
  await page.evaluate(axeSource);
  const violations = await page.evaluate(async (only) => {
    const options = only ? { runOnly: { type: "rule", values: only } } : {};
    return (await axe.run(document, { ...options, resultTypes: ["violations"] })).violations.flatMap((violation) =>
      violation.nodes.map((node) => `axe ${violation.id}: ${node.target.join(" ")}: ${node.failureSummary.split("\n")[1]?.trim()}`));
  }, rules);
  return capped(violations.map((text) => short(text, 240)));
}

/* Folded parts are open on paper. */
export async function paper(page) {
  return capped(await page.evaluate(() =>
    [...document.querySelectorAll("details table, details dl, details p")]
      .filter((part) => part.getBoundingClientRect().height < 1 && !part.closest(".screen"))
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
  const addresses = await page.evaluate(() => [...document.querySelectorAll("a[href]")].map((link) =>
    ({ href: link.href, own: link.getAttribute("href") })));
  const complaints = [];
  for (const { href, own } of addresses) {
    if (own.startsWith("#")) {
      if (own.length > 1 && !(await page.locator(`[id="${own.slice(1)}"]`).count())) complaints.push(`leads nowhere: ${own}`);
    } else if (href.startsWith("file:") && !existsSync(fileURLToPath(href.replace(/[?#].*$/, "")))) {
      complaints.push(`leads nowhere: ${own}`);
    } else if (!/^(file|data|https):/.test(href)) {
      complaints.push(`leads out: ${short(own)}`);
    }
  }
  return capped([...new Set(complaints)]);
}

async function column(table, index) {
  return table.evaluate((element, at) => [...element.tBodies[0].rows].filter((row) => !row.hidden)
    .map((row) => Number(row.cells[at].dataset.value ?? NaN)), index);
}

function ordered(values, falling) {
  const known = values.filter((value) => !Number.isNaN(value));
  const last = values.slice(known.length).every((value) => Number.isNaN(value));
  return last && known.every((value, i) => i === 0 || (falling ? known[i - 1] >= value : known[i - 1] <= value));
}

/* Sorts by mouse and by keyboard, filters by words, for a table with numbers in it; no such table is a complaint of its own. */
export async function sorting(page) {
  const complaints = [];
  const check = (good, text) => good || complaints.push(text);
  for (const table of await page.locator("table[data-sorts]").all()) {
    const index = await table.evaluate((element) =>
      element.tBodies[0].rows.length < 2 ? -1 : [...element.tHead.rows[0].cells].findIndex((head, at) =>
        new Set([...element.tBodies[0].rows].map((row) => row.cells[at].dataset.value).filter(Boolean)).size > 1));
    if (index < 0 || !(await table.isVisible())) continue;
    const id = await table.getAttribute("id"), head = table.locator("thead th").nth(index), rows = table.locator("tbody tr:visible");
    const all = await rows.count();
    await head.getByRole("button").click();
    const first = await head.getAttribute("aria-sort");
    check(first === "descending" || first === "ascending", `${id}: aria-sort is ${first} after a click`);
    check(ordered(await column(table, index), first === "descending"), `${id}: not ${first} after a click`);
    await head.getByRole("button").focus();
    await page.keyboard.press("Enter");
    const second = await head.getAttribute("aria-sort");
    check(second && second !== first, `${id}: aria-sort stays ${second} after the Enter key`);
    check(ordered(await column(table, index), second === "descending"), `${id}: not ${second} after the Enter key`);
    const filter = page.locator(`[id="${id}-filter"]`), word = (await rows.first().locator("th").innerText()).trim().split(/\s+/)[0];
    await filter.fill(word);
    const some = await rows.count();
    check(some > 0 && some <= all, `${id}: ${some} of ${all} rows with '${word}'`);
    for (const text of await rows.allInnerTexts())
      if (!text.toLowerCase().includes(word.toLowerCase())) {
        complaints.push(`${id}: a row without '${word}' stays`);
        break;
      }
    await filter.fill("no such thing anywhere");
    check((await rows.count()) === 0, `${id}: rows stay that have nothing of what is looked for`);
    check((await filter.locator("xpath=..").innerText()).includes(`0 of ${all}`), `${id}: does not count what is shown`);
    await filter.fill("");
    check((await rows.count()) === all, `${id}: rows do not come back`);
    return capped(complaints);
  }
  return ["no table to sort"];
}
