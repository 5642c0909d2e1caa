import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { tools } from "../../web/lib/tools.js";

const docs = readFileSync(new URL("../../docs/gateway.md", import.meta.url), "utf8");
const TOOLS =
  "Claude Code, Codex CLI, opencode, aider, llm, Continue, LangChain, OpenAI SDK, Anthropic SDK, Open WebUI, Home Assistant";

test("every tool of the promise has its lines", () => {
  assert.deepEqual(
    tools("a", "b", "c").map(({ title }) => title),
    TOOLS.split(", "),
  );
});

test("the page of the docs says the same as the screen", () => {
  for (const { title, pastes, note } of tools("http://localhost:8080", "sk-llmr-…", "gpt-5.1")) {
    const begin = docs.indexOf(`### ${title}\n`);
    assert.notEqual(begin, -1, `docs/gateway.md has no section for ${title}`);
    const section = docs.slice(begin, docs.indexOf("\n### ", begin + 1));
    for (const { where, text } of pastes) {
      assert.ok(section.includes(where), `${title}: ${where}`);
      assert.ok(section.includes(text), `${title}: ${text}`);
    }
    if (note)
      assert.ok(section.toLowerCase().replace(/`/g, "").includes(note.toLowerCase()), `${title}: ${note}`);
  }
});

test("address, key and model are in the lines of every tool", () => {
  for (const { id, pastes } of tools("https://house.example", "the-key", "the-model")) {
    const lines = pastes.map(({ text }) => text).join("\n");
    assert.ok(lines.includes("https://house.example"), id);
    assert.ok(lines.includes("the-key"), id);
    if (id !== "open-webui") assert.ok(lines.includes("the-model"), id);
    assert.ok(!lines.includes("undefined"), id);
  }
});

test("what is JSON can be read as JSON", () => {
  const paste = tools("a", "b", "c").find(({ id }) => id === "opencode")?.pastes[0].text ?? "";
  assert.equal(JSON.parse(paste).provider["llm-router"].options.baseURL, "a/v1");
});
