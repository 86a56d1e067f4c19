"""Minutes of a round: made, read, compared with the version before, signed, printed, and scanned back in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response, current_app, flash, g, redirect, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _

from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.contests.rules import CHAIR, JUDGE, OBSERVER, ORGANISER, SECRETARY
from contest.core.db import writing
from contest.core.errors import NotFound, Refused
from contest.core.formats import day, loc, moment
from contest.core.pdf import make_pdf
from contest.core.qr import qr_path
from contest.core.typed import typed_instant
from contest.core.web import limiter, needs, say
from contest.core.web.downloads import send_download
from contest.core.web.errors import say_message
from contest.core.web.files import file_store
from contest.core.web.papers import send_pdf
from contest.exemplars.papers import MOST_BYTES, make_paper
from contest.judging import minutes as acts
from contest.judging.codes import find_opening, read_codes
from contest.judging.forms import MinutesForm
from contest.judging.locks import find_closing
from contest.judging.minutes_sources import CAPACITIES, PrizeLines, day_line
from contest.judging.models_council import Minutes
from contest.judging.views import bp, me
from contest.judging.views_chair import do, frame, who
from contest.judging.views_papers import made_at, vietnamese_paper

READERS = (CHAIR, JUDGE, ORGANISER, SECRETARY)
_ONE = "/ban-to-chuc/<slug>/cham/bien-ban/<minutes_id>"


def prizes_of(contest: Contest, category: str) -> PrizeLines | None:
    """What came of a category's prizes, from the room of results, which judging does not know."""
    found: PrizeLines | None = current_app.extensions["prizes_in_words"](contest, category, say_message)
    return found


@bp.route("/ban-to-chuc/<slug>/cham/<round_id>/<category>/bien-ban", methods=["GET", "POST"])
@needs(*READERS)
@limiter.limit("20 per minute", methods=["POST"])
def minutes(slug: str, round_id: str, category: str) -> Any:
    """The versions of a round's minutes, and a form that makes the next one."""
    contest = get_contest(slug)
    page = frame(contest, round_id, category)
    if not acts.may_read(contest, round_id, category, me()):
        raise NotFound(category)
    form = MinutesForm()
    if request.method == "POST" and do(lambda now: _make(slug, round_id, category, form, now), form):
        return redirect(url_for("judging.minutes", slug=slug, round_id=round_id, category=category), 303)
    contest = get_contest(slug)
    page = frame(contest, round_id, category)
    versions = acts.versions_of(contest, round_id, category)
    if request.method == "GET":
        _suggest(form, versions[0] if versions else None)
    shown = render_template(
        "judging/minutes.html",
        **page,
        versions=versions,
        closing=find_closing(contest.id, round_id, category),
        changed=acts.changes(versions[1].content, versions[0].content) if len(versions) > 1 else [],
        capacities=CAPACITIES,
        may_make=not page["judging"] or page["chair"],
        form=form,
        me=me(),
    )
    return shown, 422 if form.errors else 200


def _suggest(form: MinutesForm, last: Minutes | None) -> None:
    """Begin with what the last version said; the day is today's."""
    form.day.data = day(g.now)
    if last is not None:
        form.number.data = last.content["number"]
        form.place.data = last.content["place"]
        form.conclusions.data = last.content["sections"][-1]["blocks"][0]["text"]


def _make(slug: str, round_id: str, category: str, form: MinutesForm, now: datetime) -> Any:
    contest = get_contest(slug)
    on = typed_instant(form.day.data, "12:00")
    with force_locale("vi"):
        place = form.place.data or ""
        made = acts.make_minutes(
            contest=contest,
            round_id=round_id,
            category=category,
            number=form.number.data or "",
            place=place,
            date=day_line(place.strip(), on, say_message),
            conclusions=form.conclusions.data or "",
            prizes=prizes_of(contest, category) if round_id == contest.rules.last_round.id else None,
            say=say_message,
            actor=me(),
            now=now,
        )
    return _("Version %(number)s of the minutes is made. It can be read, signed and printed.", number=made.number)


@bp.get("/cham/<slug>/bien-ban")
@needs("judge")
def own_minutes(slug: str) -> str:
    """The minutes that a judge may read and sign."""
    contest = get_contest(slug)
    return render_template(
        "judging/own_minutes.html", **who(contest), rules=contest.rules, found=acts.latest_for(contest, me())
    )


