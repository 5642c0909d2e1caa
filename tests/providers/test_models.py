"""Lists of models, from each provider, in good and in bad weather."""

import pytest

from server.providers.base import Credential, Kind, ProviderError, Timeouts
from server.providers.registry import create
from tests.providers.line import Line
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio


async def fail(way: Line) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await way.provider.models(way.credential)
    return caught.value


async def test_the_list_is_live(way: Line) -> None:
    models = await way.provider.models(way.credential)
    assert len(models) >= 4
    assert {(model.source, model.provider) for model in models} == {("live", way.provider.name)}


async def test_a_wrong_key_does_not_pass(way: Line) -> None:
    key = Credential("c", way.provider.name, "sk-wrong", way.credential.base_url)
    assert (await fail(Line(way.provider, key, way.model))).kind == "auth"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(status=429), "rate_limit"),
        (Answer(status=500), "overloaded"),
        (Answer(html=True), "network"),
    ],
)
async def test_every_failure_has_its_kind(way: Line, upstream: Upstream, answer: Answer, kind: Kind) -> None:
    answer.match = "/models"
    upstream.script(answer)
    assert (await fail(way)).kind == kind


async def test_an_address_with_the_wrong_path_says_to_check_it(way: Line) -> None:
    place = Credential("c", way.provider.name, "k", f"{way.credential.base_url}/elsewhere")
    error = await fail(Line(way.provider, place, way.model))
    assert "check the base URL" in error.message or "does not offer" in error.message


async def test_a_slow_list_is_a_timeout(way: Line, upstream: Upstream) -> None:
    provider = create(Timeouts(models=0.2))[way.provider.name]
    upstream.script(Answer(first_delay=30, match="/models"))
    error = await fail(Line(provider, way.credential, way.model))
    assert error.kind == "timeout"
    await provider.close()
