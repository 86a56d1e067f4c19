"""The map from codes to authors (ghép phách): sealed until two people open it, and read on record.

Judging knows an entry by its code, screening by its author, and no page shows both. Once the scores
of a category are locked, one person asks for its map with a reason and another opens it. What is
open stays open, and each reading is an audit row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.models import Contest
from contest.contests.queries import roles_of
from contest.contests.rules import CHAIR, ORGANISER
from contest.core.db import db
from contest.core.errors import N_, Conflict, Refused
from contest.core.text import clean_text
from contest.entries.models import Entry
from contest.entries.rules import ACCEPTED
from contest.judging.locks import find_closing, hold_contest
from contest.judging.models_council import CodeMapOpening

REASON_MAX = 2000
# Who may ask for a map and open it; who screens never needs to.
OPENERS = frozenset({ORGANISER, CHAIR})


@dataclass(frozen=True, slots=True)
class CodeLine:
    """One line of an open map."""

    code: str
    public_id: str
    title: str
    author: str
    pen_name: str


def find_opening(contest_id: int, category: str) -> CodeMapOpening | None:
    """The opening of a category's map: asked for, or done."""
    return db.session.scalar(
        select(CodeMapOpening)
        .where(CodeMapOpening.contest_id == contest_id, CodeMapOpening.category == category)
        .execution_options(populate_existing=True)
    )


def opened_categories(contest_id: int) -> set[str]:
    """The categories whose maps are open."""
    return set(
        db.session.scalars(
            select(CodeMapOpening.category).where(
                CodeMapOpening.contest_id == contest_id, CodeMapOpening.opened_at.is_not(None)
            )
        )
    )


def _check_opener(contest: Contest, actor: User) -> None:
    if not roles_of(contest.id, actor.id) & OPENERS:
        raise Refused(N_("An organiser or the head of jury does this."), code="not_allowed")


def ask_to_open(*, contest: Contest, category: str, reason: str, actor: User, now: datetime) -> CodeMapOpening:
    """Ask for the map of a category, with a reason. Asked twice, the first asking stands.

    By an organiser or the head of jury, once the scores of the last round are locked. Raises Refused.
    """
    _check_opener(contest, actor)
    hold_contest(contest, alone=True)
    if find_closing(contest.id, contest.rules.last_round.id, category) is None:
        raise Refused(N_("Codes are opened after the scores are locked."), code="round_open")
    reason = clean_text(reason)[:REASON_MAX]
    if not reason:
        raise Refused(N_("Say why."), code="reason_missing")
    opening = find_opening(contest.id, category)
    if opening is not None:
        return opening
    opening = CodeMapOpening(
        contest_id=contest.id, category=category, reason=reason, asked_at=now, asked_by_id=actor.id
    )
    db.session.add(opening)
    _note(contest, "ask_to_open_codes", actor, now, category=category, reason=reason)
    db.session.flush()
    return opening


def open_codes(*, contest: Contest, category: str, actor: User, now: datetime) -> CodeMapOpening:
    """Open a map that somebody else asked for; opening it twice changes nothing.

    Raises Refused for whoever asked, Conflict when nobody did.
    """
    _check_opener(contest, actor)
    hold_contest(contest, alone=True)
    opening = find_opening(contest.id, category)
    if opening is None:
        raise Conflict(N_("Nobody has asked for the codes of this category to be opened."), code="not_asked")
    if opening.opened_at is not None:
        return opening
    if opening.asked_by_id == actor.id:
        raise Refused(N_("You asked for it: another person has to open the codes."), code="same_person")
    opening.opened_at, opening.opened_by_id = now, actor.id
    _note(contest, "open_codes", actor, now, category=category)
    db.session.flush()
    return opening


def read_codes(*, contest: Contest, category: str, actor: User, now: datetime) -> Sequence[CodeLine]:
    """The open map of a category, by code. Each reading is on record. Raises Refused while it is sealed."""
    opening = find_opening(contest.id, category)
    if opening is None or opening.opened_at is None:
        raise Refused(N_("The codes of this category have not been opened."), code="sealed")
    rows = db.session.execute(
        select(Entry.blind_code, Entry.public_id, Entry.title, Entry.author_name, Entry.pen_name)
        .where(
            Entry.contest_id == contest.id,
            Entry.category == category,
            Entry.state == ACCEPTED,
            Entry.blind_code.is_not(None),
        )
        .order_by(Entry.blind_code)
    ).all()
    _note(contest, "read_codes", actor, now, category=category, count=len(rows))
    db.session.flush()
    return [CodeLine(code or "", *rest) for code, *rest in rows]


def _note(contest: Contest, verb: str, actor: User, now: datetime, **details: object) -> None:
    record(
        actor=actor.public_id,
        verb=f"judging.{verb}",
        object_type="contest",
        object_id=contest.public_id,
        contest_id=contest.id,
        now=now,
        **details,
    )
