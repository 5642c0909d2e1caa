/** What this device and this account have used: the ledger's own sums, never counted here. */

import { get } from "../lib/request.js";
import { Signal } from "../lib/signal.js";

/**
 * @typedef {{input: number, cache_read: number, cache_write: number, output: number, reasoning: number, tokens: number,
 *   cost_nanos: number, unknown: number, estimated: boolean, calls: number}} Figures
 */

class Statistics {
  /** @type {Signal<Figures | null>} */
  device = new Signal(/** @type {Figures | null} */ (null));
  /** @type {Signal<Figures | null>} */
  account = new Signal(/** @type {Figures | null} */ (null));

  async load() {
    this.apply(await get("/api/statistics"));
  }

  /** @param {{device: Figures, account: Figures}} figures */
  apply({ device, account }) {
    this.account.value = account;
    this.device.value = device;
  }
}

export const statistics = new Statistics();
