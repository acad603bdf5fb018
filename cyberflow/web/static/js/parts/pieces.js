// Small things that every view shows: a status, an instant, a running duration, chips, sections.

import { all, h, icon } from "../dom.js";
import { ago, counting, duration, isLive, label, moment, short, span } from "../format.js";
import { isOwnTag } from "../marker.js";
import { copyButton } from "./json.js";

const COLOR = /^#[0-9a-f]{3,8}$/i;
const SHAPES = { connected: "success", disconnected: "cancelled", pending: "scheduling", waiting: "scheduling", sending: "scheduling", accepted: "running", completed: "success", refused: "error", skipped: "cancelled", failed: "error", infra_error: "error" };
const KNOWN = ["scheduling", "running", "running_checks", "success", "task_failed", "error", "cancelled"];

export function status(name, { quiet = false } = {}) {
  const shape = Object.hasOwn(SHAPES, name) ? SHAPES[name] : KNOWN.includes(name) ? name : "unknown";
  const text = label(name);
  return h("span", { class: `status ${shape}`, title: quiet ? text : null }, icon(shape), h("span", { class: quiet ? "sr" : "" }, text));
}

export function when(instant) {
  if (!instant) return h("span", { class: "none" }, "–");
  return h("time", { datetime: instant, title: moment(instant), "data-ago": instant }, ago(instant, Date.now()));
}

// Counting while it is live: the ticker below keeps it going.
export function lasting({ status: name, started_at: from, ended_at: to }) {
  if (!from) return h("span", { class: "none" }, "–");
  if (!to && isLive(name)) return h("span", { "data-since": from }, counting(Date.now() - Date.parse(from)));
  return h("span", {}, duration(span(from, to ?? from)));
}

export function tick(now = Date.now()) {
  for (const element of all("[data-since]")) write(element, counting(now - Date.parse(element.dataset.since)));
  for (const element of all("[data-ago]")) write(element, ago(element.dataset.ago, now));
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function tag({ name, color, emoji }) {
  const chip = h("span", { class: isOwnTag(name) ? "chip own" : "chip" });
  if (COLOR.test(color ?? "")) {
    chip.append(h("i", { class: "spot" }));
    chip.style.setProperty("--spot", color);
  }
  chip.append(emoji ? `${emoji} ${name}` : name);
  return chip;
}

export function secretNames(names) {
  return h("ul", { class: "chips" }, names.map((name) => h("li", {}, h("code", { class: "token secret" }, `{$${name}}`))));
}

export function id(value, name) {
  return h("span", { class: "id" }, h("code", { title: value }, short(value)), copyButton(() => value, name));
}

export function section(title, ...children) {
  return h("section", { class: "section" }, h("h2", {}, title), children);
}

export function facts(pairs) {
  return h("dl", { class: "facts" }, pairs.filter(Boolean).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

export function blank(title, ...children) {
  return h("div", { class: "blank" }, h("p", { class: "title" }, title), children);
}
