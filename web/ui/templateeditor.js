/** The sheet in which a template is written, changed and deleted. */

import { element } from "../lib/html.js";
import { icon } from "../lib/icons.js";
import { style } from "../lib/style.js";
import { uuid } from "../lib/uuid.js";
import { notices } from "../state/notices.js";
import { place } from "../state/place.js";
import { templates } from "../state/templates.js";

/** @typedef {import("../state/templates.js").Template} Template */

/** @param {Partial<Template>} about with an `id` that one is changed, else a new one begins with what is there */
export async function templateEditor(about) {
  await style(import.meta.resolve("./editor.css"));
  const client_id = uuid();
  const form = /** @type {HTMLFormElement} */ (
    element`<form class="editor" autocomplete="off">
      <label class="field">name<input name="name" maxlength="60" required autocapitalize="none"></label>
      <label class="field">what it is for<input name="description" maxlength="200" autocapitalize="none"></label>
      <label class="field">text<textarea name="text" rows="8" required></textarea></label>
      <p class="hint muted">what stands in {{two braces}} is asked for when the template is used</p>
      <p class="problem" role="alert"></p>
      <p class="buttons"><button class="primary">save</button></p></form>`
  );
  const field = (/** @type {string} */ name) =>
    /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
  for (const name of /** @type {const} */ (["name", "description", "text"]))
    field(name).value = about?.[name] ?? "";
  field(about?.id ? "text" : "name").setAttribute("autofocus", "");
  if (about?.id) {
    const button = element`<button type="button" class="act red" aria-label="delete this template">${icon("trash")} delete</button>`;
    button.addEventListener("click", () => removeTemplate(/** @type {Template} */ (about)));
    form.querySelector(".buttons")?.append(button);
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const content = {
      name: field("name").value,
      description: field("description").value,
      text: field("text").value,
    };
    const problem = /** @type {HTMLElement} */ (form.querySelector(".problem"));
    problem.textContent = "";
    notices.dismiss();
    try {
      if (about?.id) await change(/** @type {Template} */ (about), content);
      else await create(content, client_id);
      place.close();
    } catch (error) {
      problem.textContent = /** @type {Error} */ (error).message;
    }
  });
  return form;
}

/** @param {() => Promise<unknown>} work */
const undo = (work) => ({ label: "undo", run: () => work().catch((error) => notices.fail(error)) });

/** @param {import("../state/templates.js").Content} content @param {string} client_id */
async function create(content, client_id) {
  const made = await templates.create(content, client_id);
  notices.say(
    `template “${made.name}” saved`,
    "ok",
    undo(() => templates.delete(made.id)),
  );
}

/** @param {Template} before @param {import("../state/templates.js").Content} content */
async function change(before, content) {
  await templates.change(before.id, content);
  const { name, description, text } = before;
  notices.say(
    "template changed",
    "ok",
    undo(() => templates.change(before.id, { name, description, text })),
  );
}

/** @param {Template} template */
async function removeTemplate({ id, name }) {
  place.close();
  try {
    await templates.delete(id);
    notices.say(
      `template “${name}” deleted`,
      "ok",
      undo(() => templates.restore(id)),
    );
  } catch (error) {
    notices.fail(error);
  }
}
