/** `/keys`: the provider keys. */

import { place } from "../state/place.js";

export const keys = () => place.screen("settings");
