"""Letting pass, by name and with a reason, what is missing when a round is to be closed.

What can be let pass: a `sheet` that a judge has not finished; a `judge` that an entry has not been given;
a `gap` that is neither settled nor decided, nor has its third sheet; a `declaration` that a judge has not made;
the `verification` of an entry that would advance (it is still not presented to readers nor awarded before).
Each is one row with who, when and why. It counts while the thing is missing, and can be lifted until the
round is closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import aliased

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.ruleset import Round
from contest.core.db import db
from contest.core.errors import N_, Refused
from contest.entries.models import Entry
from contest.entries.queries import is_eligible_to_advance
from contest.judging.authority import check_chair, needed, record_on_entry, taking_part
from contest.judging.conflicts import check_impartial
from contest.judging.locks import check_not_locked, hold_contest
from contest.judging.models import Assignment, Waiver
from contest.judging.rounds import EntryState, in_round

SHEET, JUDGE, GAP, DECLARATION, VERIFICATION = "sheet", "judge", "gap", "declaration", "verification"
WAIVABLE = (SHEET, JUDGE, GAP, DECLARATION, VERIFICATION)
OF_A_JUDGE = (SHEET, DECLARATION)


def fewest_sheets(round_: Round) -> int:
    """With how many final sheets an entry may be closed at the least."""
    return max(1, round_.judges_per_entry if round_.min_sheets is None else round_.min_sheets)


class Passed(NamedTuple):
    """A waiver as pages and minutes show it."""

    id: int
    entry_id: int
    code: str
    what: str
    judge_id: int | None
    judge_name: str | None
    by_name: str
    at: datetime
    reason: str


def waived_in(contest: Contest, round_id: str, category: str, *where: ColumnElement[bool]) -> list[Passed]:
    """What was let pass in a round of a category and not lifted, by entry's code, in one query."""
    judge, by = aliased(User), aliased(User)
    chosen = select(Entry.id).where(*in_round(contest, contest.rules.round(round_id), category), *where)
    rows = db.session.execute(
        select(
            Waiver.id,
            Waiver.entry_id,
            Entry.blind_code,
            Waiver.what,
            Waiver.judge_id,
            judge.name,
            by.name,
            Waiver.at,
            Waiver.reason,
        )
        .join(Entry, Entry.id == Waiver.entry_id)
        .outerjoin(judge, judge.id == Waiver.judge_id)
        .join(by, by.id == Waiver.by_id)
        .where(Waiver.round == round_id, Waiver.lifted_at.is_(None), Waiver.entry_id.in_(chosen))
        .order_by(Entry.blind_code, Waiver.id)
    )
    return [Passed(row[0], row[1], row[2] or "", *row[3:]) for row in rows]


def undeclared_in(contest: Contest, round_id: str, category: str, *where: ColumnElement[bool]) -> set[int]:
    """Ids of standing assignments whose judge has not declared to have no conflict of interest."""
    chosen = select(Entry.id).where(*in_round(contest, contest.rules.round(round_id), category), *where)
    return set(
        db.session.scalars(
            select(Assignment.id).where(
                Assignment.round == round_id,
                Assignment.standing.is_(True),
                Assignment.impartial_at.is_(None),
                Assignment.entry_id.in_(chosen),
            )
        )
    )


def spare(state: EntryState, round_: Round) -> int:
    """How many more sheets of an entry may be let pass before the rules' fewest is reached."""
    never_given = sum(each.what == JUDGE for each in state.waivers)
    return max(0, state.required - fewest_sheets(round_) - len(state.let_pass) - never_given)


def waive(
    *,
    entry: Entry,
    round_id: str,
    what: str,
    reason: str,
    actor: User,
    now: datetime,
    judge: User | None = None,
) -> Waiver:
    """Let pass one thing that is missing. `judge`: whose sheet or declaration.

    By the head of jury, who has no conflict of interest with the entry. Never so much that fewer sheets
    remain than the rules allow. Raises Refused, Conflict (round closed).
    """
    contest = entry.contest
    check_chair(contest, actor)
    hold_contest(contest, alone=True)
    check_not_locked(contest.id, round_id, entry.category)
    check_impartial(entry, actor)
    reason = needed(reason)
    if what not in WAIVABLE:
        raise Refused(N_("This cannot be let pass."), code="not_waivable")
    state = taking_part(entry, round_id)
    judge_id = judge.id if judge is not None and what in OF_A_JUDGE else None
    if any(each.what == what and each.judge_id == judge_id for each in state.waivers) and what != JUDGE:
        raise Refused(N_("This was let pass already."), code="waived")
    _check_missing(entry, contest, state, round_id, what, judge_id)
    if what in (SHEET, JUDGE):
        round_ = contest.rules.round(round_id)
        if not spare(state, round_):
            raise Refused(
                N_("An entry needs at least %(count)s final sheets: no more can be let pass."),
                code="too_few_sheets",
                count=fewest_sheets(round_),
            )
    waiver = Waiver(
        entry_id=entry.id, round=round_id, what=what, judge_id=judge_id, by_id=actor.id, at=now, reason=reason
    )
    db.session.add(waiver)
    record_on_entry(
        entry,
        round_id,
        "judging.waive",
        actor,
        now,
        what=what,
        judge=judge.public_id if judge is not None and judge_id is not None else None,
        reason=reason,
    )
    db.session.flush()
    return waiver


def _check_missing(
    entry: Entry, contest: Contest, state: EntryState, round_id: str, what: str, judge_id: int | None
) -> None:
    """Raises Refused unless the thing is missing now: nobody lets pass in advance."""
    undeclared = undeclared_in(contest, round_id, entry.category, Entry.id == entry.id)
    missing = {
        SHEET: any(given.judge_id == judge_id and given.kind != "third" for given in state.waiting_for),
        JUDGE: state.required - sum(each.what == JUDGE for each in state.waivers) > len(state.given),
        GAP: state.result.gap_open or state.result.needs_third,
        DECLARATION: any(given.judge_id == judge_id and given.id in undeclared for given in state.given),
        VERIFICATION: contest.rules.round(round_id).advance is not None and not is_eligible_to_advance(entry),
    }
    if not missing[what]:
        raise Refused(N_("Nothing of the kind is missing."), code="nothing_missing")


def lift(*, waiver: Waiver, actor: User, now: datetime) -> None:
    """Take back that something was let pass; done twice, it is done once. Raises Refused, Conflict."""
    entry = db.session.get_one(Entry, waiver.entry_id)
    check_chair(entry.contest, actor)
    hold_contest(entry.contest, alone=True)
    check_not_locked(entry.contest_id, waiver.round, entry.category)
    check_impartial(entry, actor)
    if waiver.lifted_at is not None:
        return
    waiver.lifted_at = now
    judge = db.session.get(User, waiver.judge_id) if waiver.judge_id is not None else None
    record_on_entry(
        entry,
        waiver.round,
        "judging.lift_waiver",
        actor,
        now,
        what=waiver.what,
        judge=judge.public_id if judge is not None else None,
    )
    db.session.flush()


def waivers_of(entry_id: int, round_id: str) -> Sequence[Waiver]:
    """Everything that was let pass of an entry in a round and not lifted."""
    return db.session.scalars(
        select(Waiver)
        .where(Waiver.entry_id == entry_id, Waiver.round == round_id, Waiver.lifted_at.is_(None))
        .order_by(Waiver.id)
    ).all()
