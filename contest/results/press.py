"""The press under an embargo: the terms, the mark of each reader, and who accepted and read what.

Who may read is decided in `queries.find_results_for_press`; here is what is recorded of it.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import contains_eager

from contest.accounts.models import User
from contest.accounts.services import hold
from contest.audit.models import AuditRow
from contest.audit.services import record
from contest.contests.models import Contest, RoleGrant
from contest.contests.queries import roles_of
from contest.contests.rules import PRESS
from contest.core.db import db, new_code
from contest.core.errors import N_, NotFound, Refused
from contest.results.models import ResultSet
from contest.results.models_after import PressTerms

# Who accepted an earlier version is asked again: change the number with the words.
TERMS_VERSION = "2027-01"
TERMS = (
    N_(
        "Until the instant of the announcement I publish nothing of the results, whole or in part:"
        " not in print, not on the air, not on any site or social network, not in any message."
    ),
    N_(
        "I show them to those of my office alone who need them to prepare the report. They are bound"
        " as I am, and I answer for them."
    ),
    N_(
        "Each page and file that I get carries a mark that is mine alone. I do not remove it. If what"
        " carries it comes out early, the organising committee will know where it came from."
    ),
    N_(
        "The results may still change before the announcement. What counts is the public page of the"
        " results as it stands then, and I compare my report with it."
    ),
    N_("If I break these terms, my access ends, and the organising committee tells my office why."),
    N_("It is recorded that and when I accepted, when I first read, and each copy that I take."),
)
MARK_LENGTH = 8
READ, COPY = "results.press_read", "results.press_copy"


def find_terms(contest_id: int, user_id: int) -> PressTerms | None:
    """What this person accepted, in whichever version."""
    return db.session.scalar(
        select(PressTerms).where(PressTerms.contest_id == contest_id, PressTerms.user_id == user_id)
    )


def accept_terms(*, contest: Contest, version: str, actor: User, now: datetime) -> PressTerms:
    """Accept the terms in the version that was shown. Raises NotFound for who is not of the press, Refused.

    Accepting twice is accepting once. The mark stays the same for good: what carries it may come out years later.
    """
    hold(actor)  # of two windows the second one finds what the first one made
    if PRESS not in roles_of(contest.id, actor.id):
        raise NotFound(contest.slug)
    if version != TERMS_VERSION:
        raise Refused(N_("The terms have changed meanwhile. Please read them again."), code="terms_changed")
    found = find_terms(contest.id, actor.id)
    if found is not None and found.text_version == version:
        return found
    if found is None:
        found = PressTerms(contest_id=contest.id, user_id=actor.id, mark=new_code(MARK_LENGTH))
        db.session.add(found)
    found.text_version, found.accepted_at = version, now
    record(
        actor=actor.public_id,
        verb="results.accept_press_terms",
        object_type="contest",
        object_id=contest.public_id,
        contest_id=contest.id,
        now=now,
        version=version,
    )
    db.session.flush()
    return found


def has_read(result_set: ResultSet, person: User) -> bool:
    """Whether it is recorded that this person read this result set: each is recorded once."""
    return (
        db.session.scalar(
            select(AuditRow.id)
            .where(
                AuditRow.object_type == "result_set",
                AuditRow.object_id == str(result_set.id),
                AuditRow.actor == person.public_id,
                AuditRow.verb == READ,
            )
            .limit(1)
        )
        is not None
    )


def note_reading(*, result_set: ResultSet, terms: PressTerms, actor: User, now: datetime, verb: str = READ) -> None:
    """Record that somebody of the press reads results, or takes a copy of them; before they get them."""
    terms.first_read_at = terms.first_read_at or now
    record(
        actor=actor.public_id,
        verb=verb,
        object_type="result_set",
        object_id=result_set.id,
        contest_id=result_set.contest_id,
        now=now,
        mark=terms.mark,
        fingerprint=result_set.fingerprint,
    )
    db.session.flush()


class Reader(NamedTuple):
    """Somebody of the press as organisers see them. `holds`: whether the role stands."""

    person: User
    holds: bool
    terms: PressTerms | None
    copies: int


def readers_of(contest: Contest) -> list[Reader]:
    """Everybody of the press, and those whose role ended after they had accepted: a leak is traced to them too."""
    rows = db.session.execute(
        select(RoleGrant, PressTerms)
        .join(User, User.id == RoleGrant.user_id)
        .outerjoin(PressTerms, (PressTerms.user_id == User.id) & (PressTerms.contest_id == RoleGrant.contest_id))
        .where(RoleGrant.contest_id == contest.id, RoleGrant.role == PRESS)
        .options(contains_eager(RoleGrant.user))
        .order_by(User.name_key, User.id)
    ).all()
    copies: dict[str | None, int] = {
        row[0]: row[1]
        for row in db.session.execute(
            select(AuditRow.actor, func.count())
            .where(AuditRow.contest_id == contest.id, AuditRow.verb == COPY)
            .group_by(AuditRow.actor)
        )
    }
    found: dict[int, Reader] = {}
    for grant, terms in rows:
        person, holds = grant.user, grant.ended_at is None
        earlier = found.get(person.id)
        if earlier is not None or holds or terms is not None:
            holds = holds or (earlier is not None and earlier.holds)
            found[person.id] = Reader(person, holds, terms, copies.get(person.public_id, 0))
    return list(found.values())
