/** One line of state that never wraps: model, context, cost, overall cost, activity. Σ goes first when it gets narrow. */

import { PageElement } from "../lib/element.js";
import { alarming, bar, cost, modelName } from "../lib/format.js";
import { html } from "../lib/html.js";
import { connection } from "../state/connection.js";
import { conversation } from "../state/conversation.js";
import { models } from "../state/models.js";
import { outbox } from "../state/outbox.js";
import { place } from "../state/place.js";
import { session } from "../state/session.js";
import { statistics } from "../state/statistics.js";
import "./spinner.js";

/** In the order in which they go. */
const DROPPING = [".overall", ".reason", ".context", ".note", ".cost"];

export class StatusLine extends PageElement {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticking;
  #frame = 0;
  #fitted = "";
  /** Whether most of a budget is spent: then that cell is the last to go. */
  #alarmed = false;

  connectedCallback() {
    this.replaceChildren(html`
      <button type="button" class="cell model" aria-haspopup="dialog" title="choose a model"></button>
      <button type="button" class="cell figures" aria-haspopup="dialog" title="statistics">
        <span class="context"></span><span class="cost"></span><span class="overall"></span></button>
      <span class="cell activity"></span><span class="cell reason"></span>`);
    this.find(".model").addEventListener("click", () => place.open("model"));
    this.find(".figures").addEventListener("click", () => place.open("statistics"));
    const later = () => {
      this.#frame ||= requestAnimationFrame(() => this.#draw());
    };
    for (const signal of [
      conversation.info,
      conversation.path,
      conversation.changed,
      conversation.planned,
      models.listing,
      statistics.device,
      statistics.budget,
      connection.status,
      outbox.entries,
      session.preferences,
    ])
      this.until(/** @type {import("../lib/signal.js").Signal<any>} */ (signal).listen(later));
    const sizes = new ResizeObserver(() => {
      this.#fitted = "";
      later();
    });
    sizes.observe(this);
    document.fonts.ready.then(() => {
      this.#fitted = "";
      later();
    });
    this.until(
      () => sizes.disconnect(),
      () => clearInterval(this.#ticking),
    );
    this.#draw();
  }

  #draw() {
    this.#frame = 0;
    const info = conversation.info.value;
    const running = conversation.running;
    const reply = running && conversation.replies.get(running.id);
    const estimate = reply?.activity.cost_nanos ?? 0;
    const asked = info?.model ?? conversation.planned.value.model ?? models.listing.value.default;
    const route = asked?.startsWith("auto") ? (running ?? conversation.last)?.route : null;
    const id = route?.picked ?? asked;
    const { glyph, colour } = models.tier(id);
    this.#set(
      ".model",
      [asked, id, models.builtIn(id), models.loaded],
      () => html`
      <span class="${colour}" aria-hidden="true">${glyph}</span>
      <span class="name">${models.isDemo(id) ? "demo, not an AI" : id ? `${route ? `${asked} → ` : ""}${modelName(id)}` : models.loaded ? "no model" : "…"}</span>
      <span class="faint" aria-hidden="true">▾</span><span class="yellow note">${models.builtIn(id) && "list: built-in"}</span>`,
    );
    this.#set(".context", [info?.context, id], () => this.#context(info, id));
    this.#set(".cost", [info?.figures, estimate], () => html`${cost(info?.figures, estimate)}`);
    this.#set(".reason", [route?.reason], () => html`${route?.reason}`);
    const all = statistics.device.value;
    const budget = statistics.budget.value;
    const alarm = budget && alarming(budget.spent_nanos / budget.limit_nanos);
    this.#alarmed = Boolean(alarm);
    this.#set(
      ".overall",
      [all, estimate, alarm],
      () => html`<span class="${alarm?.[1]}">${alarm?.[0] ?? "Σ"} ${all ? cost(all, estimate) : "…"}</span>`,
    );
    this.#activity(running, reply);
    this.#fit();
  }

  /**
   * @param {string} cell
   * @param {unknown} key nothing is touched while it stays the same
   * @param {() => DocumentFragment} content
   */
  #set(cell, key, content) {
    const node = this.find(cell);
    const text = JSON.stringify(key);
    if (node.dataset.key === text) return;
    node.dataset.key = text;
    node.replaceChildren(content());
    if (cell === ".model") this.#fitted = ""; // its note is shown again
  }

  /** @param {import("../state/conversations.js").Conversation | null} info @param {string | null} id */
  #context(info, id) {
    const limit = info?.context?.limit ?? models.find(id)?.context;
    if (!limit) return html``;
    const share = (info?.context?.used ?? 0) / limit;
    const alarm = alarming(share);
    const [glyph, colour] = alarm ?? [bar(share), "green"];
    return html`<span class="${colour}"><span aria-hidden="true">${glyph}</span></span> <span class="${alarm?.[1]}">${Math.round(share * 100)}%</span>`;
  }

  /**
   * @param {import("../state/message.js").Message | undefined} running
   * @param {import("../state/reply.js").Reply | undefined} reply
   */
  #activity(running, reply) {
    const waiting = outbox.entries.value.filter((entry) => entry.waiting).length;
    const status = connection.status.value;
    const seconds = reply ? Math.round((Date.now() - reply.startedAt) / 1000) : 0;
    const speed = reply?.activity.tokens_per_second;
    const state = reply?.activity.state;
    clearInterval(this.#ticking);
    if (running || status !== "live") this.#ticking = setInterval(() => this.#draw(), 1000);
    if (status === "offline") {
      this.#set(
        ".activity",
        [status, waiting],
        () => html`<span class="red">✗ offline${waiting > 0 && ` · ${waiting} queued`}</span>`,
      );
    } else if (status === "reconnecting") {
      this.#set(".activity", [status], () => html`<span class="yellow">reconnecting…</span>`);
    } else if (running) {
      const text =
        state === "writing"
          ? speed
            ? `${Math.round(speed)} t/s`
            : "writing"
          : `${state ?? "waiting"} ${seconds} s`;
      this.#set(
        ".activity",
        ["busy", text],
        () => html`<span class="yellow"><busy-spinner></busy-spinner> ${text}</span>`,
      );
    } else if (waiting) {
      this.#set(".activity", ["waiting", waiting], () => html`<span class="yellow">${waiting} queued</span>`);
    } else {
      this.#set(".activity", ["idle"], () => html`<span class="green">● idle</span>`);
    }
  }

  #overflows() {
    const room = this.getBoundingClientRect().right - Number.parseFloat(getComputedStyle(this).paddingRight);
    const last = this.find(".reason").hidden ? ".activity" : ".reason";
    return this.find(last).getBoundingClientRect().right > room + 0.5;
  }

  /** Shows as many cells as there is room for; measured only when a text changed its length. */
  #fit() {
    const key = `${this.textContent?.replace(/\d/g, "0").replace(/[⠀-⣿]/g, "⠿")}`;
    if (key === this.#fitted) return;
    this.#fitted = key;
    this.find(".figures").hidden = false;
    for (const cell of DROPPING) this.find(cell).hidden = !this.find(cell).textContent;
    this.classList.add("measured");
    for (const cell of this.#alarmed ? [...DROPPING.slice(1), DROPPING[0]] : DROPPING) {
      if (!this.#overflows()) break;
      this.find(cell).hidden = true;
    }
    this.classList.remove("measured");
    this.find(".figures").hidden = [".overall", ".context", ".cost"].every((cell) => this.find(cell).hidden);
  }
}

customElements.define("status-line", StatusLine);
