"""Setting up a contest: from a rule set, from last season or blank; step by step; looked over, then issued."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from contest.accounts.models import User
from contest.anniversaries.commemorations import Occurrence, occurrence, occurrences_in
from contest.anniversaries.lunar import FIRST_YEAR, LAST_YEAR
from contest.anniversaries.queries import commemorations, find_commemoration, kept_in
from contest.anniversaries.rules import calendar
from contest.contests.queries import find_contest, get_contest
from contest.contests.rules import ORGANISER
from contest.contests.ruleset import Problem, differences
from contest.core import clock
from contest.core.db import writing
from contest.core.errors import N_, NotFound, Refused
from contest.core.formats import VIET_NAM
from contest.core.web import needs, say
from contest.core.web.language import locale
from contest.setup import queries, services
from contest.setup.cloning import next_season, with_anniversary
from contest.setup.fields import act_on_lists, full_path, put_typed, questions, shown, value_at
from contest.setup.hints import hint_of
from contest.setup.models import RuleDraft
from contest.setup.pages import PAGES, TIMES, Page, page_of
from contest.setup.places import by_number, is_waiting, place_of, told_once, within
from contest.setup.planning import MINIMUMS, Finding, find_tight
from contest.setup.rules import (
    STEP_NAMES,
    agreed,
    announcement_of,
    blank_document,
    days_known,
    marks_are_locked_first,
    place_in_english,
    plain,
    read_draft,
    shipped_sets,
    slots_of,
    with_rounds,
    with_step,
)
from contest.setup.texts import apart, change_texts, left_behind, named_commemoration

bp = Blueprint("setup", __name__)
# Of a changed anniversary its words are shown: they tell the day and the number.
_WORDS_OF_THE_DAY = ("anniversary.wording", "anniversary.ceremony_title_ok")
NO_YEAR = N_("Choose a year between %(first)s and %(last)s.")
CHOOSE_ORIGIN = N_("Choose what the new contest begins from.")
UNREADABLE = N_("This page was open for too long. Please send it again.")


def _me() -> User:
    person: User = current_user._get_current_object()  # noqa: SLF001 -- Flask-Login's proxy
    return person


def _today() -> date:
    today: date = g.now.astimezone(VIET_NAM).date()
    return today


@bp.get("/cuoc-thi-moi")
@needs("founder")
def new() -> str:
    return _new_page(request.args.get("tu", ""))


def _new_page(chosen: str) -> str:
    contests = queries.seasons_for(_me())
    return render_template(
        "setup/new.html",
        sets=shipped_sets().values(),
        contests=contests,
        days=_dated(),
        drafts=queries.drafts_of_new_contests(_me()),
        typed=request.form,
        chosen=request.form.get("origin", chosen) or f"set:{next(iter(shipped_sets()))}",
        next_year=_today().year + 1,
    )


def _dated() -> list[tuple[str, list[tuple[str, str]]]]:
    """What a contest may be tied to: first what is kept here, then in other provinces; by name."""
    home = current_app.config["SETTINGS"].site.province
    found = [each for each in commemorations() if each.active]
    here = {each.what.code for each in kept_in(found, home)}

    def named(of_here: bool) -> list[tuple[str, str]]:
        chosen = [each.what for each in found if (each.what.code in here) is of_here]
        return sorted(
            ((what.code, what.name_vi if locale() == "vi" else what.name_en) for what in chosen),
            key=lambda each: each[1],
        )

    groups = [
        (_("The whole country and %(province)s", province=home), named(True)),
        (_("Other provinces"), named(False)),
    ]
    return [(label, days) for label, days in groups if days]


def _held(code: str, typed_year: str) -> Occurrence | None:
    """The anniversary that was chosen. Raises Refused for a year that is none."""
    if not code:
        return None
    listed = find_commemoration(code)
    if listed is None:
        raise NotFound(code)
    year = typed_year.strip()
    if not (year.isascii() and year.isdigit() and len(year) == 4 and FIRST_YEAR <= int(year) <= LAST_YEAR):
        raise Refused(NO_YEAR, code="year", first=str(FIRST_YEAR), last=str(LAST_YEAR))
    try:
        falls = occurrences_in([listed.what], int(year))  # a lunar day by the year in which it falls
        return falls[0] if falls else occurrence(listed.what, int(year))
    except ValueError as error:
        raise Refused(NO_YEAR, code="year", first=str(FIRST_YEAR), last=str(LAST_YEAR)) from error


@bp.post("/cuoc-thi-moi")
@needs("founder")
def start() -> Any:
    origin = request.form.get("origin", "")
    place, place_en = (request.form.get(name, "").strip()[:200] for name in ("place", "place_en"))
    place_en = place_en or place_in_english(place)
    try:
        held = _held(request.form.get("day", ""), request.form.get("year", ""))
        document, against = _begin(origin, held, {"[tên tỉnh]": place, "[province]": place_en})
        with writing() as now:
            draft = services.start_draft(owner=_me(), origin=origin, document=document, against=against, now=now)
            draft_id = draft.public_id
    except (Refused, NotFound) as error:
        flash(say(error) if isinstance(error, Refused) else _("There is no such day."), "error")
        return _new_page(origin), 422
    flash(_("The draft is made. Nothing is public before you issue it."), "ok")
    return redirect(url_for("setup.page", draft_id=draft_id, page_key="ten-goi"), 303)


def _begin(origin: str, held: Occurrence | None, place: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The document that a draft begins with, and the one it is compared with. Raises Refused."""
    kind, _colon, name = origin.partition(":")
    if kind == "blank":
        document = blank_document()
        return with_anniversary(document, held) if held else document, document
    if kind == "set" and name in shipped_sets():
        against = plain(shipped_sets()[name].document)
        against = change_texts(against, lambda text: _filled(text, place))
    elif kind == "contest" and (contest := find_contest(name)) is not None and contest in queries.seasons_for(_me()):
        against = plain(contest.rules.as_json())
    else:
        raise Refused(CHOOSE_ORIGIN, code="origin")
    announced = announcement_of(against)
    announce_on = held.on if held and held.on else None
    if announce_on is None:
        old = announced.astimezone(VIET_NAM).date() if announced else _today()
        kept = held.year if held else max(old.year + 1, _today().year)
        announce_on = old.replace(year=kept, day=min(old.day, 28))
    made = next_season(against, announce_on=announce_on, is_working_day=calendar().is_working_day, held=held)
    return made, against


