/** Asks the server for a reply. When no answer came, asking again carries the same id, so that it cannot start twice. */

import { AppError, post } from "../lib/request.js";
import { uuid } from "../lib/uuid.js";

/** @type {Map<string, string>} */
const unanswered = new Map();

/**
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<import("./message.js").Message>}
 */
export async function start(path, body = {}) {
  const key = path + JSON.stringify(body);
  const client_id = unanswered.get(key) ?? uuid();
  unanswered.set(key, client_id);
  try {
    const { reply } = await post(path, { client_id, ...body });
    unanswered.delete(key);
    return reply;
  } catch (error) {
    if (!(error instanceof AppError && error.temporary)) unanswered.delete(key);
    throw error;
  }
}
