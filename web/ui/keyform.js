/** Adding a provider key: the provider is recognised while typing, the key is tested at once. Fires `added`. */

import { PageElement } from "../lib/element.js";
import { html } from "../lib/html.js";
import { deviceKeys } from "../state/devicekeys.js";
import { keys } from "../state/keys.js";
import { session } from "../state/session.js";

export class KeyForm extends PageElement {
  #chosen = false;
  /** The key that was saved last and did not work: the next one takes its place. */
  #failed = "";

  connectedCallback() {
    this.replaceChildren(html`
      <form autocomplete="off">
        <label class="field">key
          <input name="key" type="password" autocomplete="off" autocapitalize="none" spellcheck="false"
            placeholder="sk-…"></label>
        <label class="field">provider
          <select name="provider"><option value="">recognised from the key</option></select></label>
        <label class="field address" hidden>address
          <input name="base_url" type="url" inputmode="url" autocapitalize="none" spellcheck="false"></label>
        <label class="field whose">for
          <select name="whose"><option value="">me alone</option><option value="device">me, kept on this device only</option><option value="all">everybody on this server</option></select></label>
        <p class="hint muted" aria-live="polite"></p>
        <p class="problem" role="alert"></p>
        <button class="primary">save and test</button>
      </form>`);
    if (session.user.role !== "admin") this.find("[value=all]").remove();
    this.find("[value=device]").disabled = !deviceKeys.allowed;
    this.find(".whose").hidden = this.find("[name=whose]").options.length < 2;
    this.until(keys.listing.watch(({ providers }) => this.#offer(providers)));
    this.find("[name=key]").addEventListener("input", () => this.#recognise());
    this.find("select").addEventListener("change", () => {
      this.#chosen = this.find("select").value !== "";
      this.#explain();
    });
    this.find("form").addEventListener("submit", (/** @type {Event} */ event) => this.#save(event));
  }

  /** @param {import("../state/keys.js").Provider[]} providers */
  #offer(providers) {
    const select = this.find("select");
    for (const { name, title } of providers)
      if (!select.querySelector(`[value="${CSS.escape(name)}"]`)) select.append(new Option(title, name));
  }

  #recognise() {
    if (this.#chosen) return;
    this.find("select").value = keys.recognise(this.find("[name=key]").value.trim())?.name ?? "";
    this.#explain();
  }

  #explain() {
    const provider = keys.listing.value.providers.find(({ name }) => name === this.find("select").value);
    const typed = this.find("[name=key]").value.trim();
    const local = provider && (!provider.needs_key || !provider.default_base_url);
    this.find(".address").hidden = !local;
    const address = this.find("[name=base_url]");
    address.placeholder = provider?.default_base_url ?? "http://192.168.1.20:8000/v1";
    address.required = Boolean(provider && !provider.default_base_url);
    const hint = this.find(".hint");
    hint.replaceChildren();
    if (provider && typed) hint.append(html`<span class="green">✓</span> ${provider.title}`);
    else if (provider?.key_url)
      hint.append(html`get one at <a target="_blank" rel="noopener">${provider.key_url}</a>`);
    else if (typed.length > 6) hint.append("the key does not say whose it is: choose the provider");
    if (provider?.key_url) hint.querySelector("a")?.setAttribute("href", provider.key_url);
  }

  /** @param {Event} event */
  async #save(event) {
    event.preventDefault();
    const values = {
      key: this.find("[name=key]").value.trim(),
      provider: this.find("select").value,
      base_url: this.find("[name=base_url]").value.trim(),
    };
    const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value));
    const whose = this.find("[name=whose]").value;
    const button = this.find(".primary");
    const problem = this.find(".problem");
    problem.textContent = "";
    button.disabled = true;
    button.textContent = "testing…";
    try {
      if (this.#failed) await keys.delete(this.#failed);
      this.#failed = "";
      const { key, result } =
        whose === "device" ? await this.#carry(values) : await this.#store(given, whose);
      this.find("form").reset();
      this.#chosen = false;
      this.dispatchEvent(new CustomEvent("added", { detail: { key, result }, bubbles: true }));
    } catch (error) {
      problem.textContent = /** @type {Error} */ (error).message;
    } finally {
      button.disabled = false;
      button.textContent = "save and test";
    }
  }

  /** @param {Record<string, string>} given @param {string} whose */
  async #store(given, whose) {
    const key = await keys.add({ ...given, everybody: whose === "all" });
    const result = await keys.test(key.id);
    if (result.ok) return { key, result };
    this.#failed = key.id;
    throw new Error(`saved, but it does not work: ${result.message}`);
  }

  /** @param {{key: string, provider: string}} values */
  async #carry({ key, provider }) {
    const name = provider || keys.recognise(key)?.name;
    if (!name) throw new Error("the key does not say whose it is: choose the provider");
    return keys.carry(name, key);
  }
}

customElements.define("key-form", KeyForm);
