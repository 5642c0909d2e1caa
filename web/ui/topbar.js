/** The bar on top: menu, title (a tap renames), number of branches, new chat, more. */

import { PageElement } from "../lib/element.js";
import { html, set } from "../lib/html.js";
import { icon } from "../lib/icons.js";
import { conversation } from "../state/conversation.js";
import { place } from "../state/place.js";
import { retitle } from "./retitle.js";

export class TopBar extends PageElement {
  /** Not in the bar while the conversation is being renamed. */
  #title = document.createElement("button");

  connectedCallback() {
    this.#title.type = "button";
    this.#title.className = "title";
    this.replaceChildren(html`
      <button type="button" class="icon-button menu" aria-label="conversations" aria-expanded="false">${icon("menu")}</button>
      <h1>${this.#title}</h1>
      <button type="button" class="branches" hidden></button>
      <button type="button" class="icon-button new" aria-label="new chat">${icon("plus")}</button>
      <button type="button" class="icon-button more" aria-label="more">${icon("more")}</button>`);
    this.find(".menu").addEventListener("click", () =>
      this.dispatchEvent(new CustomEvent("menu", { bubbles: true })),
    );
    this.find(".new").addEventListener("click", () => place.chat(null));
    this.find(".more").addEventListener("click", () => place.open("conversation", conversation.id.value));
    this.find(".branches").addEventListener("click", () => place.open("branches", conversation.id.value));
    this.#title.addEventListener("click", () => this.#rename());
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
    const title = this.#title;
    const disabled = screen !== "chat" || !conversation.info.value;
    set(title, { textContent: name, disabled, title: disabled ? "" : "rename" });
    set(document, { title: name === "new chat" ? "LLM Router" : `${name} · LLM Router` });
    const forks = conversation.path.value.map(
      (id) => conversation.messages.get(id)?.siblings?.ids.length ?? 1,
    );
    const info = conversation.info.value;
    if (info?.parent || info?.branches?.length) import("./branchmark.js").catch(() => {});
    const branches = forks.reduce((sum, count) => sum + count - 1, info?.family ?? 1);
    const label = this.find(".branches");
    set(label, { hidden: screen !== "chat" || branches < 2 });
    if (label.dataset.count !== String(branches)) {
      label.dataset.count = branches;
      label.replaceChildren(icon("branch"), String(branches));
      label.setAttribute("aria-label", `${branches} branches`);
    }
  }

  #rename() {
    const row = conversation.info.value;
    if (!row || place.value.screen !== "chat") return;
    retitle(this.#title, row, (text) => (this.#title.textContent = text));
  }
}

customElements.define("top-bar", TopBar);
