"""Who may enter a contest, alone or in a group, and how often."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import or_, select

from contest.accounts.addresses import find_canonical
from contest.accounts.models import User
from contest.accounts.services import hold
from contest.contests.models import Contest
from contest.contests.queries import roles_of, standing_grants
from contest.contests.rules import BARRED_ROLES, CHAIR, JUDGE
from contest.contests.ruleset import Category
from contest.core.db import db, wait_for_turn
from contest.core.errors import N_, Refused
from contest.core.text import fold
from contest.entries.models import CoAuthor, Entry
from contest.entries.persons import (
    counted_entries,
    has_entered,
    keys_of,
    person_of_account,
    persons_of,
)
from contest.entries.rules import DRAFT, STATES, WITHDRAWN

_RELATIVES = re.compile(r"[\n,;]+")
_ENTERED = tuple(state for state in STATES if state not in (DRAFT, WITHDRAWN))


def relatives_of(text: str | None) -> list[str]:
    """The names on a judge's appointment, one a line or parted by commas; words in brackets are notes."""
    names = (re.sub(r"\(.*?\)", " ", name) for name in _RELATIVES.split(text or ""))
    return [name.strip() for name in names if name.strip()]


def require_not_barred(contest: Contest, author: User, *names: str) -> None:
    """Raise Refused for who may not enter: staff of the contest, operators, relatives of its jury.

    Relatives are known by name alone, compared without case and marks; a namesake is told to turn
    to the secretariat.
    """
    text = contest.rules.eligibility.barred_text
    if _holds_a_barred_role(contest, author):
        raise Refused(
            N_("You hold a role in this contest, so you may not enter it: %(text)s"), code="barred", text=text
        )
    if _is_barred_operator(contest, author):
        raise Refused(N_("You run this site, so you may not enter this contest: %(text)s"), code="barred", text=text)
    own = {fold(name) for name in (author.name, *names) if name}
    if own & _barred_relatives(contest):
        raise Refused(
            N_(
                "A close relative of a jury member has this name, and relatives may not enter."
                " If you are somebody else, please call the secretariat."
            ),
            code="barred_relative",
        )


def _holds_a_barred_role(contest: Contest, person: User) -> bool:
    barred = set(contest.rules.eligibility.barred)
    roles = roles_of(contest.id, person.id)
    return any(kind in barred and roles & barred_roles for kind, barred_roles in BARRED_ROLES.items())


def _is_barred_operator(contest: Contest, person: User) -> bool:
    return "technical_operators" in contest.rules.eligibility.barred and person.has_role("operator")


def _barred_relatives(contest: Contest) -> set[str]:
    if "spouse_parent_child_of_jury" not in contest.rules.eligibility.barred:
        return set()
    grants = db.session.scalars(standing_grants(contest.id))
    return {fold(name) for grant in grants if grant.role in (JUDGE, CHAIR) for name in relatives_of(grant.relatives)}


def require_group_not_barred(entry: Entry) -> None:
    """As `require_not_barred`, for the co-authors of an entry: by their account or telephone number, and by name."""
    if not entry.coauthors:
        return
    contest = entry.contest
    text = contest.rules.eligibility.barred_text
    relatives = _barred_relatives(contest)
    for coauthor in entry.coauthors:
        for account in accounts_of(coauthor):
            if _holds_a_barred_role(contest, account):
                raise Refused(
                    N_("%(name)s holds a role in this contest, so may not be one of its authors: %(text)s"),
                    code="barred_coauthor",
                    name=coauthor.name,
                    text=text,
                )
            if _is_barred_operator(contest, account):
                raise Refused(
                    N_("%(name)s runs this site, so may not be an author in this contest: %(text)s"),
                    code="barred_coauthor",
                    name=coauthor.name,
                    text=text,
                )
        if fold(coauthor.name) in relatives:
            raise Refused(
                N_(
                    "A close relative of a jury member has the name of the co-author %(name)s, and relatives may"
                    " not enter. If this is somebody else, please call the secretariat."
                ),
                code="barred_relative",
                name=coauthor.name,
            )


def accounts_of(coauthor: CoAuthor) -> Sequence[User]:
    """The accounts that a co-author is known to have: the one recorded, and the one with the telephone number."""
    conditions = [User.id == coauthor.user_id] if coauthor.user_id is not None else []
    phone = find_canonical(coauthor.phone) if coauthor.phone and "@" not in coauthor.phone else None
    if phone is not None:
        conditions.append(User.phone == phone)
    return db.session.scalars(select(User).where(or_(*conditions)).order_by(User.id)).all() if conditions else []


def require_no_entry(contest: Contest, person: User) -> None:
    """Raise Refused for an author or co-author of an entry in the contest, who takes no role in it.

    Waits for an entry of theirs that is being sent in; from then on none can be until the transaction
    ends, so that a role given in it bars them.
    """
    hold(person)
    if has_entered(contest.id, person_of_account(person), _ENTERED):
        raise Refused(
            N_("%(name)s has an entry in this contest and cannot take a role in it. Withdraw the entry first."),
            code="has_entered",
            name=person.name,
        )


def wait_for_authors(entry: Entry) -> None:
    """Wait until nobody else is counting or appointing one of the entry's authors, then keep others waiting."""
    accounts = {account.id: account for coauthor in entry.coauthors for account in accounts_of(coauthor)}
    accounts[entry.author_id] = entry.author
    for account in sorted(accounts):
        hold(accounts[account])
    for key in keys_of(entry.contest_id, persons_of(entry)):
        wait_for_turn(key)


def count_of_account(contest_id: int, category: str, user: User) -> int:
    """How many entries of a category a person has in, alone or in a group, as far as the account tells."""
    return counted_entries(contest_id, category, [person_of_account(user)])[0]


def require_place(entry: Entry, category: Category, original: Entry | None) -> None:
    """Raise Refused when one of the entry's authors has sent as many as the category takes from one."""
    persons = persons_of(entry)
    counts = counted_entries(entry.contest_id, category.id, persons, but=original.id if original else None)
    for place, (person, count) in enumerate(zip(persons, counts, strict=True)):
        if count < category.max_entries_per_author:
            continue
        if place == 0:
            raise too_many(category)
        raise Refused(
            N_(
                "%(name)s is already an author of %(most)s entries in this category,"
                " as many as one author may have. Groups count for each of their members."
            ),
            code="too_many",
            name=person.name,
            most=category.max_entries_per_author,
        )


def too_many(category: Category) -> Refused:
    """The refusal of one entry more than an author may send."""
    return Refused(
        N_("Each author may send at most %(most)s entries in this category, and you have sent as many."),
        code="too_many",
        most=category.max_entries_per_author,
    )
