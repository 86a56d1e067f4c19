"""The roll of a unit: who may vote in a contest that asks for one, kept as keyed tags and nothing else.

A list comes as a sheet or as pasted lines; what is in it is looked at once, turned into tags, and
gone. So nobody can read the roll back, not even who wrote it: it says whether a contact is on it, to
somebody who knows the contact and the contest's key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, func, select

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_, Refused
from contest.documents.rules import LIMITS
from contest.documents.services import read_sheet
from contest.units.models import Unit
from contest.voting.contacts import Contact, read_any
from contest.voting.identity import inserting, one_at_a_time, secret_of
from contest.voting.models import Voter
from contest.voting.models_review import RollEntry
from contest.voting.rules import tag_of

IDENTITY = "unit_roll"
MOST_LINES = 10_000
MOST_BYTES = 5_000_000
MOST_CHARACTERS = 1_500_000
ADD, REPLACE, REMOVE = "add", "replace", "remove"
_SHEET = LIMITS._replace(most=MOST_BYTES, rows=MOST_LINES + 50, columns=30, cell=500, cpu=8, wall=12.0)
_CELLS = re.compile(r"[,;\t|]")
# A spreadsheet takes the zero away from a number in front: 912345678.
_WITHOUT_ZERO = re.compile(r"[35789]\d{8}", re.ASCII)
_AT_ONCE = 5_000
_ADVISORY = "roll"


class BadLine(NamedTuple):
    """A line in which no contact was found: where it stands, what it says, why it is not one."""

    number: int
    text: str
    why: Refused


@dataclass(frozen=True)
class Reading:
    """What was found in a list: contacts in its order, lines to look at, and lines that repeat another."""

    contacts: list[Contact] = field(default_factory=list)
    lines: list[str] = field(
        default_factory=list
    )  # of the contacts and of the bad lines, one each, as they can be edited
    bad: list[BadLine] = field(default_factory=list)
    repeated: list[tuple[int, int]] = field(default_factory=list)  # (line, the line that it repeats)


def read_pasted(text: str) -> Reading:
    """Lines as they were pasted: each holds a contact, alone or among other cells. Raises Refused."""
    if len(text) > MOST_CHARACTERS:
        raise Refused(N_("This is too long: at most %(most)s lines at a time."), code="too_long", most=MOST_LINES)
    return _read([_CELLS.split(line) for line in text.splitlines()])


def read_file(content: bytes, name: str) -> Reading:
    """The contacts in an .xlsx or .csv file. Raises Refused."""
    return _read(read_sheet(content, name, limits=_SHEET).rows)


def _read(rows: Sequence[Sequence[str]]) -> Reading:
    if len(rows) > MOST_LINES + 50:
        raise Refused(N_("This is too long: at most %(most)s lines at a time."), code="too_long", most=MOST_LINES)
    found = Reading()
    seen: dict[str, int] = {}
    for number, cells in enumerate(rows, start=1):
        words = [cell.strip() for cell in cells if cell.strip()]
        if not words:
            continue
        contact, why = _contact_in(words)
        if contact is None:
            if why is None and not found.contacts and not found.bad and number <= 3:
                continue  # a title or the headings
            found.bad.append(BadLine(number, " ".join(words)[:120], why or _NONE))
            found.lines.append(", ".join(words)[:300])
        elif contact.key in seen:
            found.repeated.append((number, seen[contact.key]))
        else:
            seen[contact.key] = number
            found.contacts.append(contact)
            found.lines.append(contact.address)
    return found


_NONE = Refused(N_("There is no e-mail address and no mobile number in this line."), code="no_contact")


def _contact_in(words: list[str]) -> tuple[Contact | None, Refused | None]:
    """The first contact among the cells of a line; else what is wrong with the cell that looks most like one."""
    why: Refused | None = None
    for word in words:
        typed = f"0{word}" if _WITHOUT_ZERO.fullmatch(word) else word
        try:
            return read_any(typed), None
        except Refused as error:
            if why is None and ("@" in word or sum(map(str.isdigit, word)) >= 8):
                why = error
    return None, why


class Outlook(NamedTuple):
    """What confirming a list would do."""

    new: int
    here: int  # on this unit's roll already
    elsewhere: int  # on another unit's roll, where they stay
    gone: int  # taken off


def outlook(contest: Contest, unit: Unit, reading: Reading, act: str) -> Outlook:
    """What `act` with this list would do to the roll of a unit."""
    tags = _tags(contest, reading)
    standing = _standing(contest.id, tags)
    here = sum(unit_id == unit.id for unit_id in standing.values())
    if act == REMOVE:
        return Outlook(0, 0, len(standing) - here, here)
    all_here = count_of(contest.id, unit.id) if act == REPLACE else here
    return Outlook(len(tags) - len(standing), here, len(standing) - here, all_here - here)


def change_roll(
    *, contest: Contest, unit: Unit, reading: Reading, act: str, actor: User, officer: bool, now: datetime
) -> Outlook:
    """Add to, replace or shorten the roll of a unit; returns what was done. Raises Refused when it is too late."""
    must_be_changeable(contest, act, officer=officer, now=now)
    tags = _tags(contest, reading)
    if not tags:
        raise Refused(N_("There is no contact in this list."), code="empty")
    one_at_a_time(tag_of(secret_of(contest.id), _ADVISORY))
    seen = outlook(contest, unit, reading, act)
    if act == REPLACE:
        db.session.execute(delete(RollEntry).where(RollEntry.contest_id == contest.id, RollEntry.unit_id == unit.id))
    if act == REMOVE:
        for some in _in_parts(tags):
            db.session.execute(
                delete(RollEntry).where(
                    RollEntry.contest_id == contest.id, RollEntry.unit_id == unit.id, RollEntry.tag.in_(some)
                )
            )
    else:
        connection = db.session.connection()
        rows = [{"contest_id": contest.id, "tag": tag, "unit_id": unit.id, "added_at": now} for tag in tags]
        connection.execute(inserting(connection.dialect.name, RollEntry).on_conflict_do_nothing(), rows)
    record(
        actor=actor.public_id,
        verb=f"roll_{act}",
        object_type="unit",
        object_id=unit.code,
        now=now,
        contest_id=contest.id,
        added=seen.new,
        taken_off=seen.gone,
        lines=len(reading.contacts),
    )
    db.session.expire_all()
    return seen


def must_be_changeable(contest: Contest, act: str, *, officer: bool, now: datetime) -> None:
    """Raise Refused when the roll may not be changed so any more.

    Until the vote opens everything may be changed. After that organisers may add who was forgotten,
    until it closes; nobody is taken off, since they may have voted.
    """
    window = contest.rules.window("voting")
    if contest.rules.voting.identity != IDENTITY or window is None:
        raise Refused(N_("This contest does not ask for a roll."), code="no_roll")
    if now >= window.closes:
        raise Refused(N_("The vote closed at %(at)s."), code="vote_closed", at=window.closes)
    if now >= window.opens and (officer or act != ADD):
        raise Refused(
            N_("The vote has opened: from now on organisers alone can add to the roll, and nobody is taken off it."),
            code="roll_closed",
        )


def _tags(contest: Contest, reading: Reading) -> list[str]:
    secret = secret_of(contest.id)
    return [tag_of(secret, contact.key) for contact in reading.contacts]


def _standing(contest_id: int, tags: list[str]) -> dict[str, int]:
    """Tag -> the unit on whose roll it stands."""
    found: dict[str, int] = {}
    for some in _in_parts(tags):
        rows = db.session.execute(
            select(RollEntry.tag, RollEntry.unit_id).where(RollEntry.contest_id == contest_id, RollEntry.tag.in_(some))
        )
        found.update({row.tag: row.unit_id for row in rows})
    return found


def _in_parts(tags: list[str]) -> Iterable[list[str]]:
    return (tags[at : at + _AT_ONCE] for at in range(0, len(tags), _AT_ONCE))


def find_unit(contest_id: int, tag: str) -> int | None:
    """The unit on whose roll a tag stands."""
    return db.session.scalar(select(RollEntry.unit_id).where(RollEntry.contest_id == contest_id, RollEntry.tag == tag))


def find_unit_of_voter(contest_id: int, voter_id: int) -> int | None:
    """The unit on whose roll a voter stands."""
    return db.session.scalar(
        select(RollEntry.unit_id)
        .join(Voter, (Voter.contest_id == RollEntry.contest_id) & (Voter.tag == RollEntry.tag))
        .where(RollEntry.contest_id == contest_id, Voter.id == voter_id)
    )


def count_of(contest_id: int, unit_id: int) -> int:
    """How many contacts stand on the roll of a unit."""
    return (
        db.session.scalar(
            select(func.count(RollEntry.id)).where(RollEntry.contest_id == contest_id, RollEntry.unit_id == unit_id)
        )
        or 0
    )


class UnitCount(NamedTuple):
    """A unit with a roll: how many stand on it, and when it was last added to."""

    unit: Unit
    entries: int
    latest: datetime


def counts(contest_id: int) -> list[UnitCount]:
    """Units with a roll in this contest, the longest first."""
    rows = db.session.execute(
        select(Unit, func.count(RollEntry.id).label("entries"), func.max(RollEntry.added_at).label("latest"))
        .join(RollEntry, RollEntry.unit_id == Unit.id)
        .where(RollEntry.contest_id == contest_id)
        .group_by(Unit.id)
        .order_by(func.count(RollEntry.id).desc(), Unit.name_key, Unit.id)
    )
    return [UnitCount(unit, entries, latest) for unit, entries, latest in rows]
