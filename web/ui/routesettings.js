/** The person's own rules for `auto`: when a prompt is like this, then that model. Edited, moved, tried on a text. */

import { PageElement } from "../lib/element.js";
import { element, html } from "../lib/html.js";
import { style } from "../lib/style.js";
import { commands } from "../state/commands.js";
import { models } from "../state/models.js";
import { notices } from "../state/notices.js";
import { session } from "../state/session.js";
import { routeForm } from "./routeform.js";

/**
 * @typedef {{has_image?: boolean | null, longer_than?: number | null, language?: string | null, code?: boolean | null,
 *   tag?: string | null}} When
 * @typedef {{when?: When, model: string, fallbacks?: string[]}} Rule
 */

export class RouteSettings extends PageElement {
  /** Which rule is open: its index, or the number of rules for a new one. @type {number | null} */
  #open = null;

  connectedCallback() {
    style(import.meta.resolve("./routes.css"));
    this.replaceChildren(html`<section class="box cyan"><h2>routes</h2>
      <p class="muted">what auto picks: the first rule that holds, else your default model</p>
      <div class="rules"></div>
      <button type="button" class="item add"><span>+</span><span>add a rule</span></button>
      <form class="try"><label class="field">try it on a text
        <input name="text" autocomplete="off" placeholder="a message"></label>
        <button class="act">what would be picked</button></form></section>`);
    this.find(".add").addEventListener("click", () => this.#show(this.#rules.length));
    this.find(".try").addEventListener("submit", (/** @type {Event} */ event) => this.#try(event));
    this.until(
      session.preferences.watch(() => this.#draw()),
      models.listing.listen(() => this.#open === null && this.#draw()),
    );
  }

  /** @returns {Rule[]} */
  get #rules() {
    return session.preferences.value.routes ?? [];
  }

  #draw() {
    const rules = this.#rules;
    const rows = rules.map((rule, index) =>
      this.#open === index ? this.#form(rule, index) : this.#row(rule, index, rules.length),
    );
    if (this.#open === rules.length) rows.push(this.#form(null, rules.length));
    this.find(".rules").replaceChildren(...rows);
    this.find(".add").hidden = this.#open !== null;
  }

  /** @param {Rule} rule @param {number} index @param {number} count */
  #row(rule, index, count) {
    const row = element`<div class="rule">
      <button type="button" class="edit" aria-label="edit rule ${index + 1}: ${said(rule.when)}, then ${rule.model}">
        <span class="muted">${index + 1}</span> ${said(rule.when)}
        <small>→ ${[rule.model, ...(rule.fallbacks ?? [])].join(" → ")}</small></button>
      <button type="button" class="tool" aria-label="move rule ${index + 1} up">↑</button>
      <button type="button" class="tool red" aria-label="delete rule ${index + 1}">✗</button></div>`;
    const [edit, up, remove] = row.querySelectorAll("button");
    up.disabled = index === 0 || count < 2;
    edit.addEventListener("click", () => this.#show(index));
    up.addEventListener("click", () => this.#move(index));
    remove.addEventListener("click", () => this.#remove(index));
    return row;
  }

  /** @param {Rule | null} rule @param {number} index */
  #form(rule, index) {
    return routeForm(
      rule,
      (made) => this.#save(this.#rules.toSpliced(index, 1, made)),
      () => this.#show(null),
    );
  }

  /** @param {number | null} index */
  #show(index) {
    this.#open = index;
    this.#draw();
    this.querySelector("select")?.focus();
  }

  /** @param {number} index */
  #move(index) {
    const rules = [...this.#rules];
    rules.splice(index - 1, 0, ...rules.splice(index, 1));
    this.#save(rules);
  }

  /** @param {number} index */
  async #remove(index) {
    const before = this.#rules;
    if (!(await this.#save(before.toSpliced(index, 1)))) return;
    notices.say("rule deleted", "ok", { label: "undo", run: () => this.#save(before) });
  }

  /** @param {Rule[]} rules @returns {Promise<boolean>} whether they are saved */
  async #save(rules) {
    try {
      await session.prefer({ routes: rules });
      this.#show(null);
      return true;
    } catch (error) {
      notices.fail(error);
      return false;
    }
  }

  /** @param {Event} event */
  #try(event) {
    event.preventDefault();
    const text = this.find("[name=text]").value.trim();
    if (text) commands.run(`/route test ${text}`).catch((error) => notices.fail(error));
  }
}

/** A rule's condition in words. @param {When} [when] */
function said(when = {}) {
  const parts = [
    when.has_image && "has a picture",
    when.has_image === false && "no picture",
    when.longer_than && `longer than ${when.longer_than}`,
    when.language && `in ${when.language}`,
    when.code && "about code",
    when.code === false && "not about code",
    when.tag && `tagged ${when.tag}`,
  ];
  return parts.filter(Boolean).join(", ") || "always";
}

customElements.define("route-settings", RouteSettings);
