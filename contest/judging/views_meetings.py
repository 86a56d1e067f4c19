"""The council: meetings with attendance and notes, secret ballots opened and counted, and a member's own paper."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import current_app, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.contests.rules import CHAIR, SECRETARY
from contest.core.db import db
from contest.core.errors import N_, NotFound, Refused
from contest.core.formats import day, hour
from contest.core.typed import typed_instant
from contest.core.web import needs
from contest.entries.models import Entry
from contest.judging.conflicts import conflicts_among
from contest.judging.council import open_ties
from contest.judging.council_ballots import (
    FEWEST,
    call_off,
    cast,
    close_question,
    electorates,
    get_question,
    has_voted,
    open_question,
    own_questions,
    told,
    votes_in,
)
from contest.judging.forms import MeetingForm, ReasonForm, whole_number
from contest.judging.meetings import (
    Presence,
    close_meeting,
    council_of,
    get_meeting,
    meetings_of,
    note_attendance,
    open_meeting,
    save_notes,
)
from contest.judging.models import RoundClosing
from contest.judging.models_council import CouncilBallot, CouncilMeeting, CouncilQuestion
from contest.judging.rounds import entries_in
from contest.judging.views import bp, me, my_roles
from contest.judging.views_chair import TABLE, do, who

_COUNCIL = "/ban-to-chuc/<slug>/hoi-dong"


@bp.route(_COUNCIL, methods=["GET", "POST"])
@needs(*TABLE)
def council(slug: str) -> Any:
    """The council's members, its meetings, and what it decided; a meeting begins here."""
    form = MeetingForm()
    if request.method == "POST" and form.validate_on_submit():
        begun: list[CouncilMeeting] = []
        if do(lambda now: _begin(slug, form, begun, now), form):
            return redirect(url_for("judging.meeting", slug=slug, meeting_id=begun[0].public_id), 303)
    contest = get_contest(slug)
    if request.method == "GET":
        form.on.data, form.hour.data = day(g.now), hour(g.now)
    withheld = current_app.extensions["standing_withholdings"](contest.id)
    page = render_template(
        "judging/council.html",
        **who(contest),
        rules=contest.rules,
        keeper=_keeps(contest),
        members=council_of(contest),
        meetings=meetings_of(contest),
        withheld=db.session.scalars(withheld).all(),
        prizes={prize.id: prize for prize in contest.rules.prizes},
        form=form,
    )
    return page, 422 if form.errors else 200


def _keeps(contest: Contest) -> bool:
    return bool(my_roles(contest) & {CHAIR, SECRETARY})


def _begin(slug: str, form: MeetingForm, begun: list[CouncilMeeting], now: datetime) -> Any:
    held_at = typed_instant(form.on.data, form.hour.data, "held_at")
    begun.append(
        open_meeting(contest=get_contest(slug), held_at=held_at, place=form.place.data or "", actor=me(), now=now)
    )
    return _("The meeting is on record. Say who is present.")


@bp.route(f"{_COUNCIL}/<meeting_id>", methods=["GET", "POST"])
@needs(*TABLE)
def meeting(slug: str, meeting_id: str) -> Any:
    """One meeting: who is there, what is said, the secret ballots."""
    form = ReasonForm()
    if request.method == "POST" and do(lambda now: _act(slug, meeting_id, form, now), form):
        return redirect(url_for("judging.meeting", slug=slug, meeting_id=meeting_id), 303)
    contest = get_contest(slug)
    found = get_meeting(contest, meeting_id)
    partial = _partial_codes(contest)
    ballots = db.session.scalars(
        select(CouncilBallot).where(CouncilBallot.contest_id == contest.id).order_by(CouncilBallot.id)
    ).all()
    page = render_template(
        "judging/meeting.html",
        **who(contest),
        rules=contest.rules,
        keeper=_keeps(contest),
        meeting=found,
        ties=_ties(contest, found, partial, ballots) if found.closed_at is None else [],
        ballots=[_shown(contest, found, question) for question in found.questions if not partial & set(question.codes)],
        partial=any(partial & set(question.codes) for question in found.questions),
        fewest=FEWEST,
        form=form,
        typed=request.form if form.errors else {},
    )
    return page, 422 if form.errors else 200


def _partial_codes(contest: Contest) -> set[str]:
    """Codes of the entries with which whoever asks has a conflict of interest."""
    found = {entry_id for entry_id, _judge in conflicts_among(contest.id, judges=[me().id])}
    return set(db.session.scalars(select(Entry.blind_code).where(Entry.id.in_(found)))) if found else set()


