/** Where in the page the person is, kept in the address after `#` so that back, reload and links work. */

import { Signal } from "../lib/signal.js";

/** @typedef {{screen: "chat" | "settings" | "help", conversation: string | null, message: string | null}} Place */

/** @returns {Place} */
function parse() {
  const [screen, id, message] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  if (screen === "settings" || screen === "help") return { screen, conversation: null, message: null };
  return { screen: "chat", conversation: screen === "c" && id ? id : null, message: message || null };
}

/** @extends {Signal<Place>} */
class PlaceState extends Signal {
  /** What lies over the screen: `model`, `statistics`, `drawer` … with what it is about. */
  overlay = new Signal(/** @type {{name: string, about?: any} | null} */ (null));

  constructor() {
    super(parse());
    addEventListener("hashchange", () => {
      this.overlay.value = null;
      this.value = parse();
    });
  }

  /** @param {string | null} id null is a new chat */
  chat(id) {
    this.#go(id ? `#/c/${encodeURIComponent(id)}` : "#/");
  }

  /** The new chat became a conversation: same place, new address. @param {string} id */
  becomes(id) {
    history.replaceState(null, "", `#/c/${encodeURIComponent(id)}`);
    this.value = parse();
  }

  /** @param {"settings" | "help"} screen */
  screen(screen) {
    this.#go(`#/${screen}`);
  }

  /** @param {string} name @param {any} [about] */
  open(name, about) {
    this.overlay.value = { name, about };
  }

  close() {
    this.overlay.value = null;
  }

  /** @param {string} hash */
  #go(hash) {
    this.overlay.value = null;
    if (location.hash === hash || (hash === "#/" && !location.hash)) {
      this.value = parse();
    } else {
      location.hash = hash;
    }
  }
}

export const place = new PlaceState();
