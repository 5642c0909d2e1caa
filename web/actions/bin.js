/** `/bin`: what was deleted and can still come back. */

import { place } from "../state/place.js";

export const bin = () => place.screen("bin");
