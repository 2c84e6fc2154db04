"use strict";
(() => {
  const data = (id) => JSON.parse(document.getElementById(id).textContent);
  const words = data("words");

  // Sorting: a button in each header; numbers by data-value, words as the reader's language sorts them.
  const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
  const key = (row, column) => {
    const cell = row.cells[column];
    const value = cell.dataset.value ?? cell.textContent.trim();
    const number = Number(value);
    return value !== "" && Number.isFinite(number) ? number : value;
  };
  const compare = (a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : collator.compare(String(a), String(b));
  for (const table of document.querySelectorAll("table[data-sortable]")) {
    const headers = [...table.tHead.rows[0].cells];
    headers.forEach((header, column) => {
      const button = header.querySelector("button.sort");
      if (!button) return;
      button.addEventListener("click", () => {
        const before = header.getAttribute("aria-sort");
        const first = header.classList.contains("number") ? "descending" : "ascending";
        const order = before ? (before === "ascending" ? "descending" : "ascending") : first;
        for (const other of headers) other.removeAttribute("aria-sort");
        header.setAttribute("aria-sort", order);
        const sign = order === "ascending" ? 1 : -1;
        const body = table.tBodies[0];
        const rows = [...body.rows].map((row) => [key(row, column), row]);
        rows.sort((a, b) => sign * compare(a[0], b[0]));
        body.append(...rows.map(([, row]) => row));
      });
    });
  }

  // Filters: every control of a form must agree; the number of rows that are left is announced.
  for (const form of document.querySelectorAll("form[data-filters]")) {
    const rows = [...document.getElementById(form.dataset.filters).tBodies[0].rows];
    const controls = [...form.querySelectorAll("[data-filter]")];
    const count = form.querySelector(".count");
    const wanted = (control) =>
      control.type === "checkbox" ? (control.checked ? control.value : "") : control.value.trim();
    const agrees = (row, control) => {
      const value = wanted(control);
      if (!value) return true;
      const kind = control.dataset.filter;
      return kind === "text"
        ? row.textContent.toLocaleLowerCase().includes(value.toLocaleLowerCase())
        : row.dataset[kind] === value;
    };
    const apply = () => {
      let shown = 0;
      for (const row of rows) {
        row.hidden = !controls.every((control) => agrees(row, control));
        shown += row.hidden ? 0 : 1;
      }
      count.textContent = words.shown.replace("{shown}", shown).replace("{all}", rows.length);
    };
    form.addEventListener("input", apply);
    form.addEventListener("submit", (event) => event.preventDefault());
    apply();
  }

  // Charts: drawn as SVG, without eval (the interpreter of expressions), in the colours of the page.
  for (const [id, spec] of Object.entries(data("specs"))) {
    const place = document.getElementById(id);
    window
      .vegaEmbed(place, spec, { renderer: "svg", actions: false, ast: true, mode: "vega-lite", downloadFileName: id })
      .then(() => { place.parentElement.dataset.drawn = "yes"; })
      .catch((error) => { place.textContent = String(error); });
  }
})();
