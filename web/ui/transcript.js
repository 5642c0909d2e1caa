/** The conversation as it is read: the only scroller, one DOM update per frame, pages both ways. */

import { PageElement } from "../lib/element.js";
import { element, html, set } from "../lib/html.js";
import { insist } from "../lib/later.js";
import { conversation } from "../state/conversation.js";
import { copyOrShow } from "../state/copying.js";
import { notices } from "../state/notices.js";
import { outbox } from "../state/outbox.js";
import { place } from "../state/place.js";
import { ChatMessage } from "./message.js";
import { QueuedMessage } from "./queued.js";
import { ScrollKeeper } from "./scroll.js";
import "./empty.js";

const PAGE_AHEAD = 1200;

export class ChatTranscript extends PageElement {
  /** @type {Map<string, ChatMessage | QueuedMessage>} */
  #shown = new Map();
  #dirty = new Set(/** @type {string[]} */ ([]));
  #frame = 0;
  #keeper = /** @type {ScrollKeeper} */ (/** @type {unknown} */ (null));

  connectedCallback() {
    this.replaceChildren(html`
      <div class="scroller" role="log" aria-live="off" aria-label="conversation" tabindex="0">
        <div class="column"></div>
      </div>
      <button type="button" class="latest" hidden>▼ latest</button>`);
    const scroller = this.find(".scroller");
    this.#keeper = new ScrollKeeper(
      scroller,
      this.find(".column"),
      () => this.#scrolled(),
      () => !conversation.later,
    );
    this.find(".latest").addEventListener("click", () => this.toLatest());
    this.find(".column").addEventListener("click", (/** @type {MouseEvent} */ event) => this.#clicked(event));
    this.find(".column").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) =>
      this.#key(event),
    );
    this.find(".column").addEventListener("turn", (/** @type {CustomEvent<-1 | 1>} */ event) =>
      this.#turn(/** @type {Element} */ (event.target).closest("chat-message"), event.detail),
    );
    this.until(
      () => this.#keeper.end(),
      conversation.id.listen(() => this.#clear()),
      conversation.path.watch(() => this.#arrange()),
      conversation.state.listen(() => this.#arrange()),
      conversation.changed.listen((id) => this.#touch(id)),
      outbox.entries.listen(() => this.#arrange()),
    );
  }

  /** To the end, following; newer messages that were let go are read again. */
  async toLatest() {
    if (conversation.later) await conversation.load();
    this.#keeper.follow();
  }

  /** Brings a message into the middle of what is seen. @param {string} id @returns {HTMLElement | undefined} */
  show(id) {
    const message = this.#node(id);
    if (!message) return;
    if (conversation.later || id !== conversation.path.value.at(-1)) this.#keeper.read();
    message.scrollIntoView({ block: "center" });
    message.focus({ preventScroll: true });
    return message;
  }

  /** Moves the focus to the next message or the one before. @param {1 | -1} step */
  move(step) {
    const messages = [...this.querySelectorAll("chat-message:not([hidden] *)")];
    const at = messages.indexOf(/** @type {any} */ (document.activeElement?.closest("chat-message")));
    const next = messages[at < 0 ? messages.length - 1 : at + step];
    /** @type {HTMLElement | undefined} */ (next)?.focus();
  }

  #clear() {
    this.#shown.clear();
    this.#dirty.clear();
    this.find(".column").replaceChildren();
    this.#keeper.follow();
  }

  /** @param {string} id */
  #touch(id) {
    this.#dirty.add(id);
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#keeper.hold(() => {
        for (const changed of this.#dirty) /** @type {ChatMessage} */ (this.#node(changed))?.draw?.();
        this.#dirty.clear();
      });
    });
  }

  /** Brings the children in line with the path and what waits to be sent; those that stay are not touched. */
  #arrange() {
    const waiting = outbox.entries.value.filter(
      (entry) => entry.waiting && entry.conversation === conversation.id.value,
    );
    /** @type {HTMLElement[]} */
    const wanted = [];
    for (const id of conversation.path.value) wanted.push(this.#message(id));
    for (const entry of waiting) {
      const queued = /** @type {QueuedMessage} */ (this.#shown.get(entry.client_id) ?? new QueuedMessage());
      this.#shown.set(entry.client_id, queued);
      queued.show(entry);
      wanted.push(queued);
    }
    const note = this.#note(wanted.length);
    if (note) wanted.push(note);
    this.#keeper.hold(() => this.#place(wanted));
    for (const [id, node] of this.#shown) if (!node.isConnected) this.#shown.delete(id);
    this.#scrolled();
  }

  /** @param {HTMLElement[]} wanted */
  #place(wanted) {
    const column = this.find(".column");
    const keep = new Set(wanted);
    for (const child of [...column.children]) if (!keep.has(child)) child.remove();
    let at = column.firstElementChild;
    for (const node of wanted) {
      if (node === at) at = at.nextElementSibling;
      else column.insertBefore(node, at);
    }
  }

  /** @param {string} id */
  #message(id) {
    const known = this.#node(id);
    if (known) return known;
    const { comparison } = conversation.messages.get(id) ?? {};
    if (comparison) return this.#compared(comparison);
    const message = new ChatMessage();
    message.dataset.id = id;
    this.#shown.set(id, message);
    return message;
  }

  /** What shows a message: its own element, or that of the comparison it belongs to. @param {string} id */
  #node(id) {
    return this.#shown.get(id) ?? this.#shown.get(conversation.messages.get(id)?.comparison ?? "");
  }

  /** @param {string} id of a comparison */
  #compared(id) {
    const group = /** @type {ChatMessage} */ (document.createElement("compare-group"));
    group.dataset.id = id;
    this.#shown.set(id, group);
    insist(group, () => import("./compare.js"));
    return group;
  }

  /** What stands there when no message does. @param {number} count */
  #note(count) {
    const { value } = conversation.state;
    if (count || value === "loading") return null;
    if (value === "ready")
      return /** @type {HTMLElement} */ (
        this.querySelector("empty-chat") ?? element`<empty-chat></empty-chat>`
      );
    return element`<p class="problem-line red">✗ ${value}</p>`;
  }

  #scrolled() {
    const scroller = this.find(".scroller");
    const away = !this.#keeper?.following && (this.#keeper.distance > 60 || conversation.later);
    set(this.find(".latest"), { hidden: !away });
    if (conversation.state.value !== "ready" || !this.#keeper) return;
    if (conversation.earlier && scroller.scrollTop < PAGE_AHEAD) conversation.loadEarlier().catch(() => {});
    if (conversation.later && this.#keeper.distance < PAGE_AHEAD) conversation.loadLater().catch(() => {});
  }

  /** @param {MouseEvent} event */
  async #clicked(event) {
    const target = /** @type {Element} */ (event.target);
    const thoughts = target.closest("summary")?.parentElement;
    // Opened to be read from their beginning, unless they are being written.
    if (thoughts && !thoughts.hasAttribute("open") && !thoughts.closest(".running")) this.#keeper.read();
    const button = target.closest("button[data-copy]");
    if (button) {
      const done = await copyOrShow(button.closest("figure")?.querySelector("pre")?.textContent ?? "");
      button.textContent = done ? "✓ copied" : "✗ refused";
      setTimeout(() => (button.textContent = "copy"), 1500);
      return;
    }
    const message = /** @type {HTMLElement | null} */ (target.closest("chat-message"));
    const touched = /** @type {PointerEvent} */ (event).pointerType === "touch";
    if (!message || !touched || target.closest("a, button, summary, details, pre, input")) return;
    if (getSelection()?.isCollapsed) place.open("message", message.dataset.id);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const message = /** @type {HTMLElement} */ (event.target);
    if (!message.matches("chat-message") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter") place.open("message", message.dataset.id);
    else if (event.key === "ArrowLeft") this.#turn(message, -1);
    else if (event.key === "ArrowRight") this.#turn(message, 1);
  }

  /**
   * Shows the version of a message before or after this one, at the place where this one stood.
   * @param {HTMLElement | null} message
   * @param {-1 | 1} step
   */
  async #turn(message, step) {
    const { ids, index } = conversation.messages.get(message?.dataset.id ?? "")?.siblings ?? {
      ids: [],
      index: 0,
    };
    const next = ids[index + step];
    if (!message || !next) return;
    const held = message.contains(document.activeElement);
    const last = conversation.path.value.at(-1) === message.dataset.id;
    const { top } = message.getBoundingClientRect();
    // In the moment in which the other path stands there, before it is drawn.
    const stop = conversation.path.listen(() => {
      stop();
      const shown = this.#node(next);
      if (!shown?.isConnected) return;
      if (!last) this.#keeper.bring(shown, top);
      if (held) shown.focus({ preventScroll: true });
    });
    await conversation
      .turnTo(next)
      .catch((error) => notices.fail(error))
      .finally(stop);
  }
}

customElements.define("chat-transcript", ChatTranscript);
