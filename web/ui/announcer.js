/** What is said to a screen reader: short states while a reply is made, the whole reply once when it is done. */

import { PageElement } from "../lib/element.js";
import { html } from "../lib/html.js";
import { conversation } from "../state/conversation.js";
import { isRunning } from "../state/message.js";

const PATIENCE = 7000;
const FIRST = 1000; // `sent` has its say before `answering`

export class ChatAnnouncer extends PageElement {
  #running = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  connectedCallback() {
    this.className = "offscreen";
    this.replaceChildren(
      html`<p role="status"></p><div role="log" aria-live="polite"></div><p role="alert"></p>`,
    );
    this.until(
      conversation.changed.listen(() => this.#follow()),
      conversation.path.listen(() => this.#follow()),
    );
    this.until(
      conversation.id.listen(() => this.#begin("")),
      () => clearTimeout(this.#timer),
    );
    this.on(document, "announce", (event) => this.#say(event.detail));
  }

  #follow() {
    const before = conversation.messages.get(this.#running);
    if (this.#running && before && !isRunning(before)) {
      this.#end(before);
      this.#begin("");
    }
    const { running } = conversation;
    if (running && running.id !== this.#running && !running.queued) {
      this.#begin(running.id);
    }
  }

  /** @param {string} id */
  #begin(id) {
    this.#running = id;
    clearTimeout(this.#timer);
    if (id) this.#timer = setTimeout(() => this.#wait("answering"), FIRST);
  }

  /** @param {string} state */
  #wait(state) {
    this.#say(state);
    this.#timer = setTimeout(() => this.#wait("still answering"), PATIENCE);
  }

  /** @param {import("../state/message.js").Message} row */
  #end(row) {
    if (row.status === "failed") {
      this.find("[role=alert]").textContent = row.error?.message ?? "failed";
      return;
    }
    this.#say(row.status === "stopped" ? "stopped" : row.status === "interrupted" ? "interrupted" : "done");
    const reply = document.createElement("p");
    reply.textContent = row.text;
    this.find("[role=log]").replaceChildren(reply);
  }

  /** @param {string} text */
  #say(text) {
    this.find("[role=status]").textContent = text;
  }
}

customElements.define("chat-announcer", ChatAnnouncer);
