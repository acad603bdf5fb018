// One workflow: its prompt as it reads, its schemas, its settings, its former versions, its last runs.

import { get, isId } from "../api.js";
import { h, keyed, replace } from "../dom.js";
import { count } from "../format.js";
import { isOwnTag, schemaOf, standing } from "../marker.js";
import { badge } from "../parts/badge.js";
import { sideBySide } from "../parts/difference.js";
import { copyButton } from "../parts/json.js";
import { PART, part } from "../parts/part.js";
import { facts, id as idView, lasting, section, status, tag, when } from "../parts/pieces.js";
import { prompt } from "../parts/prompt.js";
import { schemaView } from "../parts/schema.js";
import { pace, poll } from "../poll.js";

const FIELDS = ["session_alias", "started_at", "ended_at"];
const COMPARED = {
  name: "title",
  main_prompt: "prompt",
  input_schema: "inputs",
  output_schema: "outputs",
  includes_file_exports: "exports",
  is_webhooks_enabled: "webhooks",
  terminal_command_allowlist: "terminal",
  model_metadata: "models",
  post_run_checks: "checks",
  post_run_check_failure_cleanup_prompt: "cleanup",
};

export function workflow(root, { id, ready, fail, missing }) {
  if (!isId(id)) return missing();
  const head = h("div", { class: "head run-head" });
  const main = h("div", { class: "main" });
  const aside = h("div", { class: "aside" });
  replace(root, head, h("div", { class: "split" }, main, aside));
  let quiet = 0;
  let before = "";
  let models = null;

  const asking = poll(async () => {
    const [one, versions, runs] = await Promise.all([
      get(`/v1/workflows/${id}`, { include: "tags,post_run_checks" }),
      get(`/v1/workflows/${id}/versions`),
      get("/v1/runs", { workflow_id: id, fields: FIELDS, sort_mode: "created_at_desc", limit: 8 }),
    ]);
    models ??= await modelNames(one);
    const now = JSON.stringify([one, versions, runs]);
    quiet = now === before ? quiet + 1 : 0;
    if (now !== before) show(one, versions, runs);
    before = now;
    ready(one.name || "Untitled workflow");
    return pace(false, quiet);
  }, (error) => (error.status === 404 ? missing() : fail(error)));

  function show(one, versions, runs) {
    keyed(head, [part("head", [one.name, one.tags, one.input_schema], () => headline(one))], PART);
    keyed(main, [
      part("prompt", one.main_prompt, () => promptSection("Prompt", one.main_prompt)),
      one.post_run_check_failure_cleanup_prompt ? part("cleanup", one.post_run_check_failure_cleanup_prompt, () => promptSection("When a check fails", one.post_run_check_failure_cleanup_prompt)) : null,
      part("inputs", one.input_schema, () => section("Inputs", schemaView(schemaOf(one.input_schema), "input schema"))),
      part("outputs", one.output_schema, () => section("Outputs", schemaView(schemaOf(one.output_schema), "output schema"))),
      one.post_run_checks?.length ? part("checks", one.post_run_checks, () => section("Checks", checks(one.post_run_checks))) : null,
      part("versions", [versions, one], () => section("Versions", versionList(one, versions))),
    ].filter(Boolean), PART);
    keyed(aside, [
      part("settings", [one, versions.length], () => section("Details", settings(one, versions, models))),
      part("runs", runs.items, () => section("Last runs", runList(runs))),
    ], PART);
  }

  return () => asking.stop();
}

function headline(one) {
  const whose = standing(one);
  const tags = (one.tags ?? []).filter((each) => !(whose && isOwnTag(each.name)));
  return h("div", { class: "headline" }, h("div", {},
    h("p", { class: "crumbs" }, h("a", { href: "#/workflows" }, "Workflows")),
    h("h1", { tabindex: "-1" }, one.name || "Untitled workflow"),
    whose || tags.length ? h("p", { class: "under" }, whose ? badge(whose) : null, tags.map(tag)) : null));
}

