"""The honours page, for everyone once its instant has come. Pages of the desk are in views_desk."""

from __future__ import annotations

from flask import Blueprint, g, render_template

from contest.contests import labels
from contest.contests.models import Contest
from contest.contests.queries import get_issued_contest
from contest.contests.ruleset import RuleSet
from contest.core.errors import NotFound
from contest.core.web import public, shared
from contest.results.honours import VOID, authors_are_public, honours_of
from contest.results.proceedings import Proceedings, proceedings_of
from contest.results.queries import PublicResults, find_public_results
from contest.results.rules import remarks_until
from contest.results.scans import public_scans
from contest.results.vote_files import find_closed_log, vote_days

bp = Blueprint("results", __name__)
# What a shared cache may keep for anonymous readers; short, so that the announced minute is a minute.
BRIEFLY = 15


@bp.get("/cuoc-thi/<slug>/ket-qua")
@public
@shared(BRIEFLY)
def honours(slug: str) -> str:
    """The results, once anyone may see them; before that there is no such page, for anyone at all."""
    contest = get_issued_contest(slug, g.now)
    found = find_public_results(contest.id, g.now)
    if found is None:
        raise NotFound(slug)
    return render_template(
        "results/honours.html",
        contest=contest,
        rules=contest.rules,
        results=found,
        honours=honours_of(contest, found.result_set, g.now),
        names=authors_are_public(contest.rules, g.now),
        remarks_until=remarks_until(contest.rules),
        done=_proceedings(contest.rules, found, contest),
        opened=found.standing == "official" and find_closed_log(contest.id) is not None,
        vote_days=vote_days(contest),
        scans=public_scans(contest, g.now),
        labels=labels,
        VOID=VOID,
    )


def _proceedings(rules: RuleSet, found: PublicResults, contest: Contest) -> Proceedings | None:
    """The minutes in summary, with official results, where the rules publish it."""
    told = found.standing == "official" and "minutes_summary" in rules.announcement.publish
    return proceedings_of(contest) if told else None


from contest.results import (  # noqa: E402 -- they need `bp`
    views_addresses,  # noqa: F401
    views_amend,  # noqa: F401
    views_bank,  # noqa: F401
    views_beside,  # noqa: F401
    views_cards,  # noqa: F401
    views_ceremony,  # noqa: F401
    views_checks,  # noqa: F401
    views_desk,  # noqa: F401
    views_mailings,  # noqa: F401
    views_news,  # noqa: F401
    views_press,  # noqa: F401
    views_raw,  # noqa: F401
    views_scans,  # noqa: F401
    views_vote,  # noqa: F401
)
