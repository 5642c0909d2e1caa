/** Shows the sheet that the place asks for. The sheets are fetched when the page has nothing else to do, or when one is wanted. */

import { conversation } from "../state/conversation.js";
import { notices } from "../state/notices.js";
import { place } from "../state/place.js";

const LATER = 3000;
const sheets = () => import("./sheets.js");

export function followOverlays() {
  /** @type {HTMLDialogElement | null} */
  let open = null;
  place.overlay.listen(async (overlay) => {
    const before = open;
    open = null;
    before?.close();
    if (!overlay) return;
    try {
      const { showSheet } = await sheets();
      if (place.overlay.value === overlay) open = showSheet(overlay);
    } catch {
      notices.say("this cannot be fetched now", "error");
    }
  });
  notices.table.listen((table) => table && place.open("table", table));
  conversation.id.listen(() => conversation.isAdopting || place.close());
  setTimeout(() => sheets().catch(() => {}), LATER);
}
