/** The templates screen: use one with a tap, change one's own, keep new ones, take them away and bring them along. */

import { PageElement } from "../lib/element.js";
import { plural } from "../lib/format.js";
import { element, html } from "../lib/html.js";
import { icon } from "../lib/icons.js";
import { style } from "../lib/style.js";
import { notices } from "../state/notices.js";
import { place } from "../state/place.js";
import { templates } from "../state/templates.js";
import { useTemplate } from "./templateform.js";

/** @typedef {import("../state/templates.js").Template} Template */

const MOST = 2_000_000; // bytes of a file: the server takes 2 MB in one request

export class TemplatesScreen extends PageElement {
  connectedCallback() {
    this.tabIndex = 0;
    this.replaceChildren(html`<div class="column">
      <section class="box magenta own"><h2>your templates</h2><div class="rows"></div>
        <button type="button" class="item new"><span class="blue">+</span><span class="blue">new template</span></button></section>
      <section class="box blue built-in"><h2>built in</h2><div class="rows"></div></section>
      <section class="box"><h2>take away, bring along</h2><p class="files">
        <a class="act" href="/api/templates/export" download="templates.json">export yours</a>
        <button type="button" class="act take">import a file</button>
        <input type="file" accept="application/json,.json" aria-label="file with templates" hidden></p></section></div>`);
    this.find(".new").addEventListener("click", () => place.open("edit-template", {}));
    const file = this.find("input");
    this.find(".take").addEventListener("click", () => file.click());
    file.addEventListener("change", () => this.#take(file));
    this.until(templates.list.watch((list) => this.#draw(list)));
    style(import.meta.resolve("./editor.css"));
    templates.load().catch((error) => notices.fail(error));
  }

  /** @param {Template[]} list */
  #draw(list) {
    const rows = (/** @type {boolean} */ builtIn) => list.filter((one) => one.built_in === builtIn).map(row);
    const mine = rows(false);
    if (!mine.length)
      mine.push(element`<p class="muted">none yet: write one, or keep a prompt with /template save</p>`);
    this.find(".own .rows").replaceChildren(...mine);
    this.find(".built-in .rows").replaceChildren(...rows(true));
  }

  /** @param {HTMLInputElement} input */
  async #take(input) {
    const [file] = input.files ?? [];
    if (!file) return;
    try {
      if (file.size > MOST) throw new Error("this file is too large to hold templates");
      const { added, unchanged, renamed } = await templates.take(await file.text());
      const parts = [
        `${plural(added, "template")} imported`,
        unchanged && `${unchanged} there already`,
        renamed.length && `now called ${renamed.join(", ")}`,
      ];
      notices.say(parts.filter(Boolean).join(" · "));
    } catch (error) {
      notices.fail(error);
    } finally {
      input.value = "";
    }
  }
}

/** @param {Template} one */
function row(one) {
  const about = one.description || one.text.replace(/\s+/g, " ").slice(0, 80);
  const asks = one.variables.length ? `asks for ${one.variables.join(", ")}` : "";
  const line = element`<div class="pair">
    <button type="button" class="item tall use"><span class="magenta" aria-hidden="true">❯</span>
      <span class="two"><span class="name">${one.name}</span><small>${about}</small></span></button>
    <button type="button" class="icon-button edit" aria-label="${one.built_in ? "make your own of" : "change"} ${one.name}">${icon("edit")}</button></div>`;
  const use = /** @type {HTMLElement} */ (line.querySelector(".use"));
  use.title = asks;
  use.addEventListener("click", () => useTemplate(one));
  const { id, ...content } = one;
  line
    .querySelector(".edit")
    ?.addEventListener("click", () => place.open("edit-template", one.built_in ? content : one));
  return line;
}

customElements.define("templates-screen", TemplatesScreen);
