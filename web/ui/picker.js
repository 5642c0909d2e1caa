/** Choosing a model: for this conversation, or for one more try of a reply. */

import { PageElement } from "../lib/element.js";
import { price, tokens } from "../lib/format.js";
import { element, html } from "../lib/html.js";
import { retry } from "../state/answering.js";
import { conversation } from "../state/conversation.js";
import { conversations } from "../state/conversations.js";
import { rank } from "../state/match.js";
import { models } from "../state/models.js";
import { notices } from "../state/notices.js";
import { place } from "../state/place.js";

/** @typedef {import("../state/models.js").Model} Model */

export class ModelPicker extends PageElement {
  connectedCallback() {
    const { default_note } = models.listing.value;
    this.replaceChildren(html`
      <label class="search"><span class="mark" aria-hidden="true">❯</span>
        <input type="search" placeholder="model" aria-label="search models" autocapitalize="none" spellcheck="false"></label>
      ${default_note && element`<p class="meta yellow">${default_note}</p>`}
      <div class="list"></div>
      <p class="meta muted">prices per million tokens</p>`);
    this.find("input").addEventListener("input", () => this.#draw());
    this.until(models.listing.watch(() => this.#draw()));
    models.load().catch(() => {});
  }

  #draw() {
    const { models: all, providers, default: standard } = models.listing.value;
    const found = rank(all, this.find("input").value.trim(), (model) => [model.id, model.title]).map(
      ({ item }) => item,
    );
    const current = this.dataset.retry
      ? conversation.messages.get(this.dataset.retry)?.model
      : (conversation.info.value?.model ?? conversation.planned.value.model ?? standard);
    const nodes = [];
    for (const provider of new Set(found.map((model) => model.provider))) {
      const listing = providers.find((one) => one.provider === provider);
      const note = listing?.source === "built-in" && provider !== "demo" ? "list: built-in" : "";
      nodes.push(
        element`<h2 class="muted">${provider}${note && element`<span class="yellow"> · ${note}</span>`}</h2>`,
      );
      if (listing?.error) nodes.push(element`<p class="meta red">✗ ${listing.error}</p>`);
      for (const model of found.filter((one) => one.provider === provider))
        nodes.push(this.#row(model, current ?? null));
    }
    const routes = rank(this.#routes, this.find("input").value.trim(), ({ id, title }) => [id, title]);
    if (routes.length) nodes.push(element`<h2 class="muted">the router picks</h2>`);
    for (const { item } of routes) nodes.push(this.#route(item, current ?? null));
    if (!all.length) nodes.push(...this.#nothing());
    this.find(".list").replaceChildren(...nodes);
  }

  get #routes() {
    return models.listing.value.routes ?? [];
  }

  /** @param {{id: string, title: string}} route @param {string | null} current */
  #route({ id, title }, current) {
    const row = element`<button type="button" class="item tall" ${id === current ? "aria-current" : "data-model"}="true">
      <span class="cyan" aria-hidden="true">⠶</span><span class="two">${id}<small>${title}</small></span>
      <span class="green">${id === current ? "✓" : ""}</span></button>`;
    row.addEventListener("click", () => this.#choose(id));
    return row;
  }

  #nothing() {
    const button = element`<button type="button" class="item"><span>+</span><span>add a provider key</span></button>`;
    button.addEventListener("click", () => place.screen("settings"));
    return [element`<p class="meta muted">no model yet: they come with a provider key</p>`, button];
  }

  /** @param {Model} model @param {string | null} current */
  #row(model, current) {
    const { glyph, colour } = models.tier(model.id);
    const free = model.input_price === 0 && model.output_price === 0;
    const facts = model.demo
      ? ["demo, not an AI"]
      : [
          free ? "free" : `${price(model.input_price)} in · ${price(model.output_price)} out`,
          model.context && tokens(model.context),
          model.tokens_per_second && `${Math.round(model.tokens_per_second)} t/s`,
        ];
    const row = element`<button type="button" class="item tall" ${model.id === current ? "aria-current" : "data-model"}="true">
      <span class="${colour}" aria-hidden="true">${glyph}</span>
      <span class="two">${model.id}<small>${facts.filter(Boolean).join(" · ")}</small></span>
      <span class="green">${model.id === current ? "✓" : ""}</span></button>`;
    row.addEventListener("click", () => this.#choose(model.id));
    return row;
  }

  /** @param {string} id */
  async #choose(id) {
    const { retry: again } = this.dataset;
    place.close();
    try {
      if (again) {
        await retry(again, id);
      } else if (conversation.id.value) {
        await conversations.change(conversation.id.value, { model: id });
        const row = conversations.find(conversation.id.value);
        if (row) conversation.describe(row);
      } else {
        conversation.planned.value = { ...conversation.planned.value, model: id };
      }
    } catch (error) {
      notices.fail(error);
    }
  }
}

customElements.define("model-picker", ModelPicker);
