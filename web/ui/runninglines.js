/** Command lines that run: they have left the prompt, and are kept with its draft until they have succeeded. */

import { drafts } from "../state/drafts.js";
import { apart, join } from "./joined.js";

/** @typedef {{text: string, draft: string | null, isKept: boolean}} Line `draft` is the conversation it was written in */

export class RunningLines {
  #lines = /** @type {Line[]} */ ([]);

  /** @param {string} text @param {string | null} draft @param {boolean} isKept @returns {Line} */
  begin(text, draft, isKept) {
    const line = { text, draft, isKept };
    this.#lines.push(line);
    if (isKept) drafts.set(draft, join(drafts.get(draft), text));
    return line;
  }

  /** @param {Line} line */
  end(line) {
    this.#lines = this.#lines.filter((other) => other !== line);
    if (line.isKept) drafts.set(line.draft, apart(drafts.get(line.draft), line.text));
  }

  /** The new chat became a conversation. @param {string} id */
  move(id) {
    for (const line of this.#lines) line.draft ??= id;
  }

  /** Whether a line runs there already. @param {string} text @param {string | null} draft */
  has(text, draft) {
    return this.#lines.some((line) => line.text.trim() === text.trim() && line.draft === draft);
  }

  /** Keeps a draft, and with it what runs there. @param {string | null} draft @param {string} text */
  keep(draft, text) {
    drafts.set(draft, join(text, ...this.#kept(draft)));
  }

  /** What is being written there: the draft without what runs. @param {string | null} draft */
  draft(draft) {
    return this.#kept(draft).reduceRight(apart, drafts.get(draft));
  }

  /** @param {string | null} draft */
  #kept(draft) {
    return this.#lines.filter((line) => line.draft === draft && line.isKept).map(({ text }) => text);
  }
}
