/** How files come to the prompt: the button, pasting, dropping. What shows them is fetched with the first one. */

import { own, read } from "../lib/storage.js";
import { drafts } from "../state/drafts.js";
import { notices } from "../state/notices.js";

/** @typedef {import("../state/files.js").Item} Item */

export class Attaching {
  #prompt;
  #draft;
  /** @type {import("./attach.js").FileChips | null} */
  #chips = null;

  /**
   * @param {import("../lib/element.js").PageElement} prompt
   * @param {() => string | null} draft the key of what is being written
   */
  constructor(prompt, draft) {
    this.#prompt = prompt;
    this.#draft = draft;
    prompt.find(".attach").addEventListener("click", () => this.#open());
    prompt.until(drafts.given.listen(() => this.show()));
    for (const type of ["paste", "drop"]) prompt.on(document, type, (event) => this.#take(event));
    prompt.on(document, "dragover", (event) => {
      if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
    });
  }

  /** What goes with the next message. @returns {Item[]} */
  get items() {
    return this.#chips?.items ?? [];
  }

  /** Whether the model can see them; it says so if not. */
  check() {
    return !this.items.length || Boolean(this.#chips?.check());
  }

  /** They go with a message now. @param {string | null} draft @param {Item[]} items */
  taken(draft, items) {
    this.#chips?.taken(draft, items);
  }

  /** The new chat became a conversation. @param {string} id */
  move(id) {
    this.#chips?.move(id);
  }

  /**
   * Runs a command line; a picture is made from what is attached.
   * @param {string} line
   * @param {(ids?: string[]) => Promise<void>} run
   */
  async during(line, run) {
    const [draft, items] = [this.#draft(), this.items];
    if (!line.startsWith("/image ") || !items.length) return run();
    await run(await this.#chips?.sent());
    this.taken(draft, items);
  }

  /**
   * Shows the files of what is written now; those of a message that is edited come along.
   * @param {import("../state/files.js").Attachment[]} [given]
   */
  async show(given) {
    const draft = this.#draft();
    const kept = read(own("files"), /** @type {Record<string, unknown>} */ ({}))[draft ?? "new"];
    if (given && !kept) (await import("../state/files.js")).files.reuse(draft, given);
    if (kept || given || this.#chips) await this.#open([]);
  }

  /** Takes files in; without any the person is asked for some. @param {File[]} [given] */
  async #open(given) {
    try {
      const { FileChips } = await import("./attach.js");
      this.#chips ??= this.#prompt.insertBefore(new FileChips(), this.#prompt.find("form"));
      this.#chips.show(this.#draft());
      if (!given) this.#chips.pick();
      else if (given.length) await this.#chips.add(given);
    } catch {
      notices.say("this cannot be fetched now", "error");
    }
  }

  /** @param {ClipboardEvent & DragEvent} event */
  #take(event) {
    const data = event.clipboardData ?? event.dataTransfer;
    if (!data?.files.length) return;
    // Cells and formatted text bring a picture of themselves along; the text is what is meant.
    if (event.type === "paste" && data.types.includes("text/html") && data.getData("text/plain").trim())
      return;
    event.preventDefault();
    this.#open([...data.files]);
  }
}
