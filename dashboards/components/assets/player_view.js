// The player's controls, pins, legend and transcript. Joined with player.js: one module.

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined && text !== null) element.textContent = text;
  return element;
}

function clock(seconds, digits) {
  const whole = Math.max(0, seconds || 0);
  const minutes = Math.floor(whole / 60);
  const rest = (Math.floor((whole % 60) * 10 ** digits) / 10 ** digits).toFixed(digits);
  return `${minutes}:${rest.padStart(digits ? 3 + digits : 2, "0")}`;
}

function button(label, title, action, className) {
  const element = make("button", className, label);
  element.type = "button";
  element.title = title;
  element.setAttribute("aria-label", title);
  element.addEventListener("click", action);
  return element;
}

function controls(state) {
  const { texts } = state.data;
  const rate = state.audio.playbackRate;
  state.button = button("", texts.play_title, () => toggle(state), "play");
  state.clock = make("span", "clock");
  const speed = make("select");
  speed.setAttribute("aria-label", texts.speed);
  speed.className = "speed";
  for (const value of SPEEDS) {
    const option = make("option", "", `${value}×`);
    option.value = String(value);
    option.selected = value === rate;
    speed.append(option);
  }
  speed.addEventListener("change", () => { state.audio.playbackRate = Number(speed.value); });
  state.speed = speed;
  const label = make("label");
  const follow = make("input");
  follow.type = "checkbox";
  follow.checked = state.follow;
  follow.addEventListener("change", () => { state.follow = follow.checked; });
  label.append(follow, make("span", "", texts.follow));
  const next = button(texts.next_finding, texts.next_finding_title, () => nextFinding(state, 1), "next-finding");
  next.disabled = !judged(state).length;
  state.looper = button("⟳", texts.loop_title, () => toggleLoop(state), "loop");
  setLoop(state, state.loop);
  state.controls.replaceChildren(
    state.button, state.clock, button("‹", texts.previous_title, () => step(state, -1)),
    button("›", texts.next_title, () => step(state, 1)), state.looper, next, ...writing(state), make("span", "spacer"),
    label, speed, button("?", texts.help_title, () => toggleHelp(state)),
  );
  state.hint.textContent = texts.keys;
}

function writing(state) {
  const { texts, can } = state.data;
  const made = [];
  if (can.review) made.push(button(texts.note, `${texts.note} (M)`, () => openNote(state)));
  if (can.train) made.push(button(texts.bookmark, `${texts.bookmark} (B)`, () => openBookmark(state)));
  return made;
}

function legend(state) {
  const { texts, lanes, events } = state.data;
  const items = [["var(--agent)", texts.agent], ["var(--patient)", texts.patient]];
  if (state.data.utterances.some((u) => u.role === "unknown")) items.push(["var(--unknown)", texts.unknown]);
  const keys = items.map(([colour, text]) => {
    const entry = make("span", "key");
    const swatch = make("span", "swatch");
    swatch.style.background = colour;
    entry.append(swatch, make("span", "", text));
    return entry;
  });
  const kinds = [["silence", "gap", texts.silence], ["overlap", "", texts.overlap], ["interruption", "", texts.interruption]];
  for (const [kind, className, text] of kinds) {
    if (!events.some((e) => e.kind === kind)) continue;
    const entry = make("span", "key");
    const swatch = make("span", `swatch ${className}`);
    if (kind === "overlap") swatch.style.background = "var(--both)";
    if (kind === "interruption") swatch.style.cssText = "background:none;border:2px solid var(--both)";
    entry.append(swatch, make("span", "", text));
    keys.push(entry);
  }
  state.legend.replaceChildren(...keys);
  state.lanes.setAttribute("aria-label", `${texts.waveform} (${lanes.length})`);
}

