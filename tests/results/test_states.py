"""How results stand, in words: told from what is recorded and the clock, in both ways of announcing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contest.core.db import db
from contest.results.amendments import approve_amendment, propose_correction, propose_revocation
from contest.results.queries import amendments_at, find_standing
from contest.results.states import states_of
from tests.factories import sign_in
from tests.factories.results import approve_as, compute, decide, make_results, publish
from tests.results.test_publishing import make_posting_world, release

SECOND_LATER = timedelta(seconds=1)


def way(world, now):
    found = find_standing(world.contest.id)
    amended = [(each.kind, each.visible_from) for each in amendments_at(world.contest.id, now)]
    states = states_of(world.contest.rules, found, now, amended)
    assert sum(state.now for state in states) == (1 if found else 0)
    return [state.key for state in states if state.reached], next((each.key for each in states if each.now), None)


def test_one_way_of_announcing(app):
    world = make_results()
    assert way(world, world.ready_at) == ([], None)
    compute(world)
    assert way(world, world.ready_at) == (["expected"], "expected")
    decide(world)
    approve_as(world, world.first, world.ready_at)
    approve_as(world, world.second, world.ready_at)
    before = world.official_at - timedelta(milliseconds=1)
    assert way(world, before) == (["expected", "decided"], "decided"), "approved is not announced"
    assert way(world, world.official_at) == (["expected", "decided", "announced"], "announced")
    assert "posted" not in {state.key for state in states_of(world.contest.rules, None, before)}


def test_the_other_way_of_announcing(app):
    world = make_posting_world()
    release(world)
    posted = world.contest.rules.results_at
    assert way(world, posted - timedelta(milliseconds=1)) == (["expected"], "expected")
    assert way(world, posted) == (["expected", "posted"], "posted")
    closes = world.contest.rules.window("provisional").closes
    decide(world, closes)
    assert way(world, closes) == (["expected", "posted", "decided"], "decided")


@pytest.mark.parametrize(("kind", "key"), [("correct", "adjusted"), ("revoke", "revoked")])
def test_what_was_changed_after_is_said_from_its_instant(app, client, clock, kind, key):
    world = make_results()
    publish(world)
    day, award = world.official_at + timedelta(days=1), find_standing(world.contest.id).awards[0]
    given = {
        "contest": world.contest,
        "award": award,
        "reason": "Bài đã in năm 2019",
        "number": "15/QĐ",
        "on": day.date(),
        "signer": "Lê Thị Hòa An",
        "actor": world.first,
        "now": day,
    }
    if kind == "revoke":
        row = propose_revocation(follow="empty", **given)
    else:
        row = propose_correction(field="citation", after="Một lời bình khác.", **given)
    db.session.commit()
    assert way(world, day)[1] == "announced"
    approve_amendment(contest=world.contest, public_id=row.public_id, typed_number="15/QĐ", actor=world.second, now=day)
    db.session.commit()
    assert way(world, row.visible_from - timedelta(milliseconds=1))[1] == "announced"
    assert way(world, row.visible_from)[1] == key
    clock.instant = row.visible_from
    sign_in(client, world.first)
    page = client.get(f"/ban-to-chuc/{world.contest.slug}/ket-qua").text
    assert {"adjusted": "Đã điều chỉnh", "revoked": "Có giải bị thu hồi"}[key] in page


def test_a_new_computation_begins_again(app):
    world = make_results()
    compute(world)
    decide(world)
    world.entries["Đồi cằn trổ hoa"].state = "refused"
    compute(world, world.ready_at + SECOND_LATER)
    assert way(world, world.ready_at + SECOND_LATER) == (["expected"], "expected")
