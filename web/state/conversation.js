/** The conversation that is open: its settings, the path that is shown, and the replies being written. */

import { AppError, get, patch } from "../lib/request.js";
import { Signal } from "../lib/signal.js";
import { isRunning } from "./message.js";
import { shareSiblings, withEarlyAnswers, withFirst, withRow } from "./path.js";
import { Reply } from "./reply.js";

/**
 * @typedef {import("./conversations.js").Conversation} Conversation
 * @typedef {import("./message.js").Message} Message
 */

const PAGE = 40;
const MOST_NODES = 300;

/** @param {Message} row @param {Message} known */
const isOlder = (row, known) =>
  known.revision > row.revision || (known.revision === row.revision && isRunning(row) && !isRunning(known));

class OpenConversation {
  /** @type {Signal<string | null>} */
  id = new Signal(/** @type {string | null} */ (null));
  /** @type {Signal<Conversation | null>} */
  info = new Signal(/** @type {Conversation | null} */ (null));
  /** Ids of the messages shown, oldest first. */
  path = new Signal(/** @type {string[]} */ ([]));
  /** The id of the message that changed, told to those who listen. */
  changed = new Signal("");
  /** `loading`, `ready`, or the sentence that says why not. */
  state = new Signal("ready");
  /** What was chosen for the new chat before it exists. */
  planned = new Signal(/** @type {Record<string, any>} */ ({}));
  /** The models that the next message goes to, where it is more than one. */
  armed = new Signal(/** @type {string[]} */ ([]));
  /** @type {Map<string, Message>} */
  messages = new Map();
  /** @type {Map<string, Reply>} */
  replies = new Map();
  earlier = false;
  later = false;
  /** Set while the new chat becomes a conversation: the id changes, and nothing else does. */
  isAdopting = false;
  /** Set while a branch is looked at that the server does not know of yet. */
  branch = false;
  /** Up to which nothing is missing. */
  #revision = 0;
  /** Whether the page is one of this device's own, which may have been left on another branch. */
  #isKept = false;
  #paging = false;
  #resync = () => {};

  /** @param {() => void} resync called when events are missing and the stream has to tell everything again */
  onGap(resync) {
    this.#resync = resync;
  }

  /**
   * @param {string | null} id null is a new chat
   * @param {Promise<any>} [kept] what `snapshot` gave when it was seen last; the stream brings it up to date
   */
  async open(id, kept) {
    this.#clear(id);
    if (!id) return;
    this.state.value = "loading";
    const page = await kept;
    if (id !== this.id.value) return;
    if (!page) return this.load();
    this.#take(page, false);
    for (const reply of page.replies) {
      this.#reply(reply.id).reset(reply);
      this.#tell(reply.id);
    }
    this.state.value = "ready";
  }

