// A question before something that cannot be taken back. Escape and the first button mean no.

import { h, replace } from "../dom.js";

// `act` is awaited while the dialog is open; what it throws is shown in it. Resolves to whether it was done.
export function confirm({ title, body, yes, act }) {
  return new Promise((resolve) => {
    let done = false;
    const problem = h("p", { class: "problem", role: "alert", hidden: true });
    const no = h("button", { type: "button", class: "button" }, "Keep it");
    const go = h("button", { type: "button", class: "button danger" }, yes);
    const dialog = h("dialog", { class: "ask", "aria-labelledby": "ask-title" },
      h("h2", { id: "ask-title" }, title), h("div", { class: "said" }, body), problem, h("div", { class: "row end" }, no, go));
    no.addEventListener("click", () => dialog.close());
    go.addEventListener("click", async () => {
      go.disabled = true;
      try {
        await act();
        done = true;
        dialog.close();
      } catch (error) {
        go.disabled = false;
        problem.hidden = false;
        replace(problem, error.message);
      }
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(done);
    });
    document.body.append(dialog);
    dialog.showModal();
    no.focus();
  });
}
