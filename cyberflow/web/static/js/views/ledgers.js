// The project's ledgers: batches, pipelines and scripts, how far each is, what failed, and what waits for a person.

import { get, post } from "../api.js";
import { h, icon, keyed, replace } from "../dom.js";
import { count, moment } from "../format.js";
import { command } from "../parts/commands.js";
import { drawing, mark } from "../parts/drawing.js";
import { inputField, readFields } from "../parts/form.js";
import { PART, part } from "../parts/part.js";
import { blank, facts, section, status } from "../parts/pieces.js";
import { pace, poll } from "../poll.js";
import { drawingOf, project } from "../project.js";

const GOOD = ["success", "completed", "skipped"];

export function ledgers(root, { ready, fail, missing }) {
  const body = h("div", { class: "list plain" });
  const none = blank("No ledgers yet.", h("p", {}, "A batch or a pipeline writes one, in .cyberflow/ledgers:"), h("pre", {}, h("code", {}, "cyberflow run NAME --each rows.csv")));
  replace(root, h("div", { class: "head" }, h("h1", { tabindex: "-1" }, "Ledgers")), body, none);
  const asking = poll(async () => {
    const found = await get("/project/ledgers.json");
    keyed(body, found.map((one) => part(one.name, one, () => row(one))), PART);
    body.hidden = !found.length;
    none.hidden = found.length > 0;
    ready();
    return pace(false, 20);
  }, (error) => (error.status === 404 ? missing() : fail(error)), ["ledgers"]);
  return () => asking.stop();
}

// Pure: no ledger holds a secret, so that whoever goes on says again where each is.
export function resumption(path, secrets) {
  return ["cyberflow", "run", "--resume", path, ...secrets.filter((one) => !one.has_source).flatMap(({ name }) => ["-s", `${name}=env:${name.toUpperCase()}`])];
}

function row(one) {
  return h("a", { class: "row", href: `#/ledgers/${encodeURIComponent(one.name)}` },
    h("div", { class: "name" }, h("span", { class: "title" }, one.name), h("span", { class: "of" }, one.problem ?? `${one.kind} of ${one.runs} on ${one.target}`), waitLines(one)),
    one.counts ? counts(one.counts) : null);
}

// Pure: what an open wait waits for and until when, in a line.
export function waitText(wait, now) {
  const due = wait.due ? moment(wait.due * 1000) : null;
  const isOver = wait.due && wait.due * 1000 <= now;
  const then = "; it is taken when the pipeline goes on";
  if (wait.is_answered) return `was answered${then}`;
  if (!wait.question) return isOver ? `waited until ${due}${then}` : `waits until ${due}`;
  return `${isOver ? `nobody answered until ${due}` : `waits for an answer${due ? ` until ${due}` : ""}`}: ${wait.question}`;
}

function waitLines(one) {
  return (one.waits ?? []).map((wait) => h("p", { class: "hint" }, h("code", {}, wait.id), " ", waitText(wait, Date.now())));
}

function counts(found) {
  return h("span", { class: "counts" }, Object.entries(found).map(([name, number]) => h("span", { class: `chip count ${tone(name)}` }, `${number} ${name}`)));
}

function tone(name) {
  return GOOD.includes(name) ? "success" : name.replace(/[^a-z_]/g, "");
}

