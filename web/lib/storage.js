/** localStorage as JSON, with memory behind it where the browser blocks it or it is full. */

/** @type {Map<string, unknown>} */
const memory = new Map();
const PREFIX = "llm-router:";

/**
 * @template T
 * @param {string} key
 * @param {T} missing
 * @returns {T}
 */
export function read(key, missing) {
  if (memory.has(key)) return /** @type {T} */ (memory.get(key));
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
    return false;
  }
}

/**
 * Tells when another tab wrote the key.
 * @param {string} key
 * @param {() => void} listener
 */
export function onOtherTab(key, listener) {
  window.addEventListener("storage", (event) => {
    if (event.key === PREFIX + key || event.key === null) listener();
  });
}
