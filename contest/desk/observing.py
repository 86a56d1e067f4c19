"""What an observer is shown: how much of what was done, by whom in which capacity, when; never who or which entry.

An observer checks without touching. Results, and papers from which results follow, are shown when everybody
may see them (docs/decisions/press-and-observers.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from contest.accounts.models import User
from contest.audit.models import AuditRow
from contest.contests.models import Contest, RoleGrant
from contest.core.db import db
from contest.core.errors import N_
from contest.exemplars.models import Verification
from contest.judging.models_council import Minutes, MinutesSignature

# An act is told by its room; those that an observer looks for by words of their own.
ROOMS = {
    "account": N_("Accounts"),
    "address": N_("Old addresses"),
    "anniversaries": N_("Calendar"),
    "commemoration": N_("Calendar"),
    "holidays": N_("Calendar"),
    "complaints": N_("Remarks and complaints"),
    "contests": N_("Rules and people"),
    "editions": N_("Public texts"),
    "entries": N_("Entries"),
    "exemplars": N_("Exemplars and verification"),
    "intake": N_("Entries on paper"),
    "judging": N_("Judging"),
    "outbox": N_("Messages"),
    "privacy": N_("Personal data"),
    "results": N_("Results"),
    "screening": N_("Screening"),
    "setup": N_("Rules and people"),
    "units": N_("Units"),
    "vote": N_("Readers' vote"),
    "voting": N_("Readers' vote"),
}
ACTS = {
    "contests.load_rules": N_("A version of the rules was issued"),
    "contests.grant_role": N_("A role was given"),
    "contests.end_role": N_("A role was ended"),
    "contests.invite": N_("Somebody was invited to a role"),
    "entries.submit": N_("An entry was submitted"),
    "entries.receive": N_("An entry was received"),
    "entries.accept": N_("An entry was accepted"),
    "entries.refuse": N_("An entry was refused"),
    "entries.withdraw": N_("An entry was withdrawn"),
    "exemplars.request_verification": N_("A verification was asked for"),
    "exemplars.answer_verification": N_("A verification was answered"),
    "judging.declare_impartial": N_("A judge declared to be impartial"),
    "judging.record_conflict": N_("A conflict of interest was recorded"),
    "judging.assign": N_("Entries were given to judges"),
    "judging.finalise_sheet": N_("A score sheet was made final"),
    "judging.rescore": N_("A final score sheet was changed"),
    "judging.close_round": N_("The scores of a round were locked"),
    "judging.ask_to_open_codes": N_("Opening the codes was asked for"),
    "judging.open_codes": N_("The codes were opened"),
    "judging.read_codes": N_("The codes were read"),
    "judging.make_minutes": N_("Minutes were made"),
    "judging.sign_minutes": N_("Minutes were signed"),
    "judging.open_meeting": N_("A meeting of the council was opened"),
    "judging.close_meeting": N_("A meeting of the council was closed"),
}
# Before the announcement nobody tells an observer what was done to results: withholding a prize is one of the acts.
RESULTS = "results"
PAGE = 50


class Act(NamedTuple):
    """A line of the record: when, what in words (room and act), and in which capacity; `number` in the chain."""

    at: datetime
    room: str
    act: str
    roles: tuple[str, ...]
    system: bool
    number: int | None


class Acts(NamedTuple):
    """A page of the record, the latest first. `before`: what the next page begins from; None: it is the last."""

    rows: list[Act]
    before: int | None


def acts_of(contest: Contest, *, before: int | None, announced: bool) -> Acts:
    """The record of a contest. Three statements, whatever its length."""
    query = select(AuditRow.id, AuditRow.at, AuditRow.actor, AuditRow.verb, AuditRow.position).where(
        AuditRow.contest_id == contest.id
    )
    if before is not None:
        query = query.where(AuditRow.id < before)
    rows = db.session.execute(query.order_by(AuditRow.id.desc()).limit(PAGE + 1)).all()
    shown = rows[:PAGE]
    roles: dict[str, list[str]] = {}
    actors = {row.actor for row in shown if row.actor}
    for public_id, role in db.session.execute(
        select(User.public_id, RoleGrant.role)
        .join(RoleGrant, RoleGrant.user_id == User.id)
        .where(RoleGrant.contest_id == contest.id, User.public_id.in_(actors))
        .order_by(RoleGrant.id)
    ):
        roles.setdefault(public_id, []).append(role)
    found = []
    for row in shown:
        room, _dot, _verb = row.verb.partition(".")
        act = "" if room == RESULTS and not announced else ACTS.get(row.verb, "")
        held = tuple(dict.fromkeys(roles.get(row.actor, ())))
        found.append(Act(row.at, ROOMS.get(room, ROOMS["contests"]), act, held, row.actor is None, row.position))
    return Acts(found, shown[-1].id if len(rows) > PAGE else None)


class Paper(NamedTuple):
    """Minutes as they are listed. `signatures`: how many have signed this version."""

    public_id: str
    round: str
    category: str
    number: int
    made_at: datetime
    signatures: int


def minutes_of(contest: Contest) -> Sequence[Paper]:
    """Every version of the minutes of a contest, the latest first."""
    rows = db.session.execute(
        select(
            Minutes.public_id,
            Minutes.round,
            Minutes.category,
            Minutes.number,
            Minutes.made_at,
            func.count(MinutesSignature.id),
        )
        .outerjoin(MinutesSignature, MinutesSignature.minutes_id == Minutes.id)
        .where(Minutes.contest_id == contest.id)
        .group_by(Minutes.id)
        .order_by(Minutes.made_at.desc(), Minutes.id.desc())
    )
    return [Paper(*row) for row in rows]


def verifications_of(contest: Contest) -> tuple[int, int]:
    """Verifications answered, and all that were asked for and stand."""
    row = db.session.execute(
        select(func.count(Verification.outcome), func.count(Verification.id)).where(
            Verification.contest_id == contest.id, Verification.superseded_at.is_(None)
        )
    ).one()
    return row[0], row[1]
