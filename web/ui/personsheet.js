/** What an admin can do with one person, and what that person may use. */

import { ago } from "../lib/format.js";
import { element } from "../lib/html.js";
import { icon } from "../lib/icons.js";
import { style } from "../lib/style.js";
import { notices } from "../state/notices.js";
import { people } from "../state/people.js";
import { place } from "../state/place.js";
import { sent } from "./sending.js";
import { item } from "./sheet.js";
import { twice } from "./twice.js";

await style(import.meta.resolve("./people.css"));

/** @typedef {import("../state/people.js").Person} Person */

/** @param {Person} one */
export function personActions(one) {
  const disabled = one.state === "disabled";
  const seen = one.last_login_at ? `signed in ${ago(one.last_login_at)}` : "never signed in";
  const rows = [
    item(icon("robot"), "models and keys", one.models.join(" ") || "every model", () =>
      setTimeout(() => place.open("allowed", one)),
    ),
    item("$", "budgets", "what may be spent", () => setTimeout(() => place.open("budgets", { user: one }))),
  ];
  if (!one.legacy && !disabled)
    rows.unshift(
      item(icon("key"), "new password", "a link, ends sessions", () => run(() => people.link(one))),
    );
  if (!one.legacy)
    rows.push(
      item(icon("star"), one.role === "admin" ? "make a member" : "make an admin", "", () => swapRole(one)),
    );
  if (disabled) rows.push(item("✓", "enable", "lets them in again", () => turn(one, false)));
  else rows.push(item(icon("stop"), "disable", "ends sessions and keys", () => turn(one, true), "red"));
  if (!one.legacy) rows.push(erasing(one));
  return element`<div class="account"><p class="meta muted">${one.username} · ${disabled ? "disabled" : one.role} · since ${one.created_at.slice(0, 10)} · ${seen}</p>${rows}</div>`;
}

/** @param {Person} one */
export function allowedForm(one) {
  const usual = people.settings.own_keys ? "yes" : "no";
  const form = element`<form class="allowed" autocomplete="off">
    <label class="field">models of ${one.username}
      <input name="models" autofocus autocapitalize="none" spellcheck="false" placeholder="every one, or patterns: gpt-* ollama/*"></label>
    <label class="field">provider keys of their own
      <select name="own_keys"><option value="server">as the server says: ${usual}</option>
        <option value="yes">yes</option><option value="no">no, only the server's</option></select></label>
    <p class="problem" role="alert"></p><button class="primary">save</button></form>`;
  const field = (/** @type {string} */ name) => /** @type {any} */ (form.querySelector(`[name=${name}]`));
  field("models").value = one.models.join(" ");
  field("own_keys").value = one.own_keys;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const before = { models: one.models, own_keys: one.own_keys };
    const models = field("models")
      .value.split(/[\s,]+/)
      .filter(Boolean);
    const change = () => people.change(one.id, { models, own_keys: field("own_keys").value });
    if (!(await sent(form, change))) return;
    place.close();
    said(`saved for ${one.username}`, () => people.change(one.id, before));
  });
  return form;
}

/** @param {Person} one */
async function swapRole(one) {
  const role = one.role === "admin" ? "member" : "admin";
  await run(async () => {
    await people.change(one.id, { role });
    said(`${one.username} is ${role} now`, () => people.change(one.id, { role: one.role }));
  });
}

/** @param {Person} one @param {boolean} disabled */
async function turn(one, disabled) {
  await run(async () => {
    await people.change(one.id, { disabled });
    said(`${one.username} is ${disabled ? "signed out and stays out" : "let in again"}`, () =>
      people.change(one.id, { disabled: !disabled }),
    );
  });
}

/** What they wrote cannot come back, so it takes a second tap. @param {Person} one */
function erasing(one) {
  const row = element`<button type="button" class="item red"><span>${icon("trash")}</span><span>delete</span><span class="muted">with all they wrote</span></button>`;
  const label = /** @type {HTMLElement} */ (row.children[1]);
  const erase = async () => {
    place.close();
    await run(async () => {
      await people.delete(one.id);
      notices.say(`${one.username} is deleted; the ledger keeps the figures`);
    });
  };
  twice(row, `really delete ${one.username}`, erase, label);
  return row;
}

/** @param {string} text @param {() => Promise<unknown>} undo */
const said = (text, undo) => notices.say(text, "ok", { label: "undo", run: () => run(undo) });

/** @param {() => Promise<unknown>} work */
const run = (work) => work().catch((error) => notices.fail(error));
