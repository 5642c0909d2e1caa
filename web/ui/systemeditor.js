/** The sheet for the system text: of this conversation, or the one that new conversations begin with. */

import { tokens } from "../lib/format.js";
import { element } from "../lib/html.js";
import { style } from "../lib/style.js";
import { conversation } from "../state/conversation.js";
import { conversations } from "../state/conversations.js";
import { drafts } from "../state/drafts.js";
import { notices } from "../state/notices.js";
import { place } from "../state/place.js";
import { session } from "../state/session.js";

const PER_TOKEN = 4; // characters, about

/**
 * @typedef {{note: string, draft: string, text: string, most: number, save: (text: string) => Promise<unknown>}} Subject
 *   `draft` is where what is typed waits until it is saved: the session may end, and the sheet with it
 */

/** @param {"default" | undefined} about */
export async function systemEditor(about) {
  await style(import.meta.resolve("./editor.css"));
  const subject = about === "default" ? forNewChats() : forThisChat();
  const form = /** @type {HTMLFormElement} */ (
    element`<form class="editor"><p class="muted">${subject.note}</p>
      <textarea name="text" rows="10" aria-label="system text" maxlength="${subject.most}" autofocus
        placeholder="you are a patient teacher. answer in short sentences."></textarea>
      <p class="muted size"></p>
      <p class="problem" role="alert"></p>
      <p class="buttons"><button class="primary">save</button><button type="button" class="act clear">clear</button></p></form>`
  );
  const area = /** @type {HTMLTextAreaElement} */ (form.elements.namedItem("text"));
  const size = /** @type {HTMLElement} */ (form.querySelector(".size"));
  const problem = /** @type {HTMLElement} */ (form.querySelector(".problem"));
  const count = () => {
    size.textContent = area.value
      ? `${area.value.length} characters · about ${tokens(Math.ceil(area.value.length / PER_TOKEN))} tok with every message`
      : "no system text";
  };
  const unsaved = drafts.get(subject.draft);
  area.value = unsaved || subject.text;
  if (unsaved) problem.textContent = "not saved yet";
  count();
  area.addEventListener("input", () => {
    count();
    drafts.set(subject.draft, area.value === subject.text ? "" : area.value);
  });
  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  const keep = async (/** @type {string} */ text) => {
    if (area.readOnly) return;
    area.readOnly = true; // what would be typed now would go with the sheet
    problem.textContent = "";
    try {
      await change(subject, text);
      if (form.isConnected) place.close();
    } catch (error) {
      problem.textContent = /** @type {Error} */ (error).message;
      if (!form.isConnected) notices.fail(error);
    } finally {
      area.readOnly = false;
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    keep(area.value);
  });
  form.querySelector(".clear")?.addEventListener("click", () => keep(""));
  return form;
}

/** @returns {Subject} */
function forThisChat() {
  let id = conversation.id.value;
  const stop = conversation.id.listen((now) => {
    if (conversation.isAdopting) id ??= now;
    if (id) stop();
  });
  const chosen = conversation.info.value ?? conversation.planned.value;
  const usual = session.preferences.value.default_system ?? "";
  return {
    note: "said to the model before everything else in this conversation",
    get draft() {
      return `system:${id ?? "new"}`;
    },
    text: (id || "system" in chosen ? chosen.system : usual) ?? "",
    most: 200_000,
    save: async (text) => {
      if (!id) {
        const { system, ...others } = conversation.planned.value;
        // Without a usual text there is nothing to leave out.
        conversation.planned.value = text || usual ? { ...others, system: text || null } : others;
        return;
      }
      await conversations.change(id, { system: text || null });
      const row = conversations.find(id);
      if (row) conversation.describe(row);
    },
  };
}

/** @returns {Subject} */
function forNewChats() {
  return {
    note: "every new conversation begins with it; those that are there keep theirs",
    draft: "system:default",
    text: session.preferences.value.default_system ?? "",
    most: 20_000,
    save: (text) => session.prefer({ default_system: text || null }),
  };
}

/** @param {Subject} subject @param {string} text */
async function change({ draft, text: before, save }, text) {
  const wanted = text.trim() ? text : "";
  if (wanted !== before) {
    notices.dismiss(); // its undo would take back what came before this
    const again = () => save(before).catch((error) => notices.fail(error));
    await save(wanted);
    notices.say(wanted ? "system text set" : "system text cleared", "ok", { label: "undo", run: again });
  }
  drafts.set(draft, "");
}
