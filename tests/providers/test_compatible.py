"""Servers that speak Chat Completions, each in its own way."""

import pytest

from server.providers.base import Credential, Provider, ProviderError
from server.wire.events import Usage
from tests.providers.line import Line, text
from tests.upstream import DEFAULT_TEXT, Answer, Upstream

pytestmark = pytest.mark.anyio


def way(providers: dict[str, Provider], name: str, upstream: Upstream, key: str | None = "k-test") -> Line:
    return Line(providers[name], Credential("c", name, key, upstream.openai), "m")


async def test_a_server_without_keys_is_asked_with_a_dummy(compatible: Line, upstream: Upstream) -> None:
    await compatible.hear()
    assert upstream.requests[0].headers["authorization"] == "Bearer none"


async def test_a_server_with_keys_gets_its_own(providers: dict[str, Provider], upstream: Upstream) -> None:
    await way(providers, "compatible", upstream, "k-mine").hear()
    assert upstream.requests[0].headers["authorization"] == "Bearer k-mine"


async def test_a_server_without_an_address_cannot_be_asked(providers: dict[str, Provider]) -> None:
    with pytest.raises(ProviderError, match="give its base URL"):
        await Line(providers["compatible"], Credential("c", "compatible", None), "m").hear()


async def test_usage_is_always_asked_for(compatible: Line, upstream: Upstream) -> None:
    await compatible.hear()
    assert upstream.requests[0].body["stream_options"] == {"include_usage": True}


async def test_mistral_is_not_asked_for_usage(providers: dict[str, Provider], upstream: Upstream) -> None:
    await way(providers, "mistral", upstream).hear()
    assert "stream_options" not in upstream.requests[0].body


async def test_a_strict_server_is_asked_again_without_the_wish_for_usage(compatible: Line, upstream: Upstream) -> None:
    strict = {"message": "body.stream_options.include_usage: Extra inputs are not permitted"}
    upstream.script(Answer(status=422, error=strict))
    assert text(await compatible.hear()) == DEFAULT_TEXT
    assert ["stream_options" in asked.body for asked in upstream.requests] == [True, False]


async def test_openrouter_says_what_it_cost(providers: dict[str, Provider], upstream: Upstream) -> None:
    upstream.script(Answer(usage={"input": 10, "output": 5}, extra_usage={"cost": 0.0000125}))
    events = await way(providers, "openrouter", upstream).hear()
    assert Usage(input=10, output=5, provider_cost_nanos=12_500) in events


async def test_openrouters_public_list_does_not_pass_a_wrong_key(
    providers: dict[str, Provider], upstream: Upstream
) -> None:
    right, wrong = way(providers, "openrouter", upstream), way(providers, "openrouter", upstream, "k-wrong")
    assert await right.provider.models(right.credential)
    assert [asked.path for asked in upstream.requests] == ["/v1/key", "/v1/models"]
    with pytest.raises(ProviderError) as caught:
        await wrong.provider.models(wrong.credential)
    assert caught.value.kind == "auth"


async def test_an_error_that_comes_as_an_answer_of_200_is_an_error(
    compatible: Line, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"error": {"message": "Provider returned error", "code": 502}}
    upstream.script(Answer(json=body))
    with pytest.raises(ProviderError) as caught:
        await compatible.hear()
    assert (caught.value.kind, caught.value.status) == ("overloaded", 502)


async def test_googles_names_lose_their_folder(providers: dict[str, Provider], upstream: Upstream) -> None:
    upstream.models(openai=[{"id": "models/gemini-2.5-pro", "object": "model"}, {"nonsense": True}, None])
    google = way(providers, "gemini", upstream)
    (model,) = await google.provider.models(google.credential)
    assert (model.name, model.context, model.tier) == ("gemini-2.5-pro", 1_048_576, "large")


async def test_a_local_model_is_free(providers: dict[str, Provider], upstream: Upstream) -> None:
    upstream.models(openai=["qwen3:8b"])
    ollama = way(providers, "ollama", upstream, None)
    (model,) = await ollama.provider.models(ollama.credential)
    assert (model.input_price, model.output_price) == (0, 0)
