// One run: what it was given, what it did, what came out; live while it is.

import { get, isId, patch } from "../api.js";
import { learn, machineName, workflowName } from "../catalog.js";
import { h, keyed, replace } from "../dom.js";
import { count, errorsOf, isLive, moment } from "../format.js";
import { attachments } from "../parts/attachments.js";
import { conversation } from "../parts/conversation.js";
import { confirm } from "../parts/dialog.js";
import { tree } from "../parts/json.js";
import { PART, part } from "../parts/part.js";
import { facts, id as idView, lasting, secretNames, section, status, when } from "../parts/pieces.js";
import { prompt } from "../parts/prompt.js";
import { pace, poll } from "../poll.js";

const FIELDS = ["session_id", "session_alias", "started_at", "ended_at"];

export function run(root, { id, ready, fail, missing }) {
  if (!isId(id)) return missing();
  const head = h("div", { class: "head run-head" });
  const steps = h("nav", { class: "trail", "aria-label": "Steps of this chain" });
  const main = h("div", { class: "main" });
  const aside = h("div", { class: "aside" });
  replace(root, head, steps, h("div", { class: "split" }, main, aside));
  let quiet = 0;
  let before = "";

  const asking = poll(async () => {
    const [one, siblings, files] = await read(id);
    const now = JSON.stringify([one, siblings, files]);
    quiet = now === before ? quiet + 1 : 0;
    if (now !== before) show(one, siblings, files);
    before = now;
    ready(`${workflowName(one.workflow_id)} · ${status(one.status).textContent}`);
    const busy = isLive(one.status) || siblings.some((other) => isLive(other.status));
    return pace(busy, quiet);
  }, (error) => (error.status === 404 ? missing() : fail(error)));

  function show(one, siblings, files) {
    keyed(head, headParts(one), PART);
    keyed(steps, siblings.length > 1 ? siblings : [], {
      key: (other) => other.id,
      signature: (other) => JSON.stringify(other),
      build: (other) => step(other, other.id === one.id),
    });
    steps.hidden = siblings.length < 2;
    keyed(main, mainParts(one), PART);
    keyed(aside, asideParts(one, files), PART);
    const talk = main.querySelector("[data-talk]");
    if (talk) conversation(talk, one);
  }

  function headParts(one) {
    const cancel = isLive(one.status) ? h("button", { type: "button", class: "button danger", "data-focus": "cancel" }, "Cancel run") : null;
    cancel?.addEventListener("click", () => ask(one));
    return [part("head", [one.status, one.session_alias, workflowName(one.workflow_id)], () =>
      h("div", { class: "headline" },
        h("div", {},
          h("p", { class: "crumbs" }, h("a", { href: "#/runs" }, "Runs")),
          h("h1", { tabindex: "-1" }, workflowName(one.workflow_id), one.session_alias ? h("span", { class: "alias-of" }, one.session_alias) : null)),
        h("div", { class: "actions" }, status(one.status), cancel)))];
  }

  async function ask(one) {
    const later = one.session_id ? "The steps of its chain that have not run yet are cancelled with it, and the session's machine is released." : "Its machine becomes free.";
    await confirm({
      title: "Cancel this run?",
      body: h("p", {}, `“${workflowName(one.workflow_id)}” stops where it is. ${later}`),
      yes: "Cancel run",
      act: () => patch(`/v1/runs/${id}`, { status: "cancelled" }),
    });
    asking.now();
  }

  return () => asking.stop();
}

async function read(id) {
  const [one, files] = await Promise.all([get(`/v1/runs/${id}`), get("/v1/run-attachments", { run_id: id, limit: 1000 })]);
  const session = one.session_id ? (await get("/v1/runs", { session_id: one.session_id, fields: FIELDS, sort_mode: "created_at_desc", limit: 1000 })).items.reverse() : [];
  await Promise.all([learn("workflow", [one, ...session].map((other) => other.workflow_id)), learn("machine", [one.machine_id])]);
  return [one, session, files.items];
}

function step(other, current) {
  return h("a", { href: `#/runs/${other.id}`, "aria-current": current ? "page" : null }, status(other.status, { quiet: true }), h("span", {}, other.session_alias ?? workflowName(other.workflow_id)));
}

function mainParts(one) {
  return [
    errorsOf(one).length ? part("error", [one.error, one.status], () => h("section", { class: `callout ${one.status}` }, h("h2", { class: "sr" }, "Error"), errorsOf(one).map((text) => h("p", {}, text)))) : null,
    part("outputs", [one.output_data, isLive(one.status)], () => section("Outputs", outputs(one))),
    one.post_run_checks?.length ? part("checks", one.post_run_checks, () => section("Checks", checks(one.post_run_checks))) : null,
    one.main_prompt ? part("prompt", one.main_prompt, () => section("Prompt of this run", prompt(one.main_prompt))) : null,
    part("talk", one.started_at !== null, () => section("What happened", talkBody(one))),
  ].filter(Boolean);
}

function talkBody(one) {
  if (one.started_at) return h("ol", { class: "talk", "data-talk": true });
  const waits = isLive(one.status) ? "It waits for its turn on a machine." : "It ended before it started.";
  return h("p", { class: "none" }, waits);
}

function outputs(one) {
  if (one.output_data !== null && one.output_data !== undefined) return tree(one.output_data, "outputs");
  return h("p", { class: "none" }, isLive(one.status) ? "They are there when the run has ended." : "None.");
}

function checks(found) {
  return h("ul", { class: "checks" }, found.map((check) => h("li", {}, status(check.status), h("span", {}, check.name), check.error_message ? h("p", { class: "hint" }, check.error_message) : null)));
}

function asideParts(one, files) {
  const secrets = Object.keys(one.sensitive_input_aliases ?? {});
  const times = [one.status, one.created_at, one.started_at, one.ended_at, one.machine_id && machineName(one.machine_id), one.session_id];
  return [
    part("facts", times, () => section("Details", facts([
      ["Duration", lasting(one)],
      ["Created", when(one.created_at)],
      ["Started", one.started_at ? h("time", { datetime: one.started_at }, moment(one.started_at)) : "–"],
      ["Ended", one.ended_at ? h("time", { datetime: one.ended_at }, moment(one.ended_at)) : "–"],
      ["Machine", one.machine_id ? h("a", { href: "#/machines" }, machineName(one.machine_id)) : "–"],
      ["Workflow", h("a", { href: `#/workflows/${one.workflow_id}` }, workflowName(one.workflow_id))],
      one.session_id ? ["Session", [h("a", { href: `#/sessions/${one.session_id}` }, "the whole chain"), " ", idView(one.session_id, "session id")]] : null,
      ["Run", idView(one.id, "run id")],
    ]))),
    part("inputs", one.input_values, () => section("Inputs", one.input_values && Object.keys(one.input_values).length ? tree(one.input_values, "inputs") : h("p", { class: "none" }, "None."))),
    secrets.length ? part("secrets", secrets, () => section("Secrets", secretNames(secrets), h("p", { class: "hint" }, `${count(secrets.length, "value")} given for this run, stored nowhere.`))) : null,
    files.length ? part("files", files, () => section("Attachments", attachments(files))) : null,
  ].filter(Boolean);
}
