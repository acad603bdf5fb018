// The message history of a run, as a conversation: what the agent said, what it did, what it saw. It grows at its end.

import { screenshot } from "../api.js";
import { h, keyed } from "../dom.js";
import { duration, isLive, moment, span } from "../format.js";
import { words } from "./prompt.js";
import { lazyImage } from "./image.js";
import { tree } from "./json.js";

const SHOT = "supabase://run-images/";

export function conversation(list, run) {
  const messages = run.run_message_history ?? [];
  const items = messages.map((message, index) => ({ message, index }));
  if (isLive(run.status)) items.push({ message: null, index: "working" });
  keyed(list, items, {
    key: (item) => String(item.index),
    signature: (item) => JSON.stringify(item.message),
    build: (item) => (item.message ? messageView(item.message, run, item.index) : working()),
  });
}

function working() {
  return h("li", { class: "message working" }, h("span", { class: "at" }), h("p", { class: "none" }, "Working", h("span", { class: "ellipsis", "aria-hidden": "true" }, "…")));
}

function messageView(message, run, index) {
  const blocks = Array.isArray(message.content) ? message.content : [{ type: "text", text: String(message.content ?? "") }];
  const at = message.timestamp && run.started_at ? span(run.started_at, message.timestamp) : NaN;
  const time = Number.isNaN(at) ? h("span", { class: "at" }) : h("time", { class: "at", datetime: message.timestamp, title: moment(message.timestamp) }, duration(Math.max(0, at)));
  const round = Number.isInteger(message.iteration_index) ? h("span", { class: "chip" }, `iteration ${message.iteration_index}`) : null;
  const role = message.role === "assistant" ? "assistant" : message.role === "user" ? "answer" : "other";
  return h("li", { class: `message ${role}` }, time, h("div", { class: "said" }, round, blocks.map((block) => blockView(block, { run, index, said: blocks }))));
}

function blockView(block, { run, index, said }) {
  if (block?.type === "text") return h("p", { class: "speech" }, words(String(block.text ?? "")));
  if (block?.type === "tool_use") return call(block, said);
  if (block?.type === "tool_result") return h("p", { class: "result" }, typeof block.tool_result === "string" ? words(block.tool_result) : tree(block.tool_result ?? null, "result"));
  if (block?.type === "image") return picture(block, run, index);
  return tree(block, "message");
}

// An argument that only repeats what was said beside it is left out.
function call(block, said) {
  const spoken = new Set(said.map((one) => one?.text).filter(Boolean));
  const given = Object.entries(block.tool_input ?? {}).filter(([, value]) => !spoken.has(value));
  return h("p", { class: "call" }, h("code", { class: "tool" }, String(block.tool_name ?? "tool")),
    given.map(([name, value]) => h("span", { class: "argument" }, h("span", { class: "hint" }, name), " ", words(typeof value === "string" ? value : JSON.stringify(value)))));
}

function picture(block, run, index) {
  const source = String(block.image_url ?? "");
  if (!source.startsWith(SHOT)) return h("p", { class: "none" }, "An image from elsewhere, not shown.");
  return lazyImage(() => screenshot(run.id, source), `Screenshot of message ${index + 1}`, "shot");
}
