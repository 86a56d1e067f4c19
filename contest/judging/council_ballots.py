"""Secret ballots of the council on a tie, cast on each member's own page and counted by the system.

A member gives every tied entry a place; equal places are allowed. An entry's place on a paper is one more
than the number of entries put before it (1, 1, 3). The smallest sum of places is the best; equal sums are
found equal.

Secret means: that somebody has voted and what was voted are never found together. A paper has no name and
no time. With every vote all papers of the question are written anew under random keys, in one transaction, so
that neither keys nor the order of rows, nor the mark that a database leaves on what was written last, tell
which paper came when. No audit row, message or log line is made of a vote; only opening and count are on
record. Fewer than three voters have no secret: then the head of jury records a ballot on paper.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import delete, func, insert, select

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_, Conflict, NotFound, Refused
from contest.entries.models import Entry
from contest.judging.authority import check_chair
from contest.judging.conflicts import conflicts_among
from contest.judging.council import open_ties
from contest.judging.locks import find_closing, hold_contest
from contest.judging.meetings import VOTING, hold_meeting
from contest.judging.models_council import (
    CouncilAttendance,
    CouncilBallot,
    CouncilMeeting,
    CouncilPaper,
    CouncilQuestion,
    CouncilVoter,
)
from contest.judging.panels import appointed
from contest.judging.scoring import Words

FEWEST = 3
"""Voters and papers without which a count would tell what somebody voted."""


class Electorate(NamedTuple):
    """Who may vote on a question, and who is present but in conflict with one of its entries."""

    voters: tuple[User, ...]
    barred: tuple[User, ...]


def electorate(contest: Contest, meeting: CouncilMeeting, codes: Sequence[str]) -> Electorate:
    """Head of jury and members who are present and judge still: those without a conflict vote."""
    return electorates(contest, meeting, [codes])[0]


def electorates(contest: Contest, meeting: CouncilMeeting, ties: Sequence[Sequence[str]]) -> list[Electorate]:
    """Who may vote on each of these ties, in a fixed number of queries."""
    present = db.session.scalars(
        select(User)
        .join(CouncilAttendance, CouncilAttendance.user_id == User.id)
        .where(
            CouncilAttendance.meeting_id == meeting.id,
            CouncilAttendance.present.is_(True),
            CouncilAttendance.capacity.in_(VOTING),
            User.id.in_(appointed(contest.id)),
        )
        .order_by(User.id)
    ).all()
    conflicts = _conflicts_by_code(contest, ties, [each.id for each in present])
    found = []
    for codes in ties:
        partial = {judge_id for code in codes for judge_id in conflicts.get(code, ())}
        found.append(
            Electorate(
                tuple(each for each in present if each.id not in partial),
                tuple(each for each in present if each.id in partial),
            )
        )
    return found


def _conflicts_by_code(contest: Contest, ties: Sequence[Sequence[str]], people: Sequence[int]) -> dict[str, set[int]]:
    named = {code for codes in ties for code in codes}
    where = (Entry.contest_id == contest.id, Entry.blind_code.in_(named))
    code_of = dict(db.session.execute(select(Entry.id, Entry.blind_code).where(*where)).all())
    found: dict[str, set[int]] = {}
    for entry_id, judge_id in conflicts_among(contest.id, *where, judges=people):
        found.setdefault(code_of[entry_id] or "", set()).add(judge_id)
    return found


def open_question(
    *, meeting: CouncilMeeting, contest: Contest, category: str, codes: Sequence[str], actor: User, now: datetime
) -> CouncilQuestion:
    """Open a secret ballot on one tie. By the head of jury, impartial, after the round is closed.

    Raises Refused: not a tie that the rules leave to the council; fewer than three may vote. Conflict: a
    ballot on it is open already, the meeting is closed.
    """
    check_chair(contest, actor)
    hold_contest(contest, alone=True)
    held = hold_meeting(meeting)
    if held.closed_at is not None:
        raise Conflict(N_("This meeting was closed at %(at)s."), code="meeting_closed", at=held.closed_at)
    if find_closing(contest.id, contest.rules.last_round.id, category) is None:
        raise Refused(N_("The council votes on ties after the round is closed."), code="round_open")
    if frozenset(codes) not in open_ties(contest, category) or len(set(codes)) != len(codes):
        raise Refused(
            N_("A ballot names each entry of one tie that the rules leave to the council, once, and no other."),
            code="not_a_tie",
        )
    for question in held.questions:
        if question.closed_at is None and set(question.codes) == set(codes):
            raise Conflict(N_("A ballot on this tie is open already."), code="ballot_open")
    who = electorate(contest, held, codes)
    if actor.id in {each.id for each in who.barred}:
        raise Refused(
            N_("There is a conflict of interest between you and this entry: another head of jury has to do this."),
            code="conflict_of_interest",
        )
    if len(who.voters) < FEWEST:
        raise Refused(
            N_(
                "Only %(count)s of those present may vote, and with fewer than %(fewest)s a vote is not secret:"
                " vote on paper and record the ballot."
            ),
            code="too_few_voters",
            count=len(who.voters),
            fewest=FEWEST,
        )
    question = CouncilQuestion(meeting_id=held.id, category=category, codes=sorted(codes), opened_at=now)
    db.session.add(question)
    db.session.flush()
    _record(contest, question, "judging.open_ballot", actor, now, voters=len(who.voters), barred=len(who.barred))
    return question


def _record(
    contest: Contest, question: CouncilQuestion, verb: str, actor: User, now: datetime, **details: object
) -> None:
    record(
        actor=actor.public_id,
        verb=verb,
        object_type="council_question",
        object_id=question.public_id,
        contest_id=contest.id,
        now=now,
        category=question.category,
        **details,
    )


def hold_question(question: CouncilQuestion) -> CouncilQuestion:
    """The question as it stands now, held until the transaction ends: votes come one after another."""
    return db.session.scalars(
        select(CouncilQuestion)
        .where(CouncilQuestion.id == question.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _check_open(question: CouncilQuestion) -> None:
    if question.closed_at is not None:
        raise Conflict(N_("This ballot was closed at %(at)s."), code="ballot_closed", at=question.closed_at)


# Voting


def places_of(codes: Sequence[str], typed: Mapping[str, int]) -> dict[str, int]:
    """The places of a paper, from what was typed: one more than the number of entries put before.

    So that nobody's paper weighs more by larger numbers. Raises Refused for a code too many or missing.
    """
    if set(typed) != set(codes) or any(not 1 <= place <= len(codes) for place in typed.values()):
        raise Refused(N_("Give every entry a place from 1 to %(last)s."), code="places_incomplete", last=len(codes))
    return {code: 1 + sum(typed[other] < typed[code] for other in codes) for code in codes}


def cast(*, question: CouncilQuestion, contest: Contest, places: Mapping[str, int], actor: User) -> None:
    """A member's one vote. Nothing is recorded of it but that the member has voted.

    Raises NotFound for who may not vote on this question, Refused, Conflict (voted already, closed).
    """
    held = hold_question(question)
    _check_open(held)
    if actor.id not in {each.id for each in _may_vote(contest, held)}:
        raise NotFound(held.public_id)
    paper = places_of(held.codes, places)
    if has_voted(held, actor):
        raise Conflict(N_("You have voted on this already. A vote stays as it is."), code="voted")
    db.session.add(CouncilVoter(question_id=held.id, user_id=actor.id))
    db.session.flush()
    # All papers anew: see the head of this file.
    papers = [*papers_of(held), paper]
    db.session.execute(delete(CouncilPaper).where(CouncilPaper.question_id == held.id))
    db.session.execute(
        insert(CouncilPaper),
        sorted(
            ({"key": secrets.token_hex(16), "question_id": held.id, "places": each} for each in papers),
            key=lambda row: str(row["key"]),
        ),
    )
    db.session.flush()


def _may_vote(contest: Contest, question: CouncilQuestion) -> tuple[User, ...]:
    meeting = db.session.get_one(CouncilMeeting, question.meeting_id)
    return electorate(contest, meeting, question.codes).voters


def has_voted(question: CouncilQuestion, person: User) -> bool:
    """Whether this member has voted on the question."""
    query = select(CouncilVoter.id).where(CouncilVoter.question_id == question.id, CouncilVoter.user_id == person.id)
    return db.session.scalar(query) is not None


def papers_of(question: CouncilQuestion) -> list[dict[str, int]]:
    """The papers, in the order of their random keys. For counting alone."""
    query = select(CouncilPaper.places).where(CouncilPaper.question_id == question.id).order_by(CouncilPaper.key)
    return list(db.session.scalars(query))


def votes_in(question: CouncilQuestion) -> int:
    """How many have voted: all that anybody may know before the ballot is closed."""
    return db.session.scalar(select(func.count(CouncilVoter.id)).where(CouncilVoter.question_id == question.id)) or 0


# Counting


def count_papers(codes: Sequence[str], papers: Sequence[Mapping[str, int]]) -> dict[str, Any]:
    """Sums of places by code, and the groups from the best down; those of equal sums stand together."""
    sums = {code: sum(paper[code] for paper in papers) for code in sorted(codes)}
    ordered = sorted(sums, key=lambda code: (sums[code], code))
    groups = [list(group) for _sum, group in groupby(ordered, key=lambda code: sums[code])]
    return {"sums": sums, "groups": groups, "papers": len(papers)}


def close_question(
    *, question: CouncilQuestion, contest: Contest, missing: int, actor: User, now: datetime
) -> CouncilBallot:
    """Close a ballot and count it; what it finds counts in the ranking from now on.

    `missing`: how many votes the head of jury's page said were not in; that number is recorded. Raises
    Refused (fewer than three papers: nothing is counted), Conflict (another vote came in meanwhile).
    """
    check_chair(contest, actor)
    hold_contest(contest, alone=True)
    held = hold_question(question)
    if held.closed_at is not None and held.counted and held.counted.get("groups"):
        return db.session.scalars(select(CouncilBallot).where(CouncilBallot.question_id == held.id)).one()
    _check_open(held)
    meeting = db.session.get_one(CouncilMeeting, held.meeting_id)
    who = electorate(contest, meeting, held.codes)
    _check_impartial(who, actor)
    papers = papers_of(held)
    if len(papers) < FEWEST:
        raise Refused(
            N_(
                "%(count)s votes are in; fewer than %(fewest)s are not counted,"
                " for the count would tell who voted what."
            ),
            code="too_few_papers",
            count=len(papers),
            fewest=FEWEST,
        )
    if missing != max(0, len(who.voters) - len(papers)):
        raise Conflict(N_("Another vote came in meanwhile. Please look once more."), code="voted_meanwhile")
    counted = count_papers(held.codes, papers)
    held.closed_at = now
    held.counted = {**counted, "missing": missing, "barred": [each.public_id for each in who.barred]}
    ballot = CouncilBallot(
        contest_id=contest.id,
        category=held.category,
        groups=counted["groups"],
        present=len(papers) + missing + len(who.barred),
        note="",
        by_id=actor.id,
        at=now,
        question_id=held.id,
    )
    db.session.add(ballot)
    _record(
        contest, held, "judging.count_ballot", actor, now, papers=len(papers), missing=missing, groups=ballot.groups
    )
    db.session.flush()
    return ballot


def _check_impartial(who: Electorate, actor: User) -> None:
    if actor.id in {each.id for each in who.barred}:
        raise Refused(
            N_("There is a conflict of interest between you and this entry: another head of jury has to do this."),
            code="conflict_of_interest",
        )


def call_off(*, question: CouncilQuestion, contest: Contest, actor: User, now: datetime) -> None:
    """End a ballot without a count; its papers are destroyed unread. Done twice, it is done once."""
    check_chair(contest, actor)
    held = hold_question(question)
    if held.closed_at is not None:
        return
    held.closed_at = now
    held.counted = {"called_off": True, "papers": votes_in(held)}
    db.session.execute(delete(CouncilPaper).where(CouncilPaper.question_id == held.id))
    _record(contest, held, "judging.call_off_ballot", actor, now)
    db.session.flush()


def told(question: CouncilQuestion) -> list[Words]:
    """How a ballot was counted, in words: for the council's page and the minutes. Empty while it is open."""
    counted = question.counted
    if question.closed_at is None or not counted:
        return []
    if counted.get("called_off"):
        return [(N_("The ballot was called off; the papers were destroyed uncounted."), {})]
    words: list[Words] = [
        (
            N_("%(papers)s secret papers were counted. Each gives every entry a place; the smallest sum is the best."),
            {"papers": counted["papers"]},
        )
    ]
    if counted["missing"]:
        words.append((N_("Members who could have voted and did not: %(count)s."), {"count": counted["missing"]}))
    if counted["barred"]:
        names = db.session.scalars(select(User.name).where(User.public_id.in_(counted["barred"])).order_by(User.name))
        words.append(
            (
                N_("Present without a vote on this, for a conflict of interest: %(names)s."),
                {"names": ", ".join(names)},
            )
        )
    for group in counted["groups"]:
        total = counted["sums"][group[0]]
        if len(group) == 1:
            words.append((N_("%(code)s: sum of places %(sum)s."), {"code": group[0], "sum": total}))
        else:
            equal = N_("%(codes)s: sum of places %(sum)s each, found equal.")
            words.append((equal, {"codes": ", ".join(group), "sum": total}))
    return words


