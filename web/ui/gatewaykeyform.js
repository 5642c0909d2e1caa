/** What a gateway key is called and what it may do: the form for a new one, and for one that there is. */

import { PageElement } from "../lib/element.js";
import { html } from "../lib/html.js";
import { gatewayKeys } from "../state/gatewaykeys.js";

/** @typedef {import("../state/gatewaykeys.js").GatewayKey} GatewayKey */

const DAY = 86_400_000;
const NANOS = 1e9;

/** Says `done` on itself when the server has taken it. */
export class GatewayKeyForm extends PageElement {
  /** The key that is changed; null: a new one is made. @type {GatewayKey | null} */
  key = null;

  connectedCallback() {
    const key = this.key;
    this.replaceChildren(html`<form autocomplete="off">
      <label class="field">name<input name="name" required maxlength="64" placeholder="laptop" value="${key?.name ?? ""}"></label>
      <label class="field">project<input name="project" maxlength="64" placeholder="what it is counted for" value="${key?.project ?? ""}"></label>
      <label class="field">models<input name="models" autocapitalize="none" spellcheck="false" placeholder="every one, or patterns: gpt-* ollama/*" value="${key?.models.join(" ") ?? ""}"></label>
      <label class="field">endpoints<input name="endpoints" autocapitalize="none" spellcheck="false" placeholder="every one, or patterns: chat/* models" value="${key?.endpoints.join(" ") ?? ""}"></label>
      <label class="field">may spend, in dollars<input name="limit" inputmode="decimal" placeholder="no limit" value="${key?.limit_nanos ? String(key.limit_nanos / NANOS) : ""}"></label>
      <label class="field">expires after days<input name="days" type="number" min="1" max="36500" placeholder="${key?.expires_at ? "stays as it is" : "never"}"></label>
      <label class="field">requests per minute<input name="rpm" type="number" min="1" placeholder="no limit" value="${String(key?.rpm ?? "")}"></label>
      <label class="field">tokens per minute<input name="tpm" type="number" min="1" placeholder="no limit" value="${String(key?.tpm ?? "")}"></label>
      <label class="field">at the same time<input name="streams" type="number" min="1" placeholder="no limit" value="${String(key?.streams ?? "")}"></label>
      <p class="problem" role="alert"></p>
      <button class="primary">${key ? "change the key" : "make the key"}</button></form>`);
    this.find("form").addEventListener("submit", (/** @type {Event} */ event) => this.#send(event));
    this.find("input").focus();
  }

  /** @param {Event} event */
  async #send(event) {
    event.preventDefault();
    try {
      const wanted = this.#wanted();
      if (this.key) await gatewayKeys.change(this.key.id, wanted);
      else await gatewayKeys.create(wanted);
      this.dispatchEvent(new CustomEvent("done", { bubbles: true }));
    } catch (error) {
      this.find(".problem").textContent = /** @type {Error} */ (error).message;
    }
  }

  /** @returns {import("../state/gatewaykeys.js").Wanted} */
  #wanted() {
    const value = (/** @type {string} */ name) => this.find(`[name=${name}]`).value.trim();
    const number = (/** @type {string} */ name) => (value(name) ? Number(value(name)) : null);
    const patterns = (/** @type {string} */ name) =>
      value(name)
        .split(/[\s,]+/)
        .filter(Boolean);
    const limit = value("limit").replace(/^\$/, "").replace(",", ".");
    if (limit && !(Number(limit) > 0)) throw new Error(`${limit} is not an amount of dollars, such as 2.50`);
    const days = number("days");
    return {
      name: value("name"),
      project: value("project"),
      models: patterns("models"),
      endpoints: patterns("endpoints"),
      limit_nanos: limit ? Math.round(Number(limit) * NANOS) : null,
      ...(days && { expires_at: new Date(Date.now() + days * DAY).toISOString() }),
      rpm: number("rpm"),
      tpm: number("tpm"),
      streams: number("streams"),
    };
  }
}

customElements.define("gateway-key-form", GatewayKeyForm);
