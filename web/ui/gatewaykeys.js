/** The gateway keys in settings: what each may and has cost, one more with its limits, and an end to it. */

import { PageElement } from "../lib/element.js";
import { ago, cost, dollars, tokens } from "../lib/format.js";
import { element, html } from "../lib/html.js";
import { gatewayKeys } from "../state/gatewaykeys.js";
import { notices } from "../state/notices.js";
import { place } from "../state/place.js";
import { session } from "../state/session.js";
import { twice } from "./twice.js";
import "./madekey.js";

/** @typedef {import("../state/gatewaykeys.js").GatewayKey} GatewayKey */

const DAY = 86_400_000;

export class GatewayKeyList extends PageElement {
  connectedCallback() {
    this.replaceChildren(html`<section class="box green"><h2>gateway keys</h2>
      <p class="muted">with one of these any other program uses every model of this server</p>
      <made-key></made-key><div class="rows"></div>
      <button type="button" class="item add new"><span class="blue">+</span><span class="blue">make a key</span></button>
      <div class="form"></div>
      <button type="button" class="item add connect"><span class="blue">▸</span><span class="blue">connect a tool</span></button></section>`);
    this.find(".new").addEventListener("click", () => this.#toggleForm());
    this.find(".connect").addEventListener("click", () => place.screen("connect"));
    this.until(gatewayKeys.listing.watch(() => this.#draw()));
    gatewayKeys.load().catch((error) => notices.fail(error));
  }

  #toggleForm() {
    const form = this.find(".form");
    if (form.firstChild) return form.replaceChildren();
    form.append(html`<form autocomplete="off">
      <label class="field">name<input name="name" required maxlength="64" placeholder="laptop"></label>
      <label class="field">project<input name="project" maxlength="64" placeholder="what it is counted for"></label>
      <label class="field">models<input name="models" autocapitalize="none" spellcheck="false" placeholder="every one, or patterns: gpt-* ollama/*"></label>
      <label class="field">may spend, in dollars<input name="limit" inputmode="decimal" placeholder="no limit"></label>
      <label class="field">expires after days<input name="days" type="number" min="1" max="36500" placeholder="never"></label>
      <label class="field">requests per minute<input name="rpm" type="number" min="1" placeholder="no limit"></label>
      <label class="field">tokens per minute<input name="tpm" type="number" min="1" placeholder="no limit"></label>
      <label class="field">at the same time<input name="streams" type="number" min="1" placeholder="no limit"></label>
      <p class="problem" role="alert"></p>
      <button class="primary">make the key</button></form>`);
    form
      .querySelector("form")
      .addEventListener("submit", (/** @type {Event} */ event) => this.#create(event));
    form.querySelector("input").focus();
  }

  /** @param {Event} event */
  async #create(event) {
    event.preventDefault();
    const value = (/** @type {string} */ name) => this.find(`[name=${name}]`).value.trim();
    const number = (/** @type {string} */ name) => (value(name) ? Number(value(name)) : undefined);
    const limit = value("limit").replace(/^\$/, "").replace(",", ".");
    const days = number("days");
    try {
      if (limit && !(Number(limit) > 0))
        throw new Error(`${limit} is not an amount of dollars, such as 2.50`);
      await gatewayKeys.create({
        name: value("name"),
        project: value("project"),
        models: value("models")
          .split(/[\s,]+/)
          .filter(Boolean),
        limit_nanos: limit ? Math.round(Number(limit) * 1e9) : undefined,
        expires_at: days ? new Date(Date.now() + days * DAY).toISOString() : undefined,
        rpm: number("rpm"),
        tpm: number("tpm"),
        streams: number("streams"),
      });
      this.find(".form").replaceChildren();
    } catch (error) {
      this.find(".problem").textContent = /** @type {Error} */ (error).message;
    }
  }

  #draw() {
    this.find(".rows").replaceChildren(...(gatewayKeys.listing.value ?? []).map((key) => this.#row(key)));
  }

  /** @param {GatewayKey} key */
  #row(key) {
    const own = key.username === session.user.username;
    const used = key.last_used_at ? `used ${ago(key.last_used_at)}` : "never used";
    const facts = [
      key.shown,
      own ? "" : key.username,
      key.project,
      key.scope === "admin" ? "for /admin" : "",
      key.models.join(" "),
      key.rpm ? `${tokens(key.rpm)}/min` : "",
      key.tpm ? `${tokens(key.tpm)} tok/min` : "",
      key.expires_at ? `until ${key.expires_at.slice(0, 10)}` : "",
      key.legacy ? `the old key: ${key.lately} calls in 7 days` : used,
    ];
    const of = key.limit_nanos ? ` of ${dollars(key.limit_nanos)}` : "";
    const row = element`<p class="pair"><span class="name">${key.name}</span>
      <span class="green">${cost(key.figures)}${of}</span>
      <button type="button" class="act red" aria-label="revoke ${key.name}">revoke</button>
      <span class="facts muted">${facts.filter(Boolean).join(" · ")}</span></p>`;
    const button = /** @type {HTMLElement} */ (row.querySelector("button"));
    button.hidden = key.legacy;
    twice(button, "really?", () => this.#revoke(key));
    return row;
  }

  /** @param {GatewayKey} key */
  async #revoke(key) {
    try {
      await gatewayKeys.revoke(key.id);
      notices.say(`${key.name} is revoked`);
    } catch (error) {
      notices.fail(error);
    }
  }
}

customElements.define("gateway-keys", GatewayKeyList);
