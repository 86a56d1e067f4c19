"""Ballots on paper: keyed in by two people, compared slip by slip, taken in by a third.

Neither of the two sees what the other reads before both are done. Where they differ, the slip is
read again from the paper. Who takes the batch in is an organiser who keyed none of it: behind a
paper ballot stands no voter with a receipt who would miss it or find one too many, so nobody
outside can look after it, and three people are what is left. Taken in, each slip is a ballot of
the same log as all others (docs/ballot-log.md, `paper`); before the log is closed, or never.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.models import Contest
from contest.contests.queries import roles_of
from contest.contests.rules import ORGANISER, SECRETARY
from contest.contests.ruleset import RuleSet, Voting
from contest.core.db import db
from contest.core.errors import N_, Conflict, NotFound, Refused
from contest.core.formats import local
from contest.core.text import clean_line, clean_text
from contest.entries.models import Advancement, Entry
from contest.units.models import Unit
from contest.voting.models import Ballot
from contest.voting.models_review import PaperBatch
from contest.voting.paper_slips import LONGEST, Candidate, Read, Slip, differing, draft_of, read_slip
from contest.voting.queries import on_the_ballot

KEYING, DIFFERS, AGREED, ACCEPTED, DISCARDED = "keying", "differs", "agreed", "accepted", "discarded"
UNDER_WAY = (KEYING, DIFFERS, AGREED)
FIRST, SECOND = "first", "second"
MOST_SLIPS = 2000
_PUBLIC_ID = re.compile(r"[0-9a-z]{14}")
LATE = N_("The vote's log is closed, or its review has begun: no more ballots on paper are taken in.")


class BadSlips(Refused):
    """Some slips cannot be read as they were typed: number -> problem (paper_slips.PROBLEMS)."""

    def __init__(self, problems: Mapping[int, str]) -> None:
        super().__init__(
            N_("Look again at %(count)s slips: each needs its codes, or an x where it is spoilt."),
            code="bad_slips",
            count=len(problems),
        )
        self.problems = dict(problems)


# Finding


def get_batch(contest: Contest, public_id: str) -> PaperBatch:
    """A batch of the contest. Raises NotFound, also where the rules know no ballots on paper."""
    found = None
    if contest.rules.voting.paper_ballots and _PUBLIC_ID.fullmatch(public_id):
        found = db.session.scalar(
            select(PaperBatch).where(PaperBatch.contest_id == contest.id, PaperBatch.public_id == public_id)
        )
    if found is None:
        raise NotFound(public_id)
    return found


def waiting(contest_id: int) -> int:
    """How many batches are neither taken in nor discarded: the log is not closed over them in their time."""
    query = select(func.count(PaperBatch.id)).where(
        PaperBatch.contest_id == contest_id, PaperBatch.state.in_(UNDER_WAY)
    )
    return db.session.scalar(query) or 0


def candidates(contest: Contest) -> list[Candidate]:
    """Whoever may be on a slip: all that ever were finalists, since slips are printed before the vote. By code."""
    standing = on_the_ballot(contest.id, contest.rules.voting.categories).with_only_columns(Entry.id)
    rows = db.session.execute(
        select(Entry.public_id, Entry.blind_code, Entry.category, Entry.id.in_(standing))
        .join(Advancement, Advancement.entry_id == Entry.id)
        .where(Entry.contest_id == contest.id, Entry.category.in_(contest.rules.voting.categories))
        .order_by(Entry.blind_code)
    )
    return [Candidate(public_id, code or "", category, bool(stands)) for public_id, code, category, stands in rows]


def last_moment(rules: RuleSet) -> datetime:
    """Until when a batch may be taken in, at the latest: until the review of the vote begins, or the vote ends."""
    window, review = rules.window("voting"), rules.window("vote_audit")
    if window is None:
        raise RuntimeError("a vote without a window")
    return max(window.closes, review.opens) if review else window.closes


def part_of(batch: PaperBatch, actor_id: int) -> str:
    """What somebody may do with a batch: begin, key (first, second), wait, settle, others, or nothing ("")."""
    mine = FIRST if batch.first_by == actor_id else SECOND if batch.second_by == actor_id else ""
    if batch.state == DIFFERS:
        return "settle" if mine else "others"
    if batch.state != KEYING:
        return ""
    if mine:
        return "wait" if _final_at(batch, mine) else mine
    return "begin" if batch.first_by is None or batch.second_by is None else "others"


def _final_at(batch: PaperBatch, part: str) -> datetime | None:
    return batch.first_at if part == FIRST else batch.second_at


def typed_by(batch: PaperBatch, part: str) -> dict[int, str]:
    """What was typed so far as `part`."""
    return draft_of(batch.first if part == FIRST else batch.second)


@dataclass(frozen=True, slots=True)
class Figures:
    """A batch in numbers, none of an entry. `lapsed`: all their choices had fallen out."""

    slips: int
    spoilt: int
    ballots: int

    @property
    def lapsed(self) -> int:
        return self.slips - self.spoilt - self.ballots


def figures(batch: PaperBatch) -> Figures | None:
    """What became of the slips of a batch that was taken in; None before."""
    if batch.state != ACCEPTED:
        return None
    ballots = db.session.scalar(select(func.count(Ballot.id)).where(Ballot.batch_id == batch.id)) or 0
    return Figures(batch.slips, sum(not slip for slip in batch.first or ()), ballots)


# Making a batch, and taking one away


def make_batch(
    *, contest: Contest, place: str, unit: Unit | None, held_on: date, slips: int, actor: User, now: datetime
) -> PaperBatch:
    """Put a box of slips on record before anybody reads one. Raises Refused, NotFound."""
    _must_work_here(contest, actor)
    rules = contest.rules
    if not rules.voting.paper_ballots:
        raise NotFound(contest.slug)
    must_be_in_time(contest, now)
    window = rules.window("voting")
    if window is None or now < window.opens:
        raise Refused(N_("The vote has not begun."), code="not_open")
    if not local(window.opens).date() <= held_on <= min(local(window.closes).date(), local(now).date()):
        raise Refused(N_("The day must be one of the vote, and not one to come."), code="paper_day")
    if not 1 <= slips <= MOST_SLIPS:
        raise Refused(
            N_("A batch has 1 to %(most)s slips; make several of a larger box."), code="paper_slips", most=MOST_SLIPS
        )
    place = clean_line(place)
    if not place:
        raise Refused(N_("Say where the slips were cast."), code="paper_place")
    batch = PaperBatch(
        contest_id=contest.id,
        unit=unit,
        place=place[:300],
        held_on=held_on,
        slips=slips,
        made_by=actor.id,
        made_at=now,
    )
    db.session.add(batch)
    db.session.flush()
    note(batch, "make_batch", actor, now, place=batch.place, held_on=held_on.isoformat(), slips=slips)
    return batch


def recount(*, batch: PaperBatch, slips: int, actor: User, now: datetime) -> None:
    """Correct how many slips there are, while nobody is done with reading them. Raises Refused, Conflict."""
    _hold(batch, actor, now)
    if batch.state != KEYING or batch.first_at or batch.second_at:
        raise Conflict(N_("Somebody has read this batch to its end: its number of slips stands."), code="paper_counted")
    if not 1 <= slips <= MOST_SLIPS:
        raise Refused(
            N_("A batch has 1 to %(most)s slips; make several of a larger box."), code="paper_slips", most=MOST_SLIPS
        )
    if slips == batch.slips:
        return
    note(batch, "recount_batch", actor, now, before=batch.slips, slips=slips)
    batch.slips = slips
    db.session.flush()


def discard(*, batch: PaperBatch, words: str, actor: User, now: datetime) -> None:
    """Leave a batch out, with a reason; what was keyed is kept. By organisers. Raises Refused, Conflict."""
    _hold(batch, actor, now)
    if ORGANISER not in roles_of(batch.contest_id, actor.id):
        raise NotFound(batch.public_id)
    words = clean_text(words).strip()
    if not words:
        raise Refused(N_("Say why the batch is left out."), code="paper_reason")
    if batch.state not in UNDER_WAY:
        raise Conflict(N_("This batch is taken in, or left out, already."), code="paper_done")
    batch.state, batch.note = DISCARDED, words
    note(batch, "discard_batch", actor, now, reason=words)
    db.session.flush()


def refuse_late(*, contest: Contest, now: datetime) -> int:
    """Leave out what was not taken in in its time; how many batches. Called where the log is closed."""
    late = db.session.scalars(
        select(PaperBatch)
        .where(PaperBatch.contest_id == contest.id, PaperBatch.state.in_(UNDER_WAY))
        .order_by(PaperBatch.id)
        .with_for_update()
    ).all()
    for batch in late:
        batch.state, batch.note = DISCARDED, LATE
        note(batch, "discard_batch", None, now, reason=LATE)
    db.session.flush()
    return len(late)


# Keying


def begin(*, batch: PaperBatch, actor: User, now: datetime) -> str:
    """Take up the first or the second reading, whichever nobody has; which. Raises Conflict, Refused."""
    _hold(batch, actor, now)
    part = part_of(batch, actor.id)
    if part in (FIRST, SECOND):
        return part
    if part != "begin":
        raise Conflict(N_("Two other people are reading this batch, or have read it."), code="paper_in_hand")
    if batch.first_by is None:
        batch.first_by, batch.first, part = actor.id, {}, FIRST
    else:
        batch.second_by, batch.second, part = actor.id, {}, SECOND
    db.session.flush()
    return part


def key_in(*, batch: PaperBatch, typed: Mapping[int, str], actor: User, now: datetime) -> None:
    """Keep what somebody typed of some slips, right or wrong; what is empty is taken away. Raises Conflict, Refused."""
    _hold(batch, actor, now)
    part = part_of(batch, actor.id)
    if part not in (FIRST, SECOND):
        raise Conflict(N_("Your reading of this batch is done; it cannot be changed here."), code="paper_in_hand")
    draft = typed_by(batch, part)
    for number, text in typed.items():
        if 1 <= number <= batch.slips:
            draft[number] = clean_line(text)[:LONGEST]
    kept = {str(number): text for number, text in sorted(draft.items()) if text}
    if part == FIRST:
        batch.first = kept
    else:
        batch.second = kept
    db.session.flush()


def finish(*, batch: PaperBatch, actor: User, now: datetime) -> None:
    """End one's own reading. When both have ended they are compared. Raises BadSlips, Conflict, Refused."""
    contest = _hold(batch, actor, now)
    part = part_of(batch, actor.id)
    if part == "wait":
        return
    if part not in (FIRST, SECOND):
        raise Conflict(N_("Your reading of this batch is done; it cannot be changed here."), code="paper_in_hand")
    slips = read_all(typed_by(batch, part), range(1, batch.slips + 1), candidates(contest), contest.rules.voting)
    if part == FIRST:
        batch.first, batch.first_at = slips, now
    else:
        batch.second, batch.second_at = slips, now
    if batch.first_at and batch.second_at:
        batch.state = DIFFERS if differing(batch.first or [], batch.second or []) else AGREED
    note(batch, "key_batch", actor, now, part=part, spoilt=sum(not slip for slip in slips), state=batch.state)
    db.session.flush()


