"""Conflicts of interest: found from facts, recorded by people, in force on every path.

A conflict is between one entry and one judge. Facts that make one: the judge wrote the entry, alone or in
a group; an author or the exemplar belongs to the unit that the judge works or answers for; a relative named
at the judge's appointment is an author or the exemplar. A judge may declare one, the head of jury may
record one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import aliased

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.models import RoleGrant
from contest.core.db import db
from contest.core.errors import N_, NotFound, Refused
from contest.core.text import clean_text
from contest.entries.models import CoAuthor, Entry
from contest.entries.persons import phone_tail
from contest.exemplars.models import Exemplar
from contest.exemplars.rules import INDIVIDUAL
from contest.judging.locks import check_not_locked, find_closing, hold_contest
from contest.judging.models import Assignment, ConflictOfInterest
from contest.judging.rules import (
    BY_CHAIR,
    DECLARED,
    ENDED_CONFLICT,
    EXEMPLAR_UNIT,
    JUDGING_ROLES,
    OWN_ENTRY,
    OWN_UNIT,
    RELATIVE,
    names_a_relative,
    names_as_text,
)
from contest.units.models import UnitOfficer

Pair = tuple[int, int]  # entry id, judge id


class Facts(NamedTuple):
    """What an entry is held against: ids of people and units, names, telephone numbers of co-authors.

    `people`: the names of persons alone, no pen names and no collectives.
    """

    entry: int
    authors: frozenset[int]
    author_units: frozenset[int]
    exemplar_unit: int | None
    names: tuple[str, ...]
    people: tuple[str, ...]
    phones: frozenset[str]


class Appointment(NamedTuple):
    """`units`: where the judge works, and a unit that they answer for as its officer."""

    judge: int
    units: frozenset[int]
    relatives: str
    phone: str
    name: str


def conflicts_among(
    contest_id: int, *where: ColumnElement[bool], judges: Iterable[int] | None = None
) -> dict[Pair, frozenset[str]]:
    """Every conflict between entries of the contest that meet `where` and its judges, with its sources.

    `judges`: user ids, all who hold a judging role when None. Four queries whatever the numbers.
    """
    wanted = None if judges is None else set(judges)
    people = appointments(contest_id, wanted)
    entries = facts(contest_id, *where, *_only_possible(wanted, people))
    found: dict[Pair, set[str]] = defaultdict(set)
    for entry, judge in _worth_asking(entries, people):
        for source in _sources(entry, judge):
            found[entry.entry, judge.judge].add(source)
    # An author has no appointment to be found by once the role ended, but remains the author.
    for entry in entries:
        for author in entry.authors & wanted if wanted is not None else ():
            found[entry.entry, author].add(OWN_ENTRY)
    recorded = (
        select(ConflictOfInterest.entry_id, ConflictOfInterest.judge_id, ConflictOfInterest.source)
        .join(Entry, Entry.id == ConflictOfInterest.entry_id)
        .where(Entry.contest_id == contest_id, ConflictOfInterest.lifted_at.is_(None), *where)
    )
    for entry_id, judge_id, source in db.session.execute(recorded):
        if wanted is None or judge_id in wanted:
            found[entry_id, judge_id].add(source)
    return {pair: frozenset(sources) for pair, sources in found.items()}


def _only_possible(wanted: set[int] | None, people: Iterable[Appointment]) -> list[ColumnElement[bool]]:
    """Leaves out entries that nothing but a relative's name could hold against these people, where none is named.

    Every other fact is a person or a unit, which the database looks up; of two thousand entries few are left.
    """
    if wanted is None or any(judge.relatives.strip() for judge in people):
        return []
    units = {unit for judge in people for unit in judge.units}
    return [
        or_(
            Entry.author_id.in_(wanted),
            Entry.author_unit_id.in_(units),
            Entry.exemplar_id.in_(select(Exemplar.id).where(Exemplar.unit_id.in_(units))),
            Entry.id.in_(select(CoAuthor.entry_id)),
        )
    ]


def _worth_asking(entries: Iterable[Facts], people: Iterable[Appointment]) -> Iterator[tuple[Facts, Appointment]]:
    """Pairs that share a person, a telephone or a unit, and everybody who named relatives with every entry."""
    always = [judge for judge in people if judge.relatives.strip()]
    known: dict[tuple[str, int | str], list[Appointment]] = defaultdict(list)
    for judge in people:
        if not judge.relatives.strip():
            known["person", judge.judge].append(judge)
            known["phone", judge.phone].append(judge)
            for unit in judge.units:
                known["unit", unit].append(judge)
    for entry in entries:
        shared: list[tuple[str, int | str]] = [("person", author) for author in entry.authors]
        shared += [("phone", phone) for phone in entry.phones]
        shared += [("unit", unit) for unit in entry.author_units]
        if entry.exemplar_unit is not None:
            shared.append(("unit", entry.exemplar_unit))
        for judge in always:
            yield entry, judge
        for key in shared:
            for judge in known.get(key, ()):
                yield entry, judge


def conflicts_of(entry: Entry, judge_id: int) -> frozenset[str]:
    """Why this person must not mark this entry; empty when nothing is known against it."""
    found = conflicts_among(entry.contest_id, Entry.id == entry.id, judges=[judge_id])
    return found.get((entry.id, judge_id), frozenset())


def check_impartial(entry: Entry, actor: User) -> None:
    """Raises Refused for a head of jury who has a conflict of interest with the entry."""
    if conflicts_of(entry, actor.id):
        raise Refused(
            N_("There is a conflict of interest between you and this entry: another head of jury has to do this."),
            code="conflict_of_interest",
        )


def facts(contest_id: int, *where: ColumnElement[bool]) -> list[Facts]:
    """What entries of the contest that meet `where` are held against. Two queries."""
    author = aliased(User)
    rows = db.session.execute(
        select(
            Entry.id,
            Entry.author_id,
            Entry.author_unit_id,
            Exemplar.unit_id,
            Entry.author_name,
            Entry.pen_name,
            author.name,
            Exemplar.name,
            Exemplar.kind,
        )
        .join(Exemplar, Exemplar.id == Entry.exemplar_id)
        .join(author, author.id == Entry.author_id)
        .where(Entry.contest_id == contest_id, *where)
    )
    members = _members(contest_id, *where)
    found = []
    for row in rows:
        group = members.get(row[0], ())
        units = (row[2], *(member.unit_id for member in group))
        names = [*row[4:8], *(name for member in group for name in (member.name, member.pen_name))]
        people = [row[4], row[6], *(member.name for member in group)]
        if row[8] == INDIVIDUAL:
            people.append(row[7])
        found.append(
            Facts(
                entry=row[0],
                authors=frozenset({row[1], *(member.user_id for member in group if member.user_id is not None)}),
                author_units=frozenset(unit for unit in units if unit is not None),
                exemplar_unit=row[3],
                names=tuple(name for name in names if name),
                people=tuple(dict.fromkeys(name for name in people if name)),
                phones=frozenset(tail for member in group if (tail := phone_tail(member.phone))),
            )
        )
    return found


class _Member(NamedTuple):
    """A co-author, as far as a conflict may lie in one."""

    user_id: int | None
    unit_id: int | None
    name: str
    pen_name: str
    phone: str


def _members(contest_id: int, *where: ColumnElement[bool]) -> dict[int, list[_Member]]:
    rows = db.session.execute(
        select(CoAuthor.entry_id, *(getattr(CoAuthor, name) for name in _Member._fields))
        .join(Entry, Entry.id == CoAuthor.entry_id)
        .where(Entry.contest_id == contest_id, *where)
    )
    found: dict[int, list[_Member]] = defaultdict(list)
    for entry_id, *member in rows:
        found[entry_id].append(_Member(*member))
    return found


def appointments(contest_id: int, wanted: set[int] | None) -> list[Appointment]:
    """What is known of the people who hold a judging role (of those in `wanted`), for finding conflicts."""
    query = (
        select(RoleGrant.user_id, RoleGrant.relatives, User.phone, User.name, RoleGrant.unit_id, UnitOfficer.unit_id)
        .join(User, User.id == RoleGrant.user_id)
        .outerjoin(UnitOfficer, (UnitOfficer.user_id == RoleGrant.user_id) & UnitOfficer.ended_at.is_(None))
        .where(RoleGrant.contest_id == contest_id, RoleGrant.role.in_(JUDGING_ROLES), RoleGrant.ended_at.is_(None))
    )
    if wanted is not None:
        query = query.where(RoleGrant.user_id.in_(wanted))
    return [
        Appointment(
            judge,
            frozenset(unit for unit in units if unit is not None),
            names_as_text(relatives),
            phone_tail(phone),
            name,
        )
        for judge, relatives, phone, name, *units in db.session.execute(query)
    ]


def _sources(entry: Facts, judge: Appointment) -> list[str]:
    sources = []
    if judge.judge in entry.authors or judge.phone in entry.phones:
        sources.append(OWN_ENTRY)
    if entry.author_units & judge.units:
        sources.append(OWN_UNIT)
    if entry.exemplar_unit in judge.units:
        sources.append(EXEMPLAR_UNIT)
    if judge.relatives.strip() and names_a_relative(judge.relatives, entry.names):
        sources.append(RELATIVE)
    return sources


def declare_conflict(*, assignment: Assignment, reason: str, actor: User, now: datetime) -> None:
    """A judge steps back from an entry. The assignment ends; a sheet made so far no longer counts.

    Stepping back never counts as zero: the entry lacks a sheet, and another judge can be assigned.
    Raises Conflict once the round is closed.
    """
    entry = assignment.entry
    if assignment.judge_id != actor.id:
        raise NotFound(assignment.public_id)
    check_not_locked(entry.contest_id, assignment.round, entry.category)
    _record(entry, actor, DECLARED, reason, actor, now)


def step_back(*, entry: Entry, reason: str, actor: User, now: datetime) -> None:
    """A judge declares a conflict with an entry that was not assigned to them: in a joint reading."""
    _record(entry, actor, DECLARED, reason, actor, now)


def record_conflict(*, entry: Entry, judge: User, reason: str, actor: User, now: datetime) -> None:
    """The head of jury or the secretariat records that `judge` must not mark `entry`. Raises Refused.

    Whoever has a conflict of interest with the entry may record their own, and nobody else's: it would
    take a sheet out of the count.
    """
    if judge.id != actor.id:
        check_impartial(entry, actor)
    if not clean_text(reason):
        raise Refused(N_("Say why."), code="reason_missing")
    _record(entry, judge, BY_CHAIR, reason, actor, now)


def _record(entry: Entry, judge: User, source: str, reason: str, actor: User, now: datetime) -> None:
    hold_contest(entry.contest, alone=True)
    # What a closed round counted stays as it was counted.
    standing = [
        assignment
        for assignment in db.session.scalars(
            select(Assignment).where(
                Assignment.entry_id == entry.id, Assignment.judge_id == judge.id, Assignment.standing.is_(True)
            )
        )
        if find_closing(entry.contest_id, assignment.round, entry.category) is None
    ]
    conflict = db.session.scalar(
        select(ConflictOfInterest).where(
            ConflictOfInterest.entry_id == entry.id,
            ConflictOfInterest.judge_id == judge.id,
            ConflictOfInterest.source == source,
        )
    )
    if conflict is not None and conflict.lifted_at is None and not standing:
        return  # the same act sent twice
    if conflict is None:
        conflict = ConflictOfInterest(entry_id=entry.id, judge_id=judge.id, source=source)
    conflict.note = clean_text(reason) or None
    conflict.recorded_by_id = actor.id
    conflict.recorded_at = now
    conflict.lifted_at = None
    db.session.add(conflict)
    for assignment in standing:
        end_assignment(assignment, ENDED_CONFLICT, now)
    record(
        actor=actor.public_id,
        verb="judging.record_conflict",
        object_type="entry",
        object_id=entry.public_id,
        contest_id=entry.contest_id,
        now=now,
        judge=judge.public_id,
        source=source,
        ended=[assignment.public_id for assignment in standing],
    )
    db.session.flush()


def lift_conflict(*, conflict: ConflictOfInterest, actor: User, now: datetime) -> None:
    """Take back a recorded conflict. The entry can then be given to the judge again, by hand. Raises Refused."""
    if conflict.lifted_at is not None:
        return
    entry = db.session.get_one(Entry, conflict.entry_id)
    check_impartial(entry, actor)
    hold_contest(entry.contest, alone=True)
    conflict.lifted_at = now
    record(
        actor=actor.public_id,
        verb="judging.lift_conflict",
        object_type="entry",
        object_id=entry.public_id,
        contest_id=entry.contest_id,
        now=now,
        judge=db.session.get_one(User, conflict.judge_id).public_id,
        source=conflict.source,
    )
    db.session.flush()


def end_assignment(assignment: Assignment, because: str, now: datetime) -> None:
    """The assignment no longer stands; its sheet is kept and does not count."""
    assignment.standing = False
    assignment.ended_at = now
    assignment.ended_because = because
