/** The list of the person's conversations, newest activity first. */

import { get, patch, post, remove } from "../lib/request.js";
import { Signal } from "../lib/signal.js";
import { own, owner, read, write } from "../lib/storage.js";

/**
 * @typedef {import("./statistics.js").Figures} Figures
 * @typedef {{id: string, message_id: string | null, title: string, deleted: boolean}} Parent
 * @typedef {{message_id: string, messages: number, figures: Figures}} Inherited what a branch came with
 * @typedef {{id: string, title: string, model: string | null, temperature: number | null, reasoning: string | null,
 *   system: string | null, favorite: boolean, tags: string[], revision: number, created_at: string, updated_at: string, running: boolean,
 *   deleted_at: string | null, figures: Figures, context: {used: number, limit: number | null} | null,
 *   parent?: Parent | null, branches?: {id: string, title: string, message_id: string}[], family: number,
 *   inherited?: Inherited | null}} Conversation
 */

class Conversations {
  /** @type {Signal<Conversation[]>} */
  list = new Signal(/** @type {Conversation[]} */ ([]));
  loaded = new Signal(false);
  /** The id of the one that left last. */
  dropped = new Signal("");
  #next = /** @type {string | null} */ (null);
  #unread = new Set(/** @type {string[]} */ ([]));
  #loading = false;

  constructor() {
    owner.watch(() => {
      this.#unread = new Set(/** @type {string[]} */ (read(own("unread"), [])));
    });
  }

  get more() {
    return this.#next !== null;
  }

  /** The newest page; what was paged in before stays. */
  async load() {
    const page = await get("/api/conversations?limit=40");
    if (!this.loaded.value) this.#next = page.next;
    const oldest = page.conversations.at(-1)?.updated_at ?? "";
    const listed = new Set(page.conversations.map((/** @type {Conversation} */ one) => one.id));
    const kept = page.next
      ? this.list.value.filter((one) => !listed.has(one.id) && one.updated_at < oldest)
      : [];
    this.list.value = [...page.conversations, ...kept];
    this.loaded.value = true;
  }

  async loadMore() {
    if (!this.#next || this.#loading) return;
    this.#loading = true;
    try {
      const page = await get(`/api/conversations?limit=40&before=${encodeURIComponent(this.#next)}`);
      this.#next = page.next;
      const known = new Set(this.list.value.map((one) => one.id));
      this.list.value = [
        ...this.list.value,
        ...page.conversations.filter((/** @type {Conversation} */ one) => !known.has(one.id)),
      ];
    } finally {
      this.#loading = false;
    }
  }

  /** @param {string | null} id */
  find(id) {
    return this.list.value.find((one) => one.id === id);
  }

  /**
   * A new or changed row, from any device.
   * @param {Conversation} row
   * @param {string | null} [open] the conversation that is being looked at
   */
  upsert(row, open = null) {
    const before = this.find(row.id);
    if (before && before.revision > row.revision) return;
    if (before?.running && !row.running && row.id !== open) this.#mark(row.id, true);
    const others = this.list.value.filter((one) => one.id !== row.id);
    const rows = row.deleted_at ? others : [...others, row];
    this.list.value = rows.sort((a, b) => (a.updated_at < b.updated_at ? 1 : -1));
  }

  /** @param {string} id */
  drop(id) {
    this.dropped.value = id;
    this.list.value = this.list.value.filter((one) => one.id !== id);
  }

  /**
   * @param {Record<string, unknown>} settings
   * @returns {Promise<Conversation>}
   */
  async create(settings) {
    const row = await post("/api/conversations", settings);
    this.upsert(row, row.id);
    return row;
  }

  /** @param {string} id @param {Partial<Conversation>} changes */
  async change(id, changes) {
    this.upsert(await patch(`/api/conversations/${id}`, changes), id);
  }

  /** Into the bin. @param {string} id */
  async delete(id) {
    await remove(`/api/conversations/${id}`);
    this.drop(id);
  }

  /** @param {string} id */
  async restore(id) {
    this.upsert(await post(`/api/conversations/${id}/restore`), id);
  }

  /** @param {string} id */
  isUnread(id) {
    return this.#unread.has(id);
  }

  /** @param {string} id */
  seen(id) {
    if (this.#unread.has(id)) this.#mark(id, false);
  }

  /** @param {string} id @param {boolean} unread */
  #mark(id, unread) {
    if (unread) this.#unread.add(id);
    else this.#unread.delete(id);
    write(own("unread"), [...this.#unread].slice(-200));
    this.list.notify();
  }
}

export const conversations = new Conversations();
