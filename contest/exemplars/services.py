"""Keeping the record of an exemplar, asking its unit, and taking the answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from contest.accounts.models import User
from contest.anniversaries.rules import add_working_days
from contest.audit.services import record
from contest.core.db import db
from contest.core.errors import N_, Conflict, Refused
from contest.core.formats import VIET_NAM
from contest.core.text import clean_line, clean_text, fold
from contest.exemplars.consents import agreed_now, take_answer
from contest.exemplars.models import Exemplar, Verification
from contest.exemplars.queries import standing_verification
from contest.exemplars.records import leave
from contest.exemplars.rules import (
    CONSENT_VERSION,
    HOLD_REASONS,
    KINDS,
    ON_HOLD,
    OUTCOMES,
    PHOTOS,
    PRESENT,
    VERIFIED,
)
from contest.outbox.services import ask_for_mail, ask_for_sms
from contest.units.models import Unit
from contest.units.queries import officers_of


class Subject(NamedTuple):
    """What a unit is asked to verify: an exemplar, as told in a story."""

    exemplar: Exemplar
    title: str
    story: str


def short_line(value: str, limit: int) -> str:
    """`value` as one clean line. Raises Refused when it has more than `limit` characters."""
    line = clean_line(value)
    if len(line) > limit:
        raise Refused(
            N_("“%(start)s…” is too long: at most %(limit)s characters fit here."),
            code="too_long",
            start=line[:30],
            limit=limit,
        )
    return line


def new_exemplar(*, now: datetime) -> Exemplar:
    """An empty record, to be filled in by whoever writes about the exemplar."""
    exemplar = Exemplar(created_at=now)
    db.session.add(exemplar)
    return exemplar


def describe_exemplar(
    *,
    exemplar: Exemplar,
    kind: str,
    name: str,
    role: str,
    unit: Unit | None,
    address: str,
    contact: str,
    is_child: bool,
) -> None:
    """Set what is known of an exemplar. Raises Refused for an unknown kind or hidden characters."""
    if kind not in KINDS:
        raise Refused(N_("Please choose a kind of exemplar from the list."), code="exemplar_kind")
    exemplar.kind = kind
    exemplar.name = short_line(name, 200)
    exemplar.name_key = fold(exemplar.name)[:200]
    exemplar.role = short_line(role, 200)
    exemplar.unit = unit
    exemplar.address = short_line(address, 300)
    exemplar.contact = short_line(contact, 200)
    exemplar.is_child = is_child


def copy_exemplar(*, source: Exemplar, target: Exemplar) -> None:
    """Make `target` say what `source` says."""
    if target.id and target.name_key != source.name_key:
        # A record that is about somebody else now is no longer the same as its fellows.
        leave(target)
    for name in ("kind", "name", "name_key", "role", "unit_id", "address", "contact", "is_child"):
        setattr(target, name, getattr(source, name))


def standing_unit(unit: Unit, day: date) -> Unit:
    """`unit`, or what it now belongs to when it was abolished."""
    seen: set[int] = set()
    while unit.valid_to is not None and unit.valid_to <= day and unit.successor and unit.id not in seen:
        seen.add(unit.id)
        unit = unit.successor
    return unit


def request_verifications(
    *,
    contest_id: int,
    subjects: Iterable[Subject],
    working_days: int,
    actor: User | None,
    now: datetime,
    again: bool = False,
    unit: Unit | None = None,
    scope: str = "",
) -> list[Verification]:
    """Ask the units of the exemplars; each unit's officers get one message, however many questions.

    The term is `working_days` from today in Viet Nam. An exemplar already asked about is passed
    over, unless `again`: then the standing question gives way to a new one and stays on record.
    `unit`: ask this one in place of the exemplars' own (the right one, or the one that manages the person).
    `scope`: the slug of the contest, whose organiser may have worded the message.
    Raises Refused when an exemplar has no unit.
    """
    today = now.astimezone(VIET_NAM).date()
    due_on = add_working_days(today, working_days)
    asked: list[Verification] = []
    for exemplar, title, story in subjects:
        asked_of = unit or exemplar.unit
        if asked_of is None:
            raise Refused(
                N_("“%(title)s” names no unit for its exemplar: ask the author to complete it first."),
                code="no_unit",
                title=title,
            )
        standing = standing_verification(contest_id, exemplar.id)
        if standing is not None:
            if not again:
                continue
            standing.superseded_at = now
            db.session.flush()
        verification = Verification(
            contest_id=contest_id,
            exemplar=exemplar,
            unit=standing_unit(asked_of, today),
            requested_at=now,
            requested_by_id=actor.id if actor else None,
            due_on=due_on,
            title=title,
            story=story,
        )
        db.session.add(verification)
        db.session.flush()
        record(
            actor=actor.public_id if actor else None,
            verb="exemplars.request_verification",
            object_type="verification",
            object_id=verification.public_id,
            contest_id=contest_id,
            now=now,
            exemplar=exemplar.public_id,
            unit=verification.unit.code,
            due_on=due_on.isoformat(),
        )
        asked.append(verification)
    _tell_officers(asked, scope, now)
    return asked


def set_verification_aside(*, contest_id: int, exemplar: Exemplar, actor: User, now: datetime) -> None:
    """Let no answer stand that was given about an earlier story or record of `exemplar`.

    It stays on record, and the unit has to be asked again. Nothing happens when it was not asked.
    """
    standing = standing_verification(contest_id, exemplar.id)
    if standing is None:
        return
    standing.superseded_at = now
    record(
        actor=actor.public_id,
        verb="exemplars.set_verification_aside",
        object_type="verification",
        object_id=standing.public_id,
        contest_id=contest_id,
        now=now,
        exemplar=exemplar.public_id,
    )
    db.session.flush()


def _tell_officers(asked: Sequence[Verification], scope: str, now: datetime) -> None:
    by_unit: defaultdict[int, list[Verification]] = defaultdict(list)
    for verification in asked:
        by_unit[verification.unit_id].append(verification)
    for questions in by_unit.values():
        tell_officers(questions, mail="verification_request", sms="verification_request_sms", now=now, scope=scope)


def tell_officers(questions: Sequence[Verification], *, mail: str, sms: str, now: datetime, scope: str = "") -> None:
    """One message about questions to one unit for each of its officers, from the template that reaches them."""
    unit = questions[0].unit
    for officer in officers_of(unit):
        params: dict[str, Any] = {
            "scope": scope,
            "unit": unit.name,
            "code": unit.code,
            "count": len(questions),
            "names": [question.exemplar.name for question in questions[:20]],
            "due_on": min(question.due_on for question in questions).isoformat(),
        }
        if officer.user.email:
            ask_for_mail(to=officer.user.email, template=mail, now=now, locale=officer.user.locale, **params)
        elif officer.user.phone:
            ask_for_sms(to=officer.user.phone, template=sms, now=now, locale=officer.user.locale, **params)


def state_seen(verification: Verification) -> str:
    """What a form says it has seen, so that it cannot overwrite what it has not."""
    return f"{verification.public_id}.{verification.outcome or ''}"


def answer_verification(
    *,
    verification: Verification,
    outcome: str,
    actor: User,
    now: datetime,
    note: str = "",
    hold_reason: str | None = None,
    consent: bool | None = None,
    guardian_consent: bool | None = None,
    photos: bool | None = None,
    under_seven: bool = False,
    seen: str | None = None,
) -> Verification:
    """Take a unit's answer; a later one supersedes it and the earlier stays on record.

    `consent` is to being presented, `photos` to being recognised in photos (None: nothing was asked,
    and nothing is recorded); `under_seven`: a child's representative speaks alone. Consents are kept
    apart from the answer (exemplars.consents) and outlive it.

    The same answer again changes nothing. `seen` is the `state_seen` of the page that the answer
    comes from. Raises Refused when a reason or note that the outcome needs is missing, Conflict
    when a colleague answered after the page was opened.
    """
    if outcome not in OUTCOMES:
        raise Refused(N_("Please choose one of the answers."), code="outcome")
    note = clean_text(note)
    if outcome == ON_HOLD and hold_reason not in HOLD_REASONS:
        raise Refused(N_("Please say why it is on hold."), code="hold_reason")
    if outcome != VERIFIED and not note:
        raise Refused(N_("Please add a note that explains this answer."), code="note")
    if outcome == VERIFIED and consent is None:
        raise Refused(N_("Please say whether the exemplar agrees to be presented."), code="consent")
    if outcome == VERIFIED and consent and verification.exemplar.is_child and guardian_consent is None:
        raise Refused(N_("Please say whether the child's legal representative agrees."), code="guardian_consent")
    content = {
        "outcome": outcome,
        "hold_reason": hold_reason if outcome == ON_HOLD else None,
        "note": note or None,
        "consent": consent,
        "guardian_consent": guardian_consent if verification.exemplar.is_child else None,
    }
    is_child = verification.exemplar.is_child
    agreed = bool(consent) and (not is_child or bool(guardian_consent))
    standing = agreed_now(verification.exemplar)
    wanted_photos = standing[PHOTOS] if photos is None else photos
    same = all(getattr(verification, name) == value for name, value in content.items())
    kept = consent is None or standing == {PRESENT: agreed, PHOTOS: agreed and wanted_photos}
    if same and kept:
        return verification
    if verification.superseded_at is not None or (seen is not None and seen != state_seen(verification)):
        raise Conflict(
            N_("A colleague has answered this question since you opened it. Please read their answer first."),
            code="answered",
        )
    if verification.outcome is not None:
        verification.superseded_at = now
        db.session.flush()
        earlier = verification
        verification = Verification(
            **{
                name: getattr(earlier, name)
                for name in (
                    "contest_id",
                    "exemplar_id",
                    "unit_id",
                    "requested_at",
                    "requested_by_id",
                    "due_on",
                    "title",
                    "story",
                )
            }
        )
        db.session.add(verification)
    for name, value in content.items():
        setattr(verification, name, value)
    verification.consent_text = CONSENT_VERSION if consent is not None else None
    verification.consent_at = now if consent is not None else None
    verification.answered_at = now
    verification.answered_by_id = actor.id
    db.session.flush()
    if consent is not None:
        take_answer(
            verification=verification,
            agreed=agreed,
            photos=wanted_photos,
            alone=is_child and under_seven,
            actor=actor,
            now=now,
        )
    record(
        actor=actor.public_id,
        verb="exemplars.answer_verification",
        object_type="verification",
        object_id=verification.public_id,
        contest_id=verification.contest_id,
        now=now,
        outcome=outcome,
        hold_reason=verification.hold_reason,
        consent=consent,
        guardian_consent=verification.guardian_consent,
        consent_text=verification.consent_text,
    )
    return verification
