/** Every sheet by its name, and what it shows. */

import { element, html } from "../lib/html.js";
import { textToCopy } from "./copysheet.js";
import { keyActions } from "./keyactions.js";
import { conversationActions, messageActions } from "./menus.js";
import { openSheet } from "./sheet.js";
import "./picker.js";
import "./statistics.js";

/**
 * A sheet that is fetched when it is wanted.
 * @param {string} title
 * @param {() => Promise<any>} load
 * @param {string} draw the name of the function that makes its content
 */
const later = (title, load, draw) => (/** @type {any} */ about) => {
  const content = element`<div class="fetched" aria-busy="true"></div>`;
  const fill = async () => content.replaceChildren(await (await load())[draw](about));
  fill()
    .catch((error) => content.replaceChildren(html`<p class="meta red">✗ ${error.message}</p>`))
    .finally(() => {
      content.removeAttribute("aria-busy");
      /** @type {HTMLElement | null} */ (content.querySelector("[autofocus]"))?.focus();
    });
  return { title, content };
};

/** @type {Record<string, (about: any) => {title: string, content: Node} | null>} */
const SHEETS = {
  model: (about) => {
    const picker = element`<model-picker></model-picker>`;
    picker.dataset.retry = about ?? "";
    return { title: "choose a model", content: picker };
  },
  statistics: () => ({ title: "statistics", content: element`<statistics-panel></statistics-panel>` }),
  key: (key) => keyActions(key),
  keys: later("provider keys", () => import("./keysheet.js"), "keySheet"),
  message: (id) => messageActions(id),
  conversation: (id) => conversationActions(id),
  history: later("past prompts", () => import("./prompthistory.js"), "promptHistory"),
  tags: later("tags", () => import("./tags.js"), "tagEditor"),
  copy: (text) => ({ title: "copy", content: textToCopy(text) }),
  compare: later("compare models", () => import("./comparepicker.js"), "comparePicker"),
  picture: later("picture", () => import("./picture.js"), "pictureViewer"),
  branches: later("branches", () => import("./branchlist.js"), "branchList"),
  system: later("system text", () => import("./systemeditor.js"), "systemEditor"),
  template: later("template", () => import("./templateform.js"), "templateForm"),
  "edit-template": later("template", () => import("./templateeditor.js"), "templateEditor"),
  budgets: later("budgets", () => import("./budgetsettings.js"), "budgetSheet"),
  export: later("export", () => import("./exportsheet.js"), "exportSheet"),
  import: later("import / export", () => import("./archivesettings.js"), "importSheet"),
  call: later("request", () => import("./callsheet.js"), "callSheet"),
  person: later("account", () => import("./personsheet.js"), "personActions"),
  allowed: later("what may be used", () => import("./personsheet.js"), "allowedForm"),
  table: (table) => ({ title: table.title, content: drawTable(table) }),
};

/** @param {{name: string, about?: any}} overlay @returns {HTMLDialogElement | null} */
export function showSheet({ name, about }) {
  const sheet = SHEETS[name]?.(about);
  return sheet ? openSheet(sheet.title, sheet.content) : null;
}

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
