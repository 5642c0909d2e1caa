/** What was used in a range of days: the ledger's own sums as the dashboard shows them, never counted here. */

import { fetched } from "../lib/download.js";
import { get } from "../lib/request.js";
import { follow, save, shares } from "../lib/save.js";
import { Signal } from "../lib/signal.js";
import { owner } from "../lib/storage.js";
import { statistics } from "./statistics.js";

/**
 * @typedef {import("./statistics.js").Figures} Figures
 * @typedef {Figures & {id: string, name: string}} Line
 * @typedef {{cost_nanos: number, calls: number, tokens: number}} Amount
 * @typedef {"model" | "provider" | "kind" | "key" | "project" | "user" | "device"} Group
 * @typedef {{range: {from: string, to: string, timezone: string, name: string}, bucket: "day" | "week" | "month",
 *   cards: {today: Figures, week: Figures, month: Figures, all: Figures & {since: string | null}},
 *   budget: {limit_nanos: number, spent_nanos: number, period: string} | null, total: Figures,
 *   by: Record<Group, Line[]>, hours: Amount[], days: (Amount & {date: string})[],
 *   conversations: {id: string, title: string | null, model: string | null, cost_nanos: number, tokens: number, calls: number}[],
 *   speed: {id: string, name: string, first_token_ms: number | null, tokens_per_second: number | null, calls: number}[]}} Report
 * @typedef {{name: string, from: string, to: string}} Range `from` and `to` are days, for the range `custom`
 */

export const RANGES = /** @type {const} */ (["today", "week", "month", "all"]);
const SOON = 2000;

class Usage {
  /** @type {Signal<Report | null>} */
  report = new Signal(/** @type {Report | null} */ (null));
  problem = new Signal("");
  busy = new Signal(false);
  /** @type {Range} */
  range = { name: "today", from: "", to: "" };
  /** @type {"mine" | "all"} */
  scope = "mine";
  #asked = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #soon;

  constructor() {
    owner.listen(() => {
      this.#asked += 1;
      this.scope = "mine";
      this.report.value = null;
    });
  }

  /** Asks for the range; what was shown stays until the answer is there. @param {{range?: Range, scope?: "mine" | "all"}} [wanted] */
  async look({ range = this.range, scope = this.scope } = {}) {
    this.range = range;
    this.scope = scope;
    const asked = ++this.#asked;
    this.busy.value = true;
    try {
      const report = await get(`/api/usage?${this.#parameters()}`);
      if (asked !== this.#asked) return;
      this.problem.value = "";
      this.report.value = report;
    } catch (error) {
      if (asked === this.#asked) this.problem.value = error instanceof Error ? error.message : String(error);
    } finally {
      if (asked === this.#asked) this.busy.value = false;
    }
  }

  /** Follows the ledger for as long as somebody looks, also while calls come without a pause. @returns {() => void} ends it */
  follow() {
    const stop = statistics.account.listen(() => {
      this.#soon ??= setTimeout(() => {
        this.#soon = undefined;
        this.look();
      }, SOON);
    });
    return () => {
      stop();
      clearTimeout(this.#soon);
      this.#soon = undefined;
    };
  }

  /** The rows of the range as a file. @param {"csv" | "json"} format */
  async take(format) {
    const { from = "", to = "" } = this.report.value?.range ?? {};
    const query = new URLSearchParams({ format, from, to, scope: this.scope });
    const path = `/api/usage/export?${query}`;
    if (!shares) return follow(path, `usage.${format}`);
    const { blob, name } = await fetched(path);
    await save(blob, name);
  }

  #parameters() {
    const { name, from, to } = this.range;
    const all = new URLSearchParams({ range: name, scope: this.scope });
    if (name === "custom") for (const [end, day] of Object.entries({ from, to })) all.set(end, day);
    return all;
  }
}

export const usage = new Usage();
