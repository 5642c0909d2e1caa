/** What the person wrote before, the newest first, to be used again. */

import { get } from "../lib/request.js";
import { owner } from "../lib/storage.js";

/** @typedef {{message_id: string, conversation_id: string, text: string, created_at: string}} Prompt */

const AHEAD = 5;

/** Those with these words. @param {string} words @returns {Promise<Prompt[]>} */
export const findPrompts = async (words) =>
  (await get(`/api/prompts?${new URLSearchParams({ q: words })}`)).prompts;

class Recall {
  /** @type {string[]} */
  #texts = [];
  #next = /** @type {number | null} */ (null);

  constructor() {
    owner.listen(() => {
      this.#texts = [];
      this.#next = null;
    });
  }

  /**
   * The text before (1) or after (-1) this one; nothing begins with the newest.
   * @param {string} text
   * @param {1 | -1} step
   * @returns {Promise<string | null>} null when there is none
   */
  async step(text, step) {
    const at = this.#texts.indexOf(text);
    if (!text || at < 0) await this.#read(null);
    else if (at + step > this.#texts.length - AHEAD && this.#next !== null) await this.#read(this.#next);
    const place = text ? this.#texts.indexOf(text) + step : 0;
    if (place < 0) return "";
    return this.#texts[place] ?? null;
  }

  /** @param {number | null} before */
  async #read(before) {
    const page = await get(`/api/prompts${before === null ? "" : `?before=${before}`}`);
    const texts = page.prompts.map((/** @type {Prompt} */ one) => one.text);
    this.#texts = [...new Set(before === null ? texts : [...this.#texts, ...texts])];
    this.#next = page.next;
  }
}

export const recall = new Recall();
