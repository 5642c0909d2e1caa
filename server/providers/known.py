"""THE table of providers: what each is called, where it is, how its keys look and which format it speaks."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class ProviderInfo:
    name: str
    title: str
    wire: Literal["responses", "messages", "chat", "demo"]
    base_url: str | None = None
    """Where it is unless the credential says otherwise; None: the credential has to."""
    needs_key: bool = True
    prefixes: tuple[str, ...] = ()
    """What its keys begin with."""
    key_url: str | None = None
    """Where a person gets a key."""
    check_path: str | None = None
    """Asked before the list of models where that list is public, so that it tests the key as well."""
    ask_usage: bool = True
    """False: counts tokens unasked, and refuses a request that asks for it."""
    replay_reasoning: bool = False
    """Wants to see the thinking of its tool turns again."""
    local: bool = False
    """Runs on the owner's own machines and costs nothing per token."""


PROVIDERS: dict[str, ProviderInfo] = {
    info.name: info
    for info in (
        ProviderInfo(
            "openai",
            "OpenAI",
            "responses",
            "https://api.openai.com/v1",
            prefixes=("sk-proj-", "sk-svcacct-", "sk-admin-", "sk-"),
            key_url="https://platform.openai.com/api-keys",
        ),
        ProviderInfo(
            "anthropic",
            "Anthropic",
            "messages",
            "https://api.anthropic.com",
            prefixes=("sk-ant-",),
            key_url="https://platform.claude.com/settings/keys",
        ),
        ProviderInfo(
            "gemini",
            "Gemini",
            "chat",
            "https://generativelanguage.googleapis.com/v1beta/openai",
            prefixes=("AIza", "AQ."),
            key_url="https://aistudio.google.com/apikey",
        ),
        ProviderInfo(
            "openrouter",
            "OpenRouter",
            "chat",
            "https://openrouter.ai/api/v1",
            prefixes=("sk-or-",),
            key_url="https://openrouter.ai/settings/keys",
            check_path="/key",
        ),
        ProviderInfo("ollama", "Ollama", "chat", "http://localhost:11434/v1", needs_key=False, local=True),
        ProviderInfo(
            "groq",
            "Groq",
            "chat",
            "https://api.groq.com/openai/v1",
            prefixes=("gsk_",),
            key_url="https://console.groq.com/keys",
        ),
        ProviderInfo(
            "mistral",
            "Mistral",
            "chat",
            "https://api.mistral.ai/v1",
            key_url="https://console.mistral.ai/api-keys",
            ask_usage=False,
        ),
        ProviderInfo(
            "deepseek",
            "DeepSeek",
            "chat",
            "https://api.deepseek.com/v1",
            key_url="https://platform.deepseek.com/api_keys",
            replay_reasoning=True,
        ),
        ProviderInfo(
            "xai",
            "xAI",
            "chat",
            "https://api.x.ai/v1",
            prefixes=("xai-",),
            key_url="https://console.x.ai",
        ),
        ProviderInfo("compatible", "compatible server", "chat", needs_key=False),
        ProviderInfo("demo", "demo, not an AI", "demo", needs_key=False, local=True),
    )
}


def recognise(key: str) -> str | None:
    """The provider whose keys look like this one, by the longest prefix; None when no prefix is known."""
    key = key.strip()
    found = [
        (len(prefix), info.name) for info in PROVIDERS.values() for prefix in info.prefixes if key.startswith(prefix)
    ]
    return max(found)[1] if found else None


def chat_url(base_url: str) -> str:
    """The root under which ``/chat/completions`` and ``/responses`` lie.

    An address without a path gets ``/v1``; one with a path is used as it is given.
    """
    url = base_url.strip().rstrip("/")
    for tail in ("/chat/completions", "/responses", "/models"):
        url = url.removesuffix(tail)
    return url if urlsplit(url).path else url + "/v1"


def messages_url(base_url: str) -> str:
    """The root under which ``/v1/messages`` lies; given with or without ``/v1``."""
    return base_url.strip().rstrip("/").removesuffix("/messages").removesuffix("/v1")
