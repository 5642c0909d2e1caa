/**
 * New versions of the page: noticed when the line to the server opens, offered in one quiet line while nothing is
 * going on. A newer page that was opened already has its worker take over at once.
 */

import { durable } from "../lib/storage.js";
import { hasWorker, register, renew, version, versionOf } from "../lib/worker.js";
import { connection } from "./connection.js";
import { conversation } from "./conversation.js";
import { notices } from "./notices.js";
import { outbox } from "./outbox.js";

const LONG = 3_600_000;
// Chromium lets a worker go at once while it has nothing to do. One that it has to start again for the page's last
// files, in the very moment of going, stays much longer.
const SETTLED = 2000;

class Updates {
  #isReady = false;
  #isDeclined = false;
  #checkedAt = 0;
  /** @type {import("./notices.js").Notice | null} */
  #offer = null;
  /** @type {ServiceWorkerRegistration | null} */
  #registration = null;

  start() {
    connection.returned.listen(() => this.#check());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && Date.now() - this.#checkedAt > LONG) this.#check();
    });
    const weigh = () => this.#weigh();
    conversation.path.listen(weigh);
    conversation.changed.listen(weigh);
    outbox.entries.listen(weigh);
    for (const type of ["input", "focusout", "hashchange"]) addEventListener(type, () => setTimeout(weigh));
    notices.current.listen((notice) => this.#told(notice));
    if (document.readyState === "complete") this.#check();
    else addEventListener("load", () => this.#check());
  }

  async #check() {
    this.#checkedAt = Date.now();
    const registration = await register();
    if (registration) {
      // First what is here already: an update that is slow, or fails, keeps nothing of that back.
      this.#follow(registration);
      if (registration.active) await renew(registration);
    } else if (!hasWorker) await this.#ask();
  }

  /** Without a worker the server is asked which page it has. */
  async #ask() {
    try {
      const response = await fetch("/shell.json", { cache: "no-store" });
      if (response.ok) this.#found((await response.json()).version);
    } catch {
      // also one that broke off in the middle: the next time that the line comes back it is asked again
    }
  }

  /** @param {ServiceWorkerRegistration} registration */
  #follow(registration) {
    if (this.#registration === registration) return;
    this.#registration = registration;
    registration.addEventListener("updatefound", () => this.#await(registration.installing));
    navigator.serviceWorker.addEventListener("controllerchange", () => this.#meet(registration.active));
    this.#await(registration.installing);
    this.#meet(registration.waiting);
  }

  /** @param {ServiceWorker | null} worker one that is being installed */
  #await(worker) {
    worker?.addEventListener("statechange", () => worker.state === "installed" && this.#meet(worker));
  }

  /** @param {ServiceWorker | null} worker */
  async #meet(worker) {
    if (!worker) return;
    const theirs = await versionOf(worker);
    if (theirs === version) setTimeout(() => worker.postMessage({ type: "activate" }), SETTLED);
    this.#found(theirs);
  }

  /** @param {string} newest */
  #found(newest) {
    this.#isReady = newest !== version;
    this.#weigh();
  }

  /** Shows the offer, or takes it back as soon as something is going on. */
  #weigh() {
    if (!this.#isReady || this.#isDeclined) return;
    const idle = isIdle();
    if (this.#offer && !idle) {
      this.#offer = null;
      notices.dismiss();
    } else if (!this.#offer && idle && !notices.current.value) {
      notices.say("new version", "ok", { label: "reload", run: () => location.reload() }, true);
      this.#offer = notices.current.value;
    }
  }

  /** Whoever closes the offer does not want it; other words only displace it. @param {import("./notices.js").Notice | null} notice */
  #told(notice) {
    if (this.#offer && notice !== this.#offer) {
      this.#offer = null;
      if (!notice) this.#isDeclined = true;
    }
    if (!notice) setTimeout(() => this.#weigh());
  }
}

/** No reply is being written, no text is half typed, and nothing lives in this page alone. */
function isIdle() {
  const fields = [...document.querySelectorAll("input, textarea")];
  const typed = fields.some((field) => {
    const { value, defaultValue } = /** @type {HTMLInputElement} */ (field);
    return value !== defaultValue;
  });
  const unsafe = outbox.entries.value.some((entry) => !entry.waiting || !durable.value);
  return !typed && !unsafe && !conversation.running && !document.querySelector("dialog[open]");
}

export const updates = new Updates();
