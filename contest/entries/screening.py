"""The secretariat's verbs: receive, ask to complete, accept, refuse, hide a name, ask the units.

When each may be done is written in docs/decisions: receiving and asking from the first submission,
accepting until the shortlist, refusing until results are public.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.core.db import db, new_code
from contest.core.errors import N_, Refused
from contest.core.text import clean_line, clean_text
from contest.entries.checks import find_phrase
from contest.entries.models import Advancement, Entry
from contest.entries.moves import audit, move, tell_author
from contest.entries.paper import is_compared, require_compared
from contest.entries.queries import advancement_of, is_eligible_to_advance
from contest.entries.rules import (
    ACCEPTED,
    COMPLETION_REQUESTED,
    RECEIVED,
    REFUSED,
    SUBMITTED,
)
from contest.exemplars.models import Verification
from contest.exemplars.queries import standing_verifications
from contest.exemplars.services import Subject, request_verifications

CODE_LENGTH = 4
COMPLETION_LONGEST = timedelta(days=31)
_REDACTIONS_MAX = 50


def _before_shortlist(contest: Contest, now: datetime) -> None:
    if contest.rules.has_begun("shortlist", now):
        raise Refused(
            N_("The shortlist has been published: entries can no longer be admitted or sent back."),
            code="shortlist_out",
        )


def _before_results(contest: Contest, now: datetime) -> None:
    # While provisional results are posted, a sustained objection may still make an entry fall out.
    if contest.rules.official_at <= now:
        raise Refused(
            N_("The results are public. What was awarded can only be revoked, with a decision."),
            code="results_out",
        )


def _needed(reason: str) -> str:
    text = clean_text(reason)
    if not text:
        raise Refused(N_("Please give a reason: the author will read it."), code="reason")
    return text


def receive(*, entry: Entry, actor: User, now: datetime) -> None:
    """Acknowledge a submitted entry; done twice, it is done once. Raises Conflict."""
    if entry.state == RECEIVED:
        return
    move(entry=entry, state=RECEIVED, verb="receive", actor=actor, now=now, origin=SUBMITTED)
    entry.updated_at = now
    tell_author(entry=entry, template="entry_received", now=now)
    db.session.flush()


def accept(*, entry: Entry, actor: User, now: datetime) -> str:
    """Admit an entry as valid and give it its blind code (số phách), which is returned.

    The code is random, unique in the contest, never derived from an order. Accepted twice, it
    keeps its code. Raises Refused after the shortlist, Conflict in another state.
    """
    if entry.state == ACCEPTED and entry.blind_code:
        return entry.blind_code
    _before_shortlist(entry.contest, now)
    require_compared(entry)
    move(entry=entry, state=ACCEPTED, verb="accept", actor=actor, now=now)
    # The contest's row is the lock under which a free code is found and taken.
    db.session.execute(select(Contest.id).where(Contest.id == entry.contest_id).with_for_update(key_share=True))
    taken = set(db.session.scalars(select(Entry.blind_code).where(Entry.contest_id == entry.contest_id)))
    code = entry.blind_code or new_code(CODE_LENGTH)
    while entry.blind_code is None and code in taken:
        code = new_code(CODE_LENGTH)
    entry.blind_code = code
    _decide(entry, actor, now)
    entry.reason = None
    tell_author(entry=entry, template="entry_accepted", now=now)
    db.session.flush()
    return code


def refuse(*, entry: Entry, reason: str, actor: User, now: datetime) -> None:
    """Refuse an entry for a breach of the rules. A finalist falls out with it.

    Raises Refused without a reason or once results are public, Conflict in another state.
    """
    _before_results(entry.contest, now)
    reason = _needed(reason)
    move(entry=entry, state=REFUSED, verb="refuse", actor=actor, now=now, reason=reason)
    _decide(entry, actor, now)
    entry.reason = reason
    advancement = advancement_of(entry.id)
    if advancement is not None and advancement.fell_out_at is None:
        advancement.fell_out_at = now
    tell_author(entry=entry, template="entry_refused", now=now, reason=reason)
    db.session.flush()


def reconsider(*, entry: Entry, reason: str, actor: User, now: datetime, tell: bool = True) -> None:
    """Take back a refusal made in error: the entry is received again. Raises Refused, Conflict.

    `tell`: whether the author gets the usual message, where no other says the same.
    """
    _before_shortlist(entry.contest, now)
    reason = _needed(reason)
    move(entry=entry, state=RECEIVED, verb="reconsider", actor=actor, now=now, origin=REFUSED, reason=reason)
    _decide(entry, actor, now)
    entry.reason = None
    if tell:
        tell_author(entry=entry, template="entry_received", now=now)
    db.session.flush()


def request_completion(*, entry: Entry, reason: str, due: datetime, actor: User, now: datetime) -> None:
    """Ask the author to complete an entry by `due`, also after the close of submission.

    What was submitted stands until the author submits again. Raises Refused, Conflict.
    """
    _before_shortlist(entry.contest, now)
    if entry.blind_code is not None and entry.contest.rules.has_begun(entry.contest.rules.rounds[0].id, now):
        # It was valid before, so judges may have marked it: their marks are for the text that they read.
        raise Refused(
            N_("The judges have begun to read this entry, so its text can no longer change."), code="judging_begun"
        )
    reason = _needed(reason)
    shortlist = entry.contest.rules.instant("shortlist")
    latest = now + COMPLETION_LONGEST if shortlist is None else min(shortlist, now + COMPLETION_LONGEST)
    if not now < due <= latest:
        raise Refused(N_("Choose a time limit between now and %(at)s."), code="due", at=latest)
    move(
        entry=entry,
        state=COMPLETION_REQUESTED,
        verb="request_completion",
        actor=actor,
        now=now,
        reason=reason,
        due=due.isoformat(),
    )
    _decide(entry, actor, now)
    entry.reason = reason
    entry.completion_due = due
    tell_author(entry=entry, template="entry_completion", now=now, reason=reason, due=due.isoformat())
    db.session.flush()


def _decide(entry: Entry, actor: User, now: datetime) -> None:
    entry.decided_at = now
    entry.decided_by_id = actor.id
    entry.updated_at = now
    entry.completion_due = None


def redact(*, entry: Entry, phrase: str, actor: User, now: datetime) -> None:
    """Leave a phrase out of the judges' rendering; the text itself is not changed.

    Raises Refused when the text, title or captions do not hold it.
    """
    phrase = clean_line(phrase)
    texts = [
        entry.title,
        entry.body,
        *(photo.caption for photo in entry.photos),
        *(photo.alt for photo in entry.photos),
    ]
    if not phrase or not any(find_phrase(text, phrase, exact=True) for text in texts):
        raise Refused(N_("The entry does not hold these words."), code="no_phrase")
    hidden: list[str] = list(entry.redactions or [])
    if phrase in hidden:
        return
    if len(hidden) >= _REDACTIONS_MAX:
        raise Refused(N_("Too many words are hidden already."), code="too_many")
    entry.redactions = [*hidden, phrase]
    # The phrase is personal data; the audit row only says how many are hidden now.
    audit(entry=entry, verb="redact", actor=actor, now=now, hidden=len(hidden) + 1)
    db.session.flush()


def unredact(*, entry: Entry, phrase: str, actor: User, now: datetime) -> None:
    """Show a hidden phrase to the judges again."""
    hidden: list[str] = list(entry.redactions or [])
    if phrase not in hidden:
        return
    entry.redactions = [each for each in hidden if each != phrase]
    audit(entry=entry, verb="unredact", actor=actor, now=now, hidden=len(hidden) - 1)
    db.session.flush()


# Many at once


def receive_all(*, entries: Iterable[Entry], actor: User, now: datetime) -> int:
    """Receive those that were submitted; returns how many. Others are passed over."""
    chosen = [entry for entry in entries if entry.state == SUBMITTED]
    for entry in chosen:
        receive(entry=entry, actor=actor, now=now)
    return len(chosen)


def accept_all(*, entries: Iterable[Entry], actor: User, now: datetime) -> int:
    """Accept those that were received; returns how many. Others are passed over. Raises Refused.

    Passed over are also entries typed from paper that nobody has compared yet.
    """
    chosen = [entry for entry in entries if entry.state == RECEIVED and is_compared(entry)]
    for entry in chosen:
        accept(entry=entry, actor=actor, now=now)
    return len(chosen)


def ask_units(
    *, contest: Contest, entries: Iterable[Entry], actor: User | None, now: datetime, again: bool = False
) -> list[Verification]:
    """Ask the units of the exemplars of valid entries to verify them.

    Entries that are not valid, were asked about already (unless `again`) or name no unit are
    passed over. Due in as many working days as the rules say.
    """
    asked = {} if again else standing_verifications(contest.id)
    subjects = [
        Subject(exemplar=entry.exemplar, title=entry.title, story=entry.body)
        for entry in entries
        if entry.state == ACCEPTED and entry.exemplar.unit_id is not None and entry.exemplar_id not in asked
    ]
    return request_verifications(
        contest_id=contest.id,
        subjects=subjects,
        working_days=contest.rules.verification.deadline_working_days,
        actor=actor,
        now=now,
        again=again,
        scope=contest.slug,
    )


# The final round


def advance(*, entry: Entry, actor: User | None, now: datetime, unverified: bool = False) -> Advancement:
    """Send a valid entry on to the final round; judging calls this when it closes a round.

    Done twice, it is done once. Raises Refused unless its exemplar is verified and consenting, or
    when it has fallen out before. `unverified`: the head of jury let it pass, by name and with a reason;
    readers do not see it, and it gets no award, before it is verified.
    """
    advancement = advancement_of(entry.id)
    if advancement is not None:
        if advancement.fell_out_at is not None:
            raise Refused(N_("Entry %(entry)s has left the final round."), code="fell_out", entry=entry.blind_code)
        return advancement
    if not unverified and not is_eligible_to_advance(entry):
        raise Refused(
            N_("Entry %(entry)s cannot advance: its exemplar must be verified and agree."),
            code="not_eligible",
            entry=entry.blind_code,
        )
    advancement = Advancement(entry=entry, at=now)
    db.session.add(advancement)
    audit(entry=entry, verb="advance", actor=actor, now=now)
    db.session.flush()
    return advancement


def fall_out(*, entry: Entry, reason: str, actor: User | None, now: datetime) -> Advancement:
    """Take a finalist out of the final round; nobody moves up. Raises Refused without a reason."""
    advancement = advancement_of(entry.id)
    if advancement is None:
        raise Refused(N_("Entry %(entry)s is not in the final round."), code="not_finalist", entry=entry.blind_code)
    reason = _needed(reason)
    if advancement.fell_out_at is None:
        advancement.fell_out_at = now
        audit(entry=entry, verb="fall_out", actor=actor, now=now, reason=reason)
        db.session.flush()
    return advancement


def entries_by_public_ids(contest: Contest, public_ids: Sequence[str]) -> list[Entry]:
    """Entries of a contest by their public ids, locked, in the order of the rows; others are left out."""
    # A form may hold anything, NUL included, which PostgreSQL refuses.
    public_ids = [public_id for public_id in public_ids if public_id.isalnum()]
    return list(
        db.session.scalars(
            select(Entry)
            .where(Entry.contest_id == contest.id, Entry.public_id.in_(public_ids))
            .order_by(Entry.id)
            .with_for_update()
        )
    )
