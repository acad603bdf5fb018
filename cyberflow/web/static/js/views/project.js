// The project as its files are now: the findings of check, and what a plan would do to a target. Nothing is written.

import { get, post } from "../api.js";
import { h, keyed, replace } from "../dom.js";
import { count } from "../format.js";
import { command } from "../parts/commands.js";
import { PART, part } from "../parts/part.js";
import { section } from "../parts/pieces.js";
import { sideBySide } from "../parts/difference.js";
import { pace, poll } from "../poll.js";
import { project } from "../project.js";

export function projectView(root, { ready, fail, missing }) {
  const head = h("div", { class: "head run-head" });
  const body = h("div", {});
  const plan = planSection();
  replace(root, head, body, testsSection(), plan.view);
  const asking = poll(async () => {
    const about = await project();
    if (!about) return missing();
    const findings = await get("/project/findings.json");
    keyed(head, [part("head", [about.project, about.findings], () => headline(about))], PART);
    keyed(body, [part("findings", findings, () => section("Findings", findingList(findings)))], PART);
    plan.targets(about.targets);
    ready(about.project);
    return pace(false, 20);
  }, fail, ["project"]);
  return () => asking.stop();
}

function headline(about) {
  const { error, warning } = about.findings;
  const said = error || warning ? [error && count(error, "error"), warning && count(warning, "warning")].filter(Boolean).join(", ") : "no findings";
  return h("div", { class: "headline" }, h("div", {}, h("h1", { tabindex: "-1" }, about.project), h("p", { class: "hint" }, about.root)), h("p", { class: error ? "problem" : "hint" }, said));
}

function findingList(findings) {
  if (!findings.length) return h("p", { class: "none" }, "Everything that is declared fits together.");
  return h("ul", { class: "findings" }, findings.map((one) => h("li", { class: one.severity },
    h("p", {}, h("code", { class: "rule" }, one.rule), " ", one.message),
    h("p", { class: "hint" }, h("code", {}, `${one.path}:${one.line}:${one.column}`)),
    one.help ? h("p", { class: "help" }, one.help) : null)));
}

function testsSection() {
  const button = h("button", { type: "button", class: "button" }, "Run the tests");
  const out = h("div", { "aria-live": "polite" });
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      replace(out, testsView(await post("/project/tests", {})));
    } catch (error) {
      replace(out, h("p", { class: "problem", role: "alert" }, error.message));
    }
    button.disabled = false;
  });
  return section("Tests", h("div", { class: "tools" }, button), out);
}

function testsView({ tests, coverage }) {
  if (!tests.length) return h("p", { class: "none" }, "No tests yet: write one in tests/, see cyberflow init.");
  const failed = tests.filter((test) => test.status !== "passed");
  return [
    h("p", { class: failed.length ? "problem" : "hint" }, `${tests.length - failed.length} passed, ${failed.length} failed; coverage ${coverage.percent} %`),
    h("ul", { class: "findings" }, failed.map((test) => h("li", { class: "error" },
      h("p", {}, h("code", { class: "rule" }, test.name), " ", test.trouble ?? ""),
      h("p", { class: "hint" }, h("code", {}, `${test.path}:${test.line}`)),
      test.failures.map((one) => h("div", {}, h("p", {}, h("code", {}, one.at), one.message ? ` ${one.message}` : ""), one.message ? null : sideBySide(one.expected, one.got)))))),
    Object.entries(coverage.chains).map(([name, chain]) => h("details", {}, h("summary", {}, `${name}: ${chain.hit} of ${chain.total}`), h("ul", { class: "brief" }, chain.missing.map((point) => h("li", {}, h("div", { class: "line" }, `not yet: ${point}`)))))),
  ];
}

function planSection() {
  const select = h("select", { class: "field", "aria-label": "Target" });
  const button = h("button", { type: "button", class: "button" }, "Show the plan");
  const out = h("div", { "aria-live": "polite" });
  button.addEventListener("click", async () => {
    button.disabled = true;
    replace(out, h("p", { class: "none" }, `Asking ${select.value}…`));
    try {
      replace(out, planView(await get("/project/plan.json", { target: select.value }), select.value));
    } catch (error) {
      replace(out, h("p", { class: "problem", role: "alert" }, error.message));
    }
    button.disabled = false;
  });
  const view = section("Plan", h("div", { class: "tools" }, select, button), h("p", { class: "hint" }, "A plan only reads."), out);
  return { view, targets: (names) => select.childElementCount !== names.length && replace(select, names.map((name) => h("option", {}, name))) };
}

function planView(plan, target) {
  if (!plan.changes.length) return h("p", { class: "none" }, `${target} is as the project declares it.`);
  return [
    h("ul", { class: "changes" }, plan.changes.map((change) => h("li", { class: change.action },
      h("p", {}, h("span", { class: "action" }, change.action), " ", change.kind, " ", h("strong", {}, change.name)),
      change.action === "create" ? null : change.fields.map((field) => h("details", {}, h("summary", {}, field.path), sideBySide(field.before, field.after)))))),
    command(["cyberflow", "apply", "--target", target]),
  ];
}
