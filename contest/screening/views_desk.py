"""The secretariat's list: narrowed, searched, ticked, and acted upon many at once."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import ngettext
from werkzeug.wrappers import Response

from contest.contests.labels import OUTCOMES
from contest.contests.queries import get_contest
from contest.core.db import writing
from contest.core.errors import NotFound, Refused
from contest.core.web import needs, say
from contest.entries import screening, services
from contest.entries.drafting import today_of
from contest.entries.queries import counts_by_state
from contest.entries.rules import STATES
from contest.exemplars.queries import standing_verifications
from contest.screening.forms import BatchForm
from contest.screening.search import find_entries, wanted_of
from contest.screening.views import bp, me, wanted_here
from contest.units.queries import units_on

_BATCH_MOST = 200
_LEVELS = ("xa_phuong_dac_khu", "so_nganh_doan_the_khoi", "doan_the_cap_tinh")


@bp.get("/ban-to-chuc/<slug>/bai-du-thi")
@needs("secretary", "organiser")
def desk(slug: str) -> str:
    contest = get_contest(slug)
    wanted, unit_id = wanted_here(contest)
    page = find_entries(contest.id, wanted, g.now, unit_id)
    arguments = wanted.as_arguments()
    return render_template(
        "screening/desk.html",
        contest=contest,
        rules=contest.rules,
        wanted=wanted,
        arguments=arguments,
        page_of=page,
        next_url=url_for("screening.desk", slug=slug, **arguments, sau=page.next) if page.next else None,
        first_url=url_for("screening.desk", slug=slug, **arguments) if wanted.after else None,
        counts=counts_by_state(contest.id),
        states=STATES,
        units=units_on(today_of(g.now), *_LEVELS),
        verifications=standing_verifications(contest.id),
        outcome_names=OUTCOMES,
        today=today_of(g.now),
    )


@bp.post("/ban-to-chuc/<slug>/bai-du-thi")
@needs("secretary", "organiser")
def batch(slug: str) -> Response:
    """Do one thing to every ticked entry that it can be done to, and say to how many."""
    form = BatchForm()
    chosen = [str(public_id) for public_id in (form.chosen.data or ())][:_BATCH_MOST]
    act = form.act.data or ""
    try:
        with writing() as now:
            contest = get_contest(slug)
            entries = screening.entries_by_public_ids(contest, chosen)
            if act == "receive":
                done = services.receive_all(entries=entries, actor=me(), now=now)
            elif act == "accept":
                done = services.accept_all(entries=entries, actor=me(), now=now)
            elif act == "ask":
                done = len(services.ask_units(contest=contest, entries=entries, actor=me(), now=now))
            else:
                raise NotFound(act)
    except Refused as error:
        flash(say(error), "error")
    else:
        skipped = len(chosen) - done
        flash(_batch_words(act, done), "ok" if done else "warn")
        if skipped:
            flash(
                ngettext(
                    "%(num)s ticked entry was passed over: its state does not allow it, or it was done before.",
                    "%(num)s ticked entries were passed over: their states do not allow it, or it was done before.",
                    skipped,
                ),
                "info",
            )
    return redirect(url_for("screening.desk", slug=slug, **wanted_of(request.args).as_arguments()), 303)


def _batch_words(act: str, done: int) -> str:
    if act == "receive":
        words = ngettext("%(num)s entry received.", "%(num)s entries received.", done)
    elif act == "accept":
        words = ngettext("%(num)s entry accepted as valid.", "%(num)s entries accepted as valid.", done)
    else:
        words = ngettext("%(num)s verification asked for.", "%(num)s verifications asked for.", done)
    return str(words)
