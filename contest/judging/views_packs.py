"""Reading packs in large print: a judge's own, for themselves, and for the secretariat to print on record."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, g, redirect, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.contests.rules import ORGANISER, SECRETARY
from contest.core.db import db, writing
from contest.core.errors import N_, Refused
from contest.core.formats import loc
from contest.core.pdf import make_pdf
from contest.core.web import limiter, needs, say
from contest.core.web.errors import say_message
from contest.core.web.files import file_store
from contest.core.web.papers import send_pdf
from contest.judging import packs, papers
from contest.judging.forms import whole_number
from contest.judging.panels import judges_of
from contest.judging.queries import rounds_of
from contest.judging.views import bp, me
from contest.judging.views_chair import who
from contest.judging.views_papers import or_back, vietnamese_paper


def _asked(values: Any) -> tuple[int, int, int]:
    """Part, letter size and entries in a pack, as asked for; the default where they make no sense."""
    size, at_once = whole_number(values.get("co")), whole_number(values.get("moi"))
    return (
        whole_number(values.get("phan"), 1),
        size if size in packs.SIZES else packs.SIZES[0],
        at_once if at_once in packs.AT_ONCE else packs.AT_ONCE[1],
    )


@bp.get("/cham/<slug>/in/<round_id>")
@needs("judge")
def own_packs(slug: str, round_id: str) -> str:
    """A judge's own texts of a round, in parts to print."""
    contest = get_contest(slug)
    round_ = contest.rules.round(round_id)
    texts = packs.texts_of(contest, round_id, me().id, g.now)
    _part, size, at_once = _asked(request.args)
    return render_template(
        "judging/own_packs.html",
        **who(contest),
        rules=contest.rules,
        round=round_,
        rounds=rounds_of(contest, me().id, g.now),
        texts=texts,
        parts=packs.parts_of(texts, at_once),
        size=size,
        at_once=at_once,
        sizes=packs.SIZES,
        at_once_choices=packs.AT_ONCE,
    )


@bp.get("/cham/<slug>/in/<round_id>/tap-doc.pdf")
@needs("judge")
@limiter.limit("30 per minute")
def own_pack(slug: str, round_id: str) -> Any:
    contest = get_contest(slug)
    contest.rules.round(round_id)
    back = url_for("judging.own_packs", slug=slug, round_id=round_id)
    if not packs.texts_of(contest, round_id, me().id, g.now):
        flash(_("There is nothing to print yet."), "info")
        return redirect(back, 303)
    return or_back(lambda: _pack(contest, round_id, me(), *_asked(request.args)), back)


@bp.post("/ban-to-chuc/<slug>/cham/giay/tap-doc")
@needs(ORGANISER, SECRETARY)
@limiter.limit("30 per minute")
def print_pack(slug: str) -> Any:
    """A judge's pack, printed by the secretariat. A form and no link: who prints it is on record."""
    part, size, at_once = _asked(request.form)
    try:
        with writing() as now:
            contest, actor = get_contest(slug), me()
            round_ = contest.rules.find_round(request.form.get("round", ""))
            wanted = request.form.get("judge", "")
            judge = next((each for each in judges_of(contest) if each.public_id == wanted), None)
            if round_ is None or judge is None:
                raise Refused(N_("Choose a round and a judge."), code="choose")
            if not who(contest)["staff"]:
                raise Refused(N_("Who judges prints their own texts alone."), code="judging")
            parts = packs.parts_of(packs.texts_of(contest, round_.id, judge.id, now), at_once)
            texts = len(parts[part - 1]) if 1 <= part <= len(parts) else 0
            packs.note_printing(
                contest=contest, round_id=round_.id, judge=judge, part=part, texts=texts, actor=actor, now=now
            )
        return _pack(get_contest(slug), round_.id, db.session.merge(judge), part, size, at_once)
    except Refused as error:
        flash(say(error), "error")
        return redirect(url_for("judging.papers_page", slug=slug), 303)


def _pack(contest: Contest, round_id: str, judge: User, part: int, size: int, at_once: int) -> Response:
    with force_locale("vi"):
        made = packs.make_pack(
            contest=contest,
            round_id=round_id,
            judge=judge,
            part=part,
            at_once=at_once,
            size=size,
            files=file_store(),
            say=say_message,
            now=g.now,
        )
        told = made.data
        data = {
            **told,
            **vietnamese_paper(contest, _("Texts to read – %(round)s", round=told["round"])),
            "contest": loc(contest.rules.title),
            "subtitle": _(
                "Judge: %(name)s. Part %(part)s of %(parts)s, entries %(first)s–%(last)s of %(all)s.",
                name=papers.unbroken(judge.name),
                **{name: told[name] for name in ("part", "parts", "first", "last", "all")},
            ),
            "keep": _(
                "For the judge named above alone. Do not copy it or pass it on; give it back to the secretariat"
                " when the round is closed."
            ),
            "words": {
                "page": _("page"),
                "code": _("Code"),
                "title": _("Title"),
                "on_page": _("Page"),
                "no_photo": _("This photo could not be read."),
                "about": _("About:"),
            },
        }
    return send_pdf(make_pdf("pack", data, at=g.now, pictures=made.pictures))