def _filled(text: str, words: Mapping[str, str]) -> str:
    for old, new in words.items():
        text = text.replace(old, new or old)
    return text


@bp.get("/ban-to-chuc/<slug>/the-le")
@needs(ORGANISER)
def of_contest(slug: str) -> str:
    contest = get_contest(slug)
    return render_template(
        "setup/of_contest.html", contest=contest, rules=contest.rules, drafts=queries.drafts_of(contest)
    )


@bp.post("/ban-to-chuc/<slug>/the-le")
@needs(ORGANISER)
def change(slug: str) -> Response:
    with writing() as now:
        contest = get_contest(slug)
        draft = services.start_draft(
            owner=_me(),
            origin=services.origin_of(contest),
            document=contest.rules.as_json(),
            contest=contest,
            now=now,
        )
        draft_id = draft.public_id
    return redirect(url_for("setup.page", draft_id=draft_id, page_key="ten-goi"), 303)


# The pages of a draft


@bp.get("/soan-the-le/<draft_id>/<page_key>")
@needs("drafter")
def page(draft_id: str, page_key: str) -> str:
    return _page(queries.get_draft(draft_id), _page_called(page_key))


def _page_called(key: str) -> Page:
    if key not in PAGES:
        raise NotFound(key)
    return PAGES[key]


def _page(draft: RuleDraft, page: Page, document: dict[str, Any] | None = None) -> str:
    """A page of the wizard; `document` is what was typed where it could not be kept."""
    document = draft.document if document is None else document
    _rules, problems = services.look_over(draft)
    here = [each for each in problems if page_of(each.path) is page]
    waiting = [each for each in here if is_waiting(each)]
    if "loi" not in request.args and request.method == "GET":  # nobody has tried to answer them yet
        here = [each for each in here if each not in waiting]
    counts = {each.key: 0 for each in PAGES.values()}
    for each in problems:
        counts[page_of(each.path).key] += 1
    keys = list(PAGES)
    place = keys.index(page.key)
    return render_template(
        "setup/page.html",
        draft=draft,
        document=document,
        page_asked=page,
        pages=PAGES.values(),
        counts=counts,
        questions=questions,
        full_path=full_path,
        value_at=value_at,
        shown=shown,
        problems=here,
        waiting=len(waiting),
        place_of=lambda path: place_of(document, path),
        elsewhere=_elsewhere(page, document, here),
        problems_at=lambda path: [each for each in here if within(each.path, path)],
        following=keys[place + 1] if place + 1 < len(keys) else "",
        hint_of=hint_of,
        typed=request.form if page is TIMES else {},
        findings=_findings(document) if page is TIMES else [],
        step_names=STEP_NAMES,
        absent=[key for key in STEP_NAMES if key not in _keys(document)] if page is TIMES else [],
        days=_dated() if page is TIMES else [],
        minimums=MINIMUMS,
        announce=announcement_of(document),
        slots=slots_of(document),
    )


@bp.post("/soan-the-le/<draft_id>/<page_key>/thu")
@needs("drafter")
def try_out(draft_id: str, page_key: str) -> str:
    """What the printed rules would say with what is being typed, and what is wrong with it; nothing is kept."""
    asked = _page_called(page_key)
    draft = queries.get_draft(draft_id)
    document = agreed(with_rounds(put_typed(plain(draft.document), asked.sections, request.form)))
    problems = told_once(document, [each for each in read_draft(document)[1] if page_of(each.path) is asked])
    return render_template(
        "setup/try_out.html",
        page_asked=asked,
        document=document,
        problems=problems,
        slots=slots_of(document),
        step_names=STEP_NAMES,
    )


