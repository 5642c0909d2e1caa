/** What models cost, for an admin: the prices of their own, and the models that were called at an unknown one. */

import { get, remove, request } from "../lib/request.js";
import { Signal } from "../lib/signal.js";

/**
 * @typedef {Record<string, any>} Rates dollars as text: `input`, `output` … per million tokens, `free`
 * @typedef {{id: string, provider: string, model: string, rates: Rates, updated_at: string}} Override
 * @typedef {{provider: string, model: string, calls: number, known: boolean}} Unknown
 * @typedef {{list: {source: string, version: string, models: number}, overrides: Override[], unknown: Unknown[],
 *   providers: {id: string, title: string}[]}} Book
 */

class Prices {
  /** @type {Signal<Book | null>} */
  book = new Signal(/** @type {Book | null} */ (null));

  async load() {
    this.book.value = await get("/api/prices");
  }

  /** What it costs now. @param {string} provider @param {string} model @returns {Promise<Rates | null>} */
  async find(provider, model) {
    const { price } = await get(`/api/prices/lookup?${new URLSearchParams({ provider, model })}`);
    return price?.rates ?? null;
  }

  /** @param {string} provider @param {string} model @param {Rates} rates */
  async set(provider, model, rates) {
    await request("PUT", "/api/prices", { provider, model, rates });
    await this.load();
  }

  /** @param {Override} one */
  async remove(one) {
    await remove(`/api/prices/${one.id}`);
    await this.load();
  }
}

export const prices = new Prices();
