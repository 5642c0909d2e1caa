/** The provider keys in settings: each with its state, a tap for what can be done with it, and one more. */

import { PageElement } from "../lib/element.js";
import { element, html } from "../lib/html.js";
import { keys } from "../state/keys.js";
import { models } from "../state/models.js";
import { notices } from "../state/notices.js";
import { place } from "../state/place.js";
import "./keyform.js";

/** @typedef {import("../state/keys.js").Key} Key */

const STATES = { ok: ["green", "✓"], failed: ["red", "✗"], untested: ["muted", ""] };

export class KeyList extends PageElement {
  #seen = "";

  connectedCallback() {
    this.#seen = "";
    this.replaceChildren(html`<section class="box cyan"><h2>provider keys</h2><div class="rows"></div>
      <button type="button" class="item add"><span class="blue">+</span><span class="blue">add a provider</span></button>
      <p class="pair own"><span>as a file</span><button type="button" class="act take">export or import</button></p>
      <p class="shared muted" hidden>the keys of this server answer for you</p>
      <div class="form"></div></section>`);
    this.find(".add").addEventListener("click", () => this.#toggleForm());
    this.find(".take").addEventListener("click", () => place.open("keys"));
    this.addEventListener("added", (event) => this.#added(/** @type {CustomEvent} */ (event).detail));
    const draw = () => this.#draw();
    this.until(keys.listing.watch(draw), models.listing.listen(draw));
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
    const { own } = keys.listing.value;
    this.find(".add").hidden = !own;
    this.find(".own").hidden = !own;
    this.find(".shared").hidden = own;
    const rows = keys.listing.value.keys;
    const seen = JSON.stringify(rows.map((key) => [key, keys.state(key), keys.turn(key)]));
    if (seen === this.#seen) return; // a row that goes away under a finger loses its tap
    this.#seen = seen;
    this.find(".rows").replaceChildren(...rows.map((key) => this.#row(key)));
  }

  /** @param {Key} key */
  #row(key) {
    const { status, message } = keys.state(key);
    const [colour, glyph] = STATES[status];
    const row = element`<button type="button" class="key">
      <span>${key.provider}${key.owner === "server" && element`<span class="muted"> · server</span>`}${key.owner === "device" && element`<span class="muted"> · this device</span>`}</span>
      <span class="muted">${keys.name(key)} <span class="${colour}"><span aria-hidden="true">${glyph}</span><span class="offscreen">${status}</span></span></span>
      <span class="faint" aria-hidden="true">▸</span>
      ${keys.turn(key) && element`<span class="muted said">${keys.turn(key)}</span>`}
      ${message && element`<span class="red said">${message}</span>`}</button>`;
    row.addEventListener("click", () => place.open("key", key));
    return row;
  }
}

customElements.define("key-list", KeyList);
