// The files of a run, those that came out first, each with a download.

import { download } from "../api.js";
import { h, icon, replace } from "../dom.js";
import { size } from "../format.js";

export function attachments(files) {
  const out = files.filter((file) => file.attachment_type !== "input");
  const into = files.filter((file) => file.attachment_type === "input");
  return h("ul", { class: "files" }, [...out, ...into].map(row));
}

function row(file) {
  const problem = h("span", { class: "problem", role: "alert" });
  const button = h("button", { type: "button", class: "quiet", "aria-label": `Download ${file.filename}`, title: "Download" }, icon("download"));
  button.addEventListener("click", async () => {
    button.disabled = true;
    replace(problem);
    try {
      await download(`/v1/run-attachments/${encodeURIComponent(file.id)}/download`, safeName(file.filename));
    } catch (error) {
      replace(problem, error.message);
    }
    button.disabled = false;
  });
  const kind = file.attachment_type === "input" ? "given" : "exported";
  const told = [kind, size(file.size_bytes), file.target_path].filter(Boolean).join(" · ");
  return h("li", {}, icon("file"), h("div", { class: "grow" }, h("span", { class: "filename" }, file.filename), h("span", { class: "hint" }, told), problem), button);
}

// A name from the platform, reduced to its last part and to characters that every file system takes.
export function safeName(name) {
  const last = String(name).replaceAll("\\", "/").split("/").at(-1);
  return last.replace(/[\u0000-\u001f\u007f<>:"|?*\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "_").replace(/^\.+/, "") || "attachment";
}
