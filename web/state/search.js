/** What is being looked for, and what was found so far. */

import { get } from "../lib/request.js";
import { Signal } from "../lib/signal.js";
import { owner } from "../lib/storage.js";

/**
 * @typedef {{text: string, match: boolean}} Part
 * @typedef {{id: string, title: string, favorite: boolean, tags: string[]}} Home
 * @typedef {Home & {parts: Part[], updated_at: string}} Title
 * @typedef {{message_id: string, role: "user" | "assistant" | "notice", model: string | null, created_at: string,
 *   favorite: boolean, parts: Part[], inside: boolean, conversation: Home}} Hit `inside`: in the middle of a word
 * @typedef {{model: string, age: string, favorite: boolean, tag: string}} Filters
 * @typedef {{titles: Title[], hits: Hit[], next: string | null, busy: boolean, problem: string}} Found
 */

const DAY = 86_400_000;

/** How far back, by the name that the person chooses. @type {Record<string, {from?: number, to?: number}>} */
export const AGES = {
  "any time": {},
  "last day": { from: DAY },
  "last 7 days": { from: 7 * DAY },
  "last 30 days": { from: 30 * DAY },
  "last year": { from: 365 * DAY },
  "a year ago and more": { to: 365 * DAY },
};

/** @type {Found} */
const NOTHING = { titles: [], hits: [], next: null, busy: false, problem: "" };

/** @type {Filters} */
const EVERYTHING = { model: "", age: "any time", favorite: false, tag: "" };

class Search {
  words = "";
  filters = EVERYTHING;
  found = new Signal(NOTHING);
  tags = new Signal(/** @type {{tag: string, count: number}[]} */ ([]));
  #asked = 0;

  constructor() {
    owner.listen(() => {
      this.words = "";
      this.filters = EVERYTHING;
      this.#asked += 1;
      this.found.value = NOTHING;
      this.tags.value = [];
    });
  }

  /** Whether there is anything to look for. */
  get wants() {
    return Boolean(this.words.trim() || this.filters.favorite || this.filters.tag);
  }

  /** From the newest on. @param {Partial<Filters> & {words?: string}} [wanted] */
  async look({ words = this.words, ...filters } = {}) {
    this.words = words;
    this.filters = { ...this.filters, ...filters };
    if (!this.wants) {
      this.#asked += 1;
      this.found.value = NOTHING;
    } else {
      await this.#ask({ ...this.found.value, busy: true }, null);
    }
  }

  /** The next page. */
  async more() {
    const { next, busy } = this.found.value;
    if (next && !busy) await this.#ask({ ...this.found.value, busy: true }, next);
  }

  async loadTags() {
    this.tags.value = (await get("/api/tags")).tags;
  }

  /** @param {Found} meanwhile @param {string | null} before */
  async #ask(meanwhile, before) {
    const asked = ++this.#asked;
    this.found.value = meanwhile;
    try {
      const page = await get(`/api/search?${this.#parameters(before)}`);
      if (asked !== this.#asked) return;
      const hits = before ? [...meanwhile.hits, ...page.hits] : page.hits;
      const titles = before ? meanwhile.titles : page.titles;
      this.found.value = { titles, hits, next: page.next, busy: false, problem: "" };
    } catch (error) {
      if (asked !== this.#asked) return;
      const problem = error instanceof Error ? error.message : String(error);
      this.found.value = { ...meanwhile, busy: false, problem };
    }
  }

  /** @param {string | null} before */
  #parameters(before) {
    const { model, age, favorite, tag } = this.filters;
    const { from, to } = AGES[age];
    const time = (/** @type {number | undefined} */ ago) => ago && new Date(Date.now() - ago).toISOString();
    const all = { q: this.words.trim(), model, from: time(from), to: time(to), favorite, tag, before };
    return new URLSearchParams(
      Object.entries(all).flatMap(([name, value]) => (value ? [[name, String(value)]] : [])),
    );
  }
}

export const search = new Search();
