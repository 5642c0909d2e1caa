/** Branches: making one, and the family that a conversation belongs to. */

import { AppError, get, post } from "../lib/request.js";
import { uuid } from "../lib/uuid.js";
import { conversations } from "./conversations.js";

/**
 * @typedef {import("./statistics.js").Figures} Figures
 * @typedef {{id: string, title: string, parent_id: string | null, message_id: string | null, excerpt: string,
 *   deleted: boolean, updated_at: string, figures: Figures,
 *   inherited: import("./conversations.js").Inherited | null}} Relative
 */

class Branches {
  /** What was asked for and got no answer: asking again must not make a second one. @type {Map<string, string>} */
  #unanswered = new Map();

  /**
   * A new conversation with everything up to that message.
   * @param {string} id
   * @param {string} message
   */
  async make(id, message) {
    const client_id = this.#unanswered.get(message) ?? uuid();
    this.#unanswered.set(message, client_id);
    try {
      const row = await post(`/api/conversations/${id}/clone`, { message_id: message, client_id });
      this.#unanswered.delete(message);
      conversations.upsert(row, row.id);
      return /** @type {import("./conversations.js").Conversation} */ (row);
    } catch (error) {
      if (!(error instanceof AppError && error.temporary)) this.#unanswered.delete(message);
      throw error;
    }
  }

  /** @param {string} id @returns {Promise<{conversations: Relative[], figures: Figures}>} */
  family(id) {
    return get(`/api/conversations/${id}/branches`);
  }
}

export const branches = new Branches();
