"""The secretariat's exemplars of a contest: the list, one with all its stories, and who may be the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import aliased, defer, joinedload

from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import NotFound
from contest.core.text import fold, nfc
from contest.entries.models import Entry
from contest.entries.rules import ACCEPTED, SCREENED
from contest.exemplars.likeness import Known, Likeness, likenesses
from contest.exemplars.models import Exemplar, Verification
from contest.exemplars.queries import cleared, consenting, find_exemplar, group_of, held, said_different, withdrawn
from contest.exemplars.records import kinds_may_be_same
from contest.exemplars.rules import OUTCOMES
from contest.units.models import Unit, UnitChange

PAGE = 50
HOLDS = ("held", "free")
CONSENTS = ("agreed", "silent", "withdrawn")
CHECKS = ("not_asked", "waiting", "late", *OUTCOMES, "cleared")
_WORDS_MOST = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list is asked for; empty means no narrowing."""

    text: str = ""
    hold: str = ""
    consent: str = ""
    check: str = ""
    after: str = ""

    def as_arguments(self) -> dict[str, Any]:
        """The address of the same list, first page."""
        named = {"tim": self.text, "tam-dung": self.hold, "dong-y": self.consent, "xac-minh": self.check}
        return {name: value for name, value in named.items() if value}


def wanted_of(arguments: Mapping[str, str]) -> Wanted:
    """The list that an address asks for; what makes no sense is ignored."""

    def one_of(name: str, allowed: Sequence[str]) -> str:
        value = arguments.get(name, "")
        return value if value in allowed else ""

    return Wanted(
        text="".join(char for char in nfc(arguments.get("tim", ""))[:200] if char.isprintable()).strip(),
        hold=one_of("tam-dung", HOLDS),
        consent=one_of("dong-y", CONSENTS),
        check=one_of("xac-minh", CHECKS),
        after=arguments.get("sau", ""),
    )


class Row(NamedTuple):
    """One record with its story, and how it stands."""

    exemplar: Exemplar
    entry: Entry
    agreed: bool
    withdrawn: bool
    verification: Verification | None


@dataclass(frozen=True, slots=True)
class Page:
    rows: Sequence[Row]
    total: int
    next: str


def _of_contest(contest_id: int) -> Select[Exemplar, Entry]:
    return (
        select(Exemplar, Entry)
        .join(Entry, Entry.exemplar_id == Exemplar.id)
        .where(Entry.contest_id == contest_id, Entry.state.in_(SCREENED))
    )


def find_exemplars(contest_id: int, wanted: Wanted, today: date) -> Page:
    """One page of the records of a contest, by folded name. A page holds PAGE rows."""
    matching = _of_contest(contest_id).where(*_conditions(contest_id, wanted, today))
    total = db.session.scalar(matching.with_only_columns(func.count(Exemplar.id))) or 0
    last = find_exemplar(wanted.after) if wanted.after else None
    if last is not None:
        later = and_(Exemplar.name_key == last.name_key, Exemplar.id > last.id)
        matching = matching.where(or_(Exemplar.name_key > last.name_key, later))
    found = db.session.execute(
        matching.add_columns(consenting(), withdrawn())
        .options(joinedload(Exemplar.unit), defer(Entry.body), defer(Entry.document), defer(Entry.body_key))
        .order_by(Exemplar.name_key, Exemplar.id)
        .limit(PAGE + 1)
    ).all()
    rows = found[:PAGE]
    asked = _standing(contest_id, [exemplar.id for exemplar, *_ in rows])
    return Page(
        [Row(exemplar, entry, agreed, gone, asked.get(exemplar.id)) for exemplar, entry, agreed, gone in rows],
        total,
        rows[-1][0].public_id if len(found) > PAGE else "",
    )


def _standing(contest_id: int, exemplar_ids: Collection[int]) -> dict[int, Verification]:
    found = db.session.scalars(
        select(Verification)
        .where(
            Verification.contest_id == contest_id,
            Verification.exemplar_id.in_(exemplar_ids),
            Verification.superseded_at.is_(None),
        )
        .options(joinedload(Verification.unit), defer(Verification.story))
    )
    return {verification.exemplar_id: verification for verification in found}


def _conditions(contest_id: int, wanted: Wanted, today: date) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        Exemplar.name_key.contains(word, autoescape=True) for word in fold(wanted.text).split()[:_WORDS_MOST]
    ]
    if wanted.hold:
        found.append(held() if wanted.hold == "held" else ~held())
    if wanted.consent:
        silent = and_(~consenting(), ~withdrawn())
        found.append({"agreed": consenting(), "withdrawn": withdrawn(), "silent": silent}[wanted.consent])
    if wanted.check:
        found.append(_check(contest_id, wanted.check, today))
    return found


def _check(contest_id: int, check: str, today: date) -> ColumnElement[bool]:
    asked = (
        select(Verification.id)
        .where(
            Verification.exemplar_id == Exemplar.id,
            Verification.contest_id == contest_id,
            Verification.superseded_at.is_(None),
        )
        .correlate(Exemplar)
    )
    waiting = asked.where(Verification.outcome.is_(None))
    if check in OUTCOMES:
        return asked.where(Verification.outcome == check).exists()
    return {
        "not_asked": and_(Entry.state == ACCEPTED, ~asked.exists()),
        "waiting": waiting.exists(),
        "late": waiting.where(Verification.due_on < today).exists(),
        "cleared": asked.where(cleared()).exists(),
    }[check]


