/** Renaming a conversation where its title stands: Enter and leaving the field save, Escape does not. */

import { conversations } from "../state/conversations.js";
import { notices } from "../state/notices.js";

/**
 * @param {HTMLElement} label what the field takes the place of, until it is left
 * @param {{id: string, title: string}} row
 * @param {(title: string) => void} saved called with the new title before the server has it
 */
export function retitle(label, row, saved) {
  const input = document.createElement("input");
  input.className = "retitle";
  input.value = row.title;
  input.setAttribute("aria-label", "title");
  input.maxLength = 200;
  input.enterKeyHint = "done";
  let done = false;
  const finish = (/** @type {boolean} */ save) => {
    if (done) return;
    done = true;
    const text = input.value.trim();
    input.replaceWith(label);
    if (!save || !text || text === row.title) return;
    saved(text);
    conversations.change(row.id, { title: text }).catch((error) => notices.fail(error));
  };
  input.addEventListener("blur", () => finish(true));
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || (event.key !== "Enter" && event.key !== "Escape")) return;
    event.stopPropagation();
    finish(event.key === "Enter");
  });
  label.replaceWith(input);
  input.focus();
  input.select();
}
