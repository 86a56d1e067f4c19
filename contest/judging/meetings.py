"""Meetings of the final council: when and where, who was there or why not, and what was said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.models import Contest, RoleGrant
from contest.contests.queries import standing_grants
from contest.contests.rules import CHAIR, SECRETARY
from contest.core.db import db
from contest.core.errors import N_, Conflict, NotFound, Refused
from contest.core.text import clean_line, clean_text, name_sort_key
from contest.judging.models import PanelSeat
from contest.judging.models_council import CouncilAttendance, CouncilMeeting
from contest.judging.panels import appointed

MEMBER = "member"
CAPACITIES = (CHAIR, MEMBER, SECRETARY)
# Those who vote: a secretary of the council keeps its minutes.
VOTING = (CHAIR, MEMBER)
LONGEST_NOTES = 20_000


def council_of(contest: Contest) -> list[tuple[User, str]]:
    """The council: head of jury, the final round's panels, secretaries; each with a capacity, in that order."""
    last = contest.rules.last_round.id
    roles = db.session.execute(
        standing_grants(contest.id)
        .where(RoleGrant.role.in_((CHAIR, SECRETARY)))
        .with_only_columns(RoleGrant.user_id, RoleGrant.role)
    ).all()
    seated = db.session.scalars(
        select(PanelSeat.judge_id).where(
            PanelSeat.contest_id == contest.id,
            PanelSeat.round == last,
            PanelSeat.ended_at.is_(None),
            PanelSeat.judge_id.in_(appointed(contest.id)),
        )
    )
    capacity: dict[int, str] = {}
    for user_id, role in roles:
        if role == SECRETARY:
            capacity[user_id] = SECRETARY
    for user_id in seated:
        capacity[user_id] = MEMBER
    for user_id, role in roles:
        if role == CHAIR:
            capacity[user_id] = CHAIR
    people = db.session.scalars(select(User).where(User.id.in_(capacity))).all()
    return sorted(
        ((person, capacity[person.id]) for person in people),
        key=lambda pair: (CAPACITIES.index(pair[1]), name_sort_key(pair[0].name), pair[0].id),
    )


def check_keeper(contest: Contest, actor: User) -> None:
    """Raises Refused for anyone but the head of jury and the secretaries, who keep the council's record."""
    query = standing_grants(contest.id).where(RoleGrant.user_id == actor.id, RoleGrant.role.in_((CHAIR, SECRETARY)))
    if db.session.scalar(query.with_only_columns(RoleGrant.id)) is None:
        raise Refused(N_("Only the head of jury and the secretary keep the council's record."), code="not_keeper")


def open_meeting(*, contest: Contest, held_at: datetime, place: str, actor: User, now: datetime) -> CouncilMeeting:
    """Begin the record of a meeting. Everybody on the council stands on it, absent until said to be present.

    Raises Refused: no place, nobody on the council, another meeting is still open.
    """
    check_keeper(contest, actor)
    _hold(contest)
    place = clean_line(place)
    if not place:
        raise Refused(N_("Say where the council meets."), code="place_missing")
    if any(meeting.closed_at is None for meeting in meetings_of(contest)):
        raise Refused(N_("There is a meeting that is not closed yet."), code="meeting_open")
    council = council_of(contest)
    if not council:
        raise Refused(N_("Nobody sits in a panel of the final round yet."), code="council_empty")
    meeting = CouncilMeeting(contest_id=contest.id, held_at=held_at, place=place, opened_by_id=actor.id, opened_at=now)
    meeting.attendance = [
        CouncilAttendance(user_id=person.id, capacity=capacity, present=False) for person, capacity in council
    ]
    db.session.add(meeting)
    db.session.flush()
    _record(contest, meeting, "judging.open_meeting", actor, now, held_at=held_at.isoformat())
    return meeting


def _hold(contest: Contest) -> None:
    """Two who begin a meeting at once: the second sees the first."""
    db.session.execute(select(Contest.id).where(Contest.id == contest.id).with_for_update(key_share=True))