def read_all(
    typed: Mapping[int, str], numbers: Sequence[int], known: Sequence[Candidate], voting: Voting
) -> list[Slip]:
    """The slips with these numbers, in order. Raises BadSlips."""
    read: dict[int, Read] = {number: read_slip(typed.get(number, ""), known, voting) for number in numbers}
    problems = {number: each.problem for number, each in read.items() if each.slip is None}
    if problems:
        raise BadSlips(problems)
    return [each.slip for each in read.values() if each.slip is not None]


def read_again(*, batch: PaperBatch, typed: Mapping[int, str], actor: User, now: datetime) -> list[int]:
    """Replace one's own reading of slips that differ by another look at the paper; the numbers that still differ.

    By either of the two, for what they read themselves. What is empty stays. Raises BadSlips, Conflict, Refused.
    """
    contest = _hold(batch, actor, now)
    if part_of(batch, actor.id) != "settle":
        raise Conflict(N_("There is nothing to settle in this batch, or it is for others to do."), code="paper_settled")
    mine = FIRST if batch.first_by == actor.id else SECOND
    readings = {FIRST: list(batch.first or ()), SECOND: list(batch.second or ())}
    numbers = [number for number in differing(readings[FIRST], readings[SECOND]) if typed.get(number, "").strip()]
    slips = read_all(typed, numbers, candidates(contest), contest.rules.voting)
    for number, slip in zip(numbers, slips, strict=True):
        readings[mine][number - 1] = slip
    batch.first, batch.second = readings[FIRST], readings[SECOND]
    left = differing(readings[FIRST], readings[SECOND])
    batch.state = DIFFERS if left else AGREED
    if numbers:
        # Which slips, never what is on them: the record is read while the vote is open.
        note(batch, "settle_batch", actor, now, part=mine, slips=numbers, left=len(left))
    db.session.flush()
    return left


