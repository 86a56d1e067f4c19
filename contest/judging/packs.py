"""Reading packs in large print: a judge's own texts of a round, as judges read them. No mark is in them.

A pack holds a few entries, so that making one takes seconds and little memory however many there are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any, NamedTuple

from PIL import Image
from sqlalchemy import select

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.labels import GENRES
from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_, NotFound, Refused
from contest.core.files import FileStore
from contest.core.formats import loc, number
from contest.core.richtext import PHOTO, Block
from contest.entries.blind import BlindEntry, BlindPhoto, blind_entry, blind_photo_key
from contest.entries.models import Entry
from contest.judging.conflicts import conflicts_among
from contest.judging.models import Assignment
from contest.judging.panels import appointed
from contest.judging.rounds import in_round
from contest.judging.terms import accepted

SIZES = (18, 20)  # points
AT_ONCE = (5, 10, 20)  # entries in a pack
_LONGEST = 1200  # pixels: 200 to the inch over the width of the text
Say = Callable[..., str]


class PackText(NamedTuple):
    """An entry of a pack."""

    entry_id: int
    code: str


def texts_of(contest: Contest, round_id: str, judge_id: int, now: datetime) -> list[PackText]:
    """What a judge may read of a round on paper, in the judge's own order.

    The same as on screen: assigned and standing, the round begun, the terms accepted, no conflict of
    interest known and none declared to be there. Four queries and those of the conflicts.
    """
    round_ = contest.rules.round(round_id)
    if not contest.rules.has_begun(round_id, now) or not accepted(contest, judge_id):
        return []
    rows = db.session.execute(
        select(Entry.id, Entry.blind_code)
        .join(Assignment, Assignment.entry_id == Entry.id)
        .where(
            Assignment.judge_id == judge_id,
            Assignment.judge_id.in_(appointed(contest.id)),
            Assignment.round == round_id,
            Assignment.standing.is_(True),
            Assignment.impartial_at.is_not(None),
            *in_round(contest, round_),
        )
        .order_by(Assignment.place, Assignment.public_id)
    ).all()
    barred = {
        entry_id
        for entry_id, _ in conflicts_among(contest.id, Entry.id.in_([row.id for row in rows]), judges=[judge_id])
    }
    return [PackText(row.id, row.blind_code or "") for row in rows if row.id not in barred]


def parts_of(texts: Sequence[PackText], at_once: int) -> list[Sequence[PackText]]:
    """The packs into which texts fall, each of at most `at_once`."""
    return [texts[start : start + at_once] for start in range(0, len(texts), at_once)]


class Pack(NamedTuple):
    """A pack ready to be printed: values for the template, and its pictures by name."""

    data: dict[str, Any]
    pictures: dict[str, bytes]


def make_pack(
    *,
    contest: Contest,
    round_id: str,
    judge: User,
    part: int,
    at_once: int,
    size: int,
    files: FileStore,
    say: Say,
    now: datetime,
) -> Pack:
    """Pack number `part` (from 1) of a judge. Raises NotFound for one that there is not, StoreAway."""
    if at_once not in AT_ONCE or size not in SIZES:
        raise NotFound(part)
    texts = texts_of(contest, round_id, judge.id, now)
    parts = parts_of(texts, at_once)
    if not 1 <= part <= len(parts):
        raise NotFound(part)
    pictures: dict[str, bytes] = {}
    entries = [_entry(contest, round_id, text, pictures, files, say) for text in parts[part - 1]]
    first = (part - 1) * at_once
    data = {
        "judge": judge.name,
        "round": loc(contest.rules.round(round_id).name),
        "part": part,
        "parts": len(parts),
        "first": first + 1,
        "last": first + len(entries),
        "all": len(texts),
        "size": size,
        "entries": entries,
    }
    return Pack(data, pictures)


def _entry(
    contest: Contest, round_id: str, text: PackText, pictures: dict[str, bytes], files: FileStore, say: Say
) -> dict[str, Any]:
    found = blind_entry(text.entry_id, round_id)
    category = contest.rules.category(found.category)
    about = [f"{category.id} – {loc(category.name)}"]
    if found.genre:
        about.append(say(GENRES.get(found.genre, found.genre)))
    about.append(say(N_("%(count)s words"), {"count": number(found.word_count)}))
    return {
        "code": found.code,
        "title": found.title,
        "about": " · ".join(about),
        "author": found.author or "",
        "exemplar": _exemplar(found),
        "blocks": [_block(block, found, pictures, files) for block in found.document.blocks],
        "photos": [_photo(photo, found, pictures, files) for photo in found.loose],
    }


def _exemplar(found: BlindEntry) -> str:
    who = found.exemplar
    return "" if who is None else ", ".join(each for each in (who.name, who.role, who.unit, who.address) if each)


def _block(block: Block, found: BlindEntry, pictures: dict[str, bytes], files: FileStore) -> dict[str, Any]:
    if block.kind == PHOTO:
        photo = found.pictures.get(block.photo)
        return {"kind": PHOTO, **_photo(photo, found, pictures, files)} if photo else {"kind": "gap"}
    lines = [[{"text": run.text, "bold": run.bold, "italic": run.italic} for run in line] for line in block.lines]
    return {"kind": block.kind, "lines": lines, "number": block.number}


def _photo(photo: BlindPhoto, found: BlindEntry, pictures: dict[str, bytes], files: FileStore) -> dict[str, Any]:
    """A photo under a name of its own in `pictures`; without a file where the store has lost it."""
    name = f"{found.code}-{photo.number}.jpg"
    try:
        pictures[name] = as_printed(files.read(blind_photo_key(found.entry_id, photo.number)))
    except NotFound:
        name = ""
    tall = photo.height * 4 > photo.width * 3
    return {"file": name, "caption": photo.caption, "alt": photo.alt or photo.caption or found.code, "tall": tall}


def as_printed(content: bytes) -> bytes:
    """A stored photo as a JPEG made of its pixels alone: nothing that a file says about itself is in it."""
    with Image.open(BytesIO(content)) as stored:
        image = stored.convert("RGB")
    image.thumbnail((_LONGEST, _LONGEST), Image.Resampling.LANCZOS)
    clean = Image.new("RGB", image.size)
    clean.paste(image)
    out = BytesIO()
    clean.save(out, "JPEG", quality=82)
    return out.getvalue()


def note_printing(
    *, contest: Contest, round_id: str, judge: User, part: int, texts: int, actor: User, now: datetime
) -> None:
    """Put on record that somebody else than the judge printed a pack: they see texts beside their codes."""
    if not texts:
        raise Refused(N_("There is nothing to print for this judge yet."), code="nothing_to_print")
    record(
        actor=actor.public_id,
        verb="judging.print_pack",
        object_type="user",
        object_id=judge.public_id,
        contest_id=contest.id,
        now=now,
        round=round_id,
        part=part,
        texts=texts,
    )
    db.session.flush()
