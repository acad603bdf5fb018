// The list of runs, chains with their steps, live.

import { machineName, learn, workflowName } from "../catalog.js";
import { FILTERS } from "../chains.js";
import { h, icon, keyed, replace } from "../dom.js";
import { Feed } from "../feed.js";
import { count, errorsOf, short } from "../format.js";
import { blank, lasting, status, when } from "../parts/pieces.js";
import { pace, poll } from "../poll.js";
import { learnSessions, nameOf } from "../project.js";

const MANY_STEPS = 8;
const TYPING = 250;
const opened = new Map();

export function runs(root, { query, ready, fail }) {
  const feed = new Feed();
  const state = { filter: query.get("status") ?? "all", text: query.get("q") ?? "" };
  if (!Object.hasOwn(FILTERS, state.filter)) state.filter = "all";
  let quiet = 0;
  let typing = null;

  const search = h("input", { type: "search", value: state.text, placeholder: "Filter by name, id, value or error", "aria-label": "Filter runs", "data-search": true, autocomplete: "off", spellcheck: "false" });
  const filters = Object.entries(FILTERS).map(([name, { label }]) => h("button", { type: "button", "data-filter": name, on: { click: () => choose({ filter: name }) } }, label));
  const body = h("div", { class: "rows" });
  const foot = h("p", { class: "foot" });
  const said = h("p", { class: "sr", role: "status" });
  const head = h("div", { class: "columns", "aria-hidden": "true" }, ["Run", "Status", "Machine", "Duration", "Created"].map((name) => h("span", {}, name)));
  const table = h("div", { class: "list runs" }, head, body);
  replace(root,
    h("div", { class: "head" }, h("h1", { tabindex: "-1" }, "Runs"),
      h("div", { class: "tools" },
        h("div", { class: "segments", role: "group", "aria-label": "Status" }, filters),
        h("label", { class: "search" }, icon("search"), search, h("kbd", { "aria-hidden": "true" }, "/")))),
    said, table, foot);

  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => choose({ text: search.value }), TYPING);
  });

  async function choose(change) {
    Object.assign(state, change);
    const kept = new URLSearchParams();
    if (state.filter !== "all") kept.set("status", state.filter);
    if (state.text.trim()) kept.set("q", state.text.trim());
    const text = kept.toString();
    history.replaceState(null, "", text ? `#/runs?${text}` : "#/runs");
    show();
    try {
      await find();
    } catch (error) {
      fail(error);
    }
  }

  async function find() {
    const asked = { ...state };
    await feed.search(asked.filter, asked.text.trim());
    if (asked.filter === state.filter && asked.text === state.text) await show();
  }

  async function show() {
    for (const button of filters) button.setAttribute("aria-pressed", String(button.dataset.filter === state.filter));
    if (feed.total === null) return;
    await learnSessions();
    const groups = feed.groups(state.filter, state.text, workflowName);
    const held = groups.flatMap((one) => one.runs);
    await Promise.all([learn("workflow", held.map((run) => run.workflow_id)), learn("machine", held.map((run) => run.machine_id))]);
    keyed(body, groups, { key: (one) => one.id, signature: mark, build: groupView });
    table.hidden = groups.length === 0;
    said.textContent = state.filter === "all" && !state.text ? "" : count(groups.length, "result");
    replace(foot, footing(groups));
  }

  function footing(groups) {
    if (!groups.length) return feed.total ? nothingFits() : nothingYet();
    if (!feed.hasMore) return null;
    const more = h("button", { type: "button", class: "button" }, "Show older runs");
    more.addEventListener("click", async () => {
      more.disabled = true;
      try {
        await feed.more();
        await show();
      } catch (error) {
        more.disabled = false;
        fail(error);
      }
    });
    return more;
  }

  function nothingFits() {
    const clear = h("button", { type: "button", class: "button" }, "Clear the filter");
    clear.addEventListener("click", () => {
      search.value = "";
      choose({ filter: "all", text: "" });
      search.focus();
    });
    return blank("No run fits this filter.", clear);
  }

  function mark(one) {
    return JSON.stringify([nameOf(one), one.runs, one.runs.map((run) => workflowName(run.workflow_id)), machineName(one.machine_id ?? "")]);
  }

  const asking = poll(async () => {
    const first = feed.total === null;
    const changed = await feed.update();
    quiet = changed ? 0 : quiet + 1;
    if (first && (state.text || state.filter !== "all")) await find();
    else if (changed || first) await show();
    ready();
    return pace(feed.isBusy, quiet);
  }, fail);

  show();
  return () => {
    clearTimeout(typing);
    asking.stop();
  };
}

