/** The prompt: grows with the text, keeps drafts, sends, runs commands, stops. Cleared only when the server has the text. */

import { PageElement } from "../lib/element.js";
import { modelName } from "../lib/format.js";
import { set } from "../lib/html.js";
import { stopRunning } from "../state/answering.js";
import { commands } from "../state/commands.js";
import { conversation } from "../state/conversation.js";
import { drafts } from "../state/drafts.js";
import { notices } from "../state/notices.js";
import { outbox } from "../state/outbox.js";
import { Attaching } from "./attaching.js";
import { grow } from "./grow.js";
import { apart, join } from "./joined.js";
import "./palette.js";
import { parts, sends, touch } from "./promptparts.js";
import { RunningLines } from "./runninglines.js";
import { Underway } from "./underway.js";

/** @typedef {import("./underway.js").Message} Sending */

/** A command line that holds more than its command: words that nobody should have to write again. */
const WORDED = /^\/\S+\s+\S/;

export class ChatPrompt extends PageElement {
  #underway = new Underway();
  #lines = new RunningLines();
  /** @type {Promise<void> | undefined} */
  #command;
  /** @type {import("../state/message.js").Message | null} */
  #editing = null;
  /** @type {string | null} */
  #conversation = null;
  /** What stood here before a command took its place; it comes back after it. */
  #aside = "";
  /** The past prompt that was put here last. */
  #recalled = "";
  #attaching = /** @type {Attaching} */ (/** @type {unknown} */ (null));

