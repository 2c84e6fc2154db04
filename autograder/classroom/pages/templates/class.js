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
    const headers = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
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

  // The map: arrow keys go from field to field, and a field that is chosen says its points and where its feedback is.
  const map = document.getElementById("map-table");
  const detail = document.getElementById("map-detail");
  const [head] = [...map.tHead.rows].slice(-1);
  const formgrader = data("formgrader");
  const FIRST = 2; // columns before the questions: the name, and how many are open
  const fieldOf = (cell) => cell.querySelector("a, span");
  for (const row of map.tBodies[0].rows) {
    for (const cell of [...row.cells].slice(FIRST)) fieldOf(cell).tabIndex = -1;
  }
  const reachable = (cell) => {
    for (const other of map.querySelectorAll("td [tabindex='0']")) other.tabIndex = -1;
    fieldOf(cell).tabIndex = 0;
  };
  const start = map.tBodies[0].rows[0]?.cells[FIRST];
  if (start) reachable(start);
  const link = (words, address) => {
    const made = document.createElement("a");
    made.href = address;
    made.rel = "noreferrer";
    made.textContent = words;
    return made;
  };
  const choose = (cell) => {
    const student = cell.parentElement.cells[0].textContent.trim();
    const header = head.cells[cell.cellIndex];
    const field = fieldOf(cell);
    const said = field.getAttribute("aria-label") || field.title || words.missing;
    detail.replaceChildren(`${student} · ${header.textContent.trim()}: ${said}`);
    if (field.href) detail.append(link(words.page, field.getAttribute("href")));
    const graded = said === words.missing ? "" : formgrader[student]?.[header.dataset.assignment];
    if (graded) detail.append(link(words.formgrader, `${graded}#${header.dataset.question}`));
    detail.hidden = false;
    for (const other of map.querySelectorAll("td.chosen")) other.classList.remove("chosen");
    cell.classList.add("chosen");
    reachable(cell);
  };
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -1e9], End: [0, 1e9] };
  const asField = (event) => {
    const cell = event.target.closest("tbody td");
    return cell && cell.cellIndex >= FIRST ? cell : null;
  };
  map.addEventListener("click", (event) => {
    const cell = asField(event);
    if (!cell || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    choose(cell);
    if (event.detail === 0) detail.querySelector("a")?.focus(); // Enter, not the mouse
  });
  map.addEventListener("keydown", (event) => {
    const cell = asField(event);
    if (!cell) return;
    if (event.key in steps) {
      const [down, right] = steps[event.key];
      const rows = map.tBodies[0].rows;
      const row = rows[Math.min(rows.length - 1, Math.max(0, cell.parentElement.sectionRowIndex + down))];
      const next = row.cells[Math.min(row.cells.length - 1, Math.max(FIRST, cell.cellIndex + right))];
      event.preventDefault();
      reachable(next);
      fieldOf(next).focus();
    } else if (event.key === "Enter" && !fieldOf(cell).href) choose(cell);
  });
  detail.addEventListener("keydown", (event) => {
    const chosen = map.querySelector("td.chosen");
    if (event.key === "Escape" && chosen) fieldOf(chosen).focus();
  });

  // Charts: drawn as SVG, without eval (the interpreter of expressions), in the colours of the page.
  for (const [id, spec] of Object.entries(data("specs"))) {
    const place = document.getElementById(id);
    window
      .vegaEmbed(place, spec, { renderer: "svg", actions: false, ast: true, mode: "vega-lite", downloadFileName: id })
      .then(() => { place.parentElement.dataset.drawn = "yes"; })
      .catch((error) => { place.textContent = String(error); });
  }
})();
