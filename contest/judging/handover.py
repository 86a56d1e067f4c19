"""Handing over: somebody leaves, another takes their place, in one act that says first what goes where.

A judge's seats and unfinished entries go to the successor; what the successor must not judge or holds already
is left over, to be given by hand. Finished sheets stay with the name of whoever made them, and count. Of the
secretariat, nothing is bound to one person: what the leaver began and a second person has to finish is listed.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.models import Contest, RoleGrant
from contest.contests.queries import roles_of, standing_grants
from contest.contests.rules import CHAIR, JUDGE, ORGANISER, SECRETARY
from contest.contests.services import end_role, grant_role
from contest.core.db import db
from contest.core.errors import N_, Conflict, Refused
from contest.core.text import clean_text
from contest.entries.models import Entry, PaperEntry
from contest.judging.conflicts import conflicts_among, end_assignment
from contest.judging.locks import find_closing, hold_contest
from contest.judging.models import Assignment, PanelSeat, PaperSheet, Sheet
from contest.judging.models_council import Handover
from contest.judging.panels import revive
from contest.judging.rules import ENDED_REMOVED, JUDGING_ROLES, LEADS, MEMBER
from contest.judging.scoring import Words
from contest.outbox.services import ask_for_mail, ask_for_sms

IN_CONFLICT = N_("The successor has a conflict of interest with it")
HELD = N_("The successor has it already")
HANDED_ROLES = (SECRETARY, JUDGE, CHAIR)
_PLACES = 2**31 - 1


@dataclass(frozen=True)
class Passing:
    """An unfinished entry of a judge who leaves. `left_over`: why it does not go to the successor, None if it does."""

    assignment: Assignment
    code: str
    category: str
    begun: bool
    left_over: str | None


@dataclass(frozen=True)
class Preview:
    """What a handing over would do. `stamp` is of exactly this; the act is refused when it has become another.

    `roles` the successor is given; `seats` that are taken over; `merged`: panels in which the successor sits
    already; `finished` sheets that stay; `waiting`: what a second person has to finish, in words.
    """

    leaver: User
    successor: User
    role: str
    roles: tuple[str, ...]
    seats: tuple[PanelSeat, ...]
    merged: tuple[PanelSeat, ...]
    passing: tuple[Passing, ...]
    finished: int
    waiting: tuple[Words, ...]

    @property
    def moving(self) -> list[Passing]:
        return [each for each in self.passing if each.left_over is None]

    @property
    def left_over(self) -> list[Passing]:
        return [each for each in self.passing if each.left_over is not None]

    @property
    def stamp(self) -> str:
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()[:32]

    def as_json(self) -> dict[str, Any]:
        """What moves, in counts and public ids: what is kept on record."""
        return {
            "roles": list(self.roles),
            "seats": [f"{seat.round}/{seat.category}" for seat in self.seats],
            "merged": [f"{seat.round}/{seat.category}" for seat in self.merged],
            "moved": [each.assignment.public_id for each in self.moving],
            "left_over": [each.assignment.public_id for each in self.left_over],
            "finished": self.finished,
            "waiting": [params for _message, params in self.waiting],
        }


def successors(contest: Contest, role: str, leaver: User) -> list[User]:
    """Who can take over: who judges, for a judge; who works for the organiser or secretariat, for a secretary."""
    able = JUDGING_ROLES if role in JUDGING_ROLES else {SECRETARY, ORGANISER}
    grants = db.session.scalars(
        standing_grants(contest.id)
        .where(RoleGrant.role.in_(able), RoleGrant.user_id != leaver.id)
        .options(joinedload(RoleGrant.user))
    )
    return sorted({grant.user for grant in grants}, key=lambda user: (user.name, user.id))


def preview(contest: Contest, role: str, leaver: User, successor: User) -> Preview:
    """What handing over would do now. Raises Refused when the two cannot follow each other."""
    held = roles_of(contest.id, leaver.id)
    leaving = held & JUDGING_ROLES if role in JUDGING_ROLES else held & {role}
    if role not in HANDED_ROLES or not leaving:
        raise Refused(N_("%(name)s does not hold this role."), code="role_not_held", name=leaver.name)
    if successor not in successors(contest, role, leaver):
        raise Refused(
            N_("%(name)s cannot take this over. Invite them to the role first."),
            code="successor",
            name=successor.name,
        )
    roles = tuple(sorted(leaving - roles_of(contest.id, successor.id)))
    if role == SECRETARY:
        return Preview(leaver, successor, role, roles, (), (), (), 0, tuple(_begun(contest, leaver)))
    seats = [seat for seat in _seats(contest, leaver) if find_closing(contest.id, seat.round, seat.category) is None]
    sits = {(seat.round, seat.category) for seat in _seats(contest, successor)}
    passing, finished = _work(contest, leaver, successor)
    return Preview(
        leaver,
        successor,
        role,
        roles,
        tuple(seat for seat in seats if (seat.round, seat.category) not in sits),
        tuple(seat for seat in seats if (seat.round, seat.category) in sits),
        tuple(passing),
        finished,
        (),
    )


def _seats(contest: Contest, judge: User) -> Sequence[PanelSeat]:
    return db.session.scalars(
        select(PanelSeat)
        .where(PanelSeat.contest_id == contest.id, PanelSeat.judge_id == judge.id, PanelSeat.ended_at.is_(None))
        .order_by(PanelSeat.id)
    ).all()


def _work(contest: Contest, leaver: User, successor: User) -> tuple[list[Passing], int]:
    """The leaver's unfinished entries in open rounds, each with what becomes of it; and how many are finished."""
    rows = db.session.execute(
        select(Assignment, Entry.blind_code, Entry.category, Sheet.state, PaperSheet.id)
        .join(Entry, Entry.id == Assignment.entry_id)
        .outerjoin(Sheet, Sheet.assignment_id == Assignment.id)
        .outerjoin(PaperSheet, PaperSheet.assignment_id == Assignment.id)
        .where(Entry.contest_id == contest.id, Assignment.judge_id == leaver.id, Assignment.standing.is_(True))
        .order_by(Assignment.round, Entry.blind_code)
    ).all()
    work: list[tuple[Assignment, str | None, str, str | None, int | None]] = [(*row,) for row in rows]
    finished = sum(state == "final" for _assignment, _code, _category, state, _paper in work)
    places = {(assignment.round, category) for assignment, _code, category, _state, _paper in work}
    closed = {place for place in places if find_closing(contest.id, *place) is not None}
    open_ = [each for each in work if each[3] != "final" and (each[0].round, each[2]) not in closed]
    keyed = [code or "" for _assignment, code, _category, _state, paper in open_ if paper is not None]
    if keyed:
        raise Refused(
            N_("Paper sheets of %(name)s are being keyed in (%(codes)s): finish that first."),
            code="paper_unfinished",
            name=leaver.name,
            codes=", ".join(keyed),
        )
    entry_ids = [row[0].entry_id for row in open_]
    barred = conflicts_among(contest.id, Entry.id.in_(entry_ids), judges=[successor.id]) if entry_ids else {}
    holds = {
        (row.round, row.entry_id)
        for row in db.session.execute(
            select(Assignment.round, Assignment.entry_id).where(
                Assignment.judge_id == successor.id, Assignment.standing.is_(True), Assignment.entry_id.in_(entry_ids)
            )
        )
    }
    passing = []
    for assignment, code, category, state, _paper in open_:
        why = None
        if (assignment.entry_id, successor.id) in barred:
            why = IN_CONFLICT
        elif (assignment.round, assignment.entry_id) in holds:
            why = HELD
        passing.append(Passing(assignment, code or "", category, state is not None, why))
    return passing, finished


