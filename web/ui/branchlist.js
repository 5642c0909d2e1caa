/** The sheet of branches: the family as a tree with what each cost, and the versions within this conversation. */

import { cost, plural } from "../lib/format.js";
import { element, html } from "../lib/html.js";
import { style } from "../lib/style.js";
import { branches } from "../state/branches.js";
import { conversation } from "../state/conversation.js";
import { drawn } from "../state/kinship.js";
import { notices } from "../state/notices.js";
import { place } from "../state/place.js";

/** @typedef {import("../state/branches.js").Relative} Relative */

const EXCERPT = 60;

/** @param {string} id */
export async function branchList(id) {
  const [{ conversations: rows, figures }] = await Promise.all([
    branches.family(id),
    style(import.meta.resolve("./branches.css")),
  ]);
  const living = rows.filter((row) => !row.deleted).length;
  const known = new Set(rows.map((row) => row.id));
  const here = rows.find((row) => row.id === id);
  const sum = element`<p class="meta kin-sum"><span>${plural(living, "conversation")}</span><span class="green">${cost(figures)}</span></p>`;
  return html`
    <section class="box cyan kin"><h2>branches</h2>
      ${drawn(rows).map(({ row, stem }) => relative(row, stem, row.id === id, known))}
      ${sum}
      ${here?.inherited && element`<p class="muted">${plural(here.inherited.messages, "message")} came along from before, paid for there: ${cost(here.inherited.figures)}</p>`}
    </section>
    ${id === conversation.id.value && versions()}`;
}

/** @param {Relative} row @param {string} stem @param {boolean} here @param {Set<string>} known */
function relative(row, stem, here, known) {
  const orphan = row.parent_id && !known.has(row.parent_id);
  const below = row.deleted
    ? "in the bin"
    : [orphan && "parent deleted", row.excerpt && `after “${row.excerpt.slice(0, EXCERPT)}”`]
        .filter(Boolean)
        .join(" · ");
  const line = element`<button type="button" class="item tall relative" ${here ? "aria-current" : "data-row"}="true">
    <span class="stem faint" aria-hidden="true">${stem}</span>
    <span class="two"><span class="name ${row.deleted ? "muted" : ""}">${row.title || "new chat"}</span>
      ${below && element`<small>${below}</small>`}</span>
    <span class="green">${cost(row.figures)}</span></button>`;
  const button = /** @type {HTMLButtonElement} */ (line);
  button.disabled = row.deleted;
  button.addEventListener("click", () => {
    place.close();
    place.chat(row.id);
  });
  return line;
}

/** Where a prompt or a reply on the screen has other versions. */
function versions() {
  const forks = conversation.path.value
    .map((id) => conversation.messages.get(id))
    .filter((row) => row && (row.siblings?.ids.length ?? 1) > 1);
  if (!forks.length) return null;
  return element`<section class="box kin"><h2>versions here</h2>${forks.map((row) => version(/** @type {any} */ (row)))}</section>`;
}

/** @param {import("../state/message.js").Message} row */
function version(row) {
  const { ids, index } = row.siblings ?? { ids: [row.id], index: 0 };
  const text = row.text.replace(/\s+/g, " ").trim().slice(0, EXCERPT) || "empty";
  const line = element`<p class="version"><span class="${row.role === "user" ? "magenta" : "muted"}" aria-hidden="true">${row.role === "user" ? "❯" : "◂"}</span>
    <span class="line">${text}</span>
    <span class="turner"><button type="button" class="tool" aria-label="previous version">‹</button><span>${index + 1}/${ids.length}</span><button type="button" class="tool" aria-label="next version">›</button></span></p>`;
  const [back, on] = line.querySelectorAll("button");
  back.disabled = index === 0;
  on.disabled = index === ids.length - 1;
  const turn = (/** @type {number} */ step) => () => {
    place.close();
    conversation.turnTo(ids[index + step]).catch((error) => notices.fail(error));
  };
  back.addEventListener("click", turn(-1));
  on.addEventListener("click", turn(1));
  return line;
}
