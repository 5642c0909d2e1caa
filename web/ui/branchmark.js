/** Below a message, where a branch left from it and where this conversation came from; fetched where there are any. */

import { element } from "../lib/html.js";
import { style } from "../lib/style.js";
import { conversation } from "../state/conversation.js";
import { markWith } from "./message.js";

/** @typedef {{before: string, title: string, address: string}} Mark */

/** @param {string} id @param {string | null} [message] */
const address = (id, message) => `#/c/${id}${message ? `/${message}` : ""}`;

/** @param {string} id of a message @returns {Mark[]} */
function marksAt(id) {
  const info = conversation.info.value;
  if (!info) return [];
  const out = (info.branches ?? []).filter((branch) => branch.message_id === id);
  /** @type {Mark[]} */
  const marks = out.map((branch, index) => ({
    before: `${index === out.length - 1 ? "└─" : "├─"} branch: `,
    title: branch.title || "new chat",
    address: address(branch.id),
  }));
  const { parent, inherited } = info;
  if (parent && inherited?.message_id === id) {
    const name = parent.title ? `“${parent.title}”` : "a conversation";
    marks.unshift(
      parent.deleted
        ? { before: `┌─ branched from ${name}: parent deleted`, title: "", address: "" }
        : {
            before: "┌─ branched from ",
            title: parent.title || "new chat",
            address: address(parent.id, parent.message_id),
          },
    );
  }
  return marks;
}

/** @param {HTMLElement} node @param {string} id */
function draw(node, id) {
  const marks = marksAt(id);
  const shown = node.querySelectorAll(":scope > .branch-mark");
  if (!marks.length && !shown.length) return;
  const key = JSON.stringify(marks);
  if (shown.length === marks.length && node.dataset.marks === key) return;
  node.dataset.marks = key;
  for (const one of shown) one.remove();
  node.append(
    ...marks.map(({ before, title, address }) => {
      const line = element`<p class="branch-mark">${before}${title && element`<a>${title}</a>`}</p>`;
      line.querySelector("a")?.setAttribute("href", address);
      return line;
    }),
  );
}

let before = "";

function follow() {
  const info = conversation.info.value;
  const marked = [...(info?.branches ?? []).map((one) => one.message_id), info?.inherited?.message_id];
  const now = JSON.stringify([info?.branches, info?.parent, info?.inherited?.message_id]);
  if (now === before) return;
  before = now;
  for (const id of new Set([...marked, ...drawnAt])) if (id) redraw(id);
  drawnAt = marked;
}

/** @param {string} id */
function redraw(id) {
  if (conversation.changed.value === id) conversation.changed.notify();
  else conversation.changed.value = id;
}

/** Where marks stood before: they may have to go. @type {(string | null | undefined)[]} */
let drawnAt = [];

style(import.meta.resolve("./branches.css")) // they are readable without it
  .then(() => {
    markWith(draw);
    conversation.info.watch(follow);
  });