def told_of(ballot: CouncilBallot) -> list[Words]:
    """How a recorded ballot was counted, in words; nothing for one on paper."""
    return told(db.session.get_one(CouncilQuestion, ballot.question_id)) if ballot.question_id is not None else []


# Finding


def get_question(contest: Contest, public_id: str) -> CouncilQuestion:
    """The question with this id. Raises NotFound."""
    found = None
    if public_id.isalnum():
        found = db.session.scalar(
            select(CouncilQuestion)
            .join(CouncilMeeting, CouncilMeeting.id == CouncilQuestion.meeting_id)
            .where(CouncilMeeting.contest_id == contest.id, CouncilQuestion.public_id == public_id)
        )
    if found is None:
        raise NotFound(public_id)
    return found


def own_questions(contest: Contest, person: User) -> list[CouncilQuestion]:
    """Open questions on which this person may vote, voted on or not, oldest first."""
    waiting = db.session.scalars(
        select(CouncilQuestion)
        .join(CouncilMeeting, CouncilMeeting.id == CouncilQuestion.meeting_id)
        .join(CouncilAttendance, CouncilAttendance.meeting_id == CouncilMeeting.id)
        .where(
            CouncilMeeting.contest_id == contest.id,
            CouncilQuestion.closed_at.is_(None),
            CouncilAttendance.user_id == person.id,
            CouncilAttendance.present.is_(True),
            CouncilAttendance.capacity.in_(VOTING),
            CouncilAttendance.user_id.in_(appointed(contest.id)),
        )
        .order_by(CouncilQuestion.id)
    ).all()
    if not waiting:
        return []
    conflicts = _conflicts_by_code(contest, [question.codes for question in waiting], [person.id])
    return [question for question in waiting if not any(code in conflicts for code in question.codes)]
