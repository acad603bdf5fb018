// Whose a workflow is: the marker in its input_schema and the tag it bears, read as `cyberflow plan` reads them. Pure.

const PREFIX = "cyberflow:";
const NAME = "[a-z][a-z0-9-]{0,62}";
const MARKER = new RegExp(`^(cyberflow:(${NAME})(?:\\.(${NAME}))?)/([A-Za-z_][A-Za-z0-9_-]{0,62}) (\\S+)(?: .*)?$`);

export function parse(text) {
  try {
    return text === null || text === undefined ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

// { project, scope, name, standing }, or null for a workflow that no project declares.
export function standing(workflow) {
  const schema = parse(workflow.input_schema);
  const found = MARKER.exec(typeof schema?.$comment === "string" ? schema.$comment : "");
  const tags = (workflow.tags ?? []).map((tag) => tag.name);
  if (!found) {
    const tag = tags.find((name) => String(name).startsWith(PREFIX));
    return tag ? { project: tag.slice(PREFIX.length), scope: null, name: null, standing: "rewritten" } : null;
  }
  const [, owner, project, scope, name, id] = found;
  const is = id === "new" ? "unfinished" : id !== workflow.id ? "copy" : tags.includes(owner) ? "managed" : "untagged";
  return { project, scope: scope ?? null, name, standing: is };
}

// The schema as people wrote it, without the marker.
export function schemaOf(text) {
  const schema = parse(text);
  if (schema === null || typeof schema !== "object") return schema;
  const { $comment, ...rest } = schema;
  const ours = typeof $comment === "string" && $comment.startsWith(PREFIX);
  const shown = ours ? rest : schema;
  return Object.keys(shown).length ? shown : null;
}

export function isOwnTag(name) {
  return String(name).startsWith(PREFIX);
}
