"""Where winners want their money: asked of winners only, once the decision is public; sealed, seen by few, deleted.

What is kept is encrypted with a key that stands outside the database (core.signing). Rows are deleted, not marked:
on their date, when the prize is taken back, when the person takes them back or is erased.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import delete, select
from sqlalchemy.orm import joinedload

from contest.accounts.models import User
from contest.accounts.services import hold
from contest.audit.services import record
from contest.contests.models import Contest
from contest.contests.queries import roles_of
from contest.contests.rules import ORGANISER
from contest.core.db import db
from contest.core.errors import N_, NotFound, Refused
from contest.core.formats import local
from contest.core.text import clean_line
from contest.entries.models import Entry
from contest.results.acts import note
from contest.results.models import Award, ResultSet
from contest.results.models_after import BankDetail
from contest.results.queries import AwardAt, awards_at, find_public_results, standing_awards

# Counted from the announcement, and never longer than the contest promised for contact data.
KEPT_DAYS = 90
# Who agreed to other words is asked again: change this with the words.
CONSENT_VERSION = "2027-01"
CONSENT = N_(
    "I agree that the organising committee keeps these details, encrypted, and uses them only to pay this prize."
    " I can change them or take them back here at any time; they are deleted on the day named above."
)
TRANSFER, BY_HAND = "transfer", "hand"
WAYS = {TRANSFER: N_("By bank transfer"), BY_HAND: N_("In cash, by hand at the organising committee's office")}
_LONGEST = 120


class Payee(NamedTuple):
    """What a winner gave. `number`: digits only; all three are empty for who comes for the money."""

    way: str
    holder: str
    number: str
    bank: str


@dataclass(frozen=True, slots=True)
class Payment:
    """A winner and what is due to them. `detail` is None for who has given nothing, or when it cannot be read."""

    person: User
    entries: tuple[Entry, ...]
    prizes: tuple[str, ...]
    amount_vnd: int
    given_at: datetime | None
    payee: Payee | None


def box(secret: bytes) -> Fernet:
    """What seals and opens details, of the 32 bytes that core.signing derives for this purpose."""
    return Fernet(base64.urlsafe_b64encode(secret))


def awards_of(contest: Contest, now: datetime) -> tuple[ResultSet, list[AwardAt]] | None:
    """The prizes that stand in the official results that anyone may see at `now`; None before."""
    found = find_public_results(contest.id, now)
    if found is None or found.standing != "official":
        return None
    rows = awards_at(found.result_set, now, joinedload(Award.entry).joinedload(Entry.author))
    return found.result_set, [each for each in rows if each.stands]


def prizes_for(contest: Contest, person: User, now: datetime) -> list[AwardAt]:
    """This person's prizes with money. Raises NotFound for who has none that anyone may know of at `now`."""
    found = awards_of(contest, now)
    mine = [each for each in found[1] if each.award.entry.author_id == person.id] if found else []
    mine = [each for each in mine if each.award.amount_vnd > 0]
    if not mine:
        raise NotFound(contest.slug)
    return mine


def deletion_day(contest: Contest, result_set: ResultSet) -> date:
    """The day on which the details of this contest's winners are deleted."""
    return local((result_set.visible_from or contest.rules.official_at) + timedelta(days=KEPT_DAYS)).date()


def find_detail(contest: Contest, person: User) -> BankDetail | None:
    return db.session.scalar(
        select(BankDetail).where(BankDetail.contest_id == contest.id, BankDetail.user_id == person.id)
    )


def opened(detail: BankDetail, sealer: Fernet) -> Payee | None:
    """What a winner gave; None when the key has changed since, and for what was sealed for another row."""
    try:
        whose, given = json.loads(sealer.decrypt(detail.sealed.encode()))
        return Payee(**given) if whose == _whose(detail) else None
    except (InvalidToken, ValueError, TypeError):
        return None


def _whose(detail: BankDetail) -> list[int]:
    """Sealed with the details: copied into the row of another winner or contest, they say nothing."""
    return [detail.contest_id, detail.user_id]


def give(*, contest: Contest, person: User, payee: Payee, consent: str, sealer: Fernet, now: datetime) -> BankDetail:
    """Keep where a winner wants the money, in the place of what they gave before. Raises NotFound, Refused."""
    hold(person)
    prizes_for(contest, person, now)
    found = awards_of(contest, now)
    if found is None:
        raise NotFound(contest.slug)
    if consent != CONSENT_VERSION:
        raise Refused(N_("Without your agreement nothing is kept."), code="consent")
    payee = _checked(payee)
    until = deletion_day(contest, found[0])
    if local(now).date() >= until:
        raise Refused(N_("The time for this is over. Please ask the organising committee."), code="over")
    detail = find_detail(contest, person)
    if detail is None:
        detail = BankDetail(contest_id=contest.id, user_id=person.id)
        db.session.add(detail)
    told = json.dumps([_whose(detail), payee._asdict()], ensure_ascii=False)
    detail.sealed = sealer.encrypt(told.encode()).decode()
    detail.consent, detail.given_at, detail.delete_on = CONSENT_VERSION, now, until
    _audit(contest, "give_bank_details", person, now, consent=CONSENT_VERSION, way=payee.way)
    db.session.flush()
    return detail


