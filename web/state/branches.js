/** Branches: making one, and the family that a conversation belongs to. */

import { get } from "../lib/request.js";
import { conversations } from "./conversations.js";
import { once } from "./start.js";

/**
 * @typedef {import("./statistics.js").Figures} Figures
 * @typedef {{id: string, title: string, parent_id: string | null, message_id: string | null, excerpt: string,
 *   deleted: boolean, updated_at: string, figures: Figures,
 *   inherited: import("./conversations.js").Inherited | null}} Relative
 */

class Branches {
  /**
   * A new conversation with everything up to that message.
   * @param {string} id
   * @param {string} message
   */
  async make(id, message) {
    const row = await once(`/api/conversations/${id}/clone`, { message_id: message });
    conversations.upsert(row, row.id);
    return /** @type {import("./conversations.js").Conversation} */ (row);
  }

  /** @param {string} id @returns {Promise<{conversations: Relative[], figures: Figures}>} */
  family(id) {
    return get(`/api/conversations/${id}/branches`);
  }
}

export const branches = new Branches();
