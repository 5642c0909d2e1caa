/** Budgets in settings: each with a bar of what is spent, changed or taken away where that is allowed, and one more. */

import { amount } from "../lib/amount.js";
import { PageElement } from "../lib/element.js";
import { alarming, day, dollars } from "../lib/format.js";
import { element, html } from "../lib/html.js";
import { style } from "../lib/style.js";
import { budgets } from "../state/budgets.js";
import { notices } from "../state/notices.js";
import { session } from "../state/session.js";
import { statistics } from "../state/statistics.js";
import { sent } from "./sending.js";

await style(import.meta.resolve("./budgets.css"));

/**
 * @typedef {import("../state/budgets.js").Budget} Budget
 * @typedef {import("../state/budgets.js").Subject} Subject
 */

const PERIODS = { day: "per day", week: "per week", month: "per month", total: "prepaid" };
const CELLS = 20;

export class BudgetSettings extends PageElement {
  /** The budget whose form is open, or "new". @type {string | null} */
  #open = null;
  /** Whose budgets are shown: one user's, or all that there are. @type {string | undefined} */
  user;

  connectedCallback() {
    this.replaceChildren(html`<section class="box green"><h2>budget</h2><div class="rows"></div>
      <button type="button" class="item add"><span class="blue">+</span><span class="blue">set a budget</span></button></section>`);
    this.find(".add").addEventListener("click", () => this.#show("new"));
    this.until(
      budgets.list.watch(() => this.#draw()),
      statistics.account.listen(() => this.#open === null && this.#load()),
    );
    this.#load();
  }

  #load() {
    budgets.load().catch((error) => notices.fail(error));
  }

  /** @returns {Subject[]} */
  get #subjects() {
    const { user } = this;
    return user
      ? budgets.subjects.filter(({ scope, id }) => scope === "user" && id === user)
      : budgets.subjects;
  }

  #draw() {
    const { user } = this;
    const list = budgets.list.value?.filter(
      (one) => !user || (one.scope === "user" && one.subject.id === user),
    );
    const rows = (list ?? []).map((one) => (this.#open === one.id ? this.#form(one) : this.#row(one)));
    if (list && !list.length)
      rows.push(element`<p class="muted none">no budget: nothing holds your spending back</p>`);
    if (this.#open === "new") rows.push(this.#form(null));
    this.find(".rows").replaceChildren(...rows);
    this.find(".add").hidden = this.#open !== null || !this.#subjects.length;
  }

  /** @param {Budget} one */
  #row(one) {
    const row = element`<div class="budget">${drawBudget(one)}</div>`;
    if (budgets.mine(one)) {
      const label = `change ${called(one)} ${PERIODS[one.period]}`;
      const button = element`<button type="button" class="act" aria-label="${label}">change</button>`;
      button.addEventListener("click", () => this.#show(one.id));
      row.append(button);
    }
    return row;
  }

  /** @param {Budget | null} one */
  #form(one) {
    const form = element`<form autocomplete="off">
      <label class="field">whose<select name="whose"></select></label>
      <label class="field">how long<select name="period"></select></label>
      <label class="field">dollars<input name="limit" inputmode="decimal" required maxlength="16" placeholder="30"></label>
      <p class="problem" role="alert"></p>
      <div class="buttons"><button class="primary">set it</button>
        ${one && element`<button type="button" class="act red remove">remove</button>`}
        <button type="button" class="act cancel">cancel</button></div></form>`;
    const whose = /** @type {HTMLSelectElement} */ (form.querySelector("[name=whose]"));
    const period = /** @type {HTMLSelectElement} */ (form.querySelector("[name=period]"));
    const limit = /** @type {HTMLInputElement} */ (form.querySelector("[name=limit]"));
    whose.append(...this.#subjects.map((each, at) => new Option(titled(each), String(at))));
    period.append(...Object.entries(PERIODS).map(([value, name]) => new Option(name, value)));
    period.value = one?.period ?? "month";
    if (one) {
      const at = this.#subjects.findIndex((each) => each.scope === one.scope && each.id === one.subject.id);
      whose.value = String(at);
      limit.value = String(one.limit_nanos / 1e9);
      whose.disabled = period.disabled = true;
    }
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#do(form, () =>
        budgets.set(this.#subjects[Number(whose.value)], period.value, amount(limit.value)),
      );
    });
    form.querySelector(".remove")?.addEventListener("click", () => this.#do(form, () => this.#remove(one)));
    form.querySelector(".cancel")?.addEventListener("click", () => this.#show(null));
    return form;
  }

  /** @param {Budget | null} one */
  async #remove(one) {
    if (!one) return;
    const again = { scope: one.scope, id: one.subject.id };
    const put = () => budgets.set(again, one.period, String(one.limit_nanos / 1e9));
    await budgets.remove(one.id);
    notices.say("budget removed", "ok", { label: "undo", run: () => put().catch((e) => notices.fail(e)) });
  }

  /** @param {Element} form @param {() => Promise<void>} work */
  async #do(form, work) {
    if (await sent(form, work)) this.#show(null);
  }

  /** @param {string | null} open */
  #show(open) {
    this.#open = open;
    this.#draw();
    /** @type {HTMLElement | null} */ (this.querySelector("form :is(select, input):not(:disabled)"))?.focus();
  }
}

/** What the sheet shows. @param {{user?: {id: string}} | null} [about] */
export function budgetSheet(about) {
  const shown = new BudgetSettings();
  shown.user = about?.user?.id;
  return shown;
}

/** One budget: whose, how much of it, a bar, and when all of it is there again. @param {Budget} one */
function drawBudget(one) {
  const share = one.spent_nanos / one.limit_nanos;
  const [glyph, colour] = alarming(share) ?? ["", "green"];
  const full = Math.min(CELLS, Math.round(share * CELLS));
  const held = one.held_nanos ? ` · ${dollars(one.held_nanos)} held` : "";
  const until = one.resets_at ? `again ${day(one.resets_at)}` : "never again";
  return html`<p class="pair"><span class="name">${called(one)} <span class="muted">${PERIODS[one.period]}</span></span>
      <span class="${colour} spent">${glyph} ${dollars(one.spent_nanos)} / ${dollars(one.limit_nanos)}</span></p>
    <p class="pair"><span><span class="${colour}" aria-hidden="true">${"▓".repeat(full)}${"░".repeat(CELLS - full)}</span>
      ${Math.round(share * 100)}%</span><span class="muted">${until}${held}</span></p>`;
}

/** @param {Budget} one */
function called({ scope, subject, owner }) {
  if (scope === "user" && subject.name === session.user.username) return "you";
  return titled({ scope, owner, ...subject });
}

/** Several people can have a key of the same name. @param {Subject} one */
function titled({ scope, name, owner }) {
  if (scope === "server") return "this server";
  if (scope === "user") return name;
  const whose = scope === "key" && owner !== session.user.username ? ` (${owner})` : "";
  return `${scope} ${name}${whose}`;
}

customElements.define("budget-settings", BudgetSettings);
