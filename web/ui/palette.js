/** The list over the prompt: commands for `/`, then the values of their argument. */

import { PageElement } from "../lib/element.js";
import { element, html } from "../lib/html.js";
import { commands } from "../state/commands.js";

/** @typedef {import("../state/commands.js").Suggestion} Suggestion */

export class CommandPalette extends PageElement {
  /** @type {Suggestion[]} */
  #items = [];
  #selected = 0;
  #asked = 0;
  /** The line that the items were drawn for. */
  #line = "";
  #closedFor = "";
  /** @type {HTMLTextAreaElement | null} */
  #area = null;

  connectedCallback() {
    this.hidden = true;
    this.replaceChildren(html`
      <p class="count muted"><span class="typed"></span><span class="number"></span></p>
      <div role="listbox" id="palette" aria-label="commands"></div>`);
    this.find("#palette").addEventListener("pointerdown", (/** @type {Event} */ event) =>
      event.preventDefault(),
    );
    this.find("#palette").addEventListener("click", (/** @type {MouseEvent} */ event) => {
      const option = /** @type {Element} */ (event.target).closest("[role=option]");
      if (option) this.#complete(Number(option.id.replace("option-", "")));
    });
  }

  /** Opens, fills or closes for what is typed. @param {HTMLTextAreaElement} area */
  async follow(area) {
    this.#area = area;
    const text = area.value;
    if (!commands.isCommand(text) || text.includes("\n")) return this.close();
    if (text === this.#closedFor) return;
    this.#closedFor = "";
    if (this.hidden) {
      this.hidden = false;
      commands
        .load()
        .then(() => (this.hidden ? undefined : this.#fill(area.value)))
        .catch(() => {});
    }
    await this.#fill(text);
  }

  close() {
    this.#asked += 1;
    this.hidden = true;
    this.#items = [];
    this.#area?.setAttribute("aria-expanded", "false");
    this.#area?.removeAttribute("aria-activedescendant");
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the key was meant for the palette */
  key(event) {
    if (this.hidden || !this.#area) return false;
    const { key } = event;
    const current = this.#line === this.#area.value; // else the values for what was typed are still on their way
    if (key === "Escape") {
      this.#closedFor = this.#area.value;
      this.close();
    } else if ((key === "ArrowDown" || key === "ArrowUp") && this.#items.length) {
      const step = key === "ArrowDown" ? 1 : this.#items.length - 1;
      this.#select((this.#selected + step) % this.#items.length);
    } else if (current && this.#items.length && (key === "Tab" || (key === "ArrowRight" && this.#atEnd()))) {
      this.#complete(this.#selected);
    } else if (current && key === "Enter" && !event.shiftKey && this.#items.length) {
      const item = this.#items[this.#selected];
      if (item.ready) {
        this.#area.value = item.completes.trimEnd();
        return false;
      }
      this.#complete(this.#selected);
    } else {
      return false;
    }
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  #atEnd() {
    return this.#area?.selectionStart === this.#area?.value.length;
  }

  /** @param {string} text */
  async #fill(text) {
    const asked = ++this.#asked;
    try {
      const { items, total, hint } = await commands.suggest(text);
      if (asked !== this.#asked || this.hidden || text !== this.#area?.value) return;
      this.#draw(items, total, hint, text);
    } catch {
      if (asked === this.#asked) this.#draw([], 0, "the values cannot be read now", text);
    }
  }

  /** @param {Suggestion[]} items @param {number} total @param {string} hint @param {string} text */
  #draw(items, total, hint, text) {
    const chosen = text === this.#line ? this.#items[this.#selected]?.text : "";
    this.#items = items;
    this.#line = text;
    this.find(".typed").textContent = hint || text;
    this.find(".number").textContent = items.length ? `${items.length} of ${total}` : "";
    this.find("#palette").className = /\s/.test(text) ? "values" : "";
    this.find("#palette").replaceChildren(...items.map((item, index) => row(item, index)));
    this.#area?.setAttribute("aria-expanded", String(items.length > 0));
    this.#select(
      Math.max(
        0,
        items.findIndex((item) => item.text === chosen),
      ),
    );
  }

  /** @param {number} index */
  #select(index) {
    this.#selected = index;
    for (const option of this.querySelectorAll("[role=option]")) {
      const chosen = option.id === `option-${index}`;
      option.setAttribute("aria-selected", String(chosen));
      if (chosen) option.scrollIntoView({ block: "nearest" });
    }
    if (this.#items.length) this.#area?.setAttribute("aria-activedescendant", `option-${index}`);
    else this.#area?.removeAttribute("aria-activedescendant");
  }

  /** @param {number} index */
  #complete(index) {
    const item = this.#items[index];
    if (!item || !this.#area) return;
    this.#area.value = item.completes;
    this.#area.focus();
    this.#area.dispatchEvent(new Event("input", { bubbles: true }));
    if (!item.completes.endsWith(" ")) this.close();
  }
}

/** @param {Suggestion} item @param {number} index */
function row(item, index) {
  const letters = [...item.text].map((letter, at) =>
    item.marks.includes(at) ? element`<b>${letter}</b>` : document.createTextNode(letter),
  );
  return element`<div role="option" id="option-${index}" aria-selected="false">
    <span class="name">${letters}${item.rest && element`<span class="muted rest"> ${item.rest}</span>`}</span>
    <span class="detail muted">${item.detail}</span>${item.now && element`<span class="now muted">${item.now}</span>`}</div>`;
}

customElements.define("command-palette", CommandPalette);
