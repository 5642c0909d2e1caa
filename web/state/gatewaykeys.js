/** Virtual keys: made here for other programs, shown once; members see their own, admins everybody's. */

import { get, patch, post, remove } from "../lib/request.js";
import { Signal } from "../lib/signal.js";
import { session } from "./session.js";

/**
 * @typedef {{id: string, name: string, project: string, shown: string, scope: "gateway" | "admin",
 *   models: string[], endpoints: string[], limit_nanos: number | null, rpm: number | null, tpm: number | null, streams: number | null,
 *   state: "active" | "expired" | "revoked", expires_at: string | null, last_used_at: string | null, username: string,
 *   legacy: boolean, lately: number, figures: import("./statistics.js").Figures}} GatewayKey
 * @typedef {{name: string, project?: string, models?: string[], endpoints?: string[], limit_nanos?: number | null,
 *   rpm?: number | null, tpm?: number | null, streams?: number | null, expires_at?: string | null}} Wanted
 */

class GatewayKeys {
  /** Those that were not revoked, for one that expired can be extended; null: not asked for yet. */
  listing = new Signal(/** @type {GatewayKey[] | null} */ (null));
  /** The last key that was made, for as long as the page is open: nobody can see it again. */
  made = new Signal(/** @type {{id: string, name: string, key: string} | null} */ (null));

  get #path() {
    return session.user.role === "admin" ? "/admin/virtual-keys" : "/api/virtual-keys";
  }

  async load() {
    const { keys } = await get(this.#path);
    this.listing.value = keys.filter((/** @type {GatewayKey} */ key) => key.state !== "revoked");
  }

  /** @param {Wanted} wanted @returns {Promise<string>} the key itself */
  async create(wanted) {
    const made = await post("/api/virtual-keys", wanted);
    this.made.value = made;
    await this.load();
    return made.key;
  }

  /** What is left out stays, a limit that is null is lifted. @param {string} id @param {Partial<Wanted>} changes */
  async change(id, changes) {
    await patch(`${this.#path}/${id}`, changes);
    await this.load();
  }

  /** @param {string} id */
  async revoke(id) {
    await remove(`${this.#path}/${id}`);
    if (this.made.value?.id === id) this.made.value = null;
    await this.load();
  }

  /**
   * Asks the gateway as a program would, with nothing but the key. How many models it may use.
   * @param {string} key
   * @returns {Promise<number>}
   */
  async test(key) {
    const headers = { Authorization: `Bearer ${key}` };
    const response = await fetch("/v1/models", { headers, credentials: "omit", cache: "no-store" });
    const answer = await response.json().catch(() => null);
    if (!response.ok) throw new Error(answer?.error?.message ?? `the server answered ${response.status}`);
    return answer.data.length;
  }
}

export const gatewayKeys = new GatewayKeys();
