/**
 * The scroll contract: `following` or `reading`, a state that only the reader's own movement changes. Our own writes are
 * recognised by the position written, never by time.
 */

import { firstBelow } from "./below.js";

const NEAR = 60;
const NUDGE = 3;
const TRAVEL = 10;
const LINE = 24;
const UP_KEYS = new Set(["ArrowUp", "PageUp", "Home"]);

/** @typedef {{parent: Element, index: number, element: Element, top: number}} Anchor */

export class ScrollKeeper {
  following = true;
  #scroller;
  #content;
  #changed;
  #isWhole;
  #written = 0;
  #last = 0;
  #pulled = 0;
  #downward = false;
  #touch = /** @type {{y: number, travelled: boolean} | null} */ (null);
  #anchor = /** @type {Anchor | null} */ (null);
  #sizes = new ResizeObserver(() => this.#resized());

  /**
   * @param {HTMLElement} scroller
   * @param {HTMLElement} content whose children are what is read
   * @param {() => void} changed the state or the distance changed
   * @param {() => boolean} isWhole whether the end of the content is the end of all there is
   */
  constructor(scroller, content, changed, isWhole) {
    this.#scroller = scroller;
    this.#content = content;
    this.#changed = changed;
    this.#isWhole = isWhole;
    scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    scroller.addEventListener("wheel", (event) => this.#wheel(event), { passive: true });
    scroller.addEventListener("keydown", (event) => this.#key(event));
    scroller.addEventListener("touchstart", (event) => this.#down(event), { passive: true });
    scroller.addEventListener("touchmove", (event) => this.#move(event), { passive: true });
    for (const type of ["touchend", "touchcancel"])
      scroller.addEventListener(type, () => this.#up(), { passive: true });
    this.#sizes.observe(scroller);
    this.#sizes.observe(content);
  }

  end() {
    this.#sizes.disconnect();
  }

  /** How far the end is below what is seen. */
  get distance() {
    return this.#bottom - this.#scroller.scrollTop;
  }

  get #bottom() {
    return Math.max(0, this.#scroller.scrollHeight - this.#scroller.clientHeight);
  }

  /** Goes to the end and stays there: after sending, or a tap on `▼ latest`. */
  follow() {
    this.#set(true);
    this.settle();
  }

  /** Stays where the reader is, who asked to see something here. */
  read() {
    if (this.#bottom > 0) this.#set(false);
  }

  /** Puts an element where the reader looks, who asked for it. @param {HTMLElement} element @param {number} top in the window */
  bring(element, top) {
    this.read();
    this.#write(this.#scroller.scrollTop + element.getBoundingClientRect().top - top);
    if (!this.following) this.#anchor = this.#find();
    this.#changed();
  }

  /** After the content grew: a follower stays at the end, a reader where they are. */
  settle() {
    if (this.following && !this.#touch) this.#write(this.#bottom);
  }

  /** Changes what is above or around the reader without moving what they look at. @param {() => void} change */
  hold(change) {
    if (!this.following) this.#anchor = this.#find();
    change();
    if (this.following) this.settle();
    else this.#restore();
  }

  /** @param {number} top */
  #write(top) {
    this.#scroller.scrollTop = top;
    this.#written = this.#scroller.scrollTop;
    this.#last = this.#written;
  }

  #scrolled() {
    const top = this.#scroller.scrollTop;
    const moved = top - this.#last;
    this.#last = top;
    if (Math.abs(top - this.#written) < 1) return;
    this.#downward = moved > 0;
    this.#written = -1;
    const clamped = top >= this.#bottom - 1; // content that shrank pulls the position with it
    if (this.following && moved <= -NUDGE && !clamped) this.#set(false);
    else if (!this.following && moved > 0 && !this.#touch) this.#reach(NEAR);
    if (!this.following) this.#anchor = this.#find();
    this.#changed();
  }

  /** @param {WheelEvent} event */
  #wheel({ deltaY, deltaMode, ctrlKey }) {
    const pixels = deltaY * (deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : LINE);
    this.#pulled = pixels < 0 ? this.#pulled - pixels : 0; // a slow hand on a trackpad moves a pixel at a time
    if (this.#pulled >= NUDGE && this.#scroller.scrollTop > 0 && !ctrlKey) this.#set(false);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const up = UP_KEYS.has(event.key) || (event.key === " " && event.shiftKey);
    if (up && this.#scroller.scrollTop > 0) this.#set(false);
  }

  /** @param {TouchEvent} event */
  #down(event) {
    this.#touch = { y: event.touches[0].clientY, travelled: false };
  }

  /** @param {TouchEvent} event */
  #move(event) {
    if (!this.#touch || this.#touch.travelled) return;
    if (Math.abs(event.touches[0].clientY - this.#touch.y) < TRAVEL) return;
    this.#touch.travelled = true;
    this.read();
  }

  #up() {
    const travelled = this.#touch?.travelled;
    this.#touch = null;
    if (travelled) this.#reach(this.#downward ? NEAR : 1);
    this.settle();
  }

  /** Follows again where the reader came this near to the end. @param {number} near */
  #reach(near) {
    if (this.distance <= near && this.#isWhole()) this.#set(true);
  }

  /** A keyboard, a rotation or late content: the follower follows, the reader's line stays where it is. */
  #resized() {
    if (this.following) this.settle();
    else this.#restore();
    this.#changed();
  }

  /** The first thing that is seen, and where it stands. @returns {Anchor | null} */
  #find() {
    const edge = this.#scroller.getBoundingClientRect().top;
    const message = firstBelow(this.#content.children, edge);
    const part = message && firstBelow(message.children, edge);
    const element = (part && firstBelow(part.children, edge)) ?? part ?? message;
    const parent = element?.parentElement;
    if (!parent) return null;
    const index = [...parent.children].indexOf(element);
    return { parent, index, element, top: element.getBoundingClientRect().top - edge };
  }

  /** What was looked at may have been drawn anew meanwhile; then its place tells which it is. */
  #restore() {
    const anchor = this.#anchor;
    if (!anchor?.parent.isConnected) return;
    if (!anchor.element.isConnected) anchor.element = anchor.parent.children[anchor.index];
    if (!anchor.element) return;
    const edge = this.#scroller.getBoundingClientRect().top;
    const moved = anchor.element.getBoundingClientRect().top - edge - anchor.top;
    if (Math.abs(moved) >= 0.5) this.#write(this.#scroller.scrollTop + moved);
  }

  /** @param {boolean} following */
  #set(following) {
    if (following !== this.following) {
      this.following = following;
      this.#pulled = 0;
      this.#anchor = following ? null : this.#find();
    }
    this.#changed();
  }
}
