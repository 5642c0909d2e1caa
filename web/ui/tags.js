/** The tags of a conversation: those there are to tick, and new ones to write. */

import { element, html } from "../lib/html.js";
import { conversation } from "../state/conversation.js";
import { conversations } from "../state/conversations.js";
import { notices } from "../state/notices.js";
import { search } from "../state/search.js";

/** @param {string} id */
export async function tagEditor(id) {
  await search.loadTags();
  const list = element`<div class="list"></div>`;
  const form = element`<form class="search"><span aria-hidden="true">#</span>
    <input placeholder="new tag" aria-label="new tag" maxlength="40" autocapitalize="none" autocomplete="off" enterkeyhint="done">
    <button class="act">add</button></form>`;
  const input = /** @type {HTMLInputElement} */ (form.querySelector("input"));
  const mine = () =>
    (conversations.find(id) ?? (conversation.id.value === id ? conversation.info.value : null))?.tags ?? [];
  const change = async (/** @type {string[]} */ tags) => {
    try {
      await conversations.change(id, { tags });
      await search.loadTags();
      draw();
    } catch (error) {
      notices.fail(error);
    }
  };
  const draw = () => {
    const chosen = mine();
    const all = [...new Set([...chosen, ...search.tags.value.map(({ tag }) => tag)])];
    const rows = all.map((tag) => {
      const has = chosen.includes(tag);
      const row = element`<button type="button" class="item" role="checkbox" aria-checked="${String(has)}"><span class="green">${has ? "✓" : ""}</span><span>#${tag}</span><span></span></button>`;
      row.addEventListener("click", () =>
        change(has ? chosen.filter((one) => one !== tag) : [...chosen, tag]),
      );
      return row;
    });
    list.replaceChildren(...(rows.length ? rows : [element`<p class="meta muted">no tags yet</p>`]));
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const tag = input.value.trim();
    input.value = "";
    if (tag) change([...mine(), tag]);
  });
  draw();
  return html`${form}${list}`;
}
