/**
 * A server-sent event reader that we can drop, re-attach and watch: any failure is a reconnect, silence is a failure,
 * and nothing is judged while the page is hidden.
 */

import { identity } from "./request.js";

const SILENCE = 25_000; // the server sends a comment every 15 s
// After a gap the browser may still hold lines that lead nowhere: the first tries give up soon, and each takes one away.
const FIRST_ANSWERS = [3000, 3000, 3000, 4000, 6000, 15_000];
const LONGEST_WAIT = 8000;

/** Splits a byte stream into events, as the HTML standard parses them. */
export class EventParser {
  #rest = "";
  #data = /** @type {string[]} */ ([]);
  #type = "";
  /** @type {string | undefined} */
  #id;

  /**
   * @param {string} text the next piece, cut anywhere
   * @returns {{type: string, data: string, id: string | undefined}[]}
   */
  push(text) {
    const events = [];
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") {
        if (this.#data.length) {
          events.push({ type: this.#type || "message", data: this.#data.join("\n"), id: this.#id });
        }
        this.#data = [];
        this.#type = "";
        continue;
      }
      const colon = line.indexOf(":");
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "data") this.#data.push(value);
      else if (field === "event") this.#type = value;
      else if (field === "id") this.#id = value;
    }
    return events;
  }
}

/** Whether our server said so: a proxy in front of one that restarts has other words. @param {Response} response */
const isOurs = (response) =>
  response.json().then(
    (answer) => Boolean(answer?.error?.code),
    () => false,
  );

export class EventStream {
  #url = "";
  #cursor = "";
  #attempt = 0;
  #failures = 0;
  #heard = 0;
  #wait = 0;
  /** @type {AbortController | null} */
  #reader = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  #onEvent;
  #onState;

  /**
   * @param {{event: (type: string, data: any) => void, state: (state: "open" | "lost" | "refused", status: number) => void}} callbacks
   */
  constructor({ event, state }) {
    this.#onEvent = event;
    this.#onState = state;
    setInterval(() => this.#watch(), 1000);
  }

  /** Reads `url` from its beginning. @param {string} url */
  open(url) {
    this.#url = url;
    this.#cursor = "";
    this.attach();
  }

  /** Drops the reader, if there is one, and goes on after the last event. */
  attach() {
    this.#failures = 0;
    this.#next();
  }

  /** Drops the reader and forgets its place, so that the server tells everything again: at once, or when it is seen. */
  restart() {
    this.#cursor = "";
    if (document.hidden) this.#drop();
    else this.attach();
  }

  /** The line is about to end: then to wait about so many milliseconds. @param {number} wait */
  later(wait) {
    this.#wait = wait;
  }

  /** Whether there is nothing to be read. */
  get isClosed() {
    return !this.#url;
  }

  close() {
    this.#url = "";
    this.#drop();
  }

  #next() {
    this.#drop();
    if (this.#url) this.#read();
  }

  #drop() {
    clearTimeout(this.#retry);
    this.#attempt += 1;
    this.#reader?.abort();
    this.#reader = null;
  }

  async #read() {
    const attempt = this.#attempt;
    const reader = new AbortController();
    this.#reader = reader;
    this.#heard = Date.now() + FIRST_ANSWERS[Math.min(this.#failures, FIRST_ANSWERS.length - 1)] - SILENCE;
    try {
      /** @type {Record<string, string>} */
      const headers = { Accept: "text/event-stream", ...identity() };
      if (this.#cursor) headers["Last-Event-ID"] = this.#cursor;
      const response = await fetch(this.#url, { headers, signal: reader.signal, cache: "no-store" });
      if (attempt !== this.#attempt) return;
      if (response.status === 404 && (await isOurs(response))) {
        if (attempt === this.#attempt) this.#refuse(response.status);
        return;
      }
      if (attempt !== this.#attempt) return;
      const isStream = response.headers.get("Content-Type")?.startsWith("text/event-stream");
      if (!response.ok || !response.body || !isStream) return this.#again(response.status);
      this.#heard = Date.now();
      this.#onState("open", response.status);
      await this.#consume(response.body.getReader(), attempt);
      if (attempt === this.#attempt) this.#again();
    } catch {
      if (attempt === this.#attempt) this.#again();
    }
  }

  /** @param {number} status */
  #refuse(status) {
    this.close();
    this.#onState("refused", status);
  }

  /**
   * @param {ReadableStreamDefaultReader<Uint8Array>} body
   * @param {number} attempt
   */
  async #consume(body, attempt) {
    const parser = new EventParser();
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await body.read();
      if (done || attempt !== this.#attempt) return;
      this.#heard = Date.now();
      this.#failures = 0;
      for (const event of parser.push(decoder.decode(value, { stream: true }))) {
        try {
          this.#onEvent(event.type, JSON.parse(event.data));
        } catch (error) {
          reportError(error); // the same event again would fail again
        }
        if (attempt !== this.#attempt) return;
        if (event.id !== undefined) this.#cursor = event.id;
      }
    }
  }

  /** Reconnects after a while; a hidden page waits until it is looked at. @param {number} [status] what the server said */
  #again(status = 0) {
    const wait = this.#wait || Math.min(LONGEST_WAIT, 250 * 2 ** this.#failures);
    this.#wait = 0;
    this.#drop();
    this.#onState("lost", status);
    if (document.hidden) return;
    this.#failures += 1;
    this.#retry = setTimeout(() => this.#next(), wait * (0.75 + Math.random() / 2));
  }

  #watch() {
    if (this.#reader && !document.hidden && Date.now() - this.#heard > SILENCE) this.#again();
  }
}
