import assert from "node:assert/strict";
import { test } from "node:test";
import { level, peak, share, spikes } from "../../web/lib/chart.js";

test("a share is of the largest, and of nothing it is nothing", () => {
  assert.deepEqual([share(5, 10), share(0, 10), share(0, 0)], [0.5, 0, 0]);
});

test("whatever cost anything has a shade, and only the largest quarter the brightest", () => {
  assert.deepEqual(
    [0, 1, 24, 25, 50, 75, 99, 100].map((value) => level(value, 100)),
    [0, 1, 1, 2, 3, 4, 4, 4],
  );
});

test("days of one and a half times the average stand out, those of twice it more; idle days do not count", () => {
  const { average, marks } = spikes([0, 10, 10, 10, 16, 24, 2, 0, 8]);
  assert.equal(average, 80 / 7);
  assert.deepEqual(marks, ["", "", "", "", "", "high", "", "", ""]);
  assert.deepEqual(spikes([10, 10, 10, 18]).marks, ["", "", "", "spike"]);
  assert.deepEqual(spikes([5]).marks, [""]);
  assert.deepEqual(spikes([0, 0]), { average: 0, marks: ["", ""] });
});

test("the peak is where the most is, and nowhere when there is nothing", () => {
  assert.deepEqual([peak([0, 3, 7, 7]), peak([0, 0])], [2, -1]);
});
