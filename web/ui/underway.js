/** What has left the prompt and is not safe yet. Messages still stand in it until then. */

/**
 * @typedef {import("../state/files.js").Item} Item
 * @typedef {{text: string, draft: string | null, files: Item[], models: string[], before: Message[], isSafe: boolean,
 *   over: Promise<void>, end: () => void}} Message `draft` is the key under which the text was kept, `before` what was
 *   on its way from there already
 */

/** Where in a text a part of it begins and ends, if it stands there: blanks around it do not count. @param {string} text @param {number} at @param {string} part */
function place(text, at, part) {
  const words = part.trim();
  const from = at + text.slice(at).search(/\S|$/);
  return words && text.startsWith(words, from) ? { from, to: from + words.length } : null;
}

export class Underway {
  #messages = /** @type {Message[]} */ ([]);

  /** A message sets out. @param {Pick<Message, "text" | "draft" | "files" | "models">} parts @returns {Message} */
  begin(parts) {
    let end = () => {};
    const over = new Promise((/** @type {(value: void) => void} */ done) => (end = done));
    const message = { ...parts, before: this.#of(parts.draft), isSafe: false, over, end };
    this.#messages.push(message);
    return message;
  }

  /** It is safe, or was refused. @param {Message} message */
  end(message) {
    this.#messages = this.#messages.filter((other) => other !== message);
    message.end();
  }

  /** The new chat became a conversation. @param {string} id */
  move(id) {
    for (const message of this.#messages) message.draft ??= id;
  }

  /** Whether another message of the same draft is on its way. @param {Message} message */
  hasBeside(message) {
    return this.#of(message.draft).some((other) => other !== message);
  }

  /** What of a draft is not on its way. @param {string} text @param {string | null} draft */
  rest(text, draft) {
    // The last first: where it stands is told by those before it.
    return this.#of(draft).reduceRight((rest, message) => this.without(rest, message), text);
  }

  /** Those files that do not go with a message already. @param {Item[]} files @param {string | null} draft */
  fresh(files, draft) {
    const taken = new Set(this.#of(draft).flatMap((message) => message.files.map(({ key }) => key)));
    return files.filter(({ key }) => !taken.has(key));
  }

  /** A text without a message that stands in it, after those that left before and are here still. @param {string} text @param {Message} message */
  without(text, message) {
    let at = 0;
    for (const other of message.before) if (!other.isSafe) at = place(text, at, other.text)?.to ?? at;
    const found = place(text, at, message.text);
    if (!found) return text;
    const rest = text.slice(found.to).trimStart();
    return text.slice(0, at && rest ? found.from : at) + rest;
  }

  /** @param {string | null} draft */
  #of(draft) {
    return this.#messages.filter((message) => message.draft === draft);
  }
}
