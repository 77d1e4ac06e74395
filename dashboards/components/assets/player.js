// Player, waveform and transcript of one call. Data reaches the page through textContent and canvas only.
// data: {call_id, audio_url, duration_s, lanes: [{role, step_s, peaks}], utterances, events, findings, texts, seek, dark}
const states = new WeakMap();
const SPEEDS = [0.75, 1, 1.25, 1.5, 1.75, 2];
const SHOWN_GAP_S = 3; // shorter silences are drawn, but get no line of their own in the transcript

export default function (component) {
  const { data, parentElement } = component;
  let state = states.get(parentElement);
  if (!state) {
    state = start(parentElement);
    states.set(parentElement, state);
  }
  update(state, data);
  return () => stop(state, parentElement);
}

function start(root) {
  const find = (selector) => root.querySelector(selector);
  const state = {
    root: find(".player"), audio: find("audio"), failure: find(".failure"), pins: find(".pins"), lanes: find(".lanes"),
    canvas: find("canvas"), head: find(".head"), legend: find(".legend"), controls: find(".controls"),
    list: find(".transcript"), hint: find(".hint"), follow: true, rows: [], playing: -1, nonce: null, data: null, frame: 0,
  };
  const { audio } = state;
  for (const event of ["timeupdate", "seeked", "play", "pause", "ended", "loadedmetadata", "ratechange"])
    audio.addEventListener(event, () => tick(state));
  audio.addEventListener("loadeddata", () => { state.failure.hidden = true; tick(state); });
  audio.addEventListener("error", () => failed(state));
  state.lanes.addEventListener("click", (event) => {
    const box = state.lanes.getBoundingClientRect();
    play(state, ((event.clientX - box.left) / box.width) * state.data.duration_s);
  });
  state.onKey = (event) => key(state, event);
  document.addEventListener("keydown", state.onKey);
  state.watcher = new ResizeObserver(() => draw(state));
  state.watcher.observe(state.lanes);
  return state;
}

function stop(state, root) {
  document.removeEventListener("keydown", state.onKey);
  state.watcher.disconnect();
  cancelAnimationFrame(state.frame);
  state.audio.pause();
  state.audio.removeAttribute("src");
  states.delete(root);
}

function update(state, data) {
  const before = state.data;
  state.data = data;
  const another = !before || before.call_id !== data.call_id;
  state.root.classList.toggle("dark", Boolean(data.dark));
  if (another) {
    state.failure.hidden = true;
    if (data.audio_url) state.audio.src = data.audio_url;
    else failed(state);
    state.playing = -1;
    state.nonce = null;
    state.list.scrollTop = 0;
  }
  if (another || JSON.stringify(before) !== JSON.stringify(data)) {
    const top = state.list.scrollTop;
    controls(state);
    legend(state);
    pins(state);
    transcript(state);
    draw(state);
    state.list.scrollTop = top;
  }
  if (data.seek && data.seek.nonce !== state.nonce) {
    state.nonce = data.seek.nonce;
    data.seek.play ? play(state, data.seek.at_s) : seek(state, data.seek.at_s);
  }
  state.playing = -1;
  tick(state);
}

// -- sound ---------------------------------------------------------------------------------------------------------

function failed(state) {
  const { audio, data } = state;
  if (data && data.audio_url && audio.getAttribute("src") !== data.audio_url) {
    const at = audio.currentTime; // the address had expired and the page has a fresh one
    audio.src = data.audio_url;
    audio.currentTime = at;
    return;
  }
  state.failure.textContent = data.texts.no_audio;
  state.failure.hidden = false;
}

function seek(state, at) {
  const target = Math.max(0, Math.min(at, state.data.duration_s));
  state.wanted = target;
  if (state.audio.readyState > 0) state.audio.currentTime = target;
  else state.audio.addEventListener("loadedmetadata", () => { state.audio.currentTime = state.wanted; }, { once: true });
  tick(state);
}

function play(state, at) {
  if (at !== undefined) seek(state, at);
  state.audio.play().catch((error) => { if (error.name === "NotSupportedError") failed(state); tick(state); });
}

function toggle(state) {
  state.audio.paused ? play(state) : state.audio.pause();
}

function current(state) {
  const now = state.audio.currentTime + 0.05;
  let found = -1;
  state.data.utterances.forEach((u, i) => { if (u.start_s <= now) found = i; });
  return found;
}

