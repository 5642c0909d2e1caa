/** What could follow in a line that has options: their names after `--`, then their values. */

import { get } from "../lib/request.js";
import { conversation } from "./conversation.js";
import { rank } from "./match.js";

const OPTION = /(?:--|—)([a-z]*)(?:[\s=](\S*))?$/;

/**
 * @param {import("./commands.js").Command} command
 * @param {string} typed what stands after the command's name
 * @returns {Promise<{items: import("./commands.js").Suggestion[], total: number, hint: string}>}
 */
export async function suggestOptions(command, typed) {
  const match = /** @type {RegExpExecArray} */ (OPTION.exec(typed));
  const [, name, value] = match;
  const before = `/${command.name} ${typed.slice(0, match.index)}`;
  const options = command.arguments.filter((one) => one.option);
  const option = options.find((one) => one.name === name);
  if (value !== undefined && option) return suggestValues(command, option, value, before);
  const found = rank(options, name, (one) => [one.name]);
  const items = found.map(({ item, marks }) => ({
    text: `--${item.name}`,
    marks: marks.map((mark) => mark + 2),
    rest: "",
    detail: item.hint,
    now: "",
    completes: `${before}--${item.name} `,
    ready: false,
  }));
  return { items, total: options.length, hint: items.length ? "" : "there is no such option" };
}

/**
 * @param {import("./commands.js").Command} command
 * @param {import("./commands.js").Argument} option
 * @param {string} typed
 * @param {string} before
 */
async function suggestValues(command, option, typed, before) {
  const id = conversation.id.value;
  const parameters = new URLSearchParams({
    argument: option.name,
    q: typed,
    ...(id && { conversation: id }),
  });
  const { values } = await get(`/api/commands/${command.name}/values?${parameters}`);
  const found = rank(values, typed, ({ value }) => [value]);
  const items = found.map(({ item, marks }) => ({
    text: item.value,
    marks,
    rest: "",
    detail: item.title === item.value ? (item.detail ?? "") : item.title,
    now: item.current ? "✓ now" : "",
    completes: `${before}--${option.name} ${item.value} `,
    ready: item.value === typed,
  }));
  return { items, total: values.length, hint: items.length ? "" : option.hint };
}
