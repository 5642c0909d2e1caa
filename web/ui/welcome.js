/** Where a one-time link leads: choosing a password, or making an account with an invitation. */

import { PageElement } from "../lib/element.js";
import { element, html } from "../lib/html.js";
import { begin, choosePassword, look, register, secret } from "../state/welcome.js";

export class WelcomeScreen extends PageElement {
  #token = secret();

  async connectedCallback() {
    this.className = "gate";
    if (!this.#token) return this.#draw({ kind: "register", username: null, expires_at: "" });
    this.#show("one moment", null);
    try {
      this.#draw(await look(this.#token));
    } catch (error) {
      this.#show(/** @type {Error} */ (error).message, null);
    }
  }

  /** @param {import("../state/welcome.js").Offer} offer */
  #draw({ kind, username }) {
    const registers = kind === "register";
    const form = element`<form>
      ${
        registers &&
        element`<label class="field">invitation code
          <input name="code" autocomplete="off" autocapitalize="characters" spellcheck="false" required></label>`
      }
      <label class="field">user
        <input name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required></label>
      <label class="field">password
        <input name="password" type="password" autocomplete="new-password" minlength="8" required></label>
      <p class="problem" role="alert"></p>
      <button class="primary">${registers ? "create account" : "set the password"} <span aria-hidden="true">↵</span></button>
    </form>`;
    const input = (/** @type {string} */ name) =>
      /** @type {HTMLInputElement} */ (form.querySelector(`[name=${name}]`));
    if (registers) input("code").value = this.#token;
    else input("username").value = username ?? "";
    input("username").readOnly = !registers;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = /** @type {HTMLButtonElement} */ (form.querySelector(".primary"));
      button.disabled = true;
      this.find(".problem").textContent = "";
      try {
        const password = input("password").value;
        if (registers) await register(input("code").value, input("username").value, password);
        else await choosePassword(this.#token, password);
        begin();
      } catch (error) {
        this.find(".problem").textContent = /** @type {Error} */ (error).message;
        button.disabled = false;
      }
    });
    const told = registers ? "an account of your own" : `a password for ${username}; other sessions end`;
    this.#show(told, form);
  }

  /** @param {string} told @param {Node | null} form */
  #show(told, form) {
    this.replaceChildren(html`<main>
      <h1><span class="mark" aria-hidden="true">❯ </span>LLM Router<span class="block-cursor" aria-hidden="true"></span></h1>
      <p class="muted" role="status">${told}</p>
      ${form}
      <p class="muted"><a class="link" href="/">to the sign-in</a></p></main>`);
  }
}

customElements.define("welcome-screen", WelcomeScreen);
