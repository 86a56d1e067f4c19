"""Figures that pages across rooms show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from contest.complaints.queries import counts as complaint_counts
from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_
from contest.core.formats import VIET_NAM
from contest.editions.queries import count_unapproved
from contest.entries.models import Advancement, Entry
from contest.entries.queries import counts_by_state, eligible_to_advance
from contest.exemplars.models import Verification
from contest.judging.models import Assignment, Sheet

# How long before readers get the texts an organiser is reminded of those that nobody has approved.
EDITIONS_SOON = timedelta(days=10)


@dataclass(frozen=True, slots=True)
class Risk:
    """Something an organiser should look at: how grave, what, how many, where to go."""

    kind: str  # bad | warn
    message: str
    count: int
    endpoint: str
    params: Mapping[str, Any] = field(default_factory=dict)


def funnel(contest: Contest) -> Sequence[tuple[str, int]]:
    """From submitted to finalist: how many entries came how far."""
    states = counts_by_state(contest.id)
    sent = sum(number for state, number in states.items() if state != "draft")
    accepted = states.get("accepted", 0)
    verified = db.session.scalar(select(func.count()).select_from(eligible_to_advance(contest.id).subquery()))
    finalists = db.session.scalar(
        select(func.count(Advancement.id))
        .join(Entry, Advancement.entry_id == Entry.id)
        .where(Entry.contest_id == contest.id, Advancement.fell_out_at.is_(None))
    )
    return [
        (N_("Submitted"), sent),
        (N_("Accepted"), accepted),
        (N_("Verified, with consent"), verified or 0),
        (N_("Finalists"), finalists or 0),
    ]


def sheets_progress(contest: Contest) -> Mapping[str, tuple[int, int]]:
    """For each round that has begun: how many sheets are final, out of how many assigned."""
    rows = db.session.execute(
        select(Assignment.round, func.count(Assignment.id), func.count(Sheet.id).filter(Sheet.state == "final"))
        .join(Entry, Assignment.entry_id == Entry.id)
        .outerjoin(Sheet, Sheet.assignment_id == Assignment.id)
        .where(Entry.contest_id == contest.id, Assignment.standing)
        .group_by(Assignment.round)
    )
    return {round_id: (final, assigned) for round_id, assigned, final in rows}


def risks(contest: Contest, now: datetime) -> list[Risk]:
    """What is late or about to be, the gravest first."""
    rules = contest.rules
    found: list[Risk] = []
    today = now.astimezone(VIET_NAM).date()
    late = db.session.scalar(
        select(func.count(Verification.id)).where(
            Verification.contest_id == contest.id,
            Verification.superseded_at.is_(None),
            Verification.outcome.is_(None),
            Verification.due_on < today,
        )
    )
    if late:
        found.append(Risk("bad", N_("Verifications are past their last day"), late, "desk.exemplars"))
    states = counts_by_state(contest.id)
    waiting = states.get("submitted", 0) + states.get("received", 0)
    screening = rules.window("screening")
    if waiting and screening and now >= screening.opens:
        found.append(
            Risk(
                "bad" if now >= screening.closes else "warn",
                N_("Entries wait for the secretariat's decision"),
                waiting,
                "screening.desk",
            )
        )
    progress = sheets_progress(contest)
    for each in rules.rounds:
        window = rules.window(each.id)
        final, assigned = progress.get(each.id, (0, 0))
        if window and now >= window.opens and assigned > final:
            kind = "bad" if now >= window.closes else "warn"
            found.append(Risk(kind, N_("Score sheets are not final yet"), assigned - final, "judging.chair"))
    cases = complaint_counts(contest.id, today)
    if cases.late:
        found.append(Risk("bad", N_("Remarks and complaints are past their day"), cases.late, "complaints.desk"))
    elif cases.unowned:
        found.append(Risk("warn", N_("Remarks and complaints have no owner yet"), cases.unowned, "complaints.desk"))
    vote = rules.window("voting")
    opening = vote.opens if vote else rules.results_at
    unapproved = count_unapproved(contest.id) if now >= opening - EDITIONS_SOON else 0
    if unapproved:
        # From the opening on their codes stand on the ballot alone; before it there is time left.
        kind = "bad" if now >= opening else "warn"
        words = N_("Finalists have no approved text for readers; texts open at %(at)s")
        found.append(Risk(kind, words, unapproved, "editions.desk", {"at": opening}))
    return sorted(found, key=lambda risk: risk.kind)
