"""Contests with one round: from its closing to the prizes and the raw scores, without anybody having advanced."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from contest.contests.ruleset import parse_rule_set
from contest.contests.services import load_rule_set
from contest.core.db import db
from contest.core.errors import Refused
from contest.entries.models import Advancement, Entry
from contest.judging.council import final_ranking, open_ties, record_council_ballot
from contest.judging.services import close_round, record_conflict
from contest.results.outcome import work_out
from contest.results.raw_export import raw_export
from tests.factories import START, raw_rule_sets
from tests.factories.judging import make_accepted, make_panel, mark_all, opening_of
from tests.factories.results import World, compute, make_world, open_map
from tests.results.test_recompute import differences

STORY = "Sáng nào ông cũng chèo đò qua sông, không lấy của ai một đồng."


@pytest.fixture(params=["prelim", "final"])
def world(app, request) -> World:
    """Three entries of category A, marked by as many judges as the rules ask for."""
    document = deepcopy(raw_rule_sets()[0])
    document["rounds"] = [each for each in document["rounds"] if each["id"] == request.param]
    document["rounds"][0]["advance"] = None
    document["voting"] |= {"enabled": False, "prize": None}
    document["announcement"]["author_names_public_from"] = "announce"
    document["prizes"] = [each for each in document["prizes"] if each["rung"] != "ban_doc"]
    document["timeline"] = [each for each in document["timeline"] if each["key"] != "voting"]
    contest = load_rule_set(rules=parse_rule_set(json.dumps(document)), actor=None, now=START)
    return make_world(contest=contest)


def judged(world: World, totals: dict[str, int]) -> dict[str, Entry]:
    contest, round_ = world.contest, world.contest.rules.last_round
    judges = make_panel(contest, round_.id, "A", round_.judges_per_entry)
    for title, total in totals.items():
        world.entries[title] = make_accepted(contest, title=title, body=STORY)
        mark_all(world.entries[title], judges, [total] * len(judges), round_.id)
    now = opening_of(contest, round_.id) + timedelta(hours=1)
    close_round(contest=contest, round_id=round_.id, category="A", actor=world.chair, now=now)
    open_map(world, "A", now)
    db.session.commit()
    return world.entries


def test_prizes_and_raw_scores_come_of_the_only_round(world):
    entries = judged(world, {"Nhất": 95, "Nhì": 86, "Không": 40})
    result = compute(world)
    assert db.session.scalar(select(func.count(Advancement.id))) == 0
    given = [award.entry_id for award in result.awards]
    assert entries["Nhất"].id in given
    assert entries["Không"].id not in given
    assert work_out(world.contest).fingerprint == result.fingerprint
    found = raw_export(world.contest)
    assert differences(found.content) == []
    document = json.loads(found.content)
    assert set(document["people"]) == {entry.blind_code for entry in entries.values()}
    assert len(document["published"]["results"]["awards"]) == len(given)


def test_the_council_votes_on_a_tie_of_the_only_round(world):
    entries = judged(world, {"Một": 95, "Hai": 95, "Ba": 60})
    [tie] = open_ties(world.contest, "A")
    assert tie == {entries["Một"].blind_code, entries["Hai"].blind_code}
    record_council_ballot(
        contest=world.contest,
        category="A",
        groups=[[entries["Hai"].blind_code], [entries["Một"].blind_code]],
        present=5,
        note="",
        actor=world.chair,
        now=world.ready_at,
    )
    ranking = final_ranking(world.contest, "A")
    assert ranking is not None
    assert ranking.places[entries["Hai"].public_id] == 1
    assert compute(world).awards[0].entry_id == entries["Hai"].id
    assert differences(raw_export(world.contest).content) == []


def test_a_head_of_jury_in_conflict_records_no_ballot_on_the_only_round(world):
    entries = judged(world, {"Một": 95, "Hai": 95})
    record_conflict(entry=entries["Một"], judge=world.chair, reason="Họ hàng", actor=world.chair, now=world.ready_at)
    with pytest.raises(Refused) as refused:
        record_council_ballot(
            contest=world.contest,
            category="A",
            groups=[[entry.blind_code] for entry in entries.values()],
            present=5,
            note="",
            actor=world.chair,
            now=world.ready_at,
        )
    assert refused.value.code == "conflict_of_interest"
