import assert from "node:assert/strict";
import { test } from "node:test";
import { Reply } from "../../web/state/reply.js";

const closed = (/** @type {[number, string][]} */ ...blocks) =>
  blocks.map(([index, html]) => ({ index, html }));

/** What a reader would see. @param {Reply} reply */
const seen = ({ closed: done, open }) => [...done, ...(open ? [open.html + open.appended] : [])];

test("pieces make blocks, each once", () => {
  const reply = new Reply();
  assert.ok(reply.delta({ seq: 1, closed: [], open: { index: 0, html: "<p>He</p>" } }));
  assert.ok(reply.delta({ seq: 2, closed: [], open: { index: 0, html: "<p>Hello</p>" } }));
  assert.ok(
    reply.delta({ seq: 3, closed: closed([0, "<p>Hello.</p>"]), open: { index: 1, html: "<p>And</p>" } }),
  );
  assert.deepEqual(seen(reply), ["<p>Hello.</p>", "<p>And</p>"]);
});

test("a piece that was seen already is not taken twice", () => {
  const reply = new Reply();
  const piece = { seq: 1, closed: closed([0, "<p>one</p>"]), open: null };
  assert.ok(reply.delta(piece));
  assert.ok(reply.delta(piece));
  assert.deepEqual(seen(reply), ["<p>one</p>"]);
  reply.reason({ seq: 1, append: "again" });
  assert.equal(reply.reasoning, "");
});

test("a missing block is noticed", () => {
  const reply = new Reply();
  assert.equal(reply.delta({ seq: 2, closed: closed([1, "<p>two</p>"]), open: null }), false);
  assert.equal(reply.seq, 0);
});

test("text is appended to the open block, and only to that one", () => {
  const reply = new Reply();
  assert.ok(reply.delta({ seq: 1, closed: [], open: { index: 0, html: "<pre>" } }));
  assert.ok(reply.delta({ seq: 2, closed: [], open: { index: 0, append: "a = 1\n" } }));
  assert.ok(reply.delta({ seq: 3, closed: [], open: { index: 0, append: "b = 2\n" } }));
  assert.deepEqual(seen(reply), ["<pre>a = 1\nb = 2\n"]);
  assert.equal(reply.delta({ seq: 4, closed: [], open: { index: 1, append: "c" } }), false);
});

test("closing the open block leaves nothing open", () => {
  const reply = new Reply();
  reply.delta({ seq: 1, closed: [], open: { index: 0, html: "<pre>" } });
  reply.delta({ seq: 2, closed: closed([0, "<pre>done</pre>"]), open: null });
  assert.equal(reply.open, null);
  assert.deepEqual(seen(reply), ["<pre>done</pre>"]);
});

test("a snapshot replaces everything and goes on from its place", () => {
  const reply = new Reply();
  reply.delta({ seq: 1, closed: closed([0, "<p>lost</p>"]), open: null });
  const before = reply.generation;
  reply.reset({ seq: 7, blocks: ["<p>a</p>", "<p>b</p>"], open: "<p>c</p>", reasoning: "hm" });
  assert.notEqual(reply.generation, before);
  assert.deepEqual(seen(reply), ["<p>a</p>", "<p>b</p>", "<p>c</p>"]);
  assert.ok(reply.delta({ seq: 6, closed: closed([2, "<p>old</p>"]), open: null }));
  assert.ok(reply.delta({ seq: 8, closed: closed([2, "<p>c.</p>"]), open: null }));
  assert.deepEqual(seen(reply), ["<p>a</p>", "<p>b</p>", "<p>c.</p>"]);
});

test("what comes tells what the model does", () => {
  const reply = new Reply();
  assert.equal(reply.activity.state, "waiting");
  reply.reason({ seq: 1, append: "let me think" });
  assert.equal(reply.activity.state, "thinking");
  reply.delta({ seq: 2, closed: [], open: { index: 0, html: "<p>so</p>" } });
  assert.equal(reply.activity.state, "writing");
});
