// A JSON value as a tree that folds; members are made when they are first shown, long lists a hundred at a time.

import { h, icon } from "../dom.js";
import { count } from "../format.js";

const CHUNK = 100;
const LONG = 400;
const OPEN_DEPTH = 2;

export function tree(value, name = "JSON") {
  return h("div", { class: "json" }, copyButton(() => JSON.stringify(value, null, 2), name), h("div", { class: "root" }, node(value, 0)));
}

export function copyButton(text, name) {
  const button = h("button", { type: "button", class: "quiet copy", "aria-label": `Copy ${name}`, title: "Copy" }, icon("copy"));
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text());
    button.classList.add("done");
    setTimeout(() => button.classList.remove("done"), 1200);
  });
  return button;
}

function node(value, depth) {
  if (value === null || typeof value !== "object") return scalar(value);
  const ref = Object.keys(value).length === 1 && typeof value.$ref === "string" ? value.$ref : null;
  if (ref !== null && !ref.startsWith("#")) return h("span", { class: "ref", title: "taken from an earlier step when this one starts" }, `↳ ${ref}`);
  const entries = Object.entries(value);
  const isList = Array.isArray(value);
  if (!entries.length) return h("span", { class: "punct" }, isList ? "[ ]" : "{ }");
  return depth === 0 ? members(entries, isList, depth) : h("span", { class: "punct" }, isList ? "[ ]" : "{ }");
}

function members(entries, isList, depth) {
  const list = h("ul", { class: "members" });
  const add = (from) => {
    for (const [key, value] of entries.slice(from, from + CHUNK)) list.append(member(key, value, isList, depth));
    const left = entries.length - from - CHUNK;
    if (left <= 0) return;
    const more = h("button", { type: "button", class: "quiet" }, `${left} more`);
    more.addEventListener("click", () => {
      more.parentElement.remove();
      add(from + CHUNK);
    });
    list.append(h("li", {}, more));
  };
  add(0);
  return list;
}

function member(key, value, isList, depth) {
  const name = h("span", { class: isList ? "index" : "key" }, key);
  const entries = value !== null && typeof value === "object" ? Object.entries(value) : [];
  if (!entries.length || isRef(value)) return h("li", {}, name, " ", node(value, depth + 1));
  const inside = Array.isArray(value) ? count(entries.length, "item") : count(entries.length, "field");
  const details = h("details", {}, h("summary", {}, name, " ", h("span", { class: "hint" }, inside)));
  const fill = () => {
    if (details.open && details.childElementCount === 1) details.append(members(entries, Array.isArray(value), depth + 1));
  };
  details.addEventListener("toggle", fill);
  details.open = depth < OPEN_DEPTH && entries.length <= CHUNK;
  fill();
  return h("li", {}, details);
}

function isRef(value) {
  return !Array.isArray(value) && Object.keys(value).length === 1 && typeof value.$ref === "string" && !value.$ref.startsWith("#");
}

function scalar(value) {
  if (typeof value !== "string") return h("span", { class: value === null ? "null" : typeof value }, String(value));
  if (value === "__EMPTY__" || value === "__CLEAR__") return h("span", { class: "null" }, value);
  if (value.length <= LONG) return h("span", { class: "string" }, value);
  const rest = h("details", { class: "long" }, h("summary", {}, h("span", { class: "string" }, `${value.slice(0, LONG)}…`), h("span", { class: "hint" }, ` ${value.length} characters`)));
  rest.addEventListener("toggle", () => {
    if (rest.open && rest.childElementCount === 1) rest.append(h("span", { class: "string" }, value));
  });
  return rest;
}
