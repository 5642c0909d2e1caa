/** Help: the commands, from their table; the keyboard; where keys come from; what HTTPS adds. */

import { PageElement } from "../lib/element.js";
import { element, html } from "../lib/html.js";
import { style } from "../lib/style.js";
import { commands } from "../state/commands.js";
import { keys } from "../state/keys.js";
import { whatHttpsAdds } from "./secure.js";

await style(import.meta.resolve("./settings.css"));

const KEYBOARD = [
  ["enter", "send; shift enter begins a new line"],
  ["^K", "commands, from anywhere"],
  ["/", "to the prompt"],
  ["tab", "complete what the list offers"],
  ["↑", "in an empty prompt: edit my last message; again: what I wrote before it"],
  ["j k", "next and previous message"],
  ["enter", "on a message: what can be done with it"],
  ["g u", "usage"],
  ["esc", "close, else stop the reply"],
  ["?", "this page"],
];

export class HelpScreen extends PageElement {
  connectedCallback() {
    this.tabIndex = 0;
    this.replaceChildren(html`<div class="column">
      <section class="box blue"><h2>commands</h2><div class="rows commands"></div>
        <p class="muted foot"><code>//</code> at the beginning sends a literal slash. an unknown command never goes to a model.</p></section>
      <section class="box magenta"><h2>keyboard</h2>${KEYBOARD.map(([key, does]) => line(key, does))}</section>
      <section class="box green"><h2>getting a key</h2><div class="rows providers"></div>
        <p class="muted foot">a provider bills what you use: set a monthly limit on its page, give each server a key of its own,
          delete the ones you no longer use. here a key is stored encrypted and never shown again.</p></section>
      <section class="box yellow"><h2>https</h2>${whatHttpsAdds()}</section></div>`);
    this.until(
      commands.table.watch(() => this.#commands()),
      keys.listing.watch(() => this.#providers()),
    );
    commands.load().catch(() => {});
    if (!keys.listing.value.providers.length) keys.load().catch(() => {});
  }

  #commands() {
    this.find(".commands").replaceChildren(
      ...commands.table.value.map((one) => line(one.usage, one.summary)),
    );
  }

  #providers() {
    const known = keys.listing.value.providers.filter(({ name }) => name !== "demo");
    this.find(".providers").replaceChildren(...known.map(provider));
  }
}

/** @param {string} name @param {string} does */
const line = (name, does) =>
  element`<p class="entry"><kbd>${name}</kbd><span class="muted">${does}</span></p>`;

/** @param {import("../state/keys.js").Provider} one */
function provider({ title, key_url, needs_key }) {
  const where = key_url?.replace(/^https:\/\//, "");
  const row = element`<p class="entry"><span>${title}</span>${
    where
      ? element`<a target="_blank" rel="noopener">${where}</a>`
      : element`<span class="muted">${needs_key ? "ask whoever runs it" : "no key: its address is enough"}</span>`
  }</p>`;
  row.querySelector("a")?.setAttribute("href", key_url ?? "");
  return row;
}

customElements.define("help-screen", HelpScreen);
