/** Who made the tries of a turn that are not shown. */

import { get } from "../lib/request.js";
import { Signal } from "../lib/signal.js";

class Tries {
  /** The models by the messages' ids; null while that is asked, and where it cannot be had. */
  known = new Signal(/** @type {Map<string, string | null>} */ (new Map()));

  /** @param {string} id */
  model(id) {
    if (!this.known.value.has(id)) {
      this.known.value.set(id, null);
      get(`/api/messages/${id}`).then(
        ({ model }) => {
          this.known.value.set(id, model);
          this.known.notify();
        },
        () => {},
      );
    }
    return this.known.value.get(id);
  }
}

export const tries = new Tries();
