"""Erasure by rule: what a contest promised to keep no longer than so many months after its results."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text, delete, or_, type_coerce

from contest.audit.services import record
from contest.complaints.personal import forget_senders
from contest.contests.models import Contest
from contest.core.db import db
from contest.core.formats import local
from contest.entries.personal import forget_contacts, forget_dealings, old_drafts, with_contacts
from contest.entries.services import discard_draft
from contest.intake.personal import KEPT, forget_lines, forget_old_bundles
from contest.outbox.models import Message
from contest.privacy.models import RetentionRun
from contest.privacy.rules import BANK, BUNDLES, COMPLAINTS, CONTACTS, VOTER_KEYS, months_after
from contest.results.bank import forget_due
from contest.results.mailings import forget_recipients
from contest.results.models import ResultSet
from contest.results.queries import contests_with_results, on_record
from contest.screening.personal import forget_leaks
from contest.voting.forgetting import forget_voters

_AT_ONCE = 200
_CASE_MAIL = ("complaint_receipt", "complaint_receipt_sms", "complaint_news", "complaint_news_sms")


def run_retention(now: datetime) -> list[str]:
    """Erase what is due in every contest; returns keys of files to delete once this is committed.

    Counted from the instant of the official results. A run that erases nothing leaves no trace, so
    running it twice does nothing twice; at most a few hundred entries in one transaction.
    """
    keys = forget_old_bundles(now)
    if keys:
        _ran(BUNDLES, None, now, bundles=len(keys))
    _forget_answers(now)
    for contest_id, count in forget_due(now).items():
        _ran(BANK, db.session.get_one(Contest, contest_id), now, details=count)
    today = local(now).date()
    for result_set in db.session.scalars(contests_with_results(now)):
        contest, rules = result_set.contest, result_set.contest.rules.privacy
        since = result_set.visible_from or rules_instant(contest)
        if today >= months_after(since, rules.erase_contacts_after_months):
            keys += _contacts(contest, now)
            keys += _complaints(contest, now)
        if today >= months_after(since, rules.erase_voter_keys_after_months) and (gone := forget_voters(contest.id)):
            # A message with a code or a receipt names its voter: while it is kept, the key is not gone.
            _forget_messages(contest, now, "vote_code", "vote_code_sms", "vote_receipt")
            _ran(VOTER_KEYS, contest, now, **gone)
    return keys


def rules_instant(contest: Contest) -> datetime:
    """When the rules say that the official results are public."""
    return contest.rules.official_at


def _contacts(contest: Contest, now: datetime) -> list[str]:
    winners = set(db.session.scalars(on_record(now).where(ResultSet.contest_id == contest.id)))
    entries = with_contacts(contest, winners)[:_AT_ONCE]
    drafts = old_drafts(contest)[:_AT_ONCE]
    if not entries and not drafts:
        return []
    keys = forget_contacts(entries)
    keys += forget_dealings(contest, entries)
    keys += forget_lines([entry.id for entry in entries])
    forget_leaks([entry.id for entry in entries])
    _forget_messages(contest, now)
    forget_recipients(contest)
    for draft in drafts:
        keys += discard_draft(entry=draft, actor=draft.author, now=now)
    _ran(CONTACTS, contest, now, entries=len(entries), drafts=len(drafts))
    return keys


def _complaints(contest: Contest, now: datetime) -> list[str]:
    """Closed cases, as long after the results as contacts; what is still open waits for its answer."""
    gone, keys = forget_senders(contest.id, now)
    if gone:
        _forget_messages(contest, now, *_CASE_MAIL)
        _ran(COMPLAINTS, contest, now, cases=gone)
    return keys


def _forget_answers(now: datetime) -> None:
    """Delete what told people of answers about their data, once it has long been sent: they may be erased since."""
    db.session.execute(
        delete(Message)
        .where(
            Message.template.in_(("data_answer", "data_answer_sms")),
            Message.state != "pending",
            Message.created_at <= now - KEPT,
        )
        .execution_options(synchronize_session=False)
    )


def _forget_messages(contest: Contest, now: datetime, *templates: str) -> None:
    """Delete the messages of a contest: to whom they went is contact data. Only of these templates, if any."""
    of_it = or_(Message.scope == contest.slug, type_coerce(Message.params, Text).contains(f'"slug": "{contest.slug}"'))
    those = [Message.template.in_(templates)] if templates else []
    db.session.execute(
        delete(Message).where(of_it, Message.created_at < now, *those).execution_options(synchronize_session=False)
    )


def _ran(rule: str, contest: Contest | None, now: datetime, **counts: int) -> None:
    db.session.add(RetentionRun(rule=rule, contest_id=contest.id if contest else None, ran_at=now, counts=counts))
    record(
        actor=None,
        verb="privacy.retain",
        object_type="contest" if contest else "site",
        object_id=contest.public_id if contest else "",
        contest_id=contest.id if contest else None,
        now=now,
        rule=rule,
        **counts,
    )
    db.session.flush()
