/** Past prompts: narrowed by words, put into the prompt by a tap. */

import { ago } from "../lib/format.js";
import { element, html } from "../lib/html.js";
import { commands } from "../state/commands.js";
import { notices } from "../state/notices.js";
import { place } from "../state/place.js";
import { findPrompts } from "../state/prompts.js";

const PAUSE = 150;

export async function promptHistory() {
  const list = element`<div class="list" aria-live="polite"></div>`;
  const field = element`<label class="search"><span class="mark" aria-hidden="true">❯</span>
    <input type="search" placeholder="past prompts" aria-label="search past prompts" autocapitalize="none" autofocus maxlength="1000"></label>`;
  const input = /** @type {HTMLInputElement} */ (field.querySelector("input"));
  let asked = 0;
  const draw = async () => {
    const mine = ++asked;
    const prompts = await findPrompts(input.value);
    if (mine !== asked) return;
    const rows = prompts.map(row);
    list.replaceChildren(
      ...(rows.length ? rows : [element`<p class="meta muted">nothing that you wrote fits</p>`]),
    );
  };
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => draw().catch((error) => notices.fail(error)), PAUSE);
  });
  await draw();
  return html`${field}${list}`;
}

/** @param {import("../state/prompts.js").Prompt} prompt */
function row({ text, created_at }) {
  const line = element`<button type="button" class="item tall"><span class="magenta" aria-hidden="true">❯</span>
    <span class="two">${text.trim().split("\n", 1)[0]}<small>${ago(created_at)}</small></span><span></span></button>`;
  line.addEventListener("click", () => {
    place.close();
    commands.write(text);
  });
  return line;
}
