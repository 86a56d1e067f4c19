"""Looking up whether entries were published before: on receipt, before the final, before the decision."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_
from contest.demo.stage import Act, Stage, at
from contest.demo.stories import FIRST, SECOND, reason
from contest.entries.models import Entry
from contest.results.checks import checks_of, concerned_entries, record_publication_checks
from contest.results.queries import find_standing
from contest.results.rules import DECISION, FINAL, POINTS, RECEIPT


def look_up(stage: Stage, now: datetime, *, contest_id: str, point: str) -> int:
    """The secretary looks up what has not been looked up at this point, nor at those before it; an organiser the last.

    What somebody found by hand stands.
    """
    contest = stage.contest(contest_id)
    points = tuple(POINTS)
    return sum(_look_up(stage, now, contest, each) for each in points[: points.index(point) + 1])


def _look_up(stage: Stage, now: datetime, contest: Contest, point: str) -> int:
    standing = find_standing(contest.id)
    computed_at = standing.computed_at if standing else None
    awarded = standing is not None
    entries = db.session.scalars(concerned_entries(contest, point, awarded=awarded)).all()
    known = checks_of([entry.id for entry in entries], computed_at)
    waiting = [entry for entry in entries if point in known[entry.id].missing and known[entry.id].found is None]
    return _record(stage, now, contest, point, waiting, "diep" if awarded else "van") if waiting else 0


def _record(stage: Stage, now: datetime, contest: Contest, point: str, entries: list[Entry], who: str) -> int:
    made = stage.attempt(
        record_publication_checks,
        contest=contest,
        point=point,
        entries=entries,
        found=False,
        note=reason(f"check_{point}"),
        actor=stage.person(who),
        now=now,
    )
    return len(made.value) if made.done else 0


def report(stage: Stage, now: datetime, *, contest: Contest, entry: Entry) -> bool:
    """The secretary records that an entry had been published before."""
    return stage.attempt(
        record_publication_checks,
        contest=contest,
        point=DECISION,
        entries=[entry],
        found=True,
        note=reason("check_found"),
        actor=stage.person("van"),
        now=now,
    ).done


def acts() -> list[Act]:
    plan = [
        (FIRST, RECEIPT, "2027-04-06 09:00"),
        (FIRST, FINAL, "2027-04-29 15:00"),
        (FIRST, DECISION, "2027-06-07 09:00"),
        (SECOND, RECEIPT, "2027-08-18 15:00"),
        (SECOND, FINAL, "2027-09-09 14:00"),
        (SECOND, DECISION, "2027-10-07 09:00"),
    ]
    said = {
        RECEIPT: N_("It was looked up whether %(count)s entries had been published before."),
        FINAL: N_("It was looked up once more, before the final, of %(count)s entries."),
        DECISION: N_("It was looked up the last time, before the decision, of %(count)s entries."),
    }
    return [
        Act(at(when), said[point], partial(look_up, contest_id=contest_id, point=point), contest_id)
        for contest_id, point, when in plan
    ]
