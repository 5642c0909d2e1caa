/** `/search [words]`: the screen that finds what was said. */

import { place } from "../state/place.js";

/** @param {string} words */
export const search = (words) => place.screen("search", words);