def _checked(payee: Payee) -> Payee:
    if payee.way not in WAYS:
        raise Refused(N_("Choose how you want the money."), code="way")
    if payee.way == BY_HAND:
        return Payee(BY_HAND, "", "", "")
    holder, bank = clean_line(payee.holder), clean_line(payee.bank)
    number = "".join(char for char in payee.number if char not in " .-")
    if not holder or len(holder) > _LONGEST:
        raise Refused(N_("Write the name of the account's holder, as the bank has it."), code="holder")
    if not (number.isascii() and number.isalnum() and 6 <= len(number) <= 24):
        raise Refused(N_("An account number has 6 to 24 digits or letters."), code="number")
    if not bank or len(bank) > _LONGEST:
        raise Refused(N_("Write the name of the bank."), code="bank")
    return Payee(TRANSFER, holder, number.upper(), bank)


def take_back(*, contest: Contest, person: User, now: datetime) -> None:
    """Delete what this person gave, and with it the consent. Nothing there: nothing happens."""
    gone = db.session.execute(
        delete(BankDetail).where(BankDetail.contest_id == contest.id, BankDetail.user_id == person.id)
    )
    if gone.rowcount:  # type: ignore[attr-defined]  # a DELETE gives a cursor result
        _audit(contest, "withdraw_bank_details", person, now)


def contests_to_pay(person: User, now: datetime) -> Sequence[Contest]:
    """Contests in which this person has a prize with money that anyone may know of at `now`."""
    won = standing_awards(now).join(Entry, Entry.id == Award.entry_id).where(Entry.author_id == person.id)
    paid = won.where(Award.amount_vnd > 0).with_only_columns(ResultSet.contest_id)
    return db.session.scalars(select(Contest).where(Contest.id.in_(paid)).order_by(Contest.id)).all()


# For organisers, freshly signed in


def payments_of(contest: Contest, sealer: Fernet, now: datetime) -> list[Payment]:
    """Every winner with money due, by name, with what they gave. Raises NotFound before the announcement.

    Who shows this says so first, with `note_look`.
    """
    found = awards_of(contest, now)
    if found is None:
        raise NotFound(contest.slug)
    mine: dict[int, list[AwardAt]] = {}
    for each in found[1]:
        if each.award.amount_vnd > 0:
            mine.setdefault(each.award.entry.author_id, []).append(each)
    details = {
        detail.user_id: detail
        for detail in db.session.scalars(select(BankDetail).where(BankDetail.contest_id == contest.id))
    }
    made = []
    for user_id, awards in mine.items():
        detail = details.get(user_id)
        prizes = [contest.rules.find_prize(each.award.prize_id) for each in awards]
        made.append(
            Payment(
                awards[0].award.entry.author,
                tuple(each.award.entry for each in awards),
                tuple(prize.name.vi for prize in prizes if prize is not None),
                sum(each.award.amount_vnd for each in awards),
                detail.given_at if detail else None,
                opened(detail, sealer) if detail else None,
            )
        )
    return sorted(made, key=lambda each: (each.person.name_key, each.person.id))


def note_look(*, contest: Contest, act: str, actor: User, now: datetime) -> None:
    """Record that an organiser looks at all details, or takes them as a file. Raises Refused for anyone else."""
    if ORGANISER not in roles_of(contest.id, actor.id):
        raise Refused(N_("Only an organiser can do this."), code="not_organiser")
    note(contest, act, actor, now)
    db.session.flush()


# Deletion


def forget_due(now: datetime) -> dict[int, int]:
    """Delete details whose day has come or whose prize no longer stands; how many, by the contest's id."""
    today = local(now).date()
    details: Sequence[BankDetail] = db.session.scalars(
        select(BankDetail).options(joinedload(BankDetail.contest)).order_by(BankDetail.contest_id, BankDetail.id)
    ).all()
    winners: dict[int, set[int]] = {}
    gone: dict[int, int] = {}
    for detail in details:
        if detail.contest_id not in winners:
            found = awards_of(detail.contest, now)
            winners[detail.contest_id] = {each.award.entry.author_id for each in found[1]} if found else set()
        if detail.delete_on <= today or detail.user_id not in winners[detail.contest_id]:
            db.session.delete(detail)
            gone[detail.contest_id] = gone.get(detail.contest_id, 0) + 1
    db.session.flush()
    return gone


def forget_person(person: User) -> None:
    """Delete what an erased person gave, in every contest."""
    db.session.execute(delete(BankDetail).where(BankDetail.user_id == person.id))


def given_by(person: User, sealer: Fernet) -> list[dict[str, str]]:
    """What a person gave, in every contest, in words: for the copy of their own data."""
    details = db.session.scalars(
        select(BankDetail).where(BankDetail.user_id == person.id).options(joinedload(BankDetail.contest))
    )
    found = []
    for detail in details:
        payee = opened(detail, sealer)
        found.append(
            {
                "contest": detail.contest.slug,
                "given_at": detail.given_at.isoformat(),
                "deleted_on": detail.delete_on.isoformat(),
                "consent": detail.consent,
                **(payee._asdict() if payee else {}),
            }
        )
    return found


def _audit(contest: Contest, verb: str, person: User, now: datetime, **details: str) -> None:
    record(
        actor=person.public_id,
        verb=f"results.{verb}",
        object_type="contest",
        object_id=contest.public_id,
        contest_id=contest.id,
        now=now,
        **details,
    )
