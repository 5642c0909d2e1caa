/** Answers to the same prompt: side by side where there is room and nothing was said after them, else behind tabs. */

import { PageElement } from "../lib/element.js";
import { modelName } from "../lib/format.js";
import { element, html, set } from "../lib/html.js";
import { style } from "../lib/style.js";
import * as answering from "../state/answering.js";
import { answers, canMerge, chosen, goOn, isLast, merge } from "../state/comparison.js";
import { conversation } from "../state/conversation.js";
import { isRunning } from "../state/message.js";
import { models } from "../state/models.js";
import { notices } from "../state/notices.js";
import { ChatMessage } from "./message.js";
import "./spinner.js";

/** @typedef {import("../state/message.js").Message} Message */

await style(import.meta.resolve("./compare.css"));

const ROOM = 608; // two columns of 36 characters and what lies between them

/** @param {() => Promise<unknown> | unknown} work */
const attempt = async (work) => {
  try {
    await work();
  } catch (error) {
    notices.fail(error);
  }
};

export class CompareGroup extends PageElement {
  /** @type {Map<string, {tab: HTMLElement, panel: HTMLElement, message: ChatMessage}>} */
  #parts = new Map();
  #selected = "";
  /** The answer on the path when the group was drawn last. */
  #chosen = "";
  #isRoomy = false;

  connectedCallback() {
    if (!this.firstElementChild)
      this.replaceChildren(html`
        <div class="tabs" role="tablist" aria-label="answers"></div><div class="panels"></div>
        <p class="after"><button type="button" class="act merge">merge into one answer</button>
          <button type="button" class="act red stop-all">stop all</button></p>`);
    this.find(".tabs").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
    this.find(".merge").addEventListener("click", () => attempt(() => merge(answers(this.#id)[0].id)));
    this.find(".stop-all").addEventListener("click", () => attempt(() => answering.stopRunning()));
    const sizes = new ResizeObserver(([{ contentRect }]) => {
      this.#isRoomy = contentRect.width >= ROOM;
      this.draw();
    });
    sizes.observe(/** @type {Element} */ (this.closest(".scroller") ?? this));
    this.until(
      () => sizes.disconnect(),
      conversation.path.listen(() => this.draw()),
    );
    this.draw();
  }

  get #id() {
    return this.dataset.id ?? "";
  }

  /** Brings it up to its answers; cheap when nothing changed. */
  draw() {
    const rows = answers(this.#id);
    const on = chosen(rows);
    if (!rows.length || !this.firstElementChild) return;
    if (on && on.id !== this.#chosen) this.#chosen = this.#selected = on.id;
    const wide = this.#isRoomy && rows.length > 1 && isLast(rows);
    this.classList.toggle("wide", wide);
    this.style.setProperty("--answers", String(rows.filter((row) => !row.sources).length));
    for (const [index, row] of rows.entries()) this.#draw(row, index, wide, rows.length > 1);
    const busy = rows.filter(isRunning).length;
    set(this.find(".tabs"), { hidden: wide || rows.length < 2 });
    set(this.find(".merge"), { hidden: !canMerge(rows) || !isLast(rows) });
    set(this.find(".stop-all"), { hidden: busy < 2 });
    set(this.find(".after"), { hidden: this.find(".merge").hidden && busy < 2 });
  }

  /** @param {Message} row @param {number} index @param {boolean} wide @param {boolean} several */
  #draw(row, index, wide, several) {
    const part = this.#part(row, index);
    const { tab, panel, message } = part;
    const open = row.id === this.#selected;
    const running = isRunning(row);
    const label = row.sources ? `merge · ${modelName(row.model)}` : modelName(row.model);
    const said = { done: "", failed: "✗", interrupted: "✗", stopped: "■" };
    const mark = said[/** @type {keyof typeof said} */ (row.status)] ?? "";
    const state = running ? "writing" : row.status;
    const key = [label, running, mark, row.id === this.#chosen].join();
    if (tab.dataset.key !== key) {
      tab.dataset.key = key;
      const { glyph, colour } = models.tier(row.model);
      const text = () => html`
        <span class="${colour}" aria-hidden="true">${glyph}</span> <span class="name">${label}</span>
        ${running && element`<busy-spinner class="yellow"></busy-spinner>`}${mark && element`<span class="${mark === "✗" ? "red" : "yellow"}" aria-hidden="true">${mark}</span>`}`;
      tab.replaceChildren(text());
      tab.setAttribute("aria-label", `${label}, ${state}${row.id === this.#chosen ? ", goes on" : ""}`);
      panel.setAttribute("aria-label", `${label}, ${state}`);
      panel.querySelector(".title")?.replaceChildren(text());
    }
    set(tab, { ariaSelected: String(open), tabIndex: open ? 0 : -1 });
    set(panel, { hidden: several && !wide && !open, role: wide || !several ? "group" : "tabpanel" });
    panel.classList.toggle("merged", Boolean(row.sources));
    message.draw();
    const [stop, go, on] = panel.querySelectorAll(".choice > *");
    set(stop, { hidden: !running });
    set(go, { hidden: running || !row.text || row.id === this.#chosen });
    set(on, { hidden: row.id !== this.#chosen || running });
    set(panel.querySelector(".choice"), { hidden: !several });
  }

  /** @param {Message} row @param {number} index */
  #part(row, index) {
    const known = this.#parts.get(row.id);
    if (known) return known;
    const tab = element`<button type="button" role="tab" id="tab-${row.id}" aria-controls="panel-${row.id}"></button>`;
    const panel = element`<section id="panel-${row.id}"><p class="title"></p>
      <p class="choice"><button type="button" class="act red">stop</button>
        <button type="button" class="act">go on with this one</button>
        <span class="green">✓ goes on from here</span></p></section>`;
    const message = new ChatMessage();
    message.dataset.id = row.id;
    panel.querySelector(".title")?.after(message, ...this.#sources(row));
    tab.addEventListener("click", () => this.#select(row.id));
    const [stop, go] = panel.querySelectorAll(".choice > button");
    stop.addEventListener("click", () => attempt(() => answering.stop(row.id)));
    go.addEventListener("click", () => attempt(() => goOn(row.id)));
    const part = { tab, panel, message };
    this.#parts.set(row.id, part);
    const tabs = this.find(".tabs");
    tabs.insertBefore(tab, tabs.children[index] ?? null);
    const panels = this.find(".panels");
    panels.insertBefore(panel, panels.children[index] ?? null);
    return part;
  }

  /** What a merge was made of, each a way to it. @param {Message} row */
  #sources(row) {
    if (!row.sources) return [];
    const links = row.sources.map(({ id, model }, index) => {
      const link = element`<button type="button" class="act source">[${index + 1}] ${modelName(model)}</button>`;
      link.addEventListener("click", () => this.#reveal(id));
      return link;
    });
    return [element`<p class="sources muted"><span>sources</span> ${links}</p>`];
  }

  /** @param {string} id */
  #reveal(id) {
    const part = this.#parts.get(id);
    if (!part) return;
    this.#select(id);
    part.message.focus();
  }

  /** @param {string} id */
  #select(id) {
    this.#selected = id;
    this.draw();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const ids = answers(this.#id).map((row) => row.id);
    const at = ids.indexOf(this.#selected);
    const to = {
      ArrowRight: (at + 1) % ids.length,
      ArrowLeft: (at + ids.length - 1) % ids.length,
      Home: 0,
      End: ids.length - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.#select(ids[to]);
    this.#parts.get(ids[to])?.tab.focus();
  }
}

customElements.define("compare-group", CompareGroup);
