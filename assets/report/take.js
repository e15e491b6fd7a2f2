"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const canvas = document.getElementById("detail");
  if (!canvas) return;
  const COLOURS = ["#2f7ed8", "#e07b39", "#2a9d6f", "#b5559c", "#a3813c", "#6a6fe0", "#cf4647", "#1b9fb0"];
  const rows = [...document.querySelectorAll(".curve")];
  const readout = document.getElementById("readout");
  const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
  const decoded = new Map();
  let view = [0, Math.max(data.frames - 1, 1)], cursor = null, chosen = data.chosen.slice();

  function curve(index) {
    if (!decoded.has(index)) {
      const c = data.curves[index];
      const low = bytes(c.low);
      decoded.set(index, {low, high: c.high ? bytes(c.high) : low, sigma: c.sigma ? bytes(c.sigma) : null});
    }
    return decoded.get(index);
  }
  const at = (index, byte) => data.curves[index].from + byte / 255 * (data.curves[index].to - data.curves[index].from);
  const bucket = (frame, count) => Math.min(count - 1, Math.floor((frame + 0.5) * count / data.frames));

  // The least and largest of a curve over the frames that one column of the picture covers.
  function extent(index, first, last) {
    const {low, high} = curve(index), n = low.length;
    let a = 255, b = 0;
    for (let i = bucket(first, n), end = bucket(last, n); i <= end; i++) {
      if (low[i] < a) a = low[i];
      if (high[i] > b) b = high[i];
    }
    return [at(index, a), at(index, b)];
  }
  function spread(index, frame) {
    const s = curve(index).sigma;
    return s ? s[bucket(frame, s.length)] / 255 : 0;
  }

  function draw() {
    const ratio = window.devicePixelRatio || 1, w = canvas.clientWidth, h = canvas.clientHeight;
    canvas.width = Math.round(w * ratio);
    canvas.height = Math.round(h * ratio);
    const g = canvas.getContext("2d"), style = getComputedStyle(document.body);
    g.scale(ratio, ratio);
    const left = 44, bottom = h - 20, top = 8, span = view[1] - view[0];
    let from = 0, to = 1;
    for (const i of chosen) { from = Math.min(from, data.curves[i].from); to = Math.max(to, data.curves[i].to); }
    const x = frame => left + (frame - view[0]) / span * (w - left - 8);
    const y = value => bottom - (value - from) / (to - from || 1) * (bottom - top);
    g.font = "11px system-ui, sans-serif";
    g.strokeStyle = style.getPropertyValue("--rule");
    g.fillStyle = style.getPropertyValue("--quiet");
    g.lineWidth = 1;
    for (let k = 0; k <= 4; k++) {
      const value = from + (to - from) * k / 4;
      g.beginPath(); g.moveTo(left, y(value)); g.lineTo(w - 8, y(value)); g.stroke();
      g.textAlign = "right"; g.fillText(+value.toPrecision(3), left - 6, y(value) + 4);
    }
    const wanted = span / Math.max(3, Math.floor(w / 110)), power = 10 ** Math.floor(Math.log10(Math.max(wanted, 1)));
    const step = Math.max(1, [1, 2, 5, 10].map(f => f * power).find(s => s >= wanted) || power);
    g.textAlign = "center";
    for (let f = Math.ceil(view[0] / step) * step; f <= view[1]; f += step) {
      g.fillText(f, x(f), h - 5);
      g.globalAlpha = 0.4; g.beginPath(); g.moveTo(x(f), top); g.lineTo(x(f), bottom); g.stroke(); g.globalAlpha = 1;
    }
    g.save(); g.beginPath(); g.rect(left, 0, w - left - 8, bottom + 1); g.clip();
    chosen.forEach((index, place) => {
      const columns = Math.min(Math.ceil(span) + 1, Math.round(w - left)), pieces = [];
      for (let c = 0; c < columns; c++) {
        const first = Math.max(0, Math.floor(view[0] + span * c / columns));
        const last = Math.max(first, Math.min(data.frames - 1, Math.ceil(view[0] + span * (c + 1) / columns) - 1));
        const few = columns > span;
        const frame = few ? Math.min(data.frames - 1, Math.round(view[0] + c)) : (first + last) / 2;
        pieces.push([frame, ...(few ? extent(index, frame, frame) : extent(index, first, last)), spread(index, frame)]);
      }
      g.fillStyle = g.strokeStyle = COLOURS[place % 8];
      for (const pass of [0, 1]) {
        const extra = p => pass === 0 ? p[3] : 0;
        g.globalAlpha = pass === 0 ? 0.18 : 1;
        g.beginPath();
        pieces.forEach((p, i) => g[i ? "lineTo" : "moveTo"](x(p[0]), y(p[2] + extra(p))));
        pieces.slice().reverse().forEach(p => g.lineTo(x(p[0]), y(p[1] - extra(p))));
        g.closePath(); g.fill();
        if (pass === 1) { g.lineWidth = 1.4; g.lineJoin = "round"; g.stroke(); }
      }
    });
    if (cursor !== null) {
      g.globalAlpha = 1; g.strokeStyle = style.getPropertyValue("--look"); g.lineWidth = 1;
      g.beginPath(); g.moveTo(x(cursor), 0); g.lineTo(x(cursor), bottom); g.stroke();
    }
    g.restore();
    tell();
  }

  function tell() {
    readout.replaceChildren();
    const frame = cursor === null ? null : Math.round(cursor);
    readout.append(frame === null ? "Point at the curves to read them." :
      `Frame ${frame}, ${(frame / data.rate).toFixed(2)} s`);
    chosen.forEach((index, place) => {
      const mark = document.createElement("i");
      mark.className = "c" + place % 8;
      let text = data.curves[index].name;
      if (frame !== null) {
        const [a, b] = extent(index, frame, frame), s = spread(index, frame);
        text += " " + (b - a < 0.006 * (data.curves[index].to - data.curves[index].from) ? b.toFixed(2) :
          `${a.toFixed(2)} to ${b.toFixed(2)}`) + (s ? ` ± ${s.toFixed(2)}` : "") + data.curves[index].unit;
      }
      readout.append(mark, text);
    });
    rows.forEach(row => row.setAttribute("aria-pressed", String(chosen.includes(+row.dataset.curve))));
  }

  function show(from, to) {
    const whole = Math.max(data.frames - 1, 1), span = Math.min(Math.max(to - from, Math.min(4, whole)), whole);
    const first = Math.min(Math.max(from, 0), whole - span);
    view = [first, first + span];
    draw();
  }
  const frameAt = event => {
    const box = canvas.getBoundingClientRect();
    const frame = view[0] + (event.clientX - box.left - 44) / (box.width - 52) * (view[1] - view[0]);
    return Math.min(Math.max(frame, 0), data.frames - 1);
  };

  let held = null;
  canvas.addEventListener("pointerdown", e => { held = [e.clientX, ...view]; canvas.setPointerCapture(e.pointerId); });
  canvas.addEventListener("pointerup", () => { held = null; });
  canvas.addEventListener("pointermove", e => {
    cursor = frameAt(e);
    if (held) {
      const moved = (held[0] - e.clientX) / (canvas.clientWidth - 52) * (held[2] - held[1]);
      show(held[1] + moved, held[2] + moved);
    } else draw();
  });
  canvas.addEventListener("wheel", e => {
    e.preventDefault();
    const middle = frameAt(e), by = Math.exp(Math.sign(e.deltaY) * 0.25);
    show(middle - (middle - view[0]) * by, middle + (view[1] - middle) * by);
  }, {passive: false});
  canvas.addEventListener("dblclick", () => show(0, data.frames - 1));
  canvas.addEventListener("keydown", e => {
    const by = {ArrowLeft: -1, ArrowRight: 1}[e.key];
    if (!by) return;
    e.preventDefault();
    cursor = Math.min(Math.max(Math.round(cursor ?? view[0]) + by * (e.shiftKey ? 10 : 1), 0), data.frames - 1);
    draw();
  });

  rows.forEach(row => row.addEventListener("click", () => {
    const index = +row.dataset.curve;
    chosen = chosen.includes(index) ? chosen.filter(other => other !== index) : [...chosen, index].slice(-8);
    draw();
  }));
  document.querySelectorAll("[data-frame]").forEach(link => link.addEventListener("click", () => {
    cursor = +link.dataset.frame;
    show(cursor - 1.5 * data.rate, cursor + 1.5 * data.rate);
  }));

  const search = document.getElementById("search"), moving = document.getElementById("moving");
  function sift() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    rows.forEach(row => {
      const name = row.querySelector(".name").textContent.toLowerCase();
      row.hidden = !words.every(word => name.includes(word)) || (moving.checked && row.dataset.peak === "no");
    });
    document.querySelectorAll(".group").forEach(group => {
      group.hidden = !group.querySelector(".curve:not([hidden])");
    });
  }
  search.addEventListener("input", sift);
  moving.addEventListener("change", sift);
  window.addEventListener("resize", draw);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  draw();
})();
