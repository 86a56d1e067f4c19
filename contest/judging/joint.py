"""Joint reading (chấm chung): what there is of it, and who may open what.

A few entries are scored together by a panel before its round opens. What is given there is kept in tables of
its own and is never a sheet: no total, ranking, distribution or export can read it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from random import SystemRandom

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_, NotFound, Refused
from contest.entries.blind import BlindLine, blind_lines
from contest.entries.models import Entry
from contest.judging.conflicts import conflicts_among
from contest.judging.models import JointReading, JointSheet, JointText, PanelSeat
from contest.judging.panels import appointed, panel
from contest.judging.rounds import in_round
from contest.judging.terms import accepted

_PUBLIC_ID = re.compile(r"[0-9a-z]{14}")


def find_open(contest_id: int, round_id: str, category: str) -> JointReading | None:
    """The reading of a panel that is under way."""
    return db.session.scalar(
        select(JointReading).where(
            JointReading.contest_id == contest_id,
            JointReading.round == round_id,
            JointReading.category == category,
            JointReading.closed_at.is_(None),
        )
    )


def readings_of(contest: Contest, round_id: str, category: str) -> list[JointReading]:
    """Every reading of a panel with its entries, the latest first."""
    return list(
        db.session.scalars(
            select(JointReading)
            .where(
                JointReading.contest_id == contest.id,
                JointReading.round == round_id,
                JointReading.category == category,
            )
            .options(selectinload(JointReading.texts).joinedload(JointText.entry))
            .order_by(JointReading.id.desc())
        )
    )


def get_reading(contest: Contest, public_id: str) -> JointReading:
    """A reading of this contest with its entries. Raises NotFound."""
    reading = None
    if _PUBLIC_ID.fullmatch(public_id):
        reading = db.session.scalar(
            select(JointReading)
            .where(JointReading.public_id == public_id, JointReading.contest_id == contest.id)
            .options(selectinload(JointReading.texts).joinedload(JointText.entry))
        )
    if reading is None:
        raise NotFound(public_id)
    return reading


def agreed_notes(contest: Contest, round_id: str, categories: Collection[str]) -> list[JointReading]:
    """Readings of a round on which something was agreed, in the order of their closing."""
    return list(
        db.session.scalars(
            select(JointReading)
            .where(
                JointReading.contest_id == contest.id,
                JointReading.round == round_id,
                JointReading.category.in_(categories),
                JointReading.closed_at.is_not(None),
                JointReading.agreed != "",
            )
            .order_by(JointReading.closed_at, JointReading.id)
        )
    )


def seats_of(contest: Contest, judge_id: int) -> set[tuple[str, str]]:
    """The panels (round, category) in which somebody who judges now has a seat."""
    rows = db.session.execute(
        select(PanelSeat.round, PanelSeat.category).where(
            PanelSeat.contest_id == contest.id,
            PanelSeat.judge_id == judge_id,
            PanelSeat.ended_at.is_(None),
            PanelSeat.judge_id.in_(appointed(contest.id)),
        )
    )
    return {(round_id, category) for round_id, category in rows}


@dataclass(frozen=True)
class OwnText:
    """A jointly read entry as one judge has it before them. `sheet` is their own, None before they opened it."""

    text: JointText
    line: BlindLine
    sheet: JointSheet | None

    @property
    def state(self) -> str:
        """todo, open, final."""
        return "todo" if self.sheet is None else "final" if self.sheet.final_at else "open"


@dataclass(frozen=True)
class OwnReading:
    """A reading with what of it this judge may open."""

    reading: JointReading
    texts: tuple[OwnText, ...]

    @property
    def may_compare(self) -> bool:
        """Whether there is anything that the judge may see the differences of."""
        return self.reading.closed_at is not None and any(each.state == "final" for each in self.texts)


def own_readings(contest: Contest, judge_id: int) -> list[OwnReading]:
    """The readings of the panels in which this judge sits, the latest first; a fixed number of queries.

    Nothing that another judge did has any part in it. Entries with which they have a conflict of interest
    and entries that no longer take part are left out.
    """
    seats = seats_of(contest, judge_id)
    readings = [
        reading
        for reading in db.session.scalars(
            select(JointReading)
            .where(JointReading.contest_id == contest.id)
            .options(selectinload(JointReading.texts))
            .order_by(JointReading.id.desc())
        )
        if (reading.round, reading.category) in seats
    ]
    if not readings:
        return []
    texts = [text for reading in readings for text in reading.texts]
    ids = {text.entry_id for text in texts}
    lines = blind_lines(ids)
    present = {
        round_id: set(
            db.session.scalars(
                select(Entry.id).where(*in_round(contest, contest.rules.round(round_id)), Entry.id.in_(ids))
            )
        )
        for round_id in {reading.round for reading in readings}
    }
    barred = conflicts_among(contest.id, Entry.id.in_(ids), judges=[judge_id])
    own = {
        sheet.text_id: sheet
        for sheet in db.session.scalars(
            select(JointSheet).where(
                JointSheet.judge_id == judge_id, JointSheet.text_id.in_([text.id for text in texts])
            )
        )
    }
    return [
        OwnReading(
            reading,
            tuple(
                OwnText(text, lines[text.entry_id], own.get(text.id))
                for text in reading.texts
                if text.entry_id in lines
                and text.entry_id in present[reading.round]
                and (text.entry_id, judge_id) not in barred
            ),
        )
        for reading in readings
    ]


def get_own_text(contest: Contest, public_id: str, judge_id: int, *, undeclared: bool = False) -> JointText:
    """A jointly read entry that this judge may open. Raises NotFound.

    They sit in its panel, accepted the terms, have no conflict of interest with it and have said so, unless
    `undeclared`: for the page where that is done.
    """
    if not _PUBLIC_ID.fullmatch(public_id):
        raise NotFound(public_id)
    text = db.session.scalar(
        select(JointText)
        .join(JointReading, JointReading.id == JointText.reading_id)
        .where(JointText.public_id == public_id, JointReading.contest_id == contest.id)
        .options(joinedload(JointText.reading), joinedload(JointText.entry))
    )
    if text is None or (text.reading.round, text.reading.category) not in seats_of(contest, judge_id):
        raise NotFound(public_id)
    where = in_round(contest, contest.rules.round(text.reading.round), text.reading.category)
    if db.session.scalar(select(Entry.id).where(Entry.id == text.entry_id, *where)) is None:
        raise NotFound(public_id)
    if conflicts_among(contest.id, Entry.id == text.entry_id, judges=[judge_id]) or not accepted(contest, judge_id):
        raise NotFound(public_id)
    if not undeclared and find_sheet(text, judge_id) is None:
        raise NotFound(public_id)
    return text


def find_sheet(text: JointText, judge_id: int) -> JointSheet | None:
    """What this judge has given an entry so far."""
    return db.session.scalar(
        select(JointSheet)
        .where(JointSheet.text_id == text.id, JointSheet.judge_id == judge_id)
        .execution_options(populate_existing=True)
    )


def is_writable(contest: Contest, reading: JointReading, now: datetime) -> bool:
    """Whether marks may be given: until the reading is closed or the round's own marking opens."""
    window = contest.rules.window(reading.round)
    return reading.closed_at is None and (window is None or now < window.opens)


