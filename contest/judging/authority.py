"""What every act of the head of jury begins with: who acts, and on an entry that takes part."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.models import Contest, RoleGrant
from contest.contests.rules import CHAIR
from contest.core.db import db
from contest.core.errors import N_, Refused
from contest.core.text import clean_text
from contest.entries.models import Entry
from contest.judging.rounds import EntryState, entry_state


def check_chair(contest: Contest, actor: User) -> None:
    """Raises Refused for anyone but the head of jury."""
    query = select(RoleGrant.id).where(
        RoleGrant.contest_id == contest.id,
        RoleGrant.user_id == actor.id,
        RoleGrant.role == CHAIR,
        RoleGrant.ended_at.is_(None),
    )
    if db.session.scalar(query) is None:
        raise Refused(N_("Only the head of jury can do this."), code="not_chair")


def taking_part(entry: Entry, round_id: str) -> EntryState:
    """The entry's state in a round. Raises Refused when it does not take part."""
    state = entry_state(entry, round_id)
    if state is None:
        raise Refused(N_("This entry does not take part in the round."), code="not_in_round")
    return state


def needed(reason: str | None) -> str:
    """A reason as it is kept. Raises Refused without one."""
    reason = clean_text(reason or "")
    if not reason:
        raise Refused(N_("Say why."), code="reason_missing")
    return reason


def record_on_entry(entry: Entry, round_id: str, verb: str, actor: User, now: datetime, **details: object) -> None:
    """An audit row for an act on an entry of a round."""
    record(
        actor=actor.public_id,
        verb=verb,
        object_type="entry",
        object_id=entry.public_id,
        contest_id=entry.contest_id,
        now=now,
        round=round_id,
        **details,
    )
