/** Shows the sheet that the place asks for. */

import { element, html } from "../lib/html.js";
import { conversation } from "../state/conversation.js";
import { notices } from "../state/notices.js";
import { place } from "../state/place.js";
import { conversationActions, messageActions } from "./menus.js";
import { showSheet } from "./sheet.js";
import "./picker.js";
import "./statistics.js";

/** @type {Record<string, (about: any) => {title: string, content: Node} | null>} */
const SHEETS = {
  model: (about) => {
    const picker = element`<model-picker></model-picker>`;
    picker.dataset.retry = about ?? "";
    return { title: "choose a model", content: picker };
  },
  statistics: () => ({ title: "statistics", content: element`<statistics-panel></statistics-panel>` }),
  message: (id) => messageActions(id),
  conversation: (id) => conversationActions(id),
  table: (table) => ({ title: table.title, content: drawTable(table) }),
};

/** @param {import("../state/notices.js").Table} table */
function drawTable({ title, columns, rows }) {
  const cells = (/** @type {string[]} */ row, /** @type {"th" | "td"} */ tag) => {
    const line = document.createElement("tr");
    for (const text of row) {
      const cell = document.createElement(tag);
      cell.textContent = text;
      line.append(cell);
    }
    return line;
  };
  return html`<section class="box cyan"><h2>${title}</h2><div class="scroll"><table><thead>${cells(columns, "th")}</thead>
    <tbody>${rows.map((row) => cells(row, "td"))}</tbody></table></div></section>`;
}

export function followOverlays() {
  /** @type {HTMLDialogElement | null} */
  let open = null;
  place.overlay.listen((overlay) => {
    const before = open;
    open = null;
    before?.close();
    const sheet = overlay && SHEETS[overlay.name]?.(overlay.about);
    if (sheet) open = showSheet(sheet.title, sheet.content);
  });
  notices.table.listen((table) => table && place.open("table", table));
  conversation.id.listen(() => place.close());
}
