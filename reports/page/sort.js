
"use strict";
for (const table of document.querySelectorAll("table[data-sorts]")) {
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells], rows = [...body.rows];
  const text = rows.map((row) => row.textContent.toLowerCase());
  const words = new Intl.Collator("en", { numeric: true });

  /* Cells without a value come last, whichever way. */
  function sort(column, falling) {
    const key = (row) => {
      const cell = row.cells[column];
      return heads[column].className === "number" ? Number(cell.dataset.value ?? NaN) : cell.textContent.trim();
    };
    const compare = (a, b) => {
      if (typeof a.key === "string") return (falling ? -1 : 1) * words.compare(a.key, b.key) || a.at - b.at;
      if (Number.isNaN(a.key) || Number.isNaN(b.key)) return Number.isNaN(a.key) - Number.isNaN(b.key) || a.at - b.at;
      return (falling ? b.key - a.key : a.key - b.key) || a.at - b.at;
    };
    body.append(...rows.map((row, at) => ({ row, at, key: key(row) })).sort(compare).map((item) => item.row));
    for (const head of heads) head.removeAttribute("aria-sort");
    heads[column].setAttribute("aria-sort", falling ? "descending" : "ascending");
  }

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const now = head.getAttribute("aria-sort");
      sort(column, now ? now === "ascending" : head.className === "number");
    });
  });

  const line = document.createElement("div"), label = document.createElement("label");
  const input = document.createElement("input"), count = document.createElement("output");
  line.className = "filter";
  input.type = "text";
  input.id = table.id + "-filter";
  label.htmlFor = input.id;
  label.textContent = "Rows with";
  const show = () => {
    const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, at) => {
      row.hidden = !wanted.every((word) => text[at].includes(word));
      shown += !row.hidden;
    });
    count.textContent = shown === rows.length ? rows.length + " rows" : shown + " of " + rows.length + " rows";
  };
  input.addEventListener("input", show);
  line.append(label, input, count);
  (table.closest(".scroll") ?? table).before(line);
  show();
}
