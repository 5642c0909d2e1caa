/** Choosing two to four models for one prompt: what is typed goes to them, or what is typed next. */

import { price } from "../lib/format.js";
import { element, html, set } from "../lib/html.js";
import { style } from "../lib/style.js";
import { arm, MOST } from "../state/comparison.js";
import { conversation } from "../state/conversation.js";
import { rank } from "../state/match.js";
import { models } from "../state/models.js";
import { notices } from "../state/notices.js";
import { place } from "../state/place.js";

/** @param {string[]} [wanted] models that were named already */
export async function comparePicker(wanted = []) {
  await style(import.meta.resolve("./compare.css"));
  const { models: listed, routes = [], default: standard } = models.listing.value;
  const offered = [
    ...listed.map((model) => ({ id: model.id, title: model.title, detail: cost(model) })),
    ...routes.map(({ id, title }) => ({ id, title: "", detail: title })),
  ];
  const current = conversation.info.value?.model ?? conversation.planned.value.model ?? standard;
  const known = new Set(offered.map(({ id }) => id));
  const picked = new Set([...(wanted.length ? wanted : [current])].filter((id) => known.has(id)));

  const search = element`<label class="search"><span class="mark" aria-hidden="true">❯</span>
    <input type="search" placeholder="model" aria-label="search models" autocapitalize="none" spellcheck="false"></label>`;
  const list = element`<div class="list" role="group" aria-label="models to compare"></div>`;
  const done = /** @type {HTMLButtonElement} */ (element`<button type="button" class="primary"></button>`);

  const count = () => {
    const ready = picked.size >= 2;
    const verb = prompt().text ? "send to" : "next message to";
    set(done, {
      disabled: !ready,
      textContent: ready ? `${verb} ${picked.size} models` : "choose two to four models",
    });
    for (const box of list.querySelectorAll("input"))
      box.disabled = picked.size >= MOST && !picked.has(box.value);
  };
  const draw = () => {
    const query = /** @type {HTMLInputElement} */ (search.querySelector("input")).value.trim();
    const found = rank(offered, query, ({ id, title }) => [id, title]);
    list.replaceChildren(...found.map(({ item }) => row(item, picked, count)));
    count();
  };
  search.addEventListener("input", draw);
  done.addEventListener("click", () => {
    place.close();
    try {
      arm([...picked]);
      prompt().send();
    } catch (error) {
      notices.fail(error);
    }
  });
  draw();
  return html`${search}${list}<p class="compared-by">${done}</p>`;
}

/**
 * @param {{id: string, detail: string}} model
 * @param {Set<string>} picked
 * @param {() => void} changed
 */
function row({ id, detail }, picked, changed) {
  const { glyph, colour } = models.tier(id);
  const label = element`<label class="item tall"><input type="checkbox" value="${id}" aria-label="${id}">
    <span class="two"><span class="${colour}" aria-hidden="true">${glyph}</span> ${id}<small>${detail}</small></span></label>`;
  const box = /** @type {HTMLInputElement} */ (label.querySelector("input"));
  box.checked = picked.has(id);
  box.addEventListener("change", () => {
    if (box.checked) picked.add(id);
    else picked.delete(id);
    changed();
  });
  return label;
}

/** @param {import("../state/models.js").Model} model */
const cost = (model) =>
  model.demo ? "demo, not an AI" : `${price(model.input_price)} in · ${price(model.output_price)} out`;

/** What is typed now, and how it is sent. */
function prompt() {
  const element = /** @type {import("./prompt.js").ChatPrompt | null} */ (
    document.querySelector("chat-prompt")
  );
  const text = element?.area.value.trim() ?? "";
  return { text, send: () => (text ? element?.submit() : element?.area.focus()) };
}
