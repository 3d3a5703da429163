"use strict";
(() => {
  const form = document.getElementById("controls");
  const body = document.querySelector("#wheels tbody");
  const rows = Array.from(body.rows);
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const shown = document.getElementById("shown");
  const value = (name) => form.elements[name].value;

  const filter = () => {
    const verdicts = new Set(
      Array.from(form.querySelectorAll("input[type=checkbox]:checked"), (box) => box.value));
    const words = value("search").toLowerCase().split(/\s+/).filter(Boolean);
    const trusted = value("trusted");
    const signal = value("signal");
    let count = 0;
    for (const row of rows) {
      const fits = verdicts.has(row.dataset.verdict)
        && (!trusted || row.dataset.trusted === trusted)
        && (!signal || row.dataset.signals.split(" ").includes(signal))
        && words.every((word) => texts.get(row).includes(word));
      row.hidden = !fits;
      count += fits;
    }
    shown.textContent = `${count} of ${rows.length} wheels shown`;
  };

  const key = (row, column) => {
    const text = row.cells[column].dataset.sort;
    return text === undefined ? row.cells[column].textContent.trim() : Number(text);
  };
  const compare = (a, b) => (typeof a === "number" ? a - b : a < b ? -1 : a > b ? 1 : 0);

  const sort = (heading) => {
    const column = heading.cellIndex;
    const down = heading.getAttribute("aria-sort") === "ascending";
    for (const other of heading.parentElement.cells) other.setAttribute("aria-sort", "none");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const keyed = rows.map((row) => [key(row, column), row]);
    keyed.sort(([a], [b]) => (down ? compare(b, a) : compare(a, b)));
    body.append(...keyed.map(([, row]) => row));
  };

  for (const heading of document.querySelectorAll("#wheels th")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(heading));
    heading.append(button);
    if (!heading.hasAttribute("aria-sort")) heading.setAttribute("aria-sort", "none");
  }
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.matches("input, select")) return;
    event.preventDefault();
    form.elements.search.focus();
  });
  form.hidden = false;
  filter();
})();
