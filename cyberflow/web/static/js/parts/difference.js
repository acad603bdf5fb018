// Two texts side by side, line by line: what went is on the left, what came on the right.

import { h } from "../dom.js";

const MOST = 2000;

export function sideBySide(before, after) {
  const rows = align(lines(before), lines(after));
  return h("div", { class: "difference", tabindex: "0", role: "region", "aria-label": "Before and after" }, h("table", {},
    h("thead", { class: "sr" }, h("tr", {}, h("th", { scope: "col" }, "Before"), h("th", { scope: "col" }, "After"))),
    h("tbody", {}, rows.map(([left, right]) => h("tr", { class: left === right ? "same" : "" }, cell(left, right, "gone"), cell(right, left, "came"))))));
}

function cell(text, other, kind) {
  return h("td", { class: text === null ? "absent" : text === other ? "" : kind }, text ?? "");
}

function lines(value) {
  if (value === null || value === undefined) return [];
  const text = typeof value === "string" ? pretty(value) : JSON.stringify(value, null, 2);
  return text.split("\n");
}

// A prompt is one line of HTML, a schema one line of JSON: blocks and members go below each other.
export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text.replace(/(<\/(?:p|li|h[1-6]|ul|ol|pre|blockquote|table|tr)>|<br\s*\/?>|<(?:ul|ol|table)>)(?=.)/gi, "$1\n");
  }
}

// Pure: pairs of lines, null where one side has none; a longest common subsequence, or plain pairs when there are too many.
export function align(left, right) {
  if (left.length * right.length > MOST * MOST) return zip(left, right);
  const longest = Array.from({ length: left.length + 1 }, () => new Uint32Array(right.length + 1));
  for (let i = left.length - 1; i >= 0; i -= 1) for (let j = right.length - 1; j >= 0; j -= 1) longest[i][j] = left[i] === right[j] ? longest[i + 1][j + 1] + 1 : Math.max(longest[i + 1][j], longest[i][j + 1]);
  const rows = [];
  let gone = [];
  let came = [];
  const settle = () => {
    rows.push(...zip(gone, came));
    gone = [];
    came = [];
  };
  for (let i = 0, j = 0; i < left.length || j < right.length;) {
    if (i < left.length && j < right.length && left[i] === right[j]) {
      settle();
      rows.push([left[i], right[j]]);
      i += 1;
      j += 1;
    } else if (j >= right.length || (i < left.length && longest[i + 1][j] >= longest[i][j + 1])) gone.push(left[i++]);
    else came.push(right[j++]);
  }
  settle();
  return rows;
}

function zip(left, right) {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, index) => [left[index] ?? null, right[index] ?? null]);
}
