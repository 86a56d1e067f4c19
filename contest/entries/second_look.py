"""A refused author's one request to look again.

The author says once why; somebody of the secretariat or the organisers answers: the refusal stands,
or it is taken back and the entry is received again. Where anybody else is there to do it, who
refused does not judge their own refusal.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import select

from contest.accounts.models import User
from contest.contests.queries import standing_grants
from contest.contests.rules import ORGANISER, SECRETARY
from contest.core.db import db
from contest.core.errors import N_, Conflict, NotFound, Refused
from contest.core.text import clean_text
from contest.entries.models import Entry, SecondLook
from contest.entries.moves import audit, tell_author
from contest.entries.rules import REFUSED
from contest.entries.screening import reconsider

UPHELD: Final = "upheld"
TAKEN_BACK: Final = "taken_back"
OUTCOMES = {UPHELD: N_("The refusal stands"), TAKEN_BACK: N_("The refusal was taken back")}
TEXT_MAX = 3000


def find_second_look(entry_id: int) -> SecondLook | None:
    """The request about an entry, answered or not."""
    return db.session.scalar(select(SecondLook).where(SecondLook.entry_id == entry_id))


def may_ask(entry: Entry, now: datetime) -> bool:
    """Whether its author may ask for a second look: refused, never asked, and the shortlist not drawn up."""
    return entry.state == REFUSED and _in_time(entry, now) and find_second_look(entry.id) is None


def _in_time(entry: Entry, now: datetime) -> bool:
    return not entry.contest.rules.has_begun("shortlist", now)


def ask_second_look(*, entry: Entry, text: str, actor: User, now: datetime) -> SecondLook:
    """Ask once for another look at a refused entry. The same words sent again ask once.

    Raises Refused without words, past the shortlist, or when it was asked before; Conflict when the
    entry is not refused.
    """
    text = clean_text(text)
    asked = find_second_look(entry.id)
    if asked is not None:
        if asked.text == text:
            return asked
        raise Refused(N_("You have asked for another look already; it can be asked once."), code="asked")
    if entry.state != REFUSED:
        raise Conflict(N_("This entry is not refused."), code="state")
    if not _in_time(entry, now):
        raise Refused(N_("The shortlist has been drawn up, so entries are no longer looked at again."), code="late")
    if not text or len(text) > TEXT_MAX:
        raise Refused(
            N_("Say why the entry should be looked at again, in at most %(limit)s characters."),
            code="text",
            limit=TEXT_MAX,
        )
    asked = SecondLook(entry=entry, text=text, asked_at=now)
    db.session.add(asked)
    audit(entry=entry, verb="ask_second_look", actor=actor, now=now)
    db.session.flush()
    return asked


def may_answer(entry: Entry, actor: User) -> bool:
    """Whether this person may answer: not who refused, unless nobody else is there."""
    if entry.decided_by_id != actor.id:
        return True
    grants = db.session.scalars(standing_grants(entry.contest_id))
    return not any(grant.role in (ORGANISER, SECRETARY) and grant.user_id != actor.id for grant in grants)


def answer_second_look(*, entry: Entry, outcome: str, answer: str, actor: User, now: datetime) -> None:
    """Answer a request: the refusal stands, or is taken back. The author is told.

    Answered twice alike, it is answered once. Raises NotFound, Conflict, Refused.
    """
    asked = find_second_look(entry.id)
    if asked is None:
        raise NotFound(entry.public_id)
    answer = clean_text(answer)
    if asked.outcome is not None:
        if (asked.outcome, asked.answer) == (outcome, answer):
            return
        raise Conflict(N_("A colleague has answered this request already."), code="answered")
    if outcome not in OUTCOMES:
        raise Refused(N_("Choose what becomes of the refusal."), code="outcome")
    if not answer:
        raise Refused(N_("Write an answer; the author will read it."), code="reason")
    if not may_answer(entry, actor):
        raise Refused(N_("You refused this entry, so somebody else has to look at it again."), code="own_refusal")
    asked.outcome, asked.answer = outcome, answer
    asked.answered_at, asked.answered_by_id = now, actor.id
    audit(entry=entry, verb="answer_second_look", actor=actor, now=now, outcome=outcome)
    if outcome == TAKEN_BACK:
        reconsider(entry=entry, reason=answer, actor=actor, now=now, tell=False)
    tell_author(entry=entry, template="second_look_answered", now=now, outcome=outcome, answer=answer)
    db.session.flush()


def waiting_second_looks(contest_id: int) -> int:
    """How many requests of a contest wait for an answer."""
    waiting = select(SecondLook.id).join(Entry, Entry.id == SecondLook.entry_id)
    rows = db.session.scalars(waiting.where(Entry.contest_id == contest_id, SecondLook.outcome.is_(None)))
    return len(rows.all())
