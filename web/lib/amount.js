/** Amounts of dollars as people write them. */

/**
 * As the server reads it: `$2,50` is `2.50`. Raises for `1,000`, a thousand to some and one dollar to others.
 * @param {string} written
 */
export function amount(written) {
  const bare = written.trim().replace(/^\$\s*/, "");
  if (/^[1-9]\d{0,2}(,\d{3})+$/.test(bare))
    throw new Error(`${bare} can be read in two ways: a thousand is written without a comma, as 1000`);
  return bare.replace(",", ".");
}
