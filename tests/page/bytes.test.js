import assert from "node:assert/strict";
import { test } from "node:test";
import { size } from "../../web/lib/bytes.js";

test("a size is told in the unit that fits", () => {
  assert.equal(size(0), "0 B");
  assert.equal(size(999), "999 B");
  assert.equal(size(1500), "2 kB");
  assert.equal(size(2_340_000), "2.3 MB");
});
