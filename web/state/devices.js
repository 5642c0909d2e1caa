/** Where the person is signed in. */

import { get, remove } from "../lib/request.js";
import { Signal } from "../lib/signal.js";

/** @typedef {{id: string, device: {id: string, name: string}, created_at: string, current: boolean}} SignIn */

class Devices {
  /** @type {Signal<SignIn[]>} */
  list = new Signal(/** @type {SignIn[]} */ ([]));

  async load() {
    this.list.value = (await get("/api/sessions")).sessions;
  }

  /** @param {string} id */
  async signOut(id) {
    await remove(`/api/sessions/${id}`);
    this.list.value = this.list.value.filter((one) => one.id !== id);
  }
}

export const devices = new Devices();
