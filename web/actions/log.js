/** `/log`: every call, one by one. */

import { place } from "../state/place.js";

export const log = () => place.screen("log");
