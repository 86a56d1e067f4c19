"""Erasure by rule: what a contest promised to keep no longer than so many months after its results."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from contest.audit.services import record
from contest.contests.models import Contest
from contest.core.db import db
from contest.core.formats import local
from contest.entries.personal import forget_contacts, old_drafts, with_contacts
from contest.entries.services import discard_draft
from contest.privacy.models import RetentionRun
from contest.privacy.rules import CONTACTS, VOTER_KEYS, months_after
from contest.results.models import Award
from contest.results.queries import contests_with_results
from contest.voting.identity import forget_key

_AT_ONCE = 200


def run_retention(now: datetime) -> list[str]:
    """Erase what is due in every contest; returns keys of files to delete once this is committed.

    Counted from the instant of the official results. A run that erases nothing leaves no trace, so
    running it twice does nothing twice; at most a few hundred entries in one transaction.
    """
    keys: list[str] = []
    today = local(now).date()
    for result_set in db.session.scalars(contests_with_results(now)):
        contest, rules = result_set.contest, result_set.contest.rules.privacy
        since = result_set.visible_from or rules_instant(contest)
        if today >= months_after(since, rules.erase_contacts_after_months):
            keys += _contacts(contest, now)
        if today >= months_after(since, rules.erase_voter_keys_after_months) and forget_key(contest.id):
            _ran(VOTER_KEYS, contest, now, keys=1)
    return keys


def rules_instant(contest: Contest) -> datetime:
    """When the rules say that the official results are public."""
    return contest.rules.official_at


def _contacts(contest: Contest, now: datetime) -> list[str]:
    winners = set(db.session.scalars(select(Award.entry_id).join(Award.result_set).filter_by(contest_id=contest.id)))
    entries = with_contacts(contest, winners)[:_AT_ONCE]
    drafts = old_drafts(contest)[:_AT_ONCE]
    if not entries and not drafts:
        return []
    keys = forget_contacts(entries)
    for draft in drafts:
        keys += discard_draft(entry=draft, actor=draft.author, now=now)
    _ran(CONTACTS, contest, now, entries=len(entries), drafts=len(drafts))
    return keys


def _ran(rule: str, contest: Contest, now: datetime, **counts: int) -> None:
    db.session.add(RetentionRun(rule=rule, contest_id=contest.id, ran_at=now, counts=counts))
    record(
        actor=None,
        verb="privacy.retain",
        object_type="contest",
        object_id=contest.public_id,
        contest_id=contest.id,
        now=now,
        rule=rule,
        **counts,
    )
    db.session.flush()
