"""The differences of a joint reading, once it is closed: who may see them, and what to talk about first.

Nobody sees anybody else's marks before, and afterwards only whoever has given final marks of the same entry,
or leads the jury without a seat in the panel. Judges are numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from sqlalchemy import select

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.queries import roles_of
from contest.contests.rules import CHAIR
from contest.contests.ruleset import Criterion, Rubric
from contest.core.db import db
from contest.core.errors import NotFound
from contest.entries.blind import BlindLine, blind_lines
from contest.entries.models import Entry
from contest.judging.conflicts import conflicts_among
from contest.judging.joint import marks_of, seats_of
from contest.judging.models import JointReading, JointSheet
from contest.judging.rounds import in_round

FIRST = 5  # differences to talk about first


@dataclass(frozen=True)
class Voice:
    """What one judge gave: a number instead of a name, drawn for the whole reading."""

    number: int
    own: bool
    marks: dict[str, Decimal]
    remarks: dict[str, str]
    comment: str

    @property
    def total(self) -> Decimal:
        return sum(self.marks.values(), Decimal(0))


@dataclass(frozen=True)
class Compared:
    """What the judges gave one entry, side by side."""

    line: BlindLine
    voices: tuple[Voice, ...]


def numbers_of(reading: JointReading, judges: Collection[User]) -> dict[int, int]:
    """A number for each judge, in an order that follows from ids which are random and known to nobody else."""

    def lot(judge: User) -> bytes:
        return hashlib.sha256(f"{reading.public_id}:{judge.public_id}".encode()).digest()

    return {judge.id: number for number, judge in enumerate(sorted(judges, key=lot), start=1)}


def compare(contest: Contest, reading: JointReading, viewer: User) -> list[Compared]:
    """What may be shown to `viewer` of a closed reading, by code. Raises NotFound while it is open.

    Entries of which they have given final marks themselves; to a head of jury without a seat in the panel
    all of them. Never one with which they have a conflict of interest.
    """
    seated = (reading.round, reading.category) in seats_of(contest, viewer.id)
    if reading.closed_at is None or not (seated or CHAIR in roles_of(contest.id, viewer.id)):
        raise NotFound(reading.public_id)
    rows = db.session.execute(
        select(JointSheet, User)
        .join(User, User.id == JointSheet.judge_id)
        .where(JointSheet.text_id.in_([text.id for text in reading.texts]), JointSheet.final_at.is_not(None))
        .order_by(JointSheet.id)
    ).all()
    ids = [text.entry_id for text in reading.texts]
    people = {judge.id: judge for _sheet, judge in rows}
    barred = conflicts_among(contest.id, Entry.id.in_(ids), judges={*people, viewer.id})
    where = in_round(contest, contest.rules.round(reading.round), reading.category)
    present = set(db.session.scalars(select(Entry.id).where(*where, Entry.id.in_(ids))))
    numbers, lines = numbers_of(reading, people.values()), blind_lines(ids)
    found = []
    for text in reading.texts:
        sheets = [sheet for sheet, _judge in rows if sheet.text_id == text.id]
        own = any(sheet.judge_id == viewer.id for sheet in sheets)
        if (text.entry_id, viewer.id) in barred or text.entry_id not in present or (seated and not own):
            continue
        voices = [
            Voice(numbers[sheet.judge_id], sheet.judge_id == viewer.id, marks_of(sheet), sheet.remarks, sheet.comment)
            for sheet in sheets
            if (text.entry_id, sheet.judge_id) not in barred
        ]
        if voices:
            found.append(Compared(lines[text.entry_id], tuple(sorted(voices, key=lambda voice: voice.number))))
    return sorted(found, key=lambda each: each.line.code)


@dataclass(frozen=True)
class Difference:
    """How far the judges are apart on one criterion of an entry. `share`: of the criterion's maximum."""

    code: str
    criterion: Criterion
    low: Decimal
    mean: Fraction
    high: Decimal
    bands: int  # how many bands of the rubric the marks fall into

    @property
    def share(self) -> Fraction:
        return Fraction(self.high - self.low) / Fraction(self.criterion.max) if self.criterion.max else Fraction(0)


def differences(compared: Compared, rubric: Rubric) -> list[Difference]:
    """The lowest, mean and highest mark of each criterion, in the order of the rubric."""
    found = []
    for criterion in rubric.criteria:
        marks = [voice.marks[criterion.id] for voice in compared.voices if criterion.id in voice.marks]
        if marks:
            mean = Fraction(sum(marks, Decimal(0))) / len(marks)
            bands = {sum(band.from_ <= mark for band in criterion.bands) for mark in marks}
            found.append(Difference(compared.line.code, criterion, min(marks), mean, max(marks), len(bands)))
    return found


def to_talk_about(entries: Collection[Compared], rubric: Rubric) -> list[Difference]:
    """The widest differences over all entries, the widest first; equal ones in the order of codes and criteria."""
    found = [each for entry in entries for each in differences(entry, rubric) if each.high > each.low]
    return sorted(found, key=lambda each: -each.share)[:FIRST]
