/** What the prompt consists of: the lines over it, the field, its buttons, and the key that sends. */

import { html } from "../lib/html.js";
import { icon } from "../lib/icons.js";
import { commands } from "../state/commands.js";

export const touch = matchMedia("(hover: none) and (pointer: coarse)");

export const parts = () => html`
  <p class="editing muted" hidden>editing · a new version is made
    <button type="button" class="act cancel">cancel</button></p>
  <p class="editing muted armed" hidden><span></span> <button type="button" class="act">cancel</button></p>
  <form>
    <label class="mark" for="prompt" aria-hidden="true">❯</label>
    <textarea id="prompt" rows="1" placeholder="message or /command" aria-label="message or /command"
      role="combobox" aria-autocomplete="list" aria-expanded="false" aria-controls="palette" enterkeyhint="${touch.matches ? "enter" : "send"}"
      autocapitalize="sentences" autocomplete="off"></textarea>
    <button type="button" class="attach" aria-label="attach files">${icon("clip")}</button>
    <button type="button" class="stop" aria-label="stop" hidden>${icon("stop")}</button>
    <button type="submit" class="send" aria-label="send">${icon("send")}</button>
  </form>`;

/** Whether Enter is meant to send: on a touch keyboard it runs a command line, and only that. @param {KeyboardEvent} event @param {string} text */
export function sends(event, text) {
  if (event.shiftKey || event.altKey) return false;
  const isLine = commands.isCommand(text) && !text.includes("\n");
  return !touch.matches || event.ctrlKey || event.metaKey || isLine;
}
