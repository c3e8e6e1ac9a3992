// Pictures of a model: chosen, generated, looked at, saved.
import { bytesOf, get, limits, post, save } from "./api.js";
import { facts, field, h, note, say, select } from "./dom.js";

export async function open(panel) {
  const models = await get("images/models");
  const byName = new Map(models.map((model) => [model.name, model]));
  const model = select(models.map((one) => [one.name, one.origin === "run" ? `${one.name} (run)` : one.name]), { name: "model" });
  const label = select([["", "all in turn"]], { name: "label" });
  const labelField = field("Class", label);
  const count = h("input", { type: "number", name: "count", min: 1, max: limits.pictures, value: 24 });
  const seed = h("input", { type: "number", name: "seed", value: 0, min: 0 });
  const truncation = h("input", { type: "range", name: "truncation", min: 0, max: 1, step: 0.05, value: 1 });
  const truncationWords = h("output", { class: "number soft small" }, "1.00, as they come");
  const judge = h("input", { type: "checkbox", name: "judge" });
  const judgeField = h("label", { class: "check" }, judge, "Only what the judge accepts");
  const go = h("button", { class: "button main", type: "submit" }, "Generate");
  const place = h("div", { class: "card" }, h("div", { class: "empty" }, "Choose a model and generate."));
  const about = h("div", { class: "small soft" });

  function changed() {
    const chosen = byName.get(model.value);
    label.replaceChildren(h("option", { value: "" }, "all in turn"), ...chosen.classes.map((name) => h("option", { value: name }, name)));
    labelField.hidden = chosen.classes.length === 0;
    judgeField.hidden = !chosen.judge;
    if (!chosen.judge) judge.checked = false;
    const seen = chosen.samples_seen ? `, trained on ${chosen.samples_seen.toLocaleString("en")} pictures` : "";
    about.textContent = `${chosen.resolution} x ${chosen.resolution} pixels${seen}`;
  }

  async function generate(event) {
    event.preventDefault();
    go.disabled = true;
    place.classList.add("busy");
    try {
      const wanted = {
        model: model.value,
        count: Number(count.value),
        seed: Number(seed.value),
        label: label.value || null,
        truncation: Number(truncation.value) < 1 ? Number(truncation.value) : null,
        judge: judge.checked,
      };
      place.replaceChildren(...shown(await post("images/generate", wanted), wanted));
    } catch (error) {
      place.replaceChildren(note(error.message, error.wayOut));
    }
    place.classList.remove("busy");
    go.disabled = false;
  }

  function shown(made, wanted) {
    const judged = made.acceptance_rate === null ? null : `${Math.round(100 * made.acceptance_rate)} % of ${made.candidates}`;
    const pictures = made.pictures.map((one) => {
      const score = one.score === null ? null : h("span", { class: "number", title: "how probably it is real, says the judge" }, one.score.toFixed(2));
      return h("figure", null, h("img", { src: one.picture, alt: one.label ?? `picture ${one.index}`, width: made.side, height: made.side }), one.label || score ? h("figcaption", null, h("span", null, one.label ?? ""), score) : null);
    });
    const again = h("button", { class: "button small", type: "button", onclick: () => { seed.value = Number(seed.value) + 1; form.requestSubmit(); } }, "Next seed");
    const keep = h("button", { class: "button small", type: "button", onclick: () => { save(bytesOf(made.grid), `${wanted.model.replaceAll("/", "-")}-${made.seed}.png`); say("The grid is saved."); } }, "Save grid");
    return [
      h("div", { class: "stack" },
        h("div", { class: "row spread" }, facts([["seed", made.seed], ["pictures", made.pictures.length], ["seconds", made.seconds], ["accepted", judged]]), h("div", { class: "row" }, again, keep)),
        h("div", { class: "gallery" }, pictures)),
    ];
  }

  const form = h("form", { class: "card stack", onsubmit: generate },
    field("Model", model), about, labelField,
    h("div", { class: "pair" }, field("Pictures", count), field("Seed", seed)),
    field("Truncation", truncation), truncationWords, judgeField, go);
  model.addEventListener("change", changed);
  truncation.addEventListener("input", () => {
    const value = Number(truncation.value);
    truncationWords.textContent = value === 1 ? "1.00, as they come" : `${value.toFixed(2)}, more typical`;
  });
  changed();
  panel.append(
    h("div", { class: "head" }, h("h2", null, "Images"), h("p", null, "A picture follows from its model, seed and place.")),
    h("div", { class: "split" }, form, place));
  return {};
}
