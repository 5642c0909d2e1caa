/**
 * Messages on their way: each has an id made here and is sent again under the same id until the server has it,
 * so that it is sent exactly once however often it is tried. Kept over reloads.
 */

import { AppError, request } from "../lib/request.js";
import { Signal } from "../lib/signal.js";
import { onOtherTab, read, write } from "../lib/storage.js";
import { uuid } from "../lib/uuid.js";
import { conversation } from "./conversation.js";
import { conversations } from "./conversations.js";
import { drafts } from "./drafts.js";

const LONGEST_WAIT = 30_000;

/**
 * @typedef {{client_id: string, conversation: string | null, settings?: object, text: string, parent_id?: string | null,
 *   waiting: boolean, created_at: string}} Entry `waiting` once a try failed; until then the prompt still shows it
 */

class Outbox {
  /** @type {Signal<Entry[]>} */
  entries = new Signal(/** @type {Entry[]} */ ([]));
  /** Tells that a new chat got its conversation. */
  made = new Signal(/** @type {{client_id: string, row: any} | null} */ (null));
  /** Client ids that are being sent at this moment. */
  #busy = new Set(/** @type {string[]} */ ([]));
  #failures = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;

  constructor() {
    this.#read();
    for (const entry of this.entries.value) {
      if (drafts.get(entry.conversation) === entry.text) drafts.set(entry.conversation, "");
    }
    onOtherTab("outbox", () => this.#read());
  }

  /**
   * Sends a message. Resolves when it is safe: on the server, or here, waiting. Throws when the server refuses it.
   * @param {string | null} target the conversation, null makes one
   * @param {string} text
   * @param {{parent_id?: string | null, settings?: object}} [more]
   * @returns {Promise<"sent" | "waiting">}
   */
  async send(target, text, more = {}) {
    const entry = {
      client_id: uuid(),
      conversation: target,
      text,
      ...more,
      waiting: this.entries.value.some((other) => other.waiting && other.conversation === target && target),
      created_at: new Date().toISOString(),
    };
    this.#set([...this.entries.value, entry]);
    if (entry.waiting) {
      this.flush();
      return "waiting";
    }
    return this.#try(entry.client_id);
  }

  /** Tries everything that waits, in order; what fails holds back the rest of its conversation only. */
  async flush() {
    clearTimeout(this.#retry);
    const held = new Set();
    for (const { client_id } of this.entries.value) {
      const entry = this.#find(client_id);
      if (!entry || held.has(entry.conversation ?? client_id)) continue;
      const result = await this.#try(client_id).catch(() => "refused");
      if (result === "waiting") held.add(entry.conversation ?? client_id);
    }
    if (!held.size) this.#failures = 0;
    else if (!document.hidden) {
      this.#retry = setTimeout(() => this.flush(), Math.min(LONGEST_WAIT, 1000 * 2 ** this.#failures++));
    }
  }

  /** Gives up on a message. @param {string} client_id @returns {string} its text */
  discard(client_id) {
    const text = this.#find(client_id)?.text ?? "";
    this.#set(this.entries.value.filter((entry) => entry.client_id !== client_id));
    return text;
  }

  /** Whether a message is being sent at this moment. @param {string} client_id */
  isBusy(client_id) {
    return this.#busy.has(client_id);
  }

  /** @param {string} client_id @returns {Promise<"sent" | "waiting">} */
  async #try(client_id) {
    if (this.#busy.has(client_id)) return "waiting";
    this.#busy.add(client_id);
    this.entries.notify();
    try {
      await this.#post(client_id);
      this.#failures = 0;
      return "sent";
    } catch (error) {
      const entry = this.#find(client_id);
      if (error instanceof AppError && (error.temporary || error.status === 401)) {
        if (entry) this.#update({ ...entry, waiting: true });
        if (!this.#retry && !document.hidden) this.#retry = setTimeout(() => this.flush(), 2000);
        return "waiting";
      }
      this.discard(client_id);
      if (entry?.waiting) drafts.set(entry.conversation, entry.text);
      throw error;
    } finally {
      this.#busy.delete(client_id);
      this.entries.notify();
    }
  }

  /** @param {string} client_id */
  async #post(client_id) {
    let entry = this.#find(client_id);
    if (!entry) return;
    if (!entry.conversation) {
      const row = await conversations.create({ ...entry.settings });
      entry = { ...entry, conversation: row.id };
      this.#update(entry);
      this.made.value = { client_id, row };
    }
    const { text, parent_id } = entry;
    const body = { client_id, text, ...(parent_id !== undefined && { parent_id }) };
    const answer = await request("POST", `/api/conversations/${entry.conversation}/messages`, body);
    this.discard(client_id);
    conversation.apply(answer.message);
    conversation.apply(answer.reply);
    if (entry.conversation === conversation.id.value) conversation.branch = false;
  }

  /** @param {string} client_id */
  #find(client_id) {
    return this.entries.value.find((entry) => entry.client_id === client_id);
  }

  /** @param {Entry} entry */
  #update(entry) {
    this.#set(this.entries.value.map((other) => (other.client_id === entry.client_id ? entry : other)));
  }

  /** @param {Entry[]} entries */
  #set(entries) {
    write("outbox", entries.length ? entries : null);
    this.entries.value = entries;
  }

  #read() {
    /** @type {Entry[]} */
    const stored = read("outbox", []);
    this.entries.value = stored.map((entry) => ({
      ...entry,
      waiting: entry.waiting || !this.#busy.has(entry.client_id),
    }));
  }
}

export const outbox = new Outbox();
