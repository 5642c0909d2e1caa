/** Who is signed in on this device, and what the server says about itself. */

import { AppError, configure, get, patch, post } from "../lib/request.js";
import { Signal } from "../lib/signal.js";
import { read, write } from "../lib/storage.js";

/** @typedef {"unknown" | "unreachable" | "setup" | "signed-out" | "signed-in"} Status */

class Session {
  /** @type {Signal<Status>} */
  status = new Signal(/** @type {Status} */ ("unknown"));
  /** @type {Signal<Record<string, any>>} */
  preferences = new Signal({});
  user = { id: "", username: "", role: "" };
  device = { id: "", name: "" };
  version = "";
  features = { demo: false };
  /** True from the first account until its first key or the demo was chosen. */
  fresh = new Signal(false);

  constructor() {
    configure({ device: read("device", ""), lost: (error) => this.#lost(error) });
  }

  /** Asks the server; status tells the answer. */
  async load() {
    try {
      this.#accept(await get("/api/session"));
    } catch (error) {
      if (error instanceof AppError && error.status !== 401) this.status.value = "unreachable";
    }
  }

  /** @param {string} username @param {string} password */
  async login(username, password) {
    this.#accept(await post("/api/auth/login", { username, password }));
  }

  /** @param {string} code @param {string} username @param {string} password */
  async setup(code, username, password) {
    const answer = await post("/api/setup", { code, username, password });
    this.fresh.value = true;
    this.#accept(answer);
  }

  async logout() {
    await post("/api/auth/logout");
    for (const key of ["drafts", "outbox", "unread"]) write(key, null);
    this.status.value = "signed-out";
  }

  /** @param {Record<string, unknown>} changes */
  async prefer(changes) {
    this.preferences.value = { ...this.preferences.value, ...changes };
    const { preferences } = await patch("/api/preferences", changes);
    this.preferences.value = preferences;
  }

  /** @param {any} answer */
  #accept(answer) {
    this.user = answer.user;
    this.device = answer.device;
    this.version = answer.version;
    this.features = answer.features ?? this.features;
    write("device", answer.device.id);
    configure({ csrf: answer.csrf, device: answer.device.id });
    this.preferences.value = answer.user.preferences ?? {};
    this.status.value = "signed-in";
  }

  /** @param {AppError} error */
  #lost(error) {
    this.version = error.detail.version ?? this.version;
    if (error.code !== "not_signed_in") return;
    this.status.value = error.detail.setup ? "setup" : "signed-out";
  }
}

export const session = new Session();
