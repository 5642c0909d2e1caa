/** `/usage [range]`: what was spent and on what. */

import { place } from "../state/place.js";

/** @param {string} range */
export const usage = (range) => place.screen("usage", range);
