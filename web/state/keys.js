/** Provider keys: written here, never read back; shown by their last four characters. */

import { fetched } from "../lib/download.js";
import { get, patch, post, remove } from "../lib/request.js";
import { Signal } from "../lib/signal.js";
import { deviceKeys } from "./devicekeys.js";
import { models } from "./models.js";

/**
 * @typedef {{id: string, provider: string, last4: string, base_url: string | null, owner: "you" | "server" | "device",
 *   status: "untested" | "ok" | "failed", status_message: string | null, checked_at: string | null, editable: boolean,
 *   position: number | null, weight: number}} Key
 * @typedef {{name: string, title: string, needs_key: boolean, default_base_url: string | null, key_url: string | null,
 *   prefixes: string[]}} Provider
 */

const LARGEST = 1_000_000; // bytes of a file of keys

class Keys {
  /** `own`: whether this person may add some. @type {Signal<{keys: Key[], providers: Provider[], own: boolean}>} */
  listing = new Signal({
    keys: /** @type {Key[]} */ ([]),
    providers: /** @type {Provider[]} */ ([]),
    own: /** @type {boolean} */ (true),
  });

  async load() {
    const listing = await get("/api/settings/api-keys");
    this.listing.value = { ...listing, keys: [...deviceKeys.rows(), ...listing.keys] };
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

  /**
   * @param {{provider?: string, key?: string, base_url?: string, everybody?: boolean}} values
   * @returns {Promise<Key>}
   */
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

  /**
   * The stored keys of the same provider and owner, the one that is asked first before the others.
   * @param {Key} key
   */
  beside(key) {
    const { keys } = this.listing.value;
    const theirs = keys.filter(
      (one) => one.provider === key.provider && one.owner === key.owner && one.position !== null,
    );
    return theirs.sort((one, other) => Number(one.position) - Number(other.position));
  }

  /** How the work is shared out: `first`, `2nd`, or the share where several have the same place. @param {Key} key */
  turn(key) {
    const beside = this.beside(key);
    if (beside.length < 2 || key.position === null) return "";
    const equal = beside.filter(({ position }) => position === key.position);
    if (equal.length > 1) {
      const all = equal.reduce((sum, { weight }) => sum + weight, 0);
      return `${Math.round((key.weight / all) * 100)}% of the work`;
    }
    const before = beside.findIndex(({ id }) => id === key.id);
    return before === 0 ? "asked first" : `asked after ${before} other${before > 1 ? "s" : ""}`;
  }

  /** One place earlier (-1) or later (1), each key then having a place of its own. @param {Key} key @param {number} step */
  async move(key, step) {
    const order = this.beside(key);
    const at = order.findIndex(({ id }) => id === key.id);
    order.splice(Math.max(0, at + step), 0, ...order.splice(at, 1));
    await this.#place(order.map((one, position) => [one, position]));
  }

  /** All of them in one place: what there is to do is shared by weight. @param {Key} key */
  async share(key) {
    await this.#place(this.beside(key).map((one) => [one, 0]));
  }

  /** @param {Key} key @param {number} weight */
  async weigh(key, weight) {
    await patch(`/api/settings/api-keys/${key.id}`, { weight });
    await this.load();
  }

  /** @param {[Key, number][]} places */
  async #place(places) {
    for (const [one, position] of places)
      if (one.position !== position) await patch(`/api/settings/api-keys/${one.id}`, { position });
    await this.load();
  }

  /** One that stays on this device. @param {string} provider @param {string} key */
  async carry(provider, key) {
    const result = await deviceKeys.add(provider, key);
    await Promise.all([this.load(), models.load()]);
    return { key: /** @type {Key} */ (deviceKeys.rows().find((one) => one.provider === provider)), result };
  }

  /** The person's own as a file. @param {string} password @param {string} passphrase */
  take(password, passphrase) {
    return fetched("/api/settings/api-keys/export", { password, passphrase });
  }

  /** @param {File} file @param {string} passphrase @returns {Promise<{added: number, known: number}>} */
  async bring(file, passphrase) {
    const bytes = new Uint8Array(await file.slice(0, LARGEST + 1).arrayBuffer());
    const content = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
    const result = await post("/api/settings/api-keys/import", { passphrase, content });
    await Promise.all([this.load(), models.load()]);
    return result;
  }

  /** @param {string} id */
  async delete(id) {
    if (id.startsWith("device:")) await deviceKeys.remove(id.split(":")[1]);
    else await remove(`/api/settings/api-keys/${id}`);
    await Promise.all([this.load(), models.load()]);
  }
}

export const keys = new Keys();
