// A prompt as its author sees it. It is HTML from somebody: parsed into a document that is never shown, then copied
// element by element from the short list below. No attribute but href, src and alt is read.

import { promptImage } from "../api.js";
import { h } from "../dom.js";
import { split } from "../tokens.js";
import { lazyImage } from "./image.js";

const KEPT = new Set(
  ("p br hr b strong i em u s del mark code pre kbd sub sup span div ul ol li blockquote " +
    "table thead tbody tr th td").split(" "),
);
const HEADING = /^h([1-6])$/;
const WITH_TEXT = new Set(["script", "style", "template", "iframe", "object", "noscript", "svg", "math", "head", "title"]);
const DEEPEST = 60;
const TAG = /<\/?[a-z][^<>]*>|&(?:[a-z]+|#\d+|#x[0-9a-f]+);/i;

const policy = globalThis.trustedTypes?.createPolicy("prompt", { createHTML: (text) => text });

export function prompt(text) {
  if (!TAG.test(text)) return h("div", { class: "prompt plain" }, words(text));
  return h("div", { class: "prompt" }, copies(parse(text).body, 0));
}

// A document that is never shown and runs nothing; what is shown is copied out of it.
export function parse(text) {
  return new DOMParser().parseFromString(policy ? policy.createHTML(text) : text, "text/html");
}

// Text in which each placeholder stands out and says what it is.
export function words(text) {
  const said = { input: "input", secret: "secret", runtime: "runtime value" };
  return split(text).map(({ kind, text: part }) => {
    if (kind === "text" || kind === "literal") return part;
    return h("span", { class: `token ${kind}`, title: said[kind] }, part);
  });
}

function copies(node, depth) {
  return depth > DEEPEST ? words(node.textContent) : [...node.childNodes].map((child) => copy(child, depth + 1));
}

function copy(node, depth) {
  if (node.nodeType === Node.TEXT_NODE) return words(node.data);
  if (node.nodeType !== Node.ELEMENT_NODE) return null;
  const name = node.localName;
  const heading = HEADING.exec(name);
  if (WITH_TEXT.has(name)) return null;
  if (heading) return h("p", { class: `heading h${heading[1]}` }, copies(node, depth));
  if (name === "img") return image(node);
  if (name === "a") return link(node, depth);
  return KEPT.has(name) ? h(name, {}, copies(node, depth)) : copies(node, depth);
}

function link(node, depth) {
  const target = node.getAttribute("href") ?? "";
  const inside = copies(node, depth);
  if (!/^(https?:\/\/|mailto:)/i.test(target)) return h("span", { class: "link", title: target }, inside);
  return h("a", { href: target, target: "_blank", rel: "noopener noreferrer", title: target }, inside);
}

function image(node) {
  const source = node.getAttribute("src") ?? "";
  const alt = node.getAttribute("alt") ?? "";
  if (source.startsWith("supabase://workflow-prompt-images/")) return lazyImage(() => promptImage(source), alt, "asset");
  return h("span", { class: "asset missing" }, `image not shown: ${alt || source.slice(0, 120) || "no source"}`);
}
