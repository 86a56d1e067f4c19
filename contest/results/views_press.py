"""What the press reads before everybody, under an embargo; and what organisers see of it."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, g, redirect, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_login import current_user

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.contests.rules import ORGANISER, PRESS
from contest.contests.ruleset import Prize
from contest.core.db import writing
from contest.core.errors import NotFound, Refused
from contest.core.formats import day, instant, loc, marks, money, number
from contest.core.pdf import make_pdf
from contest.core.web import limiter, needs, say
from contest.core.web.papers import paper, send_pdf
from contest.results import press
from contest.results.honours import Honours, Laurel, honours_of
from contest.results.models import ResultSet
from contest.results.models_after import PressTerms
from contest.results.queries import find_public_results, find_results_for_press
from contest.results.views import bp

HERE = "/bao-chi/<slug>"


def _me() -> User:
    person: User = current_user._get_current_object()  # noqa: SLF001 -- Flask-Login's proxy
    return person


def _given(slug: str) -> tuple[Contest, PressTerms | None, ResultSet | None]:
    """The contest, what this person accepted, and the results that they may read now. `private, no-store`, as all."""
    contest = get_contest(slug)
    terms = press.find_terms(contest.id, _me().id)
    return contest, terms, find_results_for_press(contest, _me().id, press.TERMS_VERSION, g.now)


def _is_public(contest: Contest) -> bool:
    found = find_public_results(contest.id, g.now)
    return found is not None and found.standing == "official"


def _note(slug: str, verb: str) -> None:
    """Record it before anything is given; what cannot be recorded is not given."""
    with writing() as now:
        _contest, terms, result_set = _given(slug)
        if terms is None or result_set is None:
            raise NotFound(slug)  # the role or the results went in between
        press.note_reading(result_set=result_set, terms=terms, actor=_me(), now=now, verb=verb)


@bp.get(HERE, endpoint="press")
@needs(PRESS)
def press_page(slug: str) -> str:
    """The terms; once they are accepted and the instant of the press has come, the results."""
    contest, _terms, result_set = _given(slug)
    public = _is_public(contest)
    if result_set is not None and not public and not press.has_read(result_set, _me()):
        _note(slug, press.READ)
    contest, terms, result_set = _given(slug)
    shown = result_set if not public else None
    return render_template(
        "results/press.html",
        contest=contest,
        rules=contest.rules,
        opens=contest.rules.announcement.press_early_access,
        terms=terms if terms is not None and terms.text_version == press.TERMS_VERSION else None,
        words=press.TERMS,
        version=press.TERMS_VERSION,
        public=public,
        result_set=shown,
        honours=honours_of(contest, shown, g.now) if shown else None,
    )


@bp.post(f"{HERE}/dieu-khoan")
@needs(PRESS)
@limiter.limit("20 per minute")
def accept_press_terms(slug: str) -> Any:
    try:
        with writing() as now:
            version = request.form.get("version", "")
            press.accept_terms(contest=get_contest(slug), version=version, actor=_me(), now=now)
        flash(_("You have accepted the terms."), "ok")
    except Refused as error:
        flash(say(error), "error")
    return redirect(url_for("results.press", slug=slug), 303)


@bp.get(f"{HERE}/ket-qua.pdf")
@needs(PRESS)
@limiter.limit("20 per minute")
def press_copy(slug: str) -> Any:
    """The results as a file, with the mark of whoever takes it in its name, its foot and beside every prize."""
    contest, terms, result_set = _given(slug)
    if _is_public(contest):
        return redirect(url_for("results.honours", slug=slug), 303)
    if result_set is None or terms is None:
        raise NotFound(slug)
    try:
        _note(slug, press.COPY)
        contest, terms, result_set = _given(slug)
        if result_set is None or terms is None:
            raise NotFound(slug)
        answer: Response = send_pdf(_pdf(contest, result_set, terms.mark))
    except Refused as error:
        flash(say(error), "error")
        return redirect(url_for("results.press", slug=slug), 303)
    name = f"ket-qua-{contest.slug}-{terms.mark}.pdf"
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _pdf(contest: Contest, result_set: ResultSet, mark: str) -> bytes:
    rules = contest.rules
    with force_locale("vi"):
        until = instant(result_set.visible_from)
        decision = f"Quyết định số {result_set.decision_number} ngày {day(result_set.decision_date)}"
        decision += f", người ký: {result_set.decision_signer}"
        compare = "Kết quả chính thức là kết quả trên trang của cuộc thi tại giờ công bố; đề nghị đối chiếu."
        rows = _rows(honours_of(contest, result_set, g.now), mark)
        data = {
            **paper(
                "Kết quả cuộc thi, gửi báo chí trước giờ công bố",
                governing=loc(rules.bodies.governing),
                lead=loc(rules.bodies.lead),
            ),
            "lang": "vi",
            "wide": True,
            "to_sign": False,
            "notes": [
                f"KHÔNG ĐĂNG, PHÁT TRƯỚC {until}.",
                f"{rules.title.vi}. {decision}.",
            ],
            "after": [
                f"Danh sách này có {number(len(rows))} giải. {compare}",
                f"Bản này mang mã riêng {mark} của người nhận.",
            ],
            "legend": [],
            "legend_title": "",
            "total": [],
            "signers": [],
            "head": ["Giải thưởng", "Tác phẩm", "Tác giả, tập thể", "Viết về", "Điểm, lượt", "Mã"],
            "widths": [48, 0, 50, 50, 22, 24],
            "align": "llllcc",
            "rows": rows,
            "foot": f"Mã {mark} · không đăng, phát trước {until}",
        }
    return make_pdf("report", data, at=g.now)


def _rows(honours: Honours, mark: str) -> list[list[str]]:
    """A line for each prize, numbered, with the mark: part of a picture of the page is traced too."""
    rungs = [rung for each in honours.classes for rung in each.rungs]
    rungs += [*([honours.readers] if honours.readers else []), *honours.beside]
    lines = [(_prize(rung.prize), *_work(laurel)) for rung in rungs for laurel in rung.laurels]
    lines += [(_prize(rung.prize), "", each.unit.name, "", "") for rung in honours.units for each in rung.laurels]
    return [[*line, f"{mark}-{at}"] for at, line in enumerate(lines, start=1)]


def _prize(prize: Prize) -> str:
    kind = f", hạng mục {prize.category}" if prize.category else ""
    return f"{prize.name.vi}{kind}, {money(prize.amount_vnd)}"


def _work(laurel: Laurel) -> tuple[str, str, str, str]:
    votes = laurel.award.votes
    figure = marks(laurel.score) if laurel.score is not None else number(votes) if votes is not None else ""
    author = laurel.author if laurel.named else ""
    return (laurel.title or f"Bài mã số {laurel.code}", author, laurel.about if laurel.stands else "", figure)


@bp.get("/ban-to-chuc/<slug>/bao-chi")
@needs(ORGANISER)
def press_desk(slug: str) -> str:
    """Who of the press accepted the terms, and who read what."""
    contest = get_contest(slug)
    return render_template(
        "results/press_desk.html",
        contest=contest,
        rules=contest.rules,
        opens=contest.rules.announcement.press_early_access,
        readers=press.readers_of(contest),
        words=press.TERMS,
        version=press.TERMS_VERSION,
    )
