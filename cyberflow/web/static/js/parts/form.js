// A form that starts a run: one field for each input by its type, secrets by their source alone, files by their path.

import { h, replace } from "../dom.js";
import { command, options, submit } from "./commands.js";

let made = 0;

export function runForm(one) {
  const fields = one.inputs.map(inputField);
  const secrets = one.secrets.map((secret) => textField(`$${secret.name}`, { hint: secret.has_source ? "from the target's source, when left empty" : "where it is, never what it is", placeholder: secret.has_source ? "" : `env:${secret.name.toUpperCase()}`, required: !secret.has_source, name: secret.name }));
  const files = one.files.map((name) => textField(name, { hint: "a path, seen from the project", placeholder: "files/scan.pdf", required: true, name }));
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const button = h("button", { class: "button primary" }, "Run");
  const line = h("div", {});
  const form = h("form", { class: "run-form", novalidate: true },
    group("Inputs", fields), group("Secrets", secrets), group("Files", files),
    h("div", { class: "row end" }, button), problem, line);
  const read = () => ({
    name: one.name,
    inputs: readFields(fields),
    secrets: readFields(secrets),
    files: readFields(files),
  });
  const show = () => {
    try {
      replace(line, command(words(read())));
    } catch {
      replace(line);
    }
  };
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    try {
      submit(read(), { button, problem });
    } catch (error) {
      problem.hidden = false;
      replace(problem, error.message);
    }
  });
  show();
  return form;
}

// Pure: the command that starts the same.
export function words({ name, inputs, secrets, files }) {
  const given = Object.entries(inputs).flatMap(([key, value]) => ["-i", typeof value === "string" ? `${key}=${value}` : `${key}=${JSON.stringify(value)}`]);
  return ["cyberflow", "run", name, "--target", "local", ...given, ...options({ secrets, files })];
}

function group(title, fields) {
  return fields.length ? h("fieldset", {}, h("legend", {}, title), fields.map((field) => field.view)) : null;
}

// What fields hold by their names; what is left empty is left out.
export function readFields(fields) {
  return Object.fromEntries(fields.map((field) => [field.name, field.value()]).filter(([, value]) => value !== undefined));
}

function textField(label, { hint, placeholder = "", required, name }) {
  const control = h("input", { class: "field", placeholder, autocomplete: "off", spellcheck: "false" });
  return { name, view: labelled(label, { control, hint, required }), value: () => control.value.trim() || undefined };
}

export function inputField({ name, type, required, schema }) {
  const hint = [type, schema.description].filter(Boolean).join(" · ");
  const control = controlOf(schema);
  const value = () => readValue(control, schema, name);
  return { name, view: labelled(name, { control, hint, required }), value };
}

function labelled(label, { control, hint, required }) {
  made += 1;
  control.id = `field-${made}`;
  control.setAttribute("aria-describedby", `hint-${made}`);
  return h("div", { class: "labelled" }, h("label", { for: control.id }, h("code", {}, label), required ? null : h("span", { class: "hint" }, " optional")), control, h("p", { class: "hint", id: `hint-${made}` }, hint));
}

function controlOf(schema) {
  const choices = schema.enum ?? (schema.type === "boolean" ? [true, false] : null);
  if (choices) return h("select", { class: "field" }, h("option", { value: "" }, "–"), choices.map((choice) => h("option", { value: JSON.stringify(choice) }, String(choice))));
  const plain = ["string", "integer", "number"].includes(schema.type);
  if (!plain) return h("textarea", { class: "field", rows: 5, spellcheck: "false", placeholder: schema.type === "array" ? "[ … ]" : "{ … }" });
  return h("input", { class: "field", autocomplete: "off", spellcheck: "false", type: schema.format === "date" ? "date" : "text", value: schema.default === undefined ? "" : String(schema.default) });
}

function readValue(control, schema, name) {
  const text = control.value;
  if (!text.trim()) return undefined;
  if (schema.type === "string" && !schema.enum) return text;
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${name} is not JSON: it wants ${schema.type ?? "a value"} in JSON`);
  }
}
