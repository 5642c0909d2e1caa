/** What another app shares to this one: it waits, through a sign-in too, until it stands in the prompt of a new chat. */

import { read, write } from "../lib/storage.js";
import { drafts } from "./drafts.js";
import { notices } from "./notices.js";

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
  if (fields.has("files")) write("shared-files", true);
  history.replaceState(null, "", "/#/");
}

/** Puts it into the prompt; sending is the person's. */
export function giveShared() {
  if (read("shared-files", false)) giveFiles().catch(() => {});
  const text = read("shared", "");
  if (!text) return;
  write("shared", null);
  drafts.give(null, text);
}

/** The service worker kept the files; they wait over the prompt of a new chat. */
async function giveFiles() {
  write("shared-files", null);
  const { files } = await import("./files.js");
  const kept = await caches.open("shared");
  const shared = [];
  for (const request of await kept.keys()) {
    const response = await kept.match(request);
    if (!response) continue;
    const name = decodeURIComponent(response.headers.get("X-Name") ?? "") || "file";
    const type = response.headers.get("Content-Type") ?? "";
    shared.push(new File([await response.blob()], name, { type }));
  }
  await files.add(null, shared).catch((error) => notices.fail(error));
  await caches.delete("shared");
  drafts.give(null, "");
}
