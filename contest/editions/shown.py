"""An entry as readers have it: from its approved edition, and until there is one by its code alone.

Made anew for each page. What the secretariat hid from the judges is hidden from everyone until
authors may be known, since judges read public pages too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from contest.contests.models import Contest
from contest.contests.ruleset import RuleSet
from contest.core.richtext import Document, hide, parse, plain
from contest.core.text import count_words, fold
from contest.editions.models import Edition
from contest.editions.queries import find_edition, find_editions
from contest.entries.blind import hide as hide_words
from contest.entries.models import Entry
from contest.entries.shown import author_shown, exemplar_shown
from contest.units.models import Unit

__all__ = ["Shown", "ShownPhoto", "authors_are_public", "shown", "shown_all", "shown_edition"]


@dataclass(frozen=True, slots=True)
class ShownPhoto:
    """A photo with its words. `credit` is empty while authors are hidden: many take their own photos."""

    public_id: str
    caption: str
    alt: str
    credit: str
    width: int
    height: int


@dataclass(frozen=True)
class Shown:
    """An entry as a page shows it. Without an approved edition everything but the code is empty."""

    public_id: str
    code: str
    category: str
    contest: Contest
    entry_id: int
    presented: bool = False
    title: str = ""
    source: str = ""
    hidden: tuple[str, ...] = ()
    abridged: bool = False
    author: str | None = None
    about: str = ""
    unit: Unit | None = None
    photos: tuple[ShownPhoto, ...] = ()

    @cached_property
    def document(self) -> Document:
        """The text with its formatting."""
        return hide(parse(self.source), self.hidden) if self.hidden else parse(self.source)

    @cached_property
    def text(self) -> str:
        """The text without its formatting."""
        return plain(self.document)

    @property
    def word_count(self) -> int:
        return count_words(self.text)

    @property
    def pictures(self) -> dict[str, ShownPhoto]:
        """The photos by their ids, as the text places them."""
        return {photo.public_id: photo for photo in self.photos}

    @property
    def loose(self) -> list[ShownPhoto]:
        """Photos that the text does not place."""
        return [photo for photo in self.photos if photo.public_id not in self.document.photos]


def authors_are_public(rules: RuleSet, now: datetime) -> bool:
    """Whether the public may know who wrote."""
    return rules.has_begun(rules.announcement.author_names_public_from, now)


def shown_edition(entry: Entry, edition: Edition, now: datetime, *, text: bool = True) -> Shown:
    """An edition as readers would have it at `now`, approved or not: for those who prepare it."""
    named = authors_are_public(entry.contest.rules, now)
    hidden = () if named else tuple(entry.redactions or ())
    author = author_shown(entry) if named and edition.author_shown else None
    return Shown(
        public_id=entry.public_id,
        code=entry.blind_code or "",
        category=entry.category,
        contest=entry.contest,
        entry_id=entry.id,
        presented=True,
        title=hide_words(edition.title, hidden),
        source=edition.document if text else "",
        hidden=hidden,
        abridged=edition.abridged,
        author=author,
        about=exemplar_shown(entry),
        unit=entry.exemplar.unit,
        photos=tuple(
            ShownPhoto(
                public_id=each.photo.public_id,
                caption=hide_words(each.caption, hidden),
                alt=hide_words(each.alt or each.caption, hidden),
                credit=_credit(entry, each.credit, author) if named else "",
                width=each.photo.width,
                height=each.photo.height,
            )
            for each in edition.photos
            if each.shown
        ),
    )


def _code_alone(entry: Entry) -> Shown:
    return Shown(entry.public_id, entry.blind_code or "", entry.category, entry.contest, entry.id)


def _credit(entry: Entry, credit: str, author: str | None) -> str:
    """Who took a photo: authors who took it themselves by the name that stands under the story."""
    return (author or "") if fold(credit) == fold(entry.author_name) else credit


def shown_all(
    entries: Iterable[Entry], now: datetime, *, texts: bool = True, only: Collection[int] | None = None
) -> list[Shown]:
    """Entries as readers have them at `now`, in the order given. `only`: ids that may show more than a code."""
    entries = list(entries)
    ids = [entry.id for entry in entries if only is None or entry.id in only]
    editions = find_editions(ids, texts=texts)
    return [
        shown_edition(entry, editions[entry.id], now, text=texts) if entry.id in editions else _code_alone(entry)
        for entry in entries
    ]


def shown(entry: Entry, now: datetime) -> Shown:
    """One entry as readers have it at `now`."""
    edition = find_edition(entry.id)
    if edition is None:
        return _code_alone(entry)
    return shown_edition(entry, edition, now)
