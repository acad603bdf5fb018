// What the project declares to run, and one of these: its graph with the types, a form that starts it, its last runs.

import { get } from "../api.js";
import { learn } from "../catalog.js";
import { group } from "../chains.js";
import { h, keyed, replace } from "../dom.js";
import { count } from "../format.js";
import { command } from "../parts/commands.js";
import { drawing } from "../parts/drawing.js";
import { runForm } from "../parts/form.js";
import { PART, part } from "../parts/part.js";
import { blank, lasting, section, status, when } from "../parts/pieces.js";
import { pace, poll } from "../poll.js";
import { drawingOf, learnSessions, nameOf, project } from "../project.js";

const KINDS = { chain: "Chains", pipeline: "Pipelines", workflow: "Workflows", task: "Tasks" };

export function chains(root, { ready, fail, missing }) {
  const body = h("div", {});
  replace(root, h("div", { class: "head" }, h("h1", { tabindex: "-1" }, "Chains")), body);
  const asking = poll(async () => {
    const about = await project();
    if (!about) return missing();
    keyed(body, Object.entries(KINDS).map(([kind, title]) => [kind, title, about.runnables.filter((one) => one.kind === kind)]).filter(([, , found]) => found.length).map(([kind, title, found]) =>
      part(kind, found, () => section(title, h("div", { class: "list plain" }, found.map(row))))), PART);
    if (!about.runnables.length) replace(body, blank("The project declares nothing to run yet."));
    ready();
    return pace(false, 20);
  }, fail, ["project"]);
  return () => asking.stop();
}

function row(one) {
  const takes = (one.inputs ?? []).map((input) => h("code", {}, input.required ? input.name : `${input.name}?`));
  return h("a", { class: "row", href: `#/chains/${encodeURIComponent(one.name)}` },
    h("div", { class: "name" }, h("span", { class: "title" }, one.name), h("span", { class: "of" }, one.description ?? "")),
    h("div", { class: "hint takes" }, one.steps?.length ? count(one.steps.length, "step") : "", takes));
}

export function chain(root, { id, ready, fail, missing }) {
  const name = decodeURIComponent(id);
  const head = h("div", { class: "head run-head" });
  const graph = h("div", { class: "graph", tabindex: "0", role: "region", "aria-label": "The graph" });
  const main = h("div", { class: "main" });
  const aside = h("div", { class: "aside" });
  replace(root, head, graph, h("div", { class: "split" }, main, aside));
  let drawn = "";

  const asking = poll(async () => {
    const about = await project();
    const one = about?.runnables.find((each) => each.name === name);
    if (!one) return missing();
    const text = await drawingOf(name);
    if (text !== drawn) replace(graph, drawing((drawn = text)));
    await learnSessions();
    const fields = ["session_id", "session_alias", "started_at", "ended_at"];
    const { items } = await get("/v1/runs", { fields, sort_mode: "created_at_desc", limit: 200 });
    await learn("workflow", items.map((run) => run.workflow_id));
    const runs = group(items).filter((held) => nameOf(held) === name).slice(0, 12);
    keyed(head, [part("head", one, () => headline(one))], PART);
    keyed(main, [part("form", one, () => section("Run it on the local platform", one.inputs ? runForm(one) : h("p", { class: "none" }, "The project has errors; ", h("a", { href: "#/project" }, "mend them"), " first.")))], PART);
    const ledgers = one.kind === "pipeline" ? (await get("/project/ledgers.json")).filter((each) => each.runs === name) : null;
    keyed(aside, [ledgers ? part("ledgers", ledgers, () => section("Ledgers", ledgerList(ledgers))) : part("runs", runs, () => section("Last runs", runList(runs))), part("command", one, () => section("In a terminal", command(["cyberflow", "run", name]), command(["cyberflow", "show", name])))], PART);
    ready(name);
    return pace(false, 20);
  }, fail, ["project", "platform", "ledgers"]);
  return () => asking.stop();
}

function headline(one) {
  return h("div", { class: "headline" }, h("div", {},
    h("p", { class: "crumbs" }, h("a", { href: "#/chains" }, "Chains")),
    h("h1", { tabindex: "-1" }, one.name, h("span", { class: "alias-of" }, one.kind)),
    one.description ? h("p", { class: "under" }, one.description) : null));
}

function ledgerList(ledgers) {
  if (!ledgers.length) return h("p", { class: "none" }, "It has not run here yet.");
  return h("ul", { class: "brief" }, ledgers.map((each) => h("li", {}, h("a", { href: `#/ledgers/${encodeURIComponent(each.name)}` }, each.name))));
}

function runList(runs) {
  if (!runs.length) return h("p", { class: "none" }, "It has not run here yet.");
  return h("ul", { class: "brief" }, runs.map((held) => h("li", {}, h("a", { href: held.session ? `#/sessions/${held.session}` : `#/runs/${held.id}` }, status(held.status), h("span", { class: "grow" }), h("span", { class: "hint" }, lasting(held)), h("span", { class: "hint date" }, when(held.created_at))))));
}
