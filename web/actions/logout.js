/** `/logout`: signs this device out; drafts and unsent messages of this account go with it. */

import { session } from "../state/session.js";

export const logout = () => session.logout();
