/** Ways in that few servers have: a master password, and a proxy that knows who somebody is. */

import { post } from "../lib/request.js";

/** @param {string} password the master password of the server */
export const unlock = (password) => post("/api/unlock", { password });

/** Signs in whom the proxy in front of the server let in. @returns {Promise<string>} why it did not, else nothing */
export async function enterByProxy() {
  try {
    await post("/api/auth/proxy");
    return "";
  } catch (error) {
    return /** @type {Error} */ (error).message;
  }
}
