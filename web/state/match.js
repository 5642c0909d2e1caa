/** How well a query fits a name, and which letters made it fit. Pure. */

/**
 * @typedef {{score: number, marks: number[]}} Fit lower scores are better; marks are indexes into the name
 */

/**
 * @param {string} query
 * @param {string} name
 * @returns {Fit | null} null when it does not fit
 */
export function fit(query, name) {
  const wanted = query.toLowerCase();
  const given = name.toLowerCase();
  if (!wanted) return { score: 0, marks: [] };
  const at = given.indexOf(wanted);
  if (at >= 0) {
    const marks = Array.from({ length: wanted.length }, (_, index) => at + index);
    const starts = at === 0 || /[^a-z0-9]/.test(given[at - 1]);
    return { score: (at === 0 ? 0 : starts ? 100 : 200) + given.length, marks };
  }
  const marks = [];
  let from = 0;
  for (const letter of wanted) {
    const found = given.indexOf(letter, from);
    if (found < 0) return null;
    marks.push(found);
    from = found + 1;
  }
  return { score: 400 + marks[marks.length - 1] - marks[0] + given.length, marks };
}

/**
 * The items that fit, best first; equals stay in their order.
 * @template T
 * @param {T[]} items
 * @param {string} query
 * @param {(item: T) => string[]} names the first name is the one whose letters are marked
 * @returns {{item: T, marks: number[]}[]}
 */
export function rank(items, query, names) {
  /** @type {(Fit & {item: T, order: number})[]} */
  const fits = [];
  for (const [order, item] of items.entries()) {
    /** @type {Fit | null} */
    let best = null;
    for (const [index, name] of names(item).entries()) {
      const found = fit(query, name);
      if (!found) continue;
      const score = found.score + (index ? 50 : 0);
      if (!best || score < best.score) best = { score, marks: index ? [] : found.marks };
    }
    if (best) fits.push({ item, order, ...best });
  }
  return fits
    .sort((a, b) => a.score - b.score || a.order - b.order)
    .map(({ item, marks }) => ({ item, marks }));
}
