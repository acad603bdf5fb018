// Whose a workflow is, as a badge.

import { h } from "../dom.js";

const SAID = {
  managed: (whose) => `managed by cyberflow project ${whose.project}`,
  untagged: (whose) => `marked by cyberflow project ${whose.project}, its tag is missing`,
  copy: (whose) => `a copy of a workflow of cyberflow project ${whose.project}`,
  unfinished: (whose) => `being created by cyberflow project ${whose.project}`,
  rewritten: (whose) => `tagged by cyberflow project ${whose.project}, its schema was rewritten`,
};
const ASIDE = { untagged: "tag missing", copy: "copy", unfinished: "unfinished", rewritten: "rewritten" };

export function badge(whose, { brief = false } = {}) {
  const text = SAID[whose.standing](whose) + (whose.scope ? `, scope ${whose.scope}` : "");
  const shown = brief ? [whose.project, ASIDE[whose.standing]].filter(Boolean).join(" · ") : text;
  const title = whose.name ? `${text} as ${whose.name}` : text;
  return h("span", { class: `badge ${whose.standing}`, title }, brief ? [h("span", { class: "sr" }, text), h("span", { "aria-hidden": "true" }, shown)] : shown);
}
