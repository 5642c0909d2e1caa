/** Short words to the person: one quiet line, sometimes with an undo; and tables that a command answered with. */

import { Signal } from "../lib/signal.js";

/**
 * @typedef {{text: string, tone: "ok" | "warn" | "error", action?: {label: string, run: () => void}}} Notice
 * @typedef {{title: string, columns: string[], rows: string[][]}} Table
 */

class Notices {
  current = new Signal(/** @type {Notice | null} */ (null));
  table = new Signal(/** @type {Table | null} */ (null));
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {string} text
   * @param {Notice["tone"]} [tone]
   * @param {Notice["action"]} [action]
   * @param {boolean} [stays] until it is answered
   */
  say(text, tone = "ok", action, stays = false) {
    clearTimeout(this.#timer);
    this.current.value = { text, tone, action };
    if (!stays) this.#timer = setTimeout(() => this.dismiss(), action || tone === "error" ? 10_000 : 4000);
  }

  /** Says what went wrong; a mistake of the page itself goes to the console. @param {unknown} error */
  fail(error) {
    const ours = error instanceof Error && !(error instanceof TypeError || error instanceof ReferenceError);
    if (!ours) console.error(error);
    this.say(ours ? error.message : "something in the page went wrong: reload it", "error");
  }

  dismiss() {
    clearTimeout(this.#timer);
    this.current.value = null;
  }
}

export const notices = new Notices();