  /** The newest page as it stands, to be opened again later; null while something else is looked at. */
  snapshot() {
    const info = this.info.value;
    if (!info || this.later || this.branch || this.state.value !== "ready") return null;
    const path = this.path.value.slice(-PAGE);
    return {
      conversation: info,
      revision: this.#revision,
      messages: path.map((id) => /** @type {Message} */ (this.messages.get(id))),
      beside: [...this.messages.values()].filter((row) => this.#isBeside(row)),
      earlier: this.earlier || path.length < this.path.value.length,
      later: false,
      replies: [...this.replies].map(([id, reply]) => ({ id, ...reply.snapshot() })),
    };
  }

  /**
   * Reads the newest page, or the path through `leaf`.
   * @param {string} [leaf]
   */
  async load(leaf) {
    const id = this.id.value;
    this.state.value = "loading";
    try {
      const page = await get(`/api/conversations/${id}?limit=${PAGE}${leaf ? `&leaf=${leaf}` : ""}`);
      if (id !== this.id.value) return;
      this.#take(page, leaf !== undefined);
      this.state.value = "ready";
    } catch (error) {
      if (id !== this.id.value) return;
      this.state.value = error instanceof Error ? error.message : String(error);
      if (error instanceof AppError && error.status === 404)
        this.state.value = "this conversation does not exist";
    }
  }

  /** A conversation that was made for this chat a moment ago. @param {Conversation} row */
  adopt(row) {
    this.isAdopting = true;
    this.#clear(row.id);
    this.isAdopting = false;
    this.info.value = row;
    this.#revision = row.revision;
  }

  /** @param {Conversation} row */
  describe(row) {
    const before = this.info.value;
    if (row.id !== this.id.value || row.revision < (before?.revision ?? 0)) return;
    // While a reply is written its use of the context is not known: what was known stands.
    this.info.value = { ...row, context: row.context ?? before?.context ?? null };
  }

  /** The message that is being written or waits for the model now; queued ones come after it. */
  get running() {
    const shown = this.path.value.map((id) => this.messages.get(id)).find(isRunning);
    // Beside what is shown, or below it.
    return (
      shown ?? [...this.messages.values()].find((row) => isRunning(row) && (this.later || row.comparison))
    );
  }

  get last() {
    return this.messages.get(this.path.value.at(-1) ?? "");
  }

  /** @param {{conversation: string | null, revision: number | null, replies: any[]}} sync */
  async sync({ conversation, revision, replies }) {
    if (conversation !== this.id.value || !conversation) return;
    const told = new Set();
    for (const snapshot of replies) {
      told.add(snapshot.id);
      this.#reply(snapshot.id).reset(snapshot);
      this.#tell(snapshot.id);
    }
    const missed = [...this.messages.values()].some((message) => isRunning(message) && !told.has(message.id));
    if (missed || (revision ?? 0) > this.#revision) await this.refresh();
  }

  /** Asks for what changed since the last answer. */
  async refresh() {
    const id = this.id.value;
    if (!id) return;
    const page = await get(`/api/conversations/${id}?since=${this.#revision}`);
    if (id !== this.id.value) return;
    for (const row of page.messages) this.apply(row);
    this.describe(page.conversation);
    this.#revision = page.conversation.revision;
    if (this.#isKept && page.conversation.leaf_id !== this.path.value.at(-1)) await this.load();
    this.#isKept = false;
  }

  /** A new or changed row. @param {Message} row */
  apply(row) {
    if (row.conversation_id !== this.id.value) return;
    const before = this.messages.get(row.id);
    if (before && isOlder(row, before)) return;
    const isSibling = this.#isSibling(row.id);
    this.messages.set(row.id, row);
    if (isRunning(row)) this.#reply(row.id);
    else this.replies.delete(row.id);
    for (const id of shareSiblings(this.messages, row)) this.#tell(id);
    if (!before && isSibling) {
      this.path.value = withFirst(this.path.value, row, this.messages);
    } else if (!before) {
      const path = withRow(this.path.value, row, { later: this.later });
      this.path.value = path.at(-1) === row.id ? withEarlyAnswers(path, this.messages.values()) : path;
    }
    this.#tell(row.id);
  }

  /**
   * A row that came in the stream. Of changes at once the later may be told first: nothing is missing when an answer
   * has ended, and so has everything else, and all that stand beside it are here.
   * @param {Message} row
   */
  receive(row) {
    this.apply(row);
    const rows = [...this.messages.values()];
    const isWhole = row.siblings?.ids.every((id) => this.messages.has(id)) && !rows.some(isRunning);
    if (row.role === "assistant" && isWhole)
      this.#revision = Math.max(this.#revision, ...rows.map(({ revision }) => revision));
  }

  /** @param {any} event */
  delta(event) {
    if (!this.#reply(event.reply).delta(event)) this.#resync();
    this.#tell(event.reply);
  }

  /** @param {any} event */
  reason(event) {
    this.#reply(event.reply).reason(event);
    this.#tell(event.reply);
  }

  /** @param {any} event */
  activity({ reply, activity }) {
    if (activity) this.#reply(reply).activity = activity;
    this.#tell(reply);
  }

  /** Reads what is around a message, of whatever branch: the person is on that branch then. @param {string} id */
  async around(id) {
    const at = this.id.value;
    const page = await get(`/api/conversations/${at}?limit=${PAGE}&around=${id}`);
    if (at !== this.id.value) return;
    this.#take(page, false);
    if (page.leaf !== page.conversation.leaf_id)
      await patch(`/api/conversations/${at}`, { leaf_id: page.leaf });
  }

  /** Shows another try of the same turn, and what followed it; the next message goes on from there. @param {string} id */
  async turnTo(id) {
    await this.load(id);
    const leaf = this.path.value.at(-1);
    if (!leaf || this.later) return;
    await patch(`/api/conversations/${this.id.value}`, { leaf_id: leaf });
    this.branch = false;
  }

  /** Older messages before the first one shown. */
  loadEarlier() {
    return this.#page("before", this.path.value[0], (ids, page) => {
      this.earlier = page.earlier;
      const path = [...ids, ...this.path.value];
      if (path.length > MOST_NODES) this.later = true;
      return path.slice(0, MOST_NODES);
    });
  }

  /** Newer messages after the last one shown, when newer ones were let go. */
  loadLater() {
    return this.#page("after", this.path.value.at(-1), (ids, page) => {
      this.later = page.later;
      const path = [...this.path.value, ...ids];
      if (path.length > MOST_NODES) this.earlier = true;
      return path.slice(-MOST_NODES);
    });
  }

