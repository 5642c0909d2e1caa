/** Budgets: what may be spent, by whom, and how much of it is. Members see their own, admins everybody's. */

import { get, remove, request } from "../lib/request.js";
import { Signal } from "../lib/signal.js";
import { session } from "./session.js";
import { statistics } from "./statistics.js";

/**
 * @typedef {"server" | "user" | "project" | "key"} Scope
 * @typedef {{id: string, scope: Scope, subject: {id: string, name: string}, owner: string | null,
 *   period: "day" | "week" | "month" | "total", limit_nanos: number, spent_nanos: number, held_nanos: number,
 *   resets_at: string | null, state: "ok" | "near" | "over"}} Budget
 * @typedef {{scope: Scope, id: string, name: string, owner: string | null}} Subject
 */

class Budgets {
  /** @type {Signal<Budget[] | null>} */
  list = new Signal(/** @type {Budget[] | null} */ (null));
  /** Everything whose budgets this person may set. @type {Subject[]} */
  subjects = [];

  async load() {
    const { budgets, subjects } = await get(
      `/api/budgets${session.user.role === "admin" ? "?scope=all" : ""}`,
    );
    this.subjects = subjects;
    this.list.value = budgets;
  }

  /** @param {Pick<Subject, "scope" | "id">} subject @param {string} period @param {string} limit dollars */
  async set({ scope, id }, period, limit) {
    await request("PUT", "/api/budgets", { scope, subject_id: id, period, limit });
    await this.#reload();
  }

  /** @param {string} id */
  async remove(id) {
    await remove(`/api/budgets/${id}`);
    await this.#reload();
  }

  /** Whether this person may change it. @param {Budget} budget */
  mine({ scope, subject }) {
    return this.subjects.some((one) => one.scope === scope && one.id === subject.id);
  }

  async #reload() {
    await Promise.all([this.load(), statistics.load()]);
  }
}

export const budgets = new Budgets();
