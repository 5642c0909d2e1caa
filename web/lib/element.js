/** What our custom elements share: light DOM, and listeners that end with the element. */

export class PageElement extends HTMLElement {
  /** @type {(() => void)[]} */
  #endings = [];

  disconnectedCallback() {
    for (const end of this.#endings.splice(0)) end();
  }

  /**
   * Runs when the element leaves the page.
   * @param {...(() => void)} endings
   */
  until(...endings) {
    this.#endings.push(...endings);
  }

  /**
   * Listens on something that outlives the element.
   * @param {EventTarget} target
   * @param {string} type
   * @param {(event: any) => void} listener
   * @param {AddEventListenerOptions} [options]
   */
  on(target, type, listener, options) {
    target.addEventListener(type, listener, options);
    this.until(() => target.removeEventListener(type, listener, options));
  }

  /**
   * The first element inside that matches; it has to be there.
   * @param {string} selector
   * @returns {any}
   */
  find(selector) {
    return this.querySelector(selector);
  }
}
