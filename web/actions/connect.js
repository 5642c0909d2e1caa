/** `/connect`: how other programs use this server. */

import { place } from "../state/place.js";

export const connect = () => place.screen("connect");
