"""Lists and minutes that follow from decided results, and the page where all papers are asked for. For organisers.

Papers are in Vietnamese whatever the language of the page that they are asked from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask_babel import force_locale
from flask_login import current_user

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.contests.rules import ORGANISER
from contest.core.errors import Refused
from contest.core.formats import loc, moment
from contest.core.pdf import make_pdf
from contest.core.qr import qr_path
from contest.core.web import limiter, needs, say
from contest.core.web.errors import say_message
from contest.core.web.papers import paper, send_pdf
from contest.core.wordfile import Columns, Grid, Line, make_document
from contest.core.workbooks import Page, make_workbook
from contest.papers import certificates, jobs, lists
from contest.papers.forms import AskForm
from contest.papers.summary import minutes_sections
from contest.results.queries import is_announced

bp = Blueprint("papers", __name__)
HERE = "/ban-to-chuc/<slug>/giay-to"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def me() -> User:
    person: User = current_user._get_current_object()  # noqa: SLF001 -- Flask-Login's proxy
    return person


def vietnamese_head(contest: Contest, title: str, subtitle: str = "") -> dict[str, Any]:
    """What every paper says at its head; to be called while Vietnamese is forced."""
    bodies = contest.rules.bodies
    head = paper(title, subtitle=subtitle, governing=loc(bodies.governing), lead=loc(bodies.lead))
    return {**head, "lang": "vi"}


def _download(content: bytes, name: str, mimetype: str) -> Response:
    response = Response(content, mimetype=mimetype)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _or_back(slug: str, make: Callable[[], Response]) -> Any:
    """A paper, or the page it was asked from with why there is none."""
    try:
        return make()
    except Refused as error:
        flash(say(error), "error")
        return redirect(url_for("papers.desk", slug=slug), 303)


def check_address() -> str:
    """The address of the check page, without the code."""
    address: str = url_for("papers.certificate", code="-", _external=True)
    return address.replace("/en/giay-chung-nhan/", "/giay-chung-nhan/").removesuffix("-")


@bp.get(HERE)
@needs(ORGANISER)
def desk(slug: str) -> str:
    """Every paper that follows from the results, and what is being made."""
    return desk_page(get_contest(slug))


def desk_page(contest: Contest, form: AskForm | None = None) -> str:
    try:
        decided = certificates.decided_results(contest)
    except Refused:
        decided = None
    holders = certificates.holders(contest, decided, g.now) if decided else []
    issued = certificates.of_contest(contest.id) if decided else []
    known = {(each.subject, each.recipient) for each in issued}
    return render_template(
        "papers/desk.html",
        contest=contest,
        rules=contest.rules,
        decided=decided,
        announced=is_announced(contest.id, g.now),
        holders=len(holders),
        new=sum((each.subject, each.recipient) not in known for each in holders),
        issued=issued,
        standing={(each.subject, each.recipient) for each in holders},
        numbered=certificates.numbered,
        jobs=jobs.jobs_of(contest.id),
        open_job=jobs.find_open(contest.id),
        form=form or AskForm(),
        states=lists.STATE_KINDS,
        prizes=[prize for prize in contest.rules.prizes if prize.to != "exemplar"],
    )


# Lists and minutes


def _signers(made: lists.List) -> list[dict[str, str]]:
    day = "…………, ngày … tháng … năm 20…"
    titles = ("Người lập", "Kế toán trưởng", "TM. Ban Tổ chức") if made.to_sign else ("Người lập", "TM. Ban Tổ chức")
    return [
        {"place": day if title == titles[-1] else "\u00a0", "title": title, "note": "(ký, ghi rõ họ tên)"}
        for title in titles
    ]


def _list_pdf(contest: Contest, made: lists.List) -> Response:
    data = {
        **vietnamese_head(contest, made.title),
        "wide": made.wide,
        "to_sign": made.to_sign,
        "notes": list(made.notes),
        "after": list(made.after),
        "legend": [],
        "legend_title": "",
        "total": made.shown(made.total),
        "signers": _signers(made),
        "head": list(made.head),
        "widths": list(made.widths),
        "align": made.align,
        "rows": [made.shown(row) for row in made.rows],
        "foot": f"{contest.rules.title.vi} · lập lúc {moment(g.now)}",
    }
    return send_pdf(make_pdf("report", data, at=g.now))


def _list_xlsx(_contest: Contest, made: lists.List) -> Response:
    widths = [max(round((each or 60) / 2), 6) for each in made.widths]
    rows = [*made.rows, *([made.total] if made.total else []), *(("", note) for note in made.after)]
    return _download(make_workbook([Page(made.title, made.head, widths, rows)]), f"{made.name}.xlsx", _XLSX)


def _list_docx(contest: Contest, made: lists.List) -> Response:
    bodies = contest.rules.bodies
    head = vietnamese_head(contest, made.title)
    rest = 250 - sum(made.widths)
    blocks: list[Any] = [
        Columns(
            (
                (
                    Line(bodies.governing.vi.upper(), "center", size=24, after=0),
                    Line(head["lead"].upper(), "center", bold=True, size=24),
                ),
                (
                    Line(head["country"].upper(), "center", bold=True, size=24, after=0),
                    Line(head["motto"], "center", bold=True),
                ),
            )
        ),
        Line(made.title.upper(), "center", bold=True, size=28),
        *(Line(each, "center", italic=True) for each in made.notes),
        Grid(
            made.head,
            [made.shown(row) for row in made.rows],
            [each or max(rest, 30) for each in made.widths],
            made.align,
            made.shown(made.total),
        ),
        *(Line(each) for each in made.after),
        Columns(
            tuple(
                (
                    Line(each["place"], "center", italic=True, size=24, after=0),
                    Line(each["title"].upper(), "center", bold=True, size=24, after=0),
                    Line(each["note"], "center", italic=True, size=22),
                )
                for each in _signers(made)
            )
        ),
    ]
    return _download(make_document(made.title, blocks, wide=made.wide), f"{made.name}.docx", _DOCX)


_WRITERS = {"pdf": _list_pdf, "xlsx": _list_xlsx, "docx": _list_docx}


@bp.get(f"{HERE}/<name>.<any(pdf, xlsx, docx):suffix>")
@needs(ORGANISER)
@limiter.limit("30 per minute")
def paper_list(slug: str, name: str, suffix: str) -> Any:
    """A list as a paper in State letterhead, a spreadsheet or a document; `giai`: prizes to take it from."""
    contest = get_contest(slug)

    def make() -> Response:
        with force_locale("vi"):
            return _WRITERS[suffix](contest, lists.make_list(contest, name, g.now, request.args.getlist("giai")))

    return _or_back(slug, make)


@bp.get(f"{HERE}/bien-ban-ket-qua.pdf")
@needs(ORGANISER)
@limiter.limit("30 per minute")
def results_minutes(slug: str) -> Any:
    """The minutes of the results in the form of papers of the State."""
    contest = get_contest(slug)
    return _or_back(slug, lambda: _minutes(contest))


def _minutes(contest: Contest) -> Response:
    with force_locale("vi"):
        sections = minutes_sections(contest, g.now, say_message)
        result_set = certificates.decided_results(contest)
        qr = qr_path(url_for("results.honours", slug=contest.slug, _external=True))
        place = {"note": "(ký, ghi rõ họ tên)", "signed": "", "name": ""}
        data = {
            **vietnamese_head(contest, "Biên bản", "Tổng hợp kết quả và xét giải"),
            "number": "Số: ……/BB-BTC",
            "day": "…………, ngày … tháng … năm 20…",
            "contest": contest.rules.title.vi,
            "sections": sections,
            "closing": "Biên bản được lập thành hai bản có giá trị như nhau, mỗi thành viên ký tên dưới đây đã đọc.",
            "first": [{**place, "title": "Thư ký"}, {**place, "title": "TM. Ban Tổ chức"}],
            "members_title": "",
            "members": [],
            "recipients_title": "Nơi nhận:",
            "recipients": ["Ban Tổ chức;", "Hội đồng Thi đua – Khen thưởng;", "Lưu: VT."],
            "check": "Kết quả công bố tại địa chỉ trong mã QR, từ thời điểm công bố.",
            "foot": f"{contest.rules.title.vi} · lập lúc {moment(g.now)}"
            f" · theo Quyết định số {result_set.decision_number}",
            "qr": f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {qr.size} {qr.size}">'
            f'<path d="{qr.path}"/></svg>',
            "qr_alt": "Mã QR dẫn đến trang kết quả",
        }
    return send_pdf(make_pdf("minutes", data, at=g.now))


from contest.papers import (  # noqa: E402 -- they need `bp`
    views_certificates,  # noqa: F401
    views_jobs,  # noqa: F401
)
