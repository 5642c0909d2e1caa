/** Backups of the whole server, for an admin: which there are, one more now and how far it is, an end to one. */

import { AppError, get, post, remove } from "../lib/request.js";
import { Signal } from "../lib/signal.js";

const AGAIN = 700;
const PATIENCE = 100;

/**
 * @typedef {{name: string, size: number, made_at: string, scheduled: boolean, sealed: boolean}} Backup
 * @typedef {{backups: Backup[], making: {done: number, size: number} | null, error: string | null, folder: string,
 *   hours: number, keep: number, sealed: boolean, next_at: string | null}} Shelf
 */

class Backups {
  /** null: not asked for yet. */
  shelf = new Signal(/** @type {Shelf | null} */ (null));
  #watching = false;

  async load() {
    this.shelf.value = await get("/api/backups");
    this.#watch();
  }

  async make() {
    this.shelf.value = await post("/api/backups");
    this.#watch();
  }

  /** @param {string} name */
  async delete(name) {
    await remove(`/api/backups/${name}`);
    await this.load();
  }

  /** @param {Backup} backup */
  address = ({ name }) => `/api/backups/${name}`;

  /** Looks again and again while one is being made; a line that is away for a moment is no end. */
  async #watch() {
    if (this.#watching) return;
    this.#watching = true;
    for (let failures = 0; this.shelf.value?.making && failures < PATIENCE; ) {
      await new Promise((resolve) => setTimeout(resolve, AGAIN));
      try {
        this.shelf.value = await get("/api/backups");
        failures = 0;
      } catch (error) {
        failures += error instanceof AppError && error.temporary ? 1 : PATIENCE;
      }
    }
    this.#watching = false;
  }
}

export const backups = new Backups();
