/** Prices in settings, for an admin: their own, the models without one, and a form that shows what a reply would cost. */

import { amount } from "../lib/amount.js";
import { PageElement } from "../lib/element.js";
import { dollars } from "../lib/format.js";
import { element, html } from "../lib/html.js";
import { style } from "../lib/style.js";
import { notices } from "../state/notices.js";
import { prices } from "../state/prices.js";
import { sent } from "./sending.js";

await style(import.meta.resolve("./pricesettings.css"));

/**
 * @typedef {import("../state/prices.js").Override} Override
 * @typedef {import("../state/prices.js").Rates} Rates
 */

/** What the form asks for, in dollars per million tokens; the last one for one request. */
const AMOUNTS = {
  input: "input",
  output: "output",
  cache_read: "cache read",
  cache_write_5m: "cache write",
  cache_write_long: "cache write, long",
  request: "each request",
};
const EXAMPLE = { input: 1000, output: 500 };

export class PriceSettings extends PageElement {
  connectedCallback() {
    this.replaceChildren(html`<section class="box yellow"><h2>prices</h2>
      <p class="pair list"><span>price list</span><span class="muted"></span></p>
      <div class="rows"></div><div class="form"></div>
      <button type="button" class="item add"><span class="blue">+</span><span class="blue">set a price</span></button></section>`);
    this.find(".add").addEventListener("click", () => this.#open("", "", {}));
    this.until(prices.book.watch(() => this.#draw()));
    prices.load().catch((error) => notices.fail(error));
  }

  #draw() {
    const book = prices.book.value;
    if (!book) return;
    const { source, version, models } = book.list;
    this.find(".list .muted").textContent =
      `${source === "file" ? "of" : source} ${version.slice(0, 10)} · ${models} models`;
    const unknown = book.unknown.filter(({ known }) => !known);
    this.find(".rows").replaceChildren(
      ...book.overrides.map((one) => this.#row(one)),
      ...unknown.map((one) => this.#missing(one)),
    );
  }

  /** @param {Override} one */
  #row(one) {
    const row = element`<p class="pair own"><span class="name"><span>${one.provider} <b>${one.model}</b></span> <span class="green">${summary(one.rates)}</span></span><button type="button" class="act"
        aria-label="change the price of ${one.model}">change</button></p>`;
    row
      .querySelector("button")
      ?.addEventListener("click", () => this.#open(one.provider, one.model, one.rates, one));
    return row;
  }

  /** @param {import("../state/prices.js").Unknown} one */
  #missing({ provider, model, calls }) {
    const row = element`<p class="pair missing"><span class="name"><span>${provider} <b>${model}</b></span>
      <span class="yellow">$? <span class="muted">${calls} ${calls === 1 ? "call" : "calls"}</span></span></span>
      <button type="button" class="act" aria-label="set the price of ${model}">set</button></p>`;
    row.querySelector("button")?.addEventListener("click", () => this.#open(provider, model, {}));
    return row;
  }

  /** @param {string} provider @param {string} model @param {Rates} rates @param {Override} [one] the one to change */
  #open(provider, model, rates, one) {
    const form = element`<form autocomplete="off">
      <label class="field">provider<select name="provider"></select></label>
      <label class="field">model, * stands for any<input name="model" required maxlength="200" autocapitalize="none"
        spellcheck="false" placeholder="gpt-5*"></label>
      <label class="check"><input type="checkbox" name="free"> it costs nothing</label>
      <div class="amounts">${Object.entries(AMOUNTS).map(
        ([name, title]) =>
          element`<label class="field">${title}<input name="${name}" inputmode="decimal" maxlength="16" placeholder="${name === "request" ? "nothing" : "not known"}"></label>`,
      )}</div>
      <p class="muted">dollars per million tokens; what stays empty is not known and shown as $? when it is used</p>
      <p class="hint" aria-live="polite"></p>
      <p class="problem" role="alert"></p>
      <div class="buttons"><button class="primary">set it</button>
        ${one && element`<button type="button" class="act red remove">remove</button>`}
        <button type="button" class="act cancel">cancel</button></div></form>`;
    const field = (/** @type {string} */ name) => /** @type {any} */ (form.querySelector(`[name=${name}]`));
    const select = field("provider");
    select.append(...(prices.book.value?.providers ?? []).map(({ id, title }) => new Option(title, id)));
    if (provider) select.value = provider;
    field("model").value = model;
    select.disabled = field("model").disabled = Boolean(one);
    let kept = rates;
    const fill = (/** @type {Rates} */ known) => {
      kept = known;
      for (const name of Object.keys(AMOUNTS)) field(name).value = known[name] ?? "";
      field("free").checked = known.free === true;
      this.#explain(form, known);
    };
    fill(rates);
    let typed = false;
    const take = (/** @type {Rates} */ known) => {
      if (!typed) return fill(known);
      kept = known;
      this.#explain(form, kept);
    };
    const look = async () => {
      const [id, name] = [select.value, field("model").value.trim()];
      // Nothing of the model before stays, also when this one is not known or the form is sent before the answer.
      take({});
      const known = name && (await prices.find(id, name).catch(() => null));
      if (known && id === select.value && name === field("model").value.trim()) take(known);
    };
    for (const name of ["provider", "model"]) field(name).addEventListener("change", look);
    form.addEventListener("input", ({ target }) => {
      typed ||= target !== select && target !== field("model");
      this.#explain(form, kept);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#do(form, () => prices.set(select.value, field("model").value.trim(), wanted(form, kept)));
    });
    if (one)
      form.querySelector(".remove")?.addEventListener("click", () => this.#do(form, () => this.#remove(one)));
    form.querySelector(".cancel")?.addEventListener("click", () => this.#close());
    this.find(".form").replaceChildren(form);
    this.find(".add").hidden = true;
    (one || model ? field("input") : field("model")).focus();
  }

  /** What a short reply would cost: a price for one token instead of a million is seen here. @param {Element} form @param {Rates} kept */
  #explain(form, kept) {
    /** @type {Rates} */
    let rates = {};
    try {
      rates = wanted(form, kept);
    } catch {
      // An amount that can be read in two ways: said when the form is sent.
    }
    const amounts = form.querySelector(".amounts");
    if (amounts) /** @type {HTMLElement} */ (amounts).hidden = rates.free === true;
    const [input, output] = [number(rates.input), number(rates.output)];
    const sum =
      input * EXAMPLE.input * 1000 + output * EXAMPLE.output * 1000 + number(rates.request ?? "0") * 1e9;
    const known = rates.free || Number.isFinite(sum);
    const parts = ["tiers", "special", "images"].filter((name) => rates[name]);
    const rest = parts.length ? ` · its prices for ${parts.map(said).join(" and ")} stay` : "";
    const hint = form.querySelector(".hint");
    if (hint)
      hint.textContent = known
        ? `${EXAMPLE.input} tokens in and ${EXAMPLE.output} out: ${dollars(rates.free ? 0 : Math.round(sum))}${rest}`
        : "";
  }

  /** @param {Override} one */
  async #remove(one) {
    await prices.remove(one);
    const put = () =>
      prices
        .set(one.provider, one.model, one.rates)
        .catch((/** @type {unknown} */ error) => notices.fail(error));
    notices.say("the price list counts again", "ok", { label: "undo", run: put });
  }

  /** @param {Element} form @param {() => Promise<void>} work */
  async #do(form, work) {
    if (await sent(form, work)) this.#close();
  }

  #close() {
    this.find(".form").replaceChildren();
    this.find(".add").hidden = false;
    this.find(".add").focus();
  }
}

/** The price that the form says; what it does not ask for stays as it was. @param {Element} form @param {Rates} kept @returns {Rates} */
function wanted(form, kept) {
  const values = new FormData(/** @type {HTMLFormElement} */ (form));
  if (values.has("free")) return { free: true };
  const { free: _, ...rest } = kept;
  for (const name of Object.keys(AMOUNTS)) {
    const value = amount(String(values.get(name) ?? ""));
    if (value) rest[name] = value;
    else delete rest[name];
  }
  return rest;
}

/** @param {string | undefined} amount */
const number = (amount) => (amount ? Number(amount) : Number.NaN);

const PARTS = /** @type {Record<string, string>} */ ({
  tiers: "long requests",
  special: "service tiers",
  images: "pictures",
});
const said = (/** @type {string} */ name) => PARTS[name];

/** @param {Rates} rates */
function summary(rates) {
  if (rates.free) return "free";
  if (rates.input === undefined) return "by the piece";
  return `$${rates.input} in · $${rates.output} out`;
}

customElements.define("price-settings", PriceSettings);
