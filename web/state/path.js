/** Pure rules of the path that is shown: which message follows which, and what a new row does to it. */

/**
 * @typedef {{id: string, parent_id: string | null, siblings?: {ids: string[], index: number} | null,
 *   comparison?: string | null}} Node
 */

/**
 * Where a row that was not known before belongs: the path after it came.
 * Answers to the newest message are appended; a newer sibling (an edit or a retry, here or on another device)
 * takes the place of the one shown and of all that followed it; anything else changes nothing.
 * @param {string[]} path ids, oldest first
 * @param {Node} row
 * @param {{later: boolean}} window whether newer messages exist that are not shown
 */
export function withRow(path, row, { later }) {
  if (path.includes(row.id)) return path;
  const at = row.parent_id === null ? -1 : path.indexOf(row.parent_id);
  if (row.parent_id !== null && at < 0) return path;
  const next = path[at + 1];
  if (next === undefined) return later ? path : [...path, row.id];
  return row.id > next ? [...path.slice(0, at + 1), row.id] : path;
}

/**
 * The first answer of a comparison, told after another one that stands at the end meanwhile, takes its place from it.
 * @param {string[]} path ids, oldest first
 * @param {Node} row
 * @param {Map<string, Node>} rows all that are known
 */
export function withFirst(path, row, rows) {
  const last = rows.get(path.at(-1) ?? "");
  if (!row.comparison || row.comparison !== last?.comparison || row.id >= last.id) return path;
  return [...path.slice(0, -1), row.id];
}

/**
 * A row that came before the one that it answers takes its place now: the stream and the answer to a request are two
 * ways, and neither waits for the other. Of several the newest is shown, of a comparison the first.
 * @param {string[]} path ids, oldest first, with the new row at its end
 * @param {Iterable<Node>} rows all that are known
 */
export function withEarlyAnswers(path, rows) {
  const known = [...rows].sort((a, b) => (a.id < b.id ? -1 : 1));
  const whole = [...path];
  for (;;) {
    const answers = known.filter((row) => row.parent_id === whole.at(-1));
    const next = answers.find((row) => row.comparison) ?? answers.at(-1);
    if (!next || whole.includes(next.id)) return whole;
    whole.push(next.id);
  }
}

/**
 * A sibling's new row tells all of them how many they are.
 * @template {Node} T
 * @param {Map<string, T>} messages
 * @param {T} row
 * @returns {string[]} the ids of those that changed
 */
export function shareSiblings(messages, row) {
  const ids = row.siblings?.ids ?? [];
  const changed = [];
  for (const [index, id] of ids.entries()) {
    const sibling = messages.get(id);
    if (!sibling || id === row.id || (sibling.siblings?.ids.length ?? 0) >= ids.length) continue;
    messages.set(id, { ...sibling, siblings: { ids, index } });
    changed.push(id);
  }
  return changed;
}
