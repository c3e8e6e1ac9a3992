// Recordings through a vocoder: heard and seen beside the original.
import { bytesOf, get, save, upload } from "./api.js";
import { drop, facts, field, h, note, select, svg } from "./dom.js";

function wave(outline) {
  const step = 1000 / Math.max(1, outline.length);
  const loudest = Math.max(0.05, ...outline.flat().map(Math.abs));
  const bars = outline.map(([low, high], place) => {
    const top = 50 - (46 * high) / loudest;
    return svg("rect", { x: (place * step).toFixed(2), y: top.toFixed(2), width: (step * 0.8).toFixed(2), height: Math.max(0.6, (46 * (high - low)) / loudest).toFixed(2) });
  });
  return svg("svg", { viewBox: "0 0 1000 100", preserveAspectRatio: "none", fill: "currentColor", "aria-hidden": true }, bars);
}

function player(words, sound, name) {
  const content = bytesOf(sound.audio);
  const keep = h("button", { class: "button small quiet", type: "button", onclick: () => save(content, name) }, "Save");
  return h("div", { class: "sound" },
    h("div", { class: "row spread" }, h("h3", null, words), keep),
    wave(sound.outline),
    h("audio", { controls: true, src: URL.createObjectURL(content), "aria-label": words }));
}

export async function open(panel) {
  const models = await get("speech/models");
  const model = select(models.map((one) => [one.name, `${one.name} (${one.generator}, ${one.sample_rate / 1000} kHz)`]), { name: "vocoder" });
  const place = h("div", { class: "card" }, h("div", { class: "empty" }, "Upload a recording: it goes through its mel spectrogram and back."));

  async function taken(file) {
    place.classList.add("busy");
    try {
      const made = await upload(`speech/vocode?model=${encodeURIComponent(model.value)}`, file);
      const stem = made.name.replace(/\.[^.]*$/, "");
      place.replaceChildren(h("div", { class: "stack" },
        facts([["length", `${made.seconds_of_audio} s`], ["computed in", `${made.seconds} s`], ["speed", `${made.real_time_factor} x real time`], ["sample rate", `${made.sample_rate} Hz`]]),
        player("Recording", made.recording, `${stem}-recording.wav`),
        player("Vocoder", made.vocoded, `${stem}-vocoder.wav`),
        h("div", { class: "mel" }, h("img", { src: made.mel, alt: "Mel spectrograms of the recording and of the vocoder's output" }))));
    } catch (error) {
      place.replaceChildren(note(error.message, error.wayOut));
    }
    place.classList.remove("busy");
  }

  panel.append(
    h("div", { class: "head" }, h("h2", null, "Speech"), h("p", null, "What a vocoder makes of a recording.")),
    h("div", { class: "split" },
      h("div", { class: "card stack" }, field("Vocoder", model), drop("A recording", "audio/*,.wav,.flac,.ogg,.mp3", taken), h("p", { class: "small soft" }, "WAV, FLAC, Ogg or MP3, up to a minute. It is kept only until it is answered.")),
      place));
  return {};
}
