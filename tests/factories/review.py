"""Findings about ballots, as detection leaves them, and the people who review."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy import select

from contest.contests.models import Contest
from contest.core.db import db
from contest.entries.models import Entry
from contest.voting.models import Ballot
from contest.voting.models_review import Finding, FindingBallot, Setting, VoterTrace
from contest.voting.review import Part, propose
from tests.factories.voting import during, make_voter, vote

_numbers = count(1)
WORDS = "Nhiều phiếu trong một phút từ một thiết bị."
ANSWER = "Đã xem mẫu, đúng như đề nghị."


def not_counted(_contest_id: int) -> bool:
    """The results have not been worked out."""
    return False


def make_ballot(contest: Contest, entries: Sequence[Entry], now: datetime | None = None, **traced: Any) -> Ballot:
    """A ballot of somebody who left a trace."""
    at = now or during(contest)
    voter_id = make_voter(contest)
    values: dict[str, Any] = {
        "contest_id": contest.id,
        "voter_id": voter_id,
        "hour": at.replace(minute=0, second=0, microsecond=0),
        "channel": "email_otp",
        "network": "aaaaaaaaaaaaaaaa",
        "device": "dddddddddddddddd",
        "agent": "eeeeeeeeeeeeeeee",
        "family": "an-lam.example",
        **traced,
    }
    db.session.add(VoterTrace(**values))
    cast = vote(contest, entries, voter_id, at)
    return db.session.scalars(select(Ballot).where(Ballot.ballot_id == cast.ballot_id)).one()


def make_finding(contest: Contest, ballots: Sequence[Ballot], **fields: Any) -> Finding:
    values: dict[str, Any] = {
        "contest_id": contest.id,
        "kind": "burst",
        "subject": f"nhom-{next(_numbers)}",
        "severity": 70,
        "ballots": len(ballots),
        "measures": {},
        "first_seen": during(contest),
        "last_seen": during(contest),
        **fields,
    }
    finding = Finding(**values)
    db.session.add(finding)
    db.session.flush()
    db.session.add_all([FindingBallot(finding_id=finding.id, ballot_id=ballot.id) for ballot in ballots])
    db.session.commit()
    return finding


def make_setting(contest: Contest, finding: Finding, actor: Any, part: Part | None = None, **fields: Any) -> Setting:
    """A proposal to set the ballots of a finding aside."""
    values: dict[str, Any] = {
        "contest": contest,
        "finding": finding,
        "part": part or Part(),
        "reason": contest.rules.voting.set_aside[0],
        "words": WORDS,
        "actor": actor,
        "now": during(contest),
        "is_counted": not_counted,
        **fields,
    }
    setting = propose(**values)
    db.session.commit()
    return setting
