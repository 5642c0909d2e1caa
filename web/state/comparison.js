/** Several models on one prompt: which ones the next message goes to, and the answers that belong together. */

import { patch } from "../lib/request.js";
import { conversation } from "./conversation.js";
import { isRunning } from "./message.js";
import { models } from "./models.js";
import { start } from "./start.js";

/** @typedef {import("./message.js").Message} Message */

export const MOST = 4;

/** The next message goes to these. @param {string[]} ids */
export function arm(ids) {
  if (ids.length < 2 || ids.length > MOST) throw new Error(`compare two to ${MOST} models`);
  const { models: listed, routes = [] } = models.listing.value;
  const known = new Set([...listed, ...routes].map(({ id }) => id));
  const unknown = ids.find((id) => !known.has(id));
  if (unknown) throw new Error(`there is no model ${unknown}: /compare lists them`);
  conversation.armed.value = ids;
}

/**
 * The answers of a comparison in the order of their start, those that were merged from others at the end.
 * @param {string} id
 * @returns {Message[]}
 */
export function answers(id) {
  const rows = [...conversation.messages.values()].filter((row) => row.comparison === id);
  return rows.sort((a, b) => Number(!!a.sources) - Number(!!b.sources) || (a.id < b.id ? -1 : 1));
}

/** The one of them that is on the path: what a new message answers. @param {Message[]} rows */
export const chosen = (rows) => rows.find((row) => conversation.path.value.includes(row.id));

/** Whether nothing was said after them yet. @param {Message[]} rows */
export const isLast = (rows) =>
  !conversation.later && rows.some((row) => row.id === conversation.path.value.at(-1));

/** Whether there are answers to combine and none is still being written. @param {Message[]} rows */
export const canMerge = (rows) =>
  !rows.some(isRunning) && rows.filter((row) => !row.sources && row.text).length > 1;

/** One model combines the answers that are compared with this one. @param {string} id */
export async function merge(id) {
  conversation.apply(await start(`/api/messages/${id}/merge`));
}

/** The conversation goes on with this answer; what followed it before is there again. @param {string} id */
export async function goOn(id) {
  const at = conversation.path.value.findIndex((shown) => {
    const row = conversation.messages.get(shown);
    return row?.comparison && row.comparison === conversation.messages.get(id)?.comparison;
  });
  if (at < 0 || at < conversation.path.value.length - 1) return conversation.turnTo(id);
  await patch(`/api/conversations/${conversation.id.value}`, { leaf_id: id });
  conversation.path.value = [...conversation.path.value.slice(0, at), id];
}
