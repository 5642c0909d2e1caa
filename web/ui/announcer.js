/** What is said to a screen reader: short states while a reply is made, the whole reply once when it is done. */

import { PageElement } from "../lib/element.js";
import { html } from "../lib/html.js";
import { conversation, isRunning } from "../state/conversation.js";

const PATIENCE = 7000;

export class ChatAnnouncer extends PageElement {
  #running = "";
  /** @type {ReturnType<typeof setInterval> | undefined} */
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
      () => clearInterval(this.#timer),
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
      this.#say("answering");
    }
  }

  /** @param {string} id */
  #begin(id) {
    this.#running = id;
    clearInterval(this.#timer);
    if (id) this.#timer = setInterval(() => this.#say("still answering"), PATIENCE);
  }

  /** @param {import("../state/conversation.js").Message} row */
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
