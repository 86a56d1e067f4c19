"""The verbs of the secretariat's desk beside those on entries, which are in entries.services."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_, Conflict, NotFound, Refused
from contest.core.text import clean_line, clean_text
from contest.entries.models import Entry
from contest.screening.findings import examine, keep
from contest.screening.models import Finding, NearCopy, ReasonTemplate, SavedView
from contest.screening.rules import (
    NEAR_COPY,
    TEMPLATE_LONGEST,
    TEMPLATE_VERBS,
    TEMPLATES_MOST,
    VIEWS_MOST,
)


def check_entries(*, entry_ids: Sequence[int], now: datetime) -> int:
    """Look through entries and keep what is found; returns how many were looked through."""
    return sum(keep(each, now) for each in examine(entry_ids))


def set_aside(*, finding: Finding, actor: User, now: datetime) -> None:
    """A person looked and found it harmless; it stays on record. Done twice, it is done once."""
    if finding.set_aside_at is None:
        finding.set_aside_at = now
        finding.set_aside_by_id = actor.id
        _record(finding.entry_id, "set_aside", actor, now, kind=finding.kind, place=finding.place)
        db.session.flush()


def bring_back(*, finding: Finding, actor: User, now: datetime) -> None:
    """Take back that a finding was set aside."""
    if finding.set_aside_at is not None:
        finding.set_aside_at = None
        finding.set_aside_by_id = None
        _record(finding.entry_id, "bring_back", actor, now, kind=finding.kind, place=finding.place)
        db.session.flush()


def judge_near_copy(*, pair: NearCopy, judged: str, note: str, actor: User, now: datetime) -> None:
    """Say whether one text is copied from the other; `judged` as in NearCopy, empty to take it back.

    A harmless pair sets the findings at both entries aside. Raises Refused for a copy without a note.
    """
    note = clean_text(note)[:2000]
    if judged not in ("copy", "harmless", ""):
        raise Refused(N_("Choose whether it is a copy."), code="judged")
    if judged == "copy" and not note:
        raise Refused(N_("Say why you hold it to be a copy: it is the ground of what follows."), code="note")
    pair.judged = judged or None
    pair.judged_at = now if judged else None
    pair.judged_by_id = actor.id if judged else None
    pair.note = note or None
    aside = judged == "harmless"
    for finding in db.session.scalars(
        select(Finding).where(
            Finding.kind == NEAR_COPY,
            or_(
                (Finding.entry_id == pair.one_id) & (Finding.other_id == pair.other_id),
                (Finding.entry_id == pair.other_id) & (Finding.other_id == pair.one_id),
            ),
        )
    ):
        finding.set_aside_at = now if aside else None
        finding.set_aside_by_id = actor.id if aside else None
    for entry in (pair.one, pair.other):
        _record(entry.id, "judge_near_copy", actor, now, pair=pair.public_id, judged=judged, share=pair.share)
    db.session.flush()


def _record(entry_id: int, verb: str, actor: User, now: datetime, **details: Any) -> None:
    entry = db.session.get_one(Entry, entry_id)
    record(
        actor=actor.public_id,
        verb=f"screening.{verb}",
        object_type="entry",
        object_id=entry.public_id,
        contest_id=entry.contest_id,
        now=now,
        **details,
    )


def record_export(*, contest: Contest, rows: int, arguments: dict[str, Any], actor: User, now: datetime) -> None:
    """Personal data leave the house in a file: who took them, how many rows, narrowed how."""
    record(
        actor=actor.public_id,
        verb="screening.export",
        object_type="contest",
        object_id=contest.slug,
        contest_id=contest.id,
        now=now,
        rows=rows,
        # Not what was searched for: it may be somebody's name, and the audit keeps it for ever.
        arguments={name: "…" if name == "tim" else value for name, value in arguments.items()},
    )
    db.session.flush()


# Saved views


def save_view(*, contest: Contest, name: str, arguments: dict[str, Any], actor: User, now: datetime) -> SavedView:
    """Keep a narrowing of the list under a name; the same name is used anew. Raises Refused."""
    name = clean_line(name)[:60].strip()
    if not name:
        raise Refused(N_("Give the view a name."), code="name")
    mine = SavedView.contest_id == contest.id, SavedView.user_id == actor.id
    view = db.session.scalar(select(SavedView).where(*mine, SavedView.name == name).with_for_update())
    if view is None:
        if (db.session.scalar(select(func.count(SavedView.id)).where(*mine)) or 0) >= VIEWS_MOST:
            raise Refused(N_("You have kept many views already. Remove one first."), code="too_many")
        view = SavedView(contest_id=contest.id, user_id=actor.id, name=name, arguments={}, made_at=now)
        db.session.add(view)
    view.arguments = arguments
    db.session.flush()
    return view


def forget_view(*, contest: Contest, public_id: str, actor: User) -> None:
    """Remove one of one's own views. Raises NotFound."""
    own = select(SavedView).where(SavedView.contest_id == contest.id, SavedView.user_id == actor.id)
    view = next((each for each in db.session.scalars(own) if each.public_id == public_id), None)
    if view is None:
        raise NotFound(public_id)
    db.session.delete(view)
    db.session.flush()


# Wordings of reasons


def write_template(
    *,
    contest: Contest,
    template: ReasonTemplate | None,
    verb: str,
    name: str,
    text: str,
    actor: User,
    now: datetime,
) -> ReasonTemplate:
    """Add a wording, or change `template`. Raises Refused."""
    name, text = clean_line(name)[:100].strip(), clean_text(text)
    if verb not in TEMPLATE_VERBS:
        raise Refused(N_("Choose what the wording is for."), code="verb")
    if not name or not text:
        raise Refused(N_("Give the wording a name and a text."), code="empty")
    if len(text) > TEMPLATE_LONGEST:
        raise Refused(N_("The wording is too long: at most %(most)s characters."), code="long", most=TEMPLATE_LONGEST)
    if template is None:
        count = select(func.count(ReasonTemplate.id)).where(ReasonTemplate.contest_id == contest.id)
        if (db.session.scalar(count) or 0) >= TEMPLATES_MOST:
            raise Refused(N_("There are many wordings already. Remove one first."), code="too_many")
        template = ReasonTemplate(contest_id=contest.id, made_at=now, made_by_id=actor.id)
        db.session.add(template)
    elif template.contest_id != contest.id:
        raise Conflict(N_("This wording belongs to another contest."), code="contest")
    template.verb, template.name, template.text = verb, name, text
    db.session.flush()
    _record_template(contest, template, "write_template", actor, now)
    return template


def drop_template(*, contest: Contest, template: ReasonTemplate, actor: User, now: datetime) -> None:
    """Remove a wording; what was written with it stays as it is."""
    _record_template(contest, template, "drop_template", actor, now)
    db.session.delete(template)
    db.session.flush()


def _record_template(contest: Contest, template: ReasonTemplate, verb: str, actor: User, now: datetime) -> None:
    record(
        actor=actor.public_id,
        verb=f"screening.{verb}",
        object_type="reason_template",
        object_id=template.public_id,
        contest_id=contest.id,
        now=now,
        name=template.name,
    )