def _begun(contest: Contest, leaver: User) -> list[Words]:
    """What a secretary has begun and a second person has to finish; the successor can."""
    papers = db.session.scalars(
        select(Entry.public_id)
        .join(PaperEntry, PaperEntry.entry_id == Entry.id)
        .where(Entry.contest_id == contest.id, PaperEntry.typed_by_id == leaver.id, PaperEntry.compared_at.is_(None))
    ).all()
    sheets = db.session.scalars(
        select(PaperSheet.id)
        .join(Assignment, Assignment.id == PaperSheet.assignment_id)
        .join(Entry, Entry.id == Assignment.entry_id)
        .where(Entry.contest_id == contest.id, PaperSheet.first_by_id == leaver.id, PaperSheet.taken_at.is_(None))
    ).all()
    found: list[Words] = []
    if papers:
        found.append((N_("Entries on paper that somebody else has to compare: %(count)s"), {"count": len(papers)}))
    if sheets:
        found.append(
            (N_("Score sheets on paper that somebody else has to key in again: %(count)s"), {"count": len(sheets)})
        )
    return found


def hand_over(
    *,
    contest: Contest,
    role: str,
    leaver: User,
    successor: User,
    reason: str,
    stamp: str,
    actor: User,
    now: datetime,
) -> Handover:
    """Do what the preview with this `stamp` said. Both are told.

    Raises Refused (see `preview`; no reason), Conflict when it would now do something else than was shown.
    """
    reason = clean_text(reason)
    if not reason:
        raise Refused(N_("Say why."), code="reason_missing")
    hold_contest(contest, alone=True)
    plan = preview(contest, role, leaver, successor)
    if plan.stamp != stamp:
        raise Conflict(N_("Something has changed since this was shown. Please look at it again."), code="changed")
    moved = plan.as_json()
    _give_roles(contest, plan, actor, now)
    _pass_seats(contest, plan, now)
    _pass_work(plan, now)
    for grant in db.session.scalars(
        standing_grants(contest.id).where(RoleGrant.user_id == leaver.id, RoleGrant.role.in_(_leaving(role)))
    ).all():
        end_role(grant=grant, actor=actor, now=now)
    row = Handover(
        contest_id=contest.id,
        role=role,
        from_id=leaver.id,
        to_id=successor.id,
        moved=moved,
        reason=reason,
        by_id=actor.id,
        at=now,
    )
    db.session.add(row)
    record(
        actor=actor.public_id,
        verb="judging.hand_over",
        object_type="user",
        object_id=leaver.public_id,
        contest_id=contest.id,
        now=now,
        role=role,
        successor=successor.public_id,
        **{key: moved[key] for key in ("roles", "seats", "merged", "moved", "left_over", "finished")},
    )
    _tell(contest, plan, now)
    db.session.flush()
    return row


