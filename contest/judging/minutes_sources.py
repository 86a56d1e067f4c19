"""What minutes are made from, read once: who sat and met, who may sign, and the blocks that sections consist of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from contest.accounts.models import User
from contest.contests.models import Contest, RoleGrant
from contest.contests.rules import CHAIR, SECRETARY
from contest.contests.ruleset import Round, RuleSet
from contest.core.db import db
from contest.core.errors import N_
from contest.core.formats import local
from contest.core.text import name_sort_key
from contest.judging.models import PanelSeat, RoundClosing
from contest.judging.models_council import CouncilAttendance, CouncilMeeting
from contest.judging.papers import Line, Scores, unbroken

Say = Callable[..., str]
Section = dict[str, Any]
RESULT = "result"
CAPACITIES = {
    "chair": N_("Head of jury"),
    "member": N_("Member"),
    "reserve": N_("Reserve member"),
    "secretary": N_("Secretary"),
    "guest": N_("Guest"),
}


@dataclass(frozen=True)
class Typed:
    """What the person who makes the minutes adds: their number, the place and day, and the conclusions."""

    number: str
    place: str
    date: str
    conclusions: str


class Signer(NamedTuple):
    """Somebody who may sign. `name` as printed; the head of jury's first, then members, then secretaries."""

    user: str  # public id
    name: str
    capacity: str


class PrizeLines(NamedTuple):
    """What came of the prizes of a category, as lines of text: given (with joint awards), withheld, undecided,
    and entries passed over for a prize that their total would have reached."""

    given: tuple[str, ...]
    withheld: tuple[str, ...]
    undecided: tuple[str, ...]
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sources:
    """What the sections are made from, read once."""

    scores: Scores
    closing: RoundClosing
    lines: Sequence[Line]
    seats: Sequence[PanelSeat]
    meetings: Sequence[CouncilMeeting]
    prizes: PrizeLines | None
    say: Say

    @property
    def contest(self) -> Contest:
        return self.scores.contest

    @property
    def rules(self) -> RuleSet:
        return self.contest.rules

    @property
    def round(self) -> Round:
        return self.rules.round(self.scores.round_id)

    @property
    def is_last(self) -> bool:
        return self.rules.last_round.id == self.scores.round_id

    @property
    def codes(self) -> dict[int, str]:
        return {state.entry.id: state.entry.code for state in self.scores.states}

    def names(self, ids: Iterable[int | None]) -> dict[int | None, str]:
        """Names of people by their ids, each kept on one line."""
        wanted = {each for each in ids if each is not None}
        rows = db.session.execute(select(User.id, User.name).where(User.id.in_(wanted))) if wanted else ()
        return {row[0]: unbroken(row[1]) for row in rows}


# Reading


def seats_of(scores: Scores) -> Sequence[PanelSeat]:
    """Seats of the panel that stand, and those of people who left after marking; the latest of each person."""
    rows = db.session.scalars(
        select(PanelSeat)
        .options(joinedload(PanelSeat.judge))
        .where(
            PanelSeat.contest_id == scores.contest.id,
            PanelSeat.round == scores.round_id,
            PanelSeat.category == scores.category,
        )
        .order_by(PanelSeat.id)
    ).all()
    latest = {seat.judge_id: seat for seat in rows}
    order = {"chair": 0, "member": 1, "reserve": 2}
    return sorted(latest.values(), key=lambda seat: (order[seat.seat], name_sort_key(seat.judge.name), seat.judge_id))


def meetings_of(contest: Contest, category: str) -> Sequence[CouncilMeeting]:
    """Meetings of the council, in their order, that voted on this category or on none in particular."""
    found = db.session.scalars(
        select(CouncilMeeting)
        .options(
            selectinload(CouncilMeeting.attendance).joinedload(CouncilAttendance.user),
            selectinload(CouncilMeeting.questions),
        )
        .where(CouncilMeeting.contest_id == contest.id)
        .order_by(CouncilMeeting.held_at, CouncilMeeting.id)
    ).all()
    return [
        meeting
        for meeting in found
        if not meeting.questions or any(each.category == category for each in meeting.questions)
    ]


def signers(sources: Sources) -> list[Signer]:
    """Who may sign: heads of jury, the panel and who was present at the council's meetings, and secretaries."""
    rows = db.session.execute(
        select(User.public_id, User.name, RoleGrant.role)
        .join(RoleGrant, RoleGrant.user_id == User.id)
        .where(
            RoleGrant.contest_id == sources.contest.id,
            RoleGrant.role.in_((CHAIR, SECRETARY)),
            RoleGrant.ended_at.is_(None),
        )
    )
    found: dict[str, Signer] = {}

    def add(user: str, name: str, capacity: str) -> None:
        rank = ("chair", "member", "secretary")
        if capacity in rank and (user not in found or rank.index(capacity) < rank.index(found[user].capacity)):
            found[user] = Signer(user, unbroken(name), capacity)

    for seat in sources.seats:
        if seat.ended_at is None:
            add(seat.judge.public_id, seat.judge.name, "member" if seat.seat == "reserve" else seat.seat)
    for meeting in sources.meetings:
        for each in meeting.attendance:
            if each.present:
                add(each.user.public_id, each.user.name, each.capacity)
    for user, name, role in rows:
        add(user, name, "chair" if role == CHAIR else "secretary")
    order = {"chair": 0, "member": 1, "secretary": 2}
    return sorted(found.values(), key=lambda each: (order[each.capacity], name_sort_key(each.name), each.user))


# Blocks


def text(words: str) -> Section:
    return {"kind": "text", "text": words}


def listed(items: Iterable[str]) -> Section:
    return {"kind": "list", "items": list(items)}


def table(head: Sequence[str], widths: Sequence[int], align: str, rows: Iterable[Sequence[str]]) -> Section:
    """`widths` in millimetres, 0 for what is left; `align` one letter a column: l, c, r."""
    return {
        "kind": "table",
        "head": list(head),
        "widths": list(widths),
        "align": align,
        "rows": [list(row) for row in rows],
    }


def section(title: str, *blocks: Section | None) -> Section:
    return {"title": title, "blocks": [block for block in blocks if block is not None]}


# Reading what was made


def day_line(place: str, at: datetime, say: Say) -> str:
    """The line under the country's name: "An Lam, ngày 09 tháng 5 năm 2027" (Nghị định 30/2020/NĐ-CP)."""
    on = local(at)
    # A day below 10 and the months 1 and 2 are written with a nought, so that nothing can be put before them.
    params = {
        "place": place or "……………",
        "day": f"{on.day:02}",
        "month": f"{on.month:02}" if on.month < 3 else str(on.month),
        "year": on.year,
    }
    return say(N_("%(place)s, day %(day)s month %(month)s year %(year)s"), params)


def lines_in(content: Mapping[str, Any]) -> list[str]:
    """Everything that minutes say, line by line, for comparing two versions."""
    lines = [content["number"], content["place"], content["date"], content["subtitle"], content["contest"]]
    for part in content["sections"]:
        lines.append(part["title"])
        for block in part["blocks"]:
            if block["kind"] == "text":
                lines += block["text"].split("\n")
            elif block["kind"] == "list":
                lines += block["items"]
            else:
                lines += [" · ".join(cell for cell in row if cell) for row in block["rows"]]
    lines += [f"{signer['name']} ({signer['capacity']})" for signer in content["signers"]]
    return [line.replace("\u00a0", " ") for line in lines if line]
