import assert from "node:assert/strict";
import { test } from "node:test";
import { shareSiblings, withEarlyAnswers, withRow } from "../../web/state/path.js";

const END = { later: false };

test("an answer to the last message is appended", () => {
  assert.deepEqual(withRow(["1", "2"], { id: "3", parent_id: "2" }, END), ["1", "2", "3"]);
  assert.deepEqual(withRow([], { id: "1", parent_id: null }, END), ["1"]);
});

test("a row that is there already changes nothing", () => {
  const path = ["1", "2"];
  assert.equal(withRow(path, { id: "2", parent_id: "1" }, END), path);
});

test("a newer sibling takes the place of the one shown and of all that followed", () => {
  assert.deepEqual(withRow(["1", "2", "3", "4"], { id: "5", parent_id: "1" }, END), ["1", "5"]);
  assert.deepEqual(withRow(["1", "2"], { id: "5", parent_id: null }, END), ["5"]);
});

test("an older sibling changes nothing", () => {
  const path = ["1", "4"];
  assert.equal(withRow(path, { id: "3", parent_id: "1" }, END), path);
});

test("an answer to what is not shown changes nothing", () => {
  const path = ["1", "2"];
  assert.equal(withRow(path, { id: "9", parent_id: "7" }, END), path);
});

test("while newer messages are not shown nothing is put after the last one", () => {
  const path = ["1", "2"];
  assert.equal(withRow(path, { id: "3", parent_id: "2" }, { later: true }), path);
});

test("answers that came before what they answer follow it once it is there", () => {
  const early = [
    { id: "4", parent_id: "3" },
    { id: "3", parent_id: "2" },
    { id: "2", parent_id: "1" },
    { id: "1", parent_id: null },
  ];
  assert.deepEqual(withEarlyAnswers(["1"], early), ["1", "2", "3", "4"]);
  assert.deepEqual(withEarlyAnswers(["9"], early), ["9"]);
});

test("of several early answers the newest is shown, of a comparison the first", () => {
  const tries = [
    { id: "3", parent_id: "1" },
    { id: "2", parent_id: "1" },
  ];
  assert.deepEqual(withEarlyAnswers(["1"], tries), ["1", "3"]);
  const compared = tries.map((row) => ({ ...row, comparison: "c" }));
  assert.deepEqual(withEarlyAnswers(["1"], compared), ["1", "2"]);
});

test("siblings learn how many they are", () => {
  const ids = ["1", "2"];
  const messages = new Map([["1", { id: "1", parent_id: null, siblings: { ids: ["1"], index: 0 } }]]);
  const row = { id: "2", parent_id: null, siblings: { ids, index: 1 } };
  assert.deepEqual(shareSiblings(messages, row), ["1"]);
  assert.deepEqual(messages.get("1")?.siblings, { ids, index: 0 });
  assert.deepEqual(shareSiblings(messages, row), []);
});
