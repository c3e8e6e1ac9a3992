// Making elements: text is always text, so nothing from outside can become markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, given, children) {
  for (const [name, value] of Object.entries(given ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "selected") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function h(name, given, ...children) {
  return fill(document.createElement(name), given, children);
}

export function svg(name, given, ...children) {
  return fill(document.createElementNS(SVG, name), given, children);
}

export function field(label, control, help) {
  return h("label", { class: "field" }, h("span", null, label), control, help ? h("small", { class: "soft" }, help) : null);
}

export function select(choices, given) {
  return h("select", given, choices.map(([value, words]) => h("option", { value }, words)));
}

export function facts(pairs) {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("dl", { class: "facts" }, shown.map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, String(value)))));
}

export function note(words, wayOut, kind = "bad") {
  return h("p", { class: `note ${kind}`, role: kind === "bad" ? "alert" : null }, h("strong", null, words), wayOut ? h("span", null, ` ${wayOut}`) : null);
}

// A place to drop a file on, click, or reach with the keyboard.
export function drop(words, accept, taken) {
  const input = h("input", { type: "file", accept, onchange: () => { if (input.files[0]) taken(input.files[0]); input.value = ""; } });
  const area = h("label", { class: "drop" }, input, h("strong", null, words), h("span", { class: "small" }, "drop it here, or click to choose"));
  area.addEventListener("dragover", (event) => { event.preventDefault(); area.classList.add("over"); });
  area.addEventListener("dragleave", () => area.classList.remove("over"));
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    area.classList.remove("over");
    if (event.dataTransfer.files[0]) taken(event.dataTransfer.files[0]);
  });
  return area;
}

let hiding = 0;

export function say(words) {
  const place = document.getElementById("says");
  place.textContent = words;
  place.classList.add("shown");
  clearTimeout(hiding);
  hiding = setTimeout(() => place.classList.remove("shown"), 5000);
}
