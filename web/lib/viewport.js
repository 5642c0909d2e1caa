/** Follows the visible part of the screen where the browser lays the keyboard over the page instead of resizing it. */

const root = document.documentElement;

function fit() {
  const view = window.visualViewport;
  if (!view || view.scale > 1.01) return;
  const covered = window.innerHeight - view.height;
  if (covered > 1 && document.activeElement?.matches("input, textarea")) {
    root.style.setProperty("--visible-height", `${view.height}px`);
    if (view.offsetTop > 0) window.scrollTo(0, 0);
  } else {
    root.style.removeProperty("--visible-height");
  }
}

/** WebKit reports a resize before the height is right, hence the frame. */
const later = () => requestAnimationFrame(fit);

export function followViewport() {
  window.visualViewport?.addEventListener("resize", later);
  window.visualViewport?.addEventListener("scroll", later);
  document.addEventListener("focusin", later);
  document.addEventListener("focusout", later);
  document.addEventListener("visibilitychange", () => {
    // A keyboard that was open when the page was left is gone when it comes back, without any event.
    if (document.hidden) /** @type {HTMLElement | null} */ (document.activeElement)?.blur();
    else later();
  });
}
