/** One conversation in the drawer: tier, title, cost; age and size below. */

import { PageElement } from "../lib/element.js";
import { ago, cost, tokens } from "../lib/format.js";
import { element, html } from "../lib/html.js";
import { icon } from "../lib/icons.js";
import { conversations } from "../state/conversations.js";
import { models } from "../state/models.js";
import { place } from "../state/place.js";
import { retitle } from "./retitle.js";
import "./spinner.js";

export class ConversationRow extends PageElement {
  #shown = "";
  onopen = () => {};

  /**
   * @param {import("../state/conversations.js").Conversation} row
   * @param {boolean} current
   */
  show(row, current) {
    const unread = conversations.isUnread(row.id) && !current;
    const tier = models.tier(row.model ?? models.listing.value.default);
    const below = row.running
      ? "writing…"
      : `${ago(row.updated_at)} · ${tokens(row.figures.tokens)} tok${(row.tags ?? []).map((tag) => ` · #${tag}`).join("")}`;
    const sum = cost(row.figures);
    const key = JSON.stringify([row.title, below, sum, current, unread, tier.glyph]);
    if (key === this.#shown || this.querySelector("input")) return;
    this.#shown = key;
    const mark = row.running
      ? element`<busy-spinner class="yellow"></busy-spinner>`
      : element`<span aria-hidden="true" class="${tier.colour}">${tier.glyph}</span>`;
    this.replaceChildren(html`
      <button type="button" class="open" ${current ? "aria-current" : "data-row"}="true">
        ${mark}
        <span class="two"><span class="name">${row.title || "new chat"}</span>
          <small>${below}${unread && element`<b class="blue" aria-label="unread"> ●</b>`}</small></span>
        <span class="sum green">${sum}</span>
      </button>
      <button type="button" class="icon-button more" aria-label="actions for ${row.title || "new chat"}">${icon("more")}</button>`);
    this.find(".open").addEventListener("click", () => this.onopen());
    this.find(".more").addEventListener("click", () => place.open("conversation", row.id));
  }

  /** @param {{id: string, title: string}} row */
  rename(row) {
    retitle(this.find(".open"), row, (title) => (this.find(".name").textContent = title));
  }
}

customElements.define("conversation-row", ConversationRow);