function promptSection(title, text) {
  const source = h("details", { class: "fold" }, h("summary", {}, "On the wire"), h("pre", { class: "source" }, h("code", {}, text)));
  return section(title, h("div", { class: "paper" }, copyButton(() => text, "prompt"), prompt(text)), source);
}

function checks(found) {
  return h("ul", { class: "checks" }, found.map((check) => h("li", {}, h("span", {}, check.name), h("code", { class: "hint" }, check.type), check.check_prompt ? prompt(check.check_prompt) : null)));
}

async function modelNames(one) {
  if (!one.model_metadata) return new Map();
  const found = await get("/v1/model-configurations");
  return new Map((Array.isArray(found) ? found : (found.items ?? [])).map((model) => [model.id, model.name]));
}

function settings(one, versions, models) {
  const used = Object.entries(one.model_metadata ?? {}).filter(([, model]) => model);
  const role = (name) => name.replace(/_id$/, "").replaceAll("_", " ");
  return facts([
    ["Changed", when(one.updated_at)],
    ["Created", when(one.created_at)],
    ["Version", String(versions.length + 1)],
    ["Exports files", one.includes_file_exports ? "yes" : "no"],
    ["Webhooks", one.is_webhooks_enabled ? "on" : "off"],
    ...used.map(([name, model]) => [role(name), models.get(model) ?? model]),
    one.terminal_command_allowlist?.length ? ["Terminal", h("ul", { class: "commands" }, one.terminal_command_allowlist.map((command) => h("li", {}, h("code", {}, command))))] : null,
    ["Workflow", idView(one.id, "workflow id")],
  ]);
}

function runList({ items, total }) {
  if (!items.length) return h("p", { class: "none" }, "It has not run yet.");
  const more = total > items.length ? h("p", { class: "hint" }, `${count(total, "run")} in all`) : null;
  return [h("ul", { class: "brief" }, items.map((run) => h("li", {}, h("a", { href: `#/runs/${run.id}` }, status(run.status), h("span", { class: "grow" }), h("span", { class: "hint" }, lasting(run)), h("span", { class: "hint date" }, when(run.created_at)))))), more];
}

// A stored version is what the next one replaced; what changed is the difference to its successor.
function versionList(one, versions) {
  if (!versions.length) return h("p", { class: "none" }, "This is the first.");
  const states = [{ ...one, version: versions.length + 1, current: true }, ...versions];
  return h("ol", { class: "versions" }, states.map((state, index) => versionView(state, states[index + 1])));
}

// Each field that an edit changed, before and after.
function fieldDifferences(state, former) {
  return Object.keys(COMPARED).filter((name) => differs(state[name], former[name])).map((name) => h("div", {}, h("h3", {}, COMPARED[name]), sideBySide(former[name], state[name])));
}

function versionView(state, former) {
  const told = former ? changes(state, former) : "created";
  const line = [h("span", { class: "number" }, `v${state.version}`), h("span", { class: "grow" }, told), h("span", { class: "hint" }, state.current ? "current" : when(state.updated_at))];
  const details = h("details", {}, h("summary", { class: "line" }, line));
  details.addEventListener("toggle", () => {
    if (!details.open || details.childElementCount > 1) return;
    details.append(former ? h("div", { class: "versus" }, fieldDifferences(state, former)) : h("div", { class: "paper small" }, prompt(state.main_prompt)));
  });
  return h("li", {}, details);
}

function changes(state, former) {
  const raw = Object.keys(COMPARED).filter((name) => differs(state[name], former[name]));
  const seen = raw.filter((name) => name !== "input_schema" || differs(schemaOf(state[name]), schemaOf(former[name])));
  if (seen.length) return seen.map((name) => COMPARED[name]).join(", ");
  return raw.length ? "marker" : "nothing";
}

function differs(now, then) {
  return JSON.stringify(withoutTimes(now)) !== JSON.stringify(withoutTimes(then));
}

function withoutTimes(value) {
  if (!Array.isArray(value)) return value ?? null;
  return value.map((one) => (one && typeof one === "object" ? { ...one, created_at: null, updated_at: null } : one));
}
