// Images that need a signed URL: asked for when they come near the screen, and large on a click.

import { h, icon, replace } from "../dom.js";

const loads = new WeakMap();
const observer = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      observer.unobserve(entry.target);
      loads.get(entry.target)?.();
    }
  },
  { rootMargin: "600px" },
);

// `address()` promises the URL. The box is there at once, so that a page does not jump when images come.
export function lazyImage(address, alt, kind) {
  const box = h("button", { type: "button", class: `picture ${kind}`, "aria-label": `Enlarge: ${alt || "image"}`, "data-focus": alt });
  loads.set(box, async () => {
    try {
      const image = h("img", { src: await address(), alt });
      image.addEventListener("error", () => fail(box, alt));
      image.addEventListener("load", () => box.classList.add("loaded"));
      replace(box, image);
    } catch {
      fail(box, alt);
    }
  });
  box.addEventListener("click", () => {
    const image = box.querySelector("img");
    if (image) enlarge(image.src, alt);
  });
  observer.observe(box);
  return box;
}

function fail(box, alt) {
  box.disabled = true;
  box.classList.add("missing");
  replace(box, `image not available${alt ? `: ${alt}` : ""}`);
}

function enlarge(source, alt) {
  const dialog = h("dialog", { class: "light", "aria-label": alt || "image" });
  const close = h("button", { type: "button", class: "round", "aria-label": "Close" }, icon("close"));
  dialog.append(close, h("img", { src: source, alt }), alt ? h("p", {}, alt) : "");
  dialog.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
