/**
 * Provider keys that stay on this device: they go with what asks a model, and the server keeps none of them.
 * Not over plain HTTP, where everybody on the way could read them with every message.
 */

import { configure, post } from "../lib/request.js";
import { own, read, write } from "../lib/storage.js";
import { models } from "./models.js";
import { session } from "./session.js";

class DeviceKeys {
  /** Whether this page may keep some. */
  get allowed() {
    return isSecureContext;
  }

  /** @returns {Record<string, string>} the key by the provider's name */
  get all() {
    return this.allowed ? read(own("device-keys"), {}) : {};
  }

  /** As the other keys are listed. @returns {import("./keys.js").Key[]} */
  rows() {
    return Object.entries(this.all).map(([provider, key]) => ({
      id: `device:${provider}:${session.user.id}`,
      provider,
      last4: key.length < 12 ? "" : key.slice(-4),
      base_url: null,
      owner: "device",
      status: "untested",
      status_message: null,
      checked_at: null,
      editable: true,
      position: null,
      weight: 1,
    }));
  }

  /** Keeps it if it works. @param {string} provider @param {string} key @returns {Promise<{models: number}>} */
  async add(provider, key) {
    const before = this.all;
    this.#keep({ ...before, [provider]: key });
    try {
      const result = await post(`/api/settings/api-keys/device:${provider}:${session.user.id}/test`);
      if (!result.ok) throw new Error(`it does not work: ${result.message}`);
      return result;
    } catch (error) {
      this.#keep(before);
      throw error;
    }
  }

  /** @param {string} provider */
  async remove(provider) {
    const { [provider]: _gone, ...rest } = this.all;
    this.#keep(rest);
    await models.load();
  }

  /** @param {Record<string, string>} keys */
  #keep(keys) {
    const kept = Object.keys(keys).length ? keys : null;
    write(own("device-keys"), kept);
    configure({ carried: kept });
  }
}

export const deviceKeys = new DeviceKeys();
