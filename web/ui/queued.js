/** A message that has not reached the server yet: `not sent, tap to retry`. */

import { PageElement } from "../lib/element.js";
import { html } from "../lib/html.js";
import { drafts } from "../state/drafts.js";
import { outbox } from "../state/outbox.js";

export class QueuedMessage extends PageElement {
  /** @type {import("../state/outbox.js").Entry | undefined} */
  #entry;

  /** @param {import("../state/outbox.js").Entry} entry */
  show(entry) {
    if (!this.#entry) {
      this.className = "user unsent";
      this.replaceChildren(html`
        <span class="mark" aria-hidden="true">❯</span>
        <div class="said">${entry.text}${entry.files?.length && `\n${entry.files.map((file) => file.name).join(", ")}`}</div>
        <p class="meta"><button type="button" class="act retry"></button>
          <button type="button" class="act take-back">take back</button></p>`);
      this.find(".retry").addEventListener("click", () => outbox.flush());
      this.find(".take-back").addEventListener("click", () => this.#takeBack());
    }
    this.#entry = entry;
    const busy = outbox.isBusy(entry.client_id);
    const next = outbox.isNext(entry);
    this.find(".retry").textContent = busy ? "sending…" : next ? "sent next" : "not sent, tap to retry";
    this.find(".retry").disabled = busy || next;
    this.find(".take-back").disabled = busy; // it may be there already
  }

  async #takeBack() {
    const { client_id, conversation, files } = /** @type {import("../state/outbox.js").Entry} */ (
      this.#entry
    );
    drafts.give(conversation, outbox.discard(client_id));
    if (files) (await import("../state/files.js")).files.give(conversation, files);
  }
}

customElements.define("queued-message", QueuedMessage);
