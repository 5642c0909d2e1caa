/** Finds what stands at a height among elements that follow each other downwards. Pure but for asking where they are. */

/**
 * @param {ArrayLike<Element>} elements in the order in which they stand
 * @param {number} edge pixels from the top of the window
 * @returns {Element | null} the first that reaches below the edge
 */
export function firstBelow(elements, edge) {
  let from = 0;
  let to = elements.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (elements[middle].getBoundingClientRect().bottom > edge) to = middle;
    else from = middle + 1;
  }
  return elements[from] ?? null;
}
