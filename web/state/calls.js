/** The request log: which calls there were, by page and filter, and what became of one of them. */

import { get } from "../lib/request.js";
import { Signal } from "../lib/signal.js";
import { owner } from "../lib/storage.js";

/**
 * @typedef {{id: string, request_id: string | null, started_at: string, status: string, kind: string, attempt: number,
 *   user: {id: string, name: string}, key: {id: string, name: string} | null, project: string | null,
 *   endpoint: string | null, asked_model: string | null, provider: string, model: string, model_served: string | null,
 *   route: string | null, reason: string | null, credential: string, input: number, cache_read: number,
 *   cache_write: number, output: number, reasoning: number, image_input: number, image_output: number,
 *   tokens: number, estimated: boolean, cost_nanos: number | null, cost_state: string, first_token_ms: number | null,
 *   duration_ms: number | null, error: {kind: string, status: number | null} | null, dropped: string[] | null,
 *   conversation_id: string | null, message_id: string | null}} Call
 * @typedef {{bucket: string, tokens?: number, nanos_per_million?: number, count?: number, nanos_each?: number}} Step
 * @typedef {{call_id: string, started_at: string, provider: string, model: string, model_served: string | null,
 *   credential: string, route: string | null, reason: string | null, dropped: string[] | null, status: string,
 *   error: {kind: string, status: number | null} | null, first_token_ms: number | null, duration_ms: number | null,
 *   usage_source: string, reserved_nanos: number, cost_nanos: number | null, cost_state: string,
 *   price: {source: string, version: string} | null, arithmetic: Step[]}} Attempt
 * @typedef {{request_id: string | null, kind: string, user: string | null, key: string | null, project: string | null, endpoint: string | null,
 *   asked_model: string | null, conversation_id: string | null, message_id: string | null,
 *   cost_nanos: number | null, attempts: Attempt[], lines: string[]}} Explanation
 * @typedef {{model: string, kind: string, status: string, key: string, user: string, age: string}} Filters
 * @typedef {{rows: Call[], next: string | null, busy: boolean, problem: string}} Found
 */

const DAY = 86_400_000;

/** Days back from today, by the name that the person chooses. @type {Record<string, number | null>} */
export const AGES = { "any time": null, today: 0, "last 7 days": 6, "last 30 days": 29 };

/** @type {Found} */
const NOTHING = { rows: [], next: null, busy: false, problem: "" };

/** @type {Filters} */
const EVERYTHING = { model: "", kind: "", status: "", key: "", user: "", age: "any time" };

class Calls {
  filters = EVERYTHING;
  /** @type {"mine" | "all"} */
  scope = "mine";
  found = new Signal(NOTHING);
  /** What there is to filter by: whatever was ever used. */
  choices = new Signal(/** @type {Partial<import("./usage.js").Report["by"]>} */ ({}));
  #asked = 0;

  constructor() {
    owner.listen(() => {
      this.#asked += 1;
      this.filters = EVERYTHING;
      this.scope = "mine";
      this.found.value = NOTHING;
      this.choices.value = {};
    });
  }

  async loadChoices() {
    const { scope } = this;
    const { by } = await get(`/api/usage?range=all&scope=${scope}`);
    if (scope === this.scope) this.choices.value = by;
  }

  /** From the newest on. @param {Partial<Filters> & {scope?: "mine" | "all"}} [wanted] */
  async look({ scope = this.scope, ...filters } = {}) {
    this.scope = scope;
    this.filters = { ...this.filters, ...filters };
    await this.#ask({ ...this.found.value, busy: true }, null);
  }

  /** The next page. */
  async more() {
    const { next, busy } = this.found.value;
    if (next && !busy) await this.#ask({ ...this.found.value, busy: true }, next);
  }

  /** What became of a call and of the others of its request. @param {string} id @returns {Promise<Explanation>} */
  explain(id) {
    return get(`/api/usage/calls/${encodeURIComponent(id)}`);
  }

  /** @param {Found} meanwhile @param {string | null} before */
  async #ask(meanwhile, before) {
    const asked = ++this.#asked;
    this.found.value = meanwhile;
    try {
      const page = await get(`/api/usage/calls?${this.#parameters(before)}`);
      if (asked !== this.#asked) return;
      const rows = before ? [...meanwhile.rows, ...page.calls] : page.calls;
      this.found.value = { rows, next: page.next, busy: false, problem: "" };
    } catch (error) {
      if (asked !== this.#asked) return;
      const problem = error instanceof Error ? error.message : String(error);
      this.found.value = { ...meanwhile, busy: false, problem };
    }
  }

  /** @param {string | null} before */
  #parameters(before) {
    const { age, ...filters } = this.filters;
    const back = AGES[age];
    const from = back === null ? "" : local(new Date(Date.now() - back * DAY));
    const all = { ...filters, from, before, scope: this.scope };
    return new URLSearchParams(
      Object.entries(all).flatMap(([name, value]) => (value ? [[name, value]] : [])),
    );
  }
}

/** A day as the calendar here has it: `2026-01-31`. @param {Date} time */
const local = (time) => [time.getFullYear(), time.getMonth() + 1, time.getDate()].map(two).join("-");
const two = (/** @type {number} */ part) => String(part).padStart(2, "0");

export const calls = new Calls();
