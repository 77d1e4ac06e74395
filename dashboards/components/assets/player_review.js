// Findings one after the other, notes, bookmarks, corrections and the overview of keys. Joined with player.js.

function judged(state) {
  const open = state.data.findings.filter((f) => f.status === "violated" || f.status === "review");
  return [...open.filter((f) => f.start_s !== null), ...open.filter((f) => f.start_s === null)];
}

// The finding that Y and X are about: the one chosen, else the one that lies where the sound is.
function nextFinding(state, by) {
  const all = judged(state);
  if (!all.length) return;
  const at = all.findIndex((f) => f.key === state.chosen);
  const now = state.audio.currentTime;
  const after = all.findIndex((f) => f.start_s !== null && f.start_s > now + 0.25);
  let next = at + by;
  if (at < 0) next = by > 0 ? Math.max(0, after) : all.length - 1;
  choose(state, all[(next + all.length) % all.length], true);
}

function choose(state, finding, sound) {
  state.chosen = finding.key;
  showChosen(state);
  if (sound && finding.start_s !== null) play(state, finding.start_s);
}

function judge(state, kind) {
  const { data } = state;
  if (!data.can.review) return;
  const all = judged(state);
  const now = state.audio.currentTime;
  const near = all.filter((f) => f.start_s !== null && f.start_s <= now + 0.05 && now <= (f.end_s ?? f.start_s) + 3).pop();
  const finding = all.find((f) => f.key === state.chosen) || near;
  if (!finding) { nextFinding(state, 1); return; }
  state.send("verdict", { key: finding.key, kind });
  const open = all.filter((f) => !f.verdict && f.key !== finding.key);
  const place = all.indexOf(finding);
  const next = open.find((f) => all.indexOf(f) > place) || open[0];
  if (next) choose(state, next, true);
  else choose(state, finding, false);
}

function showChosen(state) {
  const { data, bar } = state;
  const all = judged(state);
  const place = all.findIndex((f) => f.key === state.chosen);
  bar.hidden = place < 0;
  for (const mark of state.root.querySelectorAll(".pin, .chip")) mark.classList.toggle("chosen", mark.dataset.key === state.chosen);
  if (place < 0) return;
  const finding = all[place];
  const { texts } = data;
  const about = make("div", "about");
  about.append(
    make("span", `dot ${finding.severity}`), make("b", "", `${place + 1} / ${all.length}　${finding.label}`),
    make("span", "evidence", finding.evidence),
  );
  bar.replaceChildren(about);
  if (!data.can.review) return;
  const verdicts = make("div", "verdicts");
  for (const [kind, name, letter] of [["confirm", "confirmed", "Y"], ["reject", "rejected", "X"]]) {
    const chosen = finding.verdict === name;
    const choice = button(`${texts[chosen ? name : kind]} ${letter}`, `${texts[kind]} (${letter})`, () => judge(state, kind), chosen ? "chosen" : "");
    choice.setAttribute("aria-pressed", String(chosen));
    verdicts.append(choice);
  }
  bar.append(verdicts);
}

// -- what is written -----------------------------------------------------------------------------------------------

function closeEditor(state) {
  state.edited = null;
  state.editor.hidden = true;
  state.editor.replaceChildren();
}

function closeAll(state) {
  closeEditor(state);
  state.help.close();
}

function openEditor(state, title, fields, action) {
  const { editor, data } = state;
  const done = make("button", "play", data.texts.save);
  done.type = "submit";
  const buttons = make("div", "buttons");
  buttons.append(done, button(data.texts.cancel, `${data.texts.cancel} (Esc)`, () => closeEditor(state)));
  editor.replaceChildren(make("b", "title", title), ...fields.map((f) => f.place), buttons);
  editor.hidden = false;
  editor.onsubmit = (event) => {
    event.preventDefault();
    if (action(Object.fromEntries(fields.map((f) => [f.name, f.value()]))) !== false) closeEditor(state);
  };
  editor.onkeydown = (event) => { if (event.key === "Enter" && event.ctrlKey) { event.preventDefault(); editor.requestSubmit(); } };
  fields[0].focus();
}

