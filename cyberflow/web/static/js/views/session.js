// One session: its chain as a graph that is alive, when each step ran, what each was given and gave, and how to go on.

import { get, isId, patch } from "../api.js";
import { learn, machineName, workflowName } from "../catalog.js";
import { group } from "../chains.js";
import { h, keyed, replace } from "../dom.js";
import { errorsOf, isLive } from "../format.js";
import { attachments } from "../parts/attachments.js";
import { conversation } from "../parts/conversation.js";
import { confirm } from "../parts/dialog.js";
import { drawing, mark } from "../parts/drawing.js";
import { tree } from "../parts/json.js";
import { facts, id as idView, lasting, section, secretNames, status, when } from "../parts/pieces.js";
import { prompt } from "../parts/prompt.js";
import { sourceOf } from "../parts/sources.js";
import { timeline } from "../parts/timeline.js";
import { PART, part } from "../parts/part.js";
import { pace, poll } from "../poll.js";
import { drawingOf, learnSessions, project, ranBy } from "../project.js";
import { goOn } from "../parts/commands.js";

export function session(root, { id, query, ready, fail, missing }) {
  if (!isId(id)) return missing();
  const head = h("div", { class: "head run-head" });
  const graph = h("div", { class: "graph", tabindex: "0", role: "region", "aria-label": "The chain" });
  const main = h("div", { class: "main" });
  const aside = h("div", { class: "aside" });
  replace(root, head, graph, h("div", { class: "split" }, main, aside));
  const drawn = { name: null, svg: null };
  let quiet = 0;
  let before = "";
  let chosen = query.get("step");

  const asking = poll(async () => {
    const held = await read(id);
    if (!held) return missing();
    await learnSessions();
    const about = await project();
    const declared = ranBy(held, about);
    await draw(declared);
    const step = held.runs.find((run) => run.session_alias === chosen) ?? current(held);
    const [run, files] = await Promise.all([get(`/v1/runs/${step.id}`), get("/v1/run-attachments", { run_id: step.id, limit: 200 })]);
    const now = JSON.stringify([held, run, files, declared?.name]);
    quiet = now === before ? quiet + 1 : 0;
    if (now !== before) show(held, declared, run, files.items);
    before = now;
    ready(`${declared?.name ?? "Session"} · ${status(held.status).textContent}`);
    return pace(held.runs.some((one) => isLive(one.status)), quiet);
  }, (error) => (error.status === 404 ? missing() : fail(error)));

  async function draw(declared) {
    if (drawn.name === (declared?.name ?? "")) return;
    drawn.name = declared?.name ?? "";
    drawn.svg = declared ? drawing(await drawingOf(declared.name)) : null;
    replace(graph, drawn.svg);
    graph.hidden = !drawn.svg;
  }

  function choose(alias) {
    chosen = alias;
    history.replaceState(null, "", `#/sessions/${id}?step=${encodeURIComponent(alias)}`);
    asking.now();
  }

  function show(held, declared, run, files) {
    const states = Object.fromEntries(held.runs.map((one) => [one.session_alias, one.status]));
    if (drawn.svg) mark(drawn.svg, states, (alias) => (alias in states ? () => choose(alias) : null));
    keyed(head, [part("head", [held.status, declared?.name, held.runs.length], () => headline(held, declared))], PART);
    keyed(main, [
      part("timeline", [held.runs.map((one) => [one.id, one.status, one.started_at, one.ended_at]), run.id], () => section("Timeline", timeline(held, { current: run.id, choose }))),
      part(`step ${run.id}`, [run.status, run.session_alias, run.error], () => stepHead(run)),
      run.main_prompt ? part(`prompt ${run.id}`, run.main_prompt, () => section("The prompt, as the agent read it", h("div", { class: "paper" }, prompt(run.main_prompt)))) : null,
      part(`talk ${run.id}`, [run.started_at !== null], () => section("What happened", run.started_at ? h("ol", { class: "talk", "data-talk": true }) : h("p", { class: "none" }, isLive(run.status) ? "It waits for its turn." : "It ended before it started."))),
    ].filter(Boolean), PART);
    const talk = main.querySelector("[data-talk]");
    if (talk) conversation(talk, run);
    keyed(aside, asideParts(held, declared, run, files), PART);
  }

  function headline(held, declared) {
    const live = held.runs.some((one) => isLive(one.status));
    const cancel = live ? h("button", { type: "button", class: "button danger", "data-focus": "cancel" }, "Cancel") : null;
    cancel?.addEventListener("click", async () => {
      await confirm({
        title: "Cancel this chain?",
        body: h("p", {}, "The step that runs stops where it is, those after it do not run, and the machine is released."),
        yes: "Cancel chain",
        act: async () => {
          for (const one of held.runs.filter((other) => isLive(other.status))) await patch(`/v1/runs/${one.id}`, { status: "cancelled" });
        },
      });
      asking.now();
    });
    const name = declared ? h("a", { href: `#/chains/${encodeURIComponent(declared.name)}` }, declared.name) : held.runs.map((one) => one.session_alias ?? workflowName(one.workflow_id)).join(" → ");
    return h("div", { class: "headline" },
      h("div", {}, h("p", { class: "crumbs" }, h("a", { href: "#/runs" }, "Runs")), h("h1", { tabindex: "-1" }, name)),
      h("div", { class: "actions" }, status(held.status), cancel));
  }

  return () => asking.stop();
}

