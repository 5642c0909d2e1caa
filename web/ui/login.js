/** Signing in. */

import { PageElement } from "../lib/element.js";
import { element, html } from "../lib/html.js";
import { session } from "../state/session.js";

export class LoginScreen extends PageElement {
  connectedCallback() {
    this.className = "gate";
    this.replaceChildren(html`
      <main>
        <h1><span class="mark" aria-hidden="true">❯ </span>LLM Router<span class="block-cursor" aria-hidden="true"></span></h1>
        <p class="muted">your models, your box</p>
        <form>
          <label class="field">user
            <input name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required></label>
          <label class="field">password
            <input name="password" type="password" autocomplete="current-password" required></label>
          <p class="problem" role="alert">${session.refusal}</p>
          <button class="primary">log in <span aria-hidden="true">↵</span></button>
        </form>
        ${session.registration && element`<p><a class="link" href="#/welcome/">register with an invitation</a></p>`}
        <p class="muted"><span class="green" aria-hidden="true">●</span> ${location.hostname}${session.version && ` · v${session.version}`}</p>
      </main>`);
    const form = this.find("form");
    form.addEventListener("submit", (/** @type {Event} */ event) => this.#submit(event, form));
    if (matchMedia("(pointer: fine)").matches) this.find("input").focus();
  }

  /** @param {Event} event @param {HTMLFormElement} form */
  async #submit(event, form) {
    event.preventDefault();
    const button = this.find(".primary");
    const values = new FormData(form);
    button.disabled = true;
    this.find(".problem").textContent = "";
    try {
      await session.login(String(values.get("username")), String(values.get("password")));
    } catch (error) {
      this.find(".problem").textContent = /** @type {Error} */ (error).message;
      this.find("[name=password]").select();
    } finally {
      button.disabled = false;
    }
  }
}

customElements.define("login-screen", LoginScreen);
