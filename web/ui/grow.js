/** A field that is as high as its text, up to eight lines; what is longer scrolls in it. */

const MOST_LINES = 8;

/**
 * The form keeps its height while the text is measured, or the transcript would move.
 * @param {HTMLTextAreaElement} area
 */
export function grow(area) {
  const form = /** @type {HTMLElement} */ (area.parentElement);
  const line = Number.parseFloat(getComputedStyle(area).lineHeight);
  form.style.minHeight = `${form.offsetHeight}px`;
  area.style.height = "0";
  const lines = Math.min(MOST_LINES, Math.max(1, Math.round((area.scrollHeight - line) / line)));
  area.style.height = `${(lines + 1) * line}px`;
  area.style.overflowY = lines < MOST_LINES ? "hidden" : "auto";
  form.style.minHeight = "";
}
