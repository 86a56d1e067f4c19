"""What a judge may see of an entry, and nothing else.

The queries name the columns that the round allows (`RuleSet.sees`), so that nothing about the author is
ever loaded for a judge who may not know it: the story alone, or with the exemplar's name and role, their
unit and place, the author's name. Photo credits, file names and times are left out always. Where a press
work came out is shown with the author alone, since a by-line tells who wrote; proofs of publication are
files and shown never. Phrases that the secretariat hid read "[…]".
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from contest.contests.models import Contest
from contest.contests.ruleset import Sees
from contest.core.db import db
from contest.core.errors import NotFound
from contest.core.richtext import Document, parse, with_photos
from contest.core.richtext import hide as hide_in
from contest.entries.models import CoAuthor, Entry, Photo, Publication
from contest.entries.press import Part
from contest.entries.rules import ACCEPTED
from contest.exemplars.models import Exemplar
from contest.units.models import Unit

HIDDEN = "[…]"
_WORD = re.compile(r"\w+", re.UNICODE)
_PHOTO_NUMBER = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class BlindPhoto:
    """A photo without its photographer. `alt` falls back to the caption.

    `number`, from "1" in the author's order, is what the judge's address calls it: the photo's own id
    stands on the public page beside the author's name.
    """

    number: str
    caption: str
    alt: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class BlindExemplar:
    """Who the story is about, where the round shows it; what it hides is empty."""

    kind: str
    name: str
    role: str
    unit: str
    address: str


@dataclass(frozen=True, slots=True)
class BlindLine:
    """An entry as a judge's queue lists it."""

    entry_id: int
    code: str
    category: str
    title: str
    genre: str
    word_count: int


@dataclass(frozen=True, slots=True)
class BlindEntry:
    """An entry as a judge reads it. `author`, `medium` and `parts` are set where the author may be seen."""

    entry_id: int
    code: str
    category: str
    title: str
    genre: str
    document: Document
    word_count: int
    photos: tuple[BlindPhoto, ...]
    exemplar: BlindExemplar | None
    author: str | None
    medium: str = ""
    parts: tuple[Part, ...] = ()

    @property
    def pictures(self) -> dict[str, BlindPhoto]:
        """The photos by their numbers, as the text places them."""
        return {photo.number: photo for photo in self.photos}

    @property
    def loose(self) -> list[BlindPhoto]:
        """Photos that the text does not place."""
        return [photo for photo in self.photos if photo.number not in self.document.photos]


def hide(text: str, phrases: Collection[str]) -> str:
    """`text` with each of `phrases` (whole words, as written) replaced by "[…]"."""
    for phrase in sorted(phrases, key=len, reverse=True):
        words = [re.escape(word) for word in _WORD.findall(phrase)]
        if words:
            pattern = r"(?<!\w)" + r"\W+".join(words) + r"(?!\w)"
            text = re.sub(pattern, HIDDEN, text)
    return text


def _sees(contest_id: int, round_id: str, category: str) -> Sees:
    contest = db.session.get(Contest, contest_id)
    if contest is None:
        raise NotFound(contest_id)
    return contest.rules.sees(round_id, category)


def blind_line(row: Any) -> BlindLine:
    """One row of `blind_lines`' query."""
    return BlindLine(
        entry_id=row.id,
        code=row.blind_code,
        category=row.category,
        title=hide(row.title, row.redactions or ()),
        genre=row.genre,
        word_count=row.word_count,
    )


def blind_lines(entry_ids: Collection[int]) -> dict[int, BlindLine]:
    """Valid entries as lines of a queue, by id."""
    rows = db.session.execute(
        select(
            Entry.id,
            Entry.blind_code,
            Entry.category,
            Entry.title,
            Entry.genre,
            Entry.word_count,
            Entry.redactions,
        ).where(Entry.id.in_(entry_ids), Entry.state == ACCEPTED)
    )
    return {row.id: blind_line(row) for row in rows}


def blind_entry(entry_id: int, round_id: str) -> BlindEntry:
    """A valid entry as the judges of a round read it. Raises NotFound for one that is not valid (any more)."""
    row = db.session.execute(
        select(
            Entry.id,
            Entry.contest_id,
            Entry.blind_code,
            Entry.category,
            Entry.title,
            Entry.genre,
            Entry.document,
            Entry.medium,
            Entry.word_count,
            Entry.redactions,
        ).where(Entry.id == entry_id, Entry.state == ACCEPTED)
    ).one_or_none()
    if row is None:
        raise NotFound(entry_id)
    sees = _sees(row.contest_id, round_id, row.category)
    exemplar, author = blind_about([entry_id], sees)[entry_id]
    hidden = row.redactions or ()
    return BlindEntry(
        entry_id=row.id,
        code=row.blind_code,
        category=row.category,
        title=hide(row.title, hidden),
        genre=row.genre,
        document=hide_in(with_photos(parse(row.document), _numbers(entry_id)), hidden, HIDDEN),
        word_count=row.word_count,
        photos=_photos(entry_id, hidden),
        exemplar=exemplar,
        author=author,
        medium=row.medium if sees.author else "",
        parts=_parts(entry_id) if sees.author else (),
    )


