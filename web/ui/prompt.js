/** The prompt: grows with the text, keeps drafts, sends, runs commands, stops. Cleared only when the server has the text. */

import { PageElement } from "../lib/element.js";
import { html } from "../lib/html.js";
import { icon } from "../lib/icons.js";
import { commands } from "../state/commands.js";
import { conversation } from "../state/conversation.js";
import { drafts } from "../state/drafts.js";
import { notices } from "../state/notices.js";
import { outbox } from "../state/outbox.js";
import "./palette.js";

const LINE = 24;
const MOST_LINES = 8;
const touch = matchMedia("(hover: none) and (pointer: coarse)");

export class ChatPrompt extends PageElement {
  /** What is on its way and still stands in the prompt. */
  #sending = new Set(/** @type {string[]} */ ([]));
  /** @type {import("../state/conversation.js").Message | null} */
  #editing = null;
  /** @type {string | null} */
  #conversation = null;

  connectedCallback() {
    this.replaceChildren(html`
      <p class="editing muted" hidden>editing · a new version is made
        <button type="button" class="act cancel">cancel</button></p>
      <form>
        <label class="mark" for="prompt" aria-hidden="true">❯</label>
        <textarea id="prompt" rows="1" placeholder="message or /command" aria-label="message or /command"
          role="combobox" aria-autocomplete="list" aria-expanded="false" aria-controls="palette" enterkeyhint="${touch.matches ? "enter" : "send"}"
          autocapitalize="sentences" autocomplete="off"></textarea>
        <button type="button" class="stop" aria-label="stop" hidden>${icon("stop")}</button>
        <button type="submit" class="send" aria-label="send">${icon("send")}</button>
      </form>`);
    this.area.addEventListener("input", () => this.#typed());
    this.area.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
    this.find("form").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.submit();
    });
    this.find(".stop").addEventListener("click", () => this.stop());
    this.find(".cancel").addEventListener("click", () => this.#cancelEdit());
    this.#conversation = conversation.id.value;
    this.area.value = drafts.get(this.#conversation);
    this.until(
      conversation.id.watch((id) => this.#open(id)),
      conversation.path.listen(() => this.#buttons()),
      conversation.changed.listen(() => this.#buttons()),
      commands.insert.listen((text) => text && this.fill(text)),
      outbox.made.listen((made) => made && this.#moved(made.row.id)),
    );
    this.on(window, "pagehide", () => this.#keep());
    this.on(window, "resize", () => this.#grow());
  }

  /** @returns {HTMLTextAreaElement} */
  get area() {
    return this.find("textarea");
  }

  get palette() {
    return /** @type {import("./palette.js").CommandPalette} */ (document.querySelector("command-palette"));
  }

  /** Replaces the text. @param {string} text */
  fill(text) {
    this.area.value = text;
    this.area.focus();
    this.area.setSelectionRange(text.length, text.length);
    this.#typed();
  }

  /** Writes one of the person's messages anew; it becomes a sibling. @param {import("../state/conversation.js").Message} row */
  edit(row) {
    this.#editing = row;
    this.find(".editing").hidden = false;
    this.fill(row.text);
  }

  /** Sends or runs what is there. */
  async submit() {
    const text = this.area.value;
    if (!text.trim() || this.#sending.has(text)) return;
    this.palette.close();
    if (commands.isCommand(text)) await this.#run(text);
    else await this.#send(text);
  }

  async stop() {
    const running = conversation.running;
    if (!running) return;
    try {
      await conversation.stop(running.id);
    } catch (error) {
      notices.fail(error);
    }
  }

  /** @param {string} text */
  async #send(text) {
    const from = conversation.id.value;
    const parent = this.#editing ? { parent_id: this.#editing.parent_id } : this.#answering();
    const settings = from ? {} : { settings: conversation.planned.value };
    this.#sending.add(text);
    this.#buttons();
    this.dispatchEvent(new CustomEvent("sent", { bubbles: true }));
    try {
      const said = text.startsWith("//") ? text.slice(1) : text;
      const result = await outbox.send(from, said, { ...parent, ...settings });
      this.#taken(text, from);
      if (result === "sent")
        this.dispatchEvent(new CustomEvent("announce", { detail: "sent", bubbles: true }));
    } catch (error) {
      notices.fail(error);
    } finally {
      this.#sending.delete(text);
      this.#buttons();
    }
  }

  /** While an older branch is looked at, the message answers its end. */
  #answering() {
    return conversation.branch && conversation.last ? { parent_id: conversation.last.id } : {};
  }

  /** The text is safe: it leaves the prompt, and only it. @param {string} text @param {string | null} from */
  #taken(text, from) {
    if (drafts.get(from) === text) drafts.set(from, "");
    if (!this.isConnected) return; // the session ended meanwhile
    const here = this.#conversation === from || from === null;
    if (here && this.area.value.startsWith(text)) {
      this.#cancelEdit(false);
      this.area.value = this.area.value.slice(text.length).trimStart();
      this.#typed();
    }
  }

  /** @param {string} line */
  async #run(line) {
    this.#sending.add(line);
    this.area.value = "";
    this.#typed();
    try {
      await commands.run(line);
    } catch (error) {
      if (!this.area.value) this.fill(line);
      this.palette.close();
      notices.fail(error);
    } finally {
      this.#sending.delete(line);
    }
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing || event.keyCode === 229) return;
    if (this.palette.key(event)) return;
    const { key, shiftKey } = event;
    if (
      key === "Enter" &&
      !shiftKey &&
      !event.altKey &&
      (!touch.matches || event.ctrlKey || event.metaKey || this.#isLine())
    ) {
      event.preventDefault();
      this.submit();
    } else if (key === "Escape") {
      if (this.#editing) this.#cancelEdit();
      else if (conversation.running) this.stop();
    } else if (key === "ArrowUp" && !this.area.value) {
      const mine = conversation.path.value.map((id) => conversation.messages.get(id));
      const last = mine.filter((row) => row?.role === "user").at(-1);
      if (!last) return;
      event.preventDefault();
      this.edit(last);
    }
  }

  /** On a touch keyboard Enter runs a command line, and only that. */
  #isLine() {
    return commands.isCommand(this.area.value) && !this.area.value.includes("\n");
  }

  #typed() {
    this.#grow();
    this.#keep();
    this.#buttons();
    this.palette.follow(this.area);
  }

  #keep() {
    if (!this.#editing) drafts.set(this.#conversation, this.area.value);
  }

  #grow() {
    const { area } = this;
    area.style.height = "0";
    const lines = Math.min(MOST_LINES, Math.max(1, Math.round((area.scrollHeight - LINE) / LINE)));
    area.style.height = `${(lines + 1) * LINE}px`;
    area.style.overflowY = lines < MOST_LINES ? "hidden" : "auto";
  }

  #buttons() {
    const running = Boolean(conversation.running);
    const empty = !this.area.value.trim();
    this.find(".stop").hidden = !running;
    this.find(".send").hidden = running && empty;
    this.find(".send").disabled = this.#sending.has(this.area.value);
    this.find(".send").setAttribute("aria-label", running ? "send after this reply" : "send");
  }

  /** @param {string | null} id */
  #open(id) {
    if (this.#editing) this.#cancelEdit();
    this.#keep();
    this.#conversation = id;
    this.area.value = drafts.get(id);
    this.#grow();
    this.#buttons();
    if (!touch.matches) this.area.focus({ preventScroll: true });
  }

  /** The new chat became a conversation; what was typed meanwhile comes along. @param {string} id */
  #moved(id) {
    if (this.#conversation !== null) return;
    drafts.set(null, "");
    this.#conversation = id;
    drafts.set(id, this.area.value);
  }

  #cancelEdit(clear = true) {
    if (!this.#editing) return;
    this.#editing = null;
    this.find(".editing").hidden = true;
    if (clear) this.fill(drafts.get(this.#conversation));
  }
}

customElements.define("chat-prompt", ChatPrompt);
