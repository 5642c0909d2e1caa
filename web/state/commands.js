/** The slash commands: the server's table, suggestions for what is typed, and running a line. */

import { modelName } from "../lib/format.js";
import { get } from "../lib/request.js";
import { Signal } from "../lib/signal.js";
import { conversation } from "./conversation.js";
import { conversations } from "./conversations.js";
import { rank } from "./match.js";
import { models } from "./models.js";
import { notices } from "./notices.js";
import { isScreen, place } from "./place.js";
import { once } from "./start.js";
import { theme } from "./theme.js";

/**
 * @typedef {{name: string, required: boolean, values: string | string[] | null, hint: string, rest?: boolean,
 *   option?: boolean}} Argument
 * @typedef {{name: string, summary: string, usage: string, arguments: Argument[], where: "server" | "browser",
 *   available: boolean, aliases: string[]}} Command
 * @typedef {{text: string, marks: number[], rest: string, detail: string, now: string, completes: string,
 *   ready: boolean}} Suggestion `completes` is the whole line it makes; `ready` when nothing more is needed to run it;
 *   `now` is what the command's setting is, or that this value is the one
 */

const NAME = /^\/([\w-]*)$/;
const WITH_ARGUMENT = /^\/([\w-]+)\s+([\s\S]*)$/;

class Commands {
  /** @type {Signal<Command[]>} */
  table = new Signal(/** @type {Command[]} */ ([]));
  /** Text that a command wants at the prompt. */
  insert = new Signal("");

  /** The conversation that a command on the empty screen began. */
  made = new Signal(/** @type {import("./conversations.js").Conversation | null} */ (null));

  /** Puts text into the prompt. @param {string} text */
  write(text) {
    if (this.insert.value === text) this.insert.notify();
    else this.insert.value = text;
  }

  /** What makes sense now depends on the conversation, so the palette asks each time it opens. */
  async load() {
    const id = conversation.id.value;
    const { commands } = await get(`/api/commands${id ? `?conversation=${id}` : ""}`);
    this.table.value = commands;
  }

  /** @param {string} text */
  isCommand(text) {
    return text.startsWith("/") && !text.startsWith("//");
  }

  /** Whether the page runs a line by itself, so that no answer is waited for. @param {string} line */
  isOfPage(line) {
    return this.find(/^\/(\S*)/.exec(line)?.[1] ?? "")?.where === "browser";
  }

  /** @param {string} name */
  find(name) {
    return this.table.value.find((command) => command.name === name || command.aliases?.includes(name));
  }

  /**
   * What could follow what is typed.
   * @param {string} text
   * @returns {Promise<{items: Suggestion[], total: number, hint: string}>}
   */
  async suggest(text) {
    const name = NAME.exec(text);
    if (name) return this.#names(name[1]);
    const [, word, value] = WITH_ARGUMENT.exec(text) ?? [];
    const command = word && this.find(word);
    if (!command) return { items: [], total: 0, hint: "unknown command" };
    if (/(^|\s)(--|—)[a-z]*([\s=]\S*)?$/.test(value) && command.arguments.some((one) => one.option))
      return (await import("./options.js")).suggestOptions(command, value);
    const argument = command.arguments[0];
    if (!argument) return { items: [], total: 0, hint: "takes no argument" };
    if (!argument.values) return { items: [], total: 0, hint: argument.hint ?? "" };
    return this.#values(command, argument, value);
  }

