// The placeholders of a prompt on the wire: {name}, {$secret}, {{runtime}}, and what a backslash makes literal. Pure.

const WORD = "[A-Za-z_][A-Za-z0-9_-]*";
const PATH = `${WORD}(?:\\.${WORD}|\\[\\d+\\]|\\['[^'<>{}\\n]*'\\]|\\["[^"<>{}\\n]*"\\])*`;
const TOKEN = new RegExp(`(\\\\)?(?:\\{\\{(${PATH})\\}\\}|\\{(\\$)?(${PATH})\\})`, "g");

// Split a text into { kind: "text" | "input" | "secret" | "runtime" | "literal", text }.
export function split(text) {
  const parts = [];
  let done = 0;
  for (const found of text.matchAll(TOKEN)) {
    if (found.index > done) parts.push({ kind: "text", text: text.slice(done, found.index) });
    const [whole, escape, runtime, secret] = found;
    const kind = escape ? "literal" : runtime ? "runtime" : secret ? "secret" : "input";
    parts.push({ kind, text: escape ? whole.slice(1) : whole });
    done = found.index + whole.length;
  }
  if (done < text.length) parts.push({ kind: "text", text: text.slice(done) });
  return parts;
}
