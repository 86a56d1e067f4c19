"""Finding entries, receipts and finalists."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from contest.accounts.models import User
from contest.contests.models import Contest, RoleGrant
from contest.contests.rules import ORGANISER, SECRETARY
from contest.core.db import CODE_ALPHABET, db
from contest.core.errors import NotFound
from contest.entries.models import Advancement, Attachment, Entry, Photo, Receipt
from contest.entries.rules import ACCEPTED, DRAFT, SCREENED
from contest.exemplars.models import Exemplar
from contest.exemplars.queries import cleared_exemplars
from contest.units.models import UnitOfficer

# Addresses may hold anything, NUL included, which PostgreSQL refuses: ids and codes are compared
# only when they have the shape of one.
_PUBLIC_ID = re.compile(r"[0-9a-z]{14}")
_RECEIPT_CODE = re.compile(r"[A-Z][A-Z0-9]{0,5}(-[2-9A-Z]{4}){3}")
_BLIND_CODE = re.compile(f"[{CODE_ALPHABET}]{{4}}")


def find_entry(public_id: str) -> Entry | None:
    """The entry with this public id, whoever asks."""
    if not _PUBLIC_ID.fullmatch(public_id):
        return None
    return db.session.scalar(select(Entry).where(Entry.public_id == public_id))


def get_entry(public_id: str) -> Entry:
    """As `find_entry`. Raises NotFound."""
    entry = find_entry(public_id)
    if entry is None:
        raise NotFound(public_id)
    return entry


def helped_by(person_id: int) -> ColumnElement[bool]:
    """Condition on Entry: written for somebody who has no account of their own, by a helper like `person_id`.

    An officer's right is that of the unit which sent the entry, and ends with the grant; what the
    secretariat typed from paper is open to the contest's secretaries and organisers. It ends for
    all of them once the author has taken the account over.
    """
    units = select(UnitOfficer.unit_id).where(UnitOfficer.user_id == person_id, UnitOfficer.ended_at.is_(None))
    contests = select(RoleGrant.contest_id).where(
        RoleGrant.user_id == person_id,
        RoleGrant.role.in_((SECRETARY, ORGANISER)),
        RoleGrant.ended_at.is_(None),
    )
    return and_(
        Entry.helper_id.is_not(None),
        Entry.author_id.in_(select(User.id).where(User.assisted)),
        or_(
            Entry.sent_by_unit_id.in_(units),
            and_(Entry.sent_by_unit_id.is_(None), Entry.source == "paper", Entry.contest_id.in_(contests)),
        ),
    )


def find_own_entry(public_id: str, person_id: int, *, lock: bool = False) -> Entry | None:
    """An entry that the person writes: as its author, or helping (see `helped_by`).

    With `lock`, nobody else changes it until the transaction ends.
    """
    if not _PUBLIC_ID.fullmatch(public_id):
        return None
    query = select(Entry).where(Entry.public_id == public_id, or_(Entry.author_id == person_id, helped_by(person_id)))
    return db.session.scalar(query.with_for_update() if lock else query)


def get_own_entry(public_id: str, person_id: int, *, lock: bool = False) -> Entry:
    """As `find_own_entry`. Raises NotFound, also for another person's entry."""
    entry = find_own_entry(public_id, person_id, lock=lock)
    if entry is None:
        raise NotFound(public_id)
    return entry


def get_screened_entry(contest_id: int, public_id: str, *, lock: bool = False) -> Entry:
    """An entry that the secretariat of a contest may see: submitted once, not withdrawn. Raises NotFound."""
    found = None
    if _PUBLIC_ID.fullmatch(public_id):
        query = select(Entry).where(
            Entry.public_id == public_id, Entry.contest_id == contest_id, Entry.state.in_(SCREENED)
        )
        found = db.session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound(public_id)
    return found


