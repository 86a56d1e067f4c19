"""Finalists put to the vote, voters, and ballots, through the services."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count

from sqlalchemy import select

from contest.contests.models import Contest
from contest.core import clock
from contest.core.db import db
from contest.core.web.keys import log_signer
from contest.entries.models import Advancement, Entry
from contest.outbox.models import Message
from contest.voting import closing
from contest.voting.counting import adjust, count_patterns
from contest.voting.log import decide_many, open_log
from contest.voting.models import Ballot
from contest.voting.models_review import BallotDecision
from contest.voting.sealing import seal
from contest.voting.services import Cast, admit_voter, cast_ballot
from tests.factories import make_contest
from tests.factories.judging import make_finalist

_numbers = count(1)


def voting_window(contest: Contest) -> tuple[datetime, datetime]:
    window = contest.rules.window("voting")
    assert window is not None
    return window.opens, window.closes


def during(contest: Contest) -> datetime:
    """An hour after the vote opened."""
    return voting_window(contest)[0] + timedelta(hours=1)


def make_vote(index: int = 0, finalists: int = 5) -> tuple[Contest, list[Entry]]:
    """A contest with finalists in the first category that is put to the vote."""
    contest = make_contest(index)
    category = contest.rules.voting.categories[0]
    entries = [make_finalist(contest, category) for _ in range(finalists)]
    db.session.commit()
    start_log(contest)
    return contest, entries


def start_log(contest: Contest, now: datetime | None = None) -> None:
    """The log of the vote is open, as it is from the moment the vote opens."""
    open_log(contest=contest, signer=log_signer(contest.slug, contest.public_id), now=now or voting_window(contest)[0])
    db.session.commit()


def seal_log(contest: Contest) -> int:
    """Whatever waits has its place in the log; how many leaves got one. What is loaded stays so."""
    signer, done = log_signer(contest.slug, contest.public_id), 0
    while some := seal(contest_id=contest.id, signer=signer, now=clock.now(), force=True):
        db.session.commit()
        done += some
    return done


def make_contact(contest: Contest) -> str:
    """A contact that nobody else has, no author either, of the kind that the contest asks for."""
    number = next(_numbers)
    return f"bandoc{number}@an-lam.example" if contest.rules.voting.identity == "email_otp" else f"0981{number:06d}"


def make_voter(contest: Contest, contact: str = "") -> int:
    """The id of somebody who may vote."""
    voter_id = admit_voter(contest=contest, typed=contact or make_contact(contest), now=during(contest))
    db.session.commit()
    return voter_id


def vote(contest: Contest, entries: Sequence[Entry], voter_id: int | None = None, now: datetime | None = None) -> Cast:
    """A ballot for `entries`."""
    cast = cast_ballot(
        slug=contest.slug,
        voter_id=voter_id or make_voter(contest),
        picks=[entry.public_id for entry in entries],
        now=now or during(contest),
    )
    db.session.commit()
    return cast


def let_fall_out(entry: Entry, now: datetime | None = None) -> None:
    """The finalist stands no longer."""
    advancement = db.session.scalars(select(Advancement).where(Advancement.entry_id == entry.id)).one()
    advancement.fell_out_at = now or during(entry.contest)
    db.session.commit()


def last_code(address: str) -> str:
    """The code in the newest message to an address."""
    message = db.session.scalars(
        select(Message).where(Message.address == address).order_by(Message.id.desc()).limit(1)
    ).one()
    return str(message.params["code"])


def close_log(contest: Contest, now: datetime | None = None) -> None:
    """The vote is over, its log closed and sealed, and its ballots are grouped as the loop does it."""
    at = now or voting_window(contest)[1] + timedelta(minutes=1)
    seal_log(contest)
    assert closing.close_log(contest=contest, now=at)
    db.session.commit()
    seal_log(contest)
    count_patterns(contest.id)
    db.session.commit()


def set_aside(contest: Contest, casts: Sequence[Cast], kind: str = "void", reason: str = "automated") -> None:
    """What the review decides about ballots, without the people who decide it."""
    rows = db.session.execute(
        select(Ballot.id, Ballot.ballot_id).where(Ballot.ballot_id.in_([each.ballot_id for each in casts]))
    ).all()
    at = voting_window(contest)[1]
    said = [{"ballot": row.ballot_id, "reason": reason, "role": "vote_review"} for row in rows]
    for row, number in zip(rows, decide_many(contest, at, kind, said), strict=True):
        db.session.add(
            BallotDecision(
                contest_id=contest.id, ballot_id=row.id, number=number, kind=kind, reason=reason, setting_id=None, at=at
            )
        )
    db.session.flush()
    adjust(contest.id, [row.id for row in rows], -1 if kind == "void" else 1)
    db.session.commit()
