import assert from "node:assert/strict";
import { test } from "node:test";
import { firstBelow } from "../../web/ui/below.js";

/** Elements of these heights, one under the other. @param {number[]} heights */
function stack(heights) {
  let bottom = 0;
  return heights.map((height) => {
    bottom += height;
    const end = bottom;
    return /** @type {Element} */ (
      /** @type {unknown} */ ({ end, getBoundingClientRect: () => ({ bottom: end }) })
    );
  });
}

test("the first element that reaches below the edge is found wherever it stands", () => {
  const elements = stack(Array.from({ length: 50 }, (_, index) => (index * 7) % 13));
  for (let edge = -1; edge < 300; edge += 1) {
    const expected = elements.find((one) => one.getBoundingClientRect().bottom > edge) ?? null;
    assert.equal(firstBelow(elements, edge), expected, `edge ${edge}`);
  }
});

test("nothing is found where nothing is", () => {
  assert.equal(firstBelow([], 0), null);
  assert.equal(firstBelow(stack([10]), 10), null);
});
