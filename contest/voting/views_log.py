"""The public pages of a log: what it is, its files, and where a ballot stands in it.

The files hold sealed leaves alone and are sent in pages, so that neither memory nor a transaction
grows with the log. All that is in them may be known to anyone at any time; what must not be known yet
(choices, figures of entries) is not in the log at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from flask import Flask, Response, abort, current_app, g, redirect, render_template, request, url_for
from flask_babel import gettext as _

from contest.contests.labels import SET_ASIDE_REASONS
from contest.contests.models import Contest
from contest.core.errors import NotFound
from contest.core.signing import BadKeyFile
from contest.core.web import limiter, public, shared
from contest.core.web.keys import log_signer
from contest.voting import queries_log, tiles
from contest.voting.ledger.notes import verifier_key
from contest.voting.log import find_log
from contest.voting.models_log import BallotLog
from contest.voting.queries import turnout
from contest.voting.rules import BALLOT_ID
from contest.voting.sealing import latest_checkpoint, waiting
from contest.voting.views import bp
from contest.voting.views_place import vote_of
from contest.voting.witnesses import GIT, MAIL, latest_reports

# A file may be 600 MB at two million ballots; proofs are a handful of reads.
_FILES = "30 per minute; 300 per hour"
_FINDING = "120 per minute; 2400 per hour"
_SHORT, _LONG = 10, 86_400
_NO_DIGIT = re.compile(r"[^0-9A-Za-z]+")


def _log(slug: str) -> tuple[Contest, BallotLog]:
    """The log of a vote. Raises NotFound before it is opened."""
    contest = vote_of(slug)
    found = find_log(contest.id)
    if found is None:
        raise NotFound(slug)
    return contest, found


def _key(contest: Contest, found: BallotLog | None) -> str:
    """The verifier key: of the log, and before it opens the one that it will have. "" where it cannot be read."""
    if found is not None:
        return found.key
    try:
        signer = log_signer(contest.slug, contest.public_id)
    except BadKeyFile:
        current_app.logger.critical("the signing key cannot be read")
        return ""
    return verifier_key(signer.origin, signer.public)


@bp.get("/cuoc-thi/<slug>/so-phieu")
@public
@shared(_SHORT)
def log(slug: str) -> Any:
    if ballot := request.args.get("phieu"):
        return redirect(url_for("voting.log_find", slug=slug, phieu=ballot[:40]), 303)
    contest = vote_of(slug)
    rules, found = contest.rules, find_log(contest.id)
    closed = found is not None and found.closed_at is not None
    last = latest_checkpoint(contest.id)
    return render_template(
        "voting/log.html",
        contest=contest,
        rules=rules,
        log=found,
        closed=closed,
        last=last,
        waiting=found is not None and waiting(contest.id).leaves > 0,
        key=_key(contest, found),
        ballots=turnout(contest.id) if closed or rules.voting.turnout_public else None,
        decided=queries_log.has_decisions(contest.id),
        set_aside=queries_log.set_aside_by_reason(contest.id) if closed else {},
        reasons=SET_ASIDE_REASONS,
        witnesses=[_witness(report) for report in latest_reports(contest.id)],
    )


def _witness(report: Any) -> dict[str, Any]:
    """A witness as readers see it: of an address only where it is."""
    kind = MAIL if report.witness.startswith(MAIL) else GIT
    name = report.witness.removeprefix(kind)
    return {
        "mail": kind == MAIL,
        "name": name.partition("@")[2] if kind == MAIL else name,
        "url": name if name.startswith("https://") else "",
        "size": report.size,
        "at": report.at,
        "failed": report.error is not None,
    }


# Files


def _plain(content: str, tag: str, seconds: int) -> Response:
    response = Response(content, mimetype="text/plain")
    return _kept(response, tag, seconds)


def _kept(response: Response, tag: str, seconds: int) -> Response:
    """An answer that says by its tag which one it is: whoever has it already gets 304."""
    response.set_etag(tag)
    g.shared_seconds = seconds
    return response


def _in_pages(app: Flask, parts: Iterator[str]) -> Iterator[str]:
    """Each part is read in a context of its own: none is held while a slow reader takes it, or when one goes away."""
    while True:
        with app.app_context():
            part = next(parts, None)
        if part is None:
            return
        yield part


class _Stream(Response):
    """An answer that is never gathered in memory: Werkzeug otherwise does so to tell its length."""

    implicit_sequence_conversion = False


def _streamed(parts: Iterator[str], tag: str, name: str, media_type: str) -> Response:
    """A file that is made while it is sent. Nothing is read for who has it already, or asks for its head alone."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 -- Flask's proxy
    response = _Stream(_in_pages(app, parts), mimetype=media_type)
    response.headers.set("Content-Disposition", "inline", filename=name)
    return _kept(response, tag, _SHORT)


def _number(name: str, default: int) -> int:
    """A number in the address. Anything else is a mistake of whoever wrote it: 400."""
    raw = request.args.get(name, "")
    if not raw:
        return default
    if not raw.isascii() or not raw.isdigit() or len(raw) > 12:
        abort(400)
    return int(raw)


