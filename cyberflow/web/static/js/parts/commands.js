// What the command line does, as a line to copy, with a button that does the same.

import { post } from "../api.js";
import { h, replace } from "../dom.js";
import { isLive } from "../format.js";
import { copyButton } from "./json.js";

const PLAIN = /^[\w@%+=:,./-]+$/;

// Pure: one line for a POSIX shell.
export function shell(words) {
  return words.map((word) => (PLAIN.test(word) ? word : `'${String(word).replaceAll("'", `'\\''`)}'`)).join(" ");
}

export function command(words, button = null) {
  const text = shell(words);
  return h("div", { class: "command" }, h("code", {}, text), copyButton(() => text, "the command"), button);
}

// The buttons and lines that go on from a session: from the step that failed, once more, or to its end.
export function goOn(held, declared, run) {
  const live = held.runs.some((one) => isLive(one.status));
  const id = held.session ?? held.id;
  if (live) return [h("p", { class: "hint" }, "Follow or cancel it from a terminal:"), command(["cyberflow", "runs", "watch", id, "--target", "local"]), command(["cyberflow", "runs", "cancel", id, "--target", "local"])];
  if (declared.kind !== "chain" || !declared.steps) return command(["cyberflow", "run", declared.name, "--target", "local"]);
  const failed = held.runs.find((one) => one.status !== "success");
  const first = declared.steps[0].id;
  const chosen = failed?.session_alias ?? run.session_alias;
  const given = sources(declared);
  const choices = chosen === first ? [] : [again({ held, declared, first: chosen, given }, failed ? `Go on at ${chosen}` : `Again, beginning with ${chosen}`)];
  choices.push(again({ held, declared, first, given }, "Run again"));
  const show = () => choices.forEach((choice) => choice.show());
  given.view.addEventListener("input", show);
  return [given.view, choices.map((choice) => choice.view), h("p", { class: "hint" }, "With the inputs that it had. Secrets and files are not kept: they come from where they are.")];
}

// Where the secrets and files of a run are, which nothing here has kept.
function sources(declared) {
  const fields = [
    ...declared.secrets.filter((secret) => !secret.has_source).map(({ name }) => ({ name, kind: "secrets", label: `$${name}`, value: `env:${name.toUpperCase()}` })),
    ...declared.files.map((name) => ({ name, kind: "files", label: name, value: "" })),
  ].map((field) => ({ ...field, control: h("input", { class: "field", value: field.value, placeholder: "a path, seen from the project", autocomplete: "off", spellcheck: "false" }) }));
  const of = (kind) => Object.fromEntries(fields.filter((field) => field.kind === kind && field.control.value.trim()).map(({ name, control }) => [name, control.value.trim()]));
  return { of, view: h("div", {}, fields.map(({ label, control }) => h("label", { class: "labelled" }, h("code", {}, label), control))) };
}

function again({ held, declared, first, given }, label) {
  const runs = [held.runs[0].id];
  const line = h("div", {});
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const button = h("button", { type: "button", class: "button", "data-focus": `again ${first}` }, label);
  const form = () => ({ name: declared.name, first, runs, secrets: given.of("secrets"), files: given.of("files") });
  const show = () => replace(line, command(["cyberflow", "run", declared.name, "--target", "local", "--from", first, "--with", runs[0], ...options(form())]));
  button.addEventListener("click", () => submit(form(), { button, problem }));
  show();
  return { show, view: h("div", { class: "again" }, button, line, problem) };
}

// Pure: the options that say where secrets and files are.
export function options({ secrets, files }) {
  return [...Object.entries(secrets).flatMap(([name, source]) => ["-s", `${name}=${source}`]), ...Object.entries(files).flatMap(([name, path]) => ["--file", `${name}=${path}`])];
}

// Start a run, and go to what it became. What is refused is said where the button is.
export async function submit(form, { button, problem }) {
  button.disabled = true;
  problem.hidden = true;
  try {
    const { session_id: session, run_ids: runs, ledger } = await post("/project/runs", form);
    location.hash = ledger ? `#/ledgers/${encodeURIComponent(ledger)}` : session ? `#/sessions/${session}` : `#/runs/${runs[0]}`;
  } catch (error) {
    problem.hidden = false;
    replace(problem, error.message);
  } finally {
    button.disabled = false;
  }
}
