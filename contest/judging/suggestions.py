"""Suggested conflicts of interest: softer facts, for a person to confirm or to dismiss with a reason.

They go to the secretariat; the head of jury learns that there is one and how strong it is, but not from
what, since it would tell who wrote; the judge concerned learns nothing. What is certain is no suggestion but
a conflict in force (see conflicts).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select, union

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.models import Contest
from contest.contests.queries import roles_of
from contest.core.db import db
from contest.core.errors import N_, NotFound, Refused
from contest.core.text import clean_text, fold
from contest.entries.models import CoAuthor, Entry
from contest.judging.conflicts import (
    Appointment,
    Facts,
    Pair,
    appointments,
    conflicts_among,
    facts,
    record_conflict,
)
from contest.judging.locks import hold_contest
from contest.judging.models import DismissedSuggestion
from contest.judging.rules import JUDGING_ROLES, names_as_text
from contest.units.models import Unit, UnitPlace

SUPERIOR, COAUTHOR, HOST, NAMESAKE, SURNAME = "superior_unit", "coauthor", "host", "namesake", "surname"
SUGGESTIONS = {
    SUPERIOR: N_("The judge's unit stands directly above or below the author's or the exemplar's"),
    COAUTHOR: N_("The judge and an author have written an entry together"),
    HOST: N_("The author and the judge both belong to bodies that hold the contest"),
    NAMESAKE: N_("An author or the exemplar bears the judge's name"),
    SURNAME: N_("An author or the exemplar bears the judge's surname, and one unit stands directly above the other"),
}
STRONG, WEAK = "strong", "weak"
STRENGTHS = {STRONG: N_("Strong"), WEAK: N_("Weak")}


@dataclass(frozen=True)
class Suggestion:
    """Why somebody should look at an entry and a judge. `strength`: strong or weak."""

    sources: tuple[str, ...]

    @property
    def strength(self) -> str:
        strong = len(self.sources) > 1 or bool({COAUTHOR, NAMESAKE} & set(self.sources))
        return STRONG if strong else WEAK


def suggestions_among(
    contest: Contest,
    *where: ColumnElement[bool],
    judges: Iterable[int] | None = None,
    known: Collection[Pair] | None = None,
) -> dict[Pair, Suggestion]:
    """What is suggested between entries of the contest that meet `where` and its judges.

    Nothing between an entry and a judge who are in conflict anyway (`known`: these conflicts, where the caller
    has them), and nothing that was dismissed. A fixed number of queries, whatever the numbers.
    """
    wanted = None if judges is None else set(judges)
    entries, people = facts(contest.id, *where), appointments(contest.id, wanted)
    if not entries or not people:
        return {}
    if known is None:
        known = conflicts_among(contest.id, *where, judges=wanted)
    dismissed = _dismissed(contest.id, *where)
    near = _Near(contest, entries, people)
    found = {}
    for judge, of_judge in _by_judge(people).items():
        for entry in entries:
            pair = (entry.entry, judge)
            if pair in known:
                continue
            sources = [source for source in near.sources(entry, of_judge) if (*pair, source) not in dismissed]
            if sources:
                found[pair] = Suggestion(tuple(sources))
    return found


def _by_judge(people: Iterable[Appointment]) -> dict[int, Appointment]:
    """One line for each judge, with the units of all their appointments."""
    merged: dict[int, Appointment] = {}
    for each in people:
        before = merged.get(each.judge)
        merged[each.judge] = each._replace(units=each.units | before.units) if before else each
    return merged


def _dismissed(contest_id: int, *where: ColumnElement[bool]) -> set[tuple[int, int, str]]:
    rows = db.session.execute(
        select(DismissedSuggestion.entry_id, DismissedSuggestion.judge_id, DismissedSuggestion.source)
        .join(Entry, Entry.id == DismissedSuggestion.entry_id)
        .where(Entry.contest_id == contest_id, *where)
    )
    return {(entry_id, judge_id, source) for entry_id, judge_id, source in rows}


class _Near:
    """What is near to whom: units above each other, bodies that hold the contest, people who wrote together."""

    def __init__(self, contest: Contest, entries: Collection[Facts], people: Collection[Appointment]) -> None:
        self.above = _superiors()
        self.hosts = _hosts(contest)
        self.wrote_with = _wrote_with({each.judge for each in people})
        self.names = {entry.entry: _names(entry.people) for entry in entries}
        self.judges = {judge.judge: names_as_text(judge.name) for judge in people}

    def sources(self, entry: Facts, judge: Appointment) -> list[str]:
        """Which of SUGGESTIONS there are between the two."""
        units = entry.author_units | ({entry.exemplar_unit} if entry.exemplar_unit is not None else set())
        above = any(other in self.above[unit] or unit in self.above[other] for unit in units for other in judge.units)
        names, surnames = self.names[entry.entry]
        name = self.judges[judge.judge]
        found = []
        if above:
            found.append(SUPERIOR)
        if self.wrote_with[judge.judge] & entry.authors:
            found.append(COAUTHOR)
        if judge.units & self.hosts and entry.author_units & self.hosts:
            found.append(HOST)
        if name in names:
            found.append(NAMESAKE)
        elif above and name.split()[:1] and name.split()[0] in surnames:
            found.append(SURNAME)
        return found


def _names(people: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Full names, folded, and surnames; a single syllable is neither."""
    full = frozenset(name for name in map(names_as_text, people) if len(name.split()) > 1)
    return full, frozenset(name.split()[0] for name in full)