@bp.get("/cuoc-thi/<slug>/so-phieu/key.txt")
@public
def log_key(slug: str) -> Response:
    contest = vote_of(slug)
    key = _key(contest, find_log(contest.id))
    if not key:
        raise NotFound(slug)
    return _plain(f"{key}\n", f"key-{key[-16:]}", _SHORT)


@bp.get("/cuoc-thi/<slug>/so-phieu/log.jsonl")
@public
@limiter.limit(_FILES)
def log_leaves(slug: str) -> Response:
    """The leaves in order: all of them, or from `?from=` (a position) for who has those before, up to `?to=`."""
    contest, found = _log(slug)
    end = min(_number("to", found.size), found.size)
    first = min(_number("from", 0), end)
    response = _streamed(
        queries_log.leaf_lines(contest.id, first, end), f"leaves-{first}-{end}", "log.jsonl", "application/jsonl"
    )
    response.headers["Log-Size"] = str(found.size)
    return response


@bp.get("/cuoc-thi/<slug>/so-phieu/checkpoints.txt")
@public
@limiter.limit(_FILES)
def log_checkpoints(slug: str) -> Response:
    """Every checkpoint, or those of more than `?from=` leaves."""
    contest, found = _log(slug)
    after = min(_number("from", 0), found.size)
    return _streamed(
        queries_log.checkpoint_notes(contest.id, after, found.size),
        f"checkpoints-{after}-{found.size}",
        "checkpoints.txt",
        "text/plain",
    )


@bp.get("/cuoc-thi/<slug>/so-phieu/checkpoint")
@public
def log_checkpoint(slug: str) -> Response:
    contest, _found = _log(slug)
    last = latest_checkpoint(contest.id)
    if last is None:
        raise NotFound(slug)
    return _plain(last.note, f"checkpoint-{last.size}", _SHORT)


@bp.get("/cuoc-thi/<slug>/so-phieu/tile/<int:level>/<int:number>")
@public
def log_tile(slug: str, level: int, number: int) -> Response:
    """256 hashes of one level, 8,192 bytes; only full ones, which never change."""
    contest, _found = _log(slug)
    hashes = tiles.find_full(contest.id, tiles.Address(level, number)) if level < 64 else None
    if hashes is None:
        raise NotFound(slug)
    return _kept(Response(hashes, mimetype="application/octet-stream"), f"tile-{level}-{number}", _LONG)


# One's own ballot


@bp.route("/cuoc-thi/<slug>/so-phieu/tim", methods=["GET", "POST"])
@public
@limiter.limit(_FINDING)
def log_find(slug: str) -> Any:
    """Where a ballot stands, by its number or by a receipt. Never what it holds."""
    contest, found = _log(slug)
    typed = (request.form if request.method == "POST" else request.args).get("phieu", "")[:200]
    receipt = request.form.get("receipt", "").strip() if request.method == "POST" else ""
    promise = queries_log.check_receipt(found, contest.public_id, receipt) if receipt else None
    error = (
        _("This is not a receipt as the site gives it out: paste the whole file.") if receipt and not promise else ""
    )
    number = _NO_DIGIT.sub("", promise.ballot if promise else typed).upper()
    place, proof = None, None
    if number and not BALLOT_ID.fullmatch(number):
        error = error or _("A ballot's number has 16 letters and digits, in groups of four.")
    elif number:
        place = queries_log.find_place(contest.id, number)
        proof = queries_log.inclusion_of(contest.id, place) if place else None
    page = render_template(
        "voting/log_find.html",
        contest=contest,
        rules=contest.rules,
        log=found,
        typed=promise.ballot if promise else typed,
        number=number if not error else "",
        place=place,
        proof=json.dumps(proof, indent=1, sort_keys=True) if proof else "",
        steps=len(proof["proof"]) if proof else 0,
        size=proof["size"] if proof else found.size,
        promise=promise,
        error=error,
        reasons=SET_ASIDE_REASONS,
    )
    return page, 422 if error else 200


@bp.get("/cuoc-thi/<slug>/so-phieu/bang-chung.json")
@public
@limiter.limit(_FINDING)
def log_proof(slug: str) -> Response:
    """For programs: the proof that the ballot `?phieu=` is in the log, or that `?den=` continues `?tu=` leaves."""
    contest, found = _log(slug)
    if ballot := _NO_DIGIT.sub("", request.args.get("phieu", "")[:200]).upper():
        place = queries_log.find_place(contest.id, ballot) if BALLOT_ID.fullmatch(ballot) else None
        proof = queries_log.inclusion_of(contest.id, place) if place else None
    else:
        proof = queries_log.consistency_of(contest.id, _number("tu", 0), _number("den", found.size))
    if proof is None:
        raise NotFound(slug)
    return Response(json.dumps(proof, indent=1, sort_keys=True) + "\n", mimetype="application/json")
