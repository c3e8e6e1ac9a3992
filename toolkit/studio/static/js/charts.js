// Line charts: a few values over the samples seen.
import { h, svg } from "./dom.js";

const WIDTH = 320, HEIGHT = 170, LEFT = 44, BOTTOM = 22, TOP = 8;
const HUES = [232, 160, 22, 320, 190, 48, 275, 0];

export function short(value) {
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (size >= 1e6) return `${+(value / 1e6).toPrecision(3)}M`;
  if (size >= 1e4) return `${+(value / 1e3).toPrecision(3)}k`;
  if (size < 1e-3) return value.toExponential(1);
  return String(+value.toPrecision(3));
}

// Round numbers that a range is divided at.
function ticks(low, high, count) {
  const rough = (high - low) / count;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((one) => one * unit >= rough) * unit;
  const found = [];
  for (let value = Math.ceil(low / step) * step; value <= high + step * 1e-6; value += step) found.push(value);
  return found;
}

export function chart(title, lines) {
  const points = lines.flatMap(([, course]) => course);
  const last = Math.max(...points.map(([x]) => x), 1);
  let low = Math.min(...points.map(([, y]) => y)), high = Math.max(...points.map(([, y]) => y));
  if (high - low < 1e-12) { high += Math.abs(high) * 0.1 || 1; low -= Math.abs(low) * 0.1 || 1; }
  const x = (value) => LEFT + (value / last) * (WIDTH - LEFT - 6);
  const y = (value) => TOP + (1 - (value - low) / (high - low)) * (HEIGHT - BOTTOM - TOP);
  const grid = ticks(low, high, 4).flatMap((value) => [
    svg("line", { class: "grid", x1: LEFT, x2: WIDTH - 6, y1: y(value), y2: y(value) }),
    svg("text", { x: LEFT - 6, y: y(value) + 3.5, "text-anchor": "end" }, short(value)),
  ]);
  const below = ticks(0, last, 4).map((value) => svg("text", { x: x(value), y: HEIGHT - 6, "text-anchor": "middle" }, short(value)));
  const paths = lines.map(([, course], place) => svg("path", { stroke: colour(place), d: course.map(([a, b], n) => `${n ? "L" : "M"}${x(a).toFixed(1)} ${y(b).toFixed(1)}`).join("") }));
  const legend = lines.length > 1 || lines[0][0] !== title
    ? h("div", { class: "legend" }, lines.map(([name, course], place) => h("span", null, swatch(place), `${name} ${short(course.at(-1)[1])}`)))
    : h("div", { class: "legend number" }, `now ${short(lines[0][1].at(-1)[1])}`);
  return h("figure", { class: "chart card" }, h("h3", null, title),
    svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${title} over the samples seen` }, grid, below, paths), legend);
}

function colour(place) {
  return `hsl(${HUES[place % HUES.length]} 62% 58%)`;
}

function swatch(place) {
  const mark = h("i");
  mark.style.background = colour(place);
  return mark;
}
