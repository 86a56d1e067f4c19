"""Papers of judging: reading packs, score sheets, the summary, conflicts, the accountant's list, raw scores.

Papers are in Vietnamese whatever the language of the page that they are asked from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, flash, g, redirect, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.contests.rules import CHAIR, ORGANISER, SECRETARY
from contest.core.db import db
from contest.core.errors import N_, Refused
from contest.core.formats import loc, moment
from contest.core.pdf import make_pdf
from contest.core.text import fold
from contest.core.web import limiter, needs, say
from contest.core.web.errors import say_message
from contest.core.web.papers import paper, send_pdf
from contest.core.workbooks import Page, make_workbook
from contest.judging import packs, papers
from contest.judging.conflicts import conflicts_among
from contest.judging.forms import whole_number
from contest.judging.models import RoundClosing
from contest.judging.models_council import Minutes
from contest.judging.panels import judges_of
from contest.judging.raw_scores import raw_workbook
from contest.judging.rounds import in_round
from contest.judging.views import bp, me
from contest.judging.views_chair import frame, who

TABLE = (CHAIR, ORGANISER, SECRETARY)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ROUND = "/ban-to-chuc/<slug>/cham/<round_id>/<category>"


def vietnamese_paper(contest: Contest, title: str, subtitle: str = "") -> dict[str, Any]:
    """What every paper of a contest says at its head; to be called while Vietnamese is forced."""
    bodies = contest.rules.bodies
    head = paper(title, subtitle=subtitle, governing=loc(bodies.governing), lead=loc(bodies.lead))
    return {**head, "lang": "vi"}


def made_at() -> str:
    """When a paper was made, for its foot."""
    words: str = _("made at %(at)s", at=moment(g.now))
    return words


def send_file(content: bytes, name: str, mimetype: str = XLSX) -> Response:
    """A file to keep, called by words without diacritics."""
    response = Response(content, mimetype=mimetype)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def named(*words: str) -> str:
    """A file name out of words: without diacritics, parted by hyphens."""
    return "-".join("".join(char if char.isalnum() else " " for char in fold(" ".join(words))).split())


def or_back(make: Callable[[], Response], back: str) -> Any:
    """A paper, or the page it was asked from with why there is none."""
    try:
        return make()
    except Refused as error:
        flash(say(error), "error")
        return redirect(back, 303)


# Where they are asked for


@bp.get("/ban-to-chuc/<slug>/cham/giay")
@needs(*TABLE)
def papers_page(slug: str) -> str:
    """Every paper there is, by round and category."""
    contest = get_contest(slug)
    closed = {
        (each.round, each.category): each
        for each in db.session.scalars(select(RoundClosing).where(RoundClosing.contest_id == contest.id))
    }
    made: dict[tuple[str, str], int] = {}
    for round_id, category, number in db.session.execute(
        select(Minutes.round, Minutes.category, Minutes.number)
        .where(Minutes.contest_id == contest.id)
        .order_by(Minutes.number)
    ):
        made[round_id, category] = number
    page = who(contest)
    return render_template(
        "judging/papers.html",
        **page,
        rules=contest.rules,
        closed=closed,
        made=made,
        judges=judges_of(contest) if page["staff"] else [],
        sizes=packs.SIZES,
        at_once=packs.AT_ONCE,
    )


# Papers of a closed round


def _scores(contest: Contest, round_id: str, category: str) -> papers.Scores:
    judging = bool(who(contest)["judging"])
    return papers.scores_for(contest, round_id, category, person_id=me().id, judging=judging)


def _about(contest: Contest, round_id: str, category: str) -> str:
    found = contest.rules.category(category)
    words: str = _(
        "%(round)s round, category %(category)s – %(name)s",
        round=loc(contest.rules.round(round_id).name),
        category=found.id,
        name=loc(found.name),
    )
    return words


def _left_out(count: int) -> list[str]:
    return [_("Left out because of a conflict of interest: %(count)s entries.", count=count)] if count else []


def _signers(*titles: str) -> list[dict[str, str]]:
    """Places to sign, from the left; the day stands over the last one."""
    day = _("…………, day … month … year 20…")
    return [
        {"place": day if title == titles[-1] else "\u00a0", "title": title, "note": _("(signature and full name)")}
        for title in titles
    ]


def _report(
    contest: Contest,
    title: str,
    subtitle: str,
    head: list[str],
    widths: list[int],
    align: str,
    rows: list[list[str]],
    **more: Any,
) -> Response:
    """A paper that is one table. `widths` in millimetres, 0 for the rest; `align` a letter a column."""
    data = {
        **vietnamese_paper(contest, title, subtitle),
        "wide": False,
        "to_sign": False,
        "notes": [],
        "after": [],
        "legend": [],
        "legend_title": "",
        "total": [],
        "signers": [],
        "head": head,
        "widths": widths,
        "align": align,
        "rows": rows,
        **more,
    }
    data["foot"] = f"{loc(contest.rules.title)} · {made_at()}"
    return send_pdf(make_pdf("report", data, at=g.now))


@bp.get(f'{_ROUND}/giay/<any("phieu-diem", "tong-hop", "xung-dot"):name>.pdf')
@needs(*TABLE)
@limiter.limit("30 per minute")
def round_paper(slug: str, round_id: str, category: str, name: str) -> Any:
    """Score sheets (in parts), the summary, or the conflicts of interest of a round."""
    contest = get_contest(slug)
    frame(contest, round_id, category)
    makers = {"phieu-diem": _sheets, "tong-hop": _summary, "xung-dot": _conflicts}

    def make() -> Response:
        with force_locale("vi"):
            return makers[name](contest, round_id, category)

    return or_back(make, url_for("judging.papers_page", slug=slug))


def _sheets(contest: Contest, round_id: str, category: str) -> Response:
    scores = _scores(contest, round_id, category)
    every = papers.sheet_papers(scores, request.args.get("giam-khao", ""))
    part = whole_number(request.args.get("phan"), 1)
    start = (part - 1) * papers.SHEETS_AT_ONCE
    chosen = every[start : start + papers.SHEETS_AT_ONCE] if part >= 1 else []
    if not chosen:
        raise Refused(N_("There is no final sheet here."), code="no_sheets")
    data = {
        **vietnamese_paper(contest, _("Score sheet"), _about(contest, round_id, category)),
        "head": [_("No."), _("Criterion"), _("Most"), _("Mark"), _("Comment")],
        "sheets": papers.sheets_data(scores, chosen, say_message),
        "words": {
            "judge": _("Judge"),
            "code": _("Code"),
            "total": _("Total"),
            "comment": _("General comment"),
            "earlier": _("Earlier marks, which no longer count"),
            "day": _("…………, day … month … year 20…"),
            "sign": _("(signature and full name)"),
        },
    }
    told = _("sheets %(first)s–%(last)s of %(all)s", first=start + 1, last=start + len(chosen), all=len(every))
    data["foot"] = f"{loc(contest.rules.title)} · {told}"
    return send_pdf(make_pdf("sheets", data, at=g.now))


def _summary(contest: Contest, round_id: str, category: str) -> Response:
    scores = _scores(contest, round_id, category)
    every = papers.lines_of(scores)
    part, parts = whole_number(request.args.get("phan"), 1), max(1, -(-len(every) // papers.LINES_AT_ONCE))
    if not 1 <= part <= parts:
        raise Refused(N_("There is no such part."), code="no_part")
    chosen = every[(part - 1) * papers.LINES_AT_ONCE : part * papers.LINES_AT_ONCE]
    rows, judges = papers.summary_rows(scores, chosen, say_message)
    closed = papers.closing_of(contest, round_id, category)
    notes = [
        _("The round was closed at %(at)s. Places go by exact totals.", at=moment(closed.at)),
        *_left_out(scores.left_out),
    ]
    if parts > 1:
        notes.append(_("Part %(part)s of %(parts)s.", part=part, parts=parts))
    return _report(
        contest,
        _("Summary of scores"),
        _about(contest, round_id, category),
        [_("Rank"), _("Code"), _("Sheets: (judge) total"), _("Total"), _("How it was computed; ties; remarks")],
        [14, 18, 62, 20, 0],
        "cllrl",
        rows,
        wide=True,
        notes=notes,
        legend=judges,
        legend_title=_("Judges by their numbers in this paper:"),
        signers=_signers(_("Who made it"), _("Secretary"), _("Head of jury")) if part == parts else [],
    )


def _conflicts(contest: Contest, round_id: str, category: str) -> Response:
    where = in_round(contest, contest.rules.round(round_id), category)
    barred = set()
    if who(contest)["judging"]:
        barred = {entry_id for entry_id, _ in conflicts_among(contest.id, *where, judges=[me().id])}
    rows = papers.conflict_rows(contest, round_id, category, without=sorted(barred))
    return _report(
        contest,
        _("Conflicts of interest"),
        _about(contest, round_id, category),
        [
            _("Judge"),
            _("Sheets given"),
            _("Declared none"),
            _("Stepped back from (code)"),
            _("Not given because of a conflict (code)"),
        ],
        [70, 20, 22, 55, 0],
        "lccll",
        rows,
        wide=True,
        notes=[_("Goes with the minutes. Entries are named by their codes."), *_left_out(len(barred))],
        signers=_signers(_("Secretary"), _("Head of jury")),
    )


@bp.get(f"{_ROUND}/giay/diem-goc.xlsx")
@needs(CHAIR, ORGANISER)
@limiter.limit("10 per minute")
def raw_scores(slug: str, round_id: str, category: str) -> Any:
    """Every mark and revision of a closed round."""
    contest = get_contest(slug)
    frame(contest, round_id, category)

    def make() -> Response:
        with force_locale("vi"):
            scores = _scores(contest, round_id, category)
            content = raw_workbook(scores, papers.lines_of(scores), say_message)
        return send_file(content, f"diem-goc-{named(slug, round_id, category)}.xlsx")

    return or_back(make, url_for("judging.papers_page", slug=slug))


# The accountant's list


@bp.get("/ban-to-chuc/<slug>/cham/giay/<any(pdf, xlsx):suffix>/phieu-theo-giam-khao")
@needs(ORGANISER, SECRETARY)
@limiter.limit("30 per minute")
def sheets_by_judge(slug: str, suffix: str) -> Any:
    """Who marked how many sheets in which round: for payment. No score, no entry."""
    contest = get_contest(slug)
    with force_locale("vi"):
        found = papers.workers(contest)
        rounds = contest.rules.rounds
        rows: list[list[Any]] = [
            [
                at,
                each.name,
                each.unit,
                *(each.work.get(round_.id, papers.Work(0, 0)).final for round_ in rounds),
                each.final,
            ]
            for at, each in enumerate(found, start=1)
        ]
        sums = [sum(row[3 + at] for row in rows) for at in range(len(rounds) + 1)]
        names = [_("%(round)s (sheets)", round=loc(each.name)) for each in rounds]
        head = [_("Line no."), _("Full name"), _("Unit"), *names, _("All sheets")]
        title = _("Score sheets by judge")
        if suffix == "xlsx":
            widths = [6, 32, 40, *(16 for _each in rounds), 14]
            total = ["", _("In all"), "", *sums]
            page = Page(title, head, widths, [*rows, total])
            return send_file(make_workbook([page]), f"phieu-theo-giam-khao-{named(slug)}.xlsx")

        def make() -> Response:
            return _report(
                contest,
                title,
                _("Final sheets up to %(at)s, as a basis for payment", at=moment(g.now)),
                [*head, _("Signature")],
                [10, 70, 0, *(24 for _each in rounds), 22, 36],
                "cll" + "c" * (len(rounds) + 1) + "l",
                [[str(row[0]), papers.unbroken(row[1]), *map(str, row[2:]), ""] for row in rows],
                total=["", _("In all"), "", *map(str, sums), ""],
                to_sign=True,
                wide=True,
                signers=_signers(_("Who made it"), _("Accountant"), _("Head of the organising committee")),
            )

        return or_back(make, url_for("judging.papers_page", slug=slug))
