/** What a gateway key is called and what it may do: the form for a new one, and for one that there is. */

import { amount } from "../lib/amount.js";
import { PageElement } from "../lib/element.js";
import { element, html } from "../lib/html.js";
import { gatewayKeys } from "../state/gatewaykeys.js";
import { sent } from "./sending.js";

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
      ${key?.expires_at && element`<label class="check"><input type="checkbox" name="never"> it never expires</label>`}
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
    const { key } = this;
    const send = () => {
      const wanted = this.#wanted();
      return key ? gatewayKeys.change(key.id, changed(key, wanted)) : gatewayKeys.create(wanted);
    };
    if (await sent(this.find("form"), send)) this.dispatchEvent(new CustomEvent("done", { bubbles: true }));
  }

  /** @returns {import("../state/gatewaykeys.js").Wanted} */
  #wanted() {
    const value = (/** @type {string} */ name) => this.find(`[name=${name}]`).value.trim();
    const number = (/** @type {string} */ name) => (value(name) ? Number(value(name)) : null);
    const patterns = (/** @type {string} */ name) =>
      value(name)
        .split(/[\s,]+/)
        .filter(Boolean);
    const limit = amount(value("limit"));
    if (limit && !(Number(limit) > 0)) throw new Error(`${limit} is not an amount of dollars, such as 2.50`);
    const days = number("days");
    const never = this.querySelector("[name=never]:checked") !== null;
    return {
      name: value("name"),
      project: value("project"),
      models: patterns("models"),
      endpoints: patterns("endpoints"),
      limit_nanos: limit ? Math.round(Number(limit) * NANOS) : null,
      ...(days && { expires_at: new Date(Date.now() + days * DAY).toISOString() }),
      ...(never && { expires_at: null }),
      rpm: number("rpm"),
      tpm: number("tpm"),
      streams: number("streams"),
    };
  }
}

/**
 * Only what differs: what somebody else changed since the form was opened stays.
 * @param {GatewayKey} key
 * @param {import("../state/gatewaykeys.js").Wanted} wanted
 * @returns {Partial<typeof wanted>}
 */
function changed(key, wanted) {
  const before = /** @type {Record<string, unknown>} */ (key);
  const differs = (/** @type {[string, unknown]} */ [name, value]) =>
    JSON.stringify(value) !== JSON.stringify(before[name]);
  return Object.fromEntries(Object.entries(wanted).filter(differs));
}

customElements.define("gateway-key-form", GatewayKeyForm);
