/** A family of conversations in the order and with the lines in which a tree is drawn. Pure. */

/**
 * Each below its parent, with `├─ └─ │` before it; one whose parent is not there stands at the edge.
 * @template {{id: string, parent_id: string | null}} T
 * @param {T[]} rows oldest first
 * @returns {{row: T, stem: string}[]}
 */
export function drawn(rows) {
  const ids = new Set(rows.map((row) => row.id));
  const below = (/** @type {string | null} */ id) =>
    rows.filter((row) => (row.parent_id && ids.has(row.parent_id) ? row.parent_id : null) === id);
  /** @type {{row: T, stem: string}[]} */
  const lines = [];
  /** @param {T} row @param {string} stem @param {string} margin */
  const walk = (row, stem, margin) => {
    lines.push({ row, stem });
    const children = below(row.id);
    for (const [index, child] of children.entries()) {
      const last = index === children.length - 1;
      walk(child, `${margin}${last ? "└─ " : "├─ "}`, `${margin}${last ? "   " : "│  "}`);
    }
  };
  for (const row of below(null)) walk(row, "", "");
  return lines;
}
