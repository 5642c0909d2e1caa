/** A virtual key in the only moment in which it can be seen: to copy, and to try. */

import { PageElement } from "../lib/element.js";
import { html } from "../lib/html.js";
import { copyOrShow } from "../state/copying.js";
import { gatewayKeys } from "../state/gatewaykeys.js";
import { notices } from "../state/notices.js";

export class MadeKey extends PageElement {
  connectedCallback() {
    this.until(gatewayKeys.made.watch(() => this.#draw()));
  }

  #draw() {
    const made = gatewayKeys.made.value;
    this.replaceChildren();
    if (!made) return;
    this.append(html`<figure class="code"><figcaption><span>${made.name}</span>
        <button type="button" class="copy">copy</button></figcaption>
        <pre tabindex="0"><code>${made.key}</code></pre></figure>
      <p class="pair"><span class="yellow">it is shown only now</span>
        <button type="button" class="act test">test</button></p>
      <p class="said muted" role="status"></p>`);
    this.find(".copy").addEventListener("click", async () => {
      if (await copyOrShow(made.key)) notices.say("copied");
    });
    this.find(".test").addEventListener("click", () => this.#test(made.key));
  }

  /** @param {string} key */
  async #test(key) {
    const said = this.find(".said");
    said.className = "said muted";
    said.textContent = "testing…";
    try {
      const models = await gatewayKeys.test(key);
      said.textContent = `✓ it works, ${models} models`;
      said.classList.replace("muted", "green");
    } catch (error) {
      said.textContent = `✗ ${/** @type {Error} */ (error).message}`;
      said.classList.replace("muted", "red");
    }
  }
}

customElements.define("made-key", MadeKey);
