// The page: begins the session, follows the address, shows one view at a time, says what is wrong.

import { begin, useKey } from "./api.js";
import { all, h, icon, replace } from "./dom.js";
import { listen } from "./events.js";
import { blank, tick } from "./parts/pieces.js";
import { useProject } from "./project.js";
import { chain, chains } from "./views/chains.js";
import { ledger, ledgers } from "./views/ledgers.js";
import { machines } from "./views/machines.js";
import { projectView } from "./views/project.js";
import { run } from "./views/run.js";
import { runs } from "./views/runs.js";
import { session } from "./views/session.js";
import { workflow } from "./views/workflow.js";
import { workflows } from "./views/workflows.js";

const VIEWS = {
  runs: { title: "Runs", list: runs, one: run },
  sessions: { title: "Runs", list: runs, one: session },
  chains: { title: "Chains", list: chains, one: chain },
  ledgers: { title: "Ledgers", list: ledgers, one: ledger },
  project: { title: "Project", list: projectView, one: null },
  workflows: { title: "Workflows", list: workflows, one: workflow },
  machines: { title: "Machines", list: machines, one: null },
};
const ROUTE = /^#\/([a-z]+)(?:\/([^/?]+))?(?:\?(.*))?$/;

const root = document.getElementById("view");
const notice = document.getElementById("notice");
let leave = null;
let first = true;
let tried = false;

function route() {
  const found = ROUTE.exec(["", "#", "#/"].includes(location.hash) ? "#/runs" : location.hash);
  const view = found && Object.hasOwn(VIEWS, found[1]) ? VIEWS[found[1]] : null;
  leave?.();
  leave = null;
  say(null);
  mark(found?.[1]);
  if (!view || (found[2] && !view.one)) return nowhere();
  const turn = { settled: false };
  const open = found[2] ? view.one : view.list;
  const gone = () => {
    if (turn.left) return;
    leave?.();
    leave = null;
    turn.left = true;
    nowhere();
  };
  title(view.title);
  replace(root);
  const stop = open(root, {
    id: found[2],
    query: new URLSearchParams(found[3] ?? ""),
    ready: (name) => {
      say(null);
      if (name) title(name);
      if (!turn.settled) settle();
      turn.settled = true;
    },
    fail: (error) => (error.asksForKey ? askForKey() : say(error)),
    missing: gone,
  });
  if (!turn.left && typeof stop === "function") leave = stop;
  return undefined;
}

function nowhere() {
  title("Not found");
  replace(root, h("h1", { tabindex: "-1", class: "sr" }, "Not found"), blank("There is nothing at this address.", h("p", {}, h("a", { href: "#/runs" }, "All runs"))));
  settle();
}

// A new view is announced by its heading, but the first one takes nobody's focus.
function settle() {
  if (!first) all("h1", root)[0]?.focus({ preventScroll: true });
  if (!first) scrollTo(0, 0);
  first = false;
}

function mark(name) {
  for (const link of all("nav a[data-view]")) {
    if (link.dataset.view === (name === "sessions" ? "runs" : name)) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function title(name) {
  document.title = `${name} – cyberflow`;
}

function say(error) {
  const text = !error ? "" : error.status === 0 ? "cyberflow dev does not answer. The page goes on by itself when it is back." : `The platform refused: ${error.message}`;
  if (notice.textContent !== text) notice.textContent = text;
  notice.hidden = !text;
}

function askForKey() {
  leave?.();
  leave = null;
  say(null);
  title("Key");
  const field = h("input", { type: "password", required: true, autocomplete: "off", "aria-label": "API key", class: "field" });
  const form = h("form", { class: "ask-key" }, field, h("button", { class: "button primary" }, "Open"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    tried = true;
    useKey(field.value.trim());
    route();
  });
  replace(root, h("h1", { class: "sr" }, "Key"), blank("This platform asks for its API key.", h("p", { class: "hint" }, "The one that cyberflow dev --api-key was started with. It stays in this tab."), form, tried ? h("p", { class: "problem", role: "alert" }, "That key was refused.") : null));
  field.focus();
}

function keys(event) {
  if (event.metaKey || event.ctrlKey || event.altKey || document.querySelector("dialog[open]")) return;
  const typing = event.target.matches?.("input, textarea, select");
  const search = /** @type {HTMLInputElement} */ (root.querySelector("[data-search]"));
  if (event.key === "/" && !typing && search) {
    event.preventDefault();
    search.focus();
    search.select();
  }
  if (event.key === "Escape" && event.target === search) search.blur();
  if ((event.key === "ArrowDown" || event.key === "ArrowUp") && event.target.matches?.("a.row, [data-search]")) {
    const rows = all("a.row", root).filter((row) => row.offsetParent !== null);
    const next = rows[rows.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }
}

async function start() {
  for (const link of all("nav a[data-view]")) link.append(icon(link.dataset.view), h("span", {}, VIEWS[link.dataset.view].title));
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    document.getElementById("main").focus();
  });
  document.addEventListener("keydown", keys);
  setInterval(tick, 1000);
  const session = await joined();
  for (const link of all("nav a[data-project]")) link.hidden = !session.has_project;
  if (session.has_project) listen();
  useProject(session.has_project);
  replace(document.getElementById("place"), h("span", {}, session.project ?? "local platform"), h("span", { class: "hint" }, `${location.host} · ${session.version}`));
  addEventListener("hashchange", route);
  route();
}

async function joined() {
  for (;;) {
    try {
      return await begin();
    } catch (error) {
      say(error);
      await new Promise((resolve) => setTimeout(resolve, 3000));
    }
  }
}

start();
