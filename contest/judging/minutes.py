"""Minutes of a round: numbered versions that never change, signed by people, with the signed paper kept beside them.

A version is everything it says, as JSON, and the SHA-256 of that. A signature is for one such checksum: when
something has changed, a new version is made and signed anew. Versions stay, with who signed them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.models import Contest
from contest.contests.queries import roles_of
from contest.contests.rules import CHAIR, JUDGE, ORGANISER, SECRETARY
from contest.core.db import db
from contest.core.errors import N_, Conflict, NotFound, Refused
from contest.core.files import FileStore
from contest.core.text import clean_line, clean_text
from contest.exemplars.papers import Paper
from contest.judging.locks import find_closing, hold_contest
from contest.judging.minutes_content import gather
from contest.judging.minutes_sources import RESULT, PrizeLines, Say, Typed, lines_in
from contest.judging.models import PanelSeat
from contest.judging.models_council import Minutes, MinutesScan, MinutesSignature
from contest.judging.papers import closing_of, scores_for
from contest.judging.terms import sha256_of

MAKERS = frozenset({CHAIR, ORGANISER, SECRETARY})
LONGEST_CONCLUSIONS = 10_000
MOST_SCANS = 10


# Finding


def versions_of(contest: Contest, round_id: str, category: str) -> Sequence[Minutes]:
    """Every version of the minutes of a round, the latest first, with who signed."""
    return db.session.scalars(
        select(Minutes)
        .where(Minutes.contest_id == contest.id, Minutes.round == round_id, Minutes.category == category)
        .options(
            selectinload(Minutes.signatures).joinedload(MinutesSignature.user),
            selectinload(Minutes.scans).joinedload(MinutesScan.by),
            joinedload(Minutes.made_by),
        )
        .order_by(Minutes.number.desc())
    ).all()


class Latest(NamedTuple):
    """The latest version of a round's minutes, as a list shows it. `signed`: by whoever asks."""

    public_id: str
    round: str
    category: str
    number: int
    made_at: datetime
    signed: bool


def latest_for(contest: Contest, person: User) -> list[Latest]:
    """The latest minutes of every round that this person may read, in the order of the rules."""
    signed = select(MinutesSignature.minutes_id).where(MinutesSignature.user_id == person.id)
    rows = db.session.execute(
        select(
            Minutes.public_id, Minutes.round, Minutes.category, Minutes.number, Minutes.made_at, Minutes.id.in_(signed)
        )
        .where(Minutes.contest_id == contest.id)
        .order_by(Minutes.number)
    )
    latest = {(row[1], row[2]): Latest(*row[:5], bool(row[5])) for row in rows}
    places = [(round_.id, category.id) for round_ in contest.rules.rounds for category in contest.rules.categories]
    return [latest[place] for place in places if place in latest and may_read(contest, place[0], place[1], person)]


def find_minutes(contest: Contest, public_id: str) -> Minutes | None:
    """A version by its public id, whoever asks."""
    return db.session.scalar(
        select(Minutes)
        .where(Minutes.contest_id == contest.id, Minutes.public_id == public_id)
        .options(
            selectinload(Minutes.signatures).joinedload(MinutesSignature.user),
            selectinload(Minutes.scans).joinedload(MinutesScan.by),
            joinedload(Minutes.made_by),
        )
    )


def get_minutes(contest: Contest, public_id: str, person: User) -> Minutes:
    """A version by its public id. Raises NotFound, also for one that this person may not read."""
    found = find_minutes(contest, public_id)
    if found is None or not may_read(contest, found.round, found.category, person):
        raise NotFound(public_id)
    return found


