/** The list of conversations: a drawer on the phone, a column on the desktop. */

import { PageElement } from "../lib/element.js";
import { cost, dayGroup } from "../lib/format.js";
import { element, html } from "../lib/html.js";
import { icon } from "../lib/icons.js";
import { conversations } from "../state/conversations.js";
import { rank } from "../state/match.js";
import { place } from "../state/place.js";
import { statistics } from "../state/statistics.js";
import { ConversationRow } from "./row.js";

export class SideDrawer extends PageElement {
  /** @type {Map<string, ConversationRow>} */
  #rows = new Map();
  #query = "";

  connectedCallback() {
    this.setAttribute("role", "navigation");
    this.setAttribute("aria-label", "conversations");
    this.replaceChildren(html`
      <header role="none">
        <span class="mark" aria-hidden="true">❯</span> <b>LLM Router</b>
        <button type="button" class="icon-button new" aria-label="new chat">${icon("plus")}</button>
      </header>
      <label class="search">${icon("search")}
        <input type="search" placeholder="search" aria-label="search" maxlength="1000" autocapitalize="none"></label>
      <div class="rows"></div>
      <footer role="none">
        <button type="button" class="usage">${icon("chart")}<span>usage</span><span class="sum green"></span></button>
        <button type="button" class="settings">${icon("settings")}<span>settings</span><span class="faint" aria-hidden="true">▸</span></button>
      </footer>`);
    this.find(".new").addEventListener("click", () => this.#leave(() => place.chat(null)));
    this.find(".settings").addEventListener("click", () => this.#leave(() => place.screen("settings")));
    this.find(".usage").addEventListener("click", () => this.#leave(() => place.screen("usage")));
    const search = this.find("input");
    search.addEventListener("input", () => {
      this.#query = search.value.trim();
      this.#draw();
    });
    search.addEventListener("keydown", (/** @type {KeyboardEvent} */ { key, isComposing }) => {
      if (key === "Enter" && !isComposing) this.#everywhere();
    });
    const rows = this.find(".rows");
    rows.addEventListener("scroll", () => {
      if (rows.scrollHeight - rows.scrollTop - rows.clientHeight < 400)
        conversations.loadMore().catch(() => {});
    });
    this.until(
      conversations.list.watch(() => this.#draw()),
      place.listen(() => this.#draw()),
    );
    this.until(
      statistics.day.watch((sum) => {
        this.find(".usage .sum").textContent = sum ? cost(sum) : "";
      }),
    );
    this.on(document, "rename-row", ({ detail }) => this.#rows.get(detail.id)?.rename(detail));
    const minutes = setInterval(() => this.#draw(), 60_000);
    this.until(() => clearInterval(minutes));
  }

  /** @param {() => void} go */
  #leave(go) {
    go();
    this.dispatchEvent(new CustomEvent("leave", { bubbles: true }));
  }

  #everywhere() {
    this.#leave(() => place.screen("search", this.#query));
  }

  #draw() {
    const rows = this.#query
      ? rank(conversations.list.value, this.#query, (row) => [row.title]).map(({ item }) => item)
      : conversations.list.value;
    const nodes = [];
    if (this.#query) {
      const button = element`<button type="button" class="item blue"><span>${icon("search")}</span><span>search in messages</span><span></span></button>`;
      button.addEventListener("click", () => this.#everywhere());
      nodes.push(button);
    }
    let heading = "";
    const favourites = this.#query ? [] : rows.filter((row) => row.favorite);
    for (const row of [...favourites, ...rows.filter((row) => !favourites.includes(row))]) {
      const group = this.#query ? "" : row.favorite ? "favourites" : dayGroup(row.updated_at);
      if (group && group !== heading) nodes.push(html`<h2 class="muted">${group}</h2>`.firstElementChild);
      heading = group;
      nodes.push(this.#row(row));
    }
    if (!rows.length && conversations.loaded.value) {
      nodes.push(
        html`<p class="muted empty">${this.#query ? "no title fits" : "nothing here yet"}</p>`
          .firstElementChild,
      );
    }
    const list = this.find(".rows");
    const wanted = /** @type {Element[]} */ (/** @type {unknown} */ (nodes));
    const same =
      wanted.length === list.children.length && wanted.every((node, index) => node === list.children[index]);
    if (!same) {
      const top = list.scrollTop;
      list.replaceChildren(...wanted);
      list.scrollTop = top;
    }
  }

  /** @param {import("../state/conversations.js").Conversation} row */
  #row(row) {
    const known = this.#rows.get(row.id) ?? new ConversationRow();
    this.#rows.set(row.id, known);
    known.show(row, row.id === place.value.conversation);
    known.onopen = () => this.#leave(() => place.chat(row.id));
    return known;
  }
}

customElements.define("side-drawer", SideDrawer);
