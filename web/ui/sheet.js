/** What lies over the screen: from below on the phone, in the middle on the desktop. One at a time. */

import { element, html } from "../lib/html.js";
import { style } from "../lib/style.js";
import { place } from "../state/place.js";

await style(import.meta.resolve("./sheet.css"));

/**
 * @param {string} title
 * @param {Node} content
 * @returns {HTMLDialogElement}
 */
export function openSheet(title, content) {
  const dialog = /** @type {HTMLDialogElement} */ (
    element`<dialog class="sheet" aria-label="${title}"></dialog>`
  );
  dialog.append(html`<div class="sheet-body"></div>`);
  dialog.firstElementChild?.append(content);
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (place.overlay.value && !document.querySelector("dialog.sheet")) place.close();
  });
  /** @type {EventTarget | null} */
  let pressed = null;
  dialog.addEventListener("pointerdown", ({ target }) => {
    pressed = target;
  });
  dialog.addEventListener("click", ({ target }) => {
    // A selection that is drawn from within to the outside clicks on the dialog, too.
    if (target === dialog && pressed === dialog) dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/**
 * A row of a sheet's list.
 * @param {Node | string | null} mark
 * @param {string} label
 * @param {string} detail
 * @param {() => unknown} run closes the sheet first
 * @param {string} [colour]
 */
export function item(mark, label, detail, run, colour = "") {
  const row = element`<button type="button" class="item ${colour}"><span>${mark}</span><span>${label}</span><span class="muted">${detail}</span></button>`;
  row.addEventListener("click", () => {
    place.close();
    run();
  });
  return row;
}