@bp.get(_ONE)
@needs(*READERS)
def minutes_version(slug: str, minutes_id: str) -> str:
    """One version: who signed it, and whether it still is what its checksum says. The QR code leads here."""
    contest = get_contest(slug)
    found = acts.get_minutes(contest, minutes_id, me())
    page = frame(contest, found.round, found.category)
    opening = find_opening(contest.id, found.category)
    return render_template(
        "judging/minutes_version.html",
        **page,
        minutes=found,
        intact=acts.is_intact(found),
        latest=acts.is_latest(found),
        capacity=acts.capacity_of(found, me()),
        signed={each.user_id: each for each in found.signatures},
        by_user={each.user.public_id: each for each in found.signatures},
        capacities=CAPACITIES,
        may_make=not page["judging"] or page["chair"],
        opened=opening is not None and opening.opened_at is not None,
        me=me(),
    )


@bp.get(f"{_ONE}.pdf")
@needs(*READERS)
@limiter.limit("30 per minute")
def minutes_pdf(slug: str, minutes_id: str) -> Any:
    contest = get_contest(slug)
    found = acts.get_minutes(contest, minutes_id, me())
    try:
        return send_pdf(_pdf(contest, found))
    except Refused as error:
        flash(say(error), "error")
        return redirect(url_for("judging.minutes_version", slug=slug, minutes_id=minutes_id), 303)


@bp.get("/giam-sat/<slug>/bien-ban/<minutes_id>.pdf")
@needs(OBSERVER)
@limiter.limit("30 per minute")
def observed_minutes(slug: str, minutes_id: str) -> Any:
    """The same paper for an observer, once the results are announced: it tells scores."""
    contest = get_contest(slug)
    if not current_app.extensions["is_announced"](contest.id, g.now):
        raise NotFound(minutes_id)
    found = acts.find_minutes(contest, minutes_id)
    if found is None:
        raise NotFound(minutes_id)
    try:
        return send_pdf(_pdf(contest, found))
    except Refused as error:
        flash(say(error), "error")
        return redirect(url_for("desk.observer", slug=slug), 303)


def _pdf(contest: Contest, found: Minutes) -> bytes:
    with force_locale("vi"):
        content = found.content
        address = url_for("judging.minutes_version", slug=contest.slug, minutes_id=found.public_id, _external=True)
        qr = qr_path(address)
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {qr.size} {qr.size}" shape-rendering="crispEdges">'
            f'<path d="{qr.path}"/></svg>'
        )
        data = {
            **vietnamese_paper(contest, content["title"], content["subtitle"]),
            "governing": content["governing"],
            "lead": content["lead"],
            "publisher": content["lead"],
            "number": _("No.: %(number)s", number=content["number"] or "……/BB-BGK"),
            "day": content["date"],
            "contest": content["contest"],
            "sections": content["sections"],
            "closing": _(
                "The minutes were read to those present, who agreed with them, and are kept as version %(number)s.",
                number=found.number,
            ),
            **_signers(found),
            "recipients_title": _("To:"),
            "recipients": [f"{each};" for each in content["recipients"][:-1]] + [f"{content['recipients'][-1]}."],
            "check": _("To check this paper, staff of the contest open %(address)s", address=address),
            "foot": _(
                "Version %(number)s, made at %(at)s · SHA-256 %(sha256)s",
                number=found.number,
                at=moment(found.made_at),
                sha256=found.sha256,
            ),
            "qr": svg,
            "qr_alt": _("QR code that leads to this version of the minutes"),
        }
    return make_pdf("minutes", data, at=found.made_at)


def _signers(found: Minutes) -> dict[str, Any]:
    """Where people sign: secretary left and head of jury right, then the members. One alone is named beforehand."""
    signed = {each.user.public_id: each for each in found.signatures}

    def places(capacity: str, title: str) -> list[dict[str, str]]:
        named = [each for each in found.content["signers"] if each["capacity"] == capacity]
        chosen = [each for each in named if each["user"] in signed] or (named if len(named) == 1 else [])
        return [_place(each["name"], title, signed.get(each["user"])) for each in chosen] or [_place("", title, None)]

    first = [*places("secretary", _("Secretary")), *places("chair", _("Head of jury"))]
    members = [
        _place(each["name"], "", signed.get(each["user"]))
        for each in found.content["signers"]
        if each["capacity"] == "member"
    ]
    return {"first": first, "members": members, "members_title": _("Members")}


def _place(name: str, title: str, signature: Any) -> dict[str, str]:
    return {
        "title": title,
        "name": name,
        "note": _("(signature, full name)"),
        "signed": _("Signed on the system at %(at)s", at=moment(signature.at)) if signature is not None else "",
    }


