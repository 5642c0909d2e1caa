/**
 * Who is signed in on this device, and what the server says about itself. The last answer is kept, so that the page
 * opens at once; the server's next one confirms it or ends it.
 */

import { removeDatabases } from "../lib/database.js";
import { AppError, configure, get, patch, post } from "../lib/request.js";
import { Signal } from "../lib/signal.js";
import { onOtherTab, own, owner, read, write } from "../lib/storage.js";
import { dropShared } from "./shared.js";

/** @typedef {"unknown" | "unreachable" | "locked" | "setup" | "signed-out" | "signed-in"} Status */

class Session {
  /** @type {Signal<Status>} */
  status = new Signal(/** @type {Status} */ ("unknown"));
  /** @type {Signal<Record<string, any>>} */
  preferences = new Signal({});
  user = { id: "", username: "", role: "" };
  device = { id: "", name: "" };
  version = "";
  /** Whether somebody with an invitation may make an account. */
  registration = false;
  /** True from the first account until its first key or the demo was chosen. */
  fresh = new Signal(false);
  /** @type {Promise<void> | null} */
  #loading = null;
  #isConfirmed = false;
  #isNew = true;
  /** Why the one whom the proxy named was not let in. */
  refusal = "";

  constructor() {
    configure({
      device: read("device", ""),
      lost: (error) => this.#lost(error),
      renew: () => this.#renew(),
    });
    const kept = read("session", null);
    if (kept) this.#take(kept);
    onOtherTab(
      () => "session",
      () => this.#otherTab(),
    );
  }

  /** Asks the server; status tells the answer. */
  load() {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  /** Asks the server unless it answered already. */
  async confirm() {
    if (!this.#isConfirmed) await this.load();
  }

  async #load() {
    try {
      this.#accept(await get("/api/session"));
    } catch (error) {
      const unanswered = error instanceof AppError && error.status !== 401 && error.code !== "locked";
      if (unanswered && this.status.value !== "signed-in") this.status.value = "unreachable";
    }
  }

  /** @returns {Promise<boolean>} whether the same person is signed in */
  async #renew() {
    if (this.status.value !== "signed-in") return false;
    const { id } = this.user;
    this.#isConfirmed = false;
    await this.load();
    return this.#isConfirmed && this.user.id === id;
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
    for (const key of ["drafts", "planned", "outbox", "unread", "files", "device-keys"])
      write(own(key), null);
    dropShared();
    owner.value = "";
    removeDatabases("llm-files:").catch(() => {}); // where there are none, there is nothing to remove
    this.#end("signed-out");
  }

  /** Holds at once; what the server refuses is taken back. @param {Record<string, unknown>} changes */
  async prefer(changes) {
    const before = this.preferences.value;
    this.preferences.value = { ...before, ...changes };
    try {
      this.preferences.value = (await patch("/api/preferences", changes)).preferences;
    } catch (error) {
      this.preferences.value = before;
      throw error;
    }
  }

  /** @param {any} answer */
  #accept(answer) {
    const { csrf, ...rest } = answer;
    write("device", answer.device.id);
    write("session", rest);
    if (this.user.id && this.user.id !== answer.user.id) return this.#startAnew();
    this.#isConfirmed = true;
    configure({ csrf, device: answer.device.id });
    this.#take(rest);
    const { timeZone: timezone } = Intl.DateTimeFormat().resolvedOptions();
    if (timezone && !this.preferences.value.timezone) this.prefer({ timezone }).catch(() => {});
  }

  /** @param {any} answer */
  #take({ user, device, version }) {
    this.user = user;
    this.device = device;
    this.version = version;
    owner.value = user.id;
    this.preferences.value = user.preferences ?? {};
    configure({ carried: isSecureContext ? read(own("device-keys"), null) : null });
    this.status.value = "signed-in";
  }

  /** Nothing that this page knows of one person is shown to another. */
  #startAnew() {
    history.replaceState(null, "", "/#/");
    location.reload();
  }

  #otherTab() {
    const kept = read("session", /** @type {any} */ (null));
    if (!kept && this.status.value === "signed-in") this.#end("signed-out");
    else if (kept && this.status.value === "signed-out") this.load();
    else if (kept && this.user.id && kept.user.id !== this.user.id) this.#startAnew();
  }

  /** @param {"setup" | "signed-out"} status */
  #end(status) {
    write("session", null);
    this.#isConfirmed = false;
    configure({ csrf: "" });
    this.status.value = status;
  }

  /** @param {AppError} error */
  #lost(error) {
    this.version = error.detail.version ?? this.version;
    this.registration = error.detail.registration ?? this.registration;
    if (error.code === "locked") this.status.value = "locked";
    if (error.code !== "not_signed_in") return;
    if (error.detail.proxy && this.#isNew) this.#enter();
    else this.#end(error.detail.setup ? "setup" : "signed-out");
  }

  /** As whom the proxy in front of the server has let in, once a page. */
  async #enter() {
    this.#isNew = false;
    const { enterByProxy } = await import("./unlocking.js");
    this.refusal = await enterByProxy();
    await this.load();
  }
}

export const session = new Session();
