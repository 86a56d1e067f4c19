"""Records of one person or collective: joined as the same, parted again, or said to be different.

A record belongs to the story it was made for. Joining changes neither: one record stands for the
others (`same_as`), figures count them once, and a hold or a withdrawn consent reaches all of them.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from contest.accounts.models import User
from contest.audit.services import record
from contest.core.db import db
from contest.core.errors import N_, Refused
from contest.exemplars.models import Exemplar, NotTheSame
from contest.exemplars.queries import group_of, said_different
from contest.exemplars.rules import COLLECTIVE, HOUSEHOLD, INDIVIDUAL, MODEL

# Kinds between which a writer may well waver: a farmer or the farmer's household, a team or its way of doing.
_ALIKE = ({INDIVIDUAL, HOUSEHOLD}, {COLLECTIVE, MODEL})


def kinds_may_be_same(one: str, other: str) -> bool:
    """Whether records of these kinds could be about the same: never across clearly different ones."""
    return one == other or any({one, other} <= kinds for kinds in _ALIKE)


def join(*, one: Exemplar, other: Exemplar, contest_id: int, actor: User, now: datetime) -> None:
    """Say that two records are about the same; joined already, nothing changes.

    What is held in one is held in all from now on. Raises Refused for different kinds, and for one
    record given twice.
    """
    if one.id == other.id:
        raise Refused(N_("Choose another record than this one."), code="itself")
    if not kinds_may_be_same(one.kind, other.kind):
        raise Refused(N_("These records are of different kinds, so they cannot be the same."), code="kinds")
    ours, theirs = group_of(one, lock=True), group_of(other, lock=True)
    if other in ours:
        return
    members = sorted([*ours, *theirs], key=lambda each: each.id)
    root, held = members[0], next((each for each in members if each.held_at is not None), None)
    for each in members:
        each.same_as_id = None if each is root else root.id
        if held is not None and each.held_at is None:
            each.hold_reason, each.hold_note = held.hold_reason, held.hold_note
            each.held_at, each.held_by_id = held.held_at, held.held_by_id
    for pair in _between([each.id for each in ours], [each.id for each in theirs]):
        db.session.delete(pair)
    db.session.flush()
    record(
        actor=actor.public_id,
        verb="exemplars.join",
        object_type="exemplar",
        object_id=one.public_id,
        contest_id=contest_id,
        now=now,
        other=other.public_id,
        root=root.public_id,
    )
    db.session.expire(one, ["same_as"])
    db.session.expire(other, ["same_as"])


def part(*, exemplar: Exemplar, contest_id: int, actor: User, now: datetime) -> None:
    """Take a record out of those that it was joined with; alone already, nothing changes. A hold stays on all."""
    others = [each for each in group_of(exemplar, lock=True) if each.id != exemplar.id]
    if not others:
        return
    leave(exemplar)
    record(
        actor=actor.public_id,
        verb="exemplars.part",
        object_type="exemplar",
        object_id=exemplar.public_id,
        contest_id=contest_id,
        now=now,
        others=[each.public_id for each in others],
    )
    db.session.flush()


def leave(exemplar: Exemplar) -> None:
    """Take a record out of its group. When it stood for the others, the eldest of them does from now on."""
    others = [each for each in group_of(exemplar) if each.id != exemplar.id]
    exemplar.same_as_id = None
    db.session.expire(exemplar, ["same_as"])
    if others:
        for each in others:
            each.same_as_id = None if each is others[0] else others[0].id
    db.session.flush()


def say_different(*, one: Exemplar, other: Exemplar, contest_id: int, actor: User, now: datetime) -> None:
    """Say that two records are about different people: they are not suggested again. Raises Refused when joined."""
    if one.id == other.id:
        raise Refused(N_("Choose another record than this one."), code="itself")
    if other in group_of(one):
        raise Refused(N_("These records are joined. Part them first."), code="joined")
    pair = (min(one.id, other.id), max(one.id, other.id))
    if pair in said_different([one.id]):
        return
    db.session.add(NotTheSame(one_id=pair[0], other_id=pair[1], said_by_id=actor.id, said_at=now))
    record(
        actor=actor.public_id,
        verb="exemplars.say_different",
        object_type="exemplar",
        object_id=one.public_id,
        contest_id=contest_id,
        now=now,
        other=other.public_id,
    )
    db.session.flush()


def _between(ours: list[int], theirs: list[int]) -> list[NotTheSame]:
    found = db.session.scalars(
        select(NotTheSame).where(NotTheSame.one_id.in_(ours + theirs), NotTheSame.other_id.in_(ours + theirs))
    )
    return [pair for pair in found if (pair.one_id in ours) != (pair.other_id in ours)]
