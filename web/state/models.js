/** The models that can be chosen, as the server lists them. */

import { get } from "../lib/request.js";
import { Signal } from "../lib/signal.js";

/**
 * @typedef {{id: string, name: string, provider: string, title: string, source: "live" | "built-in", context: number | null,
 *   vision: boolean | null, efforts: string[] | null, input_price: number | null, output_price: number | null,
 *   tokens_per_second: number | null, tier: "large" | "medium" | "small", demo: boolean}} Model
 * @typedef {{version?: string, models: Model[], routes?: {id: string, title: string}[], default: string | null, default_note: string | null,
 *   providers: {provider: string, source: string, error: string | null}[]}} Listing
 */

const TIERS = {
  large: { glyph: "◆", colour: "magenta" },
  medium: { glyph: "●", colour: "blue" },
  small: { glyph: "○", colour: "teal" },
};

class Models {
  /** @type {Signal<Listing>} */
  listing = new Signal(
    /** @type {Listing} */ ({ models: [], default: null, default_note: null, providers: [] }),
  );
  loaded = false;
  /** Which of the answers was asked for last: an older one may come after a newer one. */
  #asked = 0;
  #shown = 0;
  /** @type {Promise<void>} */
  #loading = Promise.resolve();

  /** What the server listed last. @param {Listing} listing */
  restore(listing) {
    this.loaded = true;
    this.listing.value = listing;
  }

  load() {
    this.#loading = this.#load(++this.#asked);
    return this.#loading;
  }

  /** The server has this version: another one is asked for. @param {string} version */
  async follow(version) {
    await this.#loading.catch(() => {});
    if (this.listing.value.version !== version) await this.load();
  }

  /** @param {number} turn */
  async #load(turn) {
    const listing = await get("/api/models");
    if (turn < this.#shown) return;
    this.#shown = turn;
    listing.models = listing.models.filter((/** @type {any} */ model) => (model.kind ?? "chat") === "chat");
    this.restore(listing);
  }

  /** @param {string | null | undefined} id @returns {Model | undefined} */
  find(id) {
    return this.listing.value.models.find((model) => model.id === id);
  }

  /** Glyph and colour of a model's size. @param {string | null | undefined} id */
  tier(id) {
    return TIERS[this.find(id)?.tier ?? guess(id ?? "")];
  }

  /** @param {string | null | undefined} id */
  isDemo(id) {
    return this.find(id)?.demo ?? id === "demo";
  }

  /** @param {string | null | undefined} id */
  builtIn(id) {
    const model = this.find(id);
    return model?.source === "built-in" && !model.demo;
  }
}

/** For a model that is no longer listed. @param {string} id @returns {"large" | "medium" | "small"} */
function guess(id) {
  if (/opus|-pro\b|fable/.test(id)) return "large";
  return /mini|nano|haiku|flash|small|lite|demo|ollama/.test(id) ? "small" : "medium";
}

export const models = new Models();
