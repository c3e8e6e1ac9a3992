// Local runs, live: curves, pictures over time, health sentences.
import { blob, get } from "./api.js";
import { chart, short } from "./charts.js";
import { facts, h, note } from "./dom.js";

const EVERY = 4000;

let list, place, chosen = null, timer = 0, shownSample = null;

function ago(seconds) {
  const past = Date.now() / 1000 - seconds;
  if (past < 90) return "just now";
  if (past < 5400) return `${Math.round(past / 60)} min ago`;
  if (past < 130000) return `${Math.round(past / 3600)} h ago`;
  return `${Math.round(past / 86400)} days ago`;
}

function entry(run) {
  const bar = h("i");
  bar.style.width = `${run.steps && run.step ? Math.min(100, (100 * run.step) / run.steps) : 0}%`;
  const state = run.live ? h("span", { class: "chip live" }, "live") : h("span", { class: "chip" }, run.finished ? "done" : "paused");
  return h("li", null, h("button", { class: "run", type: "button", "aria-current": run.name === chosen, onclick: () => choose(run.name) },
    h("div", { class: "row spread" }, h("strong", null, run.name), state),
    h("span", { class: "small soft" }, `${run.task ?? ""}${run.step === null || run.step === undefined ? "" : `, step ${short(run.step)}`}, ${ago(run.changed)}`),
    h("span", { class: "bar-line" }, bar)));
}

// Values that belong together share a chart: what stands before the slash names it. Measures have scales of their own.
function groups(curves) {
  const found = new Map();
  for (const [name, course] of Object.entries(curves)) {
    if (name === "skipped_turns" && course.every(([, value]) => value === 0)) continue;
    const [group, short] = name.includes("/") && !name.startsWith("validation/") ? name.split("/", 2) : [name, name];
    if (!found.has(group)) found.set(group, []);
    found.get(group).push([short, course]);
  }
  return found;
}

async function reel(run) {
  if (!run.samples.length) return null;
  if (!run.samples.includes(shownSample)) shownSample = run.samples.at(-1);
  const image = h("img", { alt: "Samples made while it trained" });
  const slider = h("input", { type: "range", min: 0, max: run.samples.length - 1, value: run.samples.indexOf(shownSample), "aria-label": "When" });
  const words = h("output", { class: "number small soft" });
  const show = async () => {
    shownSample = run.samples[Number(slider.value)];
    words.textContent = `after ${Number(shownSample.match(/\d+/)[0]).toLocaleString("en")} samples`;
    const content = await blob(`runs/sample?${new URLSearchParams({ name: run.name, file: shownSample })}`);
    if (image.src) URL.revokeObjectURL(image.src);
    image.src = URL.createObjectURL(content);
  };
  slider.addEventListener("input", show);
  await show();
  return h("div", { class: "card reel" }, h("div", { class: "row spread" }, h("h3", null, "Samples over time"), words), slider, image);
}

async function draw() {
  const run = await get(`runs/one?${new URLSearchParams({ name: chosen })}`);
  const charts = [...groups(run.curves)].map(([title, lines]) => chart(title, lines));
  const healthy = run.health.length ? run.health.slice(-6).map((one) => note(`After ${short(one.samples)} samples:`, one.words, "warn")) : [note("Health:", "nothing to remark.", "")];
  place.replaceChildren(...[
    h("div", { class: "card stack" }, h("div", { class: "row spread" }, h("h3", null, run.name), run.live ? h("span", { class: "chip live" }, "live") : null),
      facts([["recipe", run.recipe], ["task", run.task], ["step", run.steps ? `${run.step ?? 0} of ${run.steps}` : run.step], ["samples seen", run.samples_seen?.toLocaleString("en")], ["model", run.model ? "written" : "not yet"]]), healthy),
    await reel(run),
    h("div", { class: "charts" }, charts),
    h("details", { class: "card" }, h("summary", null, "Recipe"), h("pre", { class: "small" }, run.recipe_text)),
  ].filter(Boolean));
}

async function choose(name) {
  chosen = name;
  shownSample = null;
  await refresh(true);
}

async function refresh(again) {
  clearTimeout(timer);
  try {
    const runs = await get("runs");
    chosen ??= runs[0]?.name;
    list.replaceChildren(...runs.map(entry));
    const run = runs.find((one) => one.name === chosen);
    const open = place.querySelector("details")?.open;
    if (run && (again || run.live)) await draw();
    if (open) place.querySelector("details").open = true;
  } catch (error) {
    place.replaceChildren(note(error.message, error.wayOut));
  }
  timer = setTimeout(() => refresh(false), EVERY);
}

export async function open(panel) {
  list = h("ul", { class: "runs" });
  place = h("div", { class: "stack" });
  panel.append(
    h("div", { class: "head" }, h("h2", null, "Runs"), h("p", null, "What is trained on this machine, as it goes on.")),
    h("div", { class: "split" }, h("div", { class: "card" }, list), place));
  return { show: () => refresh(true), hide: () => clearTimeout(timer) };
}
