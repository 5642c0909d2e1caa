/** The text that the browser did not copy, selected, for the person to take. */

import { html } from "../lib/html.js";

/** @param {string} text */
export function textToCopy(text) {
  const content = html`<p class="meta yellow">the browser refused: copy the selected text yourself</p>
    <textarea class="to-copy" readonly rows="10" aria-label="text to copy" autofocus>${text}</textarea>`;
  const area = /** @type {HTMLTextAreaElement} */ (content.querySelector("textarea"));
  area.addEventListener("focus", () => area.select());
  return content;
}
