"""Closing a round, and the places in the last one: pages of the head of jury."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _

from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.core.errors import N_, Refused
from contest.core.web import needs
from contest.judging import services
from contest.judging.conflicts import conflicts_among
from contest.judging.council import ballots_of, category_ranking, open_ties
from contest.judging.forms import BallotForm, ReasonForm, whole_number
from contest.judging.locks import find_closing
from contest.judging.rounds import in_round
from contest.judging.table import told
from contest.judging.views import bp, me
from contest.judging.views_chair import do, frame


def _partial(contest: Contest, round_id: str, category: str) -> frozenset[int]:
    """Entries of the round with which whoever asks has a conflict of interest."""
    where = in_round(contest, contest.rules.round(round_id), category)
    return frozenset(entry_id for entry_id, _ in conflicts_among(contest.id, *where, judges=[me().id]))


@bp.route("/ban-to-chuc/<slug>/cham/<round_id>/<category>/khoa-diem", methods=["GET", "POST"])
@needs("chair")
def close(slug: str, round_id: str, category: str) -> Any:
    form = ReasonForm()
    frame(get_contest(slug), round_id, category)
    if request.method == "POST" and do(lambda now: _close(slug, round_id, category, now), form):
        return redirect(url_for("judging.round", slug=slug, round_id=round_id, category=category), 303)
    contest = get_contest(slug)
    page = render_template(
        "judging/close.html",
        **frame(contest, round_id, category),
        check=services.check_closing(contest, round_id, category),
        closing=find_closing(contest.id, round_id, category),
        partial=_partial(contest, round_id, category),
        form=form,
    )
    return page, 422 if form.errors else 200


def _close(slug: str, round_id: str, category: str, now: datetime) -> Any:
    contest = get_contest(slug)
    services.close_round(contest=contest, round_id=round_id, category=category, actor=me(), now=now)
    if contest.rules.last_round.id == round_id:
        return _("The round is closed and its scores are locked. Ties that the rules leave open go to the council.")
    return _("The round is closed, its scores are locked, and its best entries have advanced.")


@bp.route("/ban-to-chuc/<slug>/cham/xep-hang/<category>", methods=["GET", "POST"])
@needs("chair")
def ranking(slug: str, category: str) -> Any:
    """The places of the last round. Entries with which the head of jury has a conflict are left out.

    Their place would show through a gap in the others, so places count those that are shown.
    """
    form = BallotForm()
    contest = get_contest(slug)
    round_id = contest.rules.last_round.id
    frame(contest, round_id, category)
    if request.method == "POST" and do(lambda now: _vote(slug, category, form, now), form):
        return redirect(url_for("judging.ranking", slug=slug, category=category), 303)
    contest = get_contest(slug)
    partial = _partial(contest, round_id, category)
    found = category_ranking(contest, category, without=partial)
    closing = find_closing(contest.id, round_id, category)
    names = {given.judge: given.judge_name for state in found.states.values() for given in state.given}
    shown_codes = {state.entry.code for state in found.states.values()}
    page = render_template(
        "judging/ranking.html",
        **frame(contest, round_id, category),
        found=found,
        # Before the lock nobody's place is settled, and a sheet may still be the reader's own.
        placed=found.ranking.placed if closing else (),
        closing=closing,
        left_out=len(partial),
        steps={entry: told(state.result.steps, names) for entry, state in found.states.items()},
        ties=[sorted(tie) for tie in open_ties(contest, category) if tie <= shown_codes] if closing else [],
        ballots=[ballot for ballot in ballots_of(contest, category) if _codes(ballot.groups) <= shown_codes],
        form=form,
    )
    return page, 422 if form.errors else 200


def _codes(groups: list[list[str]]) -> set[str]:
    return {code for group in groups for code in group}


def _vote(slug: str, category: str, form: BallotForm, now: datetime) -> Any:
    ranks: dict[int, list[str]] = {}
    for code in request.form.getlist("code"):
        rank = whole_number(request.form.get(f"rank-{code}"))
        if rank < 1:
            raise Refused(N_("Give entry %(entry)s a rank, from 1."), code="rank_missing", entry=code)
        ranks.setdefault(rank, []).append(code)
    services.record_council_ballot(
        contest=get_contest(slug),
        category=category,
        groups=[ranks[rank] for rank in sorted(ranks)],
        present=whole_number(form.present.data),
        note=form.note.data or "",
        actor=me(),
        now=now,
    )
    return _("The council's ballot is recorded.")
