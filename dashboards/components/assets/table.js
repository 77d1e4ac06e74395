// A table whose rows may lead somewhere. Every text reaches the page through textContent only.
// data: {columns: [{label, number}], rows: [{id, href, cells: [{text, sub, tone, bar: {value, low, high, mark}}]}],
//        caption, dark, order}; bar: 0..1 of the column's width, low and high the interval, mark a target or reference.
export default function ({ data, parentElement, setTriggerValue }) {
  if (outdated(parentElement, data)) return;
  const place = parentElement.querySelector(".sheet");
  place.classList.toggle("dark", Boolean(data.dark));
  const table = make("table");
  table.append(make("caption", "", data.caption), heading(data.columns));
  const body = make("tbody");
  body.append(...data.rows.map((row) => line(row, data, setTriggerValue)));
  table.append(body);
  place.setAttribute("aria-label", data.caption);
  place.replaceChildren(table);
}

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined && text !== null) element.textContent = text;
  return element;
}

function heading(columns) {
  const head = make("thead");
  const row = make("tr");
  for (const column of columns) {
    const cell = make("th", column.number ? "number" : "", column.label);
    cell.scope = "col";
    row.append(cell);
  }
  head.append(row);
  return head;
}

function line(row, { columns }, setTriggerValue) {
  const found = make("tr", row.href ? "leads" : "");
  row.cells.forEach((cell, i) => {
    const place = make(i === 0 ? "th" : "td", columns[i].number ? "number" : "");
    if (i === 0) place.scope = "row";
    place.append(i === 0 && row.href ? link(row, cell, setTriggerValue) : text(cell));
    if (cell.sub) place.append(make("div", "sub", cell.sub));
    if (cell.bar) place.append(bar(cell.bar));
    found.append(place);
  });
  if (row.href) found.addEventListener("click", () => setTriggerValue("opened", { id: row.id }));
  return found;
}

function text(cell) {
  return make("span", `main ${cell.tone || ""}`, cell.text);
}

function link(row, cell, setTriggerValue) {
  const found = make("a", `main ${cell.tone || ""}`, cell.text);
  found.href = row.href;
  found.addEventListener("click", (event) => {
    event.stopPropagation();
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return; // a new tab, as links do
    event.preventDefault();
    setTriggerValue("opened", { id: row.id });
  });
  return found;
}

function bar({ value, low, high, mark }) {
  const place = make("div", "bar");
  place.setAttribute("aria-hidden", "true"); // the numbers stand beside it
  const percent = (share) => `${Math.max(0, Math.min(1, share)) * 100}%`;
  const dot = make("i", "dot");
  dot.style.left = percent(value);
  if (low !== null && low !== undefined) {
    const span = make("i", "span");
    span.style.left = percent(low);
    span.style.width = percent(high - low);
    place.append(span);
  }
  if (mark !== null && mark !== undefined) {
    const tick = make("i", "mark");
    tick.style.left = percent(mark);
    place.append(tick);
  }
  place.append(dot);
  return place;
}