def release(*, batch: PaperBatch, part: str, actor: User, now: datetime) -> None:
    """Free a reading whose person does not go on, for somebody else to begin anew. By organisers. Raises Conflict."""
    _hold(batch, actor, now)
    if ORGANISER not in roles_of(batch.contest_id, actor.id):
        raise NotFound(batch.public_id)
    if batch.state not in (KEYING, DIFFERS) or part not in (FIRST, SECOND):
        raise Conflict(N_("This batch is taken in, or left out, already."), code="paper_done")
    if part == FIRST:
        batch.first = batch.first_by = batch.first_at = None
    else:
        batch.second = batch.second_by = batch.second_at = None
    batch.state = KEYING
    note(batch, "release_batch", actor, now, part=part)
    db.session.flush()


# Shared


def _must_work_here(contest: Contest, actor: User) -> None:
    if not roles_of(contest.id, actor.id) & {ORGANISER, SECRETARY}:
        raise NotFound(contest.slug)


def must_be_in_time(contest: Contest, now: datetime) -> None:
    """Raise Refused once no batch may be taken in any more."""
    if now >= last_moment(contest.rules):
        raise Refused(LATE, code="paper_late")


def _hold(batch: PaperBatch, actor: User, now: datetime) -> Contest:
    """Hold a batch for one act on it; its contest. Raises NotFound, Refused once it is too late."""
    contest = db.session.get_one(Contest, batch.contest_id)
    _must_work_here(contest, actor)
    db.session.refresh(batch, with_for_update=True)
    must_be_in_time(contest, now)
    return contest


def note(batch: PaperBatch, verb: str, actor: User | None, now: datetime, **details: Any) -> None:
    """Put an act on a batch on record. Never what is on a slip: the record is read while the vote is open."""
    record(
        actor=actor.public_id if actor else None,
        verb=f"voting.{verb}",
        object_type="paper_batch",
        object_id=batch.public_id,
        contest_id=batch.contest_id,
        now=now,
        **details,
    )
