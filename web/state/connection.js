/** The line to the server: one stream for the page, dropped and re-attached whenever the page comes back. */

import { post } from "../lib/request.js";
import { Signal } from "../lib/signal.js";
import { EventStream } from "../lib/stream.js";
import { conversation } from "./conversation.js";
import { conversations } from "./conversations.js";
import { models } from "./models.js";
import { notices } from "./notices.js";
import { outbox } from "./outbox.js";
import { place } from "./place.js";
import { session } from "./session.js";
import { statistics } from "./statistics.js";

const QUIET = 1500; // a short gap is nobody's business
const GRACE = 15_000; // a VPN needs this long to wake up
const RESTART = 6000; // a server that said it would be back

class Connection {
  /** @type {Signal<"live" | "reconnecting" | "offline">} */
  status = new Signal(/** @type {"live" | "reconnecting" | "offline"} */ ("live"));
  /** How often the line came back after it was lost. */
  returned = new Signal(0);
  #lostAt = 0;
  #resumedAt = 0;
  #quietUntil = 0;
  #started = false;
  #synced = false;
  #stream = new EventStream({
    event: (type, data) => this.#event(type, data),
    state: (state, status) => this.#changed(state, status),
  });

  /** Follows one conversation, or none; called when it was read. @param {string | null} id */
  follow(id) {
    this.#stream.open(`/api/stream${id ? `?conversation=${encodeURIComponent(id)}` : ""}`);
    this.#start();
  }

  close() {
    this.#stream.close();
    this.#lostAt = 0;
    this.status.value = "live";
  }

  #start() {
    if (this.#started) return;
    this.#started = true;
    conversation.onGap(() => this.#stream.restart());
    const resume = () => this.#resume();
    document.addEventListener("visibilitychange", resume);
    for (const type of ["pageshow", "online", "focus"]) addEventListener(type, resume);
    setInterval(() => this.#judge(), 500);
  }

  /** Coming back: whatever the reader believes is old. Several events tell of one return. */
  #resume() {
    if (document.hidden || session.status.value !== "signed-in" || Date.now() - this.#resumedAt < 300) return;
    this.#resumedAt = Date.now();
    if (this.#lostAt) this.#lostAt = Date.now();
    this.#stream.attach();
    this.#reload();
    outbox.flush();
  }

  /** What could not be read is read now, and followed again. */
  async #reload() {
    const { state, id } = conversation;
    if (state.value === "loading" || (state.value === "ready" && !this.#stream.isClosed)) return;
    if (state.value !== "ready") await conversation.load();
    if (state.value === "ready" && session.status.value === "signed-in") this.follow(id.value);
  }

  /** The conversation that is open is not there: it may have been deleted while nobody looked, and may come back. */
  async #miss() {
    conversations.drop(conversation.id.value ?? "");
    await conversation.load();
    if (conversation.state.value !== "ready" && conversation.path.value.length)
      notices.say(conversation.state.value, "error");
    this.#stream.open("/api/stream"); // of everything else the page still hears
    this.#reload();
  }

  /** @param {"open" | "lost" | "refused"} state @param {number} status */
  #changed(state, status) {
    if (state === "open") {
      const wasLost = this.#lostAt > 0;
      this.#lostAt = this.#quietUntil = 0;
      this.status.value = "live";
      if (wasLost) this.returned.value += 1;
      outbox.flush();
      if (conversation.id.value) this.#reload();
    } else if (state === "lost") {
      this.#lostAt ||= Date.now();
      if (status === 503 || status === 401) session.load(); // it may be locked, or the session over
    } else if (conversation.id.value) {
      this.#miss();
    }
  }

  #judge() {
    if (!this.#lostAt || document.hidden) return;
    const gone = Date.now() - Math.max(this.#lostAt, this.#quietUntil);
    if (gone > GRACE) this.status.value = "offline";
    else if (gone > QUIET) this.status.value = "reconnecting";
  }

  /** @param {string} type @param {any} data */
  #event(type, data) {
    if (type === "sync") this.#sync(data);
    else if (type === "message") conversation.receive(data);
    else if (type === "delta") conversation.delta(data);
    else if (type === "reasoning") conversation.reason(data);
    else if (type === "reply") conversation.activity(data);
    else if (type === "statistics") statistics.apply(data);
    else if (type === "notice") notices.say(data.text, data.tone);
    else if (type === "ended") this.#saw(data.reply);
    else if (type === "models") models.load().catch(() => {});
    else if (type === "bye") this.#leave(data.retry);
    else if (type === "conversation") {
      conversations.upsert(data, document.hidden ? null : conversation.id.value);
      conversation.describe(data);
    } else if (type === "gone") {
      conversations.drop(data.conversation);
      if (data.conversation === conversation.id.value && place.value.screen === "chat") place.chat(null);
    }
  }

  /** The server ends the stream, for a new one, or to restart: `retry` milliseconds. @param {number} [retry] */
  #leave(retry) {
    if (!retry) {
      setTimeout(() => this.#stream.attach(), 500);
      return;
    }
    this.#quietUntil = Date.now() + RESTART;
    this.#stream.later(retry);
  }

  /** The server asks whether anybody sees this; without an answer it tells the person's devices. @param {string} reply */
  #saw(reply) {
    if (!document.hidden) post("/api/push/seen", { reply }).catch(() => {});
  }

  /** @param {any} data */
  #sync(data) {
    conversation.sync(data).catch(() => this.#stream.restart());
    models.follow(data.models).catch(() => {});
    if (this.#synced) {
      conversations.load().catch(() => {});
      statistics.load().catch(() => {});
    }
    this.#synced = true;
  }
}

export const connection = new Connection();
