// What changed, as one stream: who shows something hears of it at once, and nobody has to ask again and again. Where
// there is no stream the pollers go on by their clocks.

import { stream } from "./api.js";

const RETRY = 2000;
const listeners = new Set();
let numbers = {};
let open = false;

export function isStreaming() {
  return open;
}

// `wake` is called when one of these numbers grew: "platform", "project", "ledgers". Answers what ends it.
export function onChange(names, wake) {
  const listener = { names, wake };
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export async function listen() {
  for (;;) {
    await hear().catch(() => null);
    const reopened = open;
    open = false;
    if (reopened) for (const { wake } of listeners) wake();
    await new Promise((resolve) => setTimeout(resolve, RETRY));
  }
}

async function hear() {
  let rest = "";
  for await (const text of stream("/project/events")) {
    open = true;
    const parts = (rest + text).split("\n\n");
    rest = parts.pop();
    for (const part of parts) if (part.startsWith("data: ")) take(JSON.parse(part.slice(6)));
  }
}

function take(now) {
  const before = numbers;
  numbers = now;
  for (const { names, wake } of listeners) if (names.some((name) => now[name] !== before[name])) wake();
}
