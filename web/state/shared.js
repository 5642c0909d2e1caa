/** What another app shares to this one: it waits, through a sign-in too, until it stands in the prompt of a new chat. */

import { read, write } from "../lib/storage.js";
import { drafts } from "./drafts.js";
import { notices } from "./notices.js";

/** Milliseconds that it waits for a sign-in: on a shared device who comes later is somebody else. */
const WAITS = 600_000;

/** @typedef {{at: number, text?: string}} Waiting */

/** Takes it out of the address that the share sheet opened. */
export function takeShared() {
  if (location.pathname !== "/share") return;
  const fields = new URLSearchParams(location.search);
  let all = "";
  for (const name of ["title", "text", "url"]) {
    const piece = fields.get(name)?.trim() ?? "";
    if (piece && !all.includes(piece)) all = piece.includes(all) ? piece : `${all}\n${piece}`;
  }
  const at = Date.now();
  if (all) write("shared", { at, text: all });
  if (fields.has("files")) write("shared-files", { at });
  history.replaceState(null, "", "/#/");
}

/** Puts it into the prompt, or drops it where it waited too long; sending is the person's. */
export function giveShared() {
  const [words, files] = ["shared", "shared-files"].map((name) => read(name, /** @type {Waiting?} */ (null)));
  const isFresh = (/** @type {Waiting | null} */ waiting) => waiting && Date.now() - waiting.at < WAITS;
  if (isFresh(files)) giveFiles().catch(() => {});
  else if (files) dropFiles();
  write("shared", null);
  if (isFresh(words)) drafts.give(null, words?.text ?? "");
}

/** What still waits goes with who signs out. */
export function dropShared() {
  write("shared", null);
  dropFiles();
}

function dropFiles() {
  write("shared-files", null);
  globalThis.caches?.delete("shared").catch(() => {}); // without HTTPS there is none
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
