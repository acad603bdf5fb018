// The names behind ids: workflows and machines, read once and again when an id turns up that is not among them.

import { get } from "./api.js";
import { short } from "./format.js";

const REST = 5000;
const kinds = {
  workflow: { path: "/v1/workflows", params: { limit: 1000, include: "tags" }, found: new Map(), at: -Infinity },
  machine: { path: "/v1/machines", params: { limit: 1000 }, found: new Map(), at: -Infinity },
};

export async function refresh(kind) {
  const held = kinds[kind];
  held.at = performance.now();
  const items = [];
  let page;
  do {
    page = await get(held.path, { ...held.params, skip: items.length });
    items.push(...page.items);
  } while (page.items.length && items.length < page.total);
  held.found = new Map(items.map((item) => [item.id, item]));
  return items;
}

// Learn the names of these ids. What is not there, since it was deleted say, is not asked for at every turn.
export async function learn(kind, ids) {
  const held = kinds[kind];
  const unknown = ids.some((id) => id && !held.found.has(id));
  if (unknown && performance.now() - held.at > REST) await refresh(kind);
}

export function workflowName(id) {
  const found = kinds.workflow.found.get(id);
  return found ? found.name || "Untitled workflow" : `Workflow ${short(id)}`;
}

export function machineName(id) {
  const found = kinds.machine.found.get(id);
  return found ? found.name || found.hostname || short(id) : short(id);
}
