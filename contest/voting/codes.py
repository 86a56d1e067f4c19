"""Codes that prove a contact: one is sent, one is typed.

Nothing here tells whether a contact has voted, is on a roll, or was known before: every request
answers alike and runs the same statements, and what differs is a message that only the owner of the
contact reads. The message that carries the code is the one place that has to hold the address.
Codes live by wall time; whether they are sent at all is decided by contest time.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, select, update

from contest.accounts.rules import new_code, typed_code
from contest.contests.models import Contest
from contest.core.config import SmsLimits
from contest.core.db import db
from contest.core.formats import local
from contest.outbox.services import ask_or_seem_to
from contest.voting.channels import SMS, way_of
from contest.voting.contacts import Contact, prefix_of
from contest.voting.identity import channel_of, must_be_open, one_at_a_time, secret_of, voter_of
from contest.voting.models import VoteCode
from contest.voting.models_review import CodeRate
from contest.voting.roll import find_unit
from contest.voting.rules import CODE_LIFE, CODE_TRIES, CODES_PER_DAY, CODES_PER_HOUR, code_digest, tag_of
from contest.voting.spending import charge, count_confirmed, count_request
from contest.voting.traces import hashed, network_of

# Of the text message with a code, where the caller has not counted.
USUAL_PARTS = 2
_NO_CODE = "-"


def request_code(
    *,
    contest: Contest,
    typed: str,
    locale: str,
    now: datetime,
    wall: datetime,
    address: str = "",
    limits: SmsLimits | None = None,
    parts: int = USUAL_PARTS,
) -> Contact:
    """Send a code to the contact that was typed, voiding the one before; returns the contact.

    Beyond its share (3 an hour, 5 a day) a contact gets nothing, one that is not on the roll where
    the rules ask for a roll gets nothing either, and the answer and the work are the same. `address`
    is that of the request, `parts` how long the text message is. Raises Refused for what cannot be a
    contact, outside the voting window, and beyond the limits of networks, ranges and spending.
    """
    limits = limits or SmsLimits()
    must_be_open(contest.rules, now)
    channel = channel_of(contest)
    contact = channel.read(typed)
    way, template = way_of(contact)
    prefix = prefix_of(contact)
    secret = secret_of(contest.id)
    tag = tag_of(secret, contact.key)
    one_at_a_time(tag)
    network = hashed(secret, "network", network_of(address))
    count_request(contest_id=contest.id, network=network, prefix=prefix, limits=limits, wall=wall)
    sent = not _has_had_its_share(contest.id, tag, wall)
    if channel.listed:
        sent = find_unit(contest.id, tag) is not None and sent
    if way == SMS:
        charge(contest_id=contest.id, prefix=prefix, parts=parts, limits=limits, now=now, really=sent)
    code = new_code()
    db.session.add(
        VoteCode(
            contest_id=contest.id,
            # Where nothing is sent a row is written all the same, for no code that anybody could type.
            tag=tag if sent else _nobody(secret, contact),
            code_hash=code_digest(secret, tag, code) if sent else _NO_CODE,
            prefix=prefix if sent else "",
            sent_at=wall,
            expires_at=wall + CODE_LIFE,
        )
    )
    db.session.flush()
    title = contest.rules.title
    ask_or_seem_to(
        really=sent,
        channel=way,
        to=contact.address,
        template=template,
        locale=locale,
        now=now,
        code=code,
        contest={"vi": title.vi, "en": title.en},
        slug=contest.slug,
    )
    return contact


def confirm_code(*, contest: Contest, typed: str, code: str, now: datetime, wall: datetime) -> int | None:
    """The id of the voter whose code was typed; None when it is wrong, used, lapsed or tried too often.

    The try is counted either way, so the caller commits either way. Raises Refused as `request_code`.
    """
    must_be_open(contest.rules, now)
    contact = channel_of(contest).read(typed)
    secret = secret_of(contest.id)
    tag = tag_of(secret, contact.key)
    taken = _take_code(contest.id, tag, _nobody(secret, contact), code_digest(secret, tag, typed_code(code)), wall)
    if taken is None:
        return None
    if taken.prefix:
        # By the day that contest time had when the code was sent.
        sent_on = local(now - (wall - taken.sent_at)).date()
        count_confirmed(contest_id=contest.id, prefix=taken.prefix, day=sent_on)
    return voter_of(contest, secret, tag, now)


def _has_had_its_share(contest_id: int, tag: str, wall: datetime) -> bool:
    """Whether no further code is sent. It is not told: that would say that somebody asked before."""
    within_hour = func.count(VoteCode.id).filter(VoteCode.sent_at > wall - timedelta(hours=1))
    within_day = func.count(VoteCode.id).filter(VoteCode.sent_at > wall - timedelta(days=1))
    hour, day = db.session.execute(
        select(within_hour, within_day).where(VoteCode.contest_id == contest_id, VoteCode.tag == tag)
    ).one()
    return hour >= CODES_PER_HOUR or day >= CODES_PER_DAY


class _Taken(NamedTuple):
    sent_at: datetime
    prefix: str


def _nobody(secret: str, contact: Contact) -> str:
    """The tag under which a contact that gets no code has its tries counted. No contact votes under it."""
    return tag_of(secret, f"nobody:{contact.key}")


def _take_code(contest_id: int, tag: str, nobody: str, digest: str, wall: datetime) -> _Taken | None:
    """Count a try at the latest code of a tag; what is known of it when it was right, which uses it up.

    Where there is none the try is counted at what was written in its place, so that both take the same work.
    """
    latest = db.session.scalar(
        select(VoteCode.id)
        .where(VoteCode.contest_id == contest_id, VoteCode.tag.in_([tag, nobody]))
        .order_by((VoteCode.tag == tag).desc(), VoteCode.id.desc())
        .limit(1)
    )
    # Counted by the database in one statement, so that many tries at once are many tries.
    stored = db.session.execute(
        update(VoteCode)
        .where(
            VoteCode.id == (latest or 0),
            VoteCode.used_at.is_(None),
            VoteCode.tries < CODE_TRIES,
            VoteCode.expires_at > wall,
        )
        .values(tries=VoteCode.tries + 1)
        .returning(VoteCode.code_hash, VoteCode.sent_at, VoteCode.prefix)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if stored is None or not secrets.compare_digest(stored.code_hash, digest):
        return None
    used = db.session.execute(
        update(VoteCode)
        .where(VoteCode.id == latest, VoteCode.used_at.is_(None))
        .values(used_at=wall)
        .execution_options(synchronize_session=False)
    )
    return _Taken(stored.sent_at, stored.prefix) if used.rowcount else None  # type: ignore[attr-defined]  # an UPDATE


def forget_old_codes(*, wall: datetime) -> int:
    """Delete codes that count for nothing any more, and counts of past hours; returns how many codes."""
    bound = wall - timedelta(days=1)
    db.session.execute(delete(CodeRate).where(CodeRate.hour <= bound).execution_options(synchronize_session=False))
    gone = db.session.execute(
        delete(VoteCode).where(VoteCode.sent_at <= bound).execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]  # a DELETE gives a cursor result
