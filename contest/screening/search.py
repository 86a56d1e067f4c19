"""The secretariat's list: narrowed, searched without diacritics, in pages that hold still.

Pages are keyed by the last row shown, not by a count: entries that arrive meanwhile shift nothing.
Ids are found first, in an index that holds all that the list is narrowed and ordered by, and only
the rows of the page are read. Words are found in an index of their own (migration 0002): FTS5 on
SQLite, a column of lexemes on PostgreSQL, the same words in both.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, cast, column, func, literal_column, or_, select, table
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import defer, joinedload

from contest.core.db import db
from contest.core.formats import VIET_NAM
from contest.core.text import fold, nfc
from contest.entries.models import Entry
from contest.entries.rules import SCREENED
from contest.exemplars.models import Exemplar, Verification
from contest.exemplars.queries import cleared
from contest.screening.models import Finding
from contest.screening.rules import KINDS

PAGE = 50
SORTS = ("oldest", "newest", "longest", "shortest")
# What else the list can be narrowed to: how the verification of the exemplar stands, how the entry
# came, what was found in it.
CHECKS = ("not_asked", "waiting", "late", "cleared", "not_cleared")
SOURCES = ("web", "bundle", "paper")
FOUND = ("any", "none", *KINDS)
_WORDS_MOST = 8
_WORD_LONGEST = 100  # as in migration 0002
_CURSOR = re.compile(r"(-?\d{1,17})\.(\d{1,18})", re.ASCII)
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list is asked for; empty means no narrowing."""

    category: str = ""
    state: str = ""
    unit: str = ""
    check: str = ""
    found: str = ""
    source: str = ""
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
            "phat-hien": self.found,
            "nguon": self.source,
            "tim": self.text,
            "dung-dau": "1" if self.exact else "",
            "sap-xep": "" if self.sort == "oldest" else self.sort,
        }
        return {name: value for name, value in named.items() if value}

    def folded_away(self) -> int:
        """How many of the narrowings that stand folded away are in use."""
        return sum(
            bool(value) for value in (self.category, self.unit, self.check, self.found, self.source, self.exact)
        ) + (self.sort != "oldest")


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

    text = "".join(char for char in nfc(str(arguments.get("tim", "")))[:200] if char.isprintable()).strip()
    return Wanted(
        category=_code(arguments.get("hang-muc", "")),
        state=one_of("trang-thai", SCREENED),
        unit=_code(arguments.get("don-vi", "")),
        check=one_of("xac-minh", CHECKS),
        found=one_of("phat-hien", FOUND),
        source=one_of("nguon", SOURCES),
        text=text,
        exact=arguments.get("dung-dau") == "1",
        sort=one_of("sap-xep", SORTS) or "oldest",
        after=arguments.get("sau", "") if _CURSOR.fullmatch(arguments.get("sau", "")) else "",
    )


def _code(value: str) -> str:
    return value if re.fullmatch(r"[A-Za-z0-9_-]{1,60}", value) else ""


# What a row of the list does not show, and is long.
_LONG = (defer(Entry.body), defer(Entry.document), defer(Entry.body_key))


def find_entries(contest_id: int, wanted: Wanted, now: datetime, unit_id: int | None = None) -> Page:
    """One page of the entries of a contest that the secretariat may see.

    `unit_id` is the unit of `wanted.unit`. Counts all that match; a page holds PAGE rows.
    """
    matching = matching_ids(contest_id, wanted, now, unit_id)
    total = db.session.scalar(select(func.count()).select_from(matching.subquery())) or 0
    ids = db.session.scalars(_after(matching, wanted).order_by(*_order(wanted.sort)).limit(PAGE + 1)).all()
    rows = rows_of(ids[:PAGE])
    return Page(rows, total, _cursor(rows[-1], wanted.sort) if rows and len(ids) > PAGE else "")


def rows_of(ids: Sequence[int]) -> list[Entry]:
    """Entries by id, in this order, with what a row of the list shows."""
    found = {
        entry.id: entry
        for entry in db.session.scalars(
            select(Entry)
            .where(Entry.id.in_(ids))
            .options(joinedload(Entry.exemplar).joinedload(Exemplar.unit), joinedload(Entry.author_unit), *_LONG)
        )
    }
    return [found[each] for each in ids if each in found]


