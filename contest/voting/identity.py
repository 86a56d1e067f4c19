"""From a contact to a voter: a code is sent, a code is typed, and a tag may vote.

Nothing here tells whether a contact has voted or was known before: every request answers alike,
and what differs is a message that only the owner of the contact reads. Contacts are in no table of
this room; the message that carries the code is the one place that has to hold the address.
Codes live by wall time; whether they are sent at all is decided by contest time.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from contest.accounts.models import User
from contest.accounts.rules import new_code, typed_code
from contest.contests.models import Contest, RoleGrant
from contest.contests.rules import SEES_AUTHORS
from contest.contests.ruleset import RuleSet
from contest.core.db import Base, db
from contest.core.errors import N_, Refused
from contest.entries.models import CoAuthor, Entry
from contest.entries.queries import finalists_of
from contest.voting.channels import Channel, find_channel
from contest.voting.contacts import Contact
from contest.voting.models import VoteCode, VoteKey, Voter
from contest.voting.rules import CODE_LIFE, CODE_TRIES, CODES_PER_DAY, CODES_PER_HOUR, code_digest, tag_of


def inserting(dialect: str, entity: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """The insert that knows ON CONFLICT, as the database of this dialect spells it."""
    return postgresql.insert(entity) if dialect == "postgresql" else sqlite.insert(entity)


def request_code(*, contest: Contest, typed: str, locale: str, now: datetime, wall: datetime) -> Contact:
    """Send a code to the contact that was typed, voiding the one before; returns the contact.

    Beyond its share (3 an hour, 5 a day) a contact gets nothing, and the answer is the same.
    Raises Refused for what cannot be a contact, and outside the voting window.
    """
    must_be_open(contest.rules, now)
    contact = _channel(contest).read(typed)
    secret = _secret(contest.id)
    tag = tag_of(secret, contact.key)
    _one_at_a_time(tag)
    if _has_had_its_share(contest.id, tag, wall):
        return contact
    code = new_code()
    db.session.add(
        VoteCode(
            contest_id=contest.id,
            tag=tag,
            code_hash=code_digest(secret, tag, code),
            sent_at=wall,
            expires_at=wall + CODE_LIFE,
        )
    )
    title = contest.rules.title
    _channel(contest).send(
        contact, locale=locale, now=now, code=code, contest={"vi": title.vi, "en": title.en}, slug=contest.slug
    )
    db.session.flush()
    return contact


def confirm_code(*, contest: Contest, typed: str, code: str, now: datetime, wall: datetime) -> int | None:
    """The id of the voter whose code was typed; None when it is wrong, used, lapsed or tried too often.

    The try is counted either way, so the caller commits either way. Raises Refused as `request_code`.
    """
    must_be_open(contest.rules, now)
    contact = _channel(contest).read(typed)
    secret = _secret(contest.id)
    tag = tag_of(secret, contact.key)
    if not _take_code(contest.id, tag, code_digest(secret, tag, typed_code(code)), wall):
        return None
    return _voter_of(contest, secret, tag, now)


def admit_voter(*, contest: Contest, typed: str, now: datetime) -> int:
    """The id of the voter with this contact, whose owner has been established in another way.

    Raises Refused for what cannot be a contact.
    """
    contact = _channel(contest).read(typed)
    secret = _secret(contest.id)
    return _voter_of(contest, secret, tag_of(secret, contact.key), now)


def must_be_open(rules: RuleSet, now: datetime) -> None:
    """Raise Refused outside the window of the vote: `opens <= now < closes`."""
    window = rules.window("voting")
    if window is None or now < window.opens:
        raise Refused(N_("The vote has not opened yet."), code="vote_not_open")
    if not window.contains(now):
        raise Refused(N_("The vote closed at %(at)s."), code="vote_closed", at=window.closes)


def _channel(contest: Contest) -> Channel:
    channel = find_channel(contest.rules.voting.identity)
    if channel is None:
        raise Refused(
            N_("This site does not offer yet the way to confirm voters that this contest asks for."),
            code="identity_unavailable",
        )
    return channel


def _secret(contest_id: int) -> str:
    """The key of a contest, made when it is first needed."""
    query = select(VoteKey.secret).where(VoteKey.contest_id == contest_id)
    found = db.session.scalar(query)
    if found is None:
        connection = db.session.connection()
        connection.execute(
            inserting(connection.dialect.name, VoteKey)
            .values(contest_id=contest_id, secret=secrets.token_hex(32))
            .on_conflict_do_nothing()
        )
        # Of two that came at once one inserted nothing: both read what stands.
        found = db.session.scalar(query)
    assert found is not None
    return found


def _voter_of(contest: Contest, secret: str, tag: str, now: datetime) -> int:
    """The voter of a tag, made when it is new; what the rules keep them from is looked up each time."""
    connection = db.session.connection()
    limits = {"barred": _why_barred(contest, secret, tag), "own": _own_entries(contest, secret, tag)}
    inserted = connection.execute(
        inserting(connection.dialect.name, Voter)
        .values(
            contest_id=contest.id,
            tag=tag,
            order_seed=secrets.token_hex(8),
            created_at=now.replace(minute=0, second=0, microsecond=0),
            **limits,
        )
        .on_conflict_do_nothing()
        .returning(Voter.id)
    ).scalar()
    if inserted is not None:
        return int(inserted)
    # A conflict gives no row, and on PostgreSQL this statement's snapshot may be older than the
    # other row: a new statement sees it.
    return int(
        connection.execute(
            update(Voter).where(Voter.contest_id == contest.id, Voter.tag == tag).values(limits).returning(Voter.id)
        ).scalar_one()
    )


def _why_barred(contest: Contest, secret: str, tag: str) -> str | None:
    """The code of `voting.barred` that keeps this voter from voting: a role in the contest under the same contact."""
    rules = contest.rules.voting.barred
    if not {"judges", "staff"} & set(rules):
        return None
    grants = db.session.execute(
        select(RoleGrant.role, User.email, User.phone)
        .join(User, User.id == RoleGrant.user_id)
        .where(RoleGrant.contest_id == contest.id, RoleGrant.ended_at.is_(None))
    )
    for role, email, phone in grants:
        kind = "staff" if role in SEES_AUTHORS else "judges"
        if kind in rules and tag in _tags(contest, secret, email, phone):
            return kind
    return None


def _own_entries(contest: Contest, secret: str, tag: str) -> list[int] | None:
    """Ids of finalists that this voter wrote, alone or with others, where the rules bar them."""
    if "own_entry" not in contest.rules.voting.barred:
        return None
    finalists = finalists_of(contest.id, contest.rules.voting.categories).order_by(None)
    leaders = finalists.join(User, User.id == Entry.author_id).with_only_columns(
        Entry.id, User.email, User.phone, Entry.author_phone
    )
    members = (
        finalists.join(CoAuthor, CoAuthor.entry_id == Entry.id)
        .outerjoin(User, User.id == CoAuthor.user_id)
        .with_only_columns(Entry.id, User.email, User.phone, CoAuthor.phone)
    )
    rows = [*db.session.execute(leaders), *db.session.execute(members)]
    return sorted({entry_id for entry_id, *contacts in rows if tag in _tags(contest, secret, *contacts)}) or None


def _tags(contest: Contest, secret: str, *contacts: str | None) -> set[str]:
    """The tags that these contacts would vote under; what the contest's channel cannot read has none."""
    found = set()
    for contact in contacts:
        try:
            if contact:
                found.add(tag_of(secret, _channel(contest).read(contact).key))
        except Refused:
            continue
    return found


