/** A reply while it is being written: its blocks so far, in the order of their sequence numbers, each piece once. */

/**
 * @typedef {{index: number, html: string, appended: string}} OpenBlock `appended` is plain text for its last `<code>`
 * @typedef {{state: "waiting" | "retrying" | "thinking" | "writing", tokens_per_second?: number | null, tokens?: number,
 *   cost_nanos?: number | null}} Activity
 */

export class Reply {
  seq = 0;
  /** Grows when the blocks so far were replaced as a whole. */
  generation = 0;
  /** @type {string[]} */
  closed = [];
  /** @type {OpenBlock | null} */
  open = null;
  reasoning = "";
  /** @type {Activity} */
  activity = { state: "waiting" };
  startedAt = Date.now();

  /**
   * Everything so far, replacing what was known.
   * @param {{seq: number, blocks: string[], open: string | null, reasoning: string, activity?: Activity}} snapshot
   */
  reset({ seq, blocks, open, reasoning, activity }) {
    this.seq = seq;
    this.generation += 1;
    this.closed = [...blocks];
    this.open = open ? { index: blocks.length, html: open, appended: "" } : null;
    this.reasoning = reasoning ?? "";
    this.activity = activity ?? this.activity;
    if (this.closed.length || this.open) this.activity = { ...this.activity, state: "writing" };
    else if (this.reasoning) this.activity = { ...this.activity, state: "thinking" };
  }

  /** What `reset` takes. */
  snapshot() {
    const { html, appended } = this.open ?? { html: "", appended: "" };
    const end = html.lastIndexOf("</code>");
    const text = document.createElement("i");
    text.textContent = appended;
    const open = end < 0 ? html : html.slice(0, end) + text.innerHTML + html.slice(end);
    const { seq, closed, reasoning, activity } = this;
    return { seq, blocks: [...closed], open: open || null, reasoning, activity };
  }

  /**
   * @param {{seq: number, closed: {index: number, html: string}[],
   *   open: {index: number, html?: string, append?: string} | null}} delta
   * @returns {boolean} false when something before it is missing
   */
  delta({ seq, closed, open }) {
    if (seq <= this.seq) return true;
    for (const block of closed ?? []) {
      if (block.index !== this.closed.length) return false;
      this.closed.push(block.html);
    }
    if (this.open && this.open.index < this.closed.length) this.open = null;
    if (open?.html !== undefined) {
      this.open = { index: open.index, html: open.html, appended: "" };
    } else if (open?.append !== undefined) {
      if (this.open?.index !== open.index) return false;
      this.open.appended += open.append;
    }
    this.seq = seq;
    if (this.activity.state !== "writing") this.activity = { ...this.activity, state: "writing" };
    return true;
  }

  /** @param {{seq: number, append: string}} piece */
  reason({ seq, append }) {
    if (seq <= this.seq) return;
    this.seq = seq;
    this.reasoning += append;
    if (this.activity.state !== "thinking") this.activity = { ...this.activity, state: "thinking" };
  }
}
