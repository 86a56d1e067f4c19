"""The secretariat's list: filtered, searched without diacritics, in pages that hold still.

Pages are keyed by the last row shown, not by a count: entries that arrive meanwhile shift nothing.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import joinedload

from contest.core.db import db
from contest.core.formats import VIET_NAM
from contest.core.text import fold, nfc
from contest.entries.models import Entry
from contest.entries.rules import SCREENED
from contest.exemplars.models import Exemplar, Verification
from contest.exemplars.queries import cleared

PAGE = 50
SORTS = ("oldest", "newest", "longest", "shortest")
# What else the list can be narrowed to: how the verification of the exemplar stands.
CHECKS = ("not_asked", "waiting", "late", "cleared", "not_cleared")
_WORDS_MOST = 8
_CURSOR = re.compile(r"(-?\d{1,17})\.(\d{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list is asked for; empty means no narrowing."""

    category: str = ""
    state: str = ""
    unit: str = ""
    check: str = ""
    text: str = ""
    exact: bool = False
    sort: str = "oldest"
    after: str = ""

    def as_arguments(self) -> dict[str, Any]:
        """The address of the same list, first page."""
        named = {
            "hang-muc": self.category,
            "trang-thai": self.state,
            "don-vi": self.unit,
            "xac-minh": self.check,
            "tim": self.text,
            "dung-dau": "1" if self.exact else "",
            "sap-xep": "" if self.sort == "oldest" else self.sort,
        }
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one page, how many there are in all, and the address of the next."""

    entries: Sequence[Entry]
    total: int
    next: str


def wanted_of(arguments: Mapping[str, str]) -> Wanted:
    """The list that an address asks for; what makes no sense is ignored."""

    def one_of(name: str, allowed: Sequence[str]) -> str:
        value = arguments.get(name, "")
        return value if value in allowed else ""

    text = "".join(char for char in nfc(arguments.get("tim", ""))[:200] if char.isprintable()).strip()
    return Wanted(
        category=_code(arguments.get("hang-muc", "")),
        state=one_of("trang-thai", SCREENED),
        unit=_code(arguments.get("don-vi", "")),
        check=one_of("xac-minh", CHECKS),
        text=text,
        exact=arguments.get("dung-dau") == "1",
        sort=one_of("sap-xep", SORTS) or "oldest",
        after=arguments.get("sau", "") if _CURSOR.fullmatch(arguments.get("sau", "")) else "",
    )


def _code(value: str) -> str:
    return value if re.fullmatch(r"[A-Za-z0-9_-]{1,60}", value) else ""


def find_entries(contest_id: int, wanted: Wanted, now: datetime, unit_id: int | None = None) -> Page:
    """One page of the entries of a contest that the secretariat may see.

    `unit_id` is the unit of `wanted.unit`. Counts all that match; a page holds PAGE rows.
    """
    matching = _matching(contest_id, wanted, now, unit_id)
    total = db.session.scalar(matching.with_only_columns(func.count(Entry.id)).order_by(None)) or 0
    found = db.session.scalars(
        _after(matching, wanted)
        .options(joinedload(Entry.exemplar).joinedload(Exemplar.unit), joinedload(Entry.author_unit))
        .order_by(*_order(wanted.sort))
        .limit(PAGE + 1)
    ).all()
    rows = found[:PAGE]
    return Page(rows, total, _cursor(rows[-1], wanted.sort) if len(found) > PAGE else "")


def _matching(contest_id: int, wanted: Wanted, now: datetime, unit_id: int | None) -> Select[Entry]:
    query = (
        select(Entry)
        .join(Exemplar, Exemplar.id == Entry.exemplar_id)
        .where(Entry.contest_id == contest_id, Entry.state.in_(SCREENED))
    )
    if wanted.category:
        query = query.where(Entry.category == wanted.category)
    if wanted.state:
        query = query.where(Entry.state == wanted.state)
    if wanted.unit:
        query = query.where(or_(Entry.author_unit_id == unit_id, Exemplar.unit_id == unit_id))
    if wanted.check:
        query = query.where(_check(contest_id, wanted.check, now))
    for condition in text_conditions(wanted.text, exact=wanted.exact):
        query = query.where(condition)
    return query


def _check(contest_id: int, check: str, now: datetime) -> ColumnElement[bool]:
    standing = and_(
        Verification.exemplar_id == Entry.exemplar_id,
        Verification.contest_id == contest_id,
        Verification.superseded_at.is_(None),
    )
    today = now.astimezone(VIET_NAM).date()
    asked = select(Verification.id).where(standing)
    clear = asked.where(cleared())
    waiting = asked.where(Verification.outcome.is_(None))
    valid = Entry.state == "accepted"
    return {
        "not_asked": and_(valid, ~asked.exists()),
        "waiting": waiting.exists(),
        "late": waiting.where(Verification.due_on < today).exists(),
        "cleared": clear.exists(),
        "not_cleared": and_(asked.where(Verification.outcome.is_not(None)).exists(), ~clear.exists()),
    }[check]


def text_conditions(text: str, *, exact: bool) -> list[ColumnElement[bool]]:
    """One condition a word: title, text, author's names, exemplar's name or blind code hold it.

    Words are compared without case and marks; with `exact`, the whole of `text` as it is written.
    """
    if exact:
        written = (Entry.title, Entry.body, Entry.author_name, Entry.pen_name, Exemplar.name)
        return [or_(*(column.contains(text, autoescape=True) for column in written))] if text else []
    conditions: list[ColumnElement[bool]] = []
    for word in fold(text).split()[:_WORDS_MOST]:
        columns = (Entry.body_key, Entry.author_key, Exemplar.name_key)
        code = Entry.blind_code == word.upper()
        conditions.append(or_(code, *(column.contains(word, autoescape=True) for column in columns)))
    return conditions


def _order(sort: str) -> tuple[Any, ...]:
    column: Any = Entry.submitted_at if sort in {"oldest", "newest"} else Entry.word_count
    if sort in {"oldest", "shortest"}:
        return (column.asc(), Entry.id.asc())
    return (column.desc(), Entry.id.desc())


def _cursor(entry: Entry, sort: str) -> str:
    if sort in {"oldest", "newest"} and entry.submitted_at is not None:
        value = int(entry.submitted_at.timestamp()) * 1_000_000 + entry.submitted_at.microsecond
    else:
        value = entry.word_count
    return f"{value}.{entry.id}"


def _after(query: Select[Entry], wanted: Wanted) -> Select[Entry]:
    match = _CURSOR.fullmatch(wanted.after)
    if match is None:
        return query
    number, row = int(match.group(1)), int(match.group(2))
    by_time = wanted.sort in {"oldest", "newest"}
    # Bounds of what a column can hold: a made-up address must not make the database stumble.
    if row >= 2**63 or not (0 <= number < 10**16 if by_time else 0 <= number < 2**31):
        return query
    value: object = number
    column: Any = Entry.word_count
    if by_time:
        value = datetime.fromtimestamp(number // 1_000_000, UTC).replace(microsecond=number % 1_000_000)
        column = Entry.submitted_at
    if wanted.sort in {"oldest", "shortest"}:
        return query.where(or_(column > value, and_(column == value, Entry.id > row)))
    return query.where(or_(column < value, and_(column == value, Entry.id < row)))


def next_in_list(contest_id: int, wanted: Wanted, now: datetime, unit_id: int | None, entry: Entry) -> str | None:
    """The public id of the entry after `entry` in the same list; None when it is the last."""
    here = dataclasses.replace(wanted, after=_cursor(entry, wanted.sort))
    query = _after(_matching(contest_id, here, now, unit_id), here)
    return db.session.scalar(query.with_only_columns(Entry.public_id).order_by(*_order(wanted.sort)).limit(1))
