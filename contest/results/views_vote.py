"""The files of a vote that are opened with its results. Before that there are none, for anyone at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from flask import Response, g, stream_with_context

from contest.contests.models import Contest
from contest.contests.queries import get_issued_contest
from contest.core.errors import NotFound
from contest.core.web import limiter, public
from contest.results.models import ResultSet
from contest.results.queries import find_public_results
from contest.results.views import bp
from contest.results.vote_files import announced, find_closed_log, opening_lines, zipped
from contest.voting.ledger.leaves import canonical
from contest.voting.models_log import BallotLog

# Some hundred megabytes at a million ballots; a school behind one address still gets them.
_FILES = "30 per minute; 300 per hour"
_SHORT = 15


class _Opened(NamedTuple):
    """A vote whose results are announced, and whose ballots are opened with them."""

    contest: Contest
    result_set: ResultSet
    log: BallotLog


def _opened(slug: str) -> _Opened:
    """Raises NotFound before the announced instant, and for whatever has no counted vote: the same in each case."""
    contest = get_issued_contest(slug, g.now)
    found = find_public_results(contest.id, g.now)
    log = find_closed_log(contest.id)
    if found is None or found.standing != "official" or log is None or not found.result_set.report["tally"]:
        raise NotFound(slug)
    return _Opened(contest, found.result_set, log)


def _file(opened: _Opened, parts: Iterator[bytes], name: str, media_type: str) -> Response:
    response = Response(stream_with_context(parts), mimetype=media_type)
    response.headers.set("Content-Disposition", "attachment" if name.endswith(".zip") else "inline", filename=name)
    # Whoever has it already gets 304 and nothing is read; another result set, or another log, is another file.
    response.set_etag(f"{name}-{opened.result_set.id}-{opened.result_set.fingerprint[:16]}-{opened.log.size}")
    g.shared_seconds = _SHORT
    return response


@bp.get("/cuoc-thi/<slug>/so-phieu/openings.jsonl")
@public
@limiter.limit(_FILES)
def openings(slug: str) -> Response:
    """Choices and salt of each ballot that counts."""
    opened = _opened(slug)
    return _file(
        opened, (part.encode() for part in opening_lines(opened.contest.id)), "openings.jsonl", "application/jsonl"
    )


@bp.get("/cuoc-thi/<slug>/so-phieu/result.json")
@public
@limiter.limit(_FILES)
def vote_result(slug: str) -> Response:
    """What was announced, as a check holds it against the count."""
    opened = _opened(slug)
    content = (canonical(announced(*opened)) + "\n").encode()
    return _file(opened, iter([content]), "result.json", "application/json")


@bp.get("/cuoc-thi/<slug>/so-phieu/tat-ca.zip")
@public
@limiter.limit(_FILES)
def vote_files(slug: str) -> Response:
    """All the files of the vote."""
    opened = _opened(slug)
    return _file(opened, zipped(*opened), f"so-phieu-{slug}.zip", "application/zip")