def may_read(contest: Contest, round_id: str, category: str, person: User) -> bool:
    """Whether this person may read the minutes of a round: who made them, who leads, who sat in the panel.

    A judge who has yet to mark a later round of the category may not: minutes tell what entries got, and
    judges see nothing of other rounds unless the rules of that round say so.
    """
    roles = roles_of(contest.id, person.id)
    if CHAIR in roles:
        return True
    if JUDGE not in roles:
        return bool(roles & MAKERS)
    seats = {
        (seat.round, seat.ended_at is None)
        for seat in db.session.scalars(
            select(PanelSeat).where(
                PanelSeat.contest_id == contest.id, PanelSeat.category == category, PanelSeat.judge_id == person.id
            )
        )
    }
    if (round_id, True) not in seats:
        return False
    rules = contest.rules
    later = []
    following = rules.round_after(round_id)
    while following is not None:
        later.append(following)
        following = rules.round_after(following.id)
    return all(
        (each.id, True) not in seats
        or rules.sees(each.id, category).other_rounds
        or find_closing(contest.id, each.id, category) is not None
        for each in later
    )


def is_latest(minutes: Minutes) -> bool:
    """Whether no later version was made."""
    later = select(Minutes.id).where(
        Minutes.contest_id == minutes.contest_id,
        Minutes.round == minutes.round,
        Minutes.category == minutes.category,
        Minutes.number > minutes.number,
    )
    return db.session.scalar(later.limit(1)) is None


def capacity_of(minutes: Minutes, person: User) -> str | None:
    """As what a person may sign this version; None for somebody it does not name."""
    return next((each["capacity"] for each in minutes.content["signers"] if each["user"] == person.public_id), None)


# Making


def draft(
    *, contest: Contest, round_id: str, category: str, typed: Typed, prizes: PrizeLines | None, say: Say
) -> dict[str, Any]:
    """What a version made now would say. Raises Refused while the round is open."""
    closing = closing_of(contest, round_id, category)
    scores = scores_for(contest, round_id, category, person_id=0, judging=False)
    return gather(scores, closing, typed, prizes, say)


def make_minutes(
    *,
    contest: Contest,
    round_id: str,
    category: str,
    number: str,
    place: str,
    date: str,
    conclusions: str,
    prizes: PrizeLines | None,
    say: Say,
    actor: User,
    now: datetime,
) -> Minutes:
    """Make the next version from what is on record. By the head of jury, an organiser or the secretariat.

    `number`, `place` and `date` are those of the letterhead, `conclusions` what was agreed. `say` translates
    sentences into Vietnamese, the language of the paper. Raises Refused while the round is open, without
    conclusions, and when nothing has changed since the last version (its day alone is no change).
    """
    if not roles_of(contest.id, actor.id) & MAKERS:
        raise Refused(N_("The head of jury, an organiser or the secretariat does this."), code="not_allowed")
    contest.rules.round(round_id)
    contest.rules.category(category)
    hold_contest(contest, alone=True)
    typed = Typed(clean_line(number)[:60], clean_line(place)[:60], date, clean_text(conclusions)[:LONGEST_CONCLUSIONS])
    if not typed.conclusions:
        raise Refused(N_("Write what was concluded."), code="conclusions_missing")
    content = draft(contest=contest, round_id=round_id, category=category, typed=typed, prizes=prizes, say=say)
    earlier = versions_of(contest, round_id, category)
    if earlier and _without_day(earlier[0].content) == _without_day(content):
        raise Refused(
            N_("Nothing has changed since version %(number)s: that one is to be signed."),
            code="unchanged",
            number=earlier[0].number,
        )
    minutes = Minutes(
        contest_id=contest.id,
        round=round_id,
        category=category,
        number=1 + (earlier[0].number if earlier else 0),
        content=content,
        sha256=sha256_of(content),
        made_by_id=actor.id,
        made_at=now,
    )
    db.session.add(minutes)
    db.session.flush()
    _note(contest, minutes, "make_minutes", actor, now, number=minutes.number)
    return minutes


def _without_day(content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name != "date"}


def is_intact(minutes: Minutes) -> bool:
    """Whether the version still is what its checksum was made of."""
    return sha256_of(minutes.content) == minutes.sha256


