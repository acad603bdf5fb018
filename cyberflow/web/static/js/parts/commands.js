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
  if (declared.kind !== "chain") return command(["cyberflow", "run", declared.name, "--target", "local"]);
  const failed = held.runs.find((one) => one.status !== "success");
  const first = declared.steps[0].id;
  const all = [failed && failed.session_alias !== first ? again(held, declared, failed.session_alias, `Go on at ${failed.session_alias}`) : null, again(held, declared, first, "Run again")];
  if (!failed && run.session_alias !== first) all.unshift(again(held, declared, run.session_alias, `Again, beginning with ${run.session_alias}`));
  return [all.filter(Boolean), h("p", { class: "hint" }, "With the inputs that it had. A secret is never kept: it comes from its source again.")];
}

function again(held, declared, first, label) {
  const runs = [held.runs[0].id];
  const sources = new Map(declared.secrets.filter((secret) => !secret.has_source).map(({ name }) => [name, `env:${name.toUpperCase()}`]));
  const pairs = [...sources].flatMap(([name, source]) => ["-s", `${name}=${source}`]);
  const words = ["cyberflow", "run", declared.name, "--target", "local", "--from", first, "--with", runs[0], ...pairs];
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const button = h("button", { type: "button", class: "button", "data-focus": `again ${first}` }, label);
  button.addEventListener("click", () => submit({ name: declared.name, first, runs, secrets: Object.fromEntries(sources) }, { button, problem }));
  return h("div", { class: "again" }, button, command(words), problem);
}

// Start a run, and go to what it became. What is refused is said where the button is.
export async function submit(form, { button, problem }) {
  button.disabled = true;
  problem.hidden = true;
  try {
    const { session_id: session, run_ids: runs } = await post("/project/runs", form);
    location.hash = session ? `#/sessions/${session}` : `#/runs/${runs[0]}`;
  } catch (error) {
    problem.hidden = false;
    replace(problem, error.message);
  } finally {
    button.disabled = false;
  }
}
