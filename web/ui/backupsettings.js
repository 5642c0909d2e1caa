/** Backups in settings, for an admin: one now, those that are there with size and age, to take away or delete. */

import { size } from "../lib/bytes.js";
import { PageElement } from "../lib/element.js";
import { ago } from "../lib/format.js";
import { element, html } from "../lib/html.js";
import { follow } from "../lib/save.js";
import { backups } from "../state/backups.js";
import { notices } from "../state/notices.js";
import { twice } from "./twice.js";

/** @typedef {import("../state/backups.js").Backup} Backup */

export class BackupSettings extends PageElement {
  connectedCallback() {
    this.replaceChildren(html`<section class="box green"><h2>backups</h2>
      <p class="pair"><span>everything of this server</span><button type="button" class="act make">make one now</button></p>
      <div class="said" role="status"></div>
      <div class="rows"></div>
      <p class="muted plan"></p>
      <p class="muted">restoring is done at the server, while it is stopped: <code>llm-router restore FILE</code></p></section>`);
    this.find(".make").addEventListener("click", () => backups.make().catch((error) => notices.fail(error)));
    this.until(backups.shelf.watch(() => this.#draw()));
    backups.load().catch((error) => notices.fail(error));
  }

  #draw() {
    const shelf = backups.shelf.value;
    if (!shelf) return;
    const { making, error, hours, keep, sealed, folder } = shelf;
    const part = making?.size ? ` · ${Math.min(100, Math.round((100 * making.done) / making.size))} %` : "";
    this.find(".make").disabled = making !== null;
    this.find(".said").replaceChildren(
      making
        ? element`<p class="yellow">making and checking${part}</p>`
        : html`${error && element`<p class="red">✗ ${error}</p>`}`,
    );
    this.find(".rows").replaceChildren(...shelf.backups.map((backup) => this.#row(backup)));
    const often = hours ? `one every ${hours} hours, the last ${keep} are kept` : "none is made by itself";
    const safe = sealed
      ? "encrypted under the passphrase of the settings"
      : "they hold the key file: whoever has one can read everything";
    this.find(".plan").textContent = `${often} · in ${folder} · ${safe}`;
  }

  /** @param {Backup} backup */
  #row(backup) {
    const facts = [size(backup.size), backup.scheduled && "by itself", backup.sealed && "encrypted"];
    const row = element`<p class="pair"><span class="name">${ago(backup.made_at)}</span>
      <span class="muted">${facts.filter(Boolean).join(" · ")}</span>
      <button type="button" class="act take" aria-label="download ${backup.name}">download</button>
      <button type="button" class="act red delete" aria-label="delete ${backup.name}">delete</button></p>`;
    const button = (/** @type {string} */ name) => /** @type {HTMLElement} */ (row.querySelector(name));
    button(".take").addEventListener("click", () => follow(backups.address(backup), backup.name));
    twice(button(".delete"), "really?", () =>
      backups.delete(backup.name).catch((error) => notices.fail(error)),
    );
    return row;
  }
}

customElements.define("backup-settings", BackupSettings);