def _leaving(role: str) -> frozenset[str]:
    return JUDGING_ROLES if role in JUDGING_ROLES else frozenset({role})


def _give_roles(contest: Contest, plan: Preview, actor: User, now: datetime) -> None:
    """Roles that the successor lacks, with the unit and relatives named when they became a judge."""
    known = db.session.scalars(
        standing_grants(contest.id).where(RoleGrant.user_id == plan.successor.id).order_by(RoleGrant.id)
    ).first()
    for role in plan.roles:
        grant_role(
            contest=contest,
            user=plan.successor,
            role=role,
            actor=actor,
            now=now,
            unit=known.unit if known else None,
            relatives=known.relatives if known else None,
        )


def _pass_seats(contest: Contest, plan: Preview, now: datetime) -> None:
    leads = CHAIR in roles_of(contest.id, plan.successor.id)
    for seat in (*plan.seats, *plan.merged):
        seat.ended_at = now
    db.session.flush()  # a panel has one chair at a time
    for seat in plan.seats:
        db.session.add(
            PanelSeat(
                contest_id=contest.id,
                round=seat.round,
                category=seat.category,
                judge=plan.successor,
                seat=MEMBER if seat.seat == LEADS and not leads else seat.seat,
                least=seat.least,
                most=seat.most,
                seated_at=now,
            )
        )
    db.session.flush()


def _pass_work(plan: Preview, now: datetime) -> None:
    """Assignments of the successor's own, declared on anew; a begun sheet of the leaver is kept, not passed on."""
    places = Random(secrets.randbits(48))  # noqa: S311 - fair, not secret
    before = {
        (each.round, each.entry_id): each
        for each in db.session.scalars(
            select(Assignment).where(
                Assignment.judge_id == plan.successor.id,
                Assignment.entry_id.in_([each.assignment.entry_id for each in plan.moving]),
            )
        )
    }
    for each in plan.passing:
        end_assignment(each.assignment, ENDED_REMOVED, now)
    for each in plan.moving:
        own = before.get((each.assignment.round, each.assignment.entry_id))
        if own is not None:
            revive(own)
            continue
        db.session.add(
            Assignment(
                round=each.assignment.round,
                entry_id=each.assignment.entry_id,
                judge_id=plan.successor.id,
                kind=each.assignment.kind,
                place=places.randrange(_PLACES),
                assigned_at=now,
            )
        )
    db.session.flush()


def _tell(contest: Contest, plan: Preview, now: datetime) -> None:
    """Tell both: the one that their work has gone to another, the other what came to them, in counts."""
    title = {"vi": contest.rules.title.vi, "en": contest.rules.title.en}
    for person, other, template in (
        (plan.leaver, plan.successor, "handed_over"),
        (plan.successor, plan.leaver, "taken_over"),
    ):
        params: dict[str, Any] = {
            "locale": person.locale,
            "scope": contest.slug,
            "contest": title,
            "role": plan.role,
            "other": other.name,
            "given": len(plan.moving),
        }
        if person.email:
            ask_for_mail(to=person.email, template=template, now=now, **params)
        elif person.phone:
            ask_for_sms(to=person.phone, template=f"{template}_sms", now=now, **params)


def handovers(contest: Contest) -> Sequence[tuple[Handover, str, str]]:
    """What was handed over in a contest, the latest first, with the names of both."""
    leaver, successor = User.__table__.alias(), User.__table__.alias()
    return [
        (row, one, other)
        for row, one, other in db.session.execute(
            select(Handover, leaver.c.name, successor.c.name)
            .join(leaver, leaver.c.id == Handover.from_id)
            .join(successor, successor.c.id == Handover.to_id)
            .where(Handover.contest_id == contest.id)
            .order_by(Handover.id.desc())
        )
    ]
