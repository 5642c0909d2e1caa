/** The sheet that asks for a template's variables and puts the text into the prompt. */

import { element } from "../lib/html.js";
import { style } from "../lib/style.js";
import { notices } from "../state/notices.js";
import { place } from "../state/place.js";
import { templates } from "../state/templates.js";

/** @typedef {import("../state/templates.js").Template} Template */

const LONG = /text|code|message|facts|options/i; // what is rather pasted than typed

/** @param {string} id */
export async function templateForm(id) {
  const [template] = await Promise.all([templates.find(id), style(import.meta.resolve("./editor.css"))]);
  if (!template) throw new Error("this template is not there any more");
  const fields = template.variables.map((name) => {
    const field = element`<label class="field">${name}<textarea rows="${LONG.test(name) ? 4 : 1}" required></textarea></label>`;
    /** @type {HTMLTextAreaElement} */ (field.querySelector("textarea")).name = name;
    return field;
  });
  fields[0]?.querySelector("textarea")?.setAttribute("autofocus", "");
  const form = /** @type {HTMLFormElement} */ (
    element`<form class="editor"><p class="meta muted">${template.name}</p><div class="whole">${whole(template.text)}</div>
      ${fields}<p class="problem" role="alert"></p><button class="primary">insert</button></form>`
  );
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const areas = [...form.querySelectorAll("textarea")];
    const problem = /** @type {HTMLElement} */ (form.querySelector(".problem"));
    problem.textContent = "";
    try {
      await templates.use(template, Object.fromEntries(areas.map((area) => [area.name, area.value])));
      place.close();
    } catch (error) {
      problem.textContent = /** @type {Error} */ (error).message;
    }
  });
  return form;
}

/** The text with its variables marked. @param {string} text */
function whole(text) {
  return text
    .split(/(\{\{[^{}\n]*\}\})/)
    .map((piece) =>
      piece.startsWith("{{") && piece.endsWith("}}")
        ? element`<b>${piece}</b>`
        : document.createTextNode(piece),
    );
}

/** Uses a template: at once where it asks for nothing. @param {Template} template */
export function useTemplate(template) {
  if (template.variables.length) place.open("template", template.id);
  else templates.use(template).catch((error) => notices.fail(error));
}
