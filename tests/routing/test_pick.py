"""The one function that decides: by example, and by what has to hold whatever it is handed."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.providers.base import Model
from server.routing.facts import Facts
from server.routing.pick import MOST, ROOM, Candidate, Rates, Speed, pick
from server.routing.rules import Rule

LARGE = Candidate("large", Model("large", "openai", context=200_000, vision=True, tier="large"))
MEDIUM = Candidate("medium", Model("medium", "openai", context=200_000, vision=True, tier="medium"))
OTHER = Candidate("other", Model("other", "anthropic", context=200_000, vision=True, tier="medium"))
SMALL = Candidate("small", Model("small", "anthropic", context=32_000, vision=False, tier="small"))
DEMO = Candidate("demo", Model("demo", "demo", context=32_000, vision=False, tier="small"))
PICTURES = Candidate("pictures", Model("pictures", "openai", kind="image"))
ALL = (LARGE, MEDIUM, OTHER, SMALL, DEMO, PICTURES)
PRICES = {
    "large": Rates(15_000_000_000, 75_000_000_000),
    "medium": Rates(3_000_000_000, 15_000_000_000),
    "other": Rates(2_000_000_000, 10_000_000_000),
    "small": Rates(100_000_000, 400_000_000),
    "demo": Rates(0, 0),
}
SPEEDS = {"large": Speed(900, 40), "medium": Speed(2000, 300), "other": Speed(300, 60)}
PLAIN = Facts(length=20, tokens=30, default="medium")


def chosen(asked: str, facts: Facts = PLAIN, rules: tuple[Rule, ...] = (), **more: Any) -> list[str]:
    known: dict[str, Any] = {"candidates": ALL, "speeds": SPEEDS, "prices": PRICES} | more
    return [one.id for one in pick(asked, facts=facts, rules=rules, **known)]


def rule(model: str, *fallbacks: str, **when: Any) -> Rule:
    return Rule.model_validate({"when": when, "model": model, "fallbacks": fallbacks})


def test_auto_takes_the_default_model_and_then_what_is_nearest_to_it_elsewhere() -> None:
    assert chosen("auto") == ["medium", "other", "small", "large"]


def test_cheapest_goes_by_what_the_whole_exchange_is_expected_to_cost() -> None:
    assert chosen("auto/cheapest")[:2] == ["small", "other"]


def test_an_unknown_price_is_never_the_cheapest() -> None:
    unknown = {id: rates for id, rates in PRICES.items() if id != "small"}
    assert chosen("auto/cheapest", prices=unknown) == ["other", "medium", "large", "small"]


def test_a_long_answer_weighs_more_than_a_long_prompt_costs() -> None:
    prices = {"medium": Rates(1, 10_000_000_000), "other": Rates(10_000_000_000, 1)}
    assert chosen("auto/cheapest", candidates=(MEDIUM, OTHER), prices=prices) == ["other", "medium"]
    long = replace(PLAIN, tokens=100_000)
    assert chosen("auto/cheapest", long, candidates=(MEDIUM, OTHER), prices=prices) == ["medium", "other"]


def test_fastest_goes_by_the_time_that_a_whole_answer_takes() -> None:
    assert chosen("auto/fastest") == ["medium", "other", "large", "small"]


def test_without_any_measurement_the_fastest_is_a_small_model_and_says_so() -> None:
    first = pick("auto/fastest", ALL, PLAIN, (), {}, PRICES)[0]
    assert (first.id, first.reason) == ("small", "no speed measured yet: a small model")


@pytest.mark.parametrize("asked", ["auto", "auto/cheapest", "auto/fastest"])
def test_a_picture_goes_only_to_a_model_that_sees(asked: str) -> None:
    assert "small" not in chosen(asked, replace(PLAIN, has_image=True))


def test_where_no_model_is_known_to_see_those_that_nobody_knows_have_a_chance() -> None:
    unknown = Candidate("unknown", Model("unknown", "compatible"))
    assert chosen("auto", replace(PLAIN, has_image=True), candidates=(SMALL, unknown)) == ["unknown"]
    assert chosen("auto", replace(PLAIN, has_image=True), candidates=(SMALL,)) == []


@pytest.mark.parametrize("asked", ["auto", "auto/cheapest", "auto/fastest"])
def test_a_conversation_that_does_not_fit_is_not_sent(asked: str) -> None:
    assert "small" not in chosen(asked, replace(PLAIN, tokens=32_000 - ROOM + 1))
    assert "small" in chosen(asked, replace(PLAIN, tokens=32_000 - ROOM))


def test_the_demo_is_picked_only_where_nothing_else_is() -> None:
    assert "demo" not in chosen("auto/cheapest")
    assert chosen("auto/cheapest", candidates=(DEMO, PICTURES)) == ["demo"]


def test_where_there_is_no_model_nothing_is_picked() -> None:
    assert chosen("auto", candidates=()) == []


def test_the_first_rule_that_holds_decides_and_its_fallbacks_follow() -> None:
    rules = (rule("large", "other", code=True), rule("small"))
    assert chosen("auto", replace(PLAIN, code=True), rules)[:2] == ["large", "other"]
    assert chosen("auto", PLAIN, rules)[0] == "small"


def test_a_rule_whose_models_cannot_answer_leaves_it_to_the_next() -> None:
    rules = (rule("small", "gone", has_image=True), rule("large", has_image=True))
    first = pick("auto", ALL, replace(PLAIN, has_image=True), rules, {}, PRICES)[0]
    assert (first.id, first.reason) == ("large", "your rule 2: has a picture")


def test_rules_are_not_for_the_cheapest_and_the_fastest() -> None:
    assert chosen("auto/cheapest", PLAIN, (rule("large"),))[0] == "small"
    assert chosen("auto/fastest", PLAIN, (rule("large"),))[0] == "medium"


@pytest.mark.parametrize(
    ("when", "facts", "holds"),
    [
        ({}, PLAIN, True),
        ({"longer_than": 20}, PLAIN, False),
        ({"longer_than": 19}, PLAIN, True),
        ({"language": "de"}, replace(PLAIN, language="de"), True),
        ({"language": "de"}, PLAIN, False),
        ({"code": False}, PLAIN, True),
        ({"tag": "Work"}, replace(PLAIN, tags=frozenset({"work"})), True),
        ({"tag": "work"}, PLAIN, False),
        ({"has_image": True, "longer_than": 5}, PLAIN, False),
    ],
)
def test_a_rule_holds_when_everything_that_it_names_does(when: dict[str, Any], facts: Facts, holds: bool) -> None:
    assert rule("large", **when).when.holds(facts) is holds


ids = st.sampled_from(["a", "b", "c", "d", "e", "f", "g"])
models = st.builds(
    Model,
    st.just("m"),
    st.sampled_from(["openai", "anthropic", "demo"]),
    context=st.none() | st.integers(1, 300_000),
    vision=st.none() | st.booleans(),
    tier=st.sampled_from(["small", "medium", "large"]),
    kind=st.sampled_from(["chat", "image", "other"]),
)
candidates = st.dictionaries(ids, models).map(lambda found: [Candidate(id, model) for id, model in found.items()])
facts = st.builds(
    Facts,
    length=st.integers(0, 10_000),
    tokens=st.integers(0, 250_000),
    has_image=st.booleans(),
    code=st.booleans(),
    default=st.none() | ids,
)
rates = st.builds(Rates, st.integers(0, 10**11), st.integers(0, 10**11))
speeds = st.builds(Speed, st.floats(1, 60_000), st.floats(0.1, 2000))
rules = st.lists(
    st.builds(
        lambda model, code, others: rule(model, *others, code=code),
        ids,
        st.none() | st.booleans(),
        st.lists(ids, max_size=3),
    )
)
asked = st.sampled_from(["auto", "auto/cheapest", "auto/fastest"])
everything = (asked, candidates, facts, rules, st.dictionaries(ids, speeds), st.dictionaries(ids, rates))


@given(*everything)
def test_whatever_it_is_handed_it_picks_different_offered_models_that_can_answer_and_says_why(
    asked: str, candidates: Any, facts: Facts, rules: Any, speeds: Any, prices: Any
) -> None:
    found = pick(asked, candidates, facts, rules, speeds, prices)
    offered = {one.id: one for one in candidates}
    assert len({one.id for one in found}) == len(found) <= MOST
    for one in found:
        model = offered[one.id].model
        assert one.reason
        assert model.kind == "chat"
        assert model.context is None or facts.tokens + ROOM <= model.context
        assert not facts.has_image or model.vision is not False
    if any(offered[one.id].is_demo for one in found):
        assert all(offered[one.id].is_demo for one in found)


@given(*everything, st.randoms())
def test_the_order_in_which_models_are_listed_decides_nothing(
    asked: str, candidates: Any, facts: Facts, rules: Any, speeds: Any, prices: Any, random: Any
) -> None:
    mixed = random.sample(candidates, len(candidates))
    assert pick(asked, mixed, facts, rules, speeds, prices) == pick(asked, candidates, facts, rules, speeds, prices)


@given(candidates, facts, st.dictionaries(ids, rates))
def test_no_model_that_can_answer_is_cheaper_than_the_cheapest(candidates: Any, facts: Facts, prices: Any) -> None:
    found = pick("auto/cheapest", candidates, facts, (), {}, prices)
    costs = [prices[one.id].expected(facts.tokens) if one.id in prices else float("inf") for one in found]
    assert costs == sorted(costs)


@given(asked, candidates, facts, rules)
def test_an_answer_is_found_whenever_a_plain_model_is_on_offer(
    asked: str, candidates: Any, facts: Facts, rules: Any
) -> None:
    sure = Candidate("sure", Model("sure", "openai", context=None, vision=True))
    assert pick(asked, [*candidates, sure], facts, rules, {}, {})