function field(name, label, element, value) {
  const place = make("label", "field");
  place.append(make("span", "", label), element);
  element.value = value;
  return { name, place, value: () => element.value, focus: () => { element.focus(); element.select?.(); } };
}

function textField(name, label, value, limit, long) {
  const element = make(long ? "textarea" : "input");
  if (long) element.rows = 2;
  element.maxLength = limit;
  element.dir = "auto";
  return field(name, label, element, value);
}

function choiceField(name, label, value, choices) {
  const element = make("select");
  for (const [code, text] of choices) {
    const option = make("option", "", text);
    option.value = code;
    element.append(option);
  }
  return field(name, label, element, value);
}

function secondsField(name, label, value) {
  const element = make("input");
  Object.assign(element, { type: "number", step: "0.1", min: "0" });
  return { ...field(name, label, element, value.toFixed(1)), value: () => Number(element.value) };
}

function openNote(state) {
  const { data, audio } = state;
  if (!data.can.review) return;
  const at = audio.currentTime;
  const said = textField("text", data.texts.note_label, "", 1000, true);
  openEditor(state, `${data.texts.note} ${clock(at, 1)}`, [said], ({ text }) => {
    if (!text.trim()) return false;
    state.send("note", { at_s: at, text });
  });
}

function openBookmark(state) {
  const { data, audio } = state;
  if (!data.can.train) return;
  const finding = data.findings.find((f) => f.key === state.chosen && f.start_s !== null);
  const u = data.utterances[current(state)];
  const from = finding ? finding.start_s : u ? u.start_s : audio.currentTime;
  const to = finding ? finding.end_s : u ? u.end_s : audio.currentTime + 10;
  const lists = [...data.playlists.map((p) => [p.id, p.title]), ["", data.texts.new_playlist]];
  const fields = [
    choiceField("playlist_id", data.texts.playlist, lists[0][0], lists),
    textField("title", data.texts.playlist_title, "", 60, false),
    secondsField("start_s", data.texts.from_s, Math.max(0, from - 0.5)),
    secondsField("end_s", data.texts.to_s, Math.min(data.duration_s, Math.max(to, from + 1) + 0.5)),
    choiceField("good", data.texts.kind, finding ? "" : "1", [["1", data.texts.good], ["", data.texts.bad]]),
    textField("note", data.texts.moment_note, "", 1000, true),
  ];
  const named = () => { fields[1].place.hidden = fields[0].value() !== ""; };
  fields[0].place.addEventListener("change", named);
  openEditor(state, data.texts.bookmark, fields, (given) => {
    if (!(given.end_s > given.start_s) || (given.playlist_id === "" && !given.title.trim())) return false;
    state.send("bookmark", { ...given, good: given.good === "1" });
  });
  named();
}

function openCorrection(state, place) {
  const { data } = state;
  const u = data.utterances[place];
  if (!u || !data.can.review) return;
  state.audio.pause();
  const fields = [
    textField("text", data.texts.correct_words, u.text, 10000, true),
    choiceField("role", data.texts.correct_role, u.role, ["agent", "patient", "unknown"].map((r) => [r, data.texts[r]])),
  ];
  openEditor(state, `${data.texts.correct} ${clock(u.start_s, 0)}`, fields, ({ text, role }) => {
    if (!text.trim()) return false;
    state.send("correct", { index: u.index, text: text.trim() === u.text ? null : text, role: role === u.role ? null : role });
  });
}

// -- keys, explained -----------------------------------------------------------------------------------------------

function toggleHelp(state) {
  const { help, data } = state;
  if (help.open) { help.close(); return; }
  const list = make("dl");
  for (const [keys, meaning] of data.texts.key_list) {
    const names = make("dt");
    names.append(...keys.split(" ").map((name) => make("kbd", "", name)));
    list.append(names, make("dd", "", meaning));
  }
  const close = button(data.texts.close, `${data.texts.close} (Esc)`, () => help.close());
  help.setAttribute("aria-label", data.texts.key_title);
  help.replaceChildren(make("b", "title", data.texts.key_title), list, close);
  help.showModal();
}
