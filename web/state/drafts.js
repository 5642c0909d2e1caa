/** What is typed and not sent yet, one text per conversation, kept over reloads. */

import { Signal } from "../lib/signal.js";
import { own, owner, read, write } from "../lib/storage.js";

const KEEP = 50;
const NEW = "new";

class Drafts {
  /** @type {Record<string, string>} */
  #texts = {};
  /** Tells the prompt of which conversation it has to show its draft anew. */
  given = new Signal(/** @type {string | null | undefined} */ (undefined));

  constructor() {
    owner.watch(() => {
      this.#texts = read(own("drafts"), {});
    });
  }

  /** Whether anything is typed anywhere. */
  get any() {
    return Object.keys(this.#texts).length > 0;
  }

  /** @param {string | null} conversation null is the new chat */
  get(conversation) {
    return this.#texts[conversation ?? NEW] ?? "";
  }

  /** @param {string | null} conversation @param {string} text */
  set(conversation, text) {
    const key = conversation ?? NEW;
    const isSame = (this.#texts[key] ?? "") === text;
    /** @type {Record<string, string>} */
    const stored = read(own("drafts"), {}); // other tabs write here too
    if (isSame && (stored[key] || !text)) return;
    this.#texts = { ...stored };
    delete this.#texts[key];
    if (text) this.#texts[key] = text;
    const newest = Object.entries(this.#texts).slice(-KEEP);
    this.#texts = Object.fromEntries(newest);
    write(own("drafts"), this.#texts);
  }

  /** What was sent while it stood here leaves, and what was typed after it stays. @param {string | null} conversation @param {string} text */
  take(conversation, text) {
    const draft = this.get(conversation);
    const said = draft.startsWith("//") ? `/${text}` : text;
    if (draft.startsWith(said)) this.set(conversation, draft.slice(said.length).trimStart());
  }

  /** Text that comes to the prompt from elsewhere; it follows what is typed there. @param {string | null} conversation @param {string} text */
  give(conversation, text) {
    this.set(conversation, [this.get(conversation), text].filter(Boolean).join("\n\n"));
    this.given.value = undefined;
    this.given.value = conversation;
  }
}

export const drafts = new Drafts();
