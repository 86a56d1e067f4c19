"""Joint reading: the pages of the judges who read, and of those who choose, close and record."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response as FlaskResponse
from flask import g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, StringField, TextAreaField

from contest.contests.labels import GENRES
from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.contests.rules import CHAIR, ORGANISER
from contest.core.db import writing
from contest.core.errors import Conflict, NotFound, Refused
from contest.core.forms import Form
from contest.core.web import needs
from contest.core.web.files import send_stored
from contest.entries.blind import blind_entry, blind_photo_key
from contest.judging import joint, joint_acts
from contest.judging.forms import ReasonForm, SheetForm, sheet_form, whole_number
from contest.judging.joint_compare import compare, differences, to_talk_about
from contest.judging.models import JointText
from contest.judging.sheets import BadMarks
from contest.judging.terms import accepted
from contest.judging.views import bp, me, my_roles, say_kept, say_not_kept
from contest.judging.views_chair import TABLE, do, frame, who

_TEXT = "/cham/<slug>/doc-chung/<text_id>"


class JointForm(Form):
    """Which entries are read jointly; what was agreed."""

    codes = StringField(_l("Codes of the entries"), render_kw={"autocomplete": "off", "spellcheck": "false"})
    leave_out = BooleanField(_l("Leave judges with a conflict of interest out of the entries concerned"))
    agreed = TextAreaField(_l("What was agreed"), render_kw={"maxlength": joint_acts.LONGEST_NOTES})


# Judges


@bp.get("/cham/<slug>/doc-chung", endpoint="joint")
@needs("judge")
def joint_page(slug: str) -> str:
    """The joint readings of one's panels."""
    contest = get_contest(slug)
    agreed_to = accepted(contest, me().id)
    return render_template(
        "judging/joint.html",
        **who(contest),
        rules=contest.rules,
        genres=GENRES,
        readings=joint.own_readings(contest, me().id) if agreed_to else [],
        terms=agreed_to,
        writable=lambda reading: joint.is_writable(contest, reading, g.now),
    )


@bp.get(_TEXT)
@needs("judge")
def joint_text(slug: str, text_id: str) -> Any:
    """One entry: first the question about a conflict of interest, then its text and the marks."""
    contest = get_contest(slug)
    return _page(contest, joint.get_own_text(contest, text_id, me().id, undeclared=True))


def _page(contest: Contest, text: JointText, form: Any = None, code: int = 200) -> tuple[str, int]:
    sheet = joint.find_sheet(text, me().id)
    page: dict[str, Any] = {
        **who(contest),
        "rules": contest.rules,
        "round": contest.rules.round(text.reading.round),
        "category": contest.rules.category(text.reading.category),
        "window": contest.rules.window(text.reading.round),
        "text": text,
        "genres": GENRES,
        "entry": blind_entry(text.entry_id, text.reading.round),
    }
    if sheet is None:
        form = form if isinstance(form, ReasonForm) else ReasonForm(formdata=None)
        return render_template("judging/joint_declare.html", **page, form=form), code
    saved = joint.marks_of(sheet)
    if not isinstance(form, SheetForm):
        form = sheet_form(contest.rules.rubric, formdata=None)
        form.show(saved, sheet.comment, sheet.version, sheet.remarks)
    return (
        render_template(
            "judging/joint_text.html",
            **page,
            sheet=sheet,
            total=sum(saved.values()),
            form=form,
            writable=sheet.final_at is None and joint.is_writable(contest, text.reading, g.now),
        ),
        code,
    )


