/** The bin: what was deleted in the last days, to be taken out again or to be deleted for good. */

import { PageElement } from "../lib/element.js";
import { ago } from "../lib/format.js";
import { element, html } from "../lib/html.js";
import { style } from "../lib/style.js";
import { bin } from "../state/bin.js";
import { notices } from "../state/notices.js";
import { place } from "../state/place.js";
import { twice } from "./twice.js";

await style(import.meta.resolve("./search.css"));

const AHEAD = 600;

export class BinScreen extends PageElement {
  connectedCallback() {
    this.tabIndex = 0;
    this.replaceChildren(html`<div class="column">
      <header><p class="muted">what is deleted stays here for a while</p></header>
      <div class="rows"></div></div>`);
    const all = forGood("empty the bin", "really empty it", () => bin.empty());
    this.find("header").append(all);
    this.until(
      bin.list.watch((rows) => {
        all.hidden = !rows?.length;
        this.#draw(rows);
      }),
    );
    this.addEventListener("scroll", () => {
      if (this.scrollHeight - this.scrollTop - this.clientHeight < AHEAD) bin.more().catch(() => {});
    });
    bin.load().catch((error) => notices.fail(error));
  }

  /** @param {import("../state/bin.js").Conversation[] | null} rows */
  #draw(rows) {
    const nodes = rows?.map(drawRow) ?? [];
    if (rows && !rows.length) nodes.push(element`<p class="muted empty">the bin is empty</p>`);
    this.find(".rows").replaceChildren(...nodes);
  }
}

/** @param {import("../state/bin.js").Conversation} row */
function drawRow(row) {
  const name = row.title || "new chat";
  const line = element`<div class="binned"><span class="two">${name}<small>deleted ${ago(row.deleted_at)}</small></span></div>`;
  const back = element`<button type="button" class="act" aria-label="restore ${name}">restore</button>`;
  back.addEventListener("click", async () => {
    try {
      await bin.restore(row.id);
      notices.say("restored", "ok", { label: "open", run: () => place.chat(row.id) });
    } catch (error) {
      notices.fail(error);
    }
  });
  line.append(
    back,
    forGood("delete", "for good", () => bin.delete(row.id), `delete ${name} for good`),
  );
  return line;
}

/** @param {string} label @param {string} sure @param {() => Promise<void>} run @param {string} [name] */
function forGood(label, sure, run, name = label) {
  const button = element`<button type="button" class="act red" aria-label="${name}">${label}</button>`;
  twice(button, sure, () => run().catch((error) => notices.fail(error)));
  return button;
}

customElements.define("bin-screen", BinScreen);
