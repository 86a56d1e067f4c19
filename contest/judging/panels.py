"""The panel of a round in a category: who sits in it, and what becomes of their work when they leave."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.models import Contest, RoleGrant
from contest.contests.queries import roles_of
from contest.contests.rules import CHAIR
from contest.core.db import db
from contest.core.errors import N_, NotFound, Refused
from contest.core.text import name_sort_key
from contest.entries.models import Entry
from contest.judging.conflicts import conflicts_among, end_assignment
from contest.judging.locks import check_not_locked, find_closing, hold_contest
from contest.judging.models import Assignment, PanelSeat, Sheet
from contest.judging.rounds import round_state
from contest.judging.rules import ENDED_CONFLICT, ENDED_REMOVED, JUDGING_ROLES, LEADS, MEMBER, MOST_ENTRIES, SEATS


def standing_seats(contest_id: int, round_id: str, category: str) -> Select[PanelSeat]:
    """Seats of a panel that have not ended."""
    return select(PanelSeat).where(
        PanelSeat.contest_id == contest_id,
        PanelSeat.round == round_id,
        PanelSeat.category == category,
        PanelSeat.ended_at.is_(None),
    )


def appointed(contest_id: int) -> Select[int]:
    """Ids of the people who hold a judging role in a contest now."""
    return select(RoleGrant.user_id).where(
        RoleGrant.contest_id == contest_id, RoleGrant.role.in_(JUDGING_ROLES), RoleGrant.ended_at.is_(None)
    )


def seats(contest: Contest, round_id: str, category: str) -> list[PanelSeat]:
    """The seats of a panel whose holders still hold a judging role: chair, members, reserves, each by given name."""
    found = db.session.scalars(
        standing_seats(contest.id, round_id, category)
        .where(PanelSeat.judge_id.in_(appointed(contest.id)))
        .options(joinedload(PanelSeat.judge))
    )
    return sorted(found, key=lambda seat: (list(SEATS).index(seat.seat), name_sort_key(seat.judge.name), seat.judge_id))


def panel(contest: Contest, round_id: str, category: str) -> list[User]:
    """Who sits in a panel and still holds a judging role, by given name."""
    seats = standing_seats(contest.id, round_id, category).with_only_columns(PanelSeat.judge_id)
    judges = db.session.scalars(select(User).where(User.id.in_(seats), User.id.in_(appointed(contest.id))))
    return sorted(judges, key=lambda judge: (name_sort_key(judge.name), judge.id))


def judges_of(contest: Contest) -> list[User]:
    """Everyone who may be seated: those who hold a judging role, by given name."""
    judges = db.session.scalars(select(User).where(User.id.in_(appointed(contest.id))))
    return sorted(judges, key=lambda judge: (name_sort_key(judge.name), judge.id))


def loads(contest: Contest, round_id: str, category: str, *, seen_by: int | None = None) -> dict[int, int]:
    """How many entries each judge has in a round and category, judges without any left out.

    `seen_by`: for somebody who judges, without the entries that they have a conflict of interest with: a number
    that moves would tell who marks them.
    """
    hidden: set[int] = set()
    if seen_by is not None:
        found = conflicts_among(contest.id, Entry.category == category, judges=[seen_by])
        hidden = {entry_id for entry_id, _judge in found}
    rows = db.session.execute(
        select(Assignment.judge_id, func.count())
        .join(Entry, Entry.id == Assignment.entry_id)
        .where(
            Entry.contest_id == contest.id,
            Entry.category == category,
            Entry.state == "accepted",
            Assignment.round == round_id,
            Assignment.standing.is_(True),
            Entry.id.not_in(sorted(hidden)),
        )
        .group_by(Assignment.judge_id)
    )
    return dict(rows.all())


def seat_judge(
    *,
    contest: Contest,
    round_id: str,
    category: str,
    judge: User,
    actor: User | None,
    now: datetime,
    kind: str | None = None,
    least: int | None = None,
    most: int | None = None,
) -> PanelSeat:
    """Give `judge` a place in a panel, and their work back when they had one before.

    `kind` of seat: None makes the contest's head of jury the panel's chair where it has none, others members.
    Every finished sheet counts again. What was not finished comes back where the entry still lacks a
    judge. Nothing comes back against a conflict of interest. Raises Refused, Conflict (round closed).
    """
    contest.rules.round(round_id)
    contest.rules.category(category)
    hold_contest(contest, alone=True)
    check_not_locked(contest.id, round_id, category)
    roles = roles_of(contest.id, judge.id)
    if not roles & JUDGING_ROLES:
        raise Refused(N_("%(name)s is not a judge of this contest."), code="not_a_judge", name=judge.name)
    standing = standing_seats(contest.id, round_id, category).where(PanelSeat.judge_id == judge.id)
    if db.session.scalar(standing) is not None:
        raise Refused(N_("%(name)s already sits in this panel."), code="seated", name=judge.name)
    if kind is None:
        kind = LEADS if CHAIR in roles and _chair_of(contest.id, round_id, category) is None else MEMBER
    _check_seat(contest, round_id, category, judge, kind, least, most)
    seat = PanelSeat(
        contest_id=contest.id,
        round=round_id,
        category=category,
        judge=judge,
        seat=kind,
        least=least,
        most=most,
        seated_at=now,
    )
    db.session.add(seat)
    db.session.flush()
    returned = _give_back(contest, round_id, category, judge)
    record(
        actor=actor.public_id if actor else None,
        verb="judging.seat_judge",
        object_type="user",
        object_id=judge.public_id,
        contest_id=contest.id,
        now=now,
        round=round_id,
        category=category,
        seat=kind,
        least=least,
        most=most,
        returned=[assignment.public_id for assignment in returned],
    )
    db.session.flush()
    return seat


def _chair_of(contest_id: int, round_id: str, category: str) -> PanelSeat | None:
    return db.session.scalar(standing_seats(contest_id, round_id, category).where(PanelSeat.seat == LEADS))


def _check_seat(
    contest: Contest, round_id: str, category: str, judge: User, kind: str, least: int | None, most: int | None
) -> None:
    if kind not in SEATS:
        raise NotFound(kind)
    if kind == LEADS:
        if CHAIR not in roles_of(contest.id, judge.id):
            raise Refused(
                N_("%(name)s cannot chair the panel: that is for whoever holds the role of head of jury."),
                code="not_head_of_jury",
                name=judge.name,
            )
        chair = _chair_of(contest.id, round_id, category)
        if chair is not None and chair.judge_id != judge.id:
            raise Refused(
                N_("%(name)s chairs this panel already; a panel has one chair."),
                code="chair_seated",
                name=chair.judge.name,
            )
    for number in (least, most):
        if number is not None and not 0 <= number <= MOST_ENTRIES:
            raise Refused(N_("Limits are whole numbers from 0 to %(most)s."), code="limit", most=MOST_ENTRIES)
    if least is not None and most is not None and least > most:
        raise Refused(
            N_("%(name)s cannot have at least %(least)s and at most %(most)s entries."),
            code="limits_crossed",
            name=judge.name,
            least=least,
            most=most,
        )


def change_seat(
    *,
    seat: PanelSeat,
    contest: Contest,
    kind: str,
    least: int | None,
    most: int | None,
    actor: User,
    now: datetime,
) -> None:
    """Change what a seat is and its limits for the next assignment; what was given stays. Raises as `seat_judge`."""
    hold_contest(contest, alone=True)
    check_not_locked(contest.id, seat.round, seat.category)
    if seat.ended_at is not None:
        raise NotFound(seat.id)
    _check_seat(contest, seat.round, seat.category, seat.judge, kind, least, most)
    before = {"seat": seat.seat, "least": seat.least, "most": seat.most}
    after = {"seat": kind, "least": least, "most": most}
    if before == after:
        return
    seat.seat, seat.least, seat.most = kind, least, most
    record(
        actor=actor.public_id,
        verb="judging.change_seat",
        object_type="user",
        object_id=seat.judge.public_id,
        contest_id=contest.id,
        now=now,
        round=seat.round,
        category=seat.category,
        before=before,
        after=after,
    )
    db.session.flush()


def _give_back(contest: Contest, round_id: str, category: str, judge: User) -> list[Assignment]:
    ended = db.session.execute(
        select(Assignment, Sheet.state)
        .join(Entry, Entry.id == Assignment.entry_id)
        .outerjoin(Sheet, Sheet.assignment_id == Assignment.id)
        .where(
            Entry.contest_id == contest.id,
            Entry.category == category,
            Assignment.round == round_id,
            Assignment.judge_id == judge.id,
            Assignment.standing.is_(False),
            Assignment.ended_because == ENDED_REMOVED,
        )
        .order_by(Assignment.id)
    ).all()
    if not ended:
        return []
    entry_ids = [assignment.entry_id for assignment, _ in ended]
    conflicts = conflicts_among(contest.id, Entry.id.in_(entry_ids), judges=[judge.id])
    lacking = {
        state.entry.id: state.lacking for state in round_state(contest, round_id, category, Entry.id.in_(entry_ids))
    }
    returned = []
    for assignment, sheet in ended:
        if (assignment.entry_id, judge.id) in conflicts:
            continue
        if sheet == "final" or lacking.get(assignment.entry_id, 0) > 0:
            revive(assignment)
            returned.append(assignment)
    return returned


def revive(assignment: Assignment) -> None:
    """The assignment stands again, with the sheet that it had. After a conflict it is declared on anew."""
    if assignment.ended_because == ENDED_CONFLICT:
        assignment.impartial_at = assignment.impartial_by_id = None
    assignment.standing = True
    assignment.ended_at = None
    assignment.ended_because = None


def end_seat(*, seat: PanelSeat, contest: Contest, actor: User, now: datetime) -> None:
    """Take a judge out of a panel. Sheets are kept, finished or not, and do not count meanwhile."""
    hold_contest(contest, alone=True)
    if seat.ended_at is not None:
        return
    check_not_locked(contest.id, seat.round, seat.category)
    seat.ended_at = now
    standing = _standing_work(contest, seat)
    for assignment in standing:
        end_assignment(assignment, ENDED_REMOVED, now)
    record(
        actor=actor.public_id,
        verb="judging.end_seat",
        object_type="user",
        object_id=seat.judge.public_id,
        contest_id=contest.id,
        now=now,
        round=seat.round,
        category=seat.category,
        ended=[assignment.public_id for assignment in standing],
    )
    db.session.flush()


def _standing_work(contest: Contest, seat: PanelSeat) -> Sequence[Assignment]:
    return db.session.scalars(
        select(Assignment)
        .join(Entry, Entry.id == Assignment.entry_id)
        .where(
            Entry.contest_id == contest.id,
            Entry.category == seat.category,
            Assignment.round == seat.round,
            Assignment.judge_id == seat.judge_id,
            Assignment.standing.is_(True),
        )
        .order_by(Assignment.id)
    ).all()


def leave_panels(*, contest: Contest, judge: User, actor: User, now: datetime) -> None:
    """End every seat of someone whose judging role ends, save in rounds that are closed."""
    seats = db.session.scalars(
        select(PanelSeat).where(
            PanelSeat.contest_id == contest.id, PanelSeat.judge_id == judge.id, PanelSeat.ended_at.is_(None)
        )
    ).all()
    for seat in seats:
        if find_closing(contest.id, seat.round, seat.category) is None:
            end_seat(seat=seat, contest=contest, actor=actor, now=now)
