/** What another app shares to this one: it waits, through a sign-in too, until it stands in the prompt of a new chat. */

import { read, write } from "../lib/storage.js";
import { drafts } from "./drafts.js";

/** Takes it out of the address that the share sheet opened. */
export function takeShared() {
  if (location.pathname !== "/share") return;
  const fields = new URLSearchParams(location.search);
  let all = "";
  for (const name of ["title", "text", "url"]) {
    const piece = fields.get(name)?.trim() ?? "";
    if (piece && !all.includes(piece)) all = piece.includes(all) ? piece : `${all}\n${piece}`;
  }
  if (all) write("shared", all);
  history.replaceState(null, "", "/#/");
}

/** Puts it into the prompt; sending is the person's. */
export function giveShared() {
  const text = read("shared", "");
  if (!text) return;
  write("shared", null);
  drafts.give(null, text);
}
