import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { conversation } from "../../web/state/conversation.js";

const HEAD = { id: "c", revision: 6, leaf_id: "m1" };

/** @param {string} id @param {number} revision @param {string} status */
const row = (id, revision, status) => ({
  id,
  revision,
  status,
  conversation_id: "c",
  comparison: "both",
  role: "assistant",
  siblings: { ids: ["m1", "m2"], index: 0 },
});

const PAGE = {
  conversation: { ...HEAD, revision: 4 },
  messages: [row("m1", 4, "streaming")],
  beside: [row("m2", 4, "streaming")],
  earlier: false,
  later: false,
};
/** What the server has in the end. */
const ROWS = [row("m1", 5, "done"), row("m2", 6, "done")];

/** @type {string[]} */
let asked = [];

beforeEach(() => {
  asked = [];
  globalThis.fetch = async (input) => {
    asked.push(String(input));
    const since = /since=(\d+)/.exec(String(input));
    const messages = ROWS.filter(({ revision }) => revision > Number(since?.[1]));
    return Response.json(since ? { conversation: HEAD, messages } : PAGE);
  };
});

const statuses = () => [...conversation.messages.values()].map(({ id, status }) => `${id} ${status}`);
const sync = () => conversation.sync({ conversation: "c", revision: 6, replies: [] });

test("of two rows that were told in the other order none is missed when the line breaks between them", async () => {
  await conversation.open("c");
  conversation.receive(/** @type {any} */ (ROWS[1]));
  await sync();
  assert.deepEqual(statuses(), ["m1 done", "m2 done"]);
});

test("nor one of which the page had not heard at all", async () => {
  await conversation.open(null);
  conversation.adopt(/** @type {any} */ ({ id: "c", revision: 4 }));
  conversation.receive(/** @type {any} */ (ROWS[1]));
  await sync();
  assert.deepEqual(statuses().sort(), ["m1 done", "m2 done"]);
});

test("where all that was told is here nothing is asked again", async () => {
  await conversation.open("c");
  for (const told of [ROWS[1], ROWS[0]]) conversation.receive(/** @type {any} */ (told));
  const before = asked.length;
  await sync();
  assert.equal(asked.length, before);
});

test("where nothing changed since it was read nothing is asked again", async () => {
  await conversation.open("c");
  await sync();
  const before = asked.length;
  await sync();
  assert.equal(asked.length, before);
});

test("of a comparison the first is on the path in whatever order its rows are told", async () => {
  const prompt = { ...row("p", 2, "done"), role: "user", parent_id: null, siblings: null, comparison: null };
  const [first, second] = ["m1", "m2"].map((id) => ({ ...row(id, 3, "done"), parent_id: "p" }));
  for (const order of [
    [prompt, first, second],
    [prompt, second, first],
    [second, prompt, first],
    [second, first, prompt],
    [first, second, prompt],
  ]) {
    await conversation.open(null);
    conversation.adopt(/** @type {any} */ ({ id: "c", revision: 1 }));
    for (const told of order) conversation.receive(/** @type {any} */ (told));
    assert.deepEqual(conversation.path.value, ["p", "m1"], order.map(({ id }) => id).join());
  }
});

test("an answer that was chosen stays when one before it is told again", async () => {
  await conversation.open("c");
  conversation.path.value = ["m2"];
  conversation.receive(/** @type {any} */ (ROWS[0]));
  assert.deepEqual(conversation.path.value, ["m2"]);
});

test("a page that was read before an answer ended does not bring it back to life", async () => {
  await conversation.open("c");
  const page = globalThis.fetch;
  globalThis.fetch = async (input) => {
    const answer = await page(input);
    if (!String(input).includes("since"))
      for (const one of ROWS) conversation.receive(/** @type {any} */ (one));
    return answer;
  };
  await conversation.load();
  assert.deepEqual(statuses(), ["m1 done", "m2 done"]);
});

test("what the stream told while a page was read, and the page does not have, is asked for", async () => {
  await conversation.open("c");
  conversation.describe(/** @type {any} */ ({ ...HEAD, revision: 6 }));
  await conversation.load();
  assert.ok(asked.some((address) => address.includes("since=4")));
});
