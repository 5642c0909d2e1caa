/** What is typed and not sent yet, one text per conversation, kept over reloads. */

import { read, write } from "../lib/storage.js";

const KEEP = 50;
const NEW = "new";

class Drafts {
  /** @type {Record<string, string>} */
  #texts = read("drafts", {});

  /** @param {string | null} conversation null is the new chat */
  get(conversation) {
    return this.#texts[conversation ?? NEW] ?? "";
  }

  /** @param {string | null} conversation @param {string} text */
  set(conversation, text) {
    const key = conversation ?? NEW;
    if ((this.#texts[key] ?? "") === text) return;
    delete this.#texts[key];
    if (text) this.#texts[key] = text;
    const newest = Object.entries(this.#texts).slice(-KEEP);
    this.#texts = Object.fromEntries(newest);
    write("drafts", this.#texts);
  }
}

export const drafts = new Drafts();
