"""What the tour shows: who can be signed in as, and the messages that have gone out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.rules import CHAIR, JUDGE, OBSERVER, ORGANISER, PRESS, SECRETARY
from contest.core.db import db
from contest.core.errors import N_
from contest.demo import stories
from contest.outbox.models import Message

_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")

OFFICER, OPERATOR, AUTHOR, YOUNG_AUTHOR = "officer", "operator", "author", "young_author"
# What a newcomer can try as each of them, in the order of a contest.
GROUPS: dict[str, tuple[str, str]] = {
    ORGANISER: (
        N_("Organisers"),
        N_("See the whole contest at a glance, invite people, compute and approve results: two of them are needed."),
    ),
    SECRETARY: (
        N_("Secretariat"),
        N_("Receive entries, admit or refuse them, hide what names an author, ask units to verify."),
    ),
    CHAIR: (
        N_("Head of jury"),
        N_("Seat panels, give out entries, settle gaps, close rounds, record the council's ballots."),
    ),
    JUDGE: (N_("Judges"), N_("Read entries by code, without names, and mark them on the score sheet.")),
    OFFICER: (N_("Units"), N_("Answer whether a person and a deed are real, and whether they agree to be presented.")),
    PRESS: (
        N_("Press"),
        N_("Read results before the public does, once the terms of the embargo are accepted. Every page bears a mark."),
    ),
    OBSERVER: (N_("Observers"), N_("Look on at the vote, the papers and the complaints; change nothing.")),
    OPERATOR: (
        N_("Operator of the site"),
        N_("Keep the calendar of commemorations and the days off, set up new contests."),
    ),
    AUTHOR: (N_("Authors"), N_("Write an entry, add a photo, submit it and keep the receipt.")),
    YOUNG_AUTHOR: (N_("Young authors"), N_("The same under 18: a parent or guardian has to agree.")),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """Somebody to sign in as. `title`: what they are, in both languages; empty for authors."""

    person: User
    title: dict[str, str]


def figures() -> dict[str, list[Figure]]:
    """The people of the demonstration by group, those who have an account already."""
    known = {person.email: person for person in db.session.scalars(select(User).where(User.email.is_not(None)))}
    found: dict[str, list[Figure]] = {group: [] for group in GROUPS}
    for each in stories.people():
        person = known.get(each["email"])
        roles = [grant["role"] for grant in each["roles"]]
        if person is not None:
            group = OPERATOR if each.get("operator") else roles[0] if roles else OFFICER
            found[group].append(Figure(person, each["title"]))
    told: set[str] = set()
    for story in stories.stories():
        person = known.get(story.email)
        if person is not None and story.email not in told:
            told.add(story.email)
            found[YOUNG_AUTHOR if story.author["guardian"] else AUTHOR].append(Figure(person, {}))
    return found


def find_figure(public_id: str) -> User | None:
    """The person with this public id, when they belong to the demonstration's people."""
    return next(
        (
            figure.person
            for group in figures().values()
            for figure in group
            if figure.person.public_id == public_id and figure.person.active
        ),
        None,
    )


def contests() -> Sequence[Contest]:
    return db.session.scalars(select(Contest).order_by(Contest.id)).all()


# The inbox


def _gone_out(now: datetime, address: str) -> list[ColumnElement[bool]]:
    """Messages whose time has come; letters that wait for an announcement stay unseen until then."""
    where: list[ColumnElement[bool]] = [Message.next_try_at <= now]
    words = re.sub(r"[%_\\]", "", address.strip().lower())
    if words:
        digits = re.sub(r"\D", "", words).removeprefix("0")
        where.append(
            or_(
                func.lower(Message.address).contains(words),
                Message.address.contains(digits) if len(digits) > 5 else func.lower(Message.address) == words,
            )
        )
    return where


def count_messages(now: datetime, address: str = "") -> int:
    return db.session.scalar(select(func.count(Message.id)).where(*_gone_out(now, address))) or 0


def messages(now: datetime, address: str, *, page: int, size: int) -> Sequence[Message]:
    """Messages that have gone out, newest first; `address` may be a part of one."""
    return db.session.scalars(
        select(Message)
        .where(*_gone_out(now, address))
        .order_by(Message.next_try_at.desc(), Message.id.desc())
        .offset(size * (page - 1))
        .limit(size)
    ).all()


def names_of(addresses: Iterable[str]) -> dict[str, str]:
    """Who the addresses belong to, as far as they have accounts."""
    wanted = set(addresses)
    people = db.session.scalars(select(User).where(or_(User.email.in_(wanted), User.phone.in_(wanted))))
    return {address: person.name for person in people for address in (person.email, person.phone) if address in wanted}


def with_links(text: str) -> list[tuple[str, bool]]:
    """A text in pieces, each with whether it is an address to open."""
    pieces: list[tuple[str, bool]] = []
    end = 0
    for found in _LINK.finditer(text):
        pieces += [(text[end : found.start()], False), (found.group(), True)]
        end = found.end()
    return [(piece, link) for piece, link in [*pieces, (text[end:], False)] if piece]
