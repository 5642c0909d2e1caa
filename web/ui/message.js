/** One message: the person's under `❯`, the model's in full width with its thinking, its errors and its figures. */

import { PageElement } from "../lib/element.js";
import { duration, tokens } from "../lib/format.js";
import { element, html } from "../lib/html.js";
import { icon } from "../lib/icons.js";
import { conversation } from "../state/conversation.js";
import { copyOrShow } from "../state/copying.js";
import { isRunning } from "../state/message.js";
import { notices } from "../state/notices.js";
import { place } from "../state/place.js";
import { Blocks } from "./blocks.js";
import { meta } from "./meta.js";
import { problem } from "./problem.js";
import "./spinner.js";

/** @typedef {import("../state/message.js").Message} Message */

const AGAIN = 3000;

/** Fetched for a conversation that has branches or is one. @type {((node: HTMLElement, id: string) => void) | null} */
let markBranches = null;

/** @param {(node: HTMLElement, id: string) => void} draw what stands below the messages with a given id */
export const markWith = (draw) => {
  markBranches = draw;
};

export class ChatMessage extends PageElement {
  /** @type {Message | undefined} */
  #row;
  /** @type {Blocks | undefined} */
  #blocks;
  #thought = 0;
  #thinking = "";
  #head = "";

  connectedCallback() {
    this.tabIndex = -1;
    this.setAttribute("role", "article");
    this.draw();
  }

  /** Brings the element up to its message; cheap when nothing changed. */
  draw() {
    const row = conversation.messages.get(this.dataset.id ?? "");
    if (!row) return;
    const before = this.#row;
    this.#row = row;
    if (row.role === "assistant") this.#drawReply(row, before);
    else if (row !== before) this.#drawPrompt(row);
    if (row.attachments || row.image) this.#drawFiles(row);
    markBranches?.(this, row.id);
  }

  /** @param {Message} row */
  #drawPrompt(row) {
    this.className = row.role;
    this.setAttribute("aria-label", row.role === "user" ? "you" : "notice");
    this.replaceChildren(html`
      <button type="button" class="mark" aria-label="message actions">❯</button>
      <div class="said">${row.text}</div>
      <span class="tools">${star(row)}${copyButton(() => row.text)}${row.siblings && row.siblings.ids.length > 1 && turner(row)}</span>`);
    this.find(".mark").addEventListener("click", () => place.open("message", row.id));
  }

  /** @param {Message} row @param {Message | undefined} before */
  #drawReply(row, before) {
    if (!this.#blocks) {
      this.className = "assistant";
      this.setAttribute("aria-label", "answer");
      this.replaceChildren(html`<div class="head"></div><div class="body"></div><div class="foot"></div>`);
      this.#blocks = new Blocks(this.find(".body"));
    }
    const running = isRunning(row);
    const reply = conversation.replies.get(row.id);
    this.#drawThinking(row, reply);
    if (running && reply) {
      this.classList.toggle("queued", row.queued);
      this.classList.add("running");
      if (!row.queued && !row.image) this.#blocks.draw(reply);
    }
    if (row === before) return;
    if (!running) {
      this.classList.remove("running", "queued");
      this.#blocks.finish(row.html ?? "");
    }
    this.find(".foot").replaceChildren(this.#foot(row, running));
  }

  /** Pictures and files are drawn by what is fetched with the first of them. @param {Message} row */
  async #drawFiles(row) {
    const drawing = await import("./attached.js").catch(() => null);
    if (this.#row !== row) return;
    if (drawing) return drawing.drawFiles(this, row, conversation.replies.get(row.id)?.activity);
    notices.say("the files cannot be fetched now, trying again", "error");
    setTimeout(() => this.isConnected && this.#drawFiles(row), AGAIN);
  }

  /** @param {Message} row @param {boolean} running */
  #foot(row, running) {
    if (row.queued) return html`<p class="meta muted">queued, sent after the reply above</p>`;
    if (running) return html``;
    return html`${problem(row)}${meta(row, [
      star(row),
      row.siblings && row.siblings.ids.length > 1 && turner(row),
      row.text && copyButton(() => row.text),
    ])}`;
  }

  /** @param {Message} row @param {import("../state/reply.js").Reply | undefined} reply */
  #drawThinking(row, reply) {
    const text = reply ? reply.reasoning : row.reasoning;
    const head = this.find(".head");
    const route = row.route && `${row.route.asked} → ${row.route.picked}: ${row.route.reason}`;
    const notes = row.status === "pending" ? "" : [route, ...(row.notes ?? [])].filter(Boolean).join(" · ");
    const thinking = reply?.activity.state === "thinking";
    const took = row.reasoning_ms ? ` ${duration(row.reasoning_ms)}` : "";
    const size = row.usage?.reasoning ? ` · ${tokens(row.usage.reasoning)} tok` : "";
    const label = thinking ? "thinking" : `thinking${took}${size}`;
    const key = JSON.stringify([Boolean(text), label, thinking, notes, row.continues_id]);
    if (key !== this.#head) {
      this.#head = key;
      const open = head.querySelector("details")?.open ?? false;
      head.replaceChildren(html`
        ${row.continues_id && element`<p class="joined muted">continued ↓</p>`}
        ${notes && element`<p class="note muted">${notes}</p>`}
        ${text && element`<details class="thinking"><summary>${thinking && element`<busy-spinner class="yellow"></busy-spinner>`}${label}</summary><div></div></details>`}`);
      const details = head.querySelector("details");
      if (details) details.open = open;
      this.#thought = 0;
      this.#thinking = "";
    }
    const box = head.querySelector("details > div");
    if (!box || this.#thought === text.length) return;
    if (
      text.startsWith(this.#thinking.slice(0, 64)) &&
      text.length > this.#thought &&
      box.firstChild instanceof Text
    ) {
      box.firstChild.appendData(text.slice(this.#thought));
    } else {
      box.textContent = text;
    }
    this.#thought = text.length;
    this.#thinking = text;
  }
}

/** @param {Message} row */
const star = (row) =>
  row.favorite && element`<span class="yellow" role="img" aria-label="favourite">★</span>`;

/** @param {() => string} text */
function copyButton(text) {
  const button = element`<button type="button" class="tool copy-message" aria-label="copy">${icon("copy")}</button>`;
  button.addEventListener("click", async (event) => {
    event.stopPropagation();
    const done = await copyOrShow(text());
    button.replaceChildren(element`<span class="${done ? "green" : "red"}">${done ? "✓" : "✗"}</span>`);
    button.setAttribute("aria-label", done ? "copied" : "copying was refused");
    setTimeout(() => {
      button.replaceChildren(icon("copy"));
      button.setAttribute("aria-label", "copy");
    }, 1500);
  });
  return button;
}

/** `‹ 2/3 ›`: between the tries of the same turn. @param {Message} row */
function turner(row) {
  const { ids, index } = row.siblings ?? { ids: [row.id], index: 0 };
  const part = element`<span class="turner">
    <button type="button" class="tool" aria-label="previous version">‹</button><span aria-hidden="true">${index + 1}/${ids.length}</span>
    <button type="button" class="tool" aria-label="next version">›</button></span>`;
  const [back, on] = part.querySelectorAll("button");
  back.disabled = index === 0;
  on.disabled = index === ids.length - 1;
  const turn = (/** @type {number} */ step) => () =>
    part.dispatchEvent(new CustomEvent("turn", { detail: step, bubbles: true }));
  back.addEventListener("click", turn(-1));
  on.addEventListener("click", turn(1));
  return part;
}

customElements.define("chat-message", ChatMessage);
