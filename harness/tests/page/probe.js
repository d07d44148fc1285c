// What a browser makes of a page: see `Seen` beside.
const LISTENER = `<script>
  window.seenErrors = [];
  addEventListener("error", (event) => seenErrors.push(event.message || "not loaded"), true);
  addEventListener("unhandledrejection", (event) => seenErrors.push(String(event.reason)));
  addEventListener("securitypolicyviolation", (event) => seenErrors.push(event.violatedDirective));
  for (const level of ["error", "warn"]) console[level] = (...said) => seenErrors.push(said.join(" "));
<\/script>`;

const channels = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);

// WCAG 2.2: relative luminance.
const luminance = (colour) => {
  const [r, g, b] = channels(colour).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

const contrast = (a, b) => {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
};

const opaque = (colour) => {
  const [, , , alpha] = channels(colour);
  return alpha === undefined || alpha > 0;
};

const groundOf = (view, element) => {
  for (let at = element; at; at = at.parentElement) {
    const ground = view.getComputedStyle(at).backgroundColor;
    if (opaque(ground)) return ground;
  }
  return "rgb(255, 255, 255)";
};

const faintest = (view) => {
  let least = { contrast: 21, text: "" };
  for (const element of view.document.querySelectorAll("h1, h2, h3, p, li, a, th, th button, td, caption, figcaption, span, input")) {
    const text = element.textContent.trim() || element.placeholder || "";
    if (!text || element.closest("svg")) continue;
    const found = contrast(view.getComputedStyle(element).color, groundOf(view, element));
    if (found < least.contrast) least = { contrast: found, text: `${element.tagName}: ${text.slice(0, 60)}` };
  }
  return least;
};

const rowsOf = (table) => [...table.tBodies[0].rows];

// Whether a click on some head of the table puts its rows into another order, and one more turns it round.
const sorts = (table) =>
  [...table.tHead.rows[0].cells].some((head) => {
    const button = head.querySelector("button");
    if (!button) return false;
    button.click();
    const up = rowsOf(table).map((row) => row.cells[head.cellIndex].textContent);
    const upwards = head.getAttribute("aria-sort") === "ascending";
    button.click();
    const down = rowsOf(table).map((row) => row.cells[head.cellIndex].textContent);
    const downwards = head.getAttribute("aria-sort") === "descending";
    const numbers = up.map(Number.parseFloat);
    const ordered = numbers.every((value, at) => at === 0 || Number.isNaN(value) || value >= numbers[at - 1]);
    return upwards && downwards && ordered && up.join("|") === down.reverse().join("|");
  });

const filters = (view, table, field) => {
  const word = rowsOf(table)[0].cells[0].textContent.trim().toLowerCase();
  const type = (text) => {
    field.value = text;
    field.dispatchEvent(new view.Event("input"));
  };
  type(word);
  const words = word.split(/\s+/);
  const right = rowsOf(table).every(
    (row) => row.hidden === !words.every((each) => row.textContent.toLowerCase().includes(each)),
  );
  type("no such words anywhere");
  const none = rowsOf(table).every((row) => row.hidden);
  type("");
  return right && none && rowsOf(table).every((row) => !row.hidden);
};

// What a model's page says at first, and after each of its sliders was moved in turn.
const answers = (view) => {
  const place = view.document.querySelector("[data-model]");
  if (!place) return [];
  const read = () => ({
    day: Object.fromEntries(
      [...place.querySelectorAll("label")].map((label) => [
        label.querySelector("input").name,
        Number(label.querySelector("output").textContent),
      ]),
    ),
    rows: rowsOf(place.querySelector("table")).map((row) => [...row.cells].map((cell) => cell.textContent)),
  });
  const said = [read()];
  for (const field of place.querySelectorAll("input[type=range]")) {
    field.value = 120;
    field.dispatchEvent(new view.Event("input"));
    said.push(read());
  }
  return said;
};

const look = (view) => {
  const page = view.document;
  // Before the rows are put into another order.
  const said = answers(view);
  const tables = [...page.querySelectorAll("table")];
  const several = tables.filter((table) => rowsOf(table).length > 1);
  const fields = [...page.querySelectorAll("input[type=search]")];
  const charts = [...page.querySelectorAll("figure svg")];
  const least = faintest(view);
  const links = [...page.querySelectorAll("a")];
  return {
    resources: view.performance.getEntriesByType("resource").length,
    sideways: page.documentElement.scrollWidth > page.documentElement.clientWidth,
    charts: charts.length,
    empty_charts: charts.filter((chart) => chart.getBoundingClientRect().width === 0).length,
    sortable: several.length,
    sorted: several.filter(sorts).length,
    filterable: fields.length,
    filtered: fields.filter((field) => filters(view, field.nextElementSibling.querySelector("table"), field)).length,
    dangling: links.filter((link) => !page.getElementById(link.getAttribute("href").slice(1))).length,
    contrast: least.contrast,
    faintest: least.text,
    ground: view.getComputedStyle(page.body).backgroundColor,
    answers: said,
    errors: view.seenErrors,
  };
};

const frame = document.createElement("iframe");
frame.style.cssText = `width: ${WIDTH}px; height: 900px; border: 0`;
frame.addEventListener("load", () => {
  const seen = document.createElement("pre");
  seen.id = "seen";
  seen.textContent = JSON.stringify(look(frame.contentWindow));
  frame.remove();
  document.body.append(seen);
});
frame.srcdoc = PAGE.replace("<head>", `<head>${LISTENER}`);
document.body.append(frame);
