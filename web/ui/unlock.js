/** A server that waits for its master password: the one thing that can be done is to give it. */

import { PageElement } from "../lib/element.js";
import { html } from "../lib/html.js";
import { session } from "../state/session.js";
import { unlock } from "../state/unlocking.js";

const AGAIN = 3000;

export class UnlockScreen extends PageElement {
  #timer = 0;

  connectedCallback() {
    this.className = "gate";
    this.replaceChildren(html`
      <main>
        <h1><span class="mark" aria-hidden="true">❯ </span>LLM Router<span class="block-cursor" aria-hidden="true"></span></h1>
        <p class="muted">locked since it started</p>
        <form>
          <label class="field">master password
            <input name="password" type="password" autocomplete="off" required aria-describedby="unlock-hint"></label>
          <p class="hint muted" id="unlock-hint">it opens the stored keys; until then nobody gets an answer here</p>
          <p class="problem" role="alert"></p>
          <button class="primary">unlock <span aria-hidden="true">↵</span></button>
        </form>
        <p class="muted"><span class="yellow" aria-hidden="true">●</span> ${location.hostname}</p>
      </main>`);
    this.find("form").addEventListener("submit", (/** @type {Event} */ event) => this.#submit(event));
    if (matchMedia("(pointer: fine)").matches) this.find("input").focus();
    // Somebody else may open it.
    this.#timer = setInterval(() => document.hidden || session.load(), AGAIN);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  /** @param {Event} event */
  async #submit(event) {
    event.preventDefault();
    const button = this.find(".primary");
    const input = this.find("[name=password]");
    button.disabled = true;
    this.find(".problem").textContent = "";
    try {
      await unlock(input.value);
      await session.load();
    } catch (error) {
      this.find(".problem").textContent = /** @type {Error} */ (error).message;
      input.select();
    } finally {
      button.disabled = false;
    }
  }
}

customElements.define("unlock-screen", UnlockScreen);
