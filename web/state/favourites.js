/** Which messages are favourites. */

import { patch } from "../lib/request.js";
import { conversation } from "./conversation.js";

/** @param {string} id @param {boolean} favorite */
export const setFavourite = async (id, favorite) =>
  conversation.apply(await patch(`/api/messages/${id}`, { favorite }));