async function read(id) {
  const fields = ["session_id", "session_alias", "started_at", "ended_at", "error"];
  const { items } = await get("/v1/runs", { session_id: id, fields, sort_mode: "created_at_desc", limit: 1000 });
  if (!items.length) return null;
  await Promise.all([learn("workflow", items.map((run) => run.workflow_id)), learn("machine", items.map((run) => run.machine_id))]);
  return group(items)[0];
}

// The step that someone wants to see who did not say which: the one that runs, that failed, or the last.
function current(held) {
  return held.runs.find((run) => isLive(run.status) && run.status !== "scheduling") ?? held.runs.find((run) => !["success", "scheduling"].includes(run.status)) ?? held.runs.findLast((run) => run.status === "success") ?? held.runs[0];
}

function stepHead(run) {
  return h("section", { class: "section step-head" },
    h("h2", {}, h("a", { href: `#/runs/${run.id}` }, run.session_alias ?? workflowName(run.workflow_id)), " ", h("span", { class: "hint" }, workflowName(run.workflow_id)), " ", status(run.status)),
    errorsOf(run).map((text) => h("div", { class: `callout ${run.status}` }, h("p", {}, text))));
}

function asideParts(held, declared, run, files) {
  const step = declared?.steps?.find((one) => one.id === run.session_alias);
  const secrets = Object.keys(run.sensitive_input_aliases ?? {});
  const inputs = Object.entries(run.input_values ?? {});
  return [
    part("facts", [held.status, held.started_at, held.ended_at, held.machine_id], () => section("Details", facts([
      ["Duration", lasting(held)],
      ["Created", when(held.created_at)],
      ["Machine", held.machine_id ? h("a", { href: "#/machines" }, machineName(held.machine_id)) : "–"],
      ["Session", idView(held.session ?? held.id, "session id")],
    ]))),
    part(`inputs ${run.id}`, [run.input_values, secrets, step], () => section(`Inputs of ${run.session_alias ?? "this run"}`,
      inputs.length ? h("dl", { class: "given" }, inputs.map(([name, value]) => h("div", {}, h("dt", {}, h("code", {}, name), " ", sourceOf(step?.inputs[name])), h("dd", {}, tree(value, name))))) : h("p", { class: "none" }, "None."),
      secrets.length ? secretNames(secrets) : null)),
    part(`outputs ${run.id}`, [run.output_data, run.status], () => section("Outputs", run.output_data ? tree(run.output_data, "outputs") : h("p", { class: "none" }, isLive(run.status) ? "They are there when it has ended." : "None."))),
    files.length ? part(`files ${run.id}`, files, () => section("Attachments", attachments(files))) : null,
    declared ? part("goon", [held.status, run.id, declared], () => section("Go on", goOn(held, declared, run))) : null,
  ].filter(Boolean);
}
