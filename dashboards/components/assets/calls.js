// The call list. Names, ids and found words reach the page through textContent only; each row is a real link.
// data: {rows: [{id, href, score, tone, state, who, when, what, where, long, tags, clean, review, hits, more}], texts, dark, order}
export default function ({ data, parentElement, setTriggerValue }) {
  if (outdated(parentElement, data)) return;
  const list = parentElement.querySelector(".calls");
  list.classList.toggle("dark", Boolean(data.dark));
  const head = make("div", "headings");
  head.setAttribute("aria-hidden", "true");
  head.append(...data.texts.headings.map((text) => make("span", "", text)));
  list.replaceChildren(head, ...data.rows.map((row) => line(row, data, setTriggerValue)));
}

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined && text !== null) element.textContent = text;
  return element;
}

function line(row, { texts }, setTriggerValue) {
  const link = make("a", "call");
  link.href = row.href;
  link.dataset.call = row.id;
  link.setAttribute("role", "listitem");
  const score = make("div", `score ${row.tone}`, row.score ?? texts.unscored);
  if (row.score !== null) score.append(make("small", "", texts.points));
  const left = make("div");
  left.append(score);
  if (row.state) left.append(make("div", row.bad ? "state bad" : "state", row.state));
  link.append(left, pair("who", row.who, row.when), pair("what", row.what, row.where), make("div", "long", row.long));
  const tags = make("div", "tags");
  tags.append(...row.tags.map((text) => make("span", "tag", text)));
  if (row.review) tags.append(make("span", "tag warn", row.review));
  if (row.clean) tags.append(make("span", "tag clean", row.clean));
  link.append(tags);
  const open = (at) => setTriggerValue("opened", { id: row.id, at_s: at });
  for (const found of row.hits) link.append(hit(found, open));
  if (row.more) link.append(make("div", "hit more", row.more));
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return; // a new tab, as links do
    event.preventDefault();
    open(row.hits.length ? row.hits[0].at_s : null);
  });
  return link;
}

function pair(className, main, sub) {
  const place = make("div", className);
  for (const [name, text] of [["main", main], ["sub", sub]]) {
    const part = make("div", name, text);
    part.title = text;
    place.append(part);
  }
  return place;
}

function hit({ parts, label, at_s: at }, open) {
  const place = make("div", "hit");
  place.append(make("b", "", label));
  for (const [text, kind] of parts) place.append(kind ? make("mark", kind, text) : text);
  place.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    event.stopPropagation();
    open(at);
  });
  return place;
}
