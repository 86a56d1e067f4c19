"""The receipt of a ballot: what its voter holds against the site, as docs/ballot-log.md specifies it.

The promise is signed when it is shown, not when the ballot is cast: Ed25519 signs the same words the
same way each time, and `at` is when the ballot was last changed. So casting signs nothing, and
whoever asks twice gets the same receipt.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_, Refused
from contest.core.signing import Signer
from contest.outbox.services import ask_for_mail
from contest.voting.channels import find_channel
from contest.voting.ledger.leaves import promise_text
from contest.voting.models import Ballot, VoteKey, Voter
from contest.voting.models_log import BallotLog, Leaf
from contest.voting.rules import tag_of


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt. `sealed`: whether the leaf has its place in the log. `by_browser`: who made the commitment."""

    ballot: str
    revision: int
    choices: tuple[str, ...]
    salt: str
    commitment: str
    contest: str
    tag: str
    promise: str
    at: int
    key: str
    sealed: bool
    by_browser: bool

    @property
    def said(self) -> dict[str, Any]:
        """The receipt as it is handed over, choices and all: what a program that checks the log reads."""
        return {**self.closed, "choices": list(self.choices), "salt": self.salt}

    @property
    def closed(self) -> dict[str, Any]:
        """The receipt without what tells the choices: it still proves that the ballot is in the log."""
        return {
            "ballot": self.ballot,
            "revision": self.revision,
            "commitment": self.commitment,
            "contest": self.contest,
            "tag": self.tag,
            "promise": self.promise,
            "at": self.at,
        }


def receipt_of(*, contest: Contest, voter_id: int, scope: str, signer: Signer) -> Receipt | None:
    """The receipt of a ballot as it stands; None when this voter has none of this scope."""
    row = db.session.execute(
        select(Ballot.ballot_id, Ballot.changed_at, Leaf, BallotLog.key)
        .join(BallotLog, BallotLog.contest_id == Ballot.contest_id)
        .join(Leaf, (Leaf.ballot_id == Ballot.id) & (Leaf.revision == Ballot.revision))
        .where(Ballot.contest_id == contest.id, Ballot.voter_id == voter_id, Ballot.scope == scope)
    ).one_or_none()
    if row is None or row.Leaf.salt is None:
        return None
    leaf = row.Leaf
    said = json.loads(leaf.content)
    at = int(row.changed_at.timestamp())
    return Receipt(
        ballot=row.ballot_id,
        revision=leaf.revision,
        choices=tuple(leaf.choices or ()),
        salt=leaf.salt,
        commitment=said["commitment"],
        contest=said["contest"],
        tag=said["tag"],
        promise=base64.b64encode(signer.private.sign(promise_text(leaf.hash, at))).decode(),
        at=at,
        key=row.key,
        sealed=leaf.position is not None,
        by_browser=leaf.committed_by == "browser",
    )


def mail_receipt(
    *, contest: Contest, voter_id: int, receipt: Receipt, part: str, typed: str, locale: str, now: datetime
) -> None:
    """Send a receipt to the address that its voter proved, and to no other.

    The message does not tell the choices: who reads a mailbox with somebody, or takes it over, learns
    nothing by it. Raises Refused for another address, and where voters are not confirmed by mail.
    """
    channel = find_channel(contest.rules.voting.identity)
    voter = db.session.scalar(select(Voter).where(Voter.id == voter_id, Voter.contest_id == contest.id))
    secret = db.session.scalar(select(VoteKey.secret).where(VoteKey.contest_id == contest.id))
    if channel is None or not channel.by_mail or voter is None or secret is None:
        raise Refused(N_("Receipts go by mail only to addresses by which voters were confirmed."), code="no_mail")
    contact = channel.read(typed)
    if tag_of(secret, contact.key) != voter.tag:
        raise Refused(
            N_("This is not the address with which you confirmed this ballot. We send its receipt to no other."),
            code="another_address",
        )
    ask_for_mail(
        to=contact.address,
        template="vote_receipt",
        locale=locale,
        now=now,
        contest={"vi": contest.rules.title.vi, "en": contest.rules.title.en},
        slug=contest.slug,
        part=part,
        ballot_receipt=receipt.closed,
    )
