"""One line of a bundle: its files read, its entry built by the same verbs as one that is typed.

`prepare` reads and re-encodes files, outside any transaction; `build` carries out the verbs inside
one. A dry run builds and rolls back, so that it says exactly what the import would say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from contest.contests.ruleset import RuleSet
from contest.core.db import db
from contest.core.errors import N_, Refused
from contest.core.files import FileStore
from contest.core.richtext import Block, Document, Run, from_plain, plain, source_of
from contest.core.text import fold
from contest.core.typed import typed_day
from contest.documents.rules import MEDIA_TYPES, Read
from contest.documents.services import read_document
from contest.entries.checks import missing
from contest.entries.coauthors import Member, group_state, save_coauthors
from contest.entries.drafting import Facts, content_digest, save_facts, save_text, today_of
from contest.entries.images import MadePhoto, make_photo
from contest.entries.models import Attachment, Entry
from contest.entries.photographs import StoredPhoto, add_photo, describe_photo, keep_photo
from contest.entries.rules import BUNDLE, NOBODY, PEOPLE
from contest.entries.submission import declarations_of, submit
from contest.intake.archive import Archive
from contest.intake.columns import BY_KEY, KINDS, parts, says_yes
from contest.intake.columns import NOBODY as NOBODY_WORDS
from contest.intake.helping import start_helping
from contest.intake.models import Bundle
from contest.units.models import Unit

_NEEDED = ("category", "title", "author", "exemplar", "exemplar_unit", "declared")
# A bound, not a rule of a contest: the rule set says how many photos an entry may have.
_PHOTOS_MAX = 40
_EXTENSIONS = {"docx": "docx", "odt": "odt", "pdf": "pdf", "doc": "doc", "rtf": "rtf"}


class Problem(NamedTuple):
    """Why a line cannot be imported. `where` is a column's header or the label of a rule."""

    where: str
    message: str
    params: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        return {"where": self.where, "message": self.message, "params": packed(self.params)}


