"""What every act on results begins with: who may, what it waits for, what it must not touch."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.models import Contest
from contest.contests.queries import roles_of
from contest.contests.rules import ORGANISER
from contest.core.db import db
from contest.core.errors import N_, Conflict, Refused
from contest.outbox.services import call_off
from contest.results.models import ResultSet
from contest.results.queries import find_standing, is_announced

AWARD_MAIL, AWARD_SMS = "results_award", "results_award_sms"


def begin(contest: Contest, actor: User, now: datetime) -> None:
    """Check that `actor` is an organiser and wait for the contest, so that acts come one after the other.

    Raises Refused for anyone else, Conflict once the official results are public: nothing about
    them changes silently.
    """
    if ORGANISER not in roles_of(contest.id, actor.id):
        raise Refused(N_("Only an organiser can do this."), code="not_organiser")
    wait_for(contest)
    if is_announced(contest.id, now):
        raise Conflict(N_("The results are public and are no longer changed here."), code="already_public")


def wait_for(contest: Contest) -> None:
    """Hold the contest, so that acts on its results come one after the other."""
    # FOR NO KEY UPDATE on PostgreSQL, as judging holds it; SQLite has one writer at a time anyway.
    db.session.execute(select(Contest.id).where(Contest.id == contest.id).with_for_update(key_share=True))


def get_prepared(contest: Contest) -> ResultSet:
    """The result set that stands. Raises Refused when none was computed."""
    found = find_standing(contest.id)
    if found is None:
        raise Refused(N_("Compute the results first."), code="nothing_computed")
    return found


def clear_approvals(result_set: ResultSet) -> None:
    """Take back approvals, and the messages that wait for the announcement with them."""
    result_set.first_approver = result_set.second_approver = None
    result_set.first_approver_id = result_set.second_approver_id = None
    result_set.first_approved_at = result_set.second_approved_at = result_set.visible_from = None
    for template in (AWARD_MAIL, AWARD_SMS):
        call_off(template=template, result_set=result_set.id)


def note(contest: Contest, verb: str, actor: User, now: datetime, **details: Any) -> None:
    """The audit line of an act on the results of a contest."""
    record(
        actor=actor.public_id,
        verb=f"results.{verb}",
        object_type="contest",
        object_id=contest.public_id,
        contest_id=contest.id,
        now=now,
        **details,
    )