def _superiors() -> dict[int, set[int]]:
    """The units directly above each unit, in every tree in which it stands now."""
    above: dict[int, set[int]] = defaultdict(set)
    rows = union(
        select(Unit.id, Unit.parent_id).where(Unit.parent_id.is_not(None)),
        select(UnitPlace.unit_id, UnitPlace.parent_id).where(
            UnitPlace.parent_id.is_not(None), UnitPlace.valid_to.is_(None)
        ),
    )
    for unit_id, parent_id in db.session.execute(rows):
        if parent_id is not None:
            above[unit_id].add(parent_id)
    return above


def _hosts(contest: Contest) -> set[int]:
    """Units that the rules name among the bodies which hold the contest."""
    bodies = contest.rules.bodies
    names = {fold(body.vi) for body in (bodies.governing, bodies.lead, *bodies.partners)}
    return set(db.session.scalars(select(Unit.id).where(Unit.name_key.in_(names))))


def _wrote_with(judges: Collection[int]) -> dict[int, set[int]]:
    """Who has sent an entry of any contest together with each of these people."""
    written = union(
        select(Entry.id.label("entry_id"), Entry.author_id.label("user_id")),
        select(CoAuthor.entry_id, CoAuthor.user_id).where(CoAuthor.user_id.is_not(None)),
    ).subquery()
    theirs = select(written.c.entry_id).where(written.c.user_id.in_(judges))
    groups: dict[int, set[int]] = defaultdict(set)
    rows = db.session.execute(select(written.c.entry_id, written.c.user_id).where(written.c.entry_id.in_(theirs)))
    for entry_id, user_id in rows:
        groups[entry_id].add(user_id)
    together: dict[int, set[int]] = defaultdict(set)
    for group in groups.values():
        for judge in group & set(judges):
            together[judge] |= group - {judge}
    return together


# Answers


def find_suggestion(entry: Entry, judge: User) -> Suggestion | None:
    """What is suggested between one entry and one judge."""
    return suggestions_among(entry.contest, Entry.id == entry.id, judges=[judge.id]).get((entry.id, judge.id))


def _check_staff(contest: Contest, actor: User) -> None:
    """Facts that tell authors are weighed by those who may know them alone. Raises NotFound."""
    if roles_of(contest.id, actor.id) & JUDGING_ROLES:
        raise NotFound(contest.public_id)


def confirm_suggestion(*, entry: Entry, judge: User, reason: str, actor: User, now: datetime) -> None:
    """Make a suggestion a recorded conflict, in force at once. The judge is not told. Raises NotFound, Refused."""
    _check_staff(entry.contest, actor)
    record_conflict(entry=entry, judge=judge, reason=reason, actor=actor, now=now)


def dismiss_suggestion(*, entry: Entry, judge: User, reason: str, actor: User, now: datetime) -> None:
    """Keep that somebody looked into a suggestion and found no conflict. Raises NotFound, Refused (no reason).

    What is suggested later from another fact is shown again.
    """
    _check_staff(entry.contest, actor)
    reason = clean_text(reason)
    if not reason:
        raise Refused(N_("Say why."), code="reason_missing")
    hold_contest(entry.contest, alone=True)
    found = find_suggestion(entry, judge)
    if found is None:
        return  # the same act sent twice, or overtaken by a conflict
    for source in found.sources:
        db.session.add(
            DismissedSuggestion(
                entry_id=entry.id, judge_id=judge.id, source=source, by_id=actor.id, at=now, reason=reason
            )
        )
    record(
        actor=actor.public_id,
        verb="judging.dismiss_suggestion",
        object_type="entry",
        object_id=entry.public_id,
        contest_id=entry.contest_id,
        now=now,
        judge=judge.public_id,
        sources=list(found.sources),
    )
    db.session.flush()
