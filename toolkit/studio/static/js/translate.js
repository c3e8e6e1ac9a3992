// Texts and files through a translator, with terms and alternatives.
import { bytesOf, get, limits, post, save, upload } from "./api.js";
import { drop, facts, field, h, note, say, select } from "./dom.js";

export async function open(panel) {
  const models = await get("translation/models");
  const model = select(models.map((one) => [one.name, `${one.name} (${one.languages.join(" to ")})`]), { name: "translator" });
  const text = h("textarea", { name: "text", maxlength: limits.characters, placeholder: "Text to translate", "aria-label": "Text to translate" });
  const answer = h("div", { class: "answer soft", "aria-live": "polite" }, "Translation");
  const alternatives = h("input", { type: "number", name: "alternatives", min: 1, max: 8, value: 1 });
  const beam = h("input", { type: "number", name: "beam", min: 1, max: 16, value: 5 });
  const terms = h("textarea", { name: "terms", rows: 3, placeholder: "house\tHaus\none term a line, a tab between", "aria-label": "Terms" });
  const more = h("div", { class: "stack" });
  const go = h("button", { class: "button main", type: "submit" }, "Translate");

  async function translate(event) {
    event.preventDefault();
    if (!text.value.trim()) return;
    go.disabled = true;
    answer.classList.add("busy");
    try {
      const found = await post("translation/text", { model: model.value, text: text.value, alternatives: Number(alternatives.value), beam: Number(beam.value), terms: terms.value });
      answer.classList.remove("soft");
      answer.textContent = found.text;
      more.replaceChildren(...details(found));
    } catch (error) {
      more.replaceChildren(note(error.message, error.wayOut));
    }
    answer.classList.remove("busy");
    go.disabled = false;
  }

  function details(found) {
    const shown = [facts([["computed in", `${found.seconds} s`], ["with", found.path], ["score", found.score.toFixed(3)]])];
    if (found.alternatives?.length > 1) {
      shown.push(h("div", null, h("h3", null, "Alternatives"), h("ol", { class: "others" }, found.alternatives.map((one) => h("li", null, one.text, h("span", { class: "soft small number" }, `  ${one.score.toFixed(3)}`))))));
    }
    for (const term of found.terms ?? []) {
      if (!term.kept) shown.push(note(`"${term.source}" is not translated as ${term.targets.join(" or ")}.`, "", "warn"));
    }
    for (const missed of found.missing ?? []) shown.push(note(`"${missed}" is not once in the translation.`, "", "warn"));
    for (const words of found.notes) shown.push(note(words, "", "warn"));
    return shown;
  }

  async function taken(file) {
    answer.classList.add("busy");
    try {
      const query = new URLSearchParams({ model: model.value, terms: terms.value });
      const found = await upload(`translation/file?${query}`, file);
      save(bytesOf(found.file), found.name);
      say(`${found.name} is translated and saved.`);
      more.replaceChildren(
        facts([["texts", found.segments], ["translated", found.translated], ["kept", found.kept], ["need a look", found.doubtful.length]]),
        ...found.doubtful.slice(0, 20).map((one) => note(`${one.place}: ${one.reason}`, "", "warn")));
    } catch (error) {
      more.replaceChildren(note(error.message, error.wayOut));
    }
    answer.classList.remove("busy");
  }

  panel.append(
    h("div", { class: "head" }, h("h2", null, "Translate"), h("p", null, "Placeholders and tags stay as they are.")),
    h("div", { class: "split" },
      h("div", { class: "card stack" }, field("Translator", model), h("div", { class: "pair" }, field("Alternatives", alternatives), field("Beam", beam)), field("Terms", terms),
        drop("A whole file", ".po,.pot,.tmx,.xlf,.xliff,.txt,.tsv,.jsonl,.md", taken)),
      h("form", { class: "card stack", onsubmit: translate }, h("div", { class: "two" }, text, answer), h("div", { class: "row" }, go), more)));
  text.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.target.form.requestSubmit(); });
  return {};
}
