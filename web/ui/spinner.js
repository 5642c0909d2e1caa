/** `⠹`: something is going on. All spinners turn together, and stand still where motion is not wanted. */

import { PageElement } from "../lib/element.js";

const FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
const still = matchMedia("(prefers-reduced-motion: reduce)");
/** @type {Set<BusySpinner>} */
const turning = new Set();
let timer = 0;

function turn() {
  const frame = still.matches ? "⠹" : FRAMES[Math.floor(Date.now() / 100) % FRAMES.length];
  for (const spinner of turning) if (spinner.textContent !== frame) spinner.textContent = frame;
}

export class BusySpinner extends PageElement {
  connectedCallback() {
    this.setAttribute("aria-hidden", "true");
    turning.add(this);
    if (turning.size === 1) timer = setInterval(turn, 100);
    turn();
    this.until(() => {
      turning.delete(this);
      if (!turning.size) clearInterval(timer);
    });
  }
}

customElements.define("busy-spinner", BusySpinner);
