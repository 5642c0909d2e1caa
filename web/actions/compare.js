/** `/compare model model …` sends the next message to all of them; without models a list opens. */

import { arm } from "../state/comparison.js";
import { place } from "../state/place.js";

/** @param {string} argument */
export function compare(argument) {
  const wanted = [...new Set(argument.split(/[\s,]+/).filter(Boolean))];
  if (wanted.length < 2) place.open("compare", wanted);
  else arm(wanted);
}