  /** @param {string} query */
  #names(query) {
    const sensible = this.table.value.filter((command) => command.available);
    const found = rank(sensible, query, (command) => [command.name, ...(command.aliases ?? [])]);
    const items = found.map(({ item, marks }) => ({
      text: `/${item.name}`,
      marks: marks.map((mark) => mark + 1),
      rest: item.arguments.map((one) => (one.required ? `<${one.name}>` : `[${one.name}]`)).join(" "),
      detail: item.summary,
      now: settingNow(item.name),
      completes: `/${item.name}${item.arguments.length ? " " : ""}`,
      ready: !item.arguments.some((one) => one.required),
    }));
    return { items, total: sensible.length, hint: items.length ? "" : "unknown command" };
  }

  /** @param {Command} command @param {Argument} argument @param {string} typed */
  async #values(command, argument, typed) {
    // Of a list the last word is completed.
    const at = argument.rest ? typed.lastIndexOf(" ") + 1 : 0;
    const query = typed.slice(at);
    /** @type {{value: string, title?: string, detail?: string, current?: boolean}[]} */
    let values;
    if (Array.isArray(argument.values) && command.where === "browser") {
      values = argument.values.map((value) => ({ value }));
    } else {
      const id = conversation.id.value;
      const parameters = new URLSearchParams({ q: query, ...(id && { conversation: id }) });
      values = (await get(`/api/commands/${command.name}/values?${parameters}`)).values;
    }
    const byTitle = ["bin", "prompts"].includes(String(argument.values)); // an id says nothing to a person
    const found = rank(values, query.trim(), ({ value, title = "" }) => (byTitle ? [title] : [value, title]));
    const items = found.map(({ item, marks }) => ({
      text: byTitle ? item.title || "new chat" : item.value,
      marks,
      rest: "",
      detail: item.detail ?? (item.title === item.value ? "" : (item.title ?? "")),
      now: item.current ? "✓ now" : "",
      completes: `/${command.name} ${typed.slice(0, at)}${item.value}`,
      ready: true,
    }));
    return { items, total: values.length, hint: items.length ? "" : (argument.hint ?? "") };
  }

  /**
   * Runs a line. An unknown command stays here: it never goes to a model.
   * @param {string} line
   * @param {string[]} [attachments] ids of what goes with it
   * @param {string | null} [id] the conversation it was written in: another may be open by now
   */
  async run(line, attachments, id = conversation.id.value) {
    const [, name, argument = ""] = /^\/(\S*)\s*([\s\S]*)$/.exec(line.trim()) ?? [];
    const command = this.find(name ?? "");
    if (this.table.value.length && !command)
      throw new Error(`unknown command /${name}: begin with // to send it to the model`);
    if (command?.where === "browser") {
      const actions = await import(`../actions/${command.name}.js`);
      await actions[command.name](argument.trim());
      return;
    }
    const { results } = await once("/api/commands", {
      line: line.trim(),
      ...(id && { conversation: id }),
      attachments,
    });
    for (const result of results) {
      if (result.type === "patch" && !id) this.made.value = result.conversation;
      this.#perform(
        result,
        id ?? results.find((/** @type {any} */ one) => one.type === "patch")?.conversation.id,
      );
    }
  }

  /** @param {any} result @param {string} [id] the conversation that it is of */
  #perform(result, id) {
    if (result.type === "notice") {
      const undo = result.undo && {
        label: "undo",
        run: () => this.run(result.undo, undefined, id).catch((e) => notices.fail(e)),
      };
      notices.say(result.text, result.tone, undo || undefined);
    } else if (result.type === "table") {
      notices.table.value = result;
    } else if (result.type === "patch") {
      conversations.upsert(result.conversation, conversation.id.value);
      conversation.describe(result.conversation);
    } else if (result.type === "insert") {
      this.write(result.text);
    } else if (result.type === "go") {
      location.assign(result.url);
    } else if (result.type === "open") {
      if (result.what === "conversation" || result.what === "new") place.chat(result.id ?? null);
      else if (isScreen(result.what)) place.screen(result.what, result.id);
      else place.open(result.what, result.id);
    }
  }
}

/** What a setting is now, as the palette shows it beside the command that changes it. @param {string} command */
function settingNow(command) {
  const chosen = conversation.info.value ?? conversation.planned.value;
  if (command === "model") return modelName(chosen.model ?? models.listing.value.default);
  if (command === "reasoning") return chosen.reasoning ?? "";
  if (command === "temp") return chosen.temperature?.toString() ?? "";
  return command === "theme" ? theme.value : "";
}

export const commands = new Commands();
