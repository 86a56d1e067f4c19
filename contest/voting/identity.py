"""From a contact to a voter: a tag under the contest's key, and what the rules keep that voter from.

Contacts are in no table of this room. Codes are in voting.codes.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from contest.accounts.models import User
from contest.contests.models import Contest, RoleGrant
from contest.contests.rules import SEES_AUTHORS
from contest.contests.ruleset import RuleSet
from contest.core.db import Base, db
from contest.core.errors import N_, Refused
from contest.entries.models import CoAuthor, Entry
from contest.entries.queries import finalists_of
from contest.voting.channels import Channel, find_channel
from contest.voting.models import VoteKey, Voter
from contest.voting.models_review import VoterAlias
from contest.voting.rules import tag_of


def inserting(dialect: str, entity: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """The insert that knows ON CONFLICT, as the database of this dialect spells it."""
    return postgresql.insert(entity) if dialect == "postgresql" else sqlite.insert(entity)


def admit_voter(*, contest: Contest, typed: str, now: datetime) -> int:
    """The id of the voter with this contact, whose owner has been established in another way.

    Raises Refused for what cannot be a contact.
    """
    contact = channel_of(contest).read(typed)
    secret = secret_of(contest.id)
    return voter_of(contest, secret, tag_of(secret, contact.key), now)


def admit_account(*, contest: Contest, person: User, now: datetime) -> int:
    """The id of the voter who is signed in as `person`, by the contacts that the account has proved.

    Whichever of its contacts came first, and after a change of address too, an account stays one
    voter; and who has two accounts for one mailbox is one as well. Raises Refused outside the vote,
    for a contest that asks for codes, and for an account that has proved no contact.
    """
    must_be_open(contest.rules, now)
    if channel_of(contest).sends:
        raise Refused(N_("This contest asks for a code, not for an account."), code="not_by_account")
    secret = secret_of(contest.id)
    contacts = [tag for each in (person.phone, person.email) for tag in _tags(contest, secret, each)]
    if person.confirmed_at is None or not person.active or not contacts:
        raise Refused(
            N_("Confirm the e-mail address or phone number of your account first; then you can vote."),
            code="account_unconfirmed",
        )
    # No contact has such a key.
    own = tag_of(secret, f"account:{person.public_id}")
    one_at_a_time(own)
    tags = [*contacts, own]
    voter_id = _known_under(contest.id, tags)
    if voter_id is None:
        voter_id = voter_of(contest, secret, contacts[0], now)
    connection = db.session.connection()
    limits = _limits(contest, secret, set(tags))
    kept = connection.execute(
        update(Voter).where(Voter.id == voter_id).values(limits).returning(Voter.tag)
    ).scalar_one()
    aliases = [{"contest_id": contest.id, "tag": tag, "voter_id": voter_id} for tag in tags if tag != kept]
    connection.execute(inserting(connection.dialect.name, VoterAlias).on_conflict_do_nothing(), aliases)
    return voter_id


def _known_under(contest_id: int, tags: list[str]) -> int | None:
    """The first voter who ever came with one of these tags."""
    direct = select(Voter.id).where(Voter.contest_id == contest_id, Voter.tag.in_(tags))
    other = select(VoterAlias.voter_id).where(VoterAlias.contest_id == contest_id, VoterAlias.tag.in_(tags))
    found = [*db.session.scalars(direct.order_by(Voter.id)), *db.session.scalars(other.order_by(VoterAlias.voter_id))]
    return min(found, default=None)


def must_be_open(rules: RuleSet, now: datetime) -> None:
    """Raise Refused outside the window of the vote: `opens <= now < closes`."""
    window = rules.window("voting")
    if window is None or now < window.opens:
        raise Refused(N_("The vote has not opened yet."), code="vote_not_open")
    if not window.contains(now):
        raise Refused(N_("The vote closed at %(at)s."), code="vote_closed", at=window.closes)


def channel_of(contest: Contest) -> Channel:
    """How voters of a contest are known. Raises Refused for a way that this site does not offer."""
    channel = find_channel(contest.rules.voting.identity)
    if channel is None:
        raise Refused(
            N_("This site does not offer yet the way to confirm voters that this contest asks for."),
            code="identity_unavailable",
        )
    return channel


def secret_of(contest_id: int) -> str:
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


def voter_of(contest: Contest, secret: str, tag: str, now: datetime) -> int:
    """The voter of a tag, made when it is new; what the rules keep them from is looked up each time."""
    connection = db.session.connection()
    limits = _limits(contest, secret, {tag})
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


def _limits(contest: Contest, secret: str, tags: set[str]) -> dict[str, Any]:
    """What the rules keep a voter with these tags from."""
    return {"barred": _why_barred(contest, secret, tags), "own": _own_entries(contest, secret, tags)}


def _why_barred(contest: Contest, secret: str, tags: set[str]) -> str | None:
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
        if kind in rules and tags & _tags(contest, secret, email, phone):
            return kind
    return None


def _own_entries(contest: Contest, secret: str, tags: set[str]) -> list[int] | None:
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
    return sorted({entry_id for entry_id, *contacts in rows if tags & _tags(contest, secret, *contacts)}) or None


def _tags(contest: Contest, secret: str, *contacts: str | None) -> set[str]:
    """The tags that these contacts would vote under; what the contest's channel cannot read has none."""
    found = set()
    for contact in contacts:
        try:
            if contact:
                found.add(tag_of(secret, channel_of(contest).read(contact).key))
        except Refused:
            continue
    return found


def one_at_a_time(tag: str) -> None:
    """Requests for one contact wait for each other, so that what is counted for it is counted right.

    SQLite has one writer anyway; on PostgreSQL a lock of the transaction named by the tag.
    """
    connection = db.session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": int(tag[:15], 16)})


def forget_key(contest_id: int) -> bool:
    """Destroy the key by which contacts become tags: from then on no ballot can be tied to anybody.

    False when it was gone already. Done long after the vote, by the contest's retention rule.
    """
    gone = db.session.execute(delete(VoteKey).where(VoteKey.contest_id == contest_id))
    return bool(gone.rowcount)  # type: ignore[attr-defined]  # a DELETE gives a cursor result
