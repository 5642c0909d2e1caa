/** The bar on top: menu, title (a tap renames), number of branches, new chat, more. */

import { PageElement } from "../lib/element.js";
import { html } from "../lib/html.js";
import { icon } from "../lib/icons.js";
import { conversation } from "../state/conversation.js";
import { conversations } from "../state/conversations.js";
import { notices } from "../state/notices.js";
import { place } from "../state/place.js";

export class TopBar extends PageElement {
  connectedCallback() {
    this.replaceChildren(html`
      <button type="button" class="icon-button menu" aria-label="conversations" aria-expanded="false">${icon("menu")}</button>
      <h1><button type="button" class="title"></button></h1>
      <span class="branches faint" hidden></span>
      <button type="button" class="icon-button new" aria-label="new chat">${icon("plus")}</button>
      <button type="button" class="icon-button more" aria-label="more">${icon("more")}</button>`);
    this.find(".menu").addEventListener("click", () =>
      this.dispatchEvent(new CustomEvent("menu", { bubbles: true })),
    );
    this.find(".new").addEventListener("click", () => place.chat(null));
    this.find(".more").addEventListener("click", () => place.open("conversation", conversation.id.value));
    this.find(".title").addEventListener("click", () => this.#rename());
    const show = () => this.#show();
    this.until(
      conversation.info.listen(show),
      conversation.path.listen(show),
      conversation.changed.listen(show),
    );
    this.until(place.watch(show));
    this.on(document, "rename", () => this.#rename());
  }

  #show() {
    const { screen } = place.value;
    const name = screen === "chat" ? conversation.info.value?.title || "new chat" : screen;
    const title = this.find(".title");
    if (title.textContent !== name) title.textContent = name;
    title.disabled = screen !== "chat" || !conversation.info.value;
    title.title = title.disabled ? "" : "rename";
    document.title = name === "new chat" ? "LLM Router" : `${name} · LLM Router`;
    const forks = conversation.path.value.map(
      (id) => conversation.messages.get(id)?.siblings?.ids.length ?? 1,
    );
    const branches = forks.reduce((sum, count) => sum + count - 1, 1);
    const label = this.find(".branches");
    label.hidden = screen !== "chat" || branches < 2;
    if (label.dataset.count !== String(branches)) {
      label.dataset.count = branches;
      label.replaceChildren(icon("branch"), String(branches));
      label.setAttribute("aria-label", `${branches} branches`);
    }
  }

  #rename() {
    const row = conversation.info.value;
    if (!row || place.value.screen !== "chat") return;
    const title = this.find(".title");
    const input = document.createElement("input");
    input.value = row.title;
    input.setAttribute("aria-label", "title");
    input.maxLength = 200;
    let done = false;
    const finish = (/** @type {boolean} */ save) => {
      if (done) return;
      done = true;
      const text = input.value.trim();
      input.replaceWith(title);
      if (save && text && text !== row.title) {
        title.textContent = text;
        conversations.change(row.id, { title: text }).catch((error) => notices.fail(error));
      }
    };
    input.addEventListener("blur", () => finish(true));
    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Enter") finish(true);
      if (event.key === "Escape") finish(false);
      if (event.key === "Enter" || event.key === "Escape") event.stopPropagation();
    });
    title.replaceWith(input);
    input.select();
  }
}

customElements.define("top-bar", TopBar);
