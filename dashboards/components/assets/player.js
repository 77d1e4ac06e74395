// Player, waveform and transcript of one call. Data reaches the page through textContent and canvas only.
// data: {call_id, audio_url, duration_s, lanes: [{role, step_s, peaks}], utterances, events, findings, notes, playlists,
//        can: {review, train}, texts, seek, dark, order}
// triggers: verdict {key, kind}, note {at_s, text}, unnote {number}, bookmark {playlist_id, title, start_s, end_s, good, note},
//        correct {index, text, role}, roles {kind}
// Joined with player_view.js, player_review.js and player_draw.js: one module.
const states = new WeakMap();
const SPEEDS = [0.75, 1, 1.25, 1.5, 1.75, 2];
const SHOWN_GAP_S = 3; // shorter silences are drawn, but get no line of their own in the transcript

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  if (outdated(parentElement, data)) return;
  let state = states.get(parentElement);
  if (!state) {
    state = start(parentElement);
    states.set(parentElement, state);
  }
  state.send = setTriggerValue;
  update(state, data);
  return () => leave(state, parentElement);
}

function start(root) {
  const find = (selector) => root.querySelector(selector);
  const state = {
    root: find(".player"), audio: find("audio"), failure: find(".failure"), pins: find(".pins"), lanes: find(".lanes"),
    canvas: find("canvas"), head: find(".head"), legend: find(".legend"), controls: find(".controls"),
    bar: find(".current"), editor: find(".editor"), help: find(".help"),
    list: find(".transcript"), hint: find(".hint"), follow: true, rows: [], playing: -1, nonce: null, data: null, frame: 0,
    loop: null, chosen: null, edited: null,
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
  state.onInput = (event) => keepTyped(state, event);
  document.addEventListener("keydown", state.onKey);
  document.addEventListener("input", state.onInput);
  window.addEventListener("keydown", handOverAtOnce, true); // before the page's own keys
  state.watcher = new ResizeObserver(() => draw(state));
  state.watcher.observe(state.lanes);
  return state;
}

// Also called at once for data that was overtaken while the script was loading; then the player stays.
function leave(state, root) {
  if (root.isConnected) return;
  document.removeEventListener("keydown", state.onKey);
  document.removeEventListener("input", state.onInput);
  window.removeEventListener("keydown", handOverAtOnce, true);
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
    Object.assign(state, { playing: -1, nonce: null, loop: null, chosen: null });
    closeEditor(state);
    state.list.scrollTop = 0;
  }
  if (another || JSON.stringify(before) !== JSON.stringify(data)) {
    const top = state.list.scrollTop;
    controls(state);
    legend(state);
    pins(state);
    transcript(state);
    showChosen(state);
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
  if (state.loop && (target < state.loop.from || target > state.loop.to)) setLoop(state, null);
  if (state.audio.readyState > 0) state.audio.currentTime = target;
  else state.audio.addEventListener("loadedmetadata", () => { state.audio.currentTime = state.wanted; }, { once: true });
  tick(state);
}

function play(state, at) {
  if (at !== undefined && at !== null) seek(state, at);
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

function faster(state, by) {
  const at = SPEEDS.indexOf(state.audio.playbackRate);
  const next = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, (at < 0 ? 1 : at) + by))];
  state.audio.playbackRate = next;
  if (state.speed) state.speed.value = String(next);
}

function setLoop(state, loop) {
  state.loop = loop;
  if (state.looper) state.looper.setAttribute("aria-pressed", String(Boolean(loop)));
}

function toggleLoop(state) {
  const u = state.data.utterances[Math.max(0, current(state))];
  if (state.loop || !u) { setLoop(state, null); return; }
  setLoop(state, { from: u.start_s, to: u.end_s });
  play(state, u.start_s);
}

// -- keys ----------------------------------------------------------------------------------------------------------

function key(state, event) {
  const target = event.composedPath()[0];
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !state.root.isConnected) return;
  const name = target instanceof Element ? target.tagName : "";
  if (isField(target)) {
    if (event.key === "Escape") { target.blur(); closeEditor(state); }
    return;
  }
  if (document.querySelector("[role=dialog], [data-testid=stPopoverBody]")) return;
  if (event.key === " " && (name === "BUTTON" || target.getAttribute?.("role"))) return;
  const seconds = state.audio.currentTime;
  const action = {
    " ": () => toggle(state), j: () => step(state, 1), k: () => step(state, -1),
    n: () => nextFinding(state, 1), p: () => nextFinding(state, -1),
    y: () => judge(state, "confirm"), x: () => judge(state, "reject"), l: () => toggleLoop(state),
    "[": () => faster(state, -1), "]": () => faster(state, 1), b: () => openBookmark(state), m: () => openNote(state),
    e: () => openCorrection(state, current(state)), "?": () => toggleHelp(state), Escape: () => closeAll(state),
    ArrowLeft: () => seek(state, seconds - 5), ArrowRight: () => seek(state, seconds + 5),
    ...Object.fromEntries([1, 2, 3, 4, 5].map((number) => [String(number), () => openTab(state, number - 1)])),
  }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!action || (event.key.startsWith("Arrow") && target.getAttribute?.("role"))) return;
  event.preventDefault();
  event.stopPropagation();
  action();
}

// A panel of the page beside the player, by its place; its first field is ready to be typed into. While the page is
// being drawn a click may get lost, so it is repeated; a field that somebody went to meanwhile keeps the focus.
function openTab(state, place, until = performance.now() + 15000) {
  clearTimeout(state.opening);
  const tab = document.querySelectorAll(".st-key-call-tabs [role=tab]")[place];
  if (!tab || isField(document.activeElement)) return;
  const panel = document.querySelector(".st-key-call-tabs [role=tabpanel]:not([hidden])");
  if (tab.getAttribute("aria-selected") === "true" && panel) {
    (panel.querySelector("input:not([disabled]):not([type=checkbox]), textarea") ?? tab).focus();
    return;
  }
  tab.click();
  if (performance.now() < until) state.opening = setTimeout(() => openTab(state, place, until), 150);
}

function isField(element) {
  return ["INPUT", "TEXTAREA", "SELECT"].includes(element?.tagName) || Boolean(element?.isContentEditable);
}

// The server keeps drafts as they are typed: what stands still for a moment is handed over without leaving the field.
function keepTyped(state, event) {
  const field = event.composedPath()[0];
  if (!(field instanceof Element) || !field.closest(".st-key-review-form")) return;
  clearTimeout(state.typing);
  state.typing = setTimeout(() => handOver(field), 800);
}

function handOver(field) {
  if (!field.isConnected) return;
  const done = { key: "Enter", code: "Enter", bubbles: true, cancelable: true };
  field.dispatchEvent(new KeyboardEvent("keydown", { ...done, ctrlKey: field.tagName === "TEXTAREA" }));
  field.dispatchEvent(new KeyboardEvent("keyup", done)); // else the page's shortcuts take it for held down: no Alt+S
}

// Alt+S saves the form: with what stands in the field that is being typed into.
function handOverAtOnce(event) {
  const field = event.composedPath()[0];
  if (event.altKey && event.code === "KeyS" && isField(field) && field.closest(".st-key-review-form")) handOver(field);
}

// -- what moves with the sound -------------------------------------------------------------------------------------

function tick(state) {
  const { audio, data } = state;
  if (!data) return;
  if (state.loop && !audio.paused && audio.currentTime >= state.loop.to) audio.currentTime = state.loop.from;
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
