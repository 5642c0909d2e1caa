/** What can be done with a message and with a conversation. */

import { element, html } from "../lib/html.js";
import { icon } from "../lib/icons.js";
import { goOnWriting, retry, stop } from "../state/answering.js";
import { commands } from "../state/commands.js";
import { conversation } from "../state/conversation.js";
import { conversations } from "../state/conversations.js";
import { copyOrShow } from "../state/copying.js";
import { isRunning } from "../state/message.js";
import { models } from "../state/models.js";
import { notices } from "../state/notices.js";
import { place } from "../state/place.js";
import { figures } from "./meta.js";
import { item } from "./sheet.js";

/** @param {() => Promise<unknown>} work */
const attempt = (work) => work().catch((error) => notices.fail(error));

/** @param {string} text */
async function copyText(text) {
  if (await copyOrShow(text)) notices.say("✓ copied");
}

/** @param {string} id */
export function messageActions(id) {
  const row = conversation.messages.get(id);
  if (!row) return null;
  const running = isRunning(row);
  const mine = row.role === "user";
  const { ids, index } = row.siblings ?? { ids: [row.id], index: 0 };
  const rows = [
    row.text && item(icon("copy"), "copy", "markdown", () => copyText(row.text)),
    item(
      icon(row.favorite ? "star" : "starOutline"),
      row.favorite ? "not a favourite" : "favourite",
      "",
      () =>
        import("./favourite.js")
          .then(({ mark }) => mark(id, !row.favorite))
          .catch((error) => notices.fail(error)),
    ),
    running && item(icon("stop"), "stop", "", () => attempt(() => stop(id)), "red"),
    !mine && !running && item(icon("refresh"), "retry", "new branch", () => attempt(() => retry(id))),
    !mine &&
      !running &&
      item(icon("fork"), "retry with…", "other model", () => setTimeout(() => place.open("model", id))),
    !running && item(icon("branch"), "branch from here", "new conversation", () => attempt(() => branch(id))),
    row.status === "interrupted" &&
      row.text &&
      item(icon("history"), "continue", "", () => attempt(() => goOnWriting(id))),
    row.attachments?.some((one) => one.width) &&
      item(icon("brain"), "change the picture", "/image", () => commands.write(`/image --edit ${id} `)),
    mine &&
      item(icon("edit"), "edit prompt", "new branch", () =>
        document.dispatchEvent(new CustomEvent("edit", { detail: row })),
      ),
    mine &&
      item(icon("text"), "save as template", "", () =>
        setTimeout(() => place.open("edit-template", { text: row.text })),
      ),
    !running &&
      item("⇩", "export", "up to here", () =>
        setTimeout(() => place.open("export", { id: row.conversation_id, leaf: id })),
      ),
    index > 0 &&
      item("‹", "previous version", `${index}/${ids.length}`, () =>
        attempt(() => conversation.turnTo(ids[index - 1])),
      ),
    index < ids.length - 1 &&
      item("›", "next version", `${index + 2}/${ids.length}`, () =>
        attempt(() => conversation.turnTo(ids[index + 1])),
      ),
  ];
  const tier = models.tier(row.model);
  const head = mine
    ? element`<p class="meta muted"><span class="mark" aria-hidden="true">❯</span> you</p>`
    : element`<p class="meta muted"><span class="${tier.colour}" aria-hidden="true">${tier.glyph}</span> ${figures(row)}</p>`;
  return { title: "message", content: html`${head}${rows.filter(Boolean)}` };
}

/** @param {string} message */
async function branch(message) {
  const { branches } = await import("../state/branches.js");
  const from = conversation.info.value?.title;
  const row = await branches.make(/** @type {string} */ (conversation.id.value), message);
  place.chat(row.id);
  notices.say(`branched from “${from || "this chat"}”`);
}

/** @param {string | null} id */
export function conversationActions(id) {
  const row = conversations.find(id) ?? (id === conversation.id.value ? conversation.info.value : null);
  const here = id === conversation.id.value;
  const rows = [
    row && item(icon("edit"), "rename", "", () => rename(row.id, row.title, here)),
    row &&
      item(
        icon(row.favorite ? "star" : "starOutline"),
        row.favorite ? "not a favourite" : "favourite",
        "",
        () => attempt(() => conversations.change(row.id, { favorite: !row.favorite })),
      ),
    row &&
      row.family > 1 &&
      item(icon("branch"), "branches", `${row.family}`, () =>
        setTimeout(() => place.open("branches", row.id)),
      ),
    here && item(icon("robot"), "system text", "", () => setTimeout(() => place.open("system"))),
    here && item(icon("text"), "templates", "", () => place.screen("templates")),
    here &&
      item("⋮", "compare models", "one prompt to several", () => setTimeout(() => place.open("compare"))),
    row && item("#", "tags", row.tags?.join(" ") ?? "", () => setTimeout(() => place.open("tags", row.id))),
    row && item("⇩", "export", "", () => setTimeout(() => place.open("export", { id: row.id }))),
    item(icon("search"), "search", "everything", () => place.screen("search")),
    here && item(icon("history"), "past prompts", "", () => setTimeout(() => place.open("history"))),
    here && item(icon("chart"), "statistics", "", () => setTimeout(() => place.open("statistics"))),
    here && item(icon("settings"), "settings", "", () => place.screen("settings")),
    here && item(icon("trash"), "bin", "", () => place.screen("bin")),
    here && item(icon("info"), "help", "", () => place.screen("help")),
    row && item(icon("trash"), "delete", "into the bin", () => attempt(() => remove(row.id)), "red"),
  ];
  const title = row?.title || "new chat";
  return { title, content: html`<p class="meta muted">${title}</p>${rows.filter(Boolean)}` };
}

/** @param {string} id @param {string} title @param {boolean} here */
function rename(id, title, here) {
  if (here) setTimeout(() => document.dispatchEvent(new CustomEvent("rename")));
  else document.dispatchEvent(new CustomEvent("rename-row", { detail: { id, title } }));
}

/** @param {string} id */
export async function remove(id) {
  const here = id === conversation.id.value;
  await conversations.delete(id);
  if (here) place.chat(null);
  const undo = async () => {
    await conversations.restore(id);
    if (here) place.chat(id);
  };
  notices.say("deleted", "ok", { label: "undo", run: () => attempt(undo) });
}
