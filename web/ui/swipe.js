/** A swipe from the left edge, and one back; every place it reaches has a button too. */

const EDGE = 24;
const FAR = 48;

/**
 * @param {HTMLElement} element
 * @param {{right: () => void, left: () => void}} directions
 */
export function swipe(element, { right, left }) {
  let start = /** @type {{x: number, y: number, edge: boolean} | null} */ (null);
  element.addEventListener(
    "touchstart",
    (event) => {
      const { clientX: x, clientY: y } = event.touches[0];
      const inDrawer = /** @type {Element} */ (event.target).closest("side-drawer, .scrim");
      start = event.touches.length === 1 && (x < EDGE || inDrawer) ? { x, y, edge: x < EDGE } : null;
    },
    { passive: true },
  );
  element.addEventListener(
    "touchend",
    (event) => {
      if (!start) return;
      const { clientX: x, clientY: y } = event.changedTouches[0];
      const dx = x - start.x;
      if (Math.abs(dx) > FAR && Math.abs(dx) > 2 * Math.abs(y - start.y)) {
        if (dx > 0 && start.edge) right();
        if (dx < 0) left();
      }
      start = null;
    },
    { passive: true },
  );
}