def _elsewhere(page: Page, document: Mapping[str, Any], problems: list[Problem]) -> list[Problem]:
    """Problems of a page that stand beside none of its fields."""
    paths = [
        full_path(section, place, asked.path)
        for section in page.sections
        for place, fields in questions(section, document)
        for asked in fields
    ]
    return [each for each in problems if not any(within(each.path, path) for path in paths)]


def _keys(document: Mapping[str, Any]) -> list[str]:
    return [str(step.get("key")) for step in document.get("timeline") or () if isinstance(step, dict)]


def _findings(document: Mapping[str, Any]) -> list[Finding]:
    return find_tight(
        slots_of(document),
        calendar().is_working_day,
        today=_today(),
        locked_before_vote=marks_are_locked_first(document),
    )


def _typed_version() -> int:
    typed = request.form.get("version", "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 9 else 0


@bp.post("/soan-the-le/<draft_id>/<page_key>")
@needs("drafter")
def save(draft_id: str, page_key: str) -> Any:
    asked = _page_called(page_key)
    act = request.form.get("act", "")
    document: dict[str, Any] | None = None
    try:
        with writing() as now:
            draft = queries.get_draft(draft_id)
            document = put_typed(plain(draft.document), asked.sections, request.form)
            document = act_on_lists(document, asked.sections, act)
            if act == "step":
                document = with_step(document, request.form.get("new_step", ""))
            document = agreed(with_rounds(document))
            services.save_draft(draft=draft, version=_typed_version(), document=document, actor=_me(), now=now)
    except Refused as error:
        flash(say(error), "error")
        return _page(queries.get_draft(draft_id), asked, document), 409
    if act == "next":
        keys = list(PAGES)
        following = keys.index(page_key) + 1
        if following < len(keys):
            return redirect(url_for("setup.page", draft_id=draft_id, page_key=keys[following]), 303)
        return redirect(url_for("setup.check", draft_id=draft_id), 303)
    flash(_("Saved."), "ok")
    tried = "1" if act == "save" else None
    return redirect(url_for("setup.page", draft_id=draft_id, page_key=page_key, loi=tried), 303)


@bp.get("/soan-the-le/<draft_id>/xem")
@needs("drafter")
def preview(draft_id: str) -> str:
    draft = queries.get_draft(draft_id)
    return render_template(
        "setup/preview.html",
        draft=draft,
        document=draft.document,
        pages=PAGES.values(),
        slots=slots_of(draft.document),
        step_names=STEP_NAMES,
    )


@bp.get("/soan-the-le/<draft_id>")
@needs("drafter")
def check(draft_id: str) -> str:
    return _check(queries.get_draft(draft_id))


def _check(draft: RuleDraft) -> str:
    _rules, problems = services.look_over(draft)
    document = draft.document
    return render_template(
        "setup/check.html",
        draft=draft,
        document=document,
        pages=PAGES.values(),
        problems=problems,
        place_of=lambda path: place_of(document, path),
        findings=_findings(document),
        left=left_behind(document, days_known(document)),
        named=named_commemoration(document),
        changes=[
            (place_of(document, by_number(document, each.path)), each.path, *apart(each.old, each.new))
            for each in differences(draft.origin_document, document)[:300]
            # Of the anniversary its words: they tell the day and the number.
            if not each.path.startswith("anniversary.")
            or each.path.startswith(("anniversary.wording", "anniversary.cer"))
        ],
        step_names=STEP_NAMES,
        needs_reason=bool(draft.contest and draft.contest.rules.has_begun("submission", g.now)),
        typed=request.form,
    )


@bp.post("/soan-the-le/<draft_id>/ban-hanh")
@needs("drafter")
def issue(draft_id: str) -> Any:
    try:
        if request.form.get("looked_over") is None:
            raise Refused(N_("Say that you have looked over the rules, the warnings and the differences."))
        with writing() as now:
            draft = queries.get_draft(draft_id)
            services.issue_draft(
                draft=draft,
                version=_typed_version(),
                actor=_me(),
                now=now,
                wall=clock.wall(),
                reason=request.form.get("reason", "")[:4000],
                notice=request.form.get("notice", "")[:4000],
                organiser_name=request.form.get("organiser_name", "")[:200],
                organiser_email=request.form.get("organiser_email", "").strip()[:320],
                locale=locale(),
                is_approved=current_app.extensions["results_are_approved"],
            )
    except Refused as error:
        flash(say(error), "error")
        return _check(queries.get_draft(draft_id)), 422
    flash(_("The rules are issued: a version that no longer changes."), "ok")
    return redirect(url_for("setup.check", draft_id=draft_id), 303)


@bp.post("/soan-the-le/<draft_id>/bo")
@needs("drafter")
def discard(draft_id: str) -> Response:
    with writing() as now:
        draft = queries.get_draft(draft_id)
        slug = draft.contest.slug if draft.contest else ""
        try:
            services.discard_draft(draft=draft, actor=_me(), now=now)
        except Refused as error:
            flash(say(error), "error")
            return redirect(url_for("setup.check", draft_id=draft_id), 303)
    flash(_("The draft is put away."), "ok")
    return redirect(url_for("setup.of_contest", slug=slug) if slug else url_for("setup.new"), 303)