def own_entries(author_id: int) -> Sequence[Entry]:
    """A person's entries, the latest worked on first; drafts that replace one are not listed."""
    return db.session.scalars(
        select(Entry)
        .where(Entry.author_id == author_id, Entry.replaces_id.is_(None))
        .options(joinedload(Entry.contest), joinedload(Entry.exemplar), selectinload(Entry.receipts))
        .order_by(Entry.updated_at.desc(), Entry.id.desc())
    ).all()


def replacing_draft(entry_id: int) -> Entry | None:
    """The draft in which the author of a submitted entry writes on."""
    return db.session.scalar(select(Entry).where(Entry.replaces_id == entry_id))


def replacing_drafts(entry_ids: Collection[int]) -> dict[int, Entry]:
    """As `replacing_draft`, for several entries at once, by the id of the replaced one."""
    found = db.session.scalars(select(Entry).where(Entry.replaces_id.in_(entry_ids)))
    return {draft.replaces_id: draft for draft in found if draft.replaces_id is not None}


def own_drafts(author_id: int, contest_id: int) -> Sequence[Entry]:
    """An author's drafts of new entries in a contest, the latest first."""
    return db.session.scalars(
        select(Entry)
        .where(
            Entry.author_id == author_id,
            Entry.contest_id == contest_id,
            Entry.state == DRAFT,
            Entry.replaces_id.is_(None),
        )
        .order_by(Entry.updated_at.desc())
    ).all()


# Receipts


def find_receipt(code: str) -> Receipt | None:
    """The receipt with this code; whoever holds the code may see it."""
    if not _RECEIPT_CODE.fullmatch(code):
        return None
    return db.session.scalar(select(Receipt).where(Receipt.code == code))


def get_receipt(code: str) -> Receipt:
    """As `find_receipt`. Raises NotFound."""
    receipt = find_receipt(code)
    if receipt is None:
        raise NotFound(code)
    return receipt


def find_receipt_of_draft(draft_id: str, person_id: int) -> Receipt | None:
    """The receipt that submitting this draft gave, to its author or who helps (see `helped_by`)."""
    if not _PUBLIC_ID.fullmatch(draft_id):
        return None
    return db.session.scalar(
        select(Receipt)
        .join(Entry)
        .where(Receipt.draft_id == draft_id, or_(Entry.author_id == person_id, helped_by(person_id)))
    )


# What goes to the judges, the readers and the results


def accepted_entries(contest_id: int, category: str | None = None) -> Sequence[Entry]:
    """Valid entries of a contest, or of one category, by code (an order that says nothing)."""
    query = (
        select(Entry)
        .where(Entry.contest_id == contest_id, Entry.state == ACCEPTED)
        .options(joinedload(Entry.exemplar))
        .order_by(Entry.blind_code)
    )
    if category is not None:
        query = query.where(Entry.category == category)
    return db.session.scalars(query).all()


def entry_by_code(contest_id: int, code: str) -> Entry | None:
    """The valid entry with this blind code (số phách)."""
    if not _BLIND_CODE.fullmatch(code):
        return None
    return db.session.scalar(
        select(Entry).where(Entry.contest_id == contest_id, Entry.blind_code == code, Entry.state == ACCEPTED)
    )


def finalists_of(contest_id: int, categories: Collection[str] | None = None) -> Select[Entry]:
    """Entries that reached the final round and still stand, as a select(), by code."""
    query = (
        select(Entry)
        .join(Advancement, Advancement.entry_id == Entry.id)
        .where(Entry.contest_id == contest_id, Entry.state == ACCEPTED, Advancement.fell_out_at.is_(None))
        .order_by(Entry.blind_code)
    )
    return query if categories is None else query.where(Entry.category.in_(categories))


def finalists(contest_id: int, categories: Collection[str] | None = None) -> Sequence[Entry]:
    """The rows of `finalists_of`."""
    return db.session.scalars(finalists_of(contest_id, categories)).all()