def all_matching(contest_id: int, wanted: Wanted, now: datetime, unit_id: int | None, most: int) -> Sequence[int]:
    """The ids of the whole list in its order, at most `most`."""
    matching = matching_ids(contest_id, wanted, now, unit_id)
    return db.session.scalars(matching.order_by(*_order(wanted.sort)).limit(most)).all()


def matching_ids(contest_id: int, wanted: Wanted, now: datetime, unit_id: int | None) -> Select[int]:
    """Ids of the entries that `wanted` asks for, in no order."""
    query = select(Entry.id).where(Entry.contest_id == contest_id, Entry.state.in_(SCREENED))
    if wanted.category:
        query = query.where(Entry.category == wanted.category)
    if wanted.state:
        query = query.where(Entry.state == wanted.state)
    if wanted.source:
        query = query.where(Entry.source == wanted.source)
    if wanted.unit:
        of_unit = select(Exemplar.id).where(Exemplar.unit_id == unit_id)
        query = query.where(or_(Entry.author_unit_id == unit_id, Entry.exemplar_id.in_(of_unit)))
    if wanted.check:
        query = query.where(_check(contest_id, wanted.check, now))
    if wanted.found:
        query = query.where(_found(wanted.found))
    return query.where(*text_conditions(wanted.text, exact=wanted.exact))


def _check(contest_id: int, check: str, now: datetime) -> ColumnElement[bool]:
    standing = and_(
        Verification.exemplar_id == Entry.exemplar_id,
        Verification.contest_id == contest_id,
        Verification.superseded_at.is_(None),
    )
    today = now.astimezone(VIET_NAM).date()
    asked = select(Verification.id).where(standing)
    clear = asked.join(Exemplar, Exemplar.id == Verification.exemplar_id).where(cleared())
    waiting = asked.where(Verification.outcome.is_(None))
    valid = Entry.state == "accepted"
    return {
        "not_asked": and_(valid, ~asked.exists()),
        "waiting": waiting.exists(),
        "late": waiting.where(Verification.due_on < today).exists(),
        "cleared": clear.exists(),
        "not_cleared": and_(asked.where(Verification.outcome.is_not(None)).exists(), ~clear.exists()),
    }[check]


def _found(kind: str) -> ColumnElement[bool]:
    """That something was found in the entry which nobody has set aside: of a kind, of any, or nothing."""
    open_ones = select(Finding.id).where(Finding.entry_id == Entry.id, Finding.set_aside_at.is_(None))
    if kind == "any":
        return open_ones.exists()
    if kind == "none":
        return ~open_ones.exists()
    return open_ones.where(Finding.kind == kind).exists()


def text_conditions(text: str, *, exact: bool) -> Iterator[ColumnElement[bool]]:
    """That title, text, or the names of author, co-authors or exemplar hold each word of `text`.

    Whole words, compared without case and marks; with `exact`, the whole of `text` also stands as
    it is written in the title, the text or a name.
    """
    words = list(dict.fromkeys(word[:_WORD_LONGEST] for word in _WORD.findall(fold(text))))[:_WORDS_MOST]
    if words:
        yield Entry.id.in_(_with_words(words))
    elif text and not exact:
        # Signs alone: nothing can be found by them.
        yield Entry.id.is_(None)
    if exact and text:
        named = select(Exemplar.id).where(Exemplar.name.contains(text, autoescape=True))
        written = (Entry.title, Entry.body, Entry.author_name, Entry.pen_name)
        yield or_(*(each.contains(text, autoescape=True) for each in written), Entry.exemplar_id.in_(named))


_FTS = table("entry_words", column("rowid"))
_LEXEMES = table("entry_words", column("entry_id"), column("words"))


def _with_words(words: Sequence[str]) -> Select[Any]:
    """Ids of entries that hold all of `words`, which are letters and digits only."""
    if db.session.get_bind().dialect.name == "sqlite":
        query = " ".join(f'"{word}"' for word in words)
        return select(_FTS.c.rowid).where(literal_column("entry_words").op("MATCH")(query))
    query = " & ".join(f"'{word}'" for word in words)
    return select(_LEXEMES.c.entry_id).where(_LEXEMES.c.words.op("@@")(cast(query, TSQUERY)))


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


def _after(query: Select[int], wanted: Wanted) -> Select[int]:
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
    query = _after(matching_ids(contest_id, here, now, unit_id), here).order_by(*_order(wanted.sort)).limit(1)
    following = db.session.scalar(query)
    return db.session.scalar(select(Entry.public_id).where(Entry.id == following)) if following else None
