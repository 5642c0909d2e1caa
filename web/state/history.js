/**
 * What was seen stays readable without the server: the newest page of the conversations opened last, the lists, the
 * figures. A copy for this account on this device, bounded, gone when the account signs out. The truth is the server's.
 */

import { Database, removeDatabases } from "../lib/database.js";
import { commands } from "./commands.js";
import { conversation } from "./conversation.js";
import { conversations } from "./conversations.js";
import { models } from "./models.js";
import { session } from "./session.js";
import { statistics } from "./statistics.js";

const PREFIX = "llm-router:";
const PAGES = 60;
const ROWS = 100;
const PAGE_LENGTH = 500_000; // characters
const SOON = 500;
const WHILE_WRITING = 10_000;

class History {
  /** @type {Database | null} */
  #database = null;
  /** What changed and is not kept yet, and how to read it. @type {Map<string, () => any>} */
  #changed = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #due = 0;
  #restored = Promise.resolve();

  constructor() {
    session.status.watch((status) => this.#follow(status));
    const page = () => this.#later("page", () => conversation.snapshot());
    conversation.path.listen(page);
    conversation.changed.listen(page);
    conversation.info.listen(page);
    conversations.list.listen((rows) => this.#later("conversations", () => rows.slice(0, ROWS)));
    models.listing.listen((listing) => this.#later("models", () => listing));
    commands.table.listen((table) => this.#later("commands", () => table));
    statistics.device.listen((device) =>
      this.#later("statistics", () => ({ device, account: statistics.account.value })),
    );
    conversations.dropped.listen((id) => this.#database?.remove("pages", id).catch(() => {}));
    document.addEventListener("visibilitychange", () => document.hidden && this.#keep());
  }

  /** The page of a conversation as it was seen last; the lists that it is drawn with come first. @param {string} id */
  async page(id) {
    await this.#restored;
    return (await this.#read("pages", id)) ?? null;
  }

  /** Fills what the server has not told yet. */
  restore() {
    this.#restored = this.#restore();
  }

  async #restore() {
    const [rows, listing, table, figures] = await Promise.all(
      ["conversations", "models", "commands", "statistics"].map((name) => this.#read("lists", name)),
    );
    if (rows && !conversations.loaded.value && !conversations.list.value.length)
      conversations.list.value = rows;
    if (listing && !models.loaded) models.restore(listing);
    if (table && !commands.table.value.length) commands.table.value = table;
    if (figures && !statistics.device.value) statistics.restore(figures);
  }

  /** @param {import("./session.js").Status} status */
  #follow(status) {
    if (status !== "signed-in" && status !== "signed-out") return;
    const name = status === "signed-in" ? PREFIX + session.user.id : undefined;
    clearTimeout(this.#timer);
    this.#changed.clear();
    this.#database?.close();
    this.#database = name ? new Database(name, ["pages", "lists"]) : null;
    removeDatabases(PREFIX, name).catch(() => {}); // where there are none, there is nothing to remove
  }

  /** @param {string} store @param {string} key */
  async #read(store, key) {
    const found = await this.#database?.get(store, key).catch(() => undefined);
    return found?.value;
  }

  /** @param {string} name @param {() => any} value */
  #later(name, value) {
    if (!this.#database) return;
    this.#changed.set(name, value);
    const due = Date.now() + (conversation.running ? WHILE_WRITING : SOON);
    if (this.#timer && this.#due <= due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => this.#keep(), due - Date.now());
  }

  async #keep() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const [name, read] of changed) {
      const value = read();
      const page = name === "page" && value;
      const stored = page
        ? this.#database?.put("pages", page.conversation.id, shortened(page), PAGES)
        : value && this.#database?.put("lists", name, value, ROWS);
      await Promise.resolve(stored).catch(() => {}); // full or blocked: the page goes on without a copy
    }
  }
}

/** The newest messages of a page that fit, at least one. @param {any} page */
function shortened(page) {
  let room = PAGE_LENGTH;
  let first = page.messages.length;
  while (first > 0) {
    const { text, html, reasoning } = page.messages[first - 1];
    room -= text.length + (html?.length ?? 0) + (reasoning?.length ?? 0);
    if (room < 0 && first < page.messages.length) break;
    first -= 1;
  }
  return first ? { ...page, messages: page.messages.slice(first), earlier: true } : page;
}

export const history = new History();
