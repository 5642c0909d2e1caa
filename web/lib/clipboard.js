/** Copying text, also on plain HTTP where there is no clipboard API. */

/**
 * @param {string} text
 * @returns {Promise<boolean>} false when the browser refused both ways
 */
export async function copy(text) {
  if (window.isSecureContext && navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Refused, for example without focus: the older way may still be allowed.
    }
  }
  return copySelected(text);
}

/** @param {string} text */
function copySelected(text) {
  const area = document.createElement("textarea");
  area.value = text;
  area.readOnly = true; // keeps the phone's keyboard closed
  area.className = "offscreen";
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  const host = document.querySelector("dialog[open]") ?? document.body; // a modal dialog makes the rest inert
  host.append(area);
  area.select();
  area.setSelectionRange(0, text.length);
  let done = false;
  try {
    done = document.execCommand("copy");
  } catch {
    done = false;
  }
  area.remove();
  focused?.focus({ preventScroll: true });
  return done;
}
