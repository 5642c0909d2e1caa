/** Notifications in settings: off, on, on with the first words; what is missing for them; and one to try. */

import { PageElement } from "../lib/element.js";
import { html } from "../lib/html.js";
import { notices } from "../state/notices.js";
import { CHOICES, push } from "../state/push.js";

const LABELS = { off: "off", on: "on", preview: "on, with preview" };

export class NotifySettings extends PageElement {
  connectedCallback() {
    this.replaceChildren(html`<section class="box magenta"><h2>notifications</h2>
      <label class="pair"><span>when a reply ends</span><select name="notify"></select></label>
      <p class="pair try"><span>send one now</span><button type="button" class="act test">test</button></p>
      <p class="muted said"></p></section>`);
    const select = this.find("select");
    select.append(...CHOICES.map((choice) => new Option(LABELS[choice], choice)));
    select.addEventListener("change", () => this.#choose(select.value));
    this.find(".test").addEventListener("click", () => this.#test());
    this.until(
      push.choice.watch(() => this.#draw()),
      push.missing.watch(() => this.#draw()),
    );
    push.load().catch((error) => notices.fail(error));
  }

  #draw() {
    const { choice, missing } = push;
    this.find("select").value = choice.value;
    this.find("select").disabled = Boolean(missing.value) && choice.value === "off";
    this.find(".try").hidden = choice.value === "off";
    this.find(".said").textContent =
      missing.value ||
      "on this device, while no page is in front; encrypted, through the push service of the browser's maker";
  }

  /** @param {import("../state/push.js").Choice} choice */
  async #choose(choice) {
    try {
      await push.choose(choice);
    } catch (error) {
      notices.fail(error);
    }
    this.#draw();
  }

  async #test() {
    try {
      await push.test();
      notices.say("a notification is on its way");
    } catch (error) {
      notices.fail(error);
    }
  }
}

customElements.define("notify-settings", NotifySettings);
