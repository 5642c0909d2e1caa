/** Glyph and colour of a model as the ledger names it, which the list of models may know with its provider or without. */

import { models } from "../state/models.js";

/** @param {string} provider @param {string} model */
export const tierOf = (provider, model) => models.tier(models.find(model) ? model : `${provider}/${model}`);
