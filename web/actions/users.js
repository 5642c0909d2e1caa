/** `/users`: the people of this server. */

import { place } from "../state/place.js";

export const users = () => place.screen("users");
