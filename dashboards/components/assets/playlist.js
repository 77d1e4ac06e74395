// A playlist: moments played in a row. Words, notes and names reach the page through textContent only.
// data: {id, moments: [{number, url, seconds, good, note, lines: [[role, text]], title, call}], can_change, texts, dark, order}
// triggers: move {moment, place}, remove {moment}, note {moment, note}, opened {call, at_s}
const states = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  if (outdated(parentElement, data)) return;
  let state = states.get(parentElement);
  if (!state) {
    state = start(parentElement);
    states.set(parentElement, state);
  }
  state.send = setTriggerValue;
  update(state, data);
  return () => {
    if (parentElement.isConnected) return; // called at once for data that was overtaken while the script was loading
    document.removeEventListener("keydown", state.onKey);
    state.audio.pause();
    state.audio.removeAttribute("src");
    states.delete(parentElement);
  };
}

function start(root) {
  const find = (selector) => root.querySelector(selector);
  const state = { root: find(".playlist"), audio: find("audio"), failure: find(".failure"), bar: find(".controls"), list: find(".moments"), playing: null, data: null };
  state.audio.addEventListener("ended", () => step(state, 1));
  for (const event of ["play", "pause", "timeupdate"]) state.audio.addEventListener(event, () => tick(state));
  state.audio.addEventListener("error", () => {
    if (!state.audio.getAttribute("src")) return;
    state.failure.textContent = state.data.texts.no_audio;
    state.failure.hidden = false;
  });
  state.onKey = (event) => {
    const target = event.composedPath()[0];
    const name = target instanceof Element ? target.tagName : "";
    if (["INPUT", "TEXTAREA", "SELECT", "BUTTON"].includes(name) || event.ctrlKey || event.altKey || event.metaKey) return;
    const action = { " ": () => toggle(state), n: () => step(state, 1), p: () => step(state, -1) }[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  };
  document.addEventListener("keydown", state.onKey);
  return state;
}

function update(state, data) {
  const another = !state.data || state.data.id !== data.id;
  const same = JSON.stringify(state.data) === JSON.stringify(data);
  state.data = data;
  state.root.classList.toggle("dark", Boolean(data.dark));
  if (another) {
    state.audio.pause();
    state.audio.removeAttribute("src");
    state.playing = null;
    state.failure.hidden = true;
  }
  if (!same) draw(state);
  tick(state);
}

function index(state) {
  return state.data.moments.findIndex((m) => m.number === state.playing);
}

function play(state, moment) {
  if (!moment || !moment.url) return;
  if (state.playing !== moment.number) {
    state.playing = moment.number;
    state.failure.hidden = true;
    state.audio.src = moment.url;
  }
  state.audio.play().catch(() => tick(state));
  tick(state);
}

function toggle(state) {
  const { moments } = state.data;
  if (!state.audio.paused) { state.audio.pause(); return; }
  play(state, moments[Math.max(0, index(state))]);
}

function step(state, by) {
  const playable = state.data.moments.filter((m) => m.url);
  const at = playable.findIndex((m) => m.number === state.playing);
  const next = playable[at + by];
  if (next) play(state, next);
  else tick(state);
}

function tick(state) {
  const { data, audio } = state;
  if (!data || !state.button) return;
  state.button.textContent = audio.paused ? `▶ ${data.texts.play_all}` : `❚❚ ${data.texts.pause}`;
  const at = index(state);
  const moment = data.moments[at];
  state.where.textContent = moment ? `${at + 1} / ${data.moments.length}　${clock(audio.currentTime)} / ${clock(moment.seconds)}` : `${data.moments.length} ${data.texts.count}　${clock(data.moments.reduce((sum, m) => sum + m.seconds, 0))}`;
  for (const row of state.list.children) {
    const playing = Number(row.dataset.number) === state.playing;
    row.classList.toggle("playing", playing);
    playing ? row.setAttribute("aria-current", "true") : row.removeAttribute("aria-current");
  }
}

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined && text !== null) element.textContent = text;
  return element;
}

function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds || 0));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function button(label, title, action, className) {
  const element = make("button", className, label);
  element.type = "button";
  element.title = title;
  element.setAttribute("aria-label", title);
  element.addEventListener("click", action);
  return element;
}

function draw(state) {
  const { data } = state;
  state.button = button("", `${data.texts.play_all} (Space)`, () => toggle(state), "play");
  state.where = make("span", "clock");
  state.bar.replaceChildren(
    state.button, button("‹", `${data.texts.previous} (P)`, () => step(state, -1)), button("›", `${data.texts.next} (N)`, () => step(state, 1)), state.where,
  );
  state.list.replaceChildren(...data.moments.map((m, place) => row(state, m, place)));
}

function row(state, moment, place) {
  const { data } = state;
  const { texts } = data;
  const line = make("li", moment.good ? "moment good" : "moment bad");
  line.dataset.number = moment.number;
  const head = make("div", "top");
  const start = button(`▶ ${clock(moment.seconds)}`, `${texts.play} ${place + 1}`, () => play(state, moment), "at");
  start.disabled = !moment.url;
  head.append(start, make("span", "kind", moment.good ? `✓ ${texts.good}` : `✗ ${texts.bad}`));
  if (moment.title) head.append(make("span", "title", moment.title));
  if (!moment.url) head.append(make("span", "gone", texts.gone));
  const tools = make("span", "tools");
  if (moment.call) tools.append(button(texts.open, `${texts.open} ${place + 1}`, () => state.send("opened", { call: moment.call, at_s: moment.at_s })));
  if (data.can_change) {
    const up = button("↑", `${texts.up} ${place + 1}`, () => state.send("move", { moment: moment.number, place: place - 1 }));
    const down = button("↓", `${texts.down} ${place + 1}`, () => state.send("move", { moment: moment.number, place: place + 1 }));
    up.disabled = place === 0;
    down.disabled = place === data.moments.length - 1;
    tools.append(up, down, button("✎", `${texts.edit_note} ${place + 1}`, () => edit(state, line, moment)),
      button("×", `${texts.remove} ${place + 1}`, () => state.send("remove", { moment: moment.number })));
  }
  head.append(tools);
  line.append(head);
  if (moment.note) { const note = make("div", "note", moment.note); note.dir = "auto"; line.append(note); }
  const said = make("div", "lines");
  for (const [role, text] of moment.lines) {
    const one = make("div", role);
    one.dir = "auto";
    one.append(make("b", "", `${texts[role]}　`), text);
    said.append(one);
  }
  line.append(said);
  return line;
}

function edit(state, line, moment) {
  const { texts } = state.data;
  const form = make("form", "edit");
  const field = make("textarea");
  field.value = moment.note;
  field.maxLength = 1000;
  field.setAttribute("aria-label", texts.edit_note);
  const done = make("button", "play", texts.save);
  done.type = "submit";
  form.append(field, done, button(texts.cancel, texts.cancel, () => form.remove()));
  form.onsubmit = (event) => { event.preventDefault(); state.send("note", { moment: moment.number, note: field.value }); form.remove(); };
  line.querySelector("form")?.remove();
  line.append(form);
  field.focus();
}
