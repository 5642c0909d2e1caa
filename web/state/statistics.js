/** What this device, this account and this day have used: the ledger's own sums, never counted here. */

import { get } from "../lib/request.js";
import { Signal } from "../lib/signal.js";
import { session } from "./session.js";

const SOON = 1500;

/**
 * @typedef {{input: number, cache_read: number, cache_write: number, output: number, reasoning: number, image_input: number, image_output: number, tokens: number,
 *   cost_nanos: number, saved_nanos: number, unknown: number, estimated: boolean, calls: number}} Figures
 * @typedef {{period: string, spent_nanos: number, limit_nanos: number}} Budget
 * @typedef {Figures & {hours: number[]}} Day nano-dollars of each hour of the day so far
 */

class Statistics {
  /** @type {Signal<Figures | null>} */
  device = new Signal(/** @type {Figures | null} */ (null));
  /** @type {Signal<Figures | null>} */
  account = new Signal(/** @type {Figures | null} */ (null));
  /** The person's own budget of which most is spent. */
  budget = new Signal(/** @type {Budget | null} */ (null));
  /** @type {Signal<Day | null>} */
  day = new Signal(/** @type {Day | null} */ (null));
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #soon;

  async load() {
    const figures = await get("/api/statistics");
    this.day.value = figures.day;
    this.#take(figures);
  }

  /** What this page knew when it was last open. @param {{device: Figures, account: Figures, budget: Budget | null}} figures */
  restore(figures) {
    this.#take(figures);
  }

  /** What a call changed, of this device or of another one. @param {{device_id?: string, device: Figures, account: Figures, budget: Budget | null}} figures */
  apply(figures) {
    this.#take(figures);
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => this.load().catch(() => {}), SOON);
  }

  /** @param {{device_id?: string, device: Figures, account: Figures, budget: Budget | null}} figures */
  #take({ device_id, device, account, budget }) {
    this.budget.value = budget;
    this.account.value = account;
    if (!device_id || device_id === session.device.id) this.device.value = device;
  }
}

export const statistics = new Statistics();
