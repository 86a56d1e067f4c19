"""Before readers get the finalists' texts: the secretary prepares each, an organiser reads and approves it."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from contest.core.errors import N_
from contest.demo.stage import Act, Stage, at
from contest.demo.stories import FIRST, SECOND
from contest.editions import services as editions
from contest.editions.models import Edition
from contest.editions.queries import editions_of, find_prepared
from contest.editions.rules import CHECKS
from contest.editions.suggestions import MAIL, PHONE
from contest.entries.models import Entry
from contest.entries.queries import finalists


def prepare(stage: Stage, now: datetime, *, contest_id: str) -> int:
    """Begin an edition of every finalist that has none, and hide telephone numbers and addresses in it."""
    waiting = [entry for entry in finalists(stage.contest(contest_id).id) if not editions_of(entry.id)]
    return sum(stage.attempt(_prepare, entry=entry, stage=stage, now=now).done for entry in waiting)


def _prepare(*, entry: Entry, stage: Stage, now: datetime) -> Edition:
    secretary = stage.person("van")
    edition = editions.prepare(entry=entry, actor=secretary, now=now)
    private = [found.phrase for found in editions.suggestions_for(edition) if found.kind in (PHONE, MAIL)]
    if private:
        editions.hide_details(edition=edition, version=edition.version, phrases=private, actor=secretary, now=now)
    return edition


def approve(stage: Stage, now: datetime, *, contest_id: str) -> int:
    """Approve what was prepared; a visitor who prepared one as this organiser leaves it to the other."""
    done = 0
    for entry in finalists(stage.contest(contest_id).id):
        edition = find_prepared(entry.id)
        if edition is None:
            continue
        organiser = stage.person("son")
        if edition.prepared_by_id == organiser.id:
            organiser = stage.person("diep")
        done += stage.attempt(
            editions.approve, edition=edition, version=edition.version, ticked=set(CHECKS), actor=organiser, now=now
        ).done
    return done


def _acts(contest_id: str, prepared: str, approved: str) -> list[Act]:
    plan = [
        (prepared, N_("The secretary prepared the texts of %(count)s finalists for readers."), prepare),
        (approved, N_("An organiser approved %(count)s texts for readers."), approve),
    ]
    return [Act(at(moment), what, partial(verb, contest_id=contest_id), contest_id) for moment, what, verb in plan]


def acts() -> list[Act]:
    return [
        *_acts(FIRST, "2027-05-05 09:00", "2027-05-07 15:00"),
        *_acts(SECOND, "2027-09-09 09:00", "2027-09-09 16:00"),
    ]
