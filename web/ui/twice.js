/** A button for what cannot be taken back: the first tap asks, the second one does it. */

const SURE = 4000;

/**
 * @param {HTMLElement} button
 * @param {string} sure what it says after the first tap
 * @param {() => unknown} run
 * @param {HTMLElement} [label] the part of the button that says it
 */
export function twice(button, sure, run, label = button) {
  const said = label.textContent;
  const name = button.getAttribute("aria-label");
  let timer = 0;
  const disarm = () => {
    clearTimeout(timer);
    timer = 0;
    label.textContent = said;
    if (name) button.setAttribute("aria-label", name);
  };
  button.addEventListener("blur", disarm);
  button.addEventListener("click", () => {
    if (timer) {
      disarm();
      run();
      return;
    }
    timer = setTimeout(disarm, SURE);
    label.textContent = sure;
    if (name) button.setAttribute("aria-label", `${name}: ${sure}`);
  });
}
