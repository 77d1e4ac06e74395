// The player's waveform. Joined with player.js: one module.

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