def queue_counts(contest_id: int, today: date) -> dict[str, int]:
    """How many records stand in the queues that a secretariat works through."""

    def number(condition: ColumnElement[bool]) -> Any:
        return func.count(Exemplar.id).filter(condition)

    row = db.session.execute(
        _of_contest(contest_id).with_only_columns(
            number(_check(contest_id, "not_asked", today)),
            number(_check(contest_id, "waiting", today)),
            number(_check(contest_id, "late", today)),
            number(held()),
            number(withdrawn()),
        )
    ).one()
    return dict(zip(("not_asked", "waiting", "late", "held", "withdrawn"), row, strict=True))


# One exemplar


def get_exemplar(contest_id: int, public_id: str, *, lock: bool = False) -> Exemplar:
    """A record whose story the secretariat of a contest may see. Raises NotFound."""
    exemplar = find_exemplar(public_id, lock=lock)
    if exemplar is not None:
        seen = _of_contest(contest_id).with_only_columns(Entry.id).where(Exemplar.id == exemplar.id)
        if db.session.scalar(seen) is not None:
            return exemplar
    raise NotFound(public_id)


def stories_about(exemplar: Exemplar, contest_ids: Collection[int]) -> Sequence[Entry]:
    """Submitted stories about every record of the same exemplar, in the contests given, the latest first."""
    return db.session.scalars(
        select(Entry)
        .where(
            Entry.exemplar_id.in_([each.id for each in group_of(exemplar)]),
            Entry.contest_id.in_(contest_ids),
            Entry.state.in_(SCREENED),
        )
        .options(
            joinedload(Entry.contest),
            joinedload(Entry.exemplar).joinedload(Exemplar.unit),
            defer(Entry.body),
            defer(Entry.document),
            defer(Entry.body_key),
        )
        .order_by(Entry.id.desc())
    ).all()


# Who may be the same


class Pair(NamedTuple):
    """Two records that may be the same, each with its story, and why."""

    one: Exemplar
    other: Exemplar
    stories: tuple[Entry, Entry]
    why: tuple[str, ...]


def suggestions(
    contest: Contest, contest_ids: Collection[int], *, about: Exemplar | None = None, limit: int = 50
) -> tuple[list[Pair], int]:
    """Pairs that may be the same with one record in `contest`, the likeliest first, and how many there are.

    The other may be of any of `contest_ids`. `about`: only pairs with this record.
    """
    found = _likenesses(contest.id, {contest.id, *contest_ids}, about)
    shown = found[:limit]
    if not shown:
        return [], len(found)
    ids = {identifier for each in shown for identifier in (each.one, each.other)}
    rows = db.session.execute(
        select(Exemplar, Entry)
        .join(Entry, Entry.exemplar_id == Exemplar.id)
        .where(Exemplar.id.in_(ids))
        .options(
            joinedload(Exemplar.unit),
            joinedload(Entry.contest),
            defer(Entry.body),
            defer(Entry.document),
            defer(Entry.body_key),
        )
    )
    known = {exemplar.id: (exemplar, entry) for exemplar, entry in rows}
    pairs = [
        Pair(known[each.one][0], known[each.other][0], (known[each.one][1], known[each.other][1]), each.why)
        for each in shown
    ]
    return pairs, len(found)


def _likenesses(contest_id: int, contest_ids: Collection[int], about: Exemplar | None) -> list[Likeness]:
    # Columns, not records: this reads every name of the contests that a person works for.
    rows = db.session.execute(
        select(
            Exemplar.id,
            Exemplar.kind,
            Exemplar.name,
            Exemplar.role,
            Exemplar.contact,
            Exemplar.unit_id,
            Exemplar.same_as_id,
            Entry.contest_id,
        )
        .join(Entry, Entry.exemplar_id == Exemplar.id)
        .where(Entry.contest_id.in_(contest_ids), Entry.state.in_(SCREENED))
    ).all()
    near = _near_units()
    known = [
        Known(row.id, row.kind, row.name, row.role, row.contact, row.unit_id, near.get(row.unit_id, frozenset()))
        for row in rows
    ]
    joined: defaultdict[int, list[int]] = defaultdict(list)
    for row in rows:
        joined[row.same_as_id or row.id].append(row.id)
    apart = said_different([row.id for row in rows] if about is None else [about.id])
    for group in joined.values():
        apart |= {(one, other) for one in group for other in group if one < other}
    among = {about.id} if about is not None else {row.id for row in rows if row.contest_id == contest_id}
    return likenesses(known, may_be_same=kinds_may_be_same, apart=apart, among=among)


def _near_units() -> dict[int, frozenset[int]]:
    """For each unit that was merged, split or renamed: the units that it came from or went into."""
    heir = aliased(Unit)
    near: defaultdict[int, set[int]] = defaultdict(set)
    linked = [
        *db.session.execute(select(Unit.id, heir.id).join(heir, Unit.successor_id == heir.id)),
        *db.session.execute(select(UnitChange.from_id, UnitChange.to_id)),
    ]
    for old, new in linked:
        near[old].add(new)
        near[new].add(old)
    return {unit: frozenset(others) for unit, others in near.items()}
