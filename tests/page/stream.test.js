import assert from "node:assert/strict";
import { test } from "node:test";
import { EventParser } from "../../web/lib/stream.js";

const WIRE = [
  ": hello\n\n",
  'id: b.1\nevent: delta\ndata: {"seq":1}\n\n',
  "data: first line\ndata: second line\n\n",
  "event: empty\n\n",
  "id: b.2\r\nevent: reply\r\ndata:{}\r\n\r\n",
  "data: naïve 日本語 👩‍💻\n\n",
].join("");

const EVENTS = [
  { type: "delta", data: '{"seq":1}', id: "b.1" },
  { type: "message", data: "first line\nsecond line", id: "b.1" },
  { type: "reply", data: "{}", id: "b.2" },
  { type: "message", data: "naïve 日本語 👩‍💻", id: "b.2" },
];

test("events come with their type, their data and the last id", () => {
  assert.deepEqual(new EventParser().push(WIRE), EVENTS);
});

test("it does not matter where the text is cut", () => {
  for (let size = 1; size <= WIRE.length; size += 1) {
    const parser = new EventParser();
    const events = [];
    for (let at = 0; at < WIRE.length; at += size) events.push(...parser.push(WIRE.slice(at, at + size)));
    assert.deepEqual(events, EVENTS, `in pieces of ${size}`);
  }
});

test("an event that is not complete yet is kept back", () => {
  const parser = new EventParser();
  assert.deepEqual(parser.push("data: half"), []);
  assert.deepEqual(parser.push(" and half\n"), []);
  assert.deepEqual(parser.push("\n"), [{ type: "message", data: "half and half", id: undefined }]);
});

test("comments and unknown fields say nothing", () => {
  assert.deepEqual(new EventParser().push(": ping\n\nretry: 5\nwhat: ever\n\n"), []);
});
