/** What is done with an answer: it is stopped, asked for again, or gone on with. */

import { post } from "../lib/request.js";
import { conversation } from "./conversation.js";
import { isRunning } from "./message.js";
import { start } from "./start.js";

/** @param {string} id */
export async function stop(id) {
  conversation.apply(await post(`/api/messages/${id}/stop`));
}

/** Stops what is being written now, and what is compared with it. */
export async function stopRunning() {
  const { running } = conversation;
  const rows = [...conversation.messages.values()].filter(
    (row) => row === running || (isRunning(row) && row.comparison && row.comparison === running?.comparison),
  );
  await Promise.all(rows.map((row) => stop(row.id)));
}

/** @param {string} id @param {string} [model] */
export async function retry(id, model) {
  conversation.apply(await start(`/api/messages/${id}/retry`, model ? { model } : {}));
}

/** @param {string} id */
export async function goOnWriting(id) {
  conversation.apply(await start(`/api/messages/${id}/continue`));
}
