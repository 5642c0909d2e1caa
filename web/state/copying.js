/** Copying that never ends in nothing: where the browser refuses, the text is shown selected. */

import { copy } from "../lib/clipboard.js";
import { place } from "./place.js";

/**
 * @param {string} text
 * @returns {Promise<boolean>} whether it was copied
 */
export async function copyOrShow(text) {
  const done = await copy(text);
  if (!done) place.open("copy", text);
  return done;
}
