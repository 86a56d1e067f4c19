"""What the rules still ask of the co-authors of an entry: each rule with its own message, by name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from contest.contests.ruleset import Category, RuleSet
from contest.core.errors import N_
from contest.entries.items import GROUP, PHONE_LEAST, Asked, Item
from contest.entries.models import CoAuthor, Entry
from contest.entries.persons import persons_of, same_person
from contest.entries.rules import age_on, needs_guardian


def group_items(entry: Entry, rules: RuleSet, category: Category, asked: Asked, day: date) -> Iterator[Item]:
    """Lines about the group; none for who writes alone."""
    if not entry.coauthors:
        return
    count, most = 1 + len(entry.coauthors), rules.eligibility.group_max
    message, params = "", dict[str, Any]()
    if count > most and most == 1:
        message = N_("This contest takes entries of single authors: remove the co-authors.")
    elif count > most:
        message = N_("A group may have at most %(most)s authors, its leader included; this one has %(count)s.")
        params = {"most": most, "count": count}
    yield Item(N_("Size of the group"), GROUP, "member-1-name", message, params)
    yield Item(N_("Members of the group"), GROUP, "member-1-name", *_twice(entry))
    for coauthor in entry.coauthors:
        lacking = list(_lacking(coauthor, rules, category, asked, day))
        for field, message, params in lacking or [("name", "", {})]:
            yield Item(N_("Co-author"), GROUP, f"member-{coauthor.position}-{field}", message, params)


def _twice(entry: Entry) -> tuple[str, dict[str, Any]]:
    persons = persons_of(entry)
    for place, person in enumerate(persons):
        if any(same_person(person, other) for other in persons[:place]):
            return N_("%(name)s stands in the group twice. The leader, who writes, is not named again."), {
                "name": person.name
            }
    return "", {}


_Lack = tuple[str, str, dict[str, Any]]


def _lacking(coauthor: CoAuthor, rules: RuleSet, category: Category, asked: Asked, day: date) -> Iterator[_Lack]:
    if not coauthor.name:
        yield "name", N_("Give the real name of co-author number %(number)s."), {"number": coauthor.position}
        return
    named: dict[str, Any] = {"name": coauthor.name}
    born = coauthor.birth_date
    if asked.birth_date:
        if born is None:
            yield "born-day", N_("Give the date of birth of %(name)s."), named
        elif age_on(born, day) < rules.eligibility.min_age:
            told = {**named, "age": rules.eligibility.min_age}
            yield "born-day", N_("%(name)s must be at least %(age)s years old on the day of submission."), told
    if "author_phone" in asked.required:
        if not coauthor.phone:
            yield "phone", N_("Give a telephone number at which %(name)s can be reached."), named
        elif sum(sign.isdigit() for sign in coauthor.phone) < PHONE_LEAST:
            yield "phone", N_("The telephone number of %(name)s lacks digits."), named
    if needs_guardian(born, day, always=category.guardian_consent):
        if not coauthor.guardian_name:
            yield "guardian", N_("Name the legal representative of %(name)s."), named
        elif not coauthor.guardian_consent:
            yield "consent", N_("The legal representative of %(name)s has to agree."), named
