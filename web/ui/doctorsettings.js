/** The server's health in settings, for an admin: each thing that was looked at, how it is, and what to do next. */

import { PageElement } from "../lib/element.js";
import { ago } from "../lib/format.js";
import { element, html } from "../lib/html.js";
import { doctor } from "../state/doctor.js";
import { notices } from "../state/notices.js";

/** @typedef {import("../state/doctor.js").Finding} Finding */

const MARKS = {
  ok: ["green", "✓", "ok"],
  note: ["yellow", "!", "note"],
  bad: ["red", "✗", "bad"],
};

export class DoctorSettings extends PageElement {
  connectedCallback() {
    this.replaceChildren(html`<section class="box green"><h2>doctor</h2>
      <p class="pair"><span>how this server is</span><button type="button" class="act look">look now</button></p>
      <p class="pair"><span>… and ask the providers</span><button type="button" class="act ask">look and ask</button></p>
      <div class="said" role="status"></div>
      <div class="rows"></div></section>`);
    const look = (/** @type {boolean} */ providers) =>
      doctor.look(providers).catch((error) => notices.fail(error));
    this.find(".look").addEventListener("click", () => look(false));
    this.find(".ask").addEventListener("click", () => look(true));
    this.until(doctor.report.watch(() => this.#draw()));
    doctor.load().catch((error) => notices.fail(error));
  }

  #draw() {
    const report = doctor.report.value;
    if (!report) return;
    const { looking, findings, at } = report;
    this.find(".look").disabled = this.find(".ask").disabled = looking !== null;
    const open = findings.filter(({ state }) => state !== "ok").length;
    const done = `${open ? `${open} to look at` : "all is well"} · looked ${at ? ago(at) : ""}`;
    const said = looking ? `looking at ${looking.at} · ${looking.done} of ${looking.total}` : done;
    this.find(".said").replaceChildren(
      html`${(looking || at) && element`<p class="${looking ? "yellow" : "muted"}">${said}</p>`}`,
    );
    this.find(".rows").replaceChildren(...findings.map((finding) => this.#row(finding)));
  }

  /** @param {Finding} finding */
  #row({ state, subject, message, step }) {
    const [colour, glyph, name] = MARKS[state];
    return element`<div class="finding"><p><span class="${colour}" role="img" aria-label="${name}">${glyph}</span>
      <strong>${subject}</strong> ${message}</p>${step && element`<p class="muted">${step}</p>`}</div>`;
  }
}

customElements.define("doctor-settings", DoctorSettings);
