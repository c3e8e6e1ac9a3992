// The frame: tabs, which of them work here, and which one is shown.
import { get, limits } from "./api.js";
import { h, note } from "./dom.js";

const TABS = [
  ["images", "Images", "./images.js"],
  ["speech", "Speech", "./speech.js"],
  ["translation", "Translate", "./translate.js"],
  ["faces", "Faces", "./faces.js"],
  ["runs", "Runs", "./runs.js"],
];

const list = document.querySelector(".tabs");
const panels = document.getElementById("panels");
const opened = new Map();
let status = null;

function button(name) {
  return document.getElementById(`tab-${name}`);
}

async function fillPanel(name, module, panel) {
  const state = status.tabs[name];
  if (!state.works) {
    panel.append(note(state.why, state.way_out, "warn"));
    return null;
  }
  try {
    return (await import(module)).open(panel);
  } catch (error) {
    panel.append(note(error.message, error.wayOut));
    return null;
  }
}

async function show(name) {
  for (const [other] of TABS) {
    const chosen = other === name;
    button(other).setAttribute("aria-selected", chosen);
    button(other).tabIndex = chosen ? 0 : -1;
    document.getElementById(`panel-${other}`).hidden = !chosen;
    if (!chosen) (await opened.get(other))?.hide?.();
  }
  const [, words, module] = TABS.find(([other]) => other === name);
  document.title = `${words} - toolkit studio`;
  const panel = document.getElementById(`panel-${name}`);
  if (!opened.has(name)) opened.set(name, fillPanel(name, module, panel));
  (await opened.get(name))?.show?.();
  panel.dataset.ready = "yes";
}

function fromAddress() {
  const name = location.hash.slice(1);
  return TABS.some(([other]) => other === name) ? name : TABS[0][0];
}

function keys(event) {
  const places = { ArrowRight: 1, ArrowLeft: -1 };
  const now = TABS.findIndex(([name]) => name === fromAddress());
  let next = null;
  if (event.key in places) next = (now + places[event.key] + TABS.length) % TABS.length;
  if (event.key === "Home") next = 0;
  if (event.key === "End") next = TABS.length - 1;
  if (next === null) return;
  event.preventDefault();
  location.hash = TABS[next][0];
  button(TABS[next][0]).focus();
}

async function begin() {
  try {
    status = await get("status");
  } catch (error) {
    panels.append(note(error.message, error.wayOut));
    document.body.dataset.ready = "refused";
    return;
  }
  Object.assign(limits, status.limits);
  document.getElementById("version").textContent = status.version;
  for (const [name, words] of TABS) {
    list.append(h("button", { class: "tab", id: `tab-${name}`, role: "tab", type: "button", "aria-controls": `panel-${name}`, onclick: () => { location.hash = name; } }, words));
    panels.append(h("section", { class: "panel", id: `panel-${name}`, role: "tabpanel", "aria-labelledby": `tab-${name}`, hidden: true }));
  }
  list.addEventListener("keydown", keys);
  addEventListener("hashchange", () => show(fromAddress()));
  await show(fromAddress());
  document.body.dataset.ready = "yes";
}

begin();
