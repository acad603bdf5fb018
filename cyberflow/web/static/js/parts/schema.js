// A JSON Schema as a table of names and types, in the words of the project language; the full text is a fold away.

import { h } from "../dom.js";
import { tree } from "./json.js";

const DEEPEST = 4;

export function schemaView(schema, name) {
  if (schema === null || schema === undefined) return h("p", { class: "none" }, "Nothing is declared.");
  const rows = rowsOf(schema, 0);
  const table = rows.length
    ? h("table", { class: "schema" },
        h("thead", { class: "sr" }, h("tr", {}, h("th", { scope: "col" }, "Name"), h("th", { scope: "col" }, "Type"))),
        h("tbody", {}, rows.map(rowView)))
    : h("p", { class: "none" }, "Nothing is declared by name.");
  const text = h("details", { class: "fold" }, h("summary", {}, "JSON Schema"), tree(schema, name));
  return h("div", {}, table, text);
}

// { name, type, required, text, depth } for each property, nested objects and arrays of objects included. Pure.
export function rowsOf(schema, depth) {
  const properties = schema?.properties;
  // The older notation of output schemas: {"mrn": "string"}.
  if (!properties && depth === 0 && isSimplified(schema)) {
    return Object.entries(schema).map(([name, type]) => row(name, { type: typeof type === "string" ? type : "object" }, true, 0));
  }
  if (!properties || typeof properties !== "object" || depth > DEEPEST) return [];
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  return Object.entries(properties).flatMap(([name, one]) => {
    const inner = one?.items?.properties ? one.items : one;
    return [row(name, one, required.has(name), depth), ...rowsOf(inner, depth + 1)];
  });
}

function isSimplified(schema) {
  return schema && typeof schema === "object" && !("type" in schema) && Object.values(schema).every((one) => typeof one === "string");
}

function row(name, schema, required, depth) {
  return { name, type: typeOf(schema), required, text: typeof schema?.description === "string" ? schema.description : "", depth };
}

export function typeOf(schema, depth = 0) {
  if (schema === true || schema === null || typeof schema !== "object" || depth > DEEPEST) return "any";
  if ("const" in schema) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
  const union = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(union)) return union.map((one) => typeOf(one, depth + 1)).join(" | ");
  if (typeof schema.$ref === "string") return schema.$ref.split("/").at(-1);
  if (Array.isArray(schema.type)) return schema.type.join(" | ");
  if (schema.type === "array") return schema.items ? `${typeOf(schema.items, depth + 1)}[]` : "array";
  const type = typeof schema.type === "string" ? schema.type : schema.properties ? "object" : "any";
  return typeof schema.format === "string" ? `${type} · ${schema.format}` : type;
}

function rowView({ name, type, required, text, depth }) {
  const secret = depth === 0 && name.startsWith("$");
  return h("tr", {},
    h("th", { scope: "row", class: `depth${Math.min(depth, DEEPEST)}` },
      h("code", { class: secret ? "token secret" : "" }, name),
      required ? null : h("span", { class: "hint" }, " optional")),
    h("td", {}, h("code", {}, type), text ? h("p", { class: "hint" }, text) : null));
}
