import assert from "node:assert/strict";
import { test } from "node:test";
import { amount } from "../../web/lib/amount.js";

test("an amount is read with a point or a comma, with or without its sign", () => {
  const written = [" $30 ", "2.50", "$ 2,50", "0,075", "1000", "lots", ""];
  assert.deepEqual(written.map(amount), ["30", "2.50", "2.50", "0.075", "1000", "lots", ""]);
});

test("a thousand with a comma is not taken for one dollar", () => {
  for (const written of ["1,000", "$12,500", "1,000,000"]) assert.throws(() => amount(written), /two ways/);
});
