/** What went wrong with a reply, as one red line with the cause and the one thing to do about it. */

import { element } from "../lib/html.js";
import { goOnWriting, retry } from "../state/answering.js";
import { notices } from "../state/notices.js";
import { place } from "../state/place.js";

/** @typedef {import("../state/message.js").Message} Message */

const ACTIONS = {
  retry: { label: "retry", run: (/** @type {Message} */ row) => retry(row.id) },
  continue: { label: "continue", run: (/** @type {Message} */ row) => goOnWriting(row.id) },
  add_key: { label: "add key", run: () => place.screen("settings") },
  see_budget: { label: "budget", run: () => place.open("budgets") },
  pick_model: { label: "pick model", run: () => place.open("model") },
};

/** @param {Message} row */
export function problem(row) {
  if (row.status === "interrupted") {
    const names = row.text ? ["continue", "retry"] : ["retry"];
    return line(row, row.error?.message ?? "interrupted", "yellow", names);
  }
  if (row.status !== "failed") return null;
  return line(row, row.error?.message ?? "failed", "red", [row.error?.action ?? "retry"]);
}

/** @param {Message} row @param {string} cause @param {string} colour @param {string[]} names */
function line(row, cause, colour, names) {
  const buttons = names.map((name) => {
    const action = ACTIONS[/** @type {keyof typeof ACTIONS} */ (name)] ?? ACTIONS.retry;
    const button = /** @type {HTMLButtonElement} */ (
      element`<button type="button" class="act">${action.label}</button>`
    );
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        await action.run(row);
      } catch (error) {
        notices.fail(error);
      } finally {
        button.disabled = false;
      }
    });
    return button;
  });
  return element`<p class="problem-line ${colour}"><span>✗ ${cause}</span> ${buttons}</p>`;
}
