// What the page knows of the project: its names with their types, and which of them a session ran. Outside a project
// there is none, and the page shows the platform alone.

import { get } from "./api.js";
import { onChange } from "./events.js";

let overview = null;
let sessions = {};
let known = false;
let there = false;

onChange(["project"], () => (overview = null));
onChange(["platform", "ledgers"], () => (known = false));

export function useProject(isThere) {
  there = isThere;
}

// The overview, read anew after a change of the files; null outside a project.
export async function project() {
  if (there) overview ??= await get("/project/overview.json");
  return overview;
}

export async function learnSessions() {
  if (known || !there) return;
  known = true;
  sessions = await get("/project/sessions.json");
}

export async function drawingOf(name) {
  return (await get(`/project/drawings/${encodeURIComponent(name)}`)).svg;
}

export function nameOf(held) {
  return sessions[held.session ?? held.id] ?? sessions[held.id] ?? null;
}

// The declaration that a session ran: as the journal says, or else the one chain that has these steps.
export function ranBy(held, about) {
  const found = about?.runnables ?? [];
  const name = nameOf(held);
  if (name) return found.find((one) => one.name === name) ?? null;
  const aliases = held.runs.map((run) => run.session_alias);
  const fitting = found.filter((one) => one.kind === "chain" && aliases.every((alias) => one.steps?.some((step) => step.id === alias)));
  return held.session && fitting.length === 1 ? fitting[0] : null;
}
