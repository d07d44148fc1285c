// Tables are sorted by a column's name and filtered by words. Without this they stand as written.
(() => {
  "use strict";
  // Shorter ones are seen at a glance.
  const FILTER_FROM = 8;

  const number = (cell) => Number.parseFloat(cell.textContent.trim());

  // Numbers by size, before words by the alphabet.
  const order = (a, b) => {
    const [x, y] = [number(a), number(b)];
    if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
    return Number.isNaN(x) ? a.textContent.localeCompare(b.textContent) : x - y;
  };

  const sortBy = (table, head) => {
    const upwards = head.getAttribute("aria-sort") !== "ascending";
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", upwards ? "ascending" : "descending");
    const sign = upwards ? 1 : -1;
    const column = head.cellIndex;
    const body = table.tBodies[0];
    body.append(...[...body.rows].sort((a, b) => sign * order(a.cells[column], b.cells[column])));
  };

  const filterBy = (table, text) => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of table.tBodies[0].rows) {
      const has = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => has.includes(word));
    }
  };

  const sortable = (table) => {
    for (const head of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sortBy(table, head));
      head.append(button);
    }
  };

  const filterable = (table) => {
    const field = document.createElement("input");
    field.type = "search";
    field.placeholder = "filter";
    field.setAttribute("aria-label", `Filter: ${table.caption.textContent}`);
    field.addEventListener("input", () => filterBy(table, field.value));
    table.parentNode.before(field);
  };

  for (const table of document.querySelectorAll("table")) {
    const rows = table.tBodies[0].rows.length;
    if (rows > 1) sortable(table);
    if (rows >= FILTER_FROM) filterable(table);
  }
})();
