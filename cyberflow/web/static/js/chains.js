// Runs as people think of them: a chain is the runs of one session, in order; any other run stands alone. Pure.

import { errorsOf, isLive } from "./format.js";

export const FILTERS = {
  all: { label: "All", statuses: null },
  live: { label: "Live", statuses: ["scheduling", "running", "running_checks"] },
  success: { label: "Success", statuses: ["success"] },
  failed: { label: "Failed", statuses: ["error", "task_failed"] },
  cancelled: { label: "Cancelled", statuses: ["cancelled"] },
};

// `runs` newest first, as the API lists them; the groups come in the same order, their runs oldest first.
export function group(runs) {
  const groups = new Map();
  for (const run of runs) {
    const id = run.session_id ?? run.id;
    if (!groups.has(id)) groups.set(id, { id, session: run.session_id ?? null, runs: [] });
    groups.get(id).runs.unshift(run);
  }
  return [...groups.values()].map(summed);
}

function summed(held) {
  const { runs } = held;
  const status = overall(runs.map((run) => run.status));
  const started = runs.map((run) => run.started_at).filter(Boolean).sort();
  const ended = runs.map((run) => run.ended_at).filter(Boolean).sort();
  return {
    ...held,
    status,
    created_at: runs[0].created_at,
    started_at: started[0] ?? null,
    ended_at: isLive(status) ? null : (ended.at(-1) ?? null),
    machine_id: runs.findLast((run) => run.machine_id)?.machine_id ?? null,
  };
}

// As `cyberflow run` says it: the first that did not succeed. Between two steps a chain is running.
export function overall(statuses) {
  const first = statuses.find((status) => status !== "success");
  if (first === undefined) return "success";
  if (first === "scheduling" && statuses[0] === "success") return "running";
  return first;
}

// `text` is looked for in names, aliases, ids and errors; `found` holds the ids that the server found by content.
export function matches(held, { filter, text, found, nameOf }) {
  const statuses = FILTERS[filter]?.statuses;
  if (statuses && !fits(held, filter, statuses)) return false;
  const wanted = text.trim().toLowerCase();
  if (!wanted) return true;
  return held.runs.some((run) => {
    const parts = [run.id, run.session_id, run.session_alias, nameOf(run.workflow_id), ...errorsOf(run)];
    return found?.has(run.id) || parts.some((part) => part && String(part).toLowerCase().includes(wanted));
  });
}

function fits(held, filter, statuses) {
  if (filter === "live") return held.runs.some((run) => isLive(run.status));
  return statuses.includes(held.status);
}
