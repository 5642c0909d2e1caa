/** Help: the commands, from their table, and the keys of the keyboard. */

import { PageElement } from "../lib/element.js";
import { element, html } from "../lib/html.js";
import { commands } from "../state/commands.js";

const KEYS = [
  ["^K", "commands"],
  ["/", "to the prompt"],
  ["j k", "next and previous message"],
  ["enter", "on a message: what can be done with it"],
  ["↑", "in an empty prompt: edit my last message"],
  ["esc", "close, else stop the reply"],
  ["?", "this page"],
];

export class HelpScreen extends PageElement {
  connectedCallback() {
    this.tabIndex = 0;
    this.replaceChildren(html`<div class="column">
      <section class="box blue"><h2>commands</h2><div class="rows commands"></div></section>
      <section class="box magenta"><h2>keys</h2>${KEYS.map(([key, does]) => line(key, does))}</section>
      <p class="muted"><code>//</code> at the beginning sends a literal slash. an unknown command never goes to a model.</p></div>`);
    this.until(commands.table.watch(() => this.#draw()));
    commands.load().catch(() => {});
  }

  #draw() {
    this.find(".commands").replaceChildren(
      ...commands.table.value.map((one) => line(one.usage, one.summary)),
    );
  }
}

/** @param {string} name @param {string} does */
const line = (name, does) =>
  element`<p class="entry"><kbd>${name}</kbd><span class="muted">${does}</span></p>`;

customElements.define("help-screen", HelpScreen);
