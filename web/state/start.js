/** Asks the server for something that must not happen twice: asked again without an answer, it carries the same id. */

import { AppError, post } from "../lib/request.js";
import { uuid } from "../lib/uuid.js";

/** @type {Map<string, string>} */
const unanswered = new Map();

/**
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<any>} the answer
 */
export async function once(path, body = {}) {
  const key = path + JSON.stringify(body);
  const client_id = unanswered.get(key) ?? uuid();
  unanswered.set(key, client_id);
  try {
    const answer = await post(path, { client_id, ...body });
    unanswered.delete(key);
    return answer;
  } catch (error) {
    if (!(error instanceof AppError && error.temporary)) unanswered.delete(key);
    throw error;
  }
}

/**
 * A reply.
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<import("./message.js").Message>}
 */
export const start = async (path, body) => (await once(path, body)).reply;
