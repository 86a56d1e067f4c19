"""Asking about personal data, answering, and erasing a person."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Text, and_, delete, or_, select, type_coerce

from contest.accounts.models import User
from contest.accounts.personal import erase_account
from contest.accounts.services import hold
from contest.anniversaries.rules import add_working_days
from contest.audit.services import record
from contest.complaints.personal import forget_person
from contest.contests.models import RoleGrant
from contest.contests.queries import issued_contests
from contest.core.db import db
from contest.core.errors import N_, Conflict, Refused
from contest.core.formats import local
from contest.core.text import clean_line, clean_text
from contest.editions.personal import forget_editions
from contest.entries.models import Entry
from contest.entries.personal import (
    UNDER_WAY,
    entries_about,
    erase_entry,
    forget_co_author,
    forget_contacts,
    forget_reasons,
)
from contest.entries.rules import DRAFT
from contest.entries.services import discard_draft
from contest.intake.personal import forget_lines
from contest.outbox.models import Message
from contest.outbox.services import ask_for_mail, ask_for_sms
from contest.papers.certificates import forget_certificates
from contest.privacy.models import DataRequest
from contest.privacy.queries import own_requests
from contest.privacy.rules import ANSWER_WORKING_DAYS, CALLED_OFF, CHANNELS, KINDS, OUTCOMES, TEXT_MAX
from contest.results.bank import forget_person as forget_bank
from contest.results.mailings import forget_addresses
from contest.results.models import Award
from contest.results.queries import is_announced, on_record
from contest.screening.personal import forget_texts, forget_views
from contest.units.models import UnitOfficer

_OPEN_MAX = 5


def answer_days(now: datetime) -> int:
    """Working days for an answer: the law's, or fewer where a contest's rules promise that."""
    promised = (
        contest.rules.privacy.subject_request_response_working_days
        for contest in db.session.scalars(issued_contests(now))
    )
    return min([ANSWER_WORKING_DAYS, *promised])


def ask(*, person: User, kind: str, text: str, now: datetime) -> DataRequest:
    """Ask about one's own data; asked twice alike while it is open, it is asked once. Raises Refused."""
    kind, text = _checked(kind, text)
    waiting = [each for each in own_requests(person) if each.outcome is None]
    for each in waiting:
        if (each.kind, each.text) == (kind, text):
            return each
    if len(waiting) >= _OPEN_MAX:
        raise Refused(N_("You have %(count)s open requests. Please wait for an answer."), code="many", count=_OPEN_MAX)
    request = DataRequest(user=person, kind=kind, text=text)
    return _enter(request, person, now)


def enter(*, name: str, contact: str, channel: str, kind: str, text: str, actor: User, now: datetime) -> DataRequest:
    """Enter a request that came by letter, telephone or mail. The clock runs from now. Raises Refused."""
    kind, text = _checked(kind, text)
    name, contact = clean_line(name)[:200], clean_line(contact)[:320]
    if not name:
        raise Refused(N_("Write who asks."), code="name")
    if channel not in CHANNELS or channel == "web":
        raise Refused(N_("Choose how the request came."), code="channel")
    return _enter(DataRequest(name=name, contact=contact, channel=channel, kind=kind, text=text), actor, now)


def _checked(kind: str, text: str) -> tuple[str, str]:
    text = clean_text(text)
    if kind not in KINDS:
        raise Refused(N_("Choose what is asked for."), code="kind")
    if len(text) > TEXT_MAX:
        raise Refused(N_("At most %(limit)s characters, please."), code="text", limit=TEXT_MAX)
    return kind, text


def _enter(request: DataRequest, actor: User, now: datetime) -> DataRequest:
    request.asked_at = now
    request.due_on = add_working_days(local(now).date(), answer_days(now))
    db.session.add(request)
    db.session.flush()
    _audit(request, "ask", actor, now, kind=request.kind)
    return request


def call_off(*, request: DataRequest, person: User, now: datetime) -> None:
    """Call one's own request off before it is answered."""
    if request.outcome is None:
        request.outcome, request.answered_at = CALLED_OFF, now
        _audit(request, "call_off", person, now)
        db.session.flush()


def take(*, request: DataRequest, actor: User, now: datetime) -> None:
    """Say that one sees to a request; taken again by another, it is theirs."""
    _require_open(request)
    request.taken_by_id, request.taken_at = actor.id, now
    _audit(request, "take", actor, now)
    db.session.flush()


def answer(*, request: DataRequest, outcome: str, text: str, actor: User, now: datetime) -> None:
    """Answer a request; a person with an account is told. Raises Conflict, Refused."""
    _require_open(request)
    text = clean_text(text)
    if outcome not in OUTCOMES or outcome == CALLED_OFF:
        raise Refused(N_("Choose what was done."), code="outcome")
    if not text:
        raise Refused(N_("Write an answer; the person will read it."), code="text")
    request.outcome, request.answer = outcome, text
    request.answered_at, request.answered_by_id = now, actor.id
    _audit(request, "answer", actor, now, outcome=outcome)
    if request.user is not None:
        _tell(request.user, now)
    db.session.flush()


def _require_open(request: DataRequest) -> None:
    if request.outcome is not None:
        raise Conflict(N_("This request has been answered already."), code="answered")


def _tell(person: User, now: datetime) -> None:
    if person.email:
        ask_for_mail(to=person.email, template="data_answer", now=now, locale=person.locale, name=person.name)
    elif person.phone:
        ask_for_sms(to=person.phone, template="data_answer_sms", now=now, locale=person.locale, name=person.name)


