"""The table of providers, keys that tell whose they are, and addresses that people really type."""

import subprocess
import sys

import pytest

from server.providers.base import Timeouts
from server.providers.known import PROVIDERS, chat_url, messages_url, recognise
from server.providers.registry import create


@pytest.mark.parametrize(
    ("key", "provider"),
    [
        ("sk-ant-api03-abc", "anthropic"),
        ("sk-or-v1-abc", "openrouter"),
        ("sk-proj-abc", "openai"),
        ("sk-abc", "openai"),
        ("  sk-abc\n", "openai"),
        ("AIzaSyabc", "gemini"),
        ("gsk_abc", "groq"),
        ("xai-abc", "xai"),
        ("abc", None),
        ("", None),
    ],
)
def test_a_key_tells_whose_it_is(key: str, provider: str | None) -> None:
    assert recognise(key) == provider


def test_the_names_are_the_ones_that_are_promised() -> None:
    assert list(PROVIDERS) == [
        "openai",
        "anthropic",
        "gemini",
        "openrouter",
        "ollama",
        "groq",
        "mistral",
        "deepseek",
        "xai",
        "compatible",
        "demo",
    ]
    assert PROVIDERS["demo"].title == "demo, not an AI"
    for info in PROVIDERS.values():
        assert not info.needs_key or (info.key_url and info.base_url)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://api.openai.com", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
        ("http://pi:11434", "http://pi:11434/v1"),
        ("https://openrouter.ai/api/v1/chat/completions", "https://openrouter.ai/api/v1"),
        ("https://g.example/v1beta/openai/", "https://g.example/v1beta/openai"),
    ],
)
def test_an_address_for_chat_is_used_as_it_is_or_gets_a_version(given: str, used: str) -> None:
    assert chat_url(given) == used


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://api.anthropic.com", "https://api.anthropic.com"),
        ("https://api.anthropic.com/v1/", "https://api.anthropic.com"),
        ("https://proxy.example/anthropic/v1/messages", "https://proxy.example/anthropic"),
    ],
)
def test_an_address_for_messages_loses_its_version(given: str, used: str) -> None:
    assert messages_url(given) == used


def test_every_provider_is_made_and_named() -> None:
    assert {name: provider.name for name, provider in create(Timeouts()).items()} == {name: name for name in PROVIDERS}


def test_no_sdk_is_loaded_before_it_is_needed() -> None:
    program = (
        "import sys\n"
        "from server.providers.base import Timeouts\n"
        "from server.providers.registry import create\n"
        "create(Timeouts())\n"
        "sys.exit(len({'openai', 'anthropic', 'httpx2'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
