"""Whatever is done to a rule set, reading it gives a rule set or says what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import contest.demo
from contest.contests.ruleset import (
    RuleSet,
    RuleSetInvalid,
    canonical,
    differences,
    parse_rule_set,
    parse_rule_sets,
    read_json,
)
from contest.core.text import nfc

TEXT = (Path(contest.demo.__file__).parent / "data" / "contests.json").read_text(encoding="utf-8")
CONTESTS = json.loads(TEXT)["contests"]
RELAXED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

Place = tuple[str | int, ...]


def _places(value: Any, path: Place = ()) -> list[Place]:
    found = [path] if path else []
    if isinstance(value, dict):
        for key, each in value.items():
            found += _places(each, (*path, key))
    elif isinstance(value, list):
        for place, each in enumerate(value):
            found += _places(each, (*path, place))
    return found


PLACES = [_places(each) for each in CONTESTS]
ODD = [
    *(None, True, False, 0, -1, 1, 2**70, 10**400, 0.1, 1e300, -0.0, "", " ", "x", "A", "0", "\x00", "�"),
    *([], {}, [[]], [{}], {"": 1}, {"vi": "a", "en": "b"}, {"A": 1}, ["A", "A"], "\ud800", "2027-01-01"),
    *("2027-01-01T00:00:00", "2027-01-01T00:00:00+07:00", "0001-01-01T00:00:00+14:00", "%(x)s %", "9" * 100),
    *("9999-12-31T23:59:59-14:00", "higher_mean_on:", ":", "final", "nhat", "ban_doc", float("nan"), "a" * 200),
]
ODDITIES = st.one_of(
    st.sampled_from(ODD),
    st.integers(),
    st.floats(),
    st.text(max_size=40),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=6,
    ),
)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """The text of a rule set in which a few places were replaced, taken away, added to or doubled."""
    which = draw(st.integers(0, 1))
    document = deepcopy(CONTESTS[which])
    for _ in range(draw(st.integers(1, 5))):
        *before, last = draw(st.sampled_from(PLACES[which]))
        here: Any = document
        try:
            for part in before:
                here = here[part]
            here[last]
        except (KeyError, IndexError, TypeError):
            continue
        action = draw(st.sampled_from(["replace", "take away", "add", "double"]))
        if action == "take away":
            del here[last]
        elif action == "add" and isinstance(here, dict):
            here[draw(st.text(max_size=8))] = draw(ODDITIES)
        elif action == "double" and isinstance(here, list):
            here.insert(0, deepcopy(here[last]))
        else:
            here[last] = draw(ODDITIES)
    return json.dumps(document, ensure_ascii=draw(st.booleans()))


def _outcome(read: Callable[[str | bytes], object], text: str | bytes) -> object:
    """What was read, or the list of problems; any other exception is a bug."""
    try:
        return read(text)
    except RuleSetInvalid as refused:
        return refused


def _complain(refused: RuleSetInvalid) -> None:
    """Every problem can be told, briefly, at a place."""
    assert refused.problems
    for problem in refused.problems:
        said = problem.text()
        assert 0 < len(said) < 400
        assert "%(" not in said or "%(x)s" in said
        assert len(problem.path) < 300


def _use(rules: RuleSet) -> None:
    """All that other parts of the system ask of a rule set."""
    assert parse_rule_set(canonical(rules).text) == rules
    assert differences(rules, rules) == []
    for step in rules.timeline:
        assert step.starts <= step.ends
        assert (rules.window(step.key) is None) == (step.at is not None)
    for category in rules.categories:
        assert all(tier.min <= rules.rubric.scale for tier, _ in rules.ladder(category.id))
    assert sum(each.max for each in rules.rubric.criteria) == rules.rubric.scale
    assert rules.results_at <= rules.official_at
    assert rules.last_round.advance is None
    assert rules.voting.enabled == (rules.readers_prize is not None)
    assert isinstance(hash(rules), int)


@RELAXED
@given(mutated())
def test_a_mutated_rule_set_is_read_or_refused(text: str) -> None:
    outcome = _outcome(parse_rule_set, text)
    if isinstance(outcome, RuleSetInvalid):
        _complain(outcome)
    else:
        assert isinstance(outcome, RuleSet)
        _use(outcome)


@RELAXED
@given(st.text(max_size=200) | st.binary(max_size=200))
def test_noise_is_refused(text: str | bytes) -> None:
    outcome = _outcome(parse_rule_sets, text)
    assert isinstance(outcome, RuleSetInvalid)
    _complain(outcome)


@RELAXED
@given(st.integers(0, len(TEXT) - 1), st.text(max_size=3), st.integers(0, 3))
def test_a_text_with_a_slip_is_read_or_refused(at: int, put: str, dropped: int) -> None:
    outcome = _outcome(parse_rule_sets, TEXT[:at] + put + TEXT[at + dropped :])
    if isinstance(outcome, RuleSetInvalid):
        _complain(outcome)
    else:
        assert isinstance(outcome, list)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.decimals(-1000, 1000, places=3)
    | st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8).map(nfc),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcé", max_size=3), inner, max_size=4),
    max_leaves=12,
)


@RELAXED
@given(st.dictionaries(st.text("abcé", max_size=3), JSON, max_size=4))
def test_canonical_text_reads_back_as_what_was_written(document: dict[str, Any]) -> None:
    made = canonical(document)
    again = read_json(made.text)
    assert canonical(again) == made
    assert differences(document, again) == differences(again, document) == []


def test_the_values_of_a_stored_document_may_come_back_as_floats() -> None:
    rules = RuleSet.model_validate(CONTESTS[1])
    assert rules == parse_rule_sets(TEXT)[1]
    assert rules.rubric.step == Decimal("0.25")