  /**
   * @param {"before" | "after"} side
   * @param {string | undefined} from
   * @param {(ids: string[], page: any) => string[]} join
   */
  async #page(side, from, join) {
    if (this.#paging || !from) return;
    this.#paging = true;
    try {
      const leaf = this.branch ? `&leaf=${this.path.value.at(-1)}` : "";
      const page = await get(`/api/conversations/${this.id.value}?limit=${PAGE}&${side}=${from}${leaf}`);
      if (from !== (side === "before" ? this.path.value[0] : this.path.value.at(-1))) return;
      for (const row of [...page.messages, ...(page.beside ?? [])]) this.messages.set(row.id, row);
      const shown = new Set(this.path.value);
      const fresh = page.messages
        .map((/** @type {Message} */ row) => row.id)
        .filter((/** @type {string} */ id) => !shown.has(id));
      this.path.value = join(fresh, page);
      this.#forget();
    } finally {
      this.#paging = false;
    }
  }

  /** @param {any} page @param {boolean} branch */
  #take(page, branch) {
    const before = this.messages;
    /** @param {Message} row what the stream told while the page was read */
    const newest = (row, known = before.get(row.id)) => (known && isOlder(row, known) ? known : row);
    const rows = [...page.messages, ...(page.beside ?? [])].map((row) => newest(row));
    this.messages = new Map(rows.map((row) => [row.id, row]));
    for (const row of rows) if (isRunning(row)) this.#reply(row.id);
    this.earlier = page.earlier;
    this.later = page.later;
    this.branch = branch;
    const missed = (this.info.value?.revision ?? 0) > page.conversation.revision;
    this.info.value = page.conversation;
    this.#revision = page.revision ?? page.conversation.revision;
    this.#isKept = page.revision !== undefined;
    this.path.value = page.messages.map((/** @type {Message} */ row) => row.id);
    for (const row of rows) if ((before.get(row.id) ?? row).revision !== row.revision) this.#tell(row.id);
    if (missed) this.refresh().catch(() => this.#resync());
  }

  /** @param {string} id */
  #reply(id) {
    const reply = this.replies.get(id) ?? new Reply();
    this.replies.set(id, reply);
    return reply;
  }

  /** @param {string} id */
  #isSibling(id) {
    return this.path.value.some((shown) => this.messages.get(shown)?.siblings?.ids.includes(id));
  }

  /** Rows that are no longer shown need not be kept, except those being written. */
  #forget() {
    const shown = new Set(this.path.value);
    for (const id of this.messages.keys())
      if (!shown.has(id) && !this.replies.has(id) && !this.#isBeside(this.messages.get(id)))
        this.messages.delete(id);
  }

  /** Whether it is compared with a message that is shown. @param {Message | undefined} row */
  #isBeside(row) {
    if (!row?.comparison || this.path.value.includes(row.id)) return false;
    return this.path.value.some((id) => this.messages.get(id)?.comparison === row.comparison);
  }

  /** @param {string} id */
  #tell(id) {
    if (this.changed.value === id) this.changed.notify();
    else this.changed.value = id;
  }

  /** @param {string | null} id */
  #clear(id) {
    this.messages = new Map();
    this.replies = new Map();
    this.earlier = false;
    this.later = false;
    this.branch = false;
    if (!this.isAdopting) this.armed.value = [];
    this.#revision = 0;
    this.info.value = null;
    this.state.value = "ready";
    this.id.value = id;
    this.path.value = [];
  }
}

export const conversation = new OpenConversation();
