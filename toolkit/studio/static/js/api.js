// Asking the studio: the token, errors as words, files as they come.

const TOKEN = "studio-token";

// The token stands behind # in the address that the studio printed; it is kept for this tab only.
const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  sessionStorage.setItem(TOKEN, given);
  history.replaceState(null, "", location.pathname);
}

export class Refused extends Error {
  constructor(words, wayOut, status) {
    super(words);
    this.wayOut = wayOut;
    this.status = status;
  }
}

export const limits = { upload_bytes: Infinity };

async function ask(path, options = {}) {
  const headers = new Headers(options.headers);
  const token = sessionStorage.getItem(TOKEN);
  if (token) headers.set("Authorization", `Bearer ${token}`);
  let answer;
  try {
    answer = await fetch(`/api/${path}`, { ...options, headers });
  } catch {
    throw new Refused("The studio does not answer.", "Is it still running?", 0);
  }
  if (answer.ok) return answer;
  let said = {};
  try {
    said = await answer.json();
  } catch { /* an answer without words: the number has to do */ }
  throw new Refused(said.error ?? `The studio answers ${answer.status}.`, said.way_out ?? "", answer.status);
}

export async function get(path, headers) {
  return (await ask(path, { headers })).json();
}

export async function blob(path, headers) {
  return (await ask(path, { headers })).blob();
}

export async function post(path, content, headers) {
  return (await ask(path, { method: "POST", body: JSON.stringify(content ?? {}), headers: { "Content-Type": "application/json", ...headers } })).json();
}

export async function remove(path, headers) {
  return (await ask(path, { method: "DELETE", headers })).json();
}

// A file as the body, as it is. What is too large is said here: a browser shows no answer to a body that is not taken.
export async function upload(path, file, headers) {
  if (file.size > limits.upload_bytes) {
    const limit = limits.upload_bytes / 1e6;
    throw new Refused(`${file.name} has ${(file.size / 1e6).toFixed(1)} MB; the limit is ${limit} MB.`, "Choose a smaller file.", 413);
  }
  const name = encodeURIComponent(file.name ?? "upload");
  return (await ask(path, { method: "POST", body: file, headers: { "Content-Type": "application/octet-stream", "X-File-Name": name, ...headers } })).json();
}

export function bytesOf(dataUrl) {
  const [head, body] = dataUrl.split(",");
  const bytes = Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: head.slice(5).split(";")[0] });
}

export function save(content, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
