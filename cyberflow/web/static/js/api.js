// The REST API of this origin: one key, one way of asking, errors as ApiError. Nothing else on the page fetches.

const STORED = "cyberflow-key";
const SIGNED_FOR = 45 * 60 * 1000;
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

let key = "";
const signed = new Map();

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }

  get asksForKey() {
    return this.status === 401;
  }
}

// Begin: which key, which project. A key in the fragment (#key=…) is kept for this tab and taken out of the address.
export async function begin() {
  if (location.hash.startsWith("#key=")) {
    useKey(decodeURIComponent(location.hash.slice(5)));
    history.replaceState(null, "", `${location.pathname}#/runs`);
  }
  const session = await read(await send("/session.json"));
  key = sessionStorage.getItem(STORED) || session.key;
  return session;
}

export function useKey(given) {
  key = given;
  sessionStorage.setItem(STORED, given);
}

export function isId(text) {
  return UUID.test(text);
}

export async function get(path, params = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const one of [value].flat()) if (one !== undefined && one !== null && one !== "") query.append(name, one);
  }
  const text = query.toString();
  return read(await send(text ? `${path}?${text}` : path));
}

export async function patch(path, body) {
  const headers = { "Content-Type": "application/json" };
  return read(await send(path, { method: "PATCH", headers, body: JSON.stringify(body) }));
}

export async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  return read(await send(path, { method: "POST", headers, body: JSON.stringify(body) }));
}

// The text of an answer that goes on, piece by piece as it comes.
export async function* stream(path) {
  const response = await send(path);
  if (!response.ok) await read(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

// Save a file that needs the key: as a blob, under the name given.
export async function download(path, filename) {
  const response = await send(path);
  if (!response.ok) await read(response);
  const url = URL.createObjectURL(new Blob([await response.blob()], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = filename;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

export function promptImage(address) {
  const path = String(address).replace("supabase://workflow-prompt-images/", "");
  return sign(address, "/v1/workflows/prompt-image/signed-url", { path });
}

export function screenshot(runId, address) {
  return sign(address, `/v1/runs/${runId}/image/signed-url`, { image_url: address });
}

// A signed URL is used again while it lasts; one that leads elsewhere is not used at all.
async function sign(address, path, params) {
  const known = signed.get(address);
  if (known && known.until > Date.now()) return known.url;
  const answer = await get(path, params);
  const url = new URL(answer.signed_url);
  if (url.origin !== location.origin) throw new ApiError(0, "the image is on another server");
  signed.set(address, { url: url.href, until: Date.now() + SIGNED_FOR });
  return url.href;
}

async function send(path, options = {}) {
  const headers = { ...options.headers };
  if (key) headers.Authorization = `Bearer ${key}`;
  try {
    return await fetch(path, { cache: "no-store", credentials: "omit", redirect: "error", ...options, headers });
  } catch {
    throw new ApiError(0, "cyberflow dev does not answer");
  }
}

async function read(response) {
  let body = null;
  try {
    body = await response.json();
  } catch {
    if (response.ok) throw new ApiError(response.status, "the answer is no JSON");
  }
  if (response.ok) return body;
  const detail = Array.isArray(body?.detail) ? body.detail[0]?.msg : body?.detail;
  const said = body?.help ? `${body.message}: ${body.help}` : (body?.message ?? detail);
  throw new ApiError(response.status, String(said ?? `the answer was ${response.status}`));
}