def hold_meeting(meeting: CouncilMeeting) -> CouncilMeeting:
    """The meeting as it stands now, held until the transaction ends."""
    return db.session.scalars(
        select(CouncilMeeting)
        .where(CouncilMeeting.id == meeting.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _open(meeting: CouncilMeeting, contest: Contest, actor: User) -> CouncilMeeting:
    check_keeper(contest, actor)
    held = hold_meeting(meeting)
    if held.closed_at is not None:
        raise Conflict(N_("This meeting was closed at %(at)s."), code="meeting_closed", at=held.closed_at)
    return held


def _check_version(meeting: CouncilMeeting, version: int) -> None:
    if meeting.version != version:
        raise Conflict(
            N_("Somebody has changed the record of the meeting meanwhile. Your text is below; please look at both."),
            code="meeting_changed",
        )


class Presence(NamedTuple):
    """Whether a member is there; `note` says why not."""

    present: bool
    note: str = ""


def note_attendance(
    *,
    meeting: CouncilMeeting,
    contest: Contest,
    presence: Mapping[str, Presence],
    version: int,
    actor: User,
    now: datetime,
) -> CouncilMeeting:
    """Record who is present, and why somebody is absent; by public id, all of them at once.

    Not while a ballot is open: who may vote does not change under it. Raises Refused, Conflict.
    """
    held = _open(meeting, contest, actor)
    _check_version(held, version)
    if any(question.closed_at is None for question in held.questions):
        raise Refused(N_("A ballot is open: close it first."), code="ballot_open")
    for row in held.attendance:
        said = presence.get(row.user.public_id, Presence(present=False))
        note = clean_line(said.note)
        if not said.present and not note:
            raise Refused(N_("Say why %(name)s is absent."), code="absence_unexplained", name=row.user.name)
        row.present, row.note = said.present, "" if said.present else note
    held.version += 1
    _record(
        contest,
        held,
        "judging.note_attendance",
        actor,
        now,
        present=sorted(row.user.public_id for row in held.attendance if row.present),
    )
    db.session.flush()
    return held


def save_notes(
    *, meeting: CouncilMeeting, contest: Contest, notes: str, version: int, actor: User, now: datetime
) -> CouncilMeeting:
    """Keep what was said. Raises Conflict when somebody else saved since `version`, Refused when too long."""
    held = _open(meeting, contest, actor)
    _check_version(held, version)
    notes = clean_text(notes)
    if len(notes) > LONGEST_NOTES:
        raise Refused(N_("Notes have at most %(most)s characters."), code="notes_too_long", most=LONGEST_NOTES)
    held.notes = notes
    held.version += 1
    _record(contest, held, "judging.meeting_notes", actor, now, characters=len(notes))
    db.session.flush()
    return held


def close_meeting(*, meeting: CouncilMeeting, contest: Contest, actor: User, now: datetime) -> CouncilMeeting:
    """End the record of a meeting; done twice, it is done once. Raises Refused: a ballot is open, nobody was there."""
    check_keeper(contest, actor)
    held = hold_meeting(meeting)
    if held.closed_at is not None:
        return held
    if any(question.closed_at is None for question in held.questions):
        raise Refused(N_("A ballot is open: close it first."), code="ballot_open")
    if not any(row.present for row in held.attendance):
        raise Refused(N_("Record first who was present."), code="attendance_missing")
    held.closed_at = now
    _record(contest, held, "judging.close_meeting", actor, now)
    db.session.flush()
    return held


def _record(
    contest: Contest, meeting: CouncilMeeting, verb: str, actor: User, now: datetime, **details: object
) -> None:
    record(
        actor=actor.public_id,
        verb=verb,
        object_type="meeting",
        object_id=meeting.public_id,
        contest_id=contest.id,
        now=now,
        **details,
    )


# Finding


def meetings_of(contest: Contest) -> Sequence[CouncilMeeting]:
    """The council's meetings, the latest first, with attendance and ballots loaded."""
    return db.session.scalars(
        select(CouncilMeeting)
        .where(CouncilMeeting.contest_id == contest.id)
        .options(
            selectinload(CouncilMeeting.attendance).selectinload(CouncilAttendance.user),
            selectinload(CouncilMeeting.questions),
        )
        .order_by(CouncilMeeting.held_at.desc(), CouncilMeeting.id.desc())
    ).all()


def get_meeting(contest: Contest, public_id: str) -> CouncilMeeting:
    """The meeting with this id. Raises NotFound."""
    found = None
    if public_id.isalnum():
        found = db.session.scalar(
            select(CouncilMeeting).where(CouncilMeeting.contest_id == contest.id, CouncilMeeting.public_id == public_id)
        )
    if found is None:
        raise NotFound(public_id)
    return found
