// The list of workflows: what they are called, whose they are, how they are tagged.

import { refresh } from "../catalog.js";
import { h, icon, keyed, replace } from "../dom.js";
import { count } from "../format.js";
import { isOwnTag, standing } from "../marker.js";
import { badge } from "../parts/badge.js";
import { blank, tag, when } from "../parts/pieces.js";
import { pace, poll } from "../poll.js";

export function workflows(root, { query, ready, fail }) {
  let all = null;
  let quiet = 0;
  let text = query.get("q") ?? "";
  const search = h("input", { type: "search", value: text, placeholder: "Filter by name or tag", "aria-label": "Filter workflows", "data-search": true, autocomplete: "off", spellcheck: "false" });
  const body = h("ul", { class: "rows" });
  const foot = h("div", { class: "foot" });
  const said = h("p", { class: "sr", role: "status" });
  const head = h("div", { class: "columns", "aria-hidden": "true" }, ["Workflow", "Tags", "Changed"].map((name) => h("span", {}, name)));
  const table = h("div", { class: "list workflows", hidden: true }, head, body);
  replace(root,
    h("div", { class: "head" }, h("h1", { tabindex: "-1" }, "Workflows"),
      h("div", { class: "tools" }, h("label", { class: "search" }, icon("search"), search, h("kbd", { "aria-hidden": "true" }, "/")))),
    said, table, foot);
  search.addEventListener("input", () => {
    text = search.value;
    history.replaceState(null, "", text.trim() ? `#/workflows?${new URLSearchParams({ q: text.trim() })}` : "#/workflows");
    show();
  });

  function show() {
    if (!all) return;
    const wanted = text.trim().toLowerCase();
    const found = all.filter((one) => !wanted || wordsOf(one).includes(wanted));
    keyed(body, found, { key: (one) => one.id, signature: (one) => JSON.stringify(one), build: row });
    table.hidden = found.length === 0;
    said.textContent = wanted ? count(found.length, "result") : "";
    replace(foot, found.length ? null : all.length ? blank("No workflow fits this filter.") : nothingYet());
  }

  const asking = poll(async () => {
    const before = JSON.stringify(all);
    all = await refresh("workflow");
    quiet = JSON.stringify(all) === before ? quiet + 1 : 0;
    if (!quiet) show();
    ready();
    return pace(false, quiet);
  }, fail);
  return () => asking.stop();
}

function wordsOf(one) {
  const whose = standing(one);
  return [one.name, one.id, whose?.project, whose?.name, ...(one.tags ?? []).map((each) => each.name)].join("\n").toLowerCase();
}

function nothingYet() {
  return blank("No workflows yet.",
    h("p", {}, "In the folder of a project:"),
    h("pre", {}, h("code", {}, "cyberflow plan\ncyberflow apply")),
    h("p", { class: "hint" }, "No project yet? cyberflow init makes one."));
}

function row(one) {
  const whose = standing(one);
  const tags = (one.tags ?? []).filter((each) => !(whose && isOwnTag(each.name)));
  return h("li", { class: "group" },
    h("a", { class: "row", href: `#/workflows/${one.id}` },
      h("div", { class: "name" }, h("span", { class: "title" }, one.name || "Untitled workflow"), whose ? badge(whose, { brief: true }) : null),
      h("div", { class: "tags" }, tags.map(tag)),
      h("div", { class: "date" }, when(one.updated_at))));
}