function step(state, by) {
  const all = state.data.utterances;
  if (!all.length) return;
  const next = Math.max(0, Math.min(all.length - 1, current(state) + by));
  play(state, all[next].start_s);
}

function nextFinding(state) {
  const timed = state.data.findings.filter((f) => f.start_s !== null && (f.status === "violated" || f.status === "review"));
  if (!timed.length) return;
  const next = timed.find((f) => f.start_s > state.audio.currentTime + 0.25) || timed[0];
  play(state, next.start_s);
}

function key(state, event) {
  const target = event.composedPath()[0];
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !state.root.isConnected) return;
  const name = target instanceof Element ? target.tagName : "";
  if (["INPUT", "TEXTAREA", "SELECT"].includes(name) || (target.isContentEditable ?? false)) return;
  if (event.key === " " && (name === "BUTTON" || target.getAttribute?.("role"))) return;
  const action = {
    " ": () => toggle(state), j: () => step(state, 1), k: () => step(state, -1), n: () => nextFinding(state),
    ArrowLeft: () => seek(state, state.audio.currentTime - 5), ArrowRight: () => seek(state, state.audio.currentTime + 5),
  }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!action || (event.key.startsWith("Arrow") && target.getAttribute?.("role"))) return;
  event.preventDefault();
  event.stopPropagation();
  action();
}

function tick(state) {
  const { audio, data } = state;
  if (!data) return;
  const now = audio.currentTime;
  state.head.style.left = `${data.duration_s ? Math.min(100, (now / data.duration_s) * 100) : 0}%`;
  if (state.clock) state.clock.textContent = `${clock(now, 1)} / ${clock(data.duration_s, 0)}`;
  if (state.button) state.button.textContent = audio.paused ? `▶ ${data.texts.play}` : `❚❚ ${data.texts.pause}`;
  mark(state, now);
  cancelAnimationFrame(state.frame);
  if (!audio.paused) state.frame = requestAnimationFrame(() => tick(state));
}

function mark(state, now) {
  let playing = -1;
  state.data.utterances.forEach((u, i) => { if (u.start_s <= now + 0.05 && now < u.end_s + 0.2) playing = i; });
  if (playing === state.playing) return;
  state.playing = playing;
  state.rows.forEach((row, i) => {
    row.classList.toggle("playing", i === playing);
    i === playing ? row.setAttribute("aria-current", "true") : row.removeAttribute("aria-current");
  });
  const row = state.rows[playing];
  if (row && state.follow) {
    const top = row.offsetTop - state.list.offsetTop;
    if (top < state.list.scrollTop || top + row.offsetHeight > state.list.scrollTop + state.list.clientHeight)
      state.list.scrollTop = top - state.list.clientHeight / 3;
  }
}

// -- what is shown -------------------------------------------------------------------------------------------------

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
  const { texts, findings } = state.data;
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
  const label = make("label");
  const follow = make("input");
  follow.type = "checkbox";
  follow.checked = state.follow;
  follow.addEventListener("change", () => { state.follow = follow.checked; });
  label.append(follow, make("span", "", texts.follow));
  const next = button(texts.next_finding, texts.next_finding_title, () => nextFinding(state), "next-finding");
  next.disabled = !findings.some((f) => f.start_s !== null && (f.status === "violated" || f.status === "review"));
  state.controls.replaceChildren(
    state.button, state.clock, button("‹", texts.previous_title, () => step(state, -1)),
    button("›", texts.next_title, () => step(state, 1)), next, make("span", "spacer"), label, speed,
  );
  state.hint.textContent = texts.keys;
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
    const pin = button("", f.title, () => play(state, f.start_s), `pin ${f.severity} ${f.status} ${f.verdict || ""}`);
    pin.style.left = `${at}%`;
    pin.style.bottom = `${5 + level * 17}px`;
    pin.dataset.key = f.key;
    return pin;
  });
  state.pins.replaceChildren(...made);
}

