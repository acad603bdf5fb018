// Machines and pools: what is there, who holds it, which parameters it supplies. Of sensitive ones only the names exist.

import { get, patch } from "../api.js";
import { learn, refresh, workflowName } from "../catalog.js";
import { h, keyed, replace } from "../dom.js";
import { count, isLive, short } from "../format.js";
import { confirm } from "../parts/dialog.js";
import { tree } from "../parts/json.js";
import { blank, facts, id as idView, secretNames, status, when } from "../parts/pieces.js";
import { pace, poll } from "../poll.js";

export function machines(root, { ready, fail }) {
  let quiet = 0;
  let before = "";
  const list = h("ul", { class: "cards" });
  const pools = h("ul", { class: "cards" });
  const foot = h("div", {});
  const under = h("h2", { class: "band", hidden: true }, "Pools");
  replace(root, h("div", { class: "head" }, h("h1", { tabindex: "-1" }, "Machines")), list, foot, under, pools);

  const asking = poll(async () => {
    const [held, grouped] = await Promise.all([refresh("machine"), get("/v1/pools", { limit: 1000 })]);
    const sessions = await runsOf(held.map((machine) => machine.reserved_session_id).filter(Boolean));
    const now = JSON.stringify([held, grouped.items, [...sessions]]);
    quiet = now === before ? quiet + 1 : 0;
    if (now !== before) show(held, grouped.items, sessions);
    before = now;
    ready();
    return pace(held.some((machine) => machine.reserved_session_id || !machine.is_available), quiet);
  }, fail);

  function show(held, grouped, sessions) {
    keyed(list, held, {
      key: (machine) => machine.id,
      // last_seen moves at every request and says nothing new.
      signature: (machine) => JSON.stringify([{ ...machine, last_seen: null }, sessions.get(machine.reserved_session_id)]),
      build: (machine) => card(machine, sessions.get(machine.reserved_session_id) ?? [], release),
    });
    keyed(pools, grouped, { key: (pool) => pool.id, signature: (pool) => JSON.stringify(pool), build: poolCard });
    under.hidden = grouped.length === 0;
    replace(foot, held.length ? null : blank("No machines.", h("p", {}, "They are made through the API: POST /v1/machines.")));
  }

  async function release(machine, runs) {
    const live = runs.filter((run) => isLive(run.status));
    const stops = live.map((run) => h("li", {}, run.session_alias ?? workflowName(run.workflow_id), " ", status(run.status)));
    await confirm({
      title: `Release ${machine.name || "this machine"}?`,
      body: live.length
        ? [h("p", {}, `The session ends, and ${count(live.length, "run")} of it ${live.length === 1 ? "is" : "are"} cancelled:`), h("ul", { class: "stops" }, stops)]
        : h("p", {}, "The session ends. Nothing of it is running, so nothing is cancelled; the machine becomes free."),
      yes: "Release",
      act: () => patch(`/v1/machines/${machine.id}`, { reserved_session_id: null }),
    });
    asking.now();
  }

  return () => asking.stop();
}

async function runsOf(sessions) {
  const fields = ["session_alias", "session_id"];
  const pages = await Promise.all(sessions.map((session) => get("/v1/runs", { session_id: session, fields, sort_mode: "created_at_desc", limit: 1000 })));
  await learn("workflow", pages.flatMap((page) => page.items.map((run) => run.workflow_id)));
  return new Map(sessions.map((session, index) => [session, pages[index].items.reverse()]));
}

function card(machine, runs, release) {
  const session = machine.reserved_session_id;
  const button = session ? h("button", { type: "button", class: "button", "data-focus": "release" }, "Release") : null;
  button?.addEventListener("click", () => release(machine, runs));
  const about = [machine.hostname !== machine.name ? machine.hostname : null, machine.os_info].filter(Boolean).join(" · ");
  return h("li", { class: "card" },
    h("div", { class: "cardhead" },
      h("h2", {}, machine.name || "Unnamed machine"),
      status(machine.status),
      h("span", { class: `chip ${machine.is_available ? "free" : ""}` }, state(machine)),
      h("span", { class: "grow" }),
      button),
    h("div", { class: "cardbody" },
      facts([
        session ? ["Session", held(session, runs)] : null,
        about ? ["System", about] : null,
        ["Pools", machine.pools?.length ? h("span", { class: "chips" }, machine.pools.map((pool) => h("span", { class: "chip" }, pool.name))) : "–"],
        machine.version ? ["Version", machine.version] : null,
        ["Created", when(machine.created_at)],
        ["Machine", idView(machine.id, "machine id")],
      ]),
      parameters(machine.machine_parameters, machine.machine_sensitive_parameters)));
}

function state(machine) {
  if (machine.reserved_session_id) return "reserved";
  if (machine.is_available) return "available";
  return machine.status === "connected" ? "at work" : "not available";
}

function held(session, runs) {
  const current = runs.find((run) => isLive(run.status)) ?? runs.at(-1);
  const alias = current ? (current.session_alias ?? workflowName(current.workflow_id)) : null;
  const done = runs.filter((run) => !isLive(run.status)).length;
  return h("span", { class: "held" },
    h("a", { href: `#/runs?${new URLSearchParams({ q: session })}` }, h("code", {}, short(session))),
    current ? h("span", { class: "hint" }, ` ${done} of ${count(runs.length, "step")} done, `, h("a", { href: `#/runs/${current.id}` }, alias)) : null);
}

function poolCard(pool) {
  return h("li", { class: "card" },
    h("div", { class: "cardhead" }, h("h3", {}, pool.name), h("span", { class: "hint" }, count(pool.machine_count ?? 0, "machine"))),
    h("div", { class: "cardbody" },
      facts([
        pool.description ? ["About", pool.description] : null,
        ["Created", when(pool.created_at)],
        ["Pool", idView(pool.id, "pool id")],
      ]),
      parameters(pool.pool_parameters, pool.pool_sensitive_parameters)));
}

function parameters(plain, sensitive) {
  const names = Object.keys(sensitive ?? {});
  const given = plain && Object.keys(plain).length;
  if (!given && !names.length) return null;
  return h("div", { class: "parameters" },
    given ? h("div", {}, h("h4", {}, "Parameters"), tree(plain, "parameters")) : null,
    names.length ? h("div", {}, h("h4", {}, "Sensitive parameters"), secretNames(names)) : null);
}
