/** Connecting a tool: which one, with which model, a key for it, and the lines to paste. */

import { PageElement } from "../lib/element.js";
import { element, html } from "../lib/html.js";
import { style } from "../lib/style.js";
import { tools } from "../lib/tools.js";
import { copyOrShow } from "../state/copying.js";
import { gatewayKeys } from "../state/gatewaykeys.js";
import { models } from "../state/models.js";
import { notices } from "../state/notices.js";
import "./madekey.js";

await style(import.meta.resolve("./settings.css"));

const NO_KEY = "sk-llmr-…";

export class ConnectScreen extends PageElement {
  connectedCallback() {
    this.tabIndex = 0;
    this.replaceChildren(html`<div class="column">
      <section class="box cyan"><h2>connect a tool</h2>
        <label class="field">tool<select name="tool"></select></label>
        <label class="field">model<select name="model"></select></label></section>
      <section class="box green"><h2>key</h2><made-key></made-key>
        <p class="problem" role="alert"></p>
        <button type="button" class="primary make">make a key</button></section>
      <section class="box blue lines"><h2>paste this</h2><div class="pastes"></div></section></div>`);
    for (const { id, title } of tools("", "", "")) this.find("[name=tool]").append(new Option(title, id));
    this.find("[name=tool]").addEventListener("change", () => this.#draw());
    this.find("[name=model]").addEventListener("change", () => this.#draw());
    this.find(".make").addEventListener("click", () => this.#make());
    this.until(
      models.listing.watch(() => this.#models()),
      gatewayKeys.made.listen(() => this.#draw()),
    );
  }

  #models() {
    const select = this.find("[name=model]");
    const chosen = select.value;
    const listed = models.listing.value.models.map(({ id }) => id);
    const standard = models.listing.value.default ?? "";
    const ids = listed.includes(standard) || !standard ? listed : [standard, ...listed];
    select.replaceChildren(...ids.map((id) => new Option(id, id)));
    select.value = ids.includes(chosen) ? chosen : standard;
    this.#draw();
  }

  get #tool() {
    const key = gatewayKeys.made.value?.key ?? NO_KEY;
    const all = tools(location.origin, key, this.find("[name=model]").value);
    return all.find(({ id }) => id === this.find("[name=tool]").value) ?? all[0];
  }

  #draw() {
    const { pastes, note, title } = this.#tool;
    this.find(".make").textContent = `make a key for ${title}`;
    this.find(".pastes").replaceChildren(
      ...pastes.map(paste),
      ...(note ? [element`<p class="muted">${note}</p>`] : []),
    );
  }

  async #make() {
    const problem = this.find(".problem");
    problem.textContent = "";
    this.find(".make").disabled = true;
    try {
      await gatewayKeys.create({ name: this.#tool.title });
    } catch (error) {
      problem.textContent = /** @type {Error} */ (error).message;
    } finally {
      this.find(".make").disabled = false;
    }
  }
}

/** @param {import("../lib/tools.js").Paste} paste */
function paste({ where, text }) {
  const figure = element`<figure class="code"><figcaption><span>${where}</span>
    <button type="button" class="copy" aria-label="copy what belongs into ${where}">copy</button></figcaption>
    <pre tabindex="0"><code>${text}</code></pre></figure>`;
  figure.querySelector("button")?.addEventListener("click", async () => {
    if (await copyOrShow(text)) notices.say("copied");
  });
  return figure;
}

customElements.define("connect-screen", ConnectScreen);
