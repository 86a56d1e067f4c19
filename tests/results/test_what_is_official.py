"""Each condition of the embargo's predicate by itself: take one away and nobody sees the results."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contest.core.db import db
from contest.results.queries import awarded_entries, contests_with_results, find_public_results
from tests.factories.world import make_world, publish


def nobody_sees(contest_id, now):
    return (
        find_public_results(contest_id, now) is None
        and db.session.scalars(awarded_entries(now)).all() == []
        and db.session.scalars(contests_with_results(now)).all() == []
    )


@pytest.mark.parametrize(
    "missing", ["first_approver_id", "second_approver_id", "decision_number", "visible_from", "superseded_at"]
)
def test_results_lack_one_thing_and_are_seen_by_nobody(app, missing):
    side = make_world().here
    results = publish(side)
    assert results.visible_from is not None
    now = results.visible_from
    assert not nobody_sees(side.contest.id, now)
    setattr(results, missing, now if missing == "superseded_at" else None)
    db.session.commit()
    assert nobody_sees(side.contest.id, now + timedelta(days=1))


def test_results_are_seen_from_their_instant_and_not_a_microsecond_before(app):
    side = make_world().here
    now = publish(side).visible_from
    assert nobody_sees(side.contest.id, now - timedelta(microseconds=1))
    assert not nobody_sees(side.contest.id, now)
