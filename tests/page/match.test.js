import assert from "node:assert/strict";
import { test } from "node:test";
import { fit, rank } from "../../web/state/match.js";

const NAMES = ["model", "retry", "reasoning", "title", "temp", "theme", "new"];
const ranked = (/** @type {string} */ query, names = NAMES) =>
  rank(names, query, (name) => [name]).map(({ item }) => item);

test("an empty query fits everything and marks nothing", () => {
  assert.deepEqual(fit("", "model"), { score: 0, marks: [] });
  assert.deepEqual(ranked(""), NAMES);
});

test("the beginning of a name is better than its middle, and that better than scattered letters", () => {
  assert.deepEqual(ranked("re"), ["retry", "reasoning"]);
  assert.deepEqual(ranked("ti", ["editing", "title", "tuning"]), ["title", "editing", "tuning"]);
});

test("the beginning of a later word is better than the inside of one", () => {
  assert.deepEqual(ranked("opus", ["myopusculum", "claude-opus-4-8"]), ["claude-opus-4-8", "myopusculum"]);
});

test("an exact name comes before longer ones that begin with it", () => {
  assert.deepEqual(ranked("gpt-5", ["gpt-5.1-codex", "gpt-5.1", "gpt-5"]), [
    "gpt-5",
    "gpt-5.1",
    "gpt-5.1-codex",
  ]);
});

test("the marks are the letters that matched", () => {
  assert.deepEqual(fit("mo", "model")?.marks, [0, 1]);
  assert.deepEqual(fit("rsn", "reasoning")?.marks, [0, 3, 5]);
  assert.deepEqual(fit("MO", "Model")?.marks, [0, 1]);
});

test("what has not all the letters in their order does not fit", () => {
  assert.equal(fit("ledom", "model"), null);
  assert.equal(fit("modelx", "model"), null);
  assert.deepEqual(ranked("zzz"), []);
});

test("an alias finds the command, a little later than its own name would, without marks", () => {
  const table = [
    { name: "title", also: ["rename"] },
    { name: "renumber", also: [] },
  ];
  const found = rank(table, "rename", (one) => [one.name, ...one.also]);
  assert.deepEqual(
    found.map(({ item, marks }) => [item.name, marks]),
    [["title", []]],
  );
});

test("equals stay in their order", () => {
  assert.deepEqual(ranked("a", ["ab", "ac", "ad"]), ["ab", "ac", "ad"]);
});