def marks_of(sheet: JointSheet | None) -> dict[str, Decimal]:
    """The marks of a joint sheet, by criterion."""
    return {criterion: Decimal(mark) for criterion, mark in sheet.marks.items()} if sheet else {}


def check_before_marking(contest: Contest, round_id: str, now: datetime) -> None:
    """Raises Refused from the instant at which the round's marking opens."""
    window = contest.rules.window(round_id)
    if window is not None and now >= window.opens:
        raise Refused(
            N_("Marking in this round opened at %(at)s: entries are read jointly before that."),
            code="joint_late",
            at=window.opens,
        )


def draw(contest: Contest, round_id: str, category: str, number: int, *, for_id: int) -> list[str]:
    """Codes of so many entries of a round, drawn at random among those that nobody concerned must not read.

    That is the judges of the panel, and `for_id`, who draws. Fewer where there are no more.
    """
    where = in_round(contest, contest.rules.round(round_id), category)
    judges = {judge.id for judge in panel(contest, round_id, category)}
    barred = {entry_id for entry_id, _judge in conflicts_among(contest.id, *where, judges={*judges, for_id})}
    rows = db.session.execute(select(Entry.id, Entry.blind_code).where(*where).order_by(Entry.blind_code)).all()
    free = [code for id_, code in rows if id_ not in barred and code]
    return sorted(SystemRandom().sample(free, min(number, len(free))))


# Who has done what, for the head of jury and the organisers: how many, and nothing of what


@dataclass(frozen=True)
class Progress:
    """Of one jointly read entry: how many judges read it and how many have given final marks."""

    code: str
    readers: int
    final: int


def progress(contest: Contest, reading: JointReading) -> list[Progress]:
    """How far each entry of a reading is, by code."""
    judges = [judge.id for judge in panel(contest, reading.round, reading.category)]
    ids = [text.entry_id for text in reading.texts]
    barred = conflicts_among(contest.id, Entry.id.in_(ids), judges=judges)
    sheets = db.session.execute(
        select(JointSheet.text_id, JointSheet.judge_id).where(
            JointSheet.text_id.in_([text.id for text in reading.texts]), JointSheet.final_at.is_not(None)
        )
    ).all()
    found = []
    for text in reading.texts:
        readers = {judge for judge in judges if (text.entry_id, judge) not in barred}
        final = sum(text_id == text.id and judge in readers for text_id, judge in sheets)
        found.append(Progress(text.entry.blind_code or "", len(readers), final))
    return sorted(found, key=lambda each: each.code)
