// Texts through a voice, and recordings through a vocoder: heard and seen beside the original.
import { bytesOf, get, limits, post, save, upload } from "./api.js";
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

const numbers = (made) => facts([["length", `${made.seconds_of_audio} s`], ["computed in", `${made.seconds} s`], ["speed", `${made.real_time_factor} x real time`], ["sample rate", `${made.sample_rate} Hz`]]);

const spectrogram = (made, words) => h("div", { class: "mel" }, h("img", { src: made.mel, alt: words }));

// Runs some work and shows what it gives, or what was wrong.
async function shown(place, work) {
  place.classList.add("busy");
  try {
    place.replaceChildren(h("div", { class: "stack" }, await work()));
  } catch (error) {
    place.replaceChildren(note(error.message, error.wayOut));
  }
  place.classList.remove("busy");
}

function speaking(voices) {
  const voice = select(voices.map((one) => [one.name, one.name]), { name: "voice" });
  const speaker = h("select", { name: "speaker" });
  const speakerField = field("Speaker", speaker);
  const text = h("textarea", { name: "say", rows: 4, maxlength: limits.spoken_characters, placeholder: "Text to say", "aria-label": "Text to say" });
  const speed = h("input", { type: "range", name: "speed", min: 0.5, max: 2, step: 0.05, value: 1 });
  const speedWords = h("output", { class: "number soft small" }, "1.00");
  const go = h("button", { class: "button main", type: "submit" }, "Speak");
  const place = h("div", { class: "card" }, h("div", { class: "empty" }, "Write something to say."));

  function changed() {
    const { speakers } = voices.find((one) => one.name === voice.value);
    speaker.replaceChildren(...speakers.map((name) => h("option", { value: name }, name)));
    speakerField.hidden = speakers.length < 2;
  }

  async function speak(event) {
    event.preventDefault();
    if (!text.value.trim()) return;
    go.disabled = true;
    await shown(place, async () => {
      const made = await post("speech/speak", { model: voice.value, text: text.value, speaker: speaker.value || null, speed: Number(speed.value) });
      return [numbers(made), player("Speech", made.spoken, "speech.wav"), spectrogram(made, "Mel spectrogram of the speech"), made.notes.map((words) => note(words, "", "warn"))];
    });
    go.disabled = false;
  }

  voice.addEventListener("change", changed);
  speed.addEventListener("input", () => { speedWords.textContent = Number(speed.value).toFixed(2); });
  changed();
  const form = h("form", { class: "card stack", onsubmit: speak }, field("Voice", voice), speakerField, text, field("Speed", speed), speedWords, go);
  return h("div", { class: "split" }, form, place);
}

function vocoding(vocoders) {
  const model = select(vocoders.map((one) => [one.name, `${one.name} (${one.generator}, ${one.sample_rate / 1000} kHz)`]), { name: "vocoder" });
  const place = h("div", { class: "card" }, h("div", { class: "empty" }, "Upload a recording: it goes through its mel spectrogram and back."));

  const taken = (file) => shown(place, async () => {
    const made = await upload(`speech/vocode?model=${encodeURIComponent(model.value)}`, file);
    const stem = made.name.replace(/\.[^.]*$/, "");
    return [
      numbers(made),
      player("Recording", made.recording, `${stem}-recording.wav`),
      player("Vocoder", made.vocoded, `${stem}-vocoder.wav`),
      spectrogram(made, "Mel spectrograms of the recording and of the vocoder's output"),
    ];
  });

  return h("div", { class: "split" },
    h("div", { class: "card stack" }, field("Vocoder", model), drop("A recording", "audio/*,.wav,.flac,.ogg,.mp3", taken), h("p", { class: "small soft" }, "WAV, FLAC, Ogg or MP3, up to a minute. It is kept only until it is answered.")),
    place);
}

export async function open(panel) {
  const { voices, vocoders } = await get("speech/models");
  panel.append(h("div", { class: "head" }, h("h2", null, "Speech"), h("p", null, voices.length ? "A text, said; a recording, made anew." : "What a vocoder makes of a recording.")));
  if (voices.length) panel.append(speaking(voices));
  if (vocoders.length) panel.append(vocoding(vocoders));
  return {};
}
