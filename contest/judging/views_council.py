"""The places in the last round, and the council that votes on what the rules leave equal."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _

from contest.contests.queries import get_contest
from contest.core.errors import N_, Refused
from contest.core.web import needs
from contest.judging import services
from contest.judging.council import ballots_of, category_ranking, open_ties
from contest.judging.forms import BallotForm, whole_number
from contest.judging.locks import find_closing
from contest.judging.table import told
from contest.judging.views import bp, me
from contest.judging.views_chair import do, frame
from contest.judging.views_closing import partial_entries


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
    partial = partial_entries(contest, round_id, category)
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
