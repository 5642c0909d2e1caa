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
  const whose = element`<p class="meta muted">it came with the server's own settings, and is changed there</p>`;
  return {
    title: `key of ${key.provider}`,
    content: html`<p class="meta muted">${key.provider} · ${keys.name(key)} · <span class="${status === "failed" ? "red" : ""}">${told}</span>${when}</p>
      ${test}${key.editable ? remove : whose}`,
  };
}

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