def _audit(request: DataRequest, verb: str, actor: User, now: datetime, **details: Any) -> None:
    record(
        actor=actor.public_id,
        verb=f"privacy.{verb}",
        object_type="data_request",
        object_id=request.public_id,
        now=now,
        **details,
    )


# Erasing a person


@dataclass(frozen=True, slots=True)
class Erasure:
    """What erasing a person would do, and what stands against it."""

    drafts: tuple[Entry, ...]
    erased: tuple[Entry, ...]
    """Stories without a prize: they go."""
    kept: tuple[Entry, ...]
    """Stories with a prize: text and public name stay, contact data go."""
    under_way: tuple[Entry, ...]
    """Entries in a contest that still runs: to be withdrawn first."""
    roles: int
    """Rights that still stand: to be ended first."""

    @property
    def possible(self) -> bool:
        return not self.under_way and not self.roles


def plan_erasure(person: User, now: datetime) -> Erasure:
    """What erasing `person` means today. Entries that others lead are left as they are."""
    own = [entry for entry in entries_about(person) if entry.author_id == person.id]
    awarded = set(db.session.scalars(on_record(now).where(Award.entry_id.in_([entry.id for entry in own]))))
    drafts = [entry for entry in own if entry.state == DRAFT]
    under_way = [entry for entry in own if entry.state in UNDER_WAY and not is_announced(entry.contest_id, now)]
    rest = [entry for entry in own if entry not in drafts and entry not in under_way]
    roles = db.session.scalars(
        select(RoleGrant.id).where(RoleGrant.user_id == person.id, RoleGrant.ended_at.is_(None))
    ).all()
    offices = db.session.scalars(
        select(UnitOfficer.id).where(UnitOfficer.user_id == person.id, UnitOfficer.ended_at.is_(None))
    ).all()
    return Erasure(
        drafts=tuple(drafts),
        erased=tuple(entry for entry in rest if entry.id not in awarded),
        kept=tuple(entry for entry in rest if entry.id in awarded),
        under_way=tuple(under_way),
        roles=len(roles) + len(offices),
    )


def erase_person(*, request: DataRequest, actor: User, now: datetime) -> list[str]:
    """Erase the person who asked for it; returns keys of files to delete once this is committed.

    Raises Refused while an entry of theirs is in a running contest or a role stands, and for a
    request that asks for something else.
    """
    _require_open(request)
    person = request.user
    if person is None or request.kind != "erase" or person.erased_at is not None:
        raise Refused(N_("Only a person with an account who asks for erasure can be erased here."), code="kind")
    hold(person)
    plan = plan_erasure(person, now)
    if not plan.possible:
        raise Refused(
            N_("Entries in a running contest have to be withdrawn, and roles ended, before a person is erased."),
            code="under_way",
        )
    keys: list[str] = []
    exemplars = [entry.exemplar.name for entry in plan.erased]
    for entry in plan.drafts:
        keys += discard_draft(entry=entry, actor=actor, now=now)
    for entry in plan.erased:
        keys += erase_entry(entry)
    keys += forget_contacts(plan.kept)
    gone = [entry.id for entry in plan.erased]
    forget_texts(gone)
    forget_certificates(gone)
    forget_editions(gone, now)
    keys += forget_lines([entry.id for entry in (*plan.erased, *plan.kept)])
    forget_co_author(person, _still_named(person, now))
    forget_reasons(person)
    forget_views(person.id)
    keys += forget_person(person, now)
    _tell(person, now)
    forget_bank(person)
    addresses = erase_account(person, now=now)
    forget_addresses(addresses)
    forget_messages(addresses, now, plan.erased, exemplars)
    for each in own_requests(person):
        each.text = ""
    record(
        actor=actor.public_id,
        verb="privacy.erase",
        object_type="user",
        object_id=person.public_id,
        now=now,
        drafts=len(plan.drafts),
        entries=len(plan.erased),
        kept=len(plan.kept),
    )
    db.session.flush()
    return keys


def _still_named(person: User, now: datetime) -> set[int]:
    """Entries that others lead and the person is named with: they won, or their contest still runs."""
    others = [entry for entry in entries_about(person) if entry.author_id != person.id]
    ids = [entry.id for entry in others]
    awarded = set(db.session.scalars(on_record(now).where(Award.entry_id.in_(ids))))
    return awarded | {
        entry.id for entry in others if entry.state in UNDER_WAY and not is_announced(entry.contest_id, now)
    }


def forget_messages(
    addresses: Collection[str], now: datetime, entries: Collection[Entry] = (), exemplars: Collection[str] = ()
) -> None:
    """Delete messages to `addresses`, about `entries`, or that asked a unit about one of `exemplars`.

    But for those asked for at `now`, which tell of it.
    """
    params = type_coerce(Message.params, Text)
    about = [params.contains(json.dumps(entry.public_id), autoescape=True) for entry in entries]
    asked = [
        and_(Message.template.startswith("verification_"), params.contains(told, autoescape=True))
        for told in (json.dumps(name, ensure_ascii=False) for name in exemplars if name)
    ]
    db.session.execute(
        delete(Message)
        .where(or_(Message.address.in_(addresses), *about, *asked), Message.created_at < now)
        .execution_options(synchronize_session=False)
    )
