"use strict";
(() => {
  const STEP = 300;
  const root = document.documentElement;
  // Until the controls are there, no more rows are laid out than are shown first.
  root.classList.add("starting");

  const start = () => {
    const form = document.getElementById("controls");
    const body = document.querySelector("#wheels tbody");
    const shown = document.getElementById("shown");
    const more = document.getElementById("more");
    const button = more.querySelector("button");
    const value = (name) => (form.elements[name] ? form.elements[name].value : "");
    const listed = (text, word) => (text || "").split(" ").includes(word);
    let rows = Array.from(body.rows);
    let fitting = rows;
    let limit = STEP;

    const texts = new Map();
    const text = (row) => {
      if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
      return texts.get(row);
    };

    // Rows that are not shown are not in the page: thousands of them would make it slow.
    const show = () => {
      const visible = fitting.slice(0, limit);
      body.replaceChildren(...visible);
      const left = fitting.length - visible.length;
      more.hidden = !left;
      button.textContent = `Show ${Math.min(left, STEP)} more of ${left}`;
      shown.textContent = `${fitting.length} of ${rows.length} wheels`
        + (left ? `, the first ${visible.length} of them shown` : " shown");
    };

    const filter = () => {
      const verdicts = new Set(
        Array.from(form.querySelectorAll("input[type=checkbox]:checked"), (box) => box.value));
      const words = value("search").toLowerCase().split(/\s+/).filter(Boolean);
      const [trusted, signal, changed] = ["trusted", "signal", "changed"].map(value);
      fitting = rows.filter((row) => verdicts.has(row.dataset.verdict)
        && (!trusted || row.dataset.trusted === trusted)
        && (!signal || listed(row.dataset.signals, signal))
        && (!changed || (changed === "any" ? row.dataset.changed : listed(row.dataset.changed, changed)))
        && words.every((word) => text(row).includes(word)));
      limit = STEP;
      show();
    };

    const key = (row, column) => {
      const cell = row.cells[column];
      const sort = cell.dataset.sort;
      return sort === undefined ? cell.textContent.trim() : Number(sort);
    };
    const compare = (a, b) => (typeof a === "number" ? a - b : a < b ? -1 : a > b ? 1 : 0);

    const sort = (heading) => {
      const column = heading.cellIndex;
      const down = heading.getAttribute("aria-sort") === "ascending";
      for (const other of heading.parentElement.cells) other.setAttribute("aria-sort", "none");
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      const keyed = rows.map((row) => [key(row, column), row]);
      keyed.sort(([a], [b]) => (down ? compare(b, a) : compare(a, b)));
      rows = keyed.map(([, row]) => row);
      filter();
    };

    for (const heading of document.querySelectorAll("#wheels th")) {
      const sorter = document.createElement("button");
      sorter.type = "button";
      sorter.append(...heading.childNodes);
      sorter.addEventListener("click", () => sort(heading));
      heading.append(sorter);
      heading.setAttribute("aria-sort", "none");
    }
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(filter));
    button.addEventListener("click", () => {
      const next = fitting[limit];
      limit += STEP;
      show();
      next.querySelector("a").focus();
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || event.target.matches("input, select")) return;
      event.preventDefault();
      form.elements.search.focus();
    });
    addEventListener("beforeprint", () => {
      limit = Infinity;
      show();
    });
    form.hidden = false;
    filter();
    root.classList.remove("starting");
  };
  document.addEventListener("DOMContentLoaded", start);
})();
