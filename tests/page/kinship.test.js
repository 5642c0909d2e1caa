import assert from "node:assert/strict";
import { test } from "node:test";
import { drawn } from "../../web/state/kinship.js";

const row = (id, parent_id = null) => ({ id, parent_id });
const lines = (rows) => drawn(rows).map(({ row, stem }) => stem + row.id);

test("every branch stands below its parent, with lines to its siblings", () => {
  const rows = [row("a"), row("b", "a"), row("c", "b"), row("d", "a"), row("e", "b"), row("f", "d")];
  assert.deepEqual(lines(rows), ["a", "├─ b", "│  ├─ c", "│  └─ e", "└─ d", "   └─ f"]);
});

test("a branch whose parent is gone stands at the edge with what hangs below it", () => {
  assert.deepEqual(lines([row("b", "gone"), row("c", "b"), row("d", "gone")]), ["b", "└─ c", "d"]);
});

test("a conversation without relatives is one line", () => {
  assert.deepEqual(lines([row("a")]), ["a"]);
  assert.deepEqual(lines([]), []);
});
