/** The first run: the code that the server printed, the first account, then the first key or the demo. */

import { PageElement } from "../lib/element.js";
import { element, html } from "../lib/html.js";
import { keys } from "../state/keys.js";
import { models } from "../state/models.js";
import { session } from "../state/session.js";
import "./keyform.js";

export class SetupScreen extends PageElement {
  connectedCallback() {
    this.className = "gate";
    if (session.status.value === "setup") this.#account();
    else this.#firstKey();
  }

  /** @param {number} step @param {string} text */
  #head(step, text) {
    return html`
      <h1><span class="mark" aria-hidden="true">❯ </span>LLM Router<span class="block-cursor" aria-hidden="true"></span></h1>
      <p class="muted">step ${step} of 2 · ${text}</p>`;
  }

  #account() {
    this.replaceChildren(html`
      <main>
        ${[...this.#head(1, "the first account").children]}
        <form>
          <label class="field">set-up code
            <input name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false" required
              aria-describedby="code-hint"></label>
          <p class="hint muted" id="code-hint">the server printed it when it started</p>
          <label class="field">user
            <input name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required></label>
          <label class="field">password
            <input name="password" type="password" autocomplete="new-password" required></label>
          <p class="problem" role="alert"></p>
          <button class="primary">create account <span aria-hidden="true">↵</span></button>
        </form>
      </main>`);
    const form = this.find("form");
    form.addEventListener("submit", (/** @type {Event} */ event) => this.#create(event, form));
  }

  /** @param {Event} event @param {HTMLFormElement} form */
  async #create(event, form) {
    event.preventDefault();
    const value = (/** @type {string} */ name) => String(new FormData(form).get(name)).trim();
    const button = this.find(".primary");
    button.disabled = true;
    this.find(".problem").textContent = "";
    try {
      await session.setup(value("code"), value("username"), String(new FormData(form).get("password")));
    } catch (error) {
      this.find(".problem").textContent = /** @type {Error} */ (error).message;
      button.disabled = false;
    }
  }

  async #firstKey() {
    await Promise.all([keys.load(), models.load()]).catch(() => {});
    const others = models.listing.value.models.some((model) => !model.demo);
    const demo = models.listing.value.models.some((model) => model.demo);
    const skip = others ? "go on without another key" : demo ? "try the demo model first" : "add a key later";
    const form = element`<key-form></key-form>`;
    this.replaceChildren(html`
      <main>
        ${[...this.#head(2, "a key of a provider").children]}
        <p class="soft">paste a key and its provider is recognised. it is stored encrypted and never shown again.</p>
        ${form}
        <button type="button" class="link skip">${skip} <span aria-hidden="true">▸</span></button>
        ${demo && !others && element`<p class="muted">demo, not an AI: it answers without any network</p>`}
      </main>`);
    form.addEventListener("added", () => this.#finish());
    this.find(".skip").addEventListener("click", () => this.#finish());
  }

  #finish() {
    models.load().catch(() => {});
    session.fresh.value = false;
  }
}

customElements.define("setup-screen", SetupScreen);
