"""Two officers of units help: one writes for a neighbour, the other types what came on paper."""

from __future__ import annotations

import hashlib
import json
import random
from datetime import date, datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from sqlalchemy import select

from contest.core.db import db
from contest.core.errors import N_
from contest.demo.stage import Act, Stage, at
from contest.demo.stories import SECOND
from contest.entries import services as entries
from contest.entries.models import Entry
from contest.entries.queries import get_own_entry
from contest.entries.rules import PAPER, declarations_for
from contest.intake import helping, paper
from contest.intake.scans import Page
from contest.units.queries import get_unit

_CATEGORY = "B"


@cache
def _told() -> dict[str, dict[str, Any]]:
    rows = json.loads((Path(__file__).parent / "data" / "helped.json").read_text("utf-8"))
    return {row["key"]: row for row in rows}


def _find(stage: Stage, key: str) -> Entry | None:
    return db.session.scalar(
        select(Entry).where(
            Entry.contest_id == stage.contest(SECOND).id,
            Entry.author_name == _told()[key]["name"],
            Entry.sent_by_unit_id == get_unit(_told()[key]["unit"]).id,
        )
    )


def write_for_a_neighbour(stage: Stage, now: datetime) -> int:
    """An officer writes down what somebody tells who has no e-mail."""
    return int(_find(stage, "helped") is None and stage.attempt(_help, stage=stage, now=now).done)


def _help(*, stage: Stage, now: datetime) -> None:
    told = _told()["helped"]
    entry = helping.start_helping(
        contest=stage.contest(SECOND),
        category_id=_CATEGORY,
        unit=get_unit(told["unit"]),
        name=told["name"],
        phone=told["phone"],
        actor=stage.person(told["officer"]),
        now=now - timedelta(minutes=40),
        wall=stage.wall,
    )
    _write_and_send(stage, entry, told, now)


def type_from_paper(stage: Stage, now: datetime) -> int:
    """Another officer types a handwritten entry that was handed in the day before."""
    return int(_find(stage, "paper") is None and stage.attempt(_type, stage=stage, now=now).done)


def _type(*, stage: Stage, now: datetime) -> None:
    told = _told()["paper"]
    officer = stage.person(told["officer"])
    entry = helping.start_paper(
        contest=stage.contest(SECOND),
        category_id=_CATEGORY,
        unit=get_unit(told["unit"]),
        name=told["name"],
        phone=told["phone"],
        postmarked_on=None,
        arrived_at=at("2027-05-19 15:40"),
        actor=officer,
        now=now - timedelta(minutes=30),
        wall=stage.wall,
    )
    content = _handwriting()
    key = stage.files.put(content, "webp")
    paper.add_scans(
        entry=entry,
        pages=[(Page(content), key)],
        name="Bài viết tay.jpg",
        sha256=hashlib.sha256(content).hexdigest(),
        actor=officer,
        now=now - timedelta(minutes=28),
    )
    _write_and_send(stage, entry, told, now)


def _write_and_send(stage: Stage, entry: Entry, told: dict[str, Any], now: datetime) -> None:
    exemplar, officer = told["exemplar"], stage.person(told["officer"])
    unit = get_unit(told["unit"])
    entries.save_text(
        entry=entry, version=entry.version, title=told["title"], genre="ghi_chep", body=told["body"], now=now
    )
    entries.save_facts(
        entry=entry,
        version=entry.facts_version,
        facts=entries.Facts(
            exemplar_name=exemplar["name"],
            exemplar_role=exemplar["role"],
            exemplar_unit=unit,
            exemplar_address=exemplar["address"],
            exemplar_contact=exemplar["contact"],
            deed_place=told["deed_place"],
            deed_time=told["deed_time"],
            author_name=told["name"],
            author_phone=entry.author_phone,
            author_unit=unit,
            birth_date=date.fromisoformat(told["birth_date"]),
        ),
        now=now,
    )
    rules = entry.contest.rules
    declared = declarations_for(
        publication=rules.category(_CATEGORY).publication, required=rules.entry_rules.required_fields
    )
    db.session.flush()
    db.session.refresh(entry)
    entries.submit(
        draft_id=entry.public_id,
        actor=officer,
        now=now,
        digest=entries.content_digest(entry),
        declared=set(declared),
    )


def compare_paper(stage: Stage, now: datetime) -> int:
    """The secretariat compares what was typed with the scan."""
    entry = _find(stage, "paper")
    if entry is None or entry.source != PAPER or not paper.waits(entry):
        return 0
    receipt = entry.receipts[-1].code
    return int(
        stage.attempt(paper.confirm_typing, entry=entry, receipt=receipt, actor=stage.person("van"), now=now).done
    )


def take_back(stage: Stage, now: datetime, *, key: str) -> int:
    """The author asks the officer to withdraw the entry; unless a visitor did something else with it."""
    entry, officer = _find(stage, key), stage.person(_told()[key]["officer"])
    if entry is None or not entries.may_withdraw(entry, now) or not helping.may_write_on(entry, officer.id):
        return 0
    own = get_own_entry(entry.public_id, officer.id, lock=True)
    return int(stage.attempt(entries.withdraw, entry=own, actor=officer, now=now).done)


@cache
def _handwriting() -> bytes:
    """A drawn page of handwriting: ruled paper, strokes of a pen. Nobody wrote it, so it reads as nothing."""
    chance = random.Random(1949)  # noqa: S311 -- a picture, the same each time
    page = Image.new("RGB", (1200, 1600), (250, 246, 235))
    pen = ImageDraw.Draw(page)
    for line in range(150, 1520, 62):
        pen.line((80, line, 1120, line), fill=(196, 208, 222), width=2)
        x = 110 + chance.randint(0, 30)
        end = 1080 if chance.random() > 0.15 else chance.randint(420, 900)
        while x < end:
            points = []
            for _ in range(chance.randint(6, 16)):
                points.append((x, line - 8 - chance.randint(0, 22)))
                x += chance.randint(4, 9)
            pen.line(points, fill=(38, 44, 92), width=4, joint="curve")
            x += chance.randint(14, 26)
    pen.line((80, 60, 80, 1560), fill=(214, 150, 150), width=2)
    stream = BytesIO()
    page.save(stream, "WEBP", quality=70)
    return stream.getvalue()


def acts() -> list[Act]:
    return [
        Act(
            at("2027-05-19 15:10"),
            N_("An officer wrote an entry for somebody without e-mail."),
            write_for_a_neighbour,
            SECOND,
        ),
        Act(at("2027-05-20 08:30"), N_("An officer typed an entry that came on paper."), type_from_paper, SECOND),
        Act(at("2027-05-24 09:00"), N_("A second person compared it with the scan."), compare_paper, SECOND),
        Act(
            at("2027-08-10 09:00"),
            N_("At their authors' wish, the officers withdrew what they had sent for them."),
            lambda stage, now: sum(take_back(stage, now, key=key) for key in _told()),
            SECOND,
        ),
    ]