  connectedCallback() {
    this.replaceChildren(parts());
    this.area.addEventListener("input", () => this.#typed());
    this.area.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
    this.find("form").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.submit();
    });
    this.find(".stop").addEventListener("click", () => this.stop());
    this.#attaching = new Attaching(this, () => this.#draft);
    this.addEventListener("files", () => this.#buttons());
    this.find(".cancel").addEventListener("click", () => this.#cancelEdit());
    this.find(".armed > .act").addEventListener("click", () => (conversation.armed.value = []));
    this.#conversation = conversation.id.value;
    this.area.value = drafts.get(this.#conversation);
    this.until(
      conversation.id.watch((id) => this.#open(id)),
      conversation.armed.watch((ids) => {
        this.find(".armed").hidden = !ids.length;
        this.find(".armed > span").textContent = `compare ${ids.map(modelName).join(" · ")}`;
      }),
      conversation.path.listen(() => this.#buttons()),
      conversation.changed.listen(() => this.#buttons()),
      drafts.given.listen((id) => id === this.#draft && this.#given()),
      commands.insert.listen((text) => text && this.#insert(text)),
    );
    this.on(window, "pagehide", () => this.#keep());
    this.on(window, "resize", () => grow(this.area));
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

  /** Comes to what is written, or begins a command where nothing is. */
  reach() {
    this.fill(this.area.value || "/");
  }

  /** Begins a command line; what stands here waits until it is done. @param {string} line */
  command(line) {
    if (!commands.isCommand(this.area.value)) this.#aside = this.area.value;
    this.fill(line);
  }

  /** Writes one of the person's messages anew; it becomes a sibling. @param {import("../state/message.js").Message} row */
  edit(row) {
    this.#keep();
    this.#aside = "";
    this.#editing = row;
    this.find(".editing").hidden = false;
    this.fill(drafts.get(this.#draft) || row.text);
    this.#attaching.show(row.attachments);
  }

  /** Sends or runs what is there and not on its way yet. */
  async submit() {
    const { text, files } = this.#rest;
    if (!text.trim() && !files.length) return;
    this.palette.close();
    if (!commands.isCommand(text)) return this.#send(text, files);
    this.#command = this.#run(text);
    await this.#command;
  }

  async stop() {
    try {
      await stopRunning();
    } catch (error) {
      notices.fail(error);
    }
  }

  /** Text that is offered from elsewhere joins what stands here. @param {string} text */
  #insert(text) {
    if (commands.isCommand(text)) this.command(text);
    else this.fill(join(this.area.value, text));
  }

  /** The draft has grown. Not the command line that is being written: it would take the words for its own. */
  #given() {
    const text = this.#lines.draft(this.#draft);
    if (!commands.isCommand(this.area.value)) return this.fill(text);
    this.#aside = apart(text, this.area.value);
    this.#keep();
  }

  /** The key under which what is typed is kept. */
  get #draft() {
    return this.#editing ? `edit:${this.#editing.id}` : this.#conversation;
  }

  /** What stands here and is not on its way. */
  get #rest() {
    if (this.#lines.has(this.area.value, this.#conversation)) return { text: "", files: [] };
    return {
      text: this.#underway.rest(this.area.value, this.#draft),
      files: this.#underway.fresh(this.#attaching.items, this.#draft),
    };
  }

  /** @param {string} text @param {import("../state/files.js").Item[]} files */
  async #send(text, files) {
    const open = conversation.id.value;
    const isEdit = Boolean(this.#editing);
    const parent = this.#editing ? { parent_id: this.#editing.parent_id } : this.#answering();
    const planned = conversation.planned.value;
    const armed = conversation.armed.value;
    if (files.length && !this.#attaching.check()) return;
    const sending = this.#underway.begin({ text, draft: this.#draft, files, models: armed });
    // They were armed for one message.
    const models = sending.before.some((other) => other.models === armed) ? [] : armed;
    this.#buttons();
    this.dispatchEvent(new CustomEvent("sent", { bubbles: true }));
    await this.#command; // it may be making the conversation that this belongs to
    // So may a message, and on a slow line the second would come before the first.
    for (const { over } of sending.before) await over;
    const follows = !isEdit && sending.before.some(({ isSafe }) => isSafe);
    const from = open ?? sending.draft;
    const settings = from ? {} : { settings: planned };
    try {
      const said = text.startsWith("//") ? text.slice(1) : text;
      const result = await outbox.send(from, said, {
        ...(!follows && parent),
        ...settings,
        ...(models.length && { models }),
        ...(files.length && { files }),
      });
      if (conversation.armed.value === armed) conversation.armed.value = [];
      this.#attaching.taken(sending.draft, files);
      this.#taken(sending);
      if (result === "sent")
        this.dispatchEvent(new CustomEvent("announce", { detail: "sent", bubbles: true }));
    } catch (error) {
      notices.fail(error);
    } finally {
      this.#underway.end(sending);
      if (this.isConnected) this.#buttons();
    }
  }

  /** While an older branch is looked at, the message answers its end. */
  #answering() {
    return conversation.branch && conversation.last ? { parent_id: conversation.last.id } : {};
  }

  /** The text is safe: it leaves the prompt, and only it. @param {Sending} sending */
  #taken(sending) {
    const { draft } = sending;
    sending.isSafe = true;
    drafts.set(draft, this.#underway.without(drafts.get(draft), sending));
    if (!this.isConnected || this.#draft !== draft) return;
    const rest = this.#underway.without(this.area.value, sending);
    // Another version may still be on its way; it leaves the prompt of the edit.
    if (this.#editing && !this.#underway.hasBeside(sending)) this.#leaveEdit(rest);
    else {
      this.#aside = this.#underway.without(this.#aside, sending);
      this.area.value = rest;
    }
    // As if by hand: others wait for nothing to stand here any more.
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** @param {string} line */
  async #run(line) {
    const id = conversation.id.value;
    this.area.value = this.area.value.slice(0, -line.length);
    this.#typed();
    const left = this.area.value;
    const running = this.#lines.begin(line, this.#conversation, !commands.isOfPage(line));
    try {
      await this.#attaching.during(line, (ids) => commands.run(line, ids, id));
      this.#lines.end(running);
    } catch (error) {
      this.#lines.end(running);
      const isHere = this.isConnected && this.#conversation === running.draft && this.area.value === left;
      if (isHere && !commands.isCommand(left)) this.command(line);
      else drafts.give(running.draft, line);
      this.palette?.close();
      notices.fail(error);
    }
    if (this.isConnected) this.#buttons();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing || event.keyCode === 229) return;
    if (this.palette.key(event)) return;
    const { key, shiftKey } = event;
    if (key === "Enter" && sends(event, this.area.value)) {
      event.preventDefault();
      this.submit();
    } else if (key === "Escape") {
      if (this.#editing) this.#cancelEdit();
      else if (conversation.running) this.stop();
    } else if ((key === "ArrowUp" || key === "ArrowDown") && !shiftKey) {
      this.#back(event, key === "ArrowUp" ? 1 : -1);
    }
  }

  /** My last message is edited; what I wrote before comes back, here and in other conversations. @param {KeyboardEvent} event @param {1 | -1} step */
  #back(event, step) {
    const { value, selectionStart, selectionEnd } = this.area;
    const mine = conversation.path.value.map((id) => conversation.messages.get(id));
    const last = mine.filter((row) => row?.role === "user").at(-1);
    const atEdge = !(step > 0 ? value.slice(0, selectionStart) : value.slice(selectionEnd)).includes("\n");
    const isPast = value ? value === this.#recalled || value === this.#editing?.text : step > 0;
    if (!isPast || !atEdge) return;
    event.preventDefault();
    if (!value && last && !this.#editing) this.edit(last);
    else this.#recall(step).catch((error) => notices.fail(error));
  }

  /** @param {1 | -1} step */
  async #recall(step) {
    const { value } = this.area;
    const { recall } = await import("../state/prompts.js");
    const text = await recall.step(value, step);
    if (text === null || this.area.value !== value) return;
    if (this.#editing) this.#cancelEdit();
    this.#recalled = text;
    this.fill(text);
  }

  #typed() {
    if (!this.area.value && this.#aside) {
      this.area.value = this.#aside;
      this.#aside = "";
    }
    grow(this.area);
    this.#keep();
    this.#buttons();
    this.palette.follow(this.area);
  }

  #keep() {
    const line = this.#aside && !WORDED.test(this.area.value) ? "" : this.area.value;
    const text = join(this.#aside, line);
    this.#lines.keep(this.#draft, text === this.#editing?.text ? "" : text);
  }

  /** Called with every event of a reply. */
  #buttons() {
    const running = Boolean(conversation.running);
    const send = this.find(".send");
    const text = this.area.value;
    const { items } = this.#attaching;
    const rest = this.#rest;
    set(this.find(".stop"), { hidden: !running });
    set(send, {
      hidden: running && !text.trim() && !items.length,
      disabled: Boolean(text.trim() || items.length) && !rest.text.trim() && !rest.files.length,
      ariaLabel: running ? "send after this reply" : "send",
    });
  }

  /** @param {string | null} id */
  #open(id) {
    if (id && conversation.isAdopting && this.#conversation === null) return this.#moved(id);
    this.#keep();
    this.#aside = "";
    this.#leaveEdit("");
    this.#conversation = id;
    this.area.value = this.#lines.draft(id);
    this.#attaching.show();
    grow(this.area);
    this.#buttons();
    this.palette?.close();
    if (!touch.matches) this.area.focus({ preventScroll: true });
  }

  /** The new chat became a conversation; what was typed meanwhile comes along. @param {string} id */
  #moved(id) {
    drafts.set(null, "");
    this.#underway.move(id);
    this.#lines.move(id);
    this.#conversation = id;
    this.#attaching.move(id);
    this.#keep();
  }

  #cancelEdit() {
    drafts.set(this.#draft, "");
    this.#leaveEdit("");
    this.fill(this.area.value);
  }

  /** Back to what was being written before. @param {string} rest typed after the new version was sent */
  #leaveEdit(rest) {
    if (!this.#editing) return;
    this.#editing = null;
    this.find(".editing").hidden = true;
    this.#attaching.show();
    this.area.value = join(this.#lines.draft(this.#conversation), rest);
  }
}

customElements.define("chat-prompt", ChatPrompt);
