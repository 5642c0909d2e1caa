import assert from "node:assert/strict";
import { test } from "node:test";
import { alarming, bar, cost, dollars, duration, modelName, tokens } from "../../web/lib/format.js";

/** @param {Partial<Parameters<typeof cost>[0]>} values */
const figures = (values) => ({ cost_nanos: 0, unknown: 0, estimated: false, ...values });

test("tokens are short", () => {
  assert.deepEqual([0, 999, 1000, 1849, 99_949, 123_456, 999_499, 999_500, 1_900_000].map(tokens), [
    "0",
    "999",
    "1k",
    "1.8k",
    "99.9k",
    "123k",
    "999k",
    "1M",
    "1.9M",
  ]);
});

test("dollars keep the digits that say something, and nothing that cost anything is $0", () => {
  const sums = [0, 1, 99_999, 400_000, 4_000_000, 12_000_000, 330_000_000, 1_240_000_000, 1_500_000_000_000];
  assert.deepEqual(sums.map(dollars), [
    "$0.00",
    "<$0.0001",
    "<$0.0001",
    "$0.0004",
    "$0.004",
    "$0.012",
    "$0.33",
    "$1.24",
    "$1.5k",
  ]);
  assert.equal(dollars(null), "$?");
});

test("a sum says when it is an estimate and when prices are unknown", () => {
  assert.equal(cost(figures({ cost_nanos: 4_000_000 })), "$0.004");
  assert.equal(cost(figures({ cost_nanos: 4_000_000 }), 1_000_000), "~$0.005");
  assert.equal(cost(figures({ cost_nanos: 4_000_000, estimated: true })), "~$0.004");
  assert.equal(cost(figures({ unknown: 2 })), "$?");
  assert.equal(cost(figures({ cost_nanos: 4_000_000, unknown: 1 })), "$0.004+?");
  assert.equal(cost(null), "$0.00");
});

test("a share is told from 80 % on, and louder from 95 %", () => {
  assert.deepEqual(
    [0, 0.79, 0.8, 0.95, 2].map((share) => alarming(share)?.[1]),
    [undefined, undefined, "yellow", "red", "red"],
  );
});

test("durations, bars and model names are short", () => {
  assert.deepEqual([7400, 12_000, 125_000].map(duration), ["7.4 s", "12 s", "2 min 5 s"]);
  assert.equal([0, 0.18, 0.5, 1].map(bar).join(""), "▁▂▅█");
  assert.equal(modelName("claude-sonnet-4-5-20250929"), "sonnet-4.5");
  assert.equal(modelName("openrouter/openai/gpt-5.1"), "gpt-5.1");
  assert.equal(modelName("ollama/qwen3:latest"), "qwen3");
});
