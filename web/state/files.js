/**
 * Files that go with a message: kept on the device until the server has them, so that neither a reload nor a dead line
 * loses one; sent as soon as they are here, and at the latest with their message.
 */

import { Database } from "../lib/database.js";
import { AppError } from "../lib/request.js";
import { Signal } from "../lib/signal.js";
import { own, owner, read, write } from "../lib/storage.js";
import { upload } from "../lib/upload.js";
import { uuid } from "../lib/uuid.js";
import { notices } from "./notices.js";

/**
 * @typedef {{id: string, name: string, type: string, size: number, width?: number, height?: number}} Attachment
 * @typedef {{key: string, name: string, type: string, size: number, id?: string, width?: number, height?: number,
 *   at?: number}} Item `id` once the server has it, which forgets it after a day without a message
 */

export const MOST = 10;
const KEPT = 60;
const REMEMBERED = 20 * 3600 * 1000;
const NEW = "new";

class Files {
  /** Tells that the files of some draft, or how far they are, changed. */
  changed = new Signal(0);
  /** @type {Map<string, Blob>} */
  #blobs = new Map();
  /** @type {Map<string, Promise<Attachment>>} */
  #sending = new Map();
  /** @type {Map<string, number>} */
  #parts = new Map();
  /** @type {Database | null} */
  #database = null;

  constructor() {
    owner.watch((user) => {
      this.#database?.close();
      this.#database = user ? new Database(`llm-files:${user}`, ["blobs"]) : null;
      this.#blobs.clear();
    });
  }

  /** The files of a draft. @param {string | null} draft null is the new chat @returns {Item[]} */
  of(draft) {
    return this.#drafts()[draft ?? NEW] ?? [];
  }

  /** How much of a file is sent: from 0 to 1, null when it is not on its way. @param {string} key */
  part(key) {
    return this.#parts.get(key) ?? null;
  }

  /** Takes files in and begins to send them. @param {string | null} draft @param {Blob[]} given */
  async add(draft, given) {
    const room = MOST - this.of(draft).length;
    for (const blob of given.slice(0, room)) {
      const name = blob instanceof File && blob.name ? blob.name : "picture.png";
      const item = { key: uuid(), name, type: blob.type, size: blob.size };
      this.#blobs.set(item.key, blob);
      await this.#database?.put("blobs", item.key, blob, KEPT).catch(() => {});
      this.set(draft, [...this.of(draft), item]);
      this.#send(item).then(
        (attachment) => this.#known(item.key, attachment),
        (error) => this.#failed(item.key, error),
      );
    }
    if (given.length > room) throw new Error(`a message takes at most ${MOST} files`);
  }

  /** @param {string | null} draft @param {Item[]} items */
  set(draft, items) {
    const drafts = this.#drafts();
    delete drafts[draft ?? NEW];
    if (items.length) drafts[draft ?? NEW] = items;
    write(own("files"), Object.keys(drafts).length ? drafts : null);
    this.changed.notify();
  }

  /** The files of an earlier message go along again. @param {string | null} draft @param {Attachment[]} given */
  reuse(draft, given) {
    this.set(
      draft,
      given.map((one) => ({ key: one.id, ...one })),
    );
  }

  /** Files come to a draft from elsewhere. @param {string | null} draft @param {Item[]} items */
  give(draft, items) {
    const there = new Set(this.of(draft).map((item) => item.key));
    this.set(draft, [...this.of(draft), ...items.filter((item) => !there.has(item.key))]);
  }

  /** They belong to a message now. @param {string | null} draft @param {Item[]} items */
  drop(draft, items) {
    const gone = new Set(items.map((item) => item.key));
    this.set(
      draft,
      this.of(draft).filter((item) => !gone.has(item.key)),
    );
  }

  /** The new chat became a conversation. @param {string} id */
  move(id) {
    const items = this.of(null);
    if (!items.length) return;
    this.set(null, []);
    this.give(id, items);
  }

  /** Their bytes are no longer needed here. @param {Item[]} items */
  forget(items) {
    for (const { key } of items) {
      this.#blobs.delete(key);
      this.#database?.remove("blobs", key).catch(() => {});
    }
  }

  /** The server's ids of all of them; what it does not have yet is sent first. @param {Item[]} items */
  async uploaded(items) {
    const ids = [];
    for (const item of items) {
      const known = this.#find(item.key) ?? item;
      const fresh = known.id && (!known.at || Date.now() - known.at < REMEMBERED);
      ids.push(fresh ? /** @type {string} */ (known.id) : (await this.#send(item)).id);
    }
    return ids;
  }

  /** An address under which a picture can be shown small. @param {Item} item */
  async preview(item) {
    const blob = await this.#blob(item.key);
    if (blob) return URL.createObjectURL(blob);
    return item.id ? `/api/attachments/${item.id}?thumb=1` : "";
  }

  /** @param {Item} item @returns {Promise<Attachment>} */
  #send(item) {
    const under_way = this.#sending.get(item.key);
    if (under_way) return under_way;
    const sending = this.#upload(item).finally(() => {
      this.#sending.delete(item.key);
      this.#parts.delete(item.key);
      this.changed.notify();
    });
    this.#sending.set(item.key, sending);
    return sending;
  }

  /** @param {Item} item @returns {Promise<Attachment>} */
  async #upload(item) {
    const blob = await this.#blob(item.key);
    if (!blob && item.id) return /** @type {Attachment} */ (item); // of an earlier message
    if (!blob)
      throw new AppError(`${item.name} is no longer on this device: attach it again`, { status: 400 });
    return upload(`/api/attachments?name=${encodeURIComponent(item.name)}`, blob, (part) => {
      this.#parts.set(item.key, part);
      this.changed.notify();
    });
  }

  /** @param {string} key @returns {Promise<Blob | undefined>} */
  async #blob(key) {
    if (this.#blobs.has(key)) return this.#blobs.get(key);
    const kept = await this.#database?.get("blobs", key).catch(() => undefined);
    return kept?.value;
  }

  /** @param {string} key @param {Attachment} attachment */
  #known(key, attachment) {
    const { id, name, type, size, width, height } = attachment;
    this.#change(key, (item) => [{ ...item, id, name, type, size, width, height, at: Date.now() }]);
  }

  /** What the server refuses goes; without a line or a session it stays and is sent with its message. @param {string} key @param {unknown} error */
  async #failed(key, error) {
    if (error instanceof AppError && error.passing) return;
    this.#change(key, (item) => {
      this.forget([item]);
      return [];
    });
    notices.fail(error);
  }

  /** @param {string} key @param {(item: Item) => Item[]} edit */
  #change(key, edit) {
    for (const [draft, items] of Object.entries(this.#drafts())) {
      if (items.some((item) => item.key === key))
        this.set(
          draft,
          items.flatMap((item) => (item.key === key ? edit(item) : [item])),
        );
    }
  }

  /** @param {string} key */
  #find(key) {
    return Object.values(this.#drafts())
      .flat()
      .find((item) => item.key === key);
  }

  /** @returns {Record<string, Item[]>} */
  #drafts() {
    return { ...read(own("files"), {}) };
  }
}

export const files = new Files();
