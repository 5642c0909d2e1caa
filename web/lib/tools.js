/** What to paste into which program so that it uses this server. The same lines stand in docs/gateway.md. */

/**
 * @typedef {{where: string, text: string}} Paste `where` is the language, or the file, or what to do with it
 * @typedef {{id: string, title: string, pastes: Paste[], note?: string}} Tool
 */

/**
 * @param {string} address of this server, without a slash at the end
 * @param {string} key a virtual key
 * @param {string} model
 * @returns {Tool[]}
 */
export const tools = (address, key, model) => [
  {
    id: "claude-code",
    title: "Claude Code",
    pastes: [
      {
        where: "shell",
        text: `export ANTHROPIC_BASE_URL=${address}
export ANTHROPIC_AUTH_TOKEN=${key}
export ANTHROPIC_MODEL=${model}
export ANTHROPIC_DEFAULT_HAIKU_MODEL=${model}
claude`,
      },
    ],
    note: "ANTHROPIC_DEFAULT_HAIKU_MODEL is what it does small things with, such as titles: a small model will do. CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY=1 lets it list the models whose names begin with claude",
  },
  {
    id: "codex",
    title: "Codex CLI",
    pastes: [
      {
        where: "~/.codex/config.toml",
        text: `model = "${model}"
model_provider = "llm-router"

[model_providers.llm-router]
name = "LLM Router"
base_url = "${address}/v1"
env_key = "LLM_ROUTER_KEY"
wire_api = "responses"`,
      },
      {
        where: "shell",
        text: `export LLM_ROUTER_KEY=${key}
codex`,
      },
    ],
  },
  {
    id: "opencode",
    title: "opencode",
    pastes: [
      {
        where: "opencode.json",
        text: `{
  "$schema": "https://opencode.ai/config.json",
  "provider": {
    "llm-router": {
      "npm": "@ai-sdk/openai-compatible",
      "name": "LLM Router",
      "options": {
        "baseURL": "${address}/v1",
        "apiKey": "{env:LLM_ROUTER_KEY}"
      },
      "models": { "${model}": {} }
    }
  }
}`,
      },
      {
        where: "shell",
        text: `export LLM_ROUTER_KEY=${key}
opencode -m llm-router/${model}`,
      },
    ],
  },
  {
    id: "aider",
    title: "aider",
    pastes: [
      {
        where: "shell",
        text: `export OPENAI_API_BASE=${address}/v1
export OPENAI_API_KEY=${key}
aider --model openai/${model}`,
      },
    ],
  },
  {
    id: "llm",
    title: "llm",
    pastes: [
      {
        where: "extra-openai-models.yaml",
        text: `- model_id: router
  model_name: ${model}
  api_base: ${address}/v1
  api_key_name: llm-router
  supports_tools: true`,
      },
      {
        where: "shell",
        text: `llm keys set llm-router --value ${key}
llm -m router "hello"`,
      },
    ],
    note: 'the file belongs into the folder that dirname "$(llm logs path)" prints',
  },
  {
    id: "continue",
    title: "Continue",
    pastes: [
      {
        where: "~/.continue/config.yaml",
        text: `name: LLM Router
version: 1.0.0
schema: v1
models:
  - name: ${model}
    provider: openai
    model: ${model}
    apiBase: ${address}/v1
    apiKey: ${key}
    roles: [chat, edit, apply]`,
      },
    ],
  },
  {
    id: "langchain",
    title: "LangChain",
    pastes: [
      {
        where: "python",
        text: `from langchain_openai import ChatOpenAI

model = ChatOpenAI(
    model="${model}",
    base_url="${address}/v1",
    api_key="${key}",
)
print(model.invoke("hello").content)`,
      },
    ],
  },
  {
    id: "openai-sdk",
    title: "OpenAI SDK",
    pastes: [
      {
        where: "python",
        text: `from openai import OpenAI

client = OpenAI(
    base_url="${address}/v1",
    api_key="${key}",
)
answer = client.responses.create(model="${model}", input="hello")
print(answer.output_text)`,
      },
    ],
  },
  {
    id: "anthropic-sdk",
    title: "Anthropic SDK",
    pastes: [
      {
        where: "python",
        text: `from anthropic import Anthropic

client = Anthropic(
    base_url="${address}",
    api_key="${key}",
)
message = client.messages.create(
    model="${model}",
    max_tokens=1024,
    messages=[{"role": "user", "content": "hello"}],
)
print(message.content[0].text)`,
      },
    ],
  },
  {
    id: "open-webui",
    title: "Open WebUI",
    pastes: [
      {
        where: "environment of its container",
        text: `OPENAI_API_BASE_URL=${address}/v1
OPENAI_API_KEY=${key}`,
      },
    ],
    note: "or in its admin panel: settings, connections, OpenAI API, +",
  },
  {
    id: "home-assistant",
    title: "Home Assistant",
    pastes: [
      {
        where: "Extended OpenAI Conversation, add service",
        text: `API Key: ${key}
Base Url: ${address}/v1
Model: ${model}`,
      },
    ],
    note: "the model is chosen in the options of the service; one that calls tools well, for the house to obey",
  },
];
