/** Provider keys: written here, never read back; shown by their last four characters. */

import { get, post, remove } from "../lib/request.js";
import { Signal } from "../lib/signal.js";
import { models } from "./models.js";

/**
 * @typedef {{id: string, provider: string, last4: string, base_url: string | null, owner: "you" | "server",
 *   status: "untested" | "ok" | "failed", status_message: string | null, checked_at: string | null, editable: boolean}} Key
 * @typedef {{name: string, title: string, needs_key: boolean, default_base_url: string | null, key_url: string | null,
 *   prefixes: string[]}} Provider
 */

class Keys {
  /** @type {Signal<{keys: Key[], providers: Provider[]}>} */
  listing = new Signal(/** @type {{keys: Key[], providers: Provider[]}} */ ({ keys: [], providers: [] }));

  async load() {
    this.listing.value = await get("/api/settings/api-keys");
  }

  /**
   * Which provider a key belongs to, by its longest fitting prefix.
   * @param {string} key
   * @returns {Provider | undefined}
   */
  recognise(key) {
    let best;
    let length = 0;
    for (const provider of this.listing.value.providers) {
      for (const prefix of provider.prefixes) {
        if (prefix.length > length && key.startsWith(prefix)) [best, length] = [provider, prefix.length];
      }
    }
    return best;
  }

  /** How a person knows a key: by its last characters, or by where it leads. @param {Key} key */
  name(key) {
    return key.last4
      ? `…${key.last4}`
      : (key.base_url ?? "").replace(/^https?:\/\//, "").replace(/\/v1\/?$/, "");
  }

  /**
   * Whether a key works; of the server's own keys the list of models tells.
   * @param {Key} key
   * @returns {{status: Key["status"], message: string | null}}
   */
  state(key) {
    if (key.status !== "untested") return { status: key.status, message: key.status_message };
    const listing = models.listing.value.providers.find(({ provider }) => provider === key.provider);
    if (listing?.error) return { status: "failed", message: listing.error };
    return { status: listing?.source === "live" ? "ok" : "untested", message: null };
  }

  /** @param {{provider?: string, key?: string, base_url?: string}} values @returns {Promise<Key>} */
  async add(values) {
    const key = await post("/api/settings/api-keys", values);
    await this.load();
    return key;
  }

  /** @param {string} id @returns {Promise<{ok: boolean, message: string, models: number}>} */
  async test(id) {
    const result = await post(`/api/settings/api-keys/${id}/test`);
    await Promise.all([this.load(), models.load()]);
    return result;
  }

  /** @param {string} id */
  async delete(id) {
    await remove(`/api/settings/api-keys/${id}`);
    await Promise.all([this.load(), models.load()]);
  }
}

export const keys = new Keys();
