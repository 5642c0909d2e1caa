/** Notifications on this device: what is missing for them, what the person chose, and the subscription behind it. */

import { isApplePhone } from "../lib/device.js";
import { get, post, remove, request } from "../lib/request.js";
import { Signal } from "../lib/signal.js";
import { own, read, write } from "../lib/storage.js";
import { hasWorker } from "../lib/worker.js";

/**
 * @typedef {"off" | "on" | "preview"} Choice `preview` tells the first words too
 * @typedef {{available: boolean, public_key: string | null, subscribed: boolean, preview: boolean}} Answer
 */

/** @type {Choice[]} */
export const CHOICES = ["off", "on", "preview"];

/** What the page remembers of its subscription, so that it notices when the browser made another. */
const kept = () => own("push");

class Push {
  /** @type {Signal<Choice>} */
  choice = new Signal(/** @type {Choice} */ ("off"));
  /** The sentence that says why notifications cannot be had here; empty when they can. */
  missing = new Signal("");

  async load() {
    this.#take(await get("/api/push"));
  }

  /**
   * Has to begin in the person's own tap or key: the browser may ask them.
   * @param {Choice} choice
   */
  async choose(choice) {
    if (choice === "off") return this.#turnOff();
    const allowed = lacking() ? "default" : await Notification.requestPermission();
    const answer = await get("/api/push");
    this.#take(answer);
    if (this.missing.value) throw new Error(this.missing.value);
    if (allowed !== "granted") throw new Error("the browser did not allow notifications: try again");
    await this.#subscribe(answer, choice);
  }

  /** A notification now, to see that it arrives. */
  async test() {
    const { ok, message } = await post("/api/push/test");
    await this.load();
    if (!ok) throw new Error(message);
  }

  /** At the start of the page: browsers renew subscriptions, servers lose them; what the person chose stands. */
  async repair() {
    const before = read(kept(), /** @type {{choice: Choice, endpoint: string} | null} */ (null));
    if (!before || lacking()) return;
    const answer = await get("/api/push");
    this.#take(answer);
    if (this.missing.value || Notification.permission !== "granted") return this.#turnOff();
    const subscription = await (await registration())?.pushManager.getSubscription();
    const whole = answer.subscribed && subscription && keyOf(subscription) === answer.public_key;
    if (!whole || subscription.endpoint !== before.endpoint) await this.#subscribe(answer, before.choice);
  }

  /** @param {Answer} answer @param {Choice} choice */
  async #subscribe(answer, choice) {
    const manager = (await registration())?.pushManager;
    if (!manager || !answer.public_key)
      throw new Error("the page is not kept by the browser yet: reload it, then try again");
    let subscription = await manager.getSubscription();
    if (subscription && keyOf(subscription) !== answer.public_key) {
      await subscription.unsubscribe();
      subscription = null;
    }
    try {
      subscription ??= await manager.subscribe({
        userVisibleOnly: true,
        applicationServerKey: answer.public_key,
      });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`the browser's push service did not take part: ${why}`);
    }
    const wish = { subscription: subscription.toJSON(), preview: choice === "preview" };
    this.#take(await request("PUT", "/api/push", wish));
    write(kept(), { choice, endpoint: subscription.endpoint });
  }

  async #turnOff() {
    write(kept(), null);
    await remove("/api/push");
    this.choice.value = "off";
    if (!lacking()) await (await (await registration())?.pushManager.getSubscription())?.unsubscribe();
  }

  /** @param {Answer} answer */
  #take({ available, subscribed, preview }) {
    this.choice.value = !subscribed ? "off" : preview ? "preview" : "on";
    this.missing.value = available ? lacking() : "notifications are switched off on this server";
  }
}

/** What this browser lacks, in one sentence. */
function lacking() {
  if (!isSecureContext) return "notifications need https, and this address is plain http";
  if (!("PushManager" in window && "Notification" in window && "serviceWorker" in navigator)) {
    return isApplePhone
      ? "notifications need the app on the home screen: share, add to home screen, and open it from there"
      : "this browser has no notifications for web pages";
  }
  if (!hasWorker) return "this server keeps no page in the browser, and so cannot notify";
  if (Notification.permission === "denied") {
    return "notifications are blocked for this page: allow them in the browser's settings for this site";
  }
  return "";
}

/** The worker's registration, once the worker is there; undefined where none comes within a moment. */
function registration() {
  const late = new Promise((resolve) => setTimeout(resolve, 5000));
  return Promise.race([navigator.serviceWorker.ready, /** @type {Promise<undefined>} */ (late)]);
}

/** The key a subscription was made for, as the server writes it. @param {PushSubscription} subscription */
function keyOf(subscription) {
  const bytes = new Uint8Array(subscription.options.applicationServerKey ?? new ArrayBuffer(0));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

export const push = new Push();
