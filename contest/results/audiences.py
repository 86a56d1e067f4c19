"""Who an organiser may write to about a contest, and what a letter may say to each: worked out when it is asked.

Nobody is kept on a list beforehand: who lost a prize meanwhile is not congratulated, who changed their address is
written to at the new one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from contest.accounts.models import User
from contest.contests.models import Contest, RoleGrant
from contest.contests.rules import PRESS
from contest.core.db import db
from contest.core.errors import N_
from contest.entries.models import Entry
from contest.entries.rules import ACCEPTED
from contest.results.models import ResultSet
from contest.results.queries import AwardAt
from contest.units.models import UnitOfficer

WINNERS, OTHERS, UNITS, PRESSMEN = "winners", "others", "units", "press"
AUDIENCES = {
    WINNERS: N_("Authors with a prize"),
    OTHERS: N_("Authors of valid entries without a prize"),
    UNITS: N_("Officers of the units that took part"),
    PRESSMEN: N_("The press"),
}
# Whoever gets one of these learns who won by getting it.
TELLING = frozenset({WINNERS, OTHERS})


@dataclass(slots=True)
class Recipient:
    """Somebody to write to. `address` is empty for who has neither e-mail nor telephone."""

    channel: str
    address: str
    name: str
    locale: str
    titles: list[str] = field(default_factory=list)
    prizes: list[dict[str, str]] = field(default_factory=list)


def recipients_of(
    contest: Contest, audience: str, result_set: ResultSet | None, awards: Iterable[AwardAt]
) -> list[Recipient]:
    """Everybody of `audience`, each once, by name. `awards`: those of `result_set` as they are now."""
    standing = [each for each in awards if each.stands]
    if audience == WINNERS:
        return _winners(contest, standing)
    if audience == OTHERS:
        return _others(contest, standing) if result_set is not None else []
    return _people(_officers(contest) if audience == UNITS else _press(contest))


def _winners(contest: Contest, awards: list[AwardAt]) -> list[Recipient]:
    found: dict[int, Recipient] = {}
    for each in awards:
        entry = each.award.entry
        one = found.setdefault(entry.author_id, _recipient(entry.author))
        if entry.title not in one.titles:
            one.titles.append(entry.title)
        prize = contest.rules.find_prize(each.award.prize_id)
        if prize is not None:
            one.prizes.append({"vi": prize.name.vi, "en": prize.name.en})
    return _each_once(found.values())


def _others(contest: Contest, awards: list[AwardAt]) -> list[Recipient]:
    won = {each.award.entry.author_id for each in awards}
    entries = db.session.scalars(
        select(Entry)
        .where(Entry.contest_id == contest.id, Entry.state == ACCEPTED, Entry.author_id.not_in(won))
        .options(joinedload(Entry.author))
        .order_by(Entry.id)
    )
    found: dict[int, Recipient] = {}
    for entry in entries:
        found.setdefault(entry.author_id, _recipient(entry.author)).titles.append(entry.title)
    return _each_once(found.values())


def _officers(contest: Contest) -> Iterable[User]:
    units = select(Entry.author_unit_id).where(Entry.contest_id == contest.id, Entry.state == ACCEPTED)
    return db.session.scalars(
        select(User)
        .join(UnitOfficer, UnitOfficer.user_id == User.id)
        .where(UnitOfficer.ended_at.is_(None), UnitOfficer.unit_id.in_(units))
        .distinct()
    )


def _press(contest: Contest) -> Iterable[User]:
    return db.session.scalars(
        select(User)
        .join(RoleGrant, RoleGrant.user_id == User.id)
        .where(RoleGrant.contest_id == contest.id, RoleGrant.role == PRESS, RoleGrant.ended_at.is_(None))
        .distinct()
    )


def _people(people: Iterable[User]) -> list[Recipient]:
    return _each_once(_recipient(person) for person in people)


def _recipient(person: User) -> Recipient:
    reachable = person.erased_at is None
    channel = "email" if person.email or not person.phone else "sms"
    return Recipient(channel, (person.email or person.phone or "") if reachable else "", person.name, person.locale)


def _each_once(found: Iterable[Recipient]) -> list[Recipient]:
    return sorted(found, key=lambda each: (each.name, each.address))
