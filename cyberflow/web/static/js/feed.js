// The runs that the list shows, kept current with small requests: the newest, page by page, those whose state moves,
// and what a search finds among the older ones.

import { get } from "./api.js";
import { FILTERS, group, matches } from "./chains.js";
import { isLive } from "./format.js";

const FIELDS = ["session_id", "session_alias", "started_at", "ended_at", "error"];
const PAGE = 200;
const MOVING = 50;
const COMPLETED = 25;

export class Feed {
  constructor() {
    this.runs = new Map();
    this.order = [];
    this.total = null;
    this.found = new Set();
    this.older = [];
  }

  get hasMore() {
    return this.total !== null && this.order.length < this.total;
  }

  get isBusy() {
    return this.order.some((id) => isLive(this.runs.get(id).status));
  }

  // Bring what is held up to date; true when something changed.
  async update() {
    if (this.total === null) return this.reload();
    const live = this.order.filter((id) => isLive(this.runs.get(id).status)).length;
    const limit = Math.min(1000, live + MOVING);
    const page = await get("/v1/runs", { fields: FIELDS, sort_mode: "activity", limit });
    const fresh = page.items.some((run) => !this.runs.has(run.id) && run.created_at >= this.oldest);
    if (fresh || page.total !== this.total) return this.reload();
    return page.items.filter((run) => this.runs.has(run.id) && this.take(run)).length > 0;
  }

  get oldest() {
    return this.runs.get(this.order.at(-1))?.created_at ?? "";
  }

  // As much of the newest as is shown already, read anew: order and deletions are certain after it.
  async reload() {
    const wanted = Math.max(PAGE, this.order.length);
    const items = [];
    let page;
    do {
      page = await this.page({ limit: Math.min(1000, wanted - items.length), skip: items.length });
      items.push(...page.items);
    } while (page.items.length && items.length < Math.min(wanted, page.total));
    const before = JSON.stringify(this.order);
    const kept = new Map(this.older.flatMap((held) => held.runs).map((run) => [run.id, run]));
    this.runs = new Map([...kept, ...items.map((run) => /** @type {[string, any]} */ ([run.id, run]))]);
    this.order = [...new Set(items.map((run) => run.id))];
    this.total = page.total;
    return before !== JSON.stringify(this.order);
  }

  async more() {
    const page = await this.page({ limit: PAGE, skip: this.order.length });
    for (const run of page.items) this.take(run);
    this.order = [...new Set([...this.order, ...page.items.map((run) => run.id)])];
    this.total = page.total;
  }

  // Ask the server what fits among all runs, and read the chains of what is older than the loaded ones whole.
  async search(filter, text) {
    const statuses = FILTERS[filter]?.statuses ?? [undefined];
    const asked = text || filter !== "all" ? statuses : [];
    const pages = await Promise.all(asked.map((status) => this.page({ status, search: text, limit: PAGE })));
    const items = pages.flatMap((page) => page.items);
    this.found = new Set(text ? items.map((run) => run.id) : []);
    const loaded = new Set(this.order);
    const outside = group(items.filter((run) => !loaded.has(run.id))).slice(0, COMPLETED);
    this.older = await Promise.all(outside.map((held) => this.whole(held)));
    for (const run of this.older.flatMap((held) => held.runs)) this.take(run);
  }

  async whole(held) {
    if (!held.session) return held;
    const page = await this.page({ session_id: held.session, limit: 1000 });
    return group(page.items)[0] ?? held;
  }

  groups(filter, text, nameOf) {
    const groups = group(this.order.map((id) => this.runs.get(id)));
    // The last session may reach beyond the page: half a chain would look like a whole one.
    if (this.hasMore && groups.length > 1 && groups.at(-1).session) groups.pop();
    const shown = new Set(groups.map((held) => held.id));
    const all = [...groups, ...this.older.filter((held) => !shown.has(held.id))];
    return all.filter((held) => matches(held, { filter, text, found: this.found, nameOf }));
  }

  page(params) {
    return get("/v1/runs", { fields: FIELDS, sort_mode: "created_at_desc", ...params });
  }

  take(run) {
    const changed = JSON.stringify(this.runs.get(run.id)) !== JSON.stringify(run);
    this.runs.set(run.id, run);
    return changed;
  }
}