def packed(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of a message as JSON; `unpacked` gives them back."""

    def pack(value: Any) -> Any:
        if isinstance(value, datetime):
            return {"instant": value.isoformat()}
        if isinstance(value, date):
            return {"day": value.isoformat()}
        return value if isinstance(value, (int, str)) else str(value)

    return {name: pack(value) for name, value in params.items()}


def unpacked(params: Mapping[str, Any]) -> dict[str, Any]:
    """As they were before `packed`."""

    def unpack(value: Any) -> Any:
        if isinstance(value, dict):
            if "instant" in value:
                return datetime.fromisoformat(value["instant"])
            return date.fromisoformat(value["day"])
        return value

    return {name: unpack(value) for name, value in params.items()}


class Source(NamedTuple):
    """The document that a text was taken from, as it was sent."""

    name: str
    content: bytes
    format: str


@dataclass
class Prepared:
    """The files of a line, read. `notes` is what was changed or left out on the way."""

    document: Document | None = None
    source: Source | None = None
    photos: list[MadePhoto] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return plain(self.document) if self.document else ""


@dataclass
class Kept:
    """Files of a line that are in the store: photos, and the key of the source document."""

    photos: list[StoredPhoto]
    source_key: str

    @property
    def keys(self) -> list[str]:
        keys = [key for photo in self.photos for key in photo.keys]
        return [*keys, self.source_key] if self.source_key else keys


class Names(NamedTuple):
    """What words in cells stand for: folded genre names → codes, folded unit names and codes → units."""

    genres: Mapping[str, str]
    units: Mapping[str, Unit]


def mark_of(cells: Mapping[str, str], text: str) -> str:
    """A hash of who wrote what: the same author, title and text give the same, however they are typed."""
    parts_ = (fold(cells.get("author", "")), fold(cells.get("title", "")), " ".join(fold(text).split()))
    return hashlib.sha256("\n".join(parts_).encode()).hexdigest()


def prepare(cells: Mapping[str, str], archive: Archive, rules: RuleSet) -> Prepared:
    """Read the files that a line names, each in bounds. What goes wrong is a problem of the line."""
    found = Prepared()
    for key in _NEEDED:
        if not cells.get(key):
            found.problems.append(_problem(key, Refused(N_("This cell must not be empty."), code="empty")))
    try:
        if name := cells.get("file"):
            content = archive.file(name)
            read = read_document(content, name)
            found.document, found.source = _whole(read, cells), Source(name, content, read.format)
            found.notes = [
                {"message": note.message, "params": packed(note.params)} for note in read.report if note.kind != "taken"
            ]
        elif text := cells.get("text"):
            found.document = from_plain(text)
        else:
            raise Refused(N_("Name the file of the text, or write the text into the sheet."), code="no_text")
    except Refused as error:
        found.problems.append(_problem("file", error))
    names = parts(cells.get("photos", ""))
    if len(names) > _PHOTOS_MAX:
        # Each is decoded and held until the line is done: a cell could name thousands.
        found.problems.append(
            _problem("photos", Refused(N_("At most %(most)s photos a line, please."), code="photos", most=_PHOTOS_MAX))
        )
        return found
    for name in names:
        try:
            most = rules.entry_rules.photo_max_mb * 1_000_000
            found.photos.append(make_photo(archive.file(name), most_bytes=most))
        except Refused as error:
            found.problems.append(_problem("photos", error))
    return found


def _whole(read: Read, cells: Mapping[str, str]) -> Document:
    """The text of a file: its first line was taken for a title; unless it is the line's title, it is text."""
    if not read.title_guess or fold(read.title_guess) == fold(cells.get("title", "")):
        return read.document
    return Document((Block("paragraph", (Run(read.title_guess),)), *read.document.blocks))


def keep(prepared: Prepared, files: FileStore) -> Kept:
    """Store the files of a line; gives back what it took when the store fails."""
    kept = Kept([], "")
    try:
        for made in prepared.photos:
            kept.photos.append(keep_photo(made, files))
        if prepared.source is not None:
            extension = _EXTENSIONS.get(prepared.source.format, "txt")
            kept.source_key = files.put(prepared.source.content, extension)
    except Refused:
        for key in kept.keys:
            files.remove(key)
        raise
    return kept


def not_kept(prepared: Prepared) -> Kept:
    """What `keep` gives, for a dry run: nothing is stored."""
    photos = [
        StoredPhoto("00/0", "00/0", made.width, made.height, made.sha256, middle_key="00/0") for made in prepared.photos
    ]
    return Kept(photos, "00/0" if prepared.source else "")


def build(
    *,
    bundle: Bundle,
    cells: Mapping[str, str],
    prepared: Prepared,
    kept: Kept,
    names: Names,
    now: datetime,
    wall: datetime,
) -> tuple[Entry, str, list[Problem]]:
    """Build and submit the entry of a line; returns it, its receipt's code, and what stands against it.

    With problems there is no receipt, and what was built must be rolled back.
    """
    problems = list(prepared.problems)
    contest, officer = bundle.contest, bundle.sent_by

    def attempt(key: str, act: Any) -> Any:
        try:
            return act()
        except Refused as error:
            problems.append(_problem(key, error))
            return None

    category = contest.rules.find_category(cells.get("category", "").strip().upper())
    if category is None:
        problems.append(_problem("category", Refused(N_("The rules know no such category."), code="category")))
        return Entry(), "", problems
    entry: Entry | None = attempt(
        "author",
        lambda: start_helping(
            contest=contest,
            category_id=category.id,
            unit=bundle.unit,
            name=cells.get("author", ""),
            phone=cells.get("phone", ""),
            actor=officer,
            now=now,
            wall=wall,
            source=BUNDLE,
        ),
    )
    if entry is None:
        return Entry(), "", problems
    for photo, caption in zip(kept.photos, _captions(cells, len(kept.photos)), strict=True):
        attempt("photos", lambda photo=photo, caption=caption: _photo(entry, photo, caption, cells, now))
    document = source_of(prepared.document) if prepared.document else ""
    attempt(
        "title",
        lambda: save_text(
            entry=entry,
            version=entry.version,
            title=cells.get("title", ""),
            genre=_genre(cells, names, category.genres),
            document=document,
            now=now,
        ),
    )
    facts = _facts(cells, names, bundle.unit, problems)
    attempt("exemplar", lambda: save_facts(entry=entry, version=entry.facts_version, facts=facts, now=now))
    members = _members(cells, problems)
    if members:
        attempt(
            "coauthors",
            lambda: save_coauthors(entry=entry, seen=group_state(entry), members=members, now=now),
        )
    if prepared.source is not None:
        _attach(entry, prepared.source, kept.source_key, now, officer.id)
    known = {problem.message for problem in problems}
    # A cell that could not be read is told once, not as missing too.
    told = {problem.where for problem in problems}
    problems += [
        Problem(item.label, item.message, dict(item.params))
        for item in missing(entry, today_of(now))
        if item.message not in known
        and not (item.field in BY_KEY and BY_KEY[item.field].header in told)
        and not (problems and not prepared.document and item.field == "body")
    ]
    if not says_yes(cells.get("declared", "")):
        problems.append(
            _problem("declared", Refused(N_("The author has to declare; keep the signed paper."), code="declared"))
        )
    if problems:
        return entry, "", problems
    done = attempt(
        "title",
        lambda: submit(
            draft_id=entry.public_id,
            actor=officer,
            now=now,
            digest=content_digest(entry),
            declared=list(declarations_of(entry)),
        ),
    )
    return entry, done.receipt.code if done else "", problems


def _problem(key: str, error: Refused) -> Problem:
    return Problem(BY_KEY[key].header, error.message, dict(error.params))


def _captions(cells: Mapping[str, str], count: int) -> list[str]:
    captions = parts(cells.get("captions", ""))
    return [*captions, *[""] * count][:count]


def _photo(entry: Entry, stored: StoredPhoto, caption: str, cells: Mapping[str, str], now: datetime) -> None:
    photo = add_photo(entry=entry, stored=stored, now=now)
    people = cells.get("photo_people", "")
    nobody = fold(people) in NOBODY_WORDS
    describe_photo(
        entry=entry,
        photo=photo,
        caption=caption,
        photographer=cells.get("photographer", ""),
        alt="",
        consent=says_yes(cells.get("photo_consent", "")),
        recognised=NOBODY if nobody else PEOPLE if people else "",
        people="" if nobody else people,
        now=now,
    )


def _genre(cells: Mapping[str, str], names: Names, offered: tuple[str, ...]) -> str:
    typed = cells.get("genre", "")
    if not typed:
        return offered[0] if len(offered) == 1 else ""
    return typed if typed in offered else names.genres.get(fold(typed), "")


def _facts(cells: Mapping[str, str], names: Names, unit: Unit, problems: list[Problem]) -> Facts:
    exemplar_unit = names.units.get(fold(cells.get("exemplar_unit", "")))
    if exemplar_unit is None and cells.get("exemplar_unit"):
        problems.append(
            _problem(
                "exemplar_unit", Refused(N_("No unit of this name is known. Choose one of the list."), code="unit")
            )
        )
    kind = cells.get("exemplar_kind", "")
    if kind and fold(kind) not in KINDS:
        problems.append(
            _problem("exemplar_kind", Refused(N_("Write one of the kinds that the list offers."), code="kind"))
        )
    return Facts(
        exemplar_kind=KINDS.get(fold(kind), "individual"),
        exemplar_name=cells.get("exemplar", ""),
        exemplar_role=cells.get("exemplar_role", ""),
        exemplar_unit=exemplar_unit,
        exemplar_address=cells.get("exemplar_address", ""),
        exemplar_contact=cells.get("exemplar_contact", ""),
        exemplar_is_child=says_yes(cells.get("exemplar_child", "")),
        deed_place=cells.get("deed_place", ""),
        deed_time=cells.get("deed_time", ""),
        author_name=cells.get("author", ""),
        pen_name=cells.get("pen_name", ""),
        author_phone=cells.get("phone", ""),
        author_address=cells.get("address", ""),
        author_unit=unit,
        birth_date=_day(cells, "birth_date", problems),
        guardian_name=cells.get("guardian", ""),
        guardian_phone=cells.get("guardian_phone", ""),
        guardian_relation=cells.get("guardian_relation", ""),
        guardian_consent=says_yes(cells.get("guardian_consent", "")),
    )


def _day(cells: Mapping[str, str], key: str, problems: list[Problem]) -> date | None:
    if not cells.get(key):
        return None
    try:
        return typed_day(cells[key])
    except Refused as error:
        problems.append(_problem(key, error))
        return None


def _members(cells: Mapping[str, str], problems: list[Problem]) -> list[Member]:
    members = []
    for each in parts(cells.get("coauthors", "")):
        name, *rest = [piece.strip() for piece in each.split(",")]
        born = next((piece for piece in rest if "/" in piece or "-" in piece), "")
        phone = next((piece for piece in rest if piece != born), "")
        try:
            members.append(Member(name=name, phone=phone, birth_date=typed_day(born) if born else None))
        except Refused as error:
            problems.append(_problem("coauthors", error))
    return members


def _attach(entry: Entry, source: Source, key: str, now: datetime, officer_id: int) -> None:
    entry.attachments.append(
        Attachment(
            kind="source",
            key=key,
            name=source.name[:200],
            media_type=MEDIA_TYPES[source.format],
            size=len(source.content),
            sha256=hashlib.sha256(source.content).hexdigest(),
            added_at=now,
            added_by_id=officer_id,
        )
    )
    db.session.flush()
