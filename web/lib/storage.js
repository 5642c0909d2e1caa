/** localStorage as JSON, with memory behind it where the browser blocks it or it is full. */

import { Signal } from "./signal.js";

/** @type {Map<string, unknown>} */
const memory = new Map();
const PREFIX = "llm-router:";

/** False once something could not be stored: from then on it lives in this page alone. */
export const durable = new Signal(true);
/** The account whose drafts and messages these are; nothing of one is ever read for another. */
export const owner = new Signal("");

/** A key of the account that is signed in. @param {string} key */
export const own = (key) => `${key}:${owner.value}`;

/**
 * @template T
 * @param {string} key
 * @param {T} missing
 * @returns {T}
 */
export function read(key, missing) {
  if (memory.has(key)) return /** @type {T} */ (memory.get(key) ?? missing);
  try {
    const text = localStorage.getItem(PREFIX + key);
    return text === null ? missing : JSON.parse(text);
  } catch {
    return missing;
  }
}

/**
 * @param {string} key
 * @param {unknown} value null and undefined remove it
 * @returns {boolean} whether it will survive a reload
 */
export function write(key, value) {
  try {
    if (value === null || value === undefined) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, JSON.stringify(value));
    memory.delete(key);
    return true;
  } catch {
    memory.set(key, value);
    durable.value = false;
    return false;
  }
}

/**
 * Tells when another tab wrote the key.
 * @param {() => string} key
 * @param {() => void} listener
 */
export function onOtherTab(key, listener) {
  window.addEventListener("storage", (event) => {
    if (event.key === PREFIX + key() || event.key === null) listener();
  });
}
