/** The line under a reply: `● sonnet-4.5 · 312 tok · $0.004 · 7.4 s` and its buttons. */

import { dollars, duration, modelName, tokens } from "../lib/format.js";
import { element } from "../lib/html.js";
import { models } from "../state/models.js";
import { place } from "../state/place.js";

/** @typedef {import("../state/message.js").Message} Message */

/** What a message cost, with `~` where it is an estimate. @param {Message} row */
export function charge(row) {
  if (row.cost_state === null || row.cost_state === undefined) return "";
  if (row.cost_state === "unknown_price" || row.cost_nanos === null) return "$?";
  return `${row.cost_state === "estimated" ? "~" : ""}${dollars(row.cost_nanos)}`;
}

/** @param {Message} row */
export function figures(row) {
  const parts = [models.isDemo(row.model) ? "demo, not an AI" : modelName(row.model)];
  const failed = row.status === "failed" && !row.usage?.tokens;
  if (failed) return parts[0];
  if (row.usage) parts.push(`${tokens(row.usage.output + row.usage.reasoning + row.usage.image_output)} tok`);
  if (charge(row) && !models.isDemo(row.model)) parts.push(charge(row));
  if (row.duration_ms !== null) parts.push(duration(row.duration_ms));
  if (row.status === "stopped") parts.push("stopped");
  return parts.join(" · ");
}

/** The figures are the button for what can be done with the message. @param {Message} row @param {unknown[]} tools */
export function meta(row, tools) {
  const tier = models.tier(row.model);
  const line = element`<p class="meta muted">
    <button type="button" class="figures" aria-label="message actions: ${figures(row)}"><span class="${tier.colour}"
      aria-hidden="true">${tier.glyph}</span> ${figures(row)}</button><span class="tools">${tools.filter(Boolean)}</span></p>`;
  line.querySelector("button")?.addEventListener("click", () => place.open("message", row.id));
  return line;
}