# Signing


def sign(*, contest: Contest, minutes: Minutes, sha256: str, actor: User, now: datetime) -> MinutesSignature:
    """Sign a version: the latest one, for the checksum that the page showed. Signing twice is signing once.

    Raises NotFound for somebody whom it does not name, Conflict when a newer version was made or it is not
    what was shown.
    """
    hold_contest(contest, alone=True)
    capacity = capacity_of(minutes, actor)
    if capacity is None or not may_read(contest, minutes.round, minutes.category, actor):
        raise NotFound(minutes.public_id)
    for signature in minutes.signatures:
        if signature.user_id == actor.id:
            return signature
    if not is_latest(minutes):
        raise Conflict(N_("A newer version was made meanwhile: please read and sign that one."), code="newer_version")
    if sha256 != minutes.sha256 or not is_intact(minutes):
        raise Conflict(N_("This is not what your page showed. Load it again."), code="not_as_shown")
    signature = MinutesSignature(minutes=minutes, user_id=actor.id, capacity=capacity, sha256=minutes.sha256, at=now)
    db.session.add(signature)
    db.session.flush()
    _note(contest, minutes, "sign_minutes", actor, now, capacity=capacity)
    return signature


# The signed paper


def add_scan(
    *, contest: Contest, minutes: Minutes, paper: Paper, files: FileStore, actor: User, now: datetime
) -> MinutesScan:
    """Keep a scan of the paper that was signed by hand (see `make_paper`); the same file again is kept once.

    By whoever may make minutes. Raises Refused (too many), NotFound, StoreAway.
    """
    if not roles_of(contest.id, actor.id) & MAKERS:
        raise NotFound(minutes.public_id)
    hold_contest(contest, alone=True)
    for each in minutes.scans:
        if each.sha256 == paper.sha256:
            return each
    if len(minutes.scans) >= MOST_SCANS:
        raise Refused(N_("At most %(most)s scans are kept with a version."), code="too_many_scans", most=MOST_SCANS)
    scan = MinutesScan(
        minutes_id=minutes.id,
        key=files.put(paper.content, paper.extension),
        name=paper.name,
        media_type=paper.media_type,
        size=len(paper.content),
        sha256=paper.sha256,
        by_id=actor.id,
        at=now,
    )
    db.session.add(scan)
    db.session.flush()
    db.session.expire(minutes, ["scans"])
    _note(contest, minutes, "add_minutes_scan", actor, now, scan=scan.public_id, file=scan.sha256)
    return scan


def get_scan(minutes: Minutes, public_id: str) -> MinutesScan:
    """A scan of this version. Raises NotFound."""
    found = next((each for each in minutes.scans if each.public_id == public_id), None)
    if found is None:
        raise NotFound(public_id)
    return found


def _note(contest: Contest, minutes: Minutes, verb: str, actor: User, now: datetime, **details: object) -> None:
    record(
        actor=actor.public_id,
        verb=f"judging.{verb}",
        object_type="minutes",
        object_id=minutes.public_id,
        contest_id=contest.id,
        now=now,
        round=minutes.round,
        category=minutes.category,
        sha256=minutes.sha256,
        **details,
    )
    db.session.flush()


# What changed


class Change(NamedTuple):
    """A line that came (`in`) or went (`out`) between two versions."""

    how: str
    line: str


def changes(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    """What two versions say differently, in the order of the paper."""
    before, after = lines_in(old), lines_in(new)
    found: list[Change] = []
    for kind, first, last, begin, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            found += [Change("out", line) for line in before[first:last]]
            found += [Change("in", line) for line in after[begin:end]]
    return found


def ranked_rows(content: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Place, code and total of every entry in the result, as the minutes list them."""
    rows = next(
        block["rows"]
        for section in content["sections"]
        if section.get("name") == RESULT
        for block in section["blocks"]
        if block["kind"] == "table"
    )
    return [(row[0], row[1], row[2]) for row in rows]
