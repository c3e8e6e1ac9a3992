// The four steps: upload, search, generate, confirm. The studio keeps the session; this page only remembers its name.
import { blob, bytesOf, get, post, remove, save, upload } from "./api.js";
import { drop, facts, h, note, say, svg } from "./dom.js";

const KEPT = "studio-face-session";

let name = null;
let state = null;
let photo = null;
let busy = false;
let wrong = null;
let library = null;
let examples = [];
const places = {};

const header = () => ({ "X-Face-Session": name });

async function begin() {
  state = await post("faces/session");
  name = state.session;
  sessionStorage.setItem(KEPT, name);
}

// After the page was loaded again the session goes on where it was; one that is gone is begun anew.
async function resume() {
  name = sessionStorage.getItem(KEPT);
  if (!name) return begin();
  try {
    state = await get("faces/session", header());
    await fetchPhoto();
  } catch (error) {
    if (error.status !== 409) throw error;
    await begin();
  }
}

async function fetchPhoto() {
  if (photo) URL.revokeObjectURL(photo);
  photo = state.picture ? URL.createObjectURL(await blob("faces/picture", header())) : null;
}

async function step(work) {
  if (busy) return;
  busy = true;
  wrong = null;
  draw();
  try {
    await work();
  } catch (error) {
    if (error.status === 409 && /no such session/.test(error.message)) {
      await begin();
      photo = null;
    }
    wrong = error;
  }
  busy = false;
  draw();
}

const sending = (path, content) => async () => { state = await post(`faces/${path}`, content, header()); };

// A picture is followed by a search and a first face at once: nobody uploads one to look at its landmarks only.
async function taken(file) {
  await step(async () => {
    state = await upload("faces/upload", file, header());
    await fetchPhoto();
    draw();
    await sending("search", {})();
    draw();
    await sending("generate")();
  });
}

async function chosen(number) {
  await step(async () => {
    await sending("choose", { face: number })();
    await sending("search", {})();
    draw();
    await sending("generate")();
  });
}

// -- step 1 ----------------------------------------------------------------------------------------------------------

function overlay(picture) {
  const size = Math.max(picture.width, picture.height);
  const boxes = picture.faces.map(({ box: [left, top, right, bottom] }, number) => {
    const one = svg("rect", { x: left, y: top, width: right - left, height: bottom - top, rx: size / 100, class: number === picture.face ? "chosen" : "" });
    one.addEventListener("click", () => { if (number !== picture.face) chosen(number); });
    return one;
  });
  const dots = picture.landmarks.map(([x, y]) => svg("circle", { cx: x, cy: y, r: size / 260 }));
  return svg("svg", { viewBox: `0 0 ${picture.width} ${picture.height}`, role: "img", "aria-label": "The face found, with its landmarks" }, boxes, dots);
}

function upload1() {
  const picture = state.picture;
  const area = drop(picture ? "Another photo" : "A photo of a face", "image/*", taken);
  const tries = examples.length ? h("div", { class: "stack" }, h("p", { class: "small soft" }, "or one of these rendered faces"), h("div", { class: "row" }, examples.map((one) => h("button", { class: "example", type: "button", title: one.name, "aria-label": `Try ${one.name}`, onclick: () => { const content = bytesOf(one.picture); taken(new File([content], one.name, { type: content.type })); } }, h("img", { src: one.picture, alt: "" }))))) : null;
  if (!picture) return [area, tries, h("p", { class: "small soft" }, "The photo stays in this machine's memory until the session ends. Nothing of it is saved.")];
  const [yaw, pitch, roll] = ["yaw", "pitch", "roll"].map((angle) => `${Math.round(picture.pose[angle]) || 0}°`);
  const several = picture.faces.length > 1 ? h("div", { class: "row", role: "group", "aria-label": "Which face" }, picture.faces.map((_, number) => h("button", { class: number === picture.face ? "button small main" : "button small", type: "button", "aria-pressed": number === picture.face, onclick: () => chosen(number) }, `Face ${number + 1}`))) : null;
  return [
    h("div", { class: "photo" }, h("img", { src: photo, alt: "The uploaded photo" }), overlay(picture)),
    several,
    facts([["yaw", yaw], ["pitch", pitch], ["roll", roll], ["sharpness", picture.quality.sharpness.toFixed(0)]]),
    [...picture.notes, ...picture.quality.notes].map((words) => note(`${words}.`, "", "warn")),
    area,
  ];
}

// -- step 2 ----------------------------------------------------------------------------------------------------------

