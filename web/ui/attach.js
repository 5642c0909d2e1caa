/** The files that wait over the prompt to go with the next message: shown, picked, taken away. */

import { PageElement } from "../lib/element.js";
import { element } from "../lib/html.js";
import { icon } from "../lib/icons.js";
import { style } from "../lib/style.js";
import { commands } from "../state/commands.js";
import { conversation } from "../state/conversation.js";
import { files } from "../state/files.js";
import { models } from "../state/models.js";
import { notices } from "../state/notices.js";

/** @typedef {import("../state/files.js").Item} Item */

const TAKEN =
  "image/*,application/pdf,text/*,.md,.json,.csv,.log,.yaml,.yml,.toml,.xml,.py,.js,.ts,.go,.rs,.java,.c,.h,.sh,.sql";

export class FileChips extends PageElement {
  /** @type {string | null} */
  #draft = null;
  /** @type {Map<string, HTMLElement>} */
  #chips = new Map();
  #input = document.createElement("input");

  connectedCallback() {
    style(import.meta.resolve("./attach.css"));
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", "files of the next message");
    this.#input.type = "file";
    this.#input.multiple = true;
    this.#input.accept = TAKEN;
    this.#input.addEventListener("change", () => {
      this.add([...(this.#input.files ?? [])]);
      this.#input.value = "";
    });
    this.until(files.changed.listen(() => this.#draw()));
  }

  /** @returns {Item[]} */
  get items() {
    return files.of(this.#draft);
  }

  /** @param {string | null} draft the key of what is being written */
  show(draft) {
    this.#draft = draft;
    this.#draw();
  }

  /** Asks the person: the camera, the gallery, or a file. */
  pick() {
    this.#input.click();
  }

  /** @param {Blob[]} given */
  async add(given) {
    try {
      await files.add(this.#draft, given);
    } catch (error) {
      notices.fail(error);
    }
  }

  /** They go with a message now. @param {string | null} draft @param {Item[]} items */
  taken(draft, items) {
    files.drop(draft, items);
  }

  /** What was attached in the new chat comes along. @param {string} id */
  move(id) {
    files.move(id);
    if (this.#draft === null) this.show(id);
  }

  /** The server's ids of all of them, as soon as it has them. */
  sent() {
    return files.uploaded(this.items);
  }

  /** Whether the model can see them; says so, and offers one that can. */
  check() {
    const id =
      conversation.info.value?.model ?? conversation.planned.value.model ?? models.listing.value.default;
    const model = models.find(id);
    const seen = this.items.some(({ type }) => type.startsWith("image/") || type === "application/pdf");
    if (!seen || model?.vision !== false) return true;
    const all = models.listing.value.models.filter((other) => other.vision && !other.demo);
    const other = all.find((one) => one.provider === model.provider) ?? all[0];
    const offer = other && {
      label: `use ${other.id}`,
      run: () => commands.run(`/model ${other.id}`).catch((error) => notices.fail(error)),
    };
    notices.say(`${model.title || model.id} cannot see pictures`, "warn", offer);
    return false;
  }

  #draw() {
    const items = this.items;
    const wanted = items.map((item) => this.#chip(item));
    const gone = new Set(this.#chips.keys());
    for (const item of items) gone.delete(item.key);
    for (const key of gone) this.#chips.delete(key);
    if (
      [...this.children].some((child, at) => child !== wanted[at]) ||
      this.children.length !== wanted.length
    )
      this.replaceChildren(...wanted);
    this.dispatchEvent(new CustomEvent("files", { bubbles: true }));
  }

  /** @param {Item} item */
  #chip(item) {
    let chip = this.#chips.get(item.key);
    if (!chip) {
      chip = element`<div class="chip"><span class="name">${item.name}</span><span class="part"></span>
        <button type="button" aria-label="remove ${item.name}">${icon("close")}</button></div>`;
      chip.querySelector("button")?.addEventListener("click", () => {
        files.drop(this.#draft, [item]);
        files.forget([item]);
      });
      if (item.type.startsWith("image/")) this.#picture(chip, item);
      this.#chips.set(item.key, chip);
    }
    const part = files.part(item.key);
    const state = part !== null ? `${Math.round(part * 100)} %` : item.id ? "" : "kept here";
    const shown = /** @type {HTMLElement} */ (chip.querySelector(".part"));
    if (shown.textContent !== state) shown.textContent = state;
    return chip;
  }

  /** @param {HTMLElement} chip @param {Item} item */
  async #picture(chip, item) {
    const image = document.createElement("img");
    image.alt = "";
    chip.prepend(image);
    const address = await files.preview(item);
    image.onload = image.onerror = () => URL.revokeObjectURL(address);
    image.src = address;
  }
}

customElements.define("file-chips", FileChips);
