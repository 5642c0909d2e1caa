/** Makes a message a favourite, and takes that back. */

import { setFavourite } from "../state/favourites.js";
import { notices } from "../state/notices.js";

/** @param {string} id @param {boolean} favorite */
export async function mark(id, favorite) {
  try {
    await setFavourite(id, favorite);
    const undo = { label: "undo", run: () => mark(id, !favorite) };
    notices.say(favorite ? "★ a favourite now" : "no favourite any more", "ok", undo);
  } catch (error) {
    notices.fail(error);
  }
}
