"""The archive: stories with a prize, by season, person, unit and anniversary.

Only what readers may have now: a story that is presented, with prizes of official results that stand.
People are found by the name that stands under a story or in it, never by who they are: an author
with a pen name is not tied to the stories under the other name. A single word is nobody's page: it
may be a child's given name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import defer, joinedload

from contest.contests.ruleset import Prize
from contest.core.db import db
from contest.core.formats import local
from contest.core.text import collation_key, fold, nfc
from contest.editions.queries import presented
from contest.editions.shown import Shown, shown_all
from contest.entries.models import Entry
from contest.entries.shown import is_child
from contest.exemplars.models import Exemplar
from contest.results.models import Award, ResultSet
from contest.results.models_after import UnitAward
from contest.results.queries import contests_with_results, standing_awards, standing_unit_awards
from contest.units.models import Unit

ON_A_PAGE = 24
_WORD = re.compile(r"\w+")
_SHOWN = (
    joinedload(Entry.contest),
    joinedload(Entry.exemplar).joinedload(Exemplar.unit),
    joinedload(Entry.author_unit),
    defer(Entry.body),
    defer(Entry.body_key),
    defer(Entry.document),
)


@dataclass(frozen=True)
class Honoured:
    """A story with its prizes, the highest first."""

    story: Shown
    prizes: tuple[Prize, ...]


@dataclass(frozen=True)
class Listed:
    """One page of a list. `number` and `last` are pages, from 1; `total` counts stories."""

    stories: tuple[Honoured, ...]
    total: int
    number: int
    last: int


def seasons(now: datetime) -> Sequence[ResultSet]:
    """Official results, the latest first, with their contests."""
    return db.session.scalars(contests_with_results(now).options(joinedload(ResultSet.contest))).all()


def year_of(result_set: ResultSet) -> int:
    """The year in which results were announced, in Viet Nam."""
    return local(result_set.visible_from).year if result_set.visible_from else 0


def occasion_of(result_set: ResultSet) -> str:
    """The code of the anniversary of a contest; "" where it has none."""
    anniversary = result_set.contest.rules.anniversary
    return anniversary.id if anniversary else ""


def _ordered(now: datetime) -> Select[int]:
    """Ids of entries that are in the archive: the latest announcement first, then as it tells them."""
    return (
        standing_awards(now)
        .with_only_columns(Award.entry_id)
        .join(Entry, Entry.id == Award.entry_id)
        .where(presented())
        .group_by(Award.entry_id)
        .order_by(func.max(ResultSet.visible_from).desc(), func.min(Award.position), Award.entry_id)
    )


def _entries(ids: Collection[int]) -> list[Entry]:
    found = {each.id: each for each in db.session.scalars(select(Entry).where(Entry.id.in_(ids)).options(*_SHOWN))}
    return [found[each] for each in ids if each in found]


def _honoured(stories: Iterable[Shown], now: datetime) -> tuple[Honoured, ...]:
    """Stories with their prizes; one that is no more presented by now is left out."""
    stories = [each for each in stories if each.presented]
    prizes: defaultdict[int, list[str]] = defaultdict(list)
    query = standing_awards(now).with_only_columns(Award.entry_id, Award.prize_id)
    query = query.where(Award.entry_id.in_([each.entry_id for each in stories])).order_by(Award.position, Award.id)
    for entry_id, prize_id in db.session.execute(query):
        prizes[entry_id].append(prize_id)
    return tuple(
        Honoured(each, tuple(prize for name in prizes[each.entry_id] if (prize := each.contest.rules.find_prize(name))))
        for each in stories
    )


def in_contests(now: datetime, page: int, contest_ids: Collection[int] | None = None) -> Listed:
    """A page of the stories of these contests (None: of all)."""
    query = _ordered(now)
    if contest_ids is not None:
        query = query.where(ResultSet.contest_id.in_(contest_ids))
    total = db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    number, last = _page(page, total)
    ids = db.session.scalars(query.limit(ON_A_PAGE).offset((number - 1) * ON_A_PAGE)).all()
    return Listed(_honoured(shown_all(_entries(ids), now, texts=False), now), total, number, last)


def _page(page: int, total: int) -> tuple[int, int]:
    last = max(1, -(-total // ON_A_PAGE))
    return min(page, last), last


def _cut(stories: Sequence[Shown], page: int, now: datetime) -> Listed:
    number, last = _page(page, len(stories))
    here = stories[(number - 1) * ON_A_PAGE : number * ON_A_PAGE]
    return Listed(_honoured(here, now), len(stories), number, last)


def _everything(now: datetime) -> list[Shown]:
    """All stories of the archive as readers have them: what is looked through is what they may see."""
    return [
        each
        for each in shown_all(_entries(db.session.scalars(_ordered(now)).all()), now, texts=False)
        if each.presented
    ]


def search(now: datetime, text: str, page: int) -> Listed:
    """A page of the stories of which words shown begin with all those asked for, diacritics forgiven."""
    wanted = _WORD.findall(fold(text))

    def told(story: Shown) -> list[str]:
        unit = f"{story.unit.name} {story.unit.name_en}" if story.unit else ""
        title = story.contest.rules.title
        every = (story.title, story.author or "", story.about, unit, story.code, title.vi, title.en)
        return _WORD.findall(fold(" ".join(every)))

    def fits(story: Shown) -> bool:
        words = told(story)
        return all(any(word.startswith(part) for word in words) for part in wanted)

    return _cut([each for each in _everything(now) if fits(each)], page, now)


# People, by the names under which they are known


def people_of(story: Shown) -> list[str]:
    """Who is named under a story or in it: authors first. Only names of more than one word have a page."""
    names = [*(story.author or "").split(", "), story.about]
    return [name for name in dict.fromkeys(names) if len(name.split()) > 1]


def address_of(name: str) -> str:
    """A name as it stands in an address: "Trần Đình Sỹ" → "trần-đình-sỹ"."""
    return "-".join(nfc(name).casefold().replace("/", " ").split())


@dataclass(frozen=True)
class Person:
    """A name with the stories that it stands under and in."""

    name: str
    stories: Listed


def find_person(now: datetime, address: str, page: int) -> Person | None:
    """Whoever bears the name in the address; typed without diacritics, all whose names read so."""
    wanted = address_of(address)
    everything = [(each, people_of(each)) for each in _everything(now)]
    for form in (address_of, lambda name: fold(address_of(name))):
        mine = [(each, name) for each, names in everything for name in names if form(name) == form(wanted)]
        if mine:
            stories = list({each.entry_id: each for each, _name in mine}.values())
            return Person(mine[0][1], _cut(stories, page, now))
    return None


# Units


@dataclass(frozen=True)
class UnitPage:
    """A unit with the stories from it and the prizes that it was given itself."""

    stories: Listed
    prizes: tuple[tuple[Prize, ResultSet], ...]


def of_unit(now: datetime, unit: Unit, page: int) -> UnitPage:
    """What the archive has of a unit: stories about people there, and by authors there who are named."""
    exemplars = select(Exemplar.id).where(Exemplar.unit_id == unit.id)
    query = _ordered(now).where((Entry.author_unit_id == unit.id) | Entry.exemplar_id.in_(exemplars))
    entries = _entries(db.session.scalars(query).all())
    stories = [
        story
        for entry, story in zip(entries, shown_all(entries, now, texts=False), strict=True)
        if story.presented and (entry.exemplar.unit_id == unit.id or (story.author and not _by_child(entry)))
    ]
    awards = db.session.scalars(
        standing_unit_awards(now)
        .where(UnitAward.unit_id == unit.id)
        .options(joinedload(UnitAward.result_set).joinedload(ResultSet.contest))
        .order_by(ResultSet.visible_from.desc(), UnitAward.position)
    ).all()
    prizes = tuple(
        (prize, each.result_set)
        for each in awards
        if (prize := each.result_set.contest.rules.find_prize(each.prize_id)) is not None
    )
    return UnitPage(_cut(stories, page, now), prizes)


def _by_child(entry: Entry) -> bool:
    category = entry.contest.rules.category(entry.category)
    return is_child(entry.author_birth_date, entry.submitted_at, category)


def units(now: datetime) -> list[tuple[Unit, int]]:
    """Units that the archive has something of, in Vietnamese order: stories about people there and prizes of theirs."""
    counted: defaultdict[int, int] = defaultdict(int)
    inside = _ordered(now).order_by(None).subquery()
    query = (
        select(Exemplar.unit_id, func.count())
        .join(Entry, Entry.exemplar_id == Exemplar.id)
        .where(Entry.id.in_(select(inside.c[0])), Exemplar.unit_id.is_not(None))
        .group_by(Exemplar.unit_id)
    )
    of_units = standing_unit_awards(now).with_only_columns(UnitAward.unit_id, func.count()).group_by(UnitAward.unit_id)
    for rows in (query, of_units):
        for unit_id, number in db.session.execute(rows):
            counted[int(unit_id or 0)] += number
    found = db.session.scalars(select(Unit).where(Unit.id.in_(counted))).all()
    return sorted(((unit, counted[unit.id]) for unit in found), key=lambda each: collation_key(each[0].name))
