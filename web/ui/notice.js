/** One quiet line over the status line, with an undo where there is one. Errors are announced at once. */

import { PageElement } from "../lib/element.js";
import { element, html } from "../lib/html.js";
import { icon } from "../lib/icons.js";
import { notices } from "../state/notices.js";

const TONES = { ok: ["green", "✓"], warn: ["yellow", "▲"], error: ["red", "✗"] };

export class NoticeBar extends PageElement {
  connectedCallback() {
    this.until(notices.current.watch((notice) => this.#show(notice)));
  }

  /** @param {import("../state/notices.js").Notice | null} notice */
  #show(notice) {
    this.hidden = !notice;
    if (!notice) return this.replaceChildren();
    const [colour, glyph] = TONES[notice.tone] ?? TONES.ok;
    const text = notice.text.replace(/^[✓✗▲] /, "");
    this.setAttribute("role", notice.tone === "error" ? "alert" : "status");
    this.replaceChildren(html`<p><span class="${colour}" aria-hidden="true">${glyph}</span> <span>${text}</span></p>
      ${notice.action && element`<button type="button" class="act">${notice.action.label}</button>`}
      <button type="button" class="icon-button dismiss" aria-label="dismiss">${icon("close")}</button>`);
    this.querySelector(".act")?.addEventListener("click", () => {
      notices.dismiss();
      notice.action?.run();
    });
    this.find(".dismiss").addEventListener("click", () => notices.dismiss());
  }
}

customElements.define("notice-bar", NoticeBar);