def _one_at_a_time(tag: str) -> None:
    """Requests for one contact wait for each other, so that the share is counted right.

    SQLite has one writer anyway; on PostgreSQL a lock of the transaction named by the tag.
    """
    connection = db.session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": int(tag[:15], 16)})


def _has_had_its_share(contest_id: int, tag: str, wall: datetime) -> bool:
    """Whether no further code is sent. It is not told: that would say that somebody asked before."""
    for span, most in ((timedelta(hours=1), CODES_PER_HOUR), (timedelta(days=1), CODES_PER_DAY)):
        asked = db.session.scalar(
            select(func.count(VoteCode.id)).where(
                VoteCode.contest_id == contest_id, VoteCode.tag == tag, VoteCode.sent_at > wall - span
            )
        )
        if (asked or 0) >= most:
            return True
    return False


def _take_code(contest_id: int, tag: str, digest: str, wall: datetime) -> bool:
    """Count a try at the latest code of a tag; True when it was right, which uses it up."""
    latest = db.session.scalar(
        select(VoteCode.id)
        .where(VoteCode.contest_id == contest_id, VoteCode.tag == tag)
        .order_by(VoteCode.id.desc())
        .limit(1)
    )
    # Counted by the database in one statement, so that many tries at once are many tries.
    stored = db.session.execute(
        update(VoteCode)
        .where(
            VoteCode.id == latest,
            VoteCode.used_at.is_(None),
            VoteCode.tries < CODE_TRIES,
            VoteCode.expires_at > wall,
        )
        .values(tries=VoteCode.tries + 1)
        .returning(VoteCode.code_hash)
        .execution_options(synchronize_session=False)
    ).scalar()
    if stored is None or not secrets.compare_digest(stored, digest):
        return False
    used = db.session.execute(
        update(VoteCode)
        .where(VoteCode.id == latest, VoteCode.used_at.is_(None))
        .values(used_at=wall)
        .execution_options(synchronize_session=False)
    )
    return bool(used.rowcount)  # type: ignore[attr-defined]  # an UPDATE gives a cursor result


def forget_old_codes(*, wall: datetime) -> int:
    """Delete codes that count neither as codes nor against a contact's share; returns how many."""
    gone = db.session.execute(
        delete(VoteCode)
        .where(VoteCode.sent_at <= wall - timedelta(days=1))
        .execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]  # a DELETE gives a cursor result


def forget_key(contest_id: int) -> bool:
    """Destroy the key by which contacts become tags: from then on no ballot can be tied to anybody.

    False when it was gone already. Done long after the vote, by the contest's retention rule.
    """
    gone = db.session.execute(delete(VoteKey).where(VoteKey.contest_id == contest_id))
    return bool(gone.rowcount)  # type: ignore[attr-defined]  # a DELETE gives a cursor result