@bp.post(_TEXT)
@needs("judge")
def joint_act(slug: str, text_id: str) -> Any:
    """Declare, step back, save, make final: the buttons of the page."""
    contest = get_contest(slug)
    joint.get_own_text(contest, text_id, me().id, undeclared=True)
    act = request.form.get("act", "save")
    if act in ("begin", "leave"):
        reason = ReasonForm()
        if do(lambda now: _declare(slug, text_id, act, reason.reason.data or "", now), reason):
            gone = act == "leave"
            return redirect(
                url_for("judging.joint", slug=slug)
                if gone
                else url_for("judging.joint_text", slug=slug, text_id=text_id),
                303,
            )
        contest = get_contest(slug)
        return _page(contest, joint.get_own_text(contest, text_id, me().id, undeclared=True), reason, 422)
    joint.get_own_text(contest, text_id, me().id)
    form = sheet_form(contest.rules.rubric)
    final = act == "final"
    taken, wrong = form.read(complete=final)
    if do(lambda now: _save(slug, text_id, form, taken, final=final and not wrong, now=now), form) and not wrong:
        onward = _onward(slug, text_id) if final else text_id
        if onward is None:
            return redirect(url_for("judging.joint", slug=slug), 303)
        return redirect(url_for("judging.joint_text", slug=slug, text_id=onward), 303)
    contest = get_contest(slug)
    return _page(contest, joint.get_own_text(contest, text_id, me().id), form, 422)


def _declare(slug: str, text_id: str, act: str, reason: str, now: datetime) -> Any:
    contest = get_contest(slug)
    text = joint.get_own_text(contest, text_id, me().id, undeclared=True)
    code = text.entry.blind_code
    if act == "leave":
        joint_acts.leave(text=text, contest=contest, reason=reason, actor=me(), now=now)
        return _("You no longer judge entry %(code)s. That is no mark against it: another judge takes it.", code=code)
    joint_acts.begin(text=text, contest=contest, actor=me(), now=now)
    return _("Noted: no conflict of interest with entry %(code)s.", code=code)


def _save(slug: str, text_id: str, form: SheetForm, taken: Any, *, final: bool, now: datetime) -> Any:
    contest = get_contest(slug)
    text = joint.get_own_text(contest, text_id, me().id)
    try:
        sheet = joint_acts.save_joint(
            text=text,
            contest=contest,
            marks=taken,
            remarks=form.remarks(),
            comment=form.comment.data or "",
            version=whole_number(form.version.data),
            actor=me(),
            now=now,
            final=final,
        )
    except BadMarks as error:
        form.complain(error.marks, error.remarks)
        raise
    except Conflict as error:
        # A second press says that this window's marks are meant.
        form.version.data = str(error.params.get("version", form.version.data))
        raise
    form.version.data = str(sheet.version)
    if final:
        return _("Your marks for entry %(code)s are final. They do not count.", code=text.entry.blind_code)
    return _("Saved.")


def _onward(slug: str, text_id: str) -> str | None:
    """The next entry of the same reading that is not done."""
    for own in joint.own_readings(get_contest(slug), me().id):
        if any(each.text.public_id == text_id for each in own.texts):
            return next((each.text.public_id for each in own.texts if each.state != "final"), None)
    return None


@bp.post(f"{_TEXT}/luu")
@needs("judge")
def joint_autosave(slug: str, text_id: str) -> Any:
    """The same as saving by the button, for the page's script: answers in JSON what was kept."""
    contest = get_contest(slug)
    joint.get_own_text(contest, text_id, me().id)
    form = sheet_form(contest.rules.rubric)
    taken, wrong = form.read(complete=False)
    try:
        with writing() as now:
            _save(slug, text_id, form, taken, final=False, now=now)
    except Refused as error:
        return say_not_kept(error)
    return say_kept(form, whole_number(form.version.data), now, wrong=bool(wrong))


@bp.get(f"{_TEXT}/anh/<photo_id>/<any(lon, vua, nho):size>")
@needs("judge")
def joint_photo(slug: str, text_id: str, photo_id: str, size: str) -> FlaskResponse:
    """A photo of a jointly read entry, without a name and without a date."""
    contest = get_contest(slug)
    text = joint.get_own_text(contest, text_id, me().id)
    key = blind_photo_key(text.entry_id, photo_id, small=size == "nho", middle=size == "vua")
    response = send_stored(key, tag=f"{text.public_id}:")
    for name in ("Last-Modified", "Content-Disposition"):
        response.headers.pop(name, None)
    return response