def _ties(
    contest: Contest, meeting: CouncilMeeting, partial: set[str], ballots: Sequence[CouncilBallot]
) -> list[dict[str, Any]]:
    """Ties on which the council may vote: the category, the codes, who would vote, what a ballot found before."""
    found: list[dict[str, Any]] = []
    voting = [set(question.codes) for question in meeting.questions if question.closed_at is None]
    closed = set(
        db.session.scalars(
            select(RoundClosing.category).where(
                RoundClosing.contest_id == contest.id, RoundClosing.round == contest.rules.last_round.id
            )
        )
    )
    for category in contest.rules.categories:
        if category.id not in closed:
            continue
        for tie in sorted(map(sorted, open_ties(contest, category.id))):
            if not partial & set(tie) and set(tie) not in voting:
                before = [ballot for ballot in ballots if {c for group in ballot.groups for c in group} == set(tie)]
                found.append({"category": category, "codes": tie, "before": before[-1] if before else None})
    if not found:
        return []
    for each, who_votes in zip(found, electorates(contest, meeting, [one["codes"] for one in found]), strict=True):
        each["voters"] = len(who_votes.voters)
        each["barred"] = who_votes.barred
    return found


def _shown(contest: Contest, meeting: CouncilMeeting, question: CouncilQuestion) -> dict[str, Any]:
    """A ballot as the page shows it: while it is open only how many have voted."""
    if question.closed_at is not None:
        return {"question": question, "told": told(question), "groups": (question.counted or {}).get("groups")}
    [who_votes] = electorates(contest, meeting, [question.codes])
    votes = votes_in(question)
    return {
        "question": question,
        "votes": votes,
        "voters": len(who_votes.voters),
        "missing": max(0, len(who_votes.voters) - votes),
        "barred": who_votes.barred,
    }


def _act(slug: str, meeting_id: str, form: ReasonForm, now: datetime) -> Any:
    contest = get_contest(slug)
    found = get_meeting(contest, meeting_id)
    common: dict[str, Any] = {"contest": contest, "actor": me(), "now": now}
    act = request.form.get("act")
    version = whole_number(request.form.get("version"))
    if act == "attendance":
        presence = {
            public_id: Presence(
                request.form.get(f"present-{public_id}") == "1", request.form.get(f"note-{public_id}", "")
            )
            for public_id in request.form.getlist("person")
        }
        note_attendance(meeting=found, presence=presence, version=version, **common)
        return _("The attendance is recorded.")
    if act == "notes":
        save_notes(meeting=found, notes=request.form.get("notes", ""), version=version, **common)
        return _("The notes are saved.")
    if act == "close":
        close_meeting(meeting=found, **common)
        return _("The meeting is closed.")
    if act == "open-ballot":
        codes = request.form.getlist("code")
        open_question(meeting=found, category=request.form.get("category", ""), codes=codes, **common)
        return _("The ballot is open. Members vote on their own page.")
    question = get_question(contest, request.form.get("question", ""))
    if question.meeting_id != found.id:
        raise NotFound(question.public_id)
    if act == "close-ballot":
        close_question(question=question, missing=whole_number(request.form.get("missing"), -1), **common)
        return _("The ballot is closed and counted.")
    if act == "call-off":
        call_off(question=question, **common)
        return _("The ballot is called off.")
    raise NotFound(act)


# A member's own paper


@bp.get("/cham/<slug>/phieu-kin")
@needs("judge")
def secret_ballots(slug: str) -> str:
    """The council's open ballots on which whoever asks may vote."""
    contest = get_contest(slug)
    questions = own_questions(contest, me())
    voted = {question.id for question in questions if has_voted(question, me())}
    return render_template(
        "judging/secret_ballots.html", **who(contest), rules=contest.rules, questions=questions, voted=voted
    )


@bp.route("/cham/<slug>/phieu-kin/<question_id>", methods=["GET", "POST"])
@needs("judge")
def secret_ballot(slug: str, question_id: str) -> Any:
    """A member's paper on one tie. What was voted is shown to nobody again, not even here."""
    form = ReasonForm()
    if request.method == "POST" and do(lambda now: _cast(slug, question_id), form):
        return redirect(url_for("judging.secret_ballots", slug=slug), 303)
    contest, question = _own(slug, question_id)
    titles = {entry.code: entry.title for entry in entries_in(contest, contest.rules.last_round, question.category)}
    page = render_template(
        "judging/secret_ballot.html",
        **who(contest),
        rules=contest.rules,
        question=question,
        titles=titles,
        voted=has_voted(question, me()),
        form=form,
    )
    return page, 422 if form.errors else 200


def _own(slug: str, question_id: str) -> tuple[Contest, CouncilQuestion]:
    """The ballot, for who may vote on it while it is open. Raises NotFound."""
    contest = get_contest(slug)
    for question in own_questions(contest, me()):
        if question.public_id == question_id:
            return contest, question
    raise NotFound(question_id)


def _cast(slug: str, question_id: str) -> Any:
    contest, question = _own(slug, question_id)
    places = {code: whole_number(request.form.get(f"place-{code}")) for code in question.codes}
    if not all(places.values()):
        raise Refused(N_("Give every entry a place from 1 to %(last)s."), code="places_incomplete", last=len(places))
    cast(question=question, contest=contest, places=places, actor=me())
    return _("Your vote is in. Nobody can see what you voted.")
