// When each step waited and ran, one bar below the other on one axis. Lengths are attributes of SVG, never styles.

import { h } from "../dom.js";
import { duration, isLive, span } from "../format.js";
import { status } from "./pieces.js";
import { workflowName } from "../catalog.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDE = 1000;

export function timeline(held, { current, choose }) {
  const begin = Date.parse(held.created_at);
  const end = Math.max(...held.runs.map((run) => Date.parse(run.ended_at ?? "") || 0), held.runs.some((run) => isLive(run.status)) ? Date.now() : 0, begin + 1);
  return h("ol", { class: "timeline" }, held.runs.map((run) => {
    const name = run.session_alias ?? workflowName(run.workflow_id);
    const button = h("button", { type: "button", "aria-pressed": String(run.id === current), "data-focus": run.id, class: "line" },
      status(run.status, { quiet: true }), h("span", { class: "name" }, name), bar(run, begin, end),
      h("span", { class: "hint" }, run.started_at ? duration(span(run.started_at, run.ended_at ?? new Date(end).toISOString())) : "–"));
    button.addEventListener("click", () => choose(run.session_alias));
    return h("li", {}, button);
  }));
}

function bar(run, begin, end) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDE} 10`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("class", `bar status ${run.status.replace(/[^a-z_]/g, "")}`);
  svg.setAttribute("aria-hidden", "true");
  if (run.started_at) {
    const from = place(run.started_at, begin, end);
    const to = run.ended_at ? place(run.ended_at, begin, end) : WIDE;
    const box = document.createElementNS(SVG, "rect");
    for (const [key, value] of Object.entries({ x: from, y: 1, width: Math.max(4, to - from), height: 8, rx: 2 })) box.setAttribute(key, String(value));
    svg.append(box);
  }
  return svg;
}

// Pure: where an instant stands on the axis.
export function place(instant, begin, end) {
  return Math.max(0, Math.min(WIDE, ((Date.parse(instant) - begin) / (end - begin)) * WIDE));
}
