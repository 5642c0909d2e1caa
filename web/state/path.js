/** Pure rules of the path that is shown: which message follows which, and what a new row does to it. */

/**
 * @typedef {{id: string, parent_id: string | null, siblings?: {ids: string[], index: number} | null}} Node
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
