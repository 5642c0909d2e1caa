/** How the server is, for an admin: what was found last, and one more look, with or without the providers. */

import { AppError, get, post } from "../lib/request.js";
import { Signal } from "../lib/signal.js";

const AGAIN = 500;
const PATIENCE = 100;

/**
 * @typedef {{state: "ok" | "note" | "bad", subject: string, message: string, step: string}} Finding
 * @typedef {{findings: Finding[], looking: {at: string, done: number, total: number} | null, at: string | null}} Report
 */

class Doctor {
  /** null: not asked for yet. */
  report = new Signal(/** @type {Report | null} */ (null));
  #watching = false;

  async load() {
    this.report.value = await get("/api/doctor");
    this.#watch();
  }

  /** @param {boolean} providers whether they are asked too */
  async look(providers) {
    this.report.value = await post("/api/doctor", { providers });
    this.#watch();
  }

  /** Asks again and again while it looks; a line that is away for a moment is no end. */
  async #watch() {
    if (this.#watching) return;
    this.#watching = true;
    for (let failures = 0; this.report.value?.looking && failures < PATIENCE; ) {
      await new Promise((resolve) => setTimeout(resolve, AGAIN));
      try {
        this.report.value = await get("/api/doctor");
        failures = 0;
      } catch (error) {
        failures += error instanceof AppError && error.temporary ? 1 : PATIENCE;
      }
    }
    this.#watching = false;
  }
}

export const doctor = new Doctor();