function found2() {
  if (!state.found.length) return [h("p", { class: "soft" }, "The most similar people of the library stand here, only those with licence and consent.")];
  const sliders = [];
  const rows = state.found.map((one, place) => {
    const slider = h("input", { type: "range", min: 0, max: 1, step: 0.01, value: one.weight, "aria-label": `Weight of ${one.person ?? one.source}` });
    const words = h("output", { class: "number soft small" });
    const told = () => { words.textContent = `weight ${Number(slider.value).toFixed(2)}`; };
    slider.addEventListener("input", told);
    slider.addEventListener("change", () => { const weights = sliders.map((other) => Number(other.value)); if (weights.some((weight) => weight > 0)) step(sending("again", { weights, seed: state.request.seed })); });
    told();
    sliders[place] = slider;
    return h("li", null,
      one.crop ? h("img", { src: one.crop, alt: `Library face ${one.id}` }) : h("span", { class: "soft small" }, "removed"),
      h("div", null,
        h("div", { class: "who" }, h("span", null, one.person ?? one.source), h("span", { class: "number soft small" }, one.similarity.toFixed(3))),
        slider,
        h("div", { class: "row spread" }, words, state.found.length > 1 ? h("button", { class: "button small quiet", type: "button", onclick: () => step(sending("again", { drop: one.id })) }, "Drop") : null)));
  });
  const licences = [...new Set(state.found.map((one) => one.licence).filter(Boolean))].join(", ");
  return [h("ul", { class: "found" }, rows), h("p", { class: "small soft" }, `${licences ? `${licences}. ` : ""}Similarity is the cosine between two faces' vectors.`)];
}

// -- steps 3 and 4 ---------------------------------------------------------------------------------------------------

function made3() {
  const face = state.result;
  if (!face) {
    const go = state.step === "found" ? h("button", { class: "button main", type: "button", disabled: busy, onclick: () => step(sending("generate")) }, "Generate") : null;
    return [h("p", { class: "soft" }, "A new face with the pose and expression of the photo, made of the faces found."), go];
  }
  const accepted = state.step === "accepted";
  const buttons = accepted
    ? [h("button", { class: "button main", type: "button", onclick: keep }, "Save picture"), h("button", { class: "button", type: "button", onclick: keepRecord }, "Save record"), h("button", { class: "button quiet", type: "button", onclick: () => step(anew) }, "Start again")]
    : [h("button", { class: "button main", type: "button", disabled: busy, onclick: () => step(sending("accept")) }, "Accept"), h("button", { class: "button", type: "button", disabled: busy, onclick: () => step(sending("again", {})) }, "Another one")];
  return [
    h("div", { class: busy ? "made busy" : "made" }, h("img", { src: face.crop, alt: "The new face" }), h("span", { class: "badge" }, "AI-generated face")),
    h("div", { class: "row" }, buttons),
    accepted ? note("Accepted.", "The saved picture says in its metadata that it was generated, and of what.", "") : null,
    facts([["seed", face.seed], ["landmark error", face.nme === null ? "no face found in it" : face.nme.toFixed(3)], ["similarity to the photo", face.similarity_to_upload.toFixed(2)], ["tries", face.tries]]),
    h("div", { class: "near" }, face.nearest_crop ? h("img", { src: face.nearest_crop, alt: "" }) : null, h("span", null, `Nearest person of the library: ${face.nearest.similarity.toFixed(2)}. More than ${face.most_similar_allowed.toFixed(2)} is never shown.`)),
  ];
}

async function keep() {
  save(await blob("faces/result.png", header()), "new-face.png");
  say("The picture is saved, with its provenance inside.");
}

async function keepRecord() {
  save(await blob("faces/record.json", header()), "new-face.png.json");
}

async function anew() {
  await remove("faces/session", header());
  await begin();
  await fetchPhoto();
}

// -- the whole -------------------------------------------------------------------------------------------------------

function draw() {
  const now = { empty: 1, uploaded: 2, found: 3, generated: 3, accepted: 3 }[state.step];
  const contents = [upload1, found2, made3];
  contents.forEach((content, place) => {
    const card = places.cards[place];
    card.classList.toggle("now", place + 1 === now || (place + 1 < now));
    card.classList.toggle("later", place + 1 > now);
    card.lastElementChild.replaceChildren(...content().flat(Infinity).filter(Boolean));
  });
  places.root.dataset.step = state.step;
  places.root.setAttribute("aria-busy", busy);
  places.cards[Math.min(now, 3) - 1].classList.toggle("busy", busy && state.step !== "generated");
  if (!busy) places.cards.forEach((card) => card.classList.remove("busy"));
  places.wrong.hidden = !wrong;
  places.wrong.replaceChildren(...(wrong ? [note(wrong.message, wrong.wayOut)] : []));
}

export async function open(panel) {
  [library, examples] = await Promise.all([get("faces/library"), get("faces/examples")]);
  await resume();
  places.wrong = h("div", null);
  places.cards = ["Upload", "Search", "Generate and confirm"].map((words, place) => h("section", { class: "card step" }, h("header", null, h("span", { class: "count" }, place + 1), h("h3", null, words)), h("div", { class: "stack" })));
  places.root = h("div", { class: "steps" }, places.cards);
  const about = library.demo ? `the demo library: ${library.faces} rendered faces of people who do not exist` : `${library.path}: ${library.faces} faces, ${library.usable_for_generation} may be used`;
  panel.append(
    h("div", { class: "head" }, h("h2", null, "Faces"), h("p", null, `A new face in the pose of your photo, made of ${about}.`)),
    places.wrong, places.root);
  draw();
  return {};
}
