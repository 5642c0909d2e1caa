/** What was deleted and can still come back. */

import { get, remove } from "../lib/request.js";
import { Signal } from "../lib/signal.js";
import { owner } from "../lib/storage.js";
import { conversations } from "./conversations.js";

/** @typedef {import("./conversations.js").Conversation} Conversation */

class Bin {
  /** What is in it, the latest first; null until it was read. */
  list = new Signal(/** @type {Conversation[] | null} */ (null));
  #next = /** @type {string | null} */ (null);

  constructor() {
    owner.listen(() => {
      this.list.value = null;
      this.#next = null;
    });
  }

  async load() {
    const page = await get("/api/conversations?deleted=true&limit=50");
    this.#next = page.next;
    this.list.value = page.conversations;
  }

  async more() {
    if (!this.#next) return;
    const before = this.#next;
    this.#next = null; // nobody else asks for this page meanwhile
    try {
      const page = await get(`/api/conversations?deleted=true&limit=50&before=${encodeURIComponent(before)}`);
      this.#next = page.next;
      this.list.value = [...(this.list.value ?? []), ...page.conversations];
    } catch (error) {
      this.#next = before;
      throw error;
    }
  }

  /** @param {string} id */
  async restore(id) {
    await conversations.restore(id);
    this.#drop(id);
  }

  /** For good. @param {string} id */
  async delete(id) {
    await remove(`/api/bin/${id}`);
    this.#drop(id);
  }

  async empty() {
    await remove("/api/bin");
    this.#next = null;
    this.list.value = [];
  }

  /** @param {string} id */
  #drop(id) {
    this.list.value = (this.list.value ?? []).filter((one) => one.id !== id);
  }
}

export const bin = new Bin();