function transcript(state) {
  const { utterances, events, findings, texts } = state.data;
  const children = [];
  state.rows = [];
  if (!utterances.length) children.push(make("div", "nothing", texts.no_speech));
  utterances.forEach((u, i) => {
    const gap = events.find((e) => e.kind === "silence" && e.end_s - e.start_s >= SHOWN_GAP_S && e.utterance_index === u.index);
    if (gap) children.push(make("div", "quiet", texts.silence_line.replace("{seconds}", (gap.end_s - gap.start_s).toFixed(1))));
    const own = findings.filter((f) => f.utterance_index === u.index);
    const row = line(state, u, own);
    state.rows[i] = row;
    children.push(row);
  });
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
  if (u.mended) row.append(make("div", "mended", u.mended));
  if (own.length) {
    const chips = make("div", "chips");
    for (const f of own) {
      const chip = button(f.label, f.title, (event) => { event.stopPropagation(); play(state, f.start_s ?? u.start_s); },
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

// -- the drawing ---------------------------------------------------------------------------------------------------

function draw(state) {
  const { canvas, data } = state;
  if (!data || !canvas.clientWidth) return;
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  const style = getComputedStyle(state.root);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const x = (s) => (data.duration_s ? (s / data.duration_s) * width : 0);
  const bottom = height - 18;
  pen.fillStyle = colour("soft");
  pen.fillRect(0, 0, width, bottom);
  gaps(pen, data, x, bottom, colour);
  const each = (bottom - 10) / Math.max(1, data.lanes.length);
  data.lanes.forEach((lane, i) => wave(pen, data, lane, x, 2 + i * each, each - 4, colour));
  for (const u of data.utterances) {
    pen.fillStyle = colour(u.role);
    pen.fillRect(x(u.start_s), bottom - 6, Math.max(1, x(u.end_s) - x(u.start_s) - 0.5), 6);
  }
  crossings(pen, data, x, bottom, colour);
  axis(pen, data, x, width, bottom, colour, style.fontFamily);
}

function gaps(pen, data, x, bottom, colour) {
  for (const e of data.events.filter((event) => event.kind === "silence")) {
    const [from, size] = [x(e.start_s), x(e.end_s) - x(e.start_s)];
    if (size < 3) continue;
    pen.save();
    pen.beginPath();
    pen.rect(from, 0, size, bottom - 6);
    pen.clip();
    pen.strokeStyle = colour("gap");
    pen.globalAlpha = 0.35;
    pen.beginPath();
    for (let at = from - bottom; at < from + size; at += 7) { pen.moveTo(at, bottom); pen.lineTo(at + bottom, 0); }
    pen.stroke();
    pen.restore();
    if (size > 44) {
      pen.fillStyle = colour("ink");
      pen.font = "12px sans-serif";
      pen.textAlign = "center";
      pen.fillText(`${(e.end_s - e.start_s).toFixed(1)} s`, from + size / 2, 14);
    }
  }
}

function wave(pen, data, lane, x, top, size, colour) {
  const loudest = Math.max(1, ...lane.peaks);
  const middle = top + size / 2;
  const wide = Math.max(1, x(lane.step_s) - 0.3);
  let at = 0;
  lane.peaks.forEach((peak, i) => {
    const s = i * lane.step_s;
    while (at < data.utterances.length && data.utterances[at].end_s < s) at += 1;
    const u = data.utterances[at];
    const speaking = u && u.start_s <= s + lane.step_s ? u.role : null;
    pen.fillStyle = colour(lane.role || speaking || "gap");
    const high = Math.max(1, Math.pow(peak / loudest, 0.7) * size); // drawn only: quiet calls stay visible
    pen.fillRect(x(s), middle - high / 2, wide, high);
  });
}

function crossings(pen, data, x, bottom, colour) {
  for (const e of data.events) {
    const [from, size] = [x(e.start_s), Math.max(3, x(e.end_s) - x(e.start_s))];
    if (e.kind === "overlap") {
      pen.fillStyle = colour("both");
      pen.globalAlpha = 0.4;
      pen.fillRect(from, 0, size, bottom - 6);
      pen.globalAlpha = 1;
    }
    if (e.kind === "interruption") {
      pen.strokeStyle = colour("both");
      pen.lineWidth = 2;
      pen.strokeRect(from, 1, size, bottom - 8);
    }
  }
}

function axis(pen, data, x, width, bottom, colour, font) {
  const least = (data.duration_s * 64) / Math.max(1, width);
  const every = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600].find((s) => s >= least) || 7200;
  pen.fillStyle = colour("ink");
  pen.globalAlpha = 0.75;
  pen.font = `12px ${font}`;
  for (let s = 0; s <= data.duration_s; s += every) {
    pen.fillRect(x(s), bottom, 1, 4);
    pen.textAlign = s === 0 ? "left" : x(s) > width - 20 ? "right" : "center";
    pen.fillText(clock(s, 0), x(s), bottom + 15);
  }
  pen.globalAlpha = 1;
}
