/** Night, day, or what the system says: chosen per device, remembered by the account for new ones. */

import { Signal } from "../lib/signal.js";
import { read, write } from "../lib/storage.js";
import { session } from "./session.js";

/** @typedef {"auto" | "night" | "day"} Choice */
/** @type {Choice[]} */
export const THEMES = ["auto", "night", "day"];

/** @extends {Signal<Choice>} */
class Theme extends Signal {
  constructor() {
    super(/** @type {Choice} */ (read("theme", "auto")));
    session.preferences.listen(({ theme }) => {
      if (theme && read("theme", null) === null) this.#show(theme);
    });
  }

  /** @param {Choice} choice */
  async choose(choice) {
    write("theme", choice);
    this.#show(choice);
    await session.prefer({ theme: choice });
  }

  /** @param {Choice} choice */
  #show(choice) {
    this.value = choice;
    dispatchEvent(new CustomEvent("theme", { detail: choice }));
  }
}

export const theme = new Theme();