def _numbers(entry_id: int) -> dict[str, str]:
    """A photo's own id -> its number in the author's order."""
    ids = db.session.scalars(
        select(Photo.public_id).where(Photo.entry_id == entry_id).order_by(Photo.position, Photo.id)
    )
    return {public_id: str(number) for number, public_id in enumerate(ids, start=1)}


def _photos(entry_id: int, hidden: Collection[str]) -> tuple[BlindPhoto, ...]:
    rows = db.session.execute(
        select(Photo.caption, Photo.alt, Photo.width, Photo.height)
        .where(Photo.entry_id == entry_id)
        .order_by(Photo.position, Photo.id)
    )
    return tuple(
        BlindPhoto(
            number=str(number),
            caption=hide(row.caption, hidden),
            alt=hide(row.alt or row.caption, hidden),
            width=row.width,
            height=row.height,
        )
        for number, row in enumerate(rows, start=1)
    )


def blind_about(entry_ids: Collection[int], sees: Sees) -> dict[int, tuple[BlindExemplar | None, str | None]]:
    """Whom entries are about and who wrote them, as far as `sees` allows: for a list, in three queries at most."""
    exemplars = _exemplars(entry_ids, sees) if sees.exemplar or sees.place else {}
    authors = _authors(entry_ids) if sees.author else {}
    return {entry_id: (exemplars.get(entry_id), authors.get(entry_id)) for entry_id in entry_ids}


def _exemplars(entry_ids: Collection[int], sees: Sees) -> dict[int, BlindExemplar]:
    columns: list[Any] = [Entry.id, Exemplar.kind]
    if sees.exemplar:
        columns += [Exemplar.name, Exemplar.role]
    if sees.place:
        columns += [Exemplar.address, Unit.name.label("unit")]
    query = select(*columns).select_from(Entry).join(Exemplar, Exemplar.id == Entry.exemplar_id)
    if sees.place:
        query = query.join(Unit, Unit.id == Exemplar.unit_id, isouter=True)
    return {
        row["id"]: BlindExemplar(
            kind=row["kind"],
            name=row.get("name", ""),
            role=row.get("role", ""),
            unit=row.get("unit") or "",
            address=row.get("address", ""),
        )
        for row in db.session.execute(query.where(Entry.id.in_(entry_ids))).mappings()
    }


def _authors(entry_ids: Collection[int]) -> dict[int, str]:
    """Who wrote each entry, the authors of a group in their order; pen names where there are any."""
    names: dict[int, list[str]] = {}
    own = select(Entry.id, Entry.pen_name, Entry.author_name).where(Entry.id.in_(entry_ids))
    for entry_id, pen_name, name in db.session.execute(own):
        names[entry_id] = [pen_name or name]
    members = (
        select(CoAuthor.entry_id, CoAuthor.pen_name, CoAuthor.name)
        .where(CoAuthor.entry_id.in_(entry_ids))
        .order_by(CoAuthor.entry_id, CoAuthor.position)
    )
    for entry_id, pen_name, name in db.session.execute(members):
        names[entry_id].append(pen_name or name)
    return {entry_id: ", ".join(each) for entry_id, each in names.items()}


def _parts(entry_id: int) -> tuple[Part, ...]:
    rows = db.session.execute(
        select(*(getattr(Publication, name) for name in Part._fields))
        .where(Publication.entry_id == entry_id)
        .order_by(Publication.part)
    )
    return tuple(Part(*row) for row in rows)


def blind_photo_key(entry_id: int, number: str, *, small: bool = False, middle: bool = False) -> str:
    """The file of a photo of a valid entry, by its number. Raises NotFound for a photo that it has not."""
    key = None
    if _PHOTO_NUMBER.fullmatch(number):
        column: Any = Photo.small_key if small else Photo.large_key
        if middle:
            column = func.coalesce(func.nullif(Photo.middle_key, ""), Photo.large_key)
        key = db.session.scalar(
            select(column)
            .join(Entry, Entry.id == Photo.entry_id)
            .where(Entry.id == entry_id, Entry.state == ACCEPTED)
            .order_by(Photo.position, Photo.id)
            .offset(int(number) - 1)
            .limit(1)
        )
    if key is None:
        raise NotFound(number)
    return str(key)