function pins(state) {
  const { findings, duration_s: length } = state.data;
  const ends = []; // the last pin's place on each of three levels, in percent
  const made = findings.filter((f) => f.start_s !== null).map((f) => {
    const at = length ? Math.min(100, (f.start_s / length) * 100) : 0;
    let level = ends.findIndex((end) => end === undefined || at - end > 2);
    if (level < 0) level = ends.length < 2 ? ends.length : 0;
    ends[level] = at;
    const pin = button("", f.title, () => choose(state, f, true), `pin ${f.severity} ${f.status} ${f.verdict || ""}`);
    pin.style.left = `${at}%`;
    pin.style.bottom = `${5 + level * 17}px`;
    pin.dataset.key = f.key;
    return pin;
  });
  const pinned = state.data.notes.map((note) => {
    const pin = button("", `${clock(note.at_s, 0)} ${note.who}：${note.text}`, () => play(state, note.at_s), "pin note");
    pin.style.left = `${length ? Math.min(100, (note.at_s / length) * 100) : 0}%`;
    return pin;
  });
  state.pins.replaceChildren(...made, ...pinned);
}

function transcript(state) {
  const { utterances, events, findings, notes, texts } = state.data;
  const children = [];
  state.rows = [];
  if (!utterances.length) children.push(make("div", "nothing", texts.no_speech));
  utterances.forEach((u, i) => {
    const gap = events.find((e) => e.kind === "silence" && e.end_s - e.start_s >= SHOWN_GAP_S && e.utterance_index === u.index);
    if (gap) children.push(make("div", "quiet", texts.silence_line.replace("{seconds}", (gap.end_s - gap.start_s).toFixed(1))));
    const own = findings.filter((f) => f.utterance_index === u.index);
    const row = line(state, u, own);
    state.rows[i] = row;
    const until = i + 1 < utterances.length ? utterances[i + 1].start_s : Infinity;
    const from = i ? u.start_s : -1;
    children.push(row, ...notes.filter((n) => n.at_s >= from && n.at_s < until).map((n) => noted(state, n)));
  });
  if (!utterances.length) children.push(...notes.map((n) => noted(state, n)));
  state.list.replaceChildren(...children);
}

function line(state, u, own) {
  const { texts } = state.data;
  const row = make("div", `row ${u.role}${u.unsure ? " unsure" : ""}`);
  row.dataset.index = u.index;
  const at = button(clock(u.start_s, 0), texts.play_from.replace("{time}", clock(u.start_s, 0)), () => {}, "at");
  const said = make("div", "said");
  if (u.unsure) said.title = texts.unsure;
  said.dir = "auto";
  words(said, u.text, own);
  row.append(at, make("div", "who", texts[u.role]), said);
  if (state.data.can.review)
    row.append(button("✎", `${texts.correct} ${clock(u.start_s, 0)} (E)`, (event) => {
      event.stopPropagation();
      openCorrection(state, state.data.utterances.indexOf(u));
    }, "correct"));
  if (u.mended) row.append(make("div", "mended", u.mended));
  if (own.length) {
    const chips = make("div", "chips");
    for (const f of own) {
      const chip = button(f.label, f.title, (event) => {
        event.stopPropagation();
        judged(state).some((g) => g.key === f.key) ? choose(state, f, true) : play(state, f.start_s ?? u.start_s);
      },
        `chip ${f.severity} ${f.status} ${f.verdict || ""}`);
      chip.dataset.key = f.key;
      chips.append(chip);
    }
    row.append(chips);
  }
  row.addEventListener("click", () => {
    if (String(getSelection()) === "") play(state, u.start_s);
  });
  return row;
}

function noted(state, note) {
  const { texts } = state.data;
  const row = make("div", "noted");
  const said = make("span", "text", note.text);
  said.dir = "auto";
  row.append(
    button(clock(note.at_s, 0), texts.play_from.replace("{time}", clock(note.at_s, 0)), () => play(state, note.at_s), "at"),
    make("span", "by", `${texts.note} · ${note.who}`), said,
  );
  if (note.mine) row.append(button("×", texts.unnote, () => state.send("unnote", { number: note.number }), "off"));
  return row;
}

function words(place, text, own) {
  const hits = own.filter((f) => f.matched_text && f.status !== "satisfied" && text.includes(f.matched_text))
    .map((f) => ({ from: text.indexOf(f.matched_text), to: text.indexOf(f.matched_text) + f.matched_text.length, f }))
    .sort((a, b) => a.from - b.from);
  let done = 0;
  for (const { from, to, f } of hits) {
    if (from < done) continue;
    place.append(text.slice(done, from), make("mark", `${f.severity} ${f.verdict === "rejected" ? "off" : ""}`, text.slice(from, to)));
    done = to;
  }
  place.append(text.slice(done));
}

