// A drawing of the project, an SVG of our own making with names that anybody chose: parsed into a document that is never
// shown, then copied element by element from the short list below. Steps bear the state that they are in.

import { parse } from "./prompt.js";

const SVG = "http://www.w3.org/2000/svg";
const SHAPES = new Set(["svg", "g", "rect", "path", "circle", "text", "tspan", "title"]);
const KEPT = new Set(
  ("width height viewBox role aria-labelledby class x y rx cx cy r d id text-anchor data-step").split(" "),
);

export function drawing(text) {
  const found = parse(text).querySelector("svg");
  const copied = found ? copy(found) : document.createElementNS(SVG, "svg");
  copied.classList.add("drawing");
  return copied;
}

// `states` gives the status of a step by its name; a step that it does not know bears none. `go` is what a click does.
export function mark(svg, states, go = null) {
  if (go) svg.setAttribute("role", "group");
  for (const node of svg.querySelectorAll("[data-step]")) {
    const status = states[node.dataset.step];
    if (status === undefined) node.removeAttribute("data-status");
    else if (node.dataset.status !== status) node.setAttribute("data-status", status);
    if (!go || !go(node.dataset.step) || node.hasAttribute("tabindex")) continue;
    node.setAttribute("tabindex", "0");
    node.setAttribute("role", "button");
    const follow = () => go(node.dataset.step)?.();
    node.addEventListener("click", follow);
    node.addEventListener("keydown", (event) => ["Enter", " "].includes(event.key) && follow());
  }
}

function copy(node) {
  const made = document.createElementNS(SVG, node.localName);
  for (const { name, value } of node.attributes) if (KEPT.has(name)) made.setAttribute(name, value);
  for (const child of node.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) made.append(child.data);
    else if (child.nodeType === Node.ELEMENT_NODE && SHAPES.has(child.localName)) made.append(copy(child));
  }
  return made;
}
