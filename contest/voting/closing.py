"""What the log of a vote learns while it is open (candidates, rules), and its closing."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, or_, select, text

from contest.contests.models import Contest
from contest.core.db import db
from contest.entries.models import Entry
from contest.voting.log import decide, terms_of
from contest.voting.models_log import BallotLog, Leaf
from contest.voting.models_review import PaperBatch
from contest.voting.paper import refuse_late
from contest.voting.queries import on_the_ballot

# What `amend` says. The other terms (what a ballot is, how many choices it has) cannot change once ballots are cast.
AMENDED = ("rules", "closes", "minimum", "seats", "tie_break")
# Batches on paper that somebody still works on.
UNFINISHED = ("keying", "differs", "agreed")


class Decision(NamedTuple):
    """A leaf that is due: its kind and what it says."""

    kind: str
    said: dict[str, Any]


def differences(contest: Contest, log: BallotLog) -> list[Decision]:
    """What happened to candidates and rules that the log has not said yet. Reads only.

    After the `close` leaf it is only whether candidates stand: nobody joins and no rule changes then.
    """
    query = on_the_ballot(contest.id, contest.rules.voting.categories)
    rows = db.session.execute(query.with_only_columns(Entry.public_id, Entry.category)).all()
    now_standing = {row.public_id: row.category for row in rows}
    found = [
        Decision("stand", {"candidate": candidate, "stands": not stood, "reason": "back" if not stood else "fell_out"})
        for candidate, stood in sorted(log.standing.items())
        if stood != (candidate in now_standing)
    ]
    if log.closed_at is not None:
        return found
    found += [
        Decision("join", {"candidate": candidate, "category": category, "reason": "advanced"})
        for candidate, category in sorted(now_standing.items())
        if candidate not in log.standing
    ]
    terms = _terms(contest)
    if any(terms[name] != log.terms[name] for name in AMENDED):
        found.append(Decision("amend", {**{name: terms[name] for name in AMENDED}, "reason": "rules_changed"}))
    return found


def unspeakable(contest: Contest, log: BallotLog) -> list[str]:
    """Terms that the rules have changed and no leaf can change: the vote goes on by those of the first leaf."""
    terms = _terms(contest)
    return sorted(name for name in terms if name not in AMENDED and terms[name] != log.terms[name])


def _terms(contest: Contest) -> dict[str, Any]:
    return terms_of(contest.rules, contest.current_version.sha256 if contest.current_version else "")


def reconcile(*, contest: Contest, now: datetime) -> int:
    """Write what `differences` finds; how many leaves. In a writing transaction: the log is locked first."""
    log = _locked(contest.id)
    found = differences(contest, log) if log else []
    if log is None or not found:
        return 0
    standing, terms = dict(log.standing), dict(log.terms)
    for kind, said in found:
        if kind == "amend":
            terms.update({name: said[name] for name in AMENDED})
        else:
            standing[said["candidate"]] = kind == "join" or said["stands"]
        decide(contest, now, kind, **said)
    log.standing, log.terms = standing, terms
    db.session.flush()
    return len(found)


def has_unfinished_paper(contest_id: int) -> bool:
    """Whether somebody still works on ballots on paper, which are part of the vote once they are taken in."""
    return (
        db.session.scalar(
            select(PaperBatch.id).where(PaperBatch.contest_id == contest_id, PaperBatch.state.in_(UNFINISHED)).limit(1)
        )
        is not None
    )


def may_close(contest: Contest, now: datetime) -> bool:
    """Whether the time has come: after the vote, and when paper is done or the audit of the vote begins."""
    window = contest.rules.window("voting")
    if window is None or now < window.closes:
        return False
    audit = contest.rules.instant("vote_audit")
    return audit is None or audit <= now or not has_unfinished_paper(contest.id)


def close_log(*, contest: Contest, now: datetime) -> bool:
    """Write the `close` leaf, in a writing transaction; True when this call did.

    Whoever was let in before the close is waited for, and nobody gets in after it:

    1. On PostgreSQL the table of voters is locked. Every cast locks its voter before it reads whether
       the log is open, so those under way are waited for and the next ones read what is written here.
       SQLite has one writer at a time.
    2. False when it is not time yet, when it is closed, or when ballots still wait for a place: the
       caller seals them and calls again.
    3. What became of candidates and rules is said first. Then the count of ballots.
    """
    if not may_close(contest, now):
        return False
    if db.session.connection().dialect.name == "postgresql":
        db.session.execute(text("SET LOCAL lock_timeout = '5s'"))
        db.session.execute(text("LOCK TABLE voter IN EXCLUSIVE MODE"))
    log = _locked(contest.id)
    if log is None or log.closed_at is not None or _ballots_waiting(contest.id):
        return False
    reconcile(contest=contest, now=now)
    refuse_late(contest=contest, now=now)
    decide(contest, now, "close", ballots=log.ballots)
    log.closed_at = now
    db.session.flush()
    return True


def _locked(contest_id: int) -> BallotLog | None:
    return db.session.scalar(
        select(BallotLog)
        .where(BallotLog.contest_id == contest_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _ballots_waiting(contest_id: int) -> bool:
    return bool(
        db.session.scalar(
            select(func.count(Leaf.id)).where(
                Leaf.contest_id == contest_id,
                Leaf.position.is_(None),
                or_(Leaf.kind == "ballot", Leaf.kind == "paper", Leaf.kind == "open"),
            )
        )
    )
