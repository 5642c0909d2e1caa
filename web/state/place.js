/** Where in the page the person is, kept in the address after `#` so that back, reload and links work. */

import { Signal } from "../lib/signal.js";

/** What is shown in place of the chat. */
export const SCREENS = /** @type {const} */ ([
  "settings",
  "help",
  "connect",
  "templates",
  "search",
  "bin",
  "usage",
  "log",
  "users",
]);

/**
 * @typedef {typeof SCREENS[number]} Screen
 * @typedef {{screen: "chat" | Screen, about: string, conversation: string | null, message: string | null}} Place `about`
 *   is what a screen was opened with
 */

/** @param {string} name @returns {name is Screen} */
export const isScreen = (name) => SCREENS.some((screen) => screen === name);

/** Addresses are also written by hand, with a `%` that means nothing. @param {string} part */
export function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** @returns {Place} */
function parse() {
  const [screen, id = "", message] = location.hash.replace(/^#\/?/, "").split("/").map(decoded);
  if (isScreen(screen)) return { screen, about: id, conversation: null, message: null };
  const conversation = screen === "c" && id ? id : null;
  return { screen: "chat", about: "", conversation, message: message || null };
}

/** @extends {Signal<Place>} */
class PlaceState extends Signal {
  /** What lies over the screen: `model`, `statistics`, `drawer` … with what it is about. */
  overlay = new Signal(/** @type {{name: string, about?: any} | null} */ (null));

  /** What the new chat became while a screen lay over it. @type {string | null} */
  #became = null;

  constructor() {
    super(parse());
    addEventListener("hashchange", () => {
      this.overlay.value = null;
      const { screen, conversation } = parse();
      if (this.#became && screen === "chat" && !conversation) this.#rename(this.#became);
      else this.value = parse();
    });
  }

  /** @param {string | null} id null is a new chat @param {string} [message] to be seen there */
  chat(id, message) {
    this.#go(id ? `#/c/${encodeURIComponent(id)}${message ? `/${message}` : ""}` : "#/");
  }

  /** The new chat became a conversation: same place, new address, now or when the person is back. @param {string} id */
  becomes(id) {
    if (this.value.screen === "chat") this.#rename(id);
    else this.#became = id;
  }

  /** @param {Screen} screen @param {string} [about] */
  screen(screen, about) {
    this.#go(`#/${screen}${about ? `/${encodeURIComponent(about)}` : ""}`);
  }

  /** @param {string} name @param {any} [about] */
  open(name, about) {
    this.overlay.value = { name, about };
  }

  close() {
    this.overlay.value = null;
  }

  /** @param {string} id */
  #rename(id) {
    this.#became = null;
    history.replaceState(null, "", `#/c/${encodeURIComponent(id)}`);
    this.value = parse();
  }

  /** @param {string} hash */
  #go(hash) {
    this.overlay.value = null;
    if (hash === "#/") this.#became = null; // another new chat
    if (location.hash === hash || (hash === "#/" && !location.hash)) {
      this.value = parse();
    } else {
      location.hash = hash;
    }
  }
}

export const place = new PlaceState();
