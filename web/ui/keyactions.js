/** What can be done with a provider key. */

import { ago } from "../lib/format.js";
import { element, html } from "../lib/html.js";
import { icon } from "../lib/icons.js";
import { keys } from "../state/keys.js";
import { notices } from "../state/notices.js";
import { place } from "../state/place.js";
import { item } from "./sheet.js";
import { twice } from "./twice.js";

/** @typedef {import("../state/keys.js").Key} Key */

/** @param {Key} key */
export function keyActions(key) {
  const { status, message } = keys.state(key);
  const told = message ?? { ok: "works", untested: "not tested yet", failed: "failed" }[status];
  const when = key.checked_at ? ` · ${ago(key.checked_at)}` : "";
  const test = item(icon("refresh"), "test", "asks for the models", () => run(key));
  const remove = element`<button type="button" class="item red"><span>${icon("trash")}</span><span>delete</span><span class="muted">cannot be undone</span></button>`;
  twice(remove, "really delete", () => erase(key), /** @type {HTMLElement} */ (remove.children[1]));
  const here = element`<p class="meta muted">kept in this browser only, and sent along with what asks a model: a reply that goes on later, or from another device, needs it again</p>`;
  const whose = element`<p class="meta muted">it came with the server's own settings, and is changed there</p>`;
  return {
    title: `key of ${key.provider}`,
    content: html`<p class="meta muted">${key.provider} · ${keys.name(key)} · <span class="${status === "failed" ? "red" : ""}">${told}</span>${when}</p>
      ${test}${key.owner === "device" ? here : ""}${key.editable ? order(key) : ""}${key.editable ? remove : whose}`,
  };
}

/** Which of several keys of one provider is asked when. @param {Key} key */
function order(key) {
  const beside = keys.beside(key);
  const at = beside.findIndex(({ id }) => id === key.id);
  const shared = beside.some(({ id, position }) => id !== key.id && position === key.position);
  const moved = (/** @type {Promise<void>} */ done) =>
    done
      .then(() => notices.say(`${keys.name(key)}: ${keys.turn(current(key))}`))
      .catch((error) => notices.fail(error));
  const earlier = item("▴", "ask earlier", "before the other keys", () => moved(keys.move(key, -1)));
  const later = item("▾", "ask later", "when the others rest", () => moved(keys.move(key, 1)));
  const share = item("═", "share the work", "one conversation stays with one key", () =>
    moved(keys.share(key)),
  );
  const weight = element`<label class="field">weight, beside the others<input name="weight" type="number" min="1" max="1000" value="${String(key.weight)}"></label>`;
  const input = /** @type {HTMLInputElement} */ (weight.querySelector("input"));
  input.addEventListener("change", () => {
    if (input.reportValidity()) moved(keys.weigh(key, Number(input.value)));
  });
  if (beside.length < 2) return "";
  return html`<p class="meta muted">${keys.turn(key)}</p>
    ${at > 0 || shared ? earlier : ""}${at < beside.length - 1 || shared ? later : ""}${shared ? weight : share}`;
}

/** As it is now. @param {Key} key */
const current = (key) => keys.listing.value.keys.find(({ id }) => id === key.id) ?? key;

/** @param {Key} key */
async function run(key) {
  notices.say(`${key.provider}: testing…`);
  try {
    const { ok, message, models } = await keys.test(key.id);
    if (ok) notices.say(`${key.provider}: it works, ${models} models`);
    else notices.say(`${key.provider}: ${message}`, "error");
  } catch (error) {
    notices.fail(error);
  }
}

/** @param {Key} key */
async function erase(key) {
  place.close();
  try {
    await keys.delete(key.id);
    notices.say(`${key.provider}: key deleted`);
  } catch (error) {
    notices.fail(error);
  }
}
