/** How a conversation can be taken away: one tap makes the file and gives it to the person. */

import { size } from "../lib/bytes.js";
import { element, html } from "../lib/html.js";
import { follow, save, shares } from "../lib/save.js";
import { archive } from "../state/archive.js";
import { conversation } from "../state/conversation.js";
import "./spinner.js";

/** @type {[import("../state/archive.js").Format | "everything", string, string][]} */
const CHOICES = [
  ["markdown", "Markdown", "what you read"],
  ["pdf", "PDF", "what you read, on paper"],
  ["json", "JSON", "all branches, for an import"],
  ["everything", "all conversations", "zip, for an import"],
];

/** @param {{id?: string, leaf?: string} | string | null} about a conversation or a message, or the format that is wanted */
export function exportSheet(about) {
  const { id = conversation.id.value, leaf = null } = typeof about === "object" ? (about ?? {}) : {};
  const list = element`<div class="list"></div>`;
  for (const [format, label, detail] of CHOICES) {
    if (format !== "everything" && !id) continue;
    if (leaf && (format === "json" || format === "everything")) continue;
    const row = /** @type {HTMLButtonElement} */ (
      element`<button type="button" class="item" data-format="${format}"><span></span><span>${label}</span><span class="muted">${detail}</span></button>`
    );
    row.addEventListener("click", () => make(row, format, id, leaf, detail));
    list.append(row);
  }
  const wanted = typeof about === "string" ? about : "";
  /** @type {HTMLElement | null} */ (list.querySelector(`[data-format="${CSS.escape(wanted)}"]`))?.click();
  return html`<p class="meta muted">${leaf ? "export up to this message" : "export"}</p>${list}`;
}

/**
 * @param {HTMLButtonElement} row
 * @param {import("../state/archive.js").Format | "everything"} format
 * @param {string | null} id
 * @param {string | null} leaf
 * @param {string} detail
 */
async function make(row, format, id, leaf, detail) {
  if (format === "everything" && !shares) {
    follow("/api/export", "llm-router.zip");
    return;
  }
  const [mark, , said] = row.children;
  const say = (/** @type {string} */ text, colour = "muted") => {
    said.className = colour;
    said.textContent = text;
  };
  row.disabled = true;
  mark.replaceChildren(element`<busy-spinner class="yellow"></busy-spinner>`);
  say("…");
  try {
    const made =
      format === "everything"
        ? await archive.takeAll()
        : await archive.take(/** @type {string} */ (id), format, leaf, (percent) =>
            say(`${Math.round(percent)} %`),
          );
    finish(row, made, say);
  } catch (error) {
    mark.textContent = "✗";
    say(error instanceof Error ? error.message : detail, "red");
    row.disabled = false;
  }
}

/**
 * @param {HTMLButtonElement} row
 * @param {import("../state/archive.js").Finished} made
 * @param {(text: string, colour?: string) => void} say
 */
function finish(row, { blob, name, missing }, say) {
  row.children[0].textContent = "✓";
  row.disabled = false;
  const lacking = missing.length ? ` · no font for ${missing.slice(0, 8).join(" ")}` : "";
  say(`${shares ? "tap to share · " : ""}${size(blob.size)}${lacking}`, missing.length ? "yellow" : "green");
  if (!shares) save(blob, name);
  else row.addEventListener("click", (event) => handOver(event, blob, name), { capture: true });
}

/** The share sheet opens only right after a tap. @param {Event} event @param {Blob} blob @param {string} name */
function handOver(event, blob, name) {
  event.stopImmediatePropagation();
  save(blob, name);
}
