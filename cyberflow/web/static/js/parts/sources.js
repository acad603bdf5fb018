// Where an input of a step comes from, by what is declared: an earlier step, the chain's inputs, or a value in the file.

import { h } from "../dom.js";

export function sourceOf(declared) {
  if (declared === undefined) return null;
  return h("span", { class: "ref" }, ...sources(declared).map((text) => `← ${text} `));
}

// Pure: the refs and tokens in a declared value, or that it is a value of the file.
export function sources(declared) {
  const found = new Set(walk(declared));
  return found.size ? [...found] : ["the file"];
}

function* walk(value) {
  if (typeof value === "string") for (const [, path] of value.matchAll(/(?<!\\)<([A-Za-z_][\w.[\]]*)>/g)) yield `input ${path}`;
  if (value === null || typeof value !== "object") return;
  if (typeof value.$ref === "string") yield value.$ref;
  else for (const inner of Object.values(value)) yield* walk(inner);
}
