/** Draws a reply's blocks while it is written: closed blocks are added once, only the open one changes. */

import { serverHtml } from "../lib/html.js";

/** @param {string} markup */
function nodesOf(markup) {
  return [...serverHtml(markup).childNodes].filter(
    (node) => node.nodeType !== Node.TEXT_NODE || node.textContent?.trim(),
  );
}

export class Blocks {
  #body;
  #generation = -1;
  #closed = 0;
  /** @type {ChildNode[]} */
  #open = [];
  #openHtml = "";
  #appended = 0;
  /** @type {Element | null} */
  #cursor = null;

  /** @param {HTMLElement} body */
  constructor(body) {
    this.#body = body;
  }

  /** @param {import("../state/reply.js").Reply} reply */
  draw(reply) {
    if (this.#generation !== reply.generation) this.#redraw(reply);
    const fresh = reply.closed.slice(this.#closed);
    const openHtml = reply.open?.html ?? "";
    if (fresh.length || openHtml !== this.#openHtml || (reply.open?.appended.length ?? 0) < this.#appended) {
      const closed = fresh.flatMap(nodesOf);
      this.#replaceOpen([...closed, ...(openHtml ? nodesOf(openHtml) : [])]);
      this.#open = this.#open.slice(closed.length);
      this.#closed = reply.closed.length;
      this.#openHtml = openHtml;
      this.#appended = 0;
    }
    this.#append(reply.open?.appended ?? "");
    this.#moveCursor();
  }

  /** What was open may have been more than one block already: those that are as they were stay. @param {ChildNode[]} nodes */
  #replaceOpen(nodes) {
    const same = nodes.findIndex((node, index) => !this.#open[index]?.isEqualNode(node));
    const kept = same < 0 ? nodes.length : same;
    for (const node of this.#open.slice(kept)) node.remove();
    this.#body.append(...nodes.slice(kept));
    this.#open = [...this.#open.slice(0, kept), ...nodes.slice(kept)];
  }

  /** The whole, final HTML: what is there already stays as it is. @param {string} markup */
  finish(markup) {
    this.#cursor?.removeAttribute("data-cursor");
    this.#cursor = null;
    this.#keep(nodesOf(markup));
  }

  /** @param {import("../state/reply.js").Reply} reply */
  #redraw(reply) {
    this.#cursor?.removeAttribute("data-cursor");
    const open = reply.open ? nodesOf(reply.open.html) : [];
    this.#keep([...reply.closed.flatMap(nodesOf), ...open]);
    this.#generation = reply.generation;
    this.#closed = reply.closed.length;
    this.#open = open.length ? [...this.#body.childNodes].slice(-open.length) : [];
    this.#openHtml = reply.open?.html ?? "";
    this.#appended = 0;
  }

  /**
   * Makes the body these nodes, without touching those that are equal; one more or one less among them does not make
   * those after it others.
   * @param {ChildNode[]} wanted
   */
  #keep(wanted) {
    const present = [...this.#body.childNodes];
    let same = 0;
    const most = Math.min(present.length, wanted.length);
    while (same < most && present[same].isEqualNode(wanted[same])) same += 1;
    while (
      present.length > same &&
      wanted.length > same &&
      present[present.length - 1].isEqualNode(wanted[wanted.length - 1])
    ) {
      present.pop();
      wanted.pop();
    }
    const last = present.at(-1);
    const next = last ? last.nextSibling : this.#body.firstChild;
    for (const [index, node] of wanted.slice(same).entries()) {
      const old = present[same + index];
      if (!old) this.#body.insertBefore(node, next);
      else if (!old.isEqualNode(node)) old.replaceWith(node);
    }
    for (const rest of present.slice(wanted.length)) rest.remove();
  }

  /** @param {string} appended plain text for the last `<code>` */
  #append(appended) {
    if (appended.length <= this.#appended) return;
    const codes = this.#open.flatMap((node) =>
      node instanceof Element ? [...node.querySelectorAll("code")] : [],
    );
    const code = codes.at(-1);
    const text = appended.slice(this.#appended);
    this.#appended = appended.length;
    if (!code) return;
    if (code.lastChild instanceof Text) code.lastChild.appendData(text);
    else code.append(text);
  }

  /** The cursor is drawn by CSS after the last thing in the element that carries the mark. */
  #moveCursor() {
    let last = /** @type {Element} */ (this.#body);
    for (;;) {
      const child = last.lastElementChild;
      if (!child || child.matches("input, br, hr, button")) break;
      const after = child.nextSibling;
      if (after?.textContent?.trim()) break;
      last = child;
    }
    if (last === this.#cursor) return;
    this.#cursor?.removeAttribute("data-cursor");
    last.setAttribute("data-cursor", "");
    this.#cursor = last;
  }
}