function nothingYet() {
  return blank("No runs yet.",
    h("p", {}, "Put the workflows of a project on this platform, then run one of its chains:"),
    h("pre", {}, h("code", {}, "cyberflow apply\ncyberflow show        # what there is to run\ncyberflow run NAME")),
    h("p", { class: "hint" }, "This list follows along by itself."));
}

function groupView(one) {
  return one.session ? chainView(one) : h("div", { class: "group" }, runRow(one.runs[0]));
}

function chainView(one) {
  const list = h("ol", { class: "steps", id: `steps-${one.id}` }, one.runs.map((run) => h("li", {}, runRow(run, true))));
  const toggle = h("button", { type: "button", class: "quiet toggle", "aria-controls": list.id, "data-focus": "toggle" }, icon("chevron"));
  const set = (open) => {
    list.hidden = !open;
    toggle.setAttribute("aria-expanded", String(open));
    toggle.setAttribute("aria-label", open ? "Fold the steps" : "Show the steps");
  };
  set(opened.get(one.id) ?? one.runs.length <= MANY_STEPS);
  toggle.addEventListener("click", () => {
    opened.set(one.id, list.hidden);
    set(list.hidden);
  });
  const steps = one.runs.map((run) => run.session_alias ?? workflowName(run.workflow_id)).join(" → ");
  const name = nameOf(one) ?? steps;
  const dots = h("span", { class: "dots", "aria-hidden": "true" }, one.runs.slice(0, 24).map((run) => h("i", { class: `dot ${tone(run)}` })));
  return h("div", { class: "group chain" },
    h("div", { class: "row top" },
      h("div", { class: "name" }, toggle, h("a", { class: "title", href: `#/sessions/${one.session}`, title: steps }, name), name === steps ? null : h("span", { class: "of" }, steps), dots),
      h("div", { class: "state" }, status(one.status)),
      h("div", { class: "where" }, one.machine_id ? machineName(one.machine_id) : "–"),
      h("div", { class: "time" }, lasting(one)),
      h("div", { class: "date" }, when(one.created_at))),
    list);
}

function runRow(run, inChain = false) {
  const name = workflowName(run.workflow_id);
  const errors = errorsOf(run);
  const problem = errors.length ? h("span", { class: "why", title: errors.join("\n") }, errors[0]) : null;
  const title = inChain && run.session_alias ? [h("span", { class: "alias" }, run.session_alias), h("span", { class: "of" }, name)] : h("span", { class: "alias" }, name);
  return h("a", { class: `row ${tone(run)}`, href: `#/runs/${run.id}` },
    h("div", { class: "name" }, h("span", { class: "title" }, title), inChain ? null : h("span", { class: "of mono" }, short(run.id)), problem),
    h("div", { class: "state" }, status(run.status)),
    h("div", { class: "where" }, inChain ? "" : run.machine_id ? machineName(run.machine_id) : "–"),
    h("div", { class: "time" }, lasting(run)),
    h("div", { class: "date" }, inChain ? "" : when(run.created_at)));
}

function tone(run) {
  return String(run.status).replace(/[^a-z_]/g, "");
}