export function ledger(root, { id, ready, fail, missing }) {
  const name = decodeURIComponent(id);
  const head = h("div", { class: "head run-head" });
  const graph = h("div", { class: "graph", tabindex: "0", role: "region", "aria-label": "The pipeline", hidden: true });
  const main = h("div", { class: "main" });
  const aside = h("div", { class: "aside" });
  replace(root, head, graph, h("div", { class: "split" }, main, aside));
  let svg = null;
  const asking = poll(async () => {
    const one = await get(`/project/ledgers/${encodeURIComponent(name)}`);
    const declared = (await project())?.runnables.find((each) => each.name === one.runs);
    if (one.kind === "pipeline" && !svg && declared) {
      replace(graph, (svg = drawing(await drawingOf(one.runs))));
      graph.hidden = false;
    }
    if (svg) mark(svg, one.steps);
    keyed(head, [part("head", [one.name, one.counts, one.waits], () => headline(one))], PART);
    const waits = one.entries.filter(({ waits: wait }) => wait?.question && !wait.is_answered);
    const rest = one.entries.filter((entry) => !waits.includes(entry));
    keyed(main, [
      waits.length ? part("waits", waits, () => section("Waits for an answer", waits.map((entry) => waitView(one, entry, asking)))) : null,
      part("entries", rest, () => section("Entries", entryTable(rest), one.left_out ? h("p", { class: "hint" }, `${one.left_out} more are in the file`) : null)),
    ].filter(Boolean), PART);
    keyed(aside, [
      part("facts", [one.runs, one.target, one.total], () => section("Details", facts([["Kind", one.kind], ["Runs", h("a", { href: `#/chains/${encodeURIComponent(one.runs)}` }, one.runs)], ["Target", one.target], one.total ? ["Rows", String(one.total)] : null]))),
      part("go", [one.path, declared?.secrets], () => section("Go on", one.kind === "script" ? h("p", {}, "Start the script again: what it has done it knows.") : command(resumption(one.path, declared?.secrets ?? [])))),
    ], PART);
    ready(name);
    return pace(false, 20);
  }, (error) => (error.status === 404 ? missing() : fail(error)), ["ledgers"]);
  return () => asking.stop();
}

function headline(one) {
  const total = Object.values(one.counts).reduce((sum, number) => sum + number, 0);
  const done = Object.entries(one.counts).filter(([name]) => GOOD.includes(name)).reduce((sum, [, number]) => sum + number, 0);
  return h("div", { class: "headline" },
    h("div", {}, h("p", { class: "crumbs" }, h("a", { href: "#/ledgers" }, "Ledgers")), h("h1", { tabindex: "-1" }, one.name), h("p", { class: "under" }, counts(one.counts)), waitLines(one)),
    h("progress", { max: Math.max(total, 1), value: done, "aria-label": `${done} of ${count(total, "entry", "entries")}` }));
}

function entryTable(entries) {
  if (!entries.length) return h("p", { class: "none" }, "Nothing was sent yet.");
  return h("ul", { class: "brief entries" }, entries.map((entry) => h("li", {}, h(entry.session_id || entry.run_ids.length ? "a" : "div", { class: "line", href: entry.session_id ? `#/sessions/${entry.session_id}` : entry.run_ids.length && entry.kind !== "task" ? `#/runs/${entry.run_ids[0]}` : null },
    status(entry.status), h("code", { class: "grow" }, entry.id), entry.attempt > 1 ? h("span", { class: "hint" }, `attempt ${entry.attempt}`) : null, entry.error ? h("span", { class: "why" }, entry.error) : null, entry.waits ? h("span", { class: "hint" }, waitText(entry.waits, Date.now())) : null))));
}

// One field for each output that the answer has; booleans are two buttons when there is nothing else to say.
function waitView(one, entry, asking) {
  const wanted = Object.entries(entry.waits.outputs ?? {});
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const fields = wanted.map(([name, { schema, required }]) => inputField({ name, type: [schema.type].flat().join(" or "), required, schema }));
  const needed = wanted.filter(([, { required }]) => required).map(([name]) => name);
  const send = async (read) => {
    problem.hidden = true;
    try {
      await post(`/project/ledgers/${encodeURIComponent(one.name)}/answers`, { step: entry.id, outputs: read() });
      asking.now();
    } catch (error) {
      problem.hidden = false;
      replace(problem, error.message);
    }
  };
  const yesNo = wanted.length === 1 && wanted[0][1].schema.type === "boolean";
  const buttons = yesNo ? [["Yes", () => ({ [wanted[0][0]]: true })], ["No", () => ({ [wanted[0][0]]: false })]] : [["Answer", () => readFields(fields)]];
  return h("div", { class: "wait" },
    h("p", {}, icon("lock"), " ", entry.waits.question),
    entry.waits.due ? h("p", { class: "hint" }, `${entry.waits.due * 1000 > Date.now() ? "until" : "its time was over at"} ${moment(entry.waits.due * 1000)}`) : null,
    yesNo ? null : fields.map((field) => field.view),
    h("div", { class: "tools" }, buttons.map(([text, read]) => h("button", { type: "button", class: "button", on: { click: () => send(read) } }, text))),
    command(["cyberflow", "runs", "signal", one.path, entry.id, ...needed.flatMap((name) => ["-i", `${name}=${yesNo ? "true" : "…"}`])]), problem);
}