def advancement_of(entry_id: int) -> Advancement | None:
    """When an entry reached the final round, and whether it fell out."""
    return db.session.scalar(select(Advancement).where(Advancement.entry_id == entry_id))


def eligible_to_advance(contest_id: int) -> Select[int]:
    """Ids of valid entries whose exemplar is verified and agrees to be presented."""
    return select(Entry.id).where(
        Entry.contest_id == contest_id,
        Entry.state == ACCEPTED,
        Entry.exemplar_id.in_(cleared_exemplars(contest_id)),
    )


def is_eligible_to_advance(entry: Entry) -> bool:
    """Whether an entry may advance: valid, its exemplar verified and consenting (a child's guardian too)."""
    return db.session.scalar(eligible_to_advance(entry.contest_id).where(Entry.id == entry.id)) is not None


# Figures


def counts_by_state(contest_id: int, category: str | None = None) -> dict[str, int]:
    """How many entries stand in each state; drafts that replace a submitted entry are not counted."""
    query = (
        select(Entry.state, func.count(Entry.id))
        .where(Entry.contest_id == contest_id, Entry.replaces_id.is_(None))
        .group_by(Entry.state)
    )
    if category is not None:
        query = query.where(Entry.category == category)
    return dict(db.session.execute(query).all())


def count_submitted(contest_id: int) -> int:
    """How many entries were submitted and not withdrawn."""
    return sum(count for state, count in counts_by_state(contest_id).items() if state in SCREENED)


def count_of_unit(contest_id: int, unit_id: int, states: Collection[str]) -> int:
    """Entries in `states` that a unit may count as its own: by its people, or about its exemplars."""
    return (
        db.session.scalar(
            select(func.count(Entry.id))
            .join(Exemplar)
            .where(
                Entry.contest_id == contest_id,
                Entry.state.in_(states),
                or_(Entry.author_unit_id == unit_id, Exemplar.unit_id == unit_id),
            )
        )
        or 0
    )


def entries_of_unit(contest_id: int, unit_id: int, limit: int = 200) -> Sequence[Entry]:
    """The entries behind `count_of_unit` in any state that the secretariat sees, the latest first."""
    return db.session.scalars(
        select(Entry)
        .join(Exemplar)
        .where(
            Entry.contest_id == contest_id,
            Entry.state.in_(SCREENED),
            or_(Entry.author_unit_id == unit_id, Exemplar.unit_id == unit_id),
        )
        .options(joinedload(Entry.exemplar))
        .order_by(Entry.submitted_at.desc(), Entry.id.desc())
        .limit(limit)
    ).all()


def contests_with_entries(unit_id: int) -> Sequence[Contest]:
    """Contests in which a unit has entries of its own."""
    return db.session.scalars(
        select(Contest)
        .where(
            Contest.id.in_(
                select(Entry.contest_id)
                .join(Exemplar)
                .where(
                    Entry.state.in_(SCREENED),
                    or_(Entry.author_unit_id == unit_id, Exemplar.unit_id == unit_id),
                )
            )
        )
        .order_by(Contest.id.desc())
    ).all()


def get_photo(entry_id: int, public_id: str) -> Photo:
    """A photo of an entry. Raises NotFound."""
    found = None
    if _PUBLIC_ID.fullmatch(public_id):
        found = db.session.scalar(select(Photo).where(Photo.public_id == public_id, Photo.entry_id == entry_id))
    if found is None:
        raise NotFound(public_id)
    return found


def key_is_used(key: str) -> bool:
    """Whether a photo or an attachment still needs this file; a replacing draft shares those of its original."""
    shows = or_(Photo.large_key == key, Photo.middle_key == key, Photo.small_key == key)
    return (
        db.session.scalar(select(Photo.id).where(shows).limit(1)) is not None
        or db.session.scalar(select(Attachment.id).where(Attachment.key == key).limit(1)) is not None
    )
