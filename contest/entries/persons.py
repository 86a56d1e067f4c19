"""Who stands behind an entry, and whether two entries share a person.

An author is known by account, by telephone number, or by name and date of birth: the same person
may write alone, lead a group, be a member of another, or have been helped to an account of their
own by their unit's officer. A telephone that a household shares does not make two people one:
where both dates of birth are known and differ, they are two.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, or_, select

from contest.accounts.models import User
from contest.core.db import db
from contest.core.text import fold
from contest.entries.models import CoAuthor, Entry
from contest.entries.rules import COUNTED

# The last nine digits of a Vietnamese number are the same with 0 and with +84 in front.
PHONE_TAIL = 9
_BETWEEN_DIGITS = (" ", ".", "-", "(", ")")


class Person(NamedTuple):
    """An author as an entry names them; `account` is a user's id where there is one."""

    name: str
    phone: str = ""
    born: date | None = None
    account: int | None = None


def phone_tail(phone: str | None) -> str:
    """What tells a telephone number apart however it is written; "" when digits are missing."""
    digits = re.sub(r"\D", "", phone or "")
    return digits[-PHONE_TAIL:] if len(digits) >= PHONE_TAIL else ""


def same_person(one: Person, two: Person) -> bool:
    """Whether both are the same: by account, by name and date of birth, or by telephone number."""
    if one.account is not None and one.account == two.account:
        return True
    born_known = one.born is not None and two.born is not None
    if born_known and one.born == two.born and fold(one.name) == fold(two.name):
        return True
    tail = phone_tail(one.phone)
    return bool(tail) and tail == phone_tail(two.phone) and not (born_known and one.born != two.born)


def person_of_account(user: User) -> Person:
    """What an account alone says about its person."""
    return Person(user.name, user.phone or "", None, user.id)


def leader_of(entry: Entry) -> Person:
    return Person(entry.author_name, entry.author_phone, entry.author_birth_date, entry.author_id)


def member_of(coauthor: CoAuthor) -> Person:
    return Person(coauthor.name, coauthor.phone, coauthor.birth_date, coauthor.user_id)


def persons_of(entry: Entry) -> list[Person]:
    """The author, who leads the group, then its other members."""
    return [leader_of(entry), *(member_of(coauthor) for coauthor in entry.coauthors)]


def keys_of(contest_id: int, persons: Iterable[Person]) -> list[str]:
    """Names under which to wait one's turn before counting what these people have sent, in one order for all."""
    keys = set()
    for person in persons:
        if person.account is not None:
            keys.add(f"account {person.account}")
        if phone_tail(person.phone):
            keys.add(f"phone {phone_tail(person.phone)}")
        if person.born is not None:
            keys.add(f"name {fold(person.name)} {person.born}")
    return [f"author {contest_id} {key}" for key in sorted(keys)]


def _digits(column: Any) -> Any:
    for sign in _BETWEEN_DIGITS:
        column = func.replace(column, sign, "")
    return column


def _may_be(persons: Collection[Person], account: Any, phone: Any, born: Any) -> list[ColumnElement[bool]]:
    """Conditions that at least hold for the same people; `same_person` then decides."""
    accounts = [person.account for person in persons if person.account is not None]
    days = [person.born for person in persons if person.born is not None]
    tails = [tail for person in persons if (tail := phone_tail(person.phone))]
    conditions: list[ColumnElement[bool]] = [_digits(phone).endswith(tail) for tail in tails]
    if accounts:
        conditions.append(account.in_(accounts))
    if days:
        conditions.append(born.in_(days))
    return conditions


def _members(entry_ids: Collection[int]) -> Mapping[int, list[Person]]:
    rows = db.session.execute(
        select(CoAuthor.entry_id, CoAuthor.name, CoAuthor.phone, CoAuthor.birth_date, CoAuthor.user_id).where(
            CoAuthor.entry_id.in_(entry_ids)
        )
    )
    found: dict[int, list[Person]] = defaultdict(list)
    for entry_id, name, phone, born, account in rows:
        found[entry_id].append(Person(name, phone, born, account))
    return found


def _behind(*where: ColumnElement[bool]) -> dict[int, list[Person]]:
    """Everybody behind each entry that meets `where`, by its id."""
    rows = db.session.execute(
        select(Entry.id, Entry.author_name, Entry.author_phone, Entry.author_birth_date, Entry.author_id).where(*where)
    ).all()
    members = _members([row[0] for row in rows]) if rows else {}
    return {row[0]: [Person(*row[1:]), *members.get(row[0], ())] for row in rows}


def counted_entries(contest_id: int, category: str, persons: Sequence[Person], *, but: int | None = None) -> list[int]:
    """For each of `persons`, how many entries of the category they have in, alone or in a group.

    An entry that was withdrawn has freed its place; one that was submitted again counts once.
    `but` is the id of an entry left out: the one that is being submitted again.
    """
    alone = _may_be(persons, Entry.author_id, Entry.author_phone, Entry.author_birth_date)
    together = _may_be(persons, CoAuthor.user_id, CoAuthor.phone, CoAuthor.birth_date)
    if not alone:
        return [0 for _ in persons]
    found = _behind(
        Entry.contest_id == contest_id,
        Entry.category == category,
        Entry.state.in_(COUNTED),
        or_(*alone, Entry.id.in_(select(CoAuthor.entry_id).where(or_(*together)))),
    )
    found.pop(but or 0, None)
    return [
        sum(any(same_person(person, each) for each in everybody) for everybody in found.values()) for person in persons
    ]


def has_entered(contest_id: int, person: Person, states: Collection[str]) -> bool:
    """Whether a person has an entry in one of `states`, alone or in a group."""
    together = _may_be([person], CoAuthor.user_id, CoAuthor.phone, CoAuthor.birth_date)
    alone = [Entry.author_id == person.account] if person.account is not None else []
    conditions = [*alone, *([Entry.id.in_(select(CoAuthor.entry_id).where(or_(*together)))] if together else [])]
    if not conditions:
        return False
    found = _behind(Entry.contest_id == contest_id, Entry.state.in_(states), or_(*conditions))
    return any(same_person(person, each) for everybody in found.values() for each in everybody)


def people_behind(entry_ids: Collection[int]) -> dict[int, frozenset[str]]:
    """Opaque names of the people behind each entry: the same person has one name on all of them.

    Who is the same is followed through: when A is B by telephone and B is C by account, all are one.
    """
    everybody = [
        (entry_id, person)
        for entry_id, persons in sorted(_behind(Entry.id.in_(entry_ids)).items())
        for person in persons
    ]
    first = list(range(len(everybody)))

    def root(place: int) -> int:
        while first[place] != place:
            first[place] = first[first[place]]
            place = first[place]
        return place

    for one, two in _pairs([person for _, person in everybody]):
        first[max(root(one), root(two))] = min(root(one), root(two))
    people: dict[int, set[str]] = defaultdict(set)
    for place, (entry_id, _) in enumerate(everybody):
        people[entry_id].add(f"person {root(place)}")
    return {entry_id: frozenset(names) for entry_id, names in people.items()}


def _pairs(persons: Sequence[Person]) -> Iterator[tuple[int, int]]:
    for two, person in enumerate(persons):
        for one in range(two):
            if same_person(persons[one], person):
                yield one, two
