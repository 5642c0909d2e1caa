/**
 * The scroll contract: `following` or `reading`, a state that only the reader's own movement changes. Our own writes are
 * recognised by the position written, never by time.
 */

const NEAR = 60;
const NUDGE = 3;
const TRAVEL = 10;
const UP_KEYS = new Set(["ArrowUp", "PageUp", "Home"]);

export class ScrollKeeper {
  following = true;
  #scroller;
  #content;
  #changed;
  #written = 0;
  #last = 0;
  #width = 0;
  #downward = false;
  #touch = /** @type {{y: number, travelled: boolean} | null} */ (null);
  #anchor = /** @type {{element: Element, top: number} | null} */ (null);

  /**
   * @param {HTMLElement} scroller
   * @param {HTMLElement} content whose children are what is read
   * @param {() => void} changed the state or the distance changed
   */
  constructor(scroller, content, changed) {
    this.#scroller = scroller;
    this.#content = content;
    this.#changed = changed;
    scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    scroller.addEventListener("wheel", (event) => this.#wheel(event), { passive: true });
    scroller.addEventListener("keydown", (event) => this.#key(event));
    scroller.addEventListener("touchstart", (event) => this.#down(event), { passive: true });
    scroller.addEventListener("touchmove", (event) => this.#move(event), { passive: true });
    for (const type of ["touchend", "touchcancel"])
      scroller.addEventListener(type, () => this.#up(), { passive: true });
    const sizes = new ResizeObserver(() => this.#resized());
    sizes.observe(scroller);
    sizes.observe(content);
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

  /** After the content grew: a follower stays at the end, a reader where they are. */
  settle() {
    if (this.following && !this.#touch) this.#write(this.#bottom);
  }

  /** Changes what is above or around the reader without moving what they look at. @param {() => void} change */
  hold(change) {
    const anchor = this.following ? null : this.#find();
    change();
    if (anchor) this.#restore(anchor);
    else this.settle();
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
    else if (!this.following && moved > 0 && this.distance <= NEAR && !this.#touch) this.#set(true);
    if (!this.following) this.#anchor = this.#find();
    this.#changed();
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    if (event.deltaY <= -NUDGE && this.#scroller.scrollTop > 0 && !event.ctrlKey) this.#set(false);
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
    if (this.#bottom > 0) this.#set(false);
  }

  #up() {
    const travelled = this.#touch?.travelled;
    this.#touch = null;
    if (travelled && (this.distance <= 1 || (this.#downward && this.distance <= NEAR))) this.#set(true);
    this.settle();
  }

  /** A keyboard, a rotation or late content: the follower follows, the reader's line stays where it is. */
  #resized() {
    const width = this.#scroller.clientWidth;
    const turned = width !== this.#width;
    this.#width = width;
    if (this.following) this.settle();
    else if (turned && this.#anchor?.element.isConnected) this.#restore(this.#anchor);
    this.#changed();
  }

  /** The first thing that is seen, and where it stands. */
  #find() {
    const edge = this.#scroller.getBoundingClientRect().top;
    for (const child of this.#content.children) {
      const box = child.getBoundingClientRect();
      if (box.bottom <= edge || !box.height) continue;
      for (const block of child.querySelectorAll(".body > *")) {
        const inner = block.getBoundingClientRect();
        if (inner.bottom > edge) return { element: block, top: inner.top - edge };
      }
      return { element: child, top: box.top - edge };
    }
    return null;
  }

  /** @param {{element: Element, top: number}} anchor */
  #restore(anchor) {
    const edge = this.#scroller.getBoundingClientRect().top;
    const moved = anchor.element.getBoundingClientRect().top - edge - anchor.top;
    if (Math.abs(moved) >= 0.5) this.#write(this.#scroller.scrollTop + moved);
  }

  /** @param {boolean} following */
  #set(following) {
    if (following !== this.following) {
      this.following = following;
      this.#anchor = following ? null : this.#find();
    }
    this.#changed();
  }
}
