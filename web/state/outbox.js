/**
 * Messages on their way: each has an id made here and is sent again under the same id until the server has it,
 * so that it is sent exactly once however often it is tried. Kept over reloads, for the account that wrote them.
 */

import { AppError, request, unreachable } from "../lib/request.js";
import { Signal } from "../lib/signal.js";
import { durable, onOtherTab, own, owner, read, write } from "../lib/storage.js";
import { uuid } from "../lib/uuid.js";
import { conversation } from "./conversation.js";
import { conversations } from "./conversations.js";
import { drafts } from "./drafts.js";
import { notices } from "./notices.js";

const LONGEST_WAIT = 30_000;
const NO_ROOM = new Set(["disk_full", "unwritable"]); // it waits, and only the server's owner can help

/**
 * @typedef {{client_id: string, conversation: string | null, settings?: object, text: string, parent_id?: string | null,
 *   models?: string[], waiting: boolean, created_at: string, files?: import("./files.js").Item[]}} Entry `waiting` once a try failed; until then the prompt still shows it
 */

/** Fetched with the first file; where it cannot be now, the message waits for it. */
const theFiles = () =>
  import("./files.js").then(
    ({ files }) => files,
    () => {
      throw unreachable();
    },
  );

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
    owner.watch(() => {
      this.#show(this.#stored());
      // The page went away while the prompt still showed it.
      for (const { conversation: target, text, waiting } of this.#stored())
        if (!waiting) drafts.take(target, text);
    });
    conversation.path.listen(() => {
      for (const { client_id } of this.entries.value)
        if (!this.#busy.has(client_id)) this.#isThere(client_id);
    });
    onOtherTab(
      () => own("outbox"),
      () => this.#show(this.#stored()),
    );
  }

  /**
   * Sends a message. Resolves when it is safe: on the server, or here, waiting. Throws when the server refuses it.
   * @param {string | null} target the conversation, null makes one
   * @param {string} text
   * @param {{parent_id?: string | null, settings?: object, models?: string[], files?: import("./files.js").Item[]}} [more]
   * @returns {Promise<"sent" | "waiting">}
   */
  async send(target, text, more = {}) {
    const entry = {
      client_id: uuid(),
      conversation: target,
      text,
      ...more,
      waiting: this.entries.value.some((other) => other.conversation === target),
      created_at: new Date().toISOString(),
    };
    if (!entry.waiting) this.#busy.add(entry.client_id);
    this.#change((entries) => [...entries, entry]);
    if (entry.waiting) {
      this.flush();
      return "waiting";
    }
    const result = this.#attempt(entry.client_id);
    result.then(
      (how) => how === "sent" && this.#goOn(),
      () => this.#goOn(),
    );
    return result;
  }

  #goOn() {
    if (this.entries.value.some(({ waiting }) => waiting)) this.flush();
  }

  /** Tries everything that waits, in order; what fails holds back the rest of its conversation only. */
  async flush() {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const held = new Set();
    for (const { client_id } of this.entries.value) {
      const entry = this.#find(client_id);
      if (!entry || held.has(entry.conversation)) continue;
      const result = await this.#try(client_id).catch((error) => notices.fail(error));
      if (result === "waiting") held.add(entry.conversation);
    }
    if (!held.size) this.#failures = 0;
    else if (!document.hidden) {
      this.#retry = setTimeout(() => this.flush(), Math.min(LONGEST_WAIT, 1000 * 2 ** this.#failures++));
    }
  }

  /** Gives up on a message. @param {string} client_id @returns {string} its text */
  discard(client_id) {
    const text = this.#find(client_id)?.text ?? "";
    this.#change((entries) => entries.filter((entry) => entry.client_id !== client_id));
    return text;
  }

  /** Whether a message is being sent at this moment. @param {string} client_id */
  isBusy(client_id) {
    return this.#busy.has(client_id);
  }

  /** Whether it waits for one before it that is being sent. @param {Entry} entry */
  isNext({ client_id, conversation: target }) {
    const before = this.entries.value.filter((other) => other.conversation === target);
    return this.#busy.has(before[0]?.client_id) && before[0].client_id !== client_id;
  }

  /** @param {string} client_id @returns {Promise<"sent" | "waiting">} */
  async #try(client_id) {
    if (this.#busy.has(client_id)) return "waiting";
    this.#busy.add(client_id);
    this.entries.notify();
    return this.#attempt(client_id);
  }

  /** @param {string} client_id @returns {Promise<"sent" | "waiting">} */
  async #attempt(client_id) {
    try {
      await this.#post(client_id);
      this.#failures = 0;
      return "sent";
    } catch (error) {
      const entry = this.#find(client_id);
      if (error instanceof AppError && error.passing) {
        if (this.#isThere(client_id)) return "sent";
        if (entry && !entry.waiting) {
          this.#hold(entry);
          if (NO_ROOM.has(error.code)) notices.fail(error);
        }
        if (!this.#retry && !document.hidden) this.#retry = setTimeout(() => this.flush(), 2000);
        return "waiting";
      }
      this.discard(client_id);
      if (entry?.waiting) await this.#giveBack(entry, /** @type {AppError} */ (error).code === "not_found");
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
      const row = await conversations.create({ ...entry.settings, client_id });
      entry = { ...entry, conversation: row.id };
      this.#change((entries) => entries.map((other) => this.#moved(other, client_id, row.id)));
      this.made.value = { client_id, row };
    }
    const { text, parent_id, models, files: items } = entry;
    const files = items?.length ? await theFiles() : null;
    const attachments = await files?.uploaded(items ?? []);
    if (attachments) this.#keepIds(client_id, attachments);
    const body = {
      client_id,
      text,
      models,
      ...(parent_id !== undefined && { parent_id }),
      ...(attachments && { attachments }),
    };
    const answer = await request("POST", `/api/conversations/${entry.conversation}/messages`, body);
    const rows = [answer.message, ...answer.replies];
    this.discard(client_id);
    files?.forget(items ?? []);
    try {
      for (const row of rows) conversation.apply(row);
    } catch (error) {
      reportError(error); // what cannot be shown was sent all the same
    }
    if (entry.conversation === conversation.id.value) conversation.branch = false;
  }

  /** Whether the stream told of it although no answer did: then it waits no longer. @param {string} client_id */
  #isThere(client_id) {
    const items = this.#find(client_id)?.files ?? [];
    if (![...conversation.messages.values()].some((row) => row.client_id === client_id)) return false;
    this.discard(client_id);
    if (items.length) theFiles().then((files) => files.forget(items));
    return true;
  }

  /** The text comes first: its files can be chosen again. @param {Entry} entry @param {boolean} isGone whether its conversation is */
  async #giveBack({ conversation: target, text, files }, isGone) {
    const draft = isGone ? null : target;
    drafts.give(draft, text);
    if (files) (await theFiles()).give(draft, files);
  }

  /** The server has the files now: another try of the message does not send them again. @param {string} client_id @param {string[]} ids */
  #keepIds(client_id, ids) {
    const known = (/** @type {Entry} */ { files = [] }) =>
      files.map((item, index) => ({
        ...item,
        id: ids[index],
        at: item.id === ids[index] ? item.at : Date.now(),
      }));
    this.#change((entries) =>
      entries.map((entry) => (entry.client_id === client_id ? { ...entry, files: known(entry) } : entry)),
    );
  }

  /** @param {string} client_id */
  #find(client_id) {
    return this.entries.value.find((entry) => entry.client_id === client_id);
  }

  /** It could not be sent now. @param {Entry} entry */
  #hold(entry) {
    const waiting = { ...entry, waiting: true };
    this.#change((entries) =>
      entries.map((other) => (other.client_id === entry.client_id ? waiting : other)),
    );
    if (!durable.value)
      notices.say("this browser cannot store it: keep this page open until it is sent", "warn");
  }

  /**
   * A new chat got its conversation; what else waits in the new chat follows it there.
   * @param {Entry} entry
   * @param {string} first
   * @param {string} conversation
   */
  #moved(entry, first, conversation) {
    const follows = entry.client_id === first || (entry.waiting && entry.conversation === null);
    return follows ? { ...entry, conversation } : entry;
  }

  /** Other tabs write to the same list, so each change starts from what is there. @param {(entries: Entry[]) => Entry[]} edit */
  #change(edit) {
    const entries = edit(this.#stored());
    write(own("outbox"), entries.length ? entries : null);
    this.#show(entries);
  }

  /** @returns {Entry[]} */
  #stored() {
    return read(own("outbox"), []);
  }

  /** What nobody here is sending waits, whatever it was when its page closed. @param {Entry[]} entries */
  #show(entries) {
    this.entries.value = entries.map((entry) => ({
      ...entry,
      waiting: entry.waiting || !this.#busy.has(entry.client_id),
    }));
  }
}

export const outbox = new Outbox();
