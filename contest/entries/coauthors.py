"""The group that wrote an entry: its members beside the leader, who writes and sends it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import select

from contest.accounts.addresses import find_canonical
from contest.accounts.models import User
from contest.core.db import db
from contest.core.errors import N_, Conflict, Refused
from contest.core.formats import local
from contest.core.text import fold
from contest.entries.models import CoAuthor, Entry
from contest.entries.press import require_draft
from contest.entries.rules import needs_guardian
from contest.exemplars.services import short_line
from contest.units.models import Unit

# A bound, not a rule of a contest: the rule set says how large a group may be.
MEMBERS_MAX = 20
COAUTHOR_COPIED = (
    "position",
    "name",
    "name_key",
    "pen_name",
    "phone",
    "birth_date",
    "unit_id",
    "guardian_name",
    "guardian_consent",
    "user_id",
)


class Member(NamedTuple):
    """A co-author as typed."""

    name: str = ""
    pen_name: str = ""
    phone: str = ""
    birth_date: date | None = None
    unit: Unit | None = None
    guardian_name: str = ""
    guardian_consent: bool = False

    @property
    def empty(self) -> bool:
        return self == Member()


def _row(coauthor: CoAuthor) -> list[object]:
    return [getattr(coauthor, name) for name in COAUTHOR_COPIED]


def group_state(entry: Entry) -> str:
    """A fingerprint of the group: the version that a window was opened with."""
    rows = [_row(coauthor)[:-1] for coauthor in entry.coauthors]
    return hashlib.sha256(json.dumps(rows, default=str).encode()).hexdigest()[:16]


def author_key_of(entry: Entry, coauthors: Sequence[CoAuthor] = ()) -> str:
    """What a search by author looks in: names and pen names of everybody in the group."""
    names = [entry.author_name, entry.pen_name]
    for coauthor in coauthors:
        names += [coauthor.name, coauthor.pen_name]
    return fold(" ".join(names))[:420]


def save_coauthors(*, entry: Entry, seen: str, members: Sequence[Member], now: datetime) -> None:
    """Save who wrote a draft with its author; `seen` is the `group_state` that the window showed.

    Empty members are left out; a legal representative is kept only for who needs one today. Raises
    Conflict when another window saved something else, Refused for what cannot be kept.
    """
    require_draft(entry)
    told = [member for member in members if not member.empty]
    if len(told) > MEMBERS_MAX:
        raise Refused(
            N_("At most %(most)s co-authors can be written down here."), code="too_many_coauthors", most=MEMBERS_MAX
        )
    rows = [_coauthor(entry, member, position, now) for position, member in enumerate(told, start=1)]
    if [_row(row) for row in rows] == [_row(row) for row in entry.coauthors]:
        return
    if seen != group_state(entry):
        raise Conflict(
            N_("This draft was saved in another window at %(at)s. Nothing was overwritten."),
            code="version",
            at=entry.updated_at,
        )
    replace_group(entry, rows)
    entry.author_key = author_key_of(entry, rows)
    entry.updated_at = now
    db.session.flush()


def replace_group(entry: Entry, rows: Sequence[CoAuthor]) -> None:
    """Make the co-authors of an entry exactly `rows`."""
    for coauthor in list(entry.coauthors):
        db.session.delete(coauthor)
    db.session.flush()
    for row in rows:
        row.entry_id = entry.id
    db.session.add_all(rows)
    db.session.flush()
    db.session.expire(entry, ["coauthors"])


def copies_of(coauthors: Sequence[CoAuthor]) -> list[CoAuthor]:
    """The same co-authors, for another row of the same entry."""
    return [CoAuthor(**dict(zip(COAUTHOR_COPIED, _row(coauthor), strict=True))) for coauthor in coauthors]


def _coauthor(entry: Entry, member: Member, position: int, now: datetime) -> CoAuthor:
    today = local(now).date()
    if member.birth_date is not None and not date(1900, 1, 1) <= member.birth_date <= today:
        raise Refused(N_("This date of birth cannot be right. Write the year in four digits."), code="birth_date")
    category = entry.contest.rules.category(entry.category)
    guarded = needs_guardian(member.birth_date, today, always=category.guardian_consent)
    name = short_line(member.name, 200)
    return CoAuthor(
        position=position,
        name=name,
        name_key=fold(name)[:200],
        pen_name=short_line(member.pen_name, 200),
        phone=short_line(member.phone, 30),
        birth_date=member.birth_date,
        unit_id=member.unit.id if member.unit else None,
        guardian_name=short_line(member.guardian_name, 200) if guarded else "",
        guardian_consent=guarded and member.guardian_consent,
        user_id=_account_of(member.phone),
    )


def _account_of(phone: str) -> int | None:
    """The account with this telephone number."""
    kept = find_canonical(phone) if phone and "@" not in phone else None
    return db.session.scalar(select(User.id).where(User.phone == kept)) if kept else None
