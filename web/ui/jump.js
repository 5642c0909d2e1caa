/** Goes to one message of the open conversation, of whatever branch, and marks it. */

import { style } from "../lib/style.js";
import { conversation } from "../state/conversation.js";
import { place } from "../state/place.js";

await style(import.meta.resolve("./jump.css"));

/** @type {HTMLElement | undefined} */
let marked;

place.listen(() => marked?.removeAttribute("data-found"));

/** @param {string} id */
export async function jump(id) {
  if (!conversation.path.value.includes(id)) await conversation.around(id);
  const transcript = /** @type {import("./transcript.js").ChatTranscript | null} */ (
    document.querySelector("chat-transcript")
  );
  marked = transcript?.show(id);
  marked?.setAttribute("data-found", "");
}
