/** What was chosen for the new chat before it exists: kept over reloads for the account, until the chat is made. */

import { own, owner, read, write } from "../lib/storage.js";
import { conversation } from "./conversation.js";

export function keepPlanned() {
  const { planned } = conversation;
  owner.watch(() => {
    planned.value = read(own("planned"), {});
  });
  planned.listen((chosen) => write(own("planned"), Object.keys(chosen).length ? chosen : null));
}
