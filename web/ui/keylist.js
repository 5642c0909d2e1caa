/** The provider keys in settings: each with its state, testing, deleting, and one more. */

import { PageElement } from "../lib/element.js";
import { element, html } from "../lib/html.js";
import { keys } from "../state/keys.js";
import { models } from "../state/models.js";
import { notices } from "../state/notices.js";
import "./keyform.js";

/** @typedef {import("../state/keys.js").Key} Key */

export class KeyList extends PageElement {
  /** @type {string} the key that is being tested */
  #testing = "";

  connectedCallback() {
    this.replaceChildren(html`<section class="box cyan"><h2>provider keys</h2><div class="rows"></div>
      <button type="button" class="item add"><span class="blue">+</span><span class="blue">add a provider</span></button>
      <div class="form"></div></section>`);
    this.find(".add").addEventListener("click", () => this.#toggleForm());
    this.addEventListener("added", (event) => this.#added(/** @type {CustomEvent} */ (event).detail));
    this.until(keys.listing.watch(() => this.#draw()));
    keys.load().catch((error) => notices.fail(error));
  }

  #toggleForm() {
    const place = this.find(".form");
    if (place.firstChild) place.replaceChildren();
    else {
      place.append(element`<key-form></key-form>`);
      place.querySelector("input").focus();
    }
  }

  /** @param {{key: Key, result: {models: number}}} detail */
  #added({ key, result }) {
    this.find(".form").replaceChildren();
    notices.say(`${key.provider}: it works, ${result.models} models`);
    models.load().catch(() => {});
  }

  #draw() {
    this.find(".rows").replaceChildren(...keys.listing.value.keys.map((key) => this.#row(key)));
  }

  /** @param {Key} key */
  #row(key) {
    const states = { ok: ["green", "✓"], failed: ["red", "✗"], untested: ["muted", "?"] };
    const [colour, glyph] = states[key.status] ?? states.untested;
    const name = key.last4 ? `…${key.last4}` : (key.base_url ?? "").replace(/^https?:\/\//, "");
    const row = element`<div class="key">
      <p class="pair"><span>${key.provider}${key.owner === "server" && element`<span class="muted"> · server</span>`}</span>
        <span class="muted">${name} <span class="${colour}" aria-label="${key.status}">${glyph}</span></span></p>
      ${key.status === "failed" && key.status_message && element`<p class="red">${key.status_message}</p>`}
      <p class="acts"><button type="button" class="act test">${this.#testing === key.id ? "testing…" : "test"}</button>
        ${key.editable && element`<button type="button" class="act delete red">delete</button>`}</p></div>`;
    row.querySelector(".test")?.addEventListener("click", () => this.#test(key));
    row
      .querySelector(".delete")
      ?.addEventListener("click", (event) => this.#delete(key, /** @type {HTMLElement} */ (event.target)));
    return row;
  }

  /** @param {Key} key */
  async #test(key) {
    this.#testing = key.id;
    this.#draw();
    try {
      const { ok, message, models: count } = await keys.test(key.id);
      notices.say(
        ok ? `${key.provider}: it works, ${count} models` : `${key.provider}: ${message}`,
        ok ? "ok" : "error",
      );
    } catch (error) {
      notices.fail(error);
    } finally {
      this.#testing = "";
      this.#draw();
    }
  }

  /** A key cannot come back, so the second tap deletes. @param {Key} key @param {HTMLElement} button */
  async #delete(key, button) {
    if (button.textContent !== "really delete") {
      button.textContent = "really delete";
      setTimeout(() => (button.textContent = "delete"), 4000);
      return;
    }
    try {
      await keys.delete(key.id);
      notices.say(`${key.provider}: key deleted`);
    } catch (error) {
      notices.fail(error);
    }
  }
}

customElements.define("key-list", KeyList);
