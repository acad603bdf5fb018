// Elements of the page, made of text and attributes. No string is ever read as HTML here.

const FORBIDDEN = /^(on|style$|srcdoc$)/i;
const SVG = "http://www.w3.org/2000/svg";

// h("a", {class: "x", href: "#/runs", on: {click}}, "text", element, …); null and false children are left out.
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === "on") for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    else set(element, name, value);
  }
  element.append(...present(children));
  return element;
}

function set(element, name, value) {
  if (FORBIDDEN.test(name)) throw new Error(`the attribute ${name} is never set`);
  if (value === true) element.setAttribute(name, "");
  else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, String(value));
}

function present(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

export function replace(parent, ...children) {
  parent.replaceChildren(...present(children));
}

/** @param {string} selector @param {ParentNode} [below] @returns {HTMLElement[]} */
export function all(selector, below = document) {
  return /** @type {HTMLElement[]} */ ([...below.querySelectorAll(selector)]);
}

const ICONS = {
  runs: [["path", { d: "M3 4.5h10M3 8h10M3 11.5h6" }]],
  workflows: [["rect", { x: 2.5, y: 2.5, width: 4.5, height: 4.5, rx: 1.2 }], ["rect", { x: 9, y: 9, width: 4.5, height: 4.5, rx: 1.2 }], ["path", { d: "M4.75 7v2.2a2 2 0 0 0 2 2H9" }]],
  machines: [["rect", { x: 2, y: 3, width: 12, height: 8, rx: 1.5 }], ["path", { d: "M6 13.5h4" }]],
  chains: [["circle", { cx: 4, cy: 4, r: 1.8 }], ["circle", { cx: 4, cy: 12, r: 1.8 }], ["path", { d: "M4 5.8v4.4M7.5 4h5M7.5 12h5" }]],
  ledgers: [["path", { d: "M3 3.5h10v9H3zM3 6.5h10M3 9.5h10M6.5 6.5v6" }]],
  project: [["path", { d: "M2.5 4h4l1.3 1.5h5.7v7h-11z" }]],
  chevron: [["path", { d: "m6 4 4 4-4 4" }]],
  download: [["path", { d: "M8 2.5v7m0 0L5 6.7m3 2.8 3-2.8M3 12.5h10" }]],
  copy: [["rect", { x: 5.5, y: 5.5, width: 7.5, height: 7.5, rx: 1.3 }], ["path", { d: "M10.5 3H4.3A1.3 1.3 0 0 0 3 4.3v6.2" }]],
  search: [["circle", { cx: 7, cy: 7, r: 4 }], ["path", { d: "m10 10 3.2 3.2" }]],
  file: [["path", { d: "M4.5 2.5h4.7l2.8 2.8v8.2H4.5z" }], ["path", { d: "M9 2.7v2.8h2.8" }]],
  close: [["path", { d: "m4 4 8 8m0-8-8 8" }]],
  lock: [["rect", { x: 3.5, y: 7, width: 9, height: 6, rx: 1.3 }], ["path", { d: "M5.5 7V5.2a2.5 2.5 0 0 1 5 0V7" }]],
  scheduling: [["circle", { cx: 8, cy: 8, r: 5.4, "stroke-dasharray": "2.1 2.14" }]],
  running: [["circle", { cx: 8, cy: 8, r: 5.4, class: "rest" }], ["path", { d: "M8 2.6a5.4 5.4 0 0 1 5.4 5.4", class: "arc" }]],
  running_checks: [["circle", { cx: 8, cy: 8, r: 5.4, class: "rest" }], ["path", { d: "M8 2.6a5.4 5.4 0 0 1 0 10.8", class: "arc" }]],
  success: [["circle", { cx: 8, cy: 8, r: 6, class: "disc" }], ["path", { d: "m5.4 8.2 1.8 1.8 3.4-3.7", class: "mark" }]],
  error: [["circle", { cx: 8, cy: 8, r: 6, class: "disc" }], ["path", { d: "m6 6 4 4m0-4-4 4", class: "mark" }]],
  task_failed: [["circle", { cx: 8, cy: 8, r: 6, class: "disc" }], ["path", { d: "M8 5v3.4m0 2.3v.1", class: "mark" }]],
  cancelled: [["circle", { cx: 8, cy: 8, r: 5.4 }], ["path", { d: "m4.3 11.7 7.4-7.4" }]],
  unknown: [["circle", { cx: 8, cy: 8, r: 5.4, "stroke-dasharray": "1 2" }], ["circle", { cx: 8, cy: 8, r: 1 }]],
};

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  for (const [tag, attributes] of Object.hasOwn(ICONS, name) ? ICONS[name] : ICONS.unknown) {
    const shape = document.createElementNS(SVG, tag);
    for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
    svg.append(shape);
  }
  return svg;
}

// Bring the children of `parent` in line with `items`, keeping each element whose signature is unchanged, so that
// focus, selection and open details survive a refresh. `build(item)` makes the element of one item.
export function keyed(parent, items, { key, signature, build }) {
  const before = new Map([...parent.children].map((element) => [element.dataset.key, element]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const id = key(item);
    const mark = signature(item);
    let element = before.get(id);
    before.delete(id);
    if (element?.mark !== mark) {
      const fresh = build(item);
      fresh.dataset.key = id;
      fresh.mark = mark;
      if (element) {
        const focus = focused(element);
        if (place === element) place = fresh;
        element.replaceWith(fresh);
        if (focus) refocus(fresh, focus);
      }
      element = fresh;
    }
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
  }
  for (const element of before.values()) element.remove();
}

function focused(element) {
  const active = /** @type {HTMLElement} */ (document.activeElement);
  return element.contains(active) ? (active.getAttribute("href") ?? active.dataset.focus ?? "") : "";
}

function refocus(element, focus) {
  for (const candidate of all("a[href], button", element)) {
    if (candidate.getAttribute("href") === focus || candidate.dataset.focus === focus) return candidate.focus();
  }
  return undefined;
}
