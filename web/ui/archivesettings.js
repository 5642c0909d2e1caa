/** Import and export in the settings: a file in, everything out, how far it is and what came of it. */

import { PageElement } from "../lib/element.js";
import { plural } from "../lib/format.js";
import { element, html } from "../lib/html.js";
import { archive } from "../state/archive.js";
import { place } from "../state/place.js";

const STATES = {
  sending: "sending",
  receiving: "sending",
  reading: "reading",
  pictures: "looking at pictures",
  writing: "taking in",
};

export class ArchiveSettings extends PageElement {
  connectedCallback() {
    this.replaceChildren(html`<section class="box green"><h2>import / export</h2>
      <p class="pair"><span>take away</span><button type="button" class="act export">export</button></p>
      <p class="pair"><span>bring along</span><button type="button" class="act choose">choose a file</button></p>
      <input type="file" hidden aria-label="file to import" accept=".json,.zip,application/json,application/zip">
      <p class="muted">exports of LLM Router, ChatGPT, Claude (the ZIP as downloaded), Open WebUI and LibreChat.
        Importing the same file again changes nothing.</p>
      <div class="said" role="status"></div></section>`);
    const input = /** @type {HTMLInputElement} */ (this.find("input"));
    this.find(".export").addEventListener("click", () => place.open("export"));
    this.find(".choose").addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      const file = input.files?.[0];
      input.value = "";
      if (file) archive.bring(file);
    });
    this.until(archive.import.watch((now) => this.#draw(now)));
  }

  /** @param {Partial<import("../state/archive.js").Import> | null} now */
  #draw(now) {
    const state = now?.state ?? "";
    this.find(".choose").disabled = state in STATES;
    this.find(".said").replaceChildren(...(now ? said(now) : []));
  }
}

/** @param {Partial<import("../state/archive.js").Import>} now @returns {Node[]} */
function said({ state = "", done = 0, size = 0, error, report = {}, conversations = 0 }) {
  if (state === "failed") return [element`<p class="red">✗ ${error ?? ""}</p>`];
  if (state !== "done") {
    const name = STATES[/** @type {keyof typeof STATES} */ (state)] ?? state;
    const part = size ? ` · ${Math.min(100, Math.round((100 * done) / size))} %` : "";
    const count = conversations ? ` · ${plural(conversations, "conversation")}` : "";
    return [element`<p class="yellow">${name}${part}${count}</p>`];
  }
  const { source = "", messages = 0, files = 0, already = 0, left_out = [] } = report;
  const came = [
    plural(report.conversations ?? 0, "conversation"),
    plural(messages, "message"),
    files && plural(files, "file"),
  ].filter(Boolean);
  const lines = [element`<p class="green">✓ ${came.join(", ")} from ${source || "the file"}</p>`];
  if (already)
    lines.push(element`<p class="muted">${plural(already, "conversation")} had been here already</p>`);
  if (left_out.length) {
    const rows = left_out.map(
      ({ what, count }) => element`<p class="yellow">left out: ${count} × ${what}</p>`,
    );
    lines.push(...rows);
  }
  return lines;
}

customElements.define("archive-settings", ArchiveSettings);

/** The same for the sheet that `/import` opens. */
export const importSheet = () => element`<archive-settings></archive-settings>`;
