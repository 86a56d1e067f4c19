"""Extending the time for entries: a new version of the rules, made from a form, with a reason and a public notice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import select

from contest.accounts.models import User
from contest.accounts.services import send
from contest.contests.models import Contest, RuleSetVersion
from contest.contests.ruleset import RuleSet, RuleSetInvalid, Step, parse_rule_set
from contest.contests.ruleset.canonical import canonical
from contest.contests.services import load_rule_set
from contest.core.db import db
from contest.core.errors import N_, Refused
from contest.core.text import clean_text
from contest.core.windows import Window
from contest.entries.models import Entry
from contest.entries.rules import DRAFT

# What may be moved together with the close: everything up to the first round of marking. Paper
# dates stay as they are unless others are given.
MOVABLE = ("paper_postmark", "paper_arrival", "paper_keyed", "screening", "verification", "prelim", "final")
NOTICE_MAX = 1000


class CannotExtend(Refused):
    """A refusal with all that stands in the way."""

    def __init__(self, message: str, problems: Sequence[tuple[str, dict[str, Any]]], *, code: str) -> None:
        super().__init__(message, code=code)
        self.problems = tuple(problems)


class Extension(NamedTuple):
    """What the public is told of an extension: until when, since when it is known, and why."""

    closes: datetime
    made_at: datetime
    notice: str


def movable_steps(rules: RuleSet) -> list[Step]:
    """The windows that may be moved with the close of submission: those up to the first round."""
    found = []
    for key in MOVABLE:
        step = rules.step(key)
        if step is not None and step.window is not None:
            found.append(step)
        if key == rules.rounds[0].id:
            break
    return found


def extend_submission(
    *,
    contest: Contest,
    closes: datetime,
    moved: Mapping[str, Window],
    notice: str,
    actor: User,
    now: datetime,
) -> RuleSetVersion:
    """Give everybody until `closes`; `moved` holds new windows of other steps, by key.

    The rules get a new version, the public page shows the notice, and all who have a draft are told.
    Raises Refused without a reason or for a time that is no extension; CannotExtend with everything
    that would have to move too.
    """
    rules = contest.rules
    why = clean_text(notice)
    window = rules.window("submission")
    first = rules.instant(rules.rounds[0].id)
    if window is None:
        raise Refused(N_("The timetable has no window for entries."), code="no_window")
    if not why or len(why) > NOTICE_MAX:
        raise Refused(
            N_("Say why, in at most %(most)s characters: everybody reads it."), code="notice", most=NOTICE_MAX
        )
    if closes <= max(now, window.closes):
        raise Refused(
            N_("An extension ends later than now, and later than %(closes)s, when submission closes so far."),
            code="closes",
            closes=window.closes,
        )
    if first is not None and first <= now:
        raise Refused(
            N_("The judges have begun to read: the time for entries can no longer be extended."), code="begun"
        )
    shifted = _shifted(rules, closes, moved)
    try:
        extended = parse_rule_set(shifted)
    except RuleSetInvalid as error:
        raise CannotExtend(
            N_("Other steps of the timetable would have to move too:"),
            [(problem.message, dict(problem.params)) for problem in error.problems],
            code="timetable",
        ) from error
    overtaken = [*_overtaken(rules, extended, closes)]
    if overtaken:
        raise CannotExtend(N_("Other steps of the timetable would have to move too:"), overtaken, code="timetable")
    load_rule_set(rules=extended, actor=actor, now=now, reason=why, notice=why)
    version = contest.current_version
    if version is None:
        raise RuntimeError(f"{contest.slug} has no rule set")
    _tell_writers(contest, closes, why, now)
    db.session.flush()
    return version


def _shifted(rules: RuleSet, closes: datetime, moved: Mapping[str, Window]) -> str:
    document = dict(rules.as_json())
    timeline = []
    for step in document["timeline"]:
        changed = dict(step)
        if step["key"] == "submission":
            changed["closes"] = _spelled(closes)
        elif step["key"] in moved and step["key"] in MOVABLE:
            window = moved[step["key"]]
            changed["opens"], changed["closes"] = _spelled(window.opens), _spelled(window.closes)
        timeline.append(changed)
    document["timeline"] = timeline
    return canonical(document).text


def _spelled(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat()


def _overtaken(old: RuleSet, new: RuleSet, closes: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    """Steps that were to begin once all entries were in, and would now begin before."""
    closed = old.window("submission")
    for step in new.timeline:
        before = old.step(step.key)
        if closed is None or before is None or before.starts < closed.closes or closes <= step.starts:
            continue
        yield (
            N_("%(step)s begins at %(at)s, before the new close."),
            {"step": step.label, "at": step.starts},
        )


def _tell_writers(contest: Contest, closes: datetime, why: str, now: datetime) -> None:
    """Everybody with a draft that was not sent yet, once each."""
    writers = db.session.scalars(
        select(User)
        .where(User.id.in_(select(Entry.author_id).where(Entry.contest_id == contest.id, Entry.state == DRAFT)))
        .order_by(User.id)
    )
    title = contest.rules.title
    for person in writers:
        address = person.email or person.phone
        if address:
            send(
                to=address,
                template="submission_extended",
                locale=person.locale,
                now=now,
                scope=contest.slug,
                contest={"vi": title.vi, "en": title.en},
                slug=contest.slug,
                closes=closes.isoformat(),
                reason=why,
            )


def find_extension(contest: Contest) -> Extension | None:
    """The latest extension, while the close that it gave is the one in force."""
    window = contest.rules.window("submission")
    if window is None or contest.current_version is None or contest.current_version.number == 1:
        return None
    version = db.session.scalar(
        select(RuleSetVersion)
        .where(RuleSetVersion.contest_id == contest.id, RuleSetVersion.notice.is_not(None))
        .order_by(RuleSetVersion.number.desc())
        .limit(1)
    )
    return Extension(window.closes, version.loaded_at, version.notice) if version and version.notice else None


__all__ = [
    "CannotExtend",
    "Extension",
    "extend_submission",
    "find_extension",
    "movable_steps",
]
