/** Search: what was said in every conversation and branch, with the line that matches; a tap goes there. */

import { PageElement } from "../lib/element.js";
import { ago, plural } from "../lib/format.js";
import { element, html } from "../lib/html.js";
import { icon } from "../lib/icons.js";
import { style } from "../lib/style.js";
import { models } from "../state/models.js";
import { place } from "../state/place.js";
import { AGES, search } from "../state/search.js";

await style(import.meta.resolve("./search.css"));

const PAUSE = 150; // between two letters nobody needs an answer
const AHEAD = 600;

/** @typedef {import("../state/search.js").Part} Part */

export class SearchScreen extends PageElement {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  connectedCallback() {
    const { filters } = search;
    this.replaceChildren(html`<div class="column">
      <label class="search">${icon("search")}
        <input type="search" placeholder="search everything" aria-label="search everything" autocapitalize="none"
          spellcheck="false" maxlength="1000" enterkeyhint="search"></label>
      <div class="chips" role="group" aria-label="filters">
        <button type="button" class="chip favorites" aria-pressed="${String(filters.favorite)}">★ favourites</button>
        <label class="chip"><select name="age" aria-label="when"></select></label>
        <label class="chip"><select name="model" aria-label="model"></select></label>
        <span class="tags"></span>
        <button type="button" class="chip bin">bin</button>
      </div>
      <p class="muted count" role="status"></p>
      <div class="results"></div></div>`);
    const input = this.find("input");
    input.value = place.value.about || search.words;
    input.addEventListener("input", () => this.#typed());
    this.find("[name=age]").append(...Object.keys(AGES).map((name) => new Option(name, name)));
    this.find("[name=age]").value = filters.age;
    this.find("[name=age]").addEventListener("change", (/** @type {any} */ event) =>
      search.look({ age: event.target.value }),
    );
    this.find("[name=model]").addEventListener("change", (/** @type {any} */ event) =>
      search.look({ model: event.target.value }),
    );
    this.find(".favorites").addEventListener("click", (/** @type {any} */ event) => {
      search.look({ favorite: !search.filters.favorite });
      event.currentTarget.setAttribute("aria-pressed", search.filters.favorite);
    });
    this.find(".bin").addEventListener("click", () => place.screen("bin"));
    this.addEventListener("keydown", (event) => this.#key(event));
    this.addEventListener("scroll", () => {
      if (this.scrollHeight - this.scrollTop - this.clientHeight < AHEAD) search.more();
    });
    this.until(
      search.found.watch(() => this.#draw()),
      search.tags.watch(() => this.#drawTags()),
      models.listing.watch(() => this.#fillModels()),
      place.listen(({ screen, about }) => {
        if (screen !== "search" || !about || about === input.value) return;
        input.value = about;
        search.look({ words: about });
      }),
      () => clearTimeout(this.#timer),
    );
    search.loadTags().catch(() => {});
    search.look({ words: input.value });
    input.focus();
  }

  #typed() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => search.look({ words: this.find("input").value }), PAUSE);
  }

  /** Up and down through what was found; Enter in the field opens the first. @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing || !["ArrowDown", "ArrowUp", "Enter"].includes(event.key)) return;
    const target = /** @type {HTMLElement} */ (event.target);
    const stops = /** @type {HTMLElement[]} */ ([
      this.find("input"),
      ...this.querySelectorAll(".results .item"),
    ]);
    const at = stops.indexOf(target);
    if (at < 0 || (event.key === "Enter" && at > 0)) return;
    event.preventDefault();
    if (event.key === "Enter") stops[1]?.click();
    else stops[at + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
  }

  #fillModels() {
    const select = this.find("[name=model]");
    const known = models.listing.value.models.map((model) => model.id);
    const { model } = search.filters;
    const ids = model && !known.includes(model) ? [model, ...known] : known;
    select.replaceChildren(new Option("any model", ""), ...ids.map((id) => new Option(id, id)));
    select.value = model;
  }

  #drawTags() {
    const chips = search.tags.value.map(({ tag }) => {
      const chip = element`<button type="button" class="chip" aria-pressed="${String(tag === search.filters.tag)}">#${tag}</button>`;
      chip.addEventListener("click", () => {
        search.look({ tag: search.filters.tag === tag ? "" : tag });
        this.#drawTags();
      });
      return chip;
    });
    this.find(".tags").replaceChildren(...chips);
  }

  #draw() {
    const { titles, hits, next, busy, problem } = search.found.value;
    const said = hits.filter((hit) => !hit.inside);
    const inside = hits.filter((hit) => hit.inside);
    const nodes = [
      titles.length > 0 && element`<h2 class="muted">conversations</h2>`,
      ...titles.map(drawTitle),
      said.length > 0 && element`<h2 class="muted">messages</h2>`,
      ...said.map(drawHit),
      inside.length > 0 && element`<h2 class="muted">in the middle of words</h2>`,
      ...inside.map(drawHit),
      next && this.#more(),
    ];
    this.find(".results").replaceChildren(...nodes.filter((node) => node !== false && node !== null));
    this.find(".count").textContent = problem
      ? `✗ ${problem}`
      : this.#said(titles.length + hits.length, next, busy);
    this.find(".count").classList.toggle("red", Boolean(problem));
    this.find(".results").setAttribute("aria-busy", String(busy));
  }

  /** @param {number} count @param {string | null} next @param {boolean} busy */
  #said(count, next, busy) {
    if (!search.wants)
      return "every conversation and every branch; any script, any sign, from two letters or one";
    if (!count) return busy ? "searching…" : next ? "nothing so far" : "nothing found";
    return `${plural(count, "result")}${next ? " and more" : ""}`;
  }

  #more() {
    const button = element`<button type="button" class="item more"><span></span><span>search on</span><span></span></button>`;
    button.addEventListener("click", () => search.more());
    return button;
  }
}

/** @param {Part[]} parts */
const line = (parts) =>
  parts.map(({ text, match }) => (match ? element`<mark>${text}</mark>` : new Text(text)));

/** @param {import("../state/search.js").Home} home */
const tagged = ({ tags }) => tags.map((tag) => ` · #${tag}`).join("");

/** @param {import("../state/search.js").Title} title */
function drawTitle(title) {
  const row = element`<button type="button" class="item tall">
    <span class="yellow" aria-hidden="true">${title.favorite ? "★" : "▸"}</span>
    <span class="two">${title.parts.length ? line(title.parts) : "new chat"}<small>${ago(title.updated_at)}${tagged(title)}</small></span>
    <span></span></button>`;
  row.addEventListener("click", () => place.chat(title.id));
  return row;
}

/** @param {import("../state/search.js").Hit} hit */
function drawHit(hit) {
  const tier = models.tier(hit.model);
  const mark =
    hit.role === "user"
      ? element`<span class="magenta" aria-label="you">❯</span>`
      : element`<span class="${tier.colour}" aria-label="${hit.model ?? "answer"}">${tier.glyph}</span>`;
  const { title } = hit.conversation;
  const row = element`<button type="button" class="item tall hit">${mark}
    <span><span class="line">${line(hit.parts)}</span>
      <small class="muted">${hit.favorite && element`<span class="yellow" aria-label="favourite">★ </span>`}${title || "new chat"} · ${ago(hit.created_at)}${tagged(hit.conversation)}</small></span>
    <span></span></button>`;
  row.addEventListener("click", () => place.chat(hit.conversation.id, hit.message_id));
  return row;
}

customElements.define("search-screen", SearchScreen);
