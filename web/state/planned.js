/** What was chosen for the new chat before it exists: kept over reloads for the account, until the chat is made. */

import { own, owner, read, write } from "../lib/storage.js";
import { conversation } from "./conversation.js";
import { conversations } from "./conversations.js";
import { drafts } from "./drafts.js";
import { notices } from "./notices.js";

export function keepPlanned() {
  const { planned } = conversation;
  owner.watch(() => {
    planned.value = read(own("planned"), {});
  });
  planned.listen((chosen) => write(own("planned"), Object.keys(chosen).length ? chosen : null));
}

/**
 * The chat is made, and nothing is planned any more. A system text that was saved while the first message was on its
 * way follows it; one that it cannot have waits in the sheet.
 * @param {import("./conversations.js").Conversation} row
 * @param {boolean} [byCommand] which knew nothing of what was planned, and may have cleared or set a text itself
 */
export async function handOver(row, byCommand = false) {
  const { planned } = conversation;
  const { system = row.system } = planned.value;
  planned.value = {};
  const typed = drafts.get("system:new");
  drafts.set("system:new", "");
  const keep = (/** @type {string | null} */ text) => text && drafts.set(`system:${row.id}`, text);
  keep(typed);
  if (system === row.system) return;
  if (byCommand) return void keep(typed || system);
  try {
    await conversations.change(row.id, { system });
    conversation.describe(conversations.find(row.id) ?? row);
  } catch (error) {
    keep(typed || system);
    notices.fail(error);
  }
}
