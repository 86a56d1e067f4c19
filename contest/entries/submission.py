"""Submitting, and withdrawing what was submitted."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from contest.accounts.models import User
from contest.core.db import db
from contest.core.errors import N_, Conflict, NotFound, Refused
from contest.entries import receipts
from contest.entries.checks import missing
from contest.entries.drafting import (
    content_digest,
    discard_draft,
    require_window,
    today_of,
)
from contest.entries.eligibility import (
    require_group_not_barred,
    require_not_barred,
    require_place,
    wait_for_authors,
)
from contest.entries.models import Entry, Receipt
from contest.entries.moves import move, tell_author
from contest.entries.paper import helped_details, require_paper_window, typed_anew
from contest.entries.passes import usable_pass, use_pass
from contest.entries.press import publication_of
from contest.entries.queries import find_own_entry, find_receipt_of_draft, replacing_draft
from contest.entries.receipts import give_receipt
from contest.entries.replacing import carry_over, require_replaceable
from contest.entries.rules import (
    COMPLETION_REQUESTED,
    DECLARATION_VERSION,
    DRAFT,
    PAPER,
    SUBMITTED,
    WITHDRAWABLE,
    WITHDRAWN,
    declarations_for,
)
from contest.exemplars.services import set_verification_aside


class Submitted(NamedTuple):
    """What submitting gave: the receipt, and keys of files that may no longer be needed."""

    receipt: Receipt
    loose_files: list[str]


def submit(*, draft_id: str, actor: User, now: datetime, digest: str, declared: Collection[str]) -> Submitted:
    """Submit a draft that `actor` writes or helps with; the row that this writes before the close is the receipt.

    `draft_id` is the draft's public id, `digest` the `content_digest` of the page that was
    checked, `declared` the names of the declarations that were ticked. The same draft sent again
    gives the same receipt. Raises NotFound; Refused after the close, with something missing,
    undeclared, barred or past the limit; Conflict when the draft changed since it was checked.
    """
    draft = find_own_entry(draft_id, actor.id, lock=True)
    # Asked only now: a second press waits at the lock above and then finds the first one's receipt.
    done = find_receipt_of_draft(draft_id, actor.id)
    if done is not None:
        return Submitted(done, [])
    if draft is None:
        raise NotFound(draft_id)
    if draft.state != DRAFT:
        raise Conflict(N_("This entry has already been submitted."), code="submitted")
    contest = draft.contest
    category = contest.rules.category(draft.category)
    original, leave = None, None
    if draft.replaces_id is not None:
        original = db.session.get(Entry, draft.replaces_id, with_for_update=True)
    # An officer of a unit may send it in for somebody whom the unit helps.
    author = draft.author
    if original is not None:
        require_replaceable(original, now)
    elif draft.source == PAPER:
        require_paper_window(draft, now)
    elif not contest.rules.is_open("submission", now):
        # Locked, so that of two drafts sent at once one alone uses it.
        leave = usable_pass(contest, author.id, now, lock=True)
        if leave is None:
            require_window(contest, now)
    # Two drafts of one author must not both pass the count, nor one while a role is being taken.
    wait_for_authors(draft)
    require_not_barred(contest, author, draft.author_name)
    require_group_not_barred(draft)
    checked_under, current = digest.partition("-")[0], content_digest(draft)
    if checked_under.isdecimal() and checked_under != current.partition("-")[0]:
        raise Conflict(
            N_("The rules of the contest have changed since you checked. Please see what changed, then submit."),
            code="rules_changed",
        )
    if digest != current:
        raise Conflict(
            N_("The entry has changed since you checked it. Please look at it once more, then submit."),
            code="changed",
        )
    lacking = missing(draft, today_of(now))
    if lacking:
        raise Refused(lacking[0].message, code="incomplete", **lacking[0].params)
    needed = declarations_of(draft)
    if not set(needed) <= set(declared):
        raise Refused(N_("Please agree to each declaration before you submit."), code="declarations")
    require_place(draft, category, original)
    if leave is not None:
        use_pass(leave=leave, entry=draft, actor=actor, now=now)
    return _record(draft, original, needed, actor, now)


def declarations_of(entry: Entry) -> dict[str, str]:
    """The declarations that submitting `entry` as it stands needs, with their wordings."""
    rules = entry.contest.rules
    return declarations_for(
        publication=publication_of(entry, rules.category(entry.category)),
        required=rules.entry_rules.required_fields,
        group=bool(entry.coauthors),
    )


def _record(
    draft: Entry, original: Entry | None, declarations: Collection[str], actor: User, now: datetime
) -> Submitted:
    draft_id, loose = draft.public_id, list[str]()
    if original is None:
        entry = draft
    else:
        entry = original
        loose = carry_over(draft=draft, entry=original)
        # What the unit verified, and the exemplar agreed to, was what the entry said before.
        set_verification_aside(contest_id=entry.contest_id, exemplar=entry.exemplar, actor=actor, now=now)
    version = entry.contest.current_version
    if version is None:
        raise RuntimeError(f"{entry.contest.slug} has no rule set")
    again = entry.state == COMPLETION_REQUESTED
    entry.declarations = dict.fromkeys(declarations, DECLARATION_VERSION)
    entry.submitted_at = now
    entry.updated_at = now
    entry.rules_version = version
    entry.completion_due = None
    entry.reason = None
    receipt = give_receipt(entry=entry, kind=receipts.SUBMITTED, version=version, now=now, draft_id=draft_id)
    typed_anew(entry, actor, now)
    move(
        entry=entry,
        state=SUBMITTED,
        verb="submit",
        actor=actor,
        now=now,
        receipt=receipt.code,
        number=receipt.number,
        text_sha256=receipt.text_sha256,
        rules_version=version.number,
        completed=again,
        **helped_details(entry),
    )
    tell_author(
        entry=entry,
        template="entry_receipt",
        now=now,
        code=receipt.code,
        number=receipt.number,
        at=now.isoformat(),
        words=receipt.word_count,
        sha256=receipt.text_sha256,
    )
    db.session.flush()
    return Submitted(receipt, loose)


def may_withdraw(entry: Entry, now: datetime) -> bool:
    """Whether its author may withdraw it: submitted, and the judges have not begun."""
    rules = entry.contest.rules
    return entry.state in WITHDRAWABLE and not rules.has_begun(rules.rounds[0].id, now)


def withdraw(*, entry: Entry, actor: User, now: datetime) -> list[str]:
    """Withdraw an entry at its author's wish, with a receipt; returns keys of files that may no longer be needed.

    Withdrawn twice, it is withdrawn once. Raises Refused once the judges have begun.
    """
    if entry.state == WITHDRAWN:
        return []
    if entry.state in WITHDRAWABLE and not may_withdraw(entry, now):
        raise Refused(
            N_(
                "The judges have begun to read, so the entry can no longer be withdrawn here."
                " Please call the secretariat."
            ),
            code="judging_begun",
        )
    version = entry.contest.current_version
    if version is None:
        raise RuntimeError(f"{entry.contest.slug} has no rule set")
    receipt = give_receipt(entry=entry, kind=receipts.WITHDRAWN, version=version, now=now)
    move(entry=entry, state=WITHDRAWN, verb="withdraw", actor=actor, now=now, receipt=receipt.code)
    entry.updated_at = now
    loose: list[str] = []
    draft = replacing_draft(entry.id)
    if draft is not None:
        loose = discard_draft(entry=draft, actor=actor, now=now)
    tell_author(entry=entry, template="entry_withdrawn", now=now, at=now.isoformat(), code=receipt.code)
    db.session.flush()
    return loose
