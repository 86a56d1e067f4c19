"""Looking up whether entries were published before: at three points, each time dated and named, never overwritten.

Asked of categories whose entries must not have been published. Who finds something says where; the entry
cannot be awarded until it has been refused or withdrawn, or an organiser has written how the matter was settled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import joinedload

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.queries import roles_of
from contest.contests.rules import ORGANISER, SEES_AUTHORS
from contest.core.db import db
from contest.core.errors import N_, Conflict, Refused
from contest.core.text import clean_text
from contest.entries.models import Entry
from contest.entries.rules import ACCEPTED
from contest.judging.rounds import in_round
from contest.results.acts import clear_approvals, note, wait_for
from contest.results.models import Award, ResultSet
from contest.results.models_after import PublicationCheck
from contest.results.queries import find_standing, is_announced
from contest.results.rules import (
    DECISION,
    LONGEST_CHECK_NOTE,
    POINTS,
    RECEIPT,
    asks_for_checks,
)


@dataclass(frozen=True, slots=True)
class Checked:
    """What was looked up of an entry: the latest check at each point that counts, what was found and stands; all."""

    points: dict[str, PublicationCheck]
    found: PublicationCheck | None
    all: tuple[PublicationCheck, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """The points at which nobody has looked yet, in their order."""
        return tuple(point for point in POINTS if point not in self.points)


def record_publication_checks(
    *, contest: Contest, point: str, entries: Sequence[Entry], found: bool, note: str, actor: User, now: datetime
) -> list[PublicationCheck]:
    """Record that `actor` looked now whether these entries were published before. One row for each entry.

    `point`: rules.POINTS; the last one only after the results were computed. `note`: where it was found, or
    how a find was settled; else as one likes. What was found takes back approvals of results that award the
    entry. Raises Refused, Conflict (results are public).
    """
    roles = roles_of(contest.id, actor.id)
    if not roles & SEES_AUTHORS:
        raise Refused(N_("Only the organising committee and the secretariat can do this."), code="not_staff")
    wait_for(contest)
    if is_announced(contest.id, now):
        raise Conflict(N_("The results are public and are no longer changed here."), code="already_public")
    if point not in POINTS:
        raise Refused(
            N_("Choose when it was looked up: on receipt, before the final or before the decision."), code="point"
        )
    standing = find_standing(contest.id)
    if point == DECISION and standing is None:
        raise Refused(N_("The check before the decision comes after the prizes are computed."), code="too_early")
    words = clean_text(note)
    if len(words) > LONGEST_CHECK_NOTE:
        raise Refused(N_("At most %(limit)s characters, please."), code="too_long", limit=LONGEST_CHECK_NOTE)
    if not entries:
        raise Refused(N_("Choose at least one entry."), code="none_chosen")
    if found and not words:
        raise Refused(N_("Say where and when it was published."), code="note_missing")
    organiser = ORGANISER in roles
    _check_entries(contest, point, entries, organiser=organiser)
    known = checks_of([entry.id for entry in entries], None)
    settles = [entry for entry in entries if not found and known[entry.id].found is not None]
    if settles:
        codes = ", ".join(sorted(_code(entry) for entry in settles))
        if not organiser:
            raise Refused(
                N_("Something was found about %(entries)s: only an organiser can record how that was settled."),
                code="not_organiser",
                entries=codes,
            )
        if not words:
            raise Refused(
                N_("Something was found about %(entries)s. Write how that was settled."),
                code="note_missing",
                entries=codes,
            )
    made = [
        PublicationCheck(
            contest_id=contest.id, entry_id=entry.id, point=point, found=found, note=words, by_id=actor.id, at=now
        )
        for entry in entries
    ]
    db.session.add_all(made)
    if found and standing is not None and {entry.id for entry in entries} & {each.entry_id for each in standing.awards}:
        clear_approvals(standing)
    _audit(contest, point, entries, found=found, words=words, actor=actor, now=now)
    db.session.flush()
    return made


def _audit(
    contest: Contest, point: str, entries: Sequence[Entry], *, found: bool, words: str, actor: User, now: datetime
) -> None:
    codes = [entry.public_id for entry in entries]
    note(contest, "check_publication", actor, now, point=point, found=found, words=words, entries=codes)


def _check_entries(contest: Contest, point: str, entries: Sequence[Entry], *, organiser: bool) -> None:
    """Raises Refused unless each entry is one that is looked up at this point."""
    ids = {entry.id for entry in entries}
    concerned = set(
        db.session.scalars(_ids(concerned_entries(contest, point, awarded=organiser)).where(Entry.id.in_(ids)))
    )
    for entry in entries:
        if entry.id not in concerned:
            raise Refused(
                N_("Entry %(entry)s is not looked up at this point."), code="not_concerned", entry=_code(entry)
            )


def _ids(query: Select[Entry]) -> Select[int]:
    return query.with_only_columns(Entry.id)


def _code(entry: Entry) -> str:
    return entry.blind_code or entry.public_id


def concerned_entries(contest: Contest, point: str, *, awarded: bool = False) -> Select[Entry]:
    """Entries that are looked up at a point, by code: every valid one on receipt, later those of the last round.

    `awarded`: with those of the standing results, finalists or not; for organisers alone, who know them.
    """
    asking = [each.id for each in contest.rules.categories if asks_for_checks(contest.rules, each.id)]
    if point == RECEIPT:
        query = select(Entry).where(Entry.contest_id == contest.id, Entry.state == ACCEPTED, Entry.category.in_(asking))
        return query.order_by(Entry.blind_code, Entry.id)
    last = in_round(contest, contest.rules.last_round)
    finalists = select(Entry).where(*last, Entry.category.in_(asking)).order_by(Entry.blind_code, Entry.id)
    if not awarded:
        return finalists
    given = (
        select(Award.entry_id)
        .join(ResultSet, ResultSet.id == Award.result_set_id)
        .where(ResultSet.contest_id == contest.id, ResultSet.superseded_at.is_(None))
    )
    return (
        select(Entry)
        .where(
            Entry.contest_id == contest.id,
            Entry.category.in_(asking),
            or_(Entry.id.in_(_ids(finalists).order_by(None)), Entry.id.in_(given)),
        )
        .order_by(Entry.blind_code, Entry.id)
    )


def lacks_check(point: str, computed_at: datetime | None) -> ColumnElement[bool]:
    """Of entries in a query: nobody has looked at this point; the SQL twin of `Checked.missing`."""
    made = exists().where(PublicationCheck.entry_id == Entry.id, PublicationCheck.point == point)
    if point == DECISION and computed_at is not None:
        made = made.where(PublicationCheck.at >= computed_at)
    return ~made


def count_lacking(contest: Contest, computed_at: datetime | None, *, awarded: bool) -> dict[str, int]:
    """How many entries nobody has looked up yet, by point. One query for each point."""
    found = {}
    for point in POINTS:
        query = concerned_entries(contest, point, awarded=awarded).where(lacks_check(point, computed_at))
        found[point] = db.session.scalar(_ids(query).order_by(None).with_only_columns(func.count(Entry.id))) or 0
    return found


def checks_of(entry_ids: Collection[int], computed_at: datetime | None) -> dict[int, Checked]:
    """What was looked up of these entries, by the entry's id. One query, whatever their number.

    `computed_at`: when the standing results were computed. A check before the decision that is older does not count.
    """
    rows = db.session.scalars(
        select(PublicationCheck)
        .where(PublicationCheck.entry_id.in_(entry_ids))
        .options(joinedload(PublicationCheck.by))
        .order_by(PublicationCheck.id)
    )
    by_entry: dict[int, list[PublicationCheck]] = {entry_id: [] for entry_id in entry_ids}
    for row in rows:
        by_entry[row.entry_id].append(row)
    return {entry_id: checked_by(mine, computed_at) for entry_id, mine in by_entry.items()}


def checked_by(checks: Iterable[PublicationCheck], computed_at: datetime | None) -> Checked:
    """What checks of one entry, in their order, come to. The latest of all says whether a find stands. Pure."""
    points: dict[str, PublicationCheck] = {}
    every = tuple(checks)
    for check in every:
        if check.point != DECISION or computed_at is None or check.at >= computed_at:
            points[check.point] = check
    return Checked(points, every[-1] if every and every[-1].found else None, every)
