// The call list. Names, ids and found words reach the page through textContent only; each row is a real link.
// data: {rows: [{id, href, score, tone, state, who, when, what, where, long, tags, clean, review, hit}], texts, dark}
export default function ({ data, parentElement, setTriggerValue }) {
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
  if (row.state) left.append(make("div", "state bad", row.state));
  link.append(left, pair("who", row.who, row.when), pair("what", row.what, row.where), make("div", "long", row.long));
  const tags = make("div", "tags");
  tags.append(...row.tags.map((text) => make("span", "tag", text)));
  if (row.review) tags.append(make("span", "tag warn", row.review));
  if (row.clean) tags.append(make("span", "tag clean", row.clean));
  link.append(tags);
  if (row.hit) link.append(hit(row.hit));
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return; // a new tab, as links do
    event.preventDefault();
    setTriggerValue("opened", { id: row.id, at_s: row.hit ? row.hit.at_s : null });
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

function hit({ before, found, after, label }) {
  const place = make("div", "hit");
  place.append(make("b", "", label), before, make("mark", "", found), after);
  return place;
}
