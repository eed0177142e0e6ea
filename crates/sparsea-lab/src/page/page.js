(() => {
"use strict";

const run = JSON.parse(document.getElementById("data").textContent);
const { steps, columns, known, sparsity: k, data: y, positions: n } = run;
const last = steps[steps.length - 1].iteration;
const $ = (id) => document.getElementById(id);
/** Where column j is drawn: at its place in the trace, if it has one. */
const first = run.first ?? 0;
/** What the slider counts: of a search, an observer sees several steps in an iteration. */
const unit = run.counts_steps ? "step" : "iteration";
const name = (j) => run.names?.[j] ?? String(j + first);
/** "1 entry", "3 entries". */
const counted = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

// ---- The run -------------------------------------------------------------------------------------------------------

/** Where the step is that leads to iteration t, or the last one before it. */
function at(t) {
  let [low, high] = [0, steps.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (steps[middle].iteration <= t) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** |𝒳| at iteration t. Between two steps the support stays, and with it the gradient: 𝒳 moves on a line. */
function magnitudes(t) {
  const step = steps[at(t)];
  const next = steps[at(t) + 1] ?? step;
  const share = next === step ? 0 : (t - step.iteration) / (next.iteration - step.iteration);
  const later = next.exploration.length ? next : step;
  return step.exploration.map((x, j) => Math.abs((1 - share) * x * step.unit + share * later.exploration[j] * later.unit));
}

/** A x. */
function fit(step) {
  const image = new Float64Array(y.length);
  step.support.forEach((j, place) => {
    const [from, column] = columns[j];
    column.forEach((value, l) => { image[from + l] += step.coefficients[place] * value; });
  });
  return image;
}

/** The step that found the best support of those shown, which is the result unless the record is cut. */
const bestStep = steps[steps[steps.length - 1].best];
/** What coefficients are compared with: the truth, or else the result of the run. */
const target = known?.truth ?? run.result ?? bestStep;
const isTrue = new Set(target.support);

const without = (some, others) => some.filter((j) => !others.includes(j));

// ---- Drawing -------------------------------------------------------------------------------------------------------

let color = {};
function readColors() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["card", "text", "muted", "frame", "grid", "data", "off", "blue", "wrong", "green"]) {
    color[name] = style.getPropertyValue(`--${name}`).trim();
  }
  color.face = style.getPropertyValue("--face");
}

/** Room for the labels of all vertical axes, which share their left end. */
let LEFT = 46;
const RIGHT = 22, TOP = 6, BOTTOM = 26;

/** A canvas cleared, with scales from data to pixels: `x` and `y` turn numbers into pixels. */
function panel(id, [x0, x1], [y0, y1], logarithmic = false) {
  const canvas = $(id);
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = `12px ${color.face}`;
  pen.lineJoin = "round";
  const part = logarithmic ? (v) => Math.log(Math.max(v, y0) / y0) / Math.log(y1 / y0) : (v) => (v - y0) / (y1 - y0);
  return {
    pen, width, height, bottom: height - BOTTOM,
    x: (v) => LEFT + ((v - x0) / (x1 - x0)) * (width - LEFT - RIGHT),
    y: (v) => height - BOTTOM - part(v) * (height - BOTTOM - TOP),
    value: (pixel) => x0 + ((pixel - LEFT) / (width - LEFT - RIGHT)) * (x1 - x0),
  };
}

function line(pen, points, stroke, width, dash = []) {
  pen.beginPath();
  points.forEach(([x, y], place) => (place ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.strokeStyle = stroke;
  pen.lineWidth = width;
  pen.setLineDash(dash);
  pen.stroke();
  pen.setLineDash([]);
}

/** 1, 2 or 5 times a power of ten, so that at most `count` of them fit into `span`. */
function spacing(span, count) {
  const raw = span / count;
  const ten = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((digit) => digit * ten).find((step) => step >= raw * 0.999);
}

function ticks(low, high, count) {
  const step = spacing(high - low, count);
  const found = [];
  for (let place = Math.ceil(low / step - 1e-9); place * step <= high + 1e-9 * step; place++) found.push(place * step);
  return found;
}

const short = (value) => String(Number(value.toPrecision(6))).replace("-", "−");

/** Labels of ticks, with as many digits as tell them apart. */
function tickTexts(values) {
  const largest = Math.max(...values.map(Math.abs));
  const step = values.length > 1 ? values[1] - values[0] : largest || 1;
  const digits = Math.min(15, Math.max(1, Math.ceil(Math.log10(largest / step || 1)) + 2));
  const exponent = Math.floor(Math.log10(largest || 1));
  const far = exponent >= 7 || exponent < -4;
  return values.map((value) => {
    const text = far && value !== 0 ? power(Number(value.toPrecision(digits))) : String(Number(value.toPrecision(digits)));
    return text.replace("-", "−");
  });
}

function axes(view, xTicks, yTicks, yTexts = tickTexts(yTicks)) {
  const { pen, width, bottom } = view;
  pen.fillStyle = color.muted;
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  yTicks.forEach((value, place) => {
    line(pen, [[LEFT, view.y(value)], [width - RIGHT, view.y(value)]], color.grid, 1);
    pen.fillText(yTexts[place], LEFT - 7, view.y(value));
  });
  pen.textAlign = "center";
  pen.textBaseline = "top";
  for (const value of xTicks) {
    line(pen, [[view.x(value), bottom], [view.x(value), bottom + 4]], color.frame, 1);
    pen.fillText(short(value), view.x(value), bottom + 10);
  }
  line(pen, [[LEFT, bottom], [width - RIGHT, bottom]], color.frame, 1);
}

/** Samples and positions have one axis where spikes lie in a trace. */
const aligned = run.first !== undefined;
const samples = aligned ? [Math.min(-1, first - 1), Math.max(y.length, first + n)] : [-1, y.length];
const POSITIONS = aligned ? samples : [-1, n];
const tickCount = () => ($("trace").clientWidth < 500 ? 5 : 10);
/** Whole numbers only. */
const axisTicks = ([low, high]) => ticks(low + 1, high - 1, tickCount()).filter(Number.isInteger);
const positionTicks = () => axisTicks(POSITIONS);
let hovered = null;

/** A line through one position, in the three panels that share the axis. */
function guide(view) {
  if (hovered !== null) line(view.pen, [[view.x(hovered), TOP], [view.x(hovered), view.bottom]], color.muted, 1, [2, 3]);
}

const dataRange = (() => {
  const [low, high] = [Math.min(...y), Math.max(...y)];
  const margin = 0.08 * (high - low) || 1;
  return [low - margin, high + margin];
})();

function drawTrace(step) {
  const view = panel("trace", samples, dataRange);
  const { pen } = view;
  axes(view, axisTicks(samples), ticks(...dataRange, 5));
  if (aligned) guide(view);
  pen.fillStyle = color.data;
  y.forEach((value, i) => {
    pen.beginPath();
    pen.arc(view.x(i), view.y(value), 2.2, 0, 7);
    pen.fill();
  });
  const image = fit(step);
  pen.save();
  pen.beginPath();
  pen.rect(LEFT, 0, view.width - LEFT - RIGHT, view.bottom);
  pen.clip();
  if (run.is_table) {
    // Rows of a table have no order.
    pen.fillStyle = color.blue;
    image.forEach((value, i) => pen.fillRect(view.x(i) - 2, view.y(value) - 2, 4, 4));
  } else {
    line(pen, Array.from(image, (value, i) => [view.x(i), view.y(value)]), color.blue, 2.2);
  }
  pen.restore();
}

/** Room for the truth. Coefficients of nearly parallel columns may be many times larger: they get an arrow and a number. */
const reach = 2.2 * Math.max(0, ...target.coefficients.map(Math.abs)) || 1;

function drawSupport(step) {
  const view = panel("support", POSITIONS, [-reach, reach]);
  const { pen } = view;
  axes(view, positionTicks(), ticks(-reach, reach, 5));
  line(pen, [[LEFT, view.y(0)], [view.width - RIGHT, view.y(0)]], color.muted, 1);
  guide(view);
  target.support.forEach((j, place) => {
    const value = target.coefficients[place];
    line(pen, [[view.x(first + j), view.y(0)], [view.x(first + j), view.y(value)]], color.muted, 1);
    pen.beginPath();
    pen.arc(view.x(first + j), view.y(value), 5.5, 0, 7);
    pen.fillStyle = color.card;
    pen.fill();
    pen.strokeStyle = color.text;
    pen.lineWidth = 1.6;
    pen.stroke();
  });
  const taken = [];
  step.support.forEach((j, place) => {
    const value = step.coefficients[place];
    const cut = Math.abs(value) > reach;
    const [x, top] = [view.x(first + j), view.y(Math.sign(value) * Math.min(Math.abs(value), reach))];
    const stroke = isTrue.has(j) ? color.blue : color.wrong;
    line(pen, [[x, view.y(0)], [x, top]], stroke, 2);
    pen.fillStyle = stroke;
    if (cut) {
      // An arrow, with the value that has no room.
      const tip = value > 0 ? top - 1 : top + 1;
      const base = value > 0 ? tip + 9 : tip - 9;
      pen.beginPath();
      pen.moveTo(x, tip);
      pen.lineTo(x - 5, base);
      pen.lineTo(x + 5, base);
      pen.fill();
      label(view, taken, short(Number(value.toPrecision(2))), x, (tip + base) / 2, stroke);
    } else if (isTrue.has(j)) {
      pen.beginPath();
      pen.arc(x, top, 3.8, 0, 7);
      pen.fill();
    } else {
      pen.beginPath();
      [[0, -5], [5, 0], [0, 5], [-5, 0]].forEach(([dx, dy]) => pen.lineTo(x + dx, top + dy));
      pen.fill();
    }
  });
}

/** Writes beside (x, y) where nothing is written yet: on the right, on the left, or a line further in. */
function label(view, taken, text, x, y, fill) {
  const { pen } = view;
  const length = pen.measureText(text).width;
  const inwards = y < view.y(0) ? 14 : -14;
  const free = [0, 1, 2, 3].flatMap((row) => [x + 8, x - 8 - length].map((left) => [left, y + row * inwards]));
  const place = free.find(([left, top]) => left > LEFT && left + length < view.width && taken.every(
    ([other, extent, height]) => height !== top || left > other + extent + 4 || left + length + 4 < other));
  if (!place) return;
  taken.push([place[0], length, place[1]]);
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  halo(pen, text, ...place, fill);
}

function halo(pen, text, x, y, fill) {
  pen.strokeStyle = color.card;
  pen.lineWidth = 4;
  pen.strokeText(text, x, y);
  pen.fillStyle = fill;
  pen.fillText(text, x, y);
}

/** The upper end of the axis of |𝒳|. */
const explorationTop = (sizes) => 1.08 * Math.max(...sizes) || 1;

function drawExploration(sizes, step) {
  if (!sizes.length) {
    panel("exploration", POSITIONS, [0, 1]);
    return;
  }
  const top = explorationTop(sizes);
  const view = panel("exploration", POSITIONS, [0, top]);
  const { pen } = view;
  axes(view, positionTicks(), ticks(0, top, 4));
  guide(view);
  const bar = Math.max(1.5, (view.width - LEFT - RIGHT) / (POSITIONS[1] - POSITIONS[0]) - 1);
  const inSupport = new Set(step.support);
  sizes.forEach((size, j) => {
    pen.fillStyle = !inSupport.has(j) ? color.off : isTrue.has(j) ? color.blue : color.wrong;
    pen.fillRect(view.x(first + j) - bar / 2, view.y(size), bar, view.bottom - view.y(size));
  });
  // Where the true positions are.
  for (const j of isTrue) {
    pen.beginPath();
    pen.moveTo(view.x(first + j), view.bottom + 1);
    pen.lineTo(view.x(first + j) - 3.5, view.bottom + 7);
    pen.lineTo(view.x(first + j) + 3.5, view.bottom + 7);
    pen.fillStyle = color.text;
    pen.fill();
  }
  if (step.support.length === k) {
    const threshold = view.y(Math.min(...step.support.map((j) => sizes[j])));
    line(pen, [[LEFT, threshold], [view.width - RIGHT, threshold]], color.text, 1.5, [5, 4]);
  }
}

const curveRange = (() => {
  const all = steps.flatMap((step) => [step.objective, step.best_objective]);
  if (known) all.push(known.truth.objective, ...known.others.map((other) => other.objective));
  // Too many for the arguments of Math.min.
  let [low, high] = [Infinity, 0];
  for (const value of all) if (value > 0) [low, high] = [Math.min(low, value), Math.max(high, value)];
  if (high === 0) return [0.1, 1];
  const margin = high > low ? (high / low) ** 0.08 : 1.1;
  return [low / margin, high * margin];
})();

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const power = (value) => {
  const size = Math.abs(value);
  const exponent = Math.floor(Math.log10(size) + 1e-9);
  const factor = Number((size / 10 ** exponent).toPrecision(10));
  const sign = value < 0 ? "−" : "";
  const digits = [...String(Math.abs(exponent))].map((digit) => SUPERSCRIPTS[digit]).join("");
  return `${sign}${factor === 1 ? "" : `${factor}·`}10${exponent < 0 ? "⁻" : ""}${digits}`;
};

function stairs(view, key, until) {
  const points = [];
  for (const step of steps) {
    if (step.iteration > until) break;
    if (points.length) points.push([view.x(step.iteration), points[points.length - 1][1]]);
    points.push([view.x(step.iteration), view.y(step[key])]);
  }
  points.push([view.x(until), points[points.length - 1][1]]);
  return points;
}

/** Ticks of the objective and their labels. */
function curveTicks() {
  const [low, high] = curveRange.map(Math.log10);
  if (high - low < 1) {
    const values = ticks(...curveRange, 5);
    return [values, tickTexts(values)];
  }
  const stride = Math.ceil((high - low) / 8);
  const digits = high - low < 2.5 ? [1, 2, 5] : [1];
  const values = [];
  for (let e = Math.floor(low / stride) * stride; e <= high; e += stride) {
    values.push(...digits.map((digit) => digit * 10 ** e).filter((value) => value >= curveRange[0] && value <= curveRange[1]));
  }
  return [values, values.map(power)];
}

let curveView = null;
function drawCurve(t) {
  const view = panel("curve", [0, Math.max(last, 1)], curveRange, true);
  const { pen } = view;
  curveView = view;
  axes(view, ticks(0, last, 5).filter(Number.isInteger), ...curveTicks());
  // What is to come, pale.
  pen.globalAlpha = 0.4;
  line(pen, stairs(view, "objective", last), color.data, 1);
  pen.globalAlpha = 1;
  line(pen, stairs(view, "objective", t), color.data, 1.3);
  const levels = known ? known.others.map((other) => [other.name, other.objective]) : [];
  if (known) levels.push(["true support", known.truth.objective]);
  for (const [, objective] of levels) {
    line(pen, [[LEFT, view.y(objective)], [view.width - RIGHT, view.y(objective)]], color.muted, 1.2, [6, 4]);
  }
  line(pen, stairs(view, "best_objective", t), color.blue, 2.6);
  pen.textAlign = "right";
  for (const [name, objective] of levels) {
    const isTruth = objective === known.truth.objective;
    pen.textBaseline = isTruth ? "top" : "bottom";
    halo(pen, name, view.width - RIGHT - 2, view.y(objective) + (isTruth ? 3 : -2), color.text);
  }
  line(pen, [[view.x(t), TOP], [view.x(t), view.bottom]], color.text, 1);
  const step = steps[at(t)];
  for (const [value, fill] of [[step.objective, color.data], [step.best_objective, color.blue]]) {
    pen.beginPath();
    pen.arc(view.x(t), view.y(value), 4, 0, 7);
    pen.fillStyle = fill;
    pen.fill();
  }
}

// ---- Numbers -------------------------------------------------------------------------------------------------------

const digits = (value) => {
  if (value === 0) return "0";
  return Math.abs(value) < 1e-3 ? value.toExponential(3).replace("-", "−") : value.toPrecision(4);
};
const places = (list) => (list.length ? list.map(name).join(", ") : "–");

function say(t) {
  const place = at(t);
  const step = steps[place];
  const before = place > 0 && step.iteration === t ? steps[place - 1].support : step.support;
  const shown = {
    iteration: t,
    objective: digits(step.objective),
    "best-objective": digits(step.best_objective),
    found: step.iteration,
    "best-found": steps[step.best].iteration,
    entered: places(without(step.support, before)),
    left: places(without(before, step.support)),
    supports: step.supports_explored,
  };
  if (known) {
    Object.assign(shown, {
      distance: short(step.distance),
      "best-distance": short(step.best_distance),
      missed: `${Math.round(step.distance * k)} of ${k}`,
      "best-missed": `${Math.round(step.best_distance * k)} of ${k}`,
    });
  }
  for (const [id, text] of Object.entries(shown)) $(id).textContent = text;
  $("slider").value = t;
  $("slider").setAttribute("aria-valuetext", `${unit} ${t}, objective ${shown.objective}`);
}

// ---- Playing -------------------------------------------------------------------------------------------------------

let now = 0;
let playing = false;
let clock = 0;
let previous = null;

/** Widens the room for labels where they need it. */
function measure(sizes) {
  const pen = $("trace").getContext("2d");
  pen.font = `12px ${color.face}`;
  const texts = [...tickTexts(ticks(...dataRange, 5)), ...tickTexts(ticks(-reach, reach, 5)), ...curveTicks()[1]];
  if (sizes.length) texts.push(...tickTexts(ticks(0, explorationTop(sizes), 4)));
  LEFT = Math.max(LEFT, ...texts.map((text) => Math.ceil(pen.measureText(text).width) + 12));
}

function show(t) {
  now = Math.max(0, Math.min(last, Math.round(t)));
  const step = steps[at(now)];
  const sizes = magnitudes(now);
  measure(sizes);
  say(now);
  drawTrace(step);
  drawSupport(step);
  if (has.exploration) drawExploration(sizes, step);
  drawCurve(now);
}

function frame(time) {
  if (!playing) return;
  if (previous !== null) clock += ((time - previous) / 1000) * Number($("speed").value);
  previous = time;
  const whole = Math.floor(clock);
  if (whole > 0) {
    clock -= whole;
    show(now + whole);
  }
  if (now >= last) pause();
  else requestAnimationFrame(frame);
}

function play() {
  if (playing) return;
  if (now >= last) show(0);
  [playing, clock, previous] = [true, 0, null];
  document.body.classList.add("playing");
  $("play").setAttribute("aria-label", "Pause");
  requestAnimationFrame(frame);
}

function pause() {
  playing = false;
  document.body.classList.remove("playing");
  $("play").setAttribute("aria-label", "Play");
}

/** Goes to an iteration, and stays there. */
function go(t) {
  pause();
  show(t);
}

const toggle = () => (playing ? pause() : play());
const toBest = () => go(bestStep.iteration);

$("play").addEventListener("click", toggle);
$("first").addEventListener("click", () => go(0));
$("back").addEventListener("click", () => go(now - 1));
$("forward").addEventListener("click", () => go(now + 1));
$("to-best").addEventListener("click", toBest);
$("slider").addEventListener("input", (event) => go(Number(event.target.value)));

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLSelectElement) return;
  const onButton = event.target instanceof HTMLButtonElement;
  const far = event.shiftKey ? 10 : 1;
  const actions = {
    " ": onButton ? null : toggle,
    ArrowLeft: () => go(now - far),
    ArrowRight: () => go(now + far),
    Home: () => go(0),
    End: () => go(last),
    b: toBest,
    B: toBest,
  };
  const action = actions[event.key];
  if (action) {
    event.preventDefault();
    action();
  }
});

const scrub = (event) => go(curveView.value(event.offsetX));
$("curve").addEventListener("pointerdown", (event) => {
  event.target.setPointerCapture(event.pointerId);
  scrub(event);
});
$("curve").addEventListener("pointermove", (event) => event.buttons && scrub(event));

/** What this run has; the other parts of the page are removed. */
const has = {
  known: known !== undefined, unknown: known === undefined,
  offset: run.has_offset, weights: run.has_weights, ridge: run.has_ridge,
  cut: run.all !== undefined, whole: run.all === undefined,
  exploration: steps.some((step) => step.exploration.length),
};
for (const element of document.querySelectorAll("[data-if]")) if (!has[element.dataset.if]) element.remove();

for (const id of ["trace", "support", "exploration"].filter((id) => $(id) && (aligned || id !== "trace"))) {
  const move = (position) => {
    if (position === hovered) return;
    hovered = position;
    show(now);
  };
  $(id).addEventListener("pointermove", (event) => {
    const share = (event.offsetX - LEFT) / (event.target.clientWidth - LEFT - RIGHT);
    const j = Math.round(POSITIONS[0] + share * (POSITIONS[1] - POSITIONS[0]));
    move(j >= first && j < first + n ? j : null);
    event.target.title = hovered === null ? "" : run.names?.[j] ?? `position ${j}`;
  });
  $(id).addEventListener("pointerleave", () => move(null));
}

// ---- Start ---------------------------------------------------------------------------------------------------------

const names = { omp: "orthogonal matching pursuit", htp: "hard thresholding pursuit" };
const others = (known?.others ?? []).map(({ name, distance }) => {
  return `${names[name] ?? name} (${name}, ${Math.round(distance * k)} of ${k} missed)`;
});
const count = run.all ? `The first ${last} of ${run.all} ${unit}s are here` : `The run has ${counted(last, unit)}`;
const texts = {
  unit,
  title: run.algorithm === "sea" ? "SEA" : run.algorithm,
  sparsity: k,
  positions: n,
  rows: counted(y.length, "entry", "entries"),
  columns: counted(n, "column"),
  result: run.result ? `${unit} ${run.result.iteration}` : "",
  marked: known ? "the truth" : "the result",
  noise: `${short(100 * known?.noise)} %`,
  sigma: short(known?.sigma ?? 0),
  step: short(known?.step_size ?? 0),
  others: others.join(" and "),
  command: known ? "sparsea demo --open" : "sparsea … --trace",
  steps: steps.length === last + 1 || !has.exploration
    ? `${count}.`
    : `${count}; where the support stays for several, 𝒳 moves on a line.`,
};
document.title = `${texts.title}, ${unit} by ${unit}`;
for (const element of document.querySelectorAll("[data-show]")) element.textContent = texts[element.dataset.show];
$("slider").max = last;
$("iterations").textContent = last;

readColors();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  readColors();
  show(now);
});
new ResizeObserver(() => show(now)).observe(document.querySelector("main"));

const named = /^#t=(\d+)$/.exec(location.hash);
show(named ? Number(named[1]) : 0);
if (!named && !matchMedia("(prefers-reduced-motion: reduce)").matches) play();
})();
