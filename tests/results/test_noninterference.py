"""Who may not know yet cannot tell two worlds apart that differ in winners, scores and counts alone.

Every address of the site, asked by everybody in every way, a day, a second and a millisecond before the
announcement: no byte, status or header differs, and no statement that is sent to the database.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories.crawl import hold_tokens
from tests.factories.twin_changes import (
    all_of_it,
    no_posted,
    no_results,
    other_posted,
    other_winners,
    undecided,
    withheld_too,
)
from tests.factories.twins import PLAIN, WAYS, Twins, differences

EARLY = (timedelta(hours=24), timedelta(seconds=1), timedelta(milliseconds=1))
pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True)  # what is shown differs in no database

# Whose work has scores in it: they may know these, and no winner.
MARKS = {"judge", "chair", "secretary"}
# Who sits in the council or writes its minutes: which prizes it withholds stands on the council's own page.
COUNCIL = {"chair", "secretary"}
# Who works with the organisers on what leads to results.
KNOWS_OF_THEM = {"secretary"}


@pytest.fixture(autouse=True)
def one_second(monkeypatch):
    hold_tokens(monkeypatch)


@pytest.fixture
def twins(app, clock):
    return Twins(app, clock)


def changes_for(role):
    found = [other_winners if role in COUNCIL else withheld_too if role in MARKS else all_of_it]
    return found if role in KNOWS_OF_THEM else [*found, no_results]


def told_apart(twins, clock, role, before, changes, keys, ways):
    clock.instant = twins.at - before
    twins.restore()
    first = twins.look(role, keys, ways)
    found = []
    for change in changes:
        twins.turn(change)
        found += [f"{change.__name__}, {before}: {line}" for line in differences(first, twins.look(role, keys, ways))]
    return first, found


def asked_at(lines):
    return {line.split("'")[1].split()[0] for line in lines}


ROLES = (
    "writer",
    "winner",
    "loser",
    "stranger",
    "officer",
    "operator",
    "judge",
    "chair",
    "secretary",
    "press",
    "press accepted",
    "observer",
    "organiser of another",
)


@pytest.mark.parametrize("role", ROLES)
def test_nobody_signed_in_can_tell(twins, clock, role):
    """Every address; the millisecond before in full, earlier those that answer at all."""
    keys = [key for key in twins.paths if not (role == "press accepted" and key.startswith("results.press"))]
    last = EARLY[-1]
    seen, found = told_apart(twins, clock, role, last, changes_for(role), keys, [PLAIN])
    there = [key for key in keys if seen[key, PLAIN.name].status == 200]
    assert len(there) > 25, "they go nowhere: the comparison would be empty"
    for before in EARLY[:-1]:
        found += told_apart(twins, clock, role, before, changes_for(role)[:1], there, [PLAIN])[1]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("before", EARLY, ids=["day", "second", "millisecond"])
def test_no_visitor_can_tell_whatever_they_ask(twins, clock, before):
    keys = list(twins.paths)
    seen, found = told_apart(twins, clock, "visitor", before, [all_of_it, no_results], keys, [PLAIN])
    there = [key for key in keys if seen[key, PLAIN.name].status in {200, 404}]
    changes = [all_of_it, no_results]
    found += told_apart(twins, clock, "visitor", before, changes, there, WAYS[1:])[1]
    assert not found, "\n".join(found)


def test_before_its_own_instant_the_press_knows_as_little(twins, clock):
    """Who accepted the terms, on their own pages too."""
    opens = twins.contest.rules.announcement.press_early_access
    keys = [key for key in twins.paths if key.startswith("results.press")]
    before = twins.at - opens + timedelta(milliseconds=1)
    changes = [all_of_it, no_results]
    assert told_apart(twins, clock, "press accepted", before, changes, keys, WAYS)[1] == []
    # And at it they know.
    _seen, found = told_apart(twins, clock, "press accepted", twins.at - opens, [other_winners], keys, [PLAIN])
    assert asked_at(found) == {"results.press", "results.press_copy"}


# What a visitor is shown at the instant, wherever results are told.
AT_THE_INSTANT = {
    "api.contest_feed",
    "api.embed",
    "api.feed",
    "api.news",
    "api.news_post",
    "api.results",
    "papers.certificate",
    "papers.check_certificate",
    "public.archive",
    "public.archive_occasion",
    "public.archive_person",
    "public.archive_unit",
    "public.archive_units",
    "public.archive_year",
    "public.contest",
    "public.entry",
    "results.ceremony",
    "results.decision_scan",
    "results.entry_card",
    "results.honours",
    "results.news",
    "results.news_post",
    "results.results_card",
    "results.vote_files",
    "results.vote_result",
}


def test_at_the_instant_all_of_it_is_there(twins, clock):
    """The comparison is not blind: at the instant the same questions tell the worlds apart."""
    _seen, found = told_apart(twins, clock, "visitor", timedelta(0), [other_winners], list(twins.paths), [PLAIN])
    assert asked_at(found) >= AT_THE_INSTANT


def test_provisional_results_and_what_follows_them(twins, clock):
    """Of a contest that posts for remarks first: nothing before the posting, and no decision before its instant."""
    keys, last = list(twins.paths), timedelta(milliseconds=1)
    posting = twins.at - twins.posted_at
    official = twins.at - twins.world.there.contest.rules.official_at
    for before, changes in ((posting, [other_posted, no_posted]), (official, [undecided])):
        assert told_apart(twins, clock, "visitor", before + last, changes, keys, [PLAIN])[1] == []
        _seen, found = told_apart(twins, clock, "visitor", before, changes, keys, [PLAIN])
        assert asked_at(found) >= {"results.honours", "api.results"}