@bp.get("/cham/<slug>/doc-chung/<reading_id>/so-sanh")
@needs("judge")
def joint_compare(slug: str, reading_id: str) -> str:
    """What the judges gave, side by side, for those who have given theirs."""
    contest = get_contest(slug)
    reading = joint.get_reading(contest, reading_id)
    entries = compare(contest, reading, me())
    rubric = contest.rules.rubric
    return render_template(
        "judging/joint_compare.html",
        **who(contest),
        rules=contest.rules,
        round=contest.rules.round(reading.round),
        category=contest.rules.category(reading.category),
        reading=reading,
        entries=[(entry, differences(entry, rubric)) for entry in entries],
        first=to_talk_about(entries, rubric),
        own_number=next((voice.number for entry in entries for voice in entry.voices if voice.own), None),
    )


# Whoever chooses, closes and records


@bp.route("/ban-to-chuc/<slug>/cham/<round_id>/<category>/doc-chung", methods=["GET", "POST"])
@needs(*TABLE)
def joint_table(slug: str, round_id: str, category: str) -> Any:
    """Choose entries, see how far the judges are, close, record what was agreed."""
    contest = get_contest(slug)
    frame(contest, round_id, category)
    form = JointForm()
    here = {"slug": slug, "round_id": round_id, "category": category}
    if request.method == "POST" and do(lambda now: _change(here, form, now), form):
        return redirect(url_for("judging.joint_table", slug=slug, round_id=round_id, category=category), 303)
    contest = get_contest(slug)
    drawn = whole_number(request.args.get("boc"), digits=2)
    if drawn and not form.is_submitted():
        number = min(drawn, joint_acts.MOST_TEXTS)
        form.codes.data = " ".join(joint.draw(contest, round_id, category, number, for_id=me().id))
    readings = joint.readings_of(contest, round_id, category)
    if readings and not form.is_submitted():
        form.agreed.data = readings[0].agreed
    window = contest.rules.window(round_id)
    page = render_template(
        "judging/joint_table.html",
        **frame(contest, round_id, category),
        here=here,
        form=form,
        readings=[(reading, joint.progress(contest, reading)) for reading in readings],
        under_way=bool(readings) and readings[0].closed_at is None,
        may_choose=bool(my_roles(contest) & {CHAIR, ORGANISER}) and (window is None or g.now < window.opens),
        most=joint_acts.MOST_TEXTS,
    )
    return page, 422 if form.errors else 200


def _change(here: dict[str, str], form: JointForm, now: datetime) -> Any:
    contest = get_contest(here["slug"])
    act = request.form.get("act")
    if act == "open":
        codes = (form.codes.data or "").upper().replace(",", " ").replace(";", " ").split()
        reading = joint_acts.open_reading(
            contest=contest,
            round_id=here["round_id"],
            category=here["category"],
            codes=codes,
            leave_out=bool(form.leave_out.data),
            actor=me(),
            now=now,
        )
        return _("The joint reading of %(count)s entries is open; its judges were told.", count=len(reading.texts))
    reading = joint.get_reading(contest, request.form.get("reading", ""))
    if (reading.round, reading.category) != (here["round_id"], here["category"]):
        raise NotFound(reading.public_id)
    if act == "close":
        joint_acts.close_reading(reading=reading, contest=contest, actor=me(), now=now)
        return _("The joint reading is closed. Judges who finished their marks see the differences now.")
    if act == "agree":
        joint_acts.agree(reading=reading, contest=contest, notes=form.agreed.data or "", actor=me(), now=now)
        return _("What was agreed stands on the judges' bench now.")
    raise NotFound(act)
