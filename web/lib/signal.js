/** A value that tells whoever listens when it changes. */

/** @template T */
export class Signal {
  #value;
  /** @type {Set<(value: T) => void>} */
  #listeners = new Set();

  /** @param {T} value */
  constructor(value) {
    this.#value = value;
  }

  get value() {
    return this.#value;
  }

  set value(value) {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    this.notify();
  }

  /** For values that changed inside. */
  notify() {
    for (const listener of [...this.#listeners]) listener(this.#value);
  }

  /**
   * Calls back on every change, not for the present value.
   * @param {(value: T) => void} listener
   * @returns {() => void} stops it
   */
  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Calls back now and on every change.
   * @param {(value: T) => void} listener
   */
  watch(listener) {
    listener(this.#value);
    return this.listen(listener);
  }
}
