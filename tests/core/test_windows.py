"""Windows are half-open, and Python and SQL agree to the microsecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from contest.contests.models import ContestStep
from contest.core.db import db
from contest.core.windows import Window, is_open
from tests.factories import make_contest

TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("edge", "shift", "open_"),
    [("opens", -TICK, False), ("opens", 0 * TICK, True), ("closes", -TICK, True), ("closes", 0 * TICK, False)],
    ids=["opens-1us", "opens", "closes-1us", "closes"],
)
def test_python_and_sql_agree_at_each_edge(app, edge, shift, open_):
    contest = make_contest()
    window = contest.rules.window("submission")
    instant = getattr(window, edge) + shift

    in_sql = db.session.scalar(
        select(ContestStep.id).where(
            ContestStep.contest_id == contest.id,
            ContestStep.key == "submission",
            is_open(ContestStep.opens, ContestStep.closes, instant),
        )
    )

    assert window.contains(instant) is open_
    assert (in_sql is not None) is open_
    assert contest.rules.is_open("submission", instant) is open_


def test_a_window_needs_a_zone_and_an_order():
    now = datetime.now(UTC)
    with pytest.raises(ValueError, match="time zone"):
        Window(now.replace(tzinfo=None), now)
    with pytest.raises(ValueError, match="closes after"):
        Window(now, now)
