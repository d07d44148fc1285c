// A model is asked by sliders. The formulas are those of the crate's module `model::predict`.
(() => {
  "use strict";
  // [name, label, least, most, at first]; from a least above 0 on the scale is logarithmic.
  const INPUTS = [
    ["steps", "steps of the run", 1, 1000, 12],
    ["step_s", "seconds a step", 0.01, 3600, 60],
    ["failed", "attempts that fail, %", 0, 50, 1],
    ["kills", "kills a day", 0, 50, 1],
    ["corrections", "partitions corrected a day", 0, 50, 1],
    ["waiting", "runs that wait for a word", 0, 100, 0],
  ];
  const STOPS = 200;
  const HEAD = ["option", "time of the day, s", "of it in vain, s", "processor of the engine, s"];

  const rounded = (number) => (Math.abs(number) < 1e-12 ? "0" : String(Number(number.toPrecision(3))));

  const at = ([name, , least, most], stop) => {
    if (least === 0) return Math.round((stop / STOPS) * most);
    const value = least * (most / least) ** (stop / STOPS);
    return name === "steps" ? Math.round(value) : Number(value.toPrecision(2));
  };

  const stopOf = ([, , least, most], value) =>
    Math.round(STOPS * (least === 0 ? value / most : Math.log(value / least) / Math.log(most / least)));

  const add = (parent, name, properties = {}) => {
    const child = Object.assign(document.createElement(name), properties);
    parent.append(child);
    return child;
  };

  // Summands: a number, then the names of the terms that it is multiplied by.
  const summands = (day) => {
    const share = day.failed / 100;
    const failed = (day.steps * share) / (1 - share);
    const halfDone = (day.kills * day.step_s) / 2;
    return [
      [
        [(day.steps + failed) * day.step_s + halfDone],
        [1, "run_s"],
        [day.steps - 1, "step_s"],
        [failed, "retry_s"],
        [day.kills, "recovery_s"],
        [day.corrections * day.step_s, "remade"],
        [day.corrections, "remade", "step_s"],
        [day.waiting, "wake_s"],
      ],
      [[failed * day.step_s + halfDone], [day.corrections * day.step_s, "needless"]],
      [
        [day.steps + failed, "cpu_s"],
        [day.corrections, "remade", "cpu_s"],
      ],
    ];
  };

  // What is said, and the places of the terms that it rests on.
  const predicted = (terms, sum) => {
    const band = [0, 0, 0];
    const places = new Set();
    for (const [number, ...names] of sum) {
      if (number === 0) continue;
      const product = [number, number, number];
      for (const name of names) {
        const term = terms[name];
        if (!term) return ["not measured", ""];
        places.add(`measurements.json#${term.measurement}`);
        const [low, high] = term.interval ?? [term.value, term.value];
        [term.value, low, high].forEach((each, index) => (product[index] *= each));
      }
      product.forEach((each, index) => (band[index] += each));
    }
    const [value, low, high] = band.map(rounded);
    return [`${value} [${low}, ${high}]`, [...places].join("\n")];
  };

  const asked = (place) => {
    const model = JSON.parse(place.dataset.model);
    const table = document.createElement("table");
    const fields = INPUTS.map((input) => {
      const [name, label, , , first] = input;
      const line = add(place, "label");
      add(line, "span", { textContent: label });
      const field = add(line, "input", { type: "range", min: 0, max: STOPS, value: stopOf(input, first), name });
      return { input, field, shown: add(line, "output") };
    });
    const frame = add(place, "div", { className: "table", tabIndex: 0 });
    frame.append(table);
    add(table, "caption", { textContent: "Predicted, with the ends that come of all intervals at once" });
    const head = add(add(table, "thead"), "tr");
    for (const text of HEAD) add(head, "th", { textContent: text, scope: "col" });
    const body = add(table, "tbody");
    const rows = model.options.map((option) => {
      const row = add(body, "tr");
      add(row, "td", { textContent: [option.label, option.execution].filter(Boolean).join(", ") });
      return { option, cells: HEAD.slice(1).map(() => add(row, "td")) };
    });
    const update = () => {
      const day = {};
      for (const { input, field, shown } of fields) {
        day[field.name] = at(input, Number(field.value));
        shown.textContent = String(day[field.name]);
      }
      const sums = summands(day);
      for (const { option, cells } of rows) {
        cells.forEach((cell, index) => ([cell.textContent, cell.title] = predicted(option.terms, sums[index])));
      }
    };
    for (const { field } of fields) field.addEventListener("input", update);
    update();
  };

  for (const place of document.querySelectorAll("[data-model]")) asked(place);
})();