@bp.post(f"{_ONE}/ky")
@needs(*READERS)
@limiter.limit("20 per minute")
def sign_minutes(slug: str, minutes_id: str) -> Any:
    """Sign the version that the page showed."""
    do(lambda now: _sign(slug, minutes_id, now))
    return redirect(url_for("judging.minutes_version", slug=slug, minutes_id=minutes_id), 303)


def _sign(slug: str, minutes_id: str, now: datetime) -> Any:
    contest = get_contest(slug)
    found = acts.get_minutes(contest, minutes_id, me())
    acts.sign(contest=contest, minutes=found, sha256=request.form.get("sha256", ""), actor=me(), now=now)
    return _("You have signed version %(number)s.", number=found.number)


@bp.post(f"{_ONE}/ban-quet")
@needs(CHAIR, ORGANISER, SECRETARY)
@limiter.limit("20 per minute")
def add_minutes_scan(slug: str, minutes_id: str) -> Any:
    """Keep the paper that was signed by hand."""
    acts.get_minutes(get_contest(slug), minutes_id, me())  # nothing is decoded for somebody else's
    sent = request.files.get("file")
    try:
        content = sent.stream.read(MOST_BYTES + 1) if sent else b""
        paper = make_paper(content, sent.filename or "" if sent else "")
    except Refused as error:
        flash(say(error), "error")
    else:
        do(lambda now: _keep(slug, minutes_id, paper, now))
    return redirect(url_for("judging.minutes_version", slug=slug, minutes_id=minutes_id, _anchor="ban-quet"), 303)


def _keep(slug: str, minutes_id: str, paper: Any, now: datetime) -> Any:
    contest = get_contest(slug)
    found = acts.get_minutes(contest, minutes_id, me())
    acts.add_scan(contest=contest, minutes=found, paper=paper, files=file_store(), actor=me(), now=now)
    return _("The scan is kept with this version.")


@bp.get(f"{_ONE}/ban-quet/<scan_id>")
@needs(*READERS)
def minutes_scan(slug: str, minutes_id: str, scan_id: str) -> Response:
    found = acts.get_scan(acts.get_minutes(get_contest(slug), minutes_id, me()), scan_id)
    return send_download(found.key, name=found.name, media_type=found.media_type)


@bp.post(f"{_ONE}/phu-luc")
@needs(ORGANISER, CHAIR)
@limiter.limit("20 per minute")
def minutes_annex(slug: str, minutes_id: str) -> Any:
    """The annex with names, once the codes are open. A form and no link: each reading of the map is on record."""
    try:
        with writing() as now:
            contest = get_contest(slug)
            found = acts.get_minutes(contest, minutes_id, me())
            lines = {
                line.code: line for line in read_codes(contest=contest, category=found.category, actor=me(), now=now)
            }
        return _annex(get_contest(slug), found, lines)
    except Refused as error:
        flash(say(error), "error")
        return redirect(url_for("judging.minutes_version", slug=slug, minutes_id=minutes_id), 303)


def _annex(contest: Contest, found: Minutes, lines: dict[str, Any]) -> Response:
    with force_locale("vi"):
        ranked = acts.ranked_rows(found.content)
        rows = [
            [place, code, total, lines[code].title if code in lines else "–", _who(lines.get(code))]
            for place, code, total in ranked
        ]
        data = {
            **vietnamese_paper(contest, _("Annex to the minutes: entries and authors"), found.content["subtitle"]),
            "wide": True,
            "to_sign": False,
            "notes": [
                _(
                    "To the minutes, version %(number)s, SHA-256 %(sha256)s. The codes of this category are open.",
                    number=found.number,
                    sha256=found.sha256,
                )
            ],
            "after": [],
            "legend": [],
            "legend_title": "",
            "total": [],
            "signers": [
                {"place": "", "title": _("Secretary"), "note": _("(signature and full name)")},
                {"place": "", "title": _("Head of jury"), "note": _("(signature and full name)")},
            ],
            "head": [_("Rank"), _("Code"), _("Total"), _("Title"), _("Author")],
            "widths": [16, 20, 24, 0, 75],
            "align": "clrll",
            "rows": rows,
            "foot": f"{loc(contest.rules.title)} · {made_at()}",
        }
    return send_pdf(make_pdf("report", data, at=g.now))


def _who(line: Any) -> str:
    if line is None:
        return "–"
    return f"{line.author} ({line.pen_name})" if line.pen_name and line.pen_name != line.author else str(line.author)
