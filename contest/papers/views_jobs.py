"""How certificates look, and having them made: one or hundreds, in the background. For organisers."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

from flask import Response, flash, g, redirect, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _

from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.contests.rules import ORGANISER
from contest.core.db import writing
from contest.core.errors import NotFound, Refused
from contest.core.pdf import make_pdf, make_picture
from contest.core.web import limiter, needs, say
from contest.core.web.files import file_store
from contest.core.web.papers import send_pdf
from contest.papers import certificates, jobs, looks
from contest.papers.forms import AskForm, EmptyForm, LookForm
from contest.papers.models import PaperJob
from contest.papers.views import HERE, bp, check_address, desk_page, me, vietnamese_head

_PREVIEW_PPI = 96


# How certificates look


def _look_form(contest: Contest) -> LookForm:
    look, _version = certificates.look_of(contest)
    data = {**look.as_json(), "on": looks.day_of(look)}
    return LookForm(data=data)


@bp.get(f"{HERE}/mau-giay-chung-nhan")
@needs(ORGANISER)
def certificate_look(slug: str) -> str:
    """Choose how certificates look."""
    contest = get_contest(slug)
    return _look_page(contest, _look_form(contest), certificates.look_of(contest)[0])


def _look_page(contest: Contest, form: LookForm, shown: looks.Look | None) -> str:
    query = (
        {key: value for key, value in shown.as_json().items() if value != "" and value is not False} if shown else None
    )
    return render_template(
        "papers/look.html",
        contest=contest,
        rules=contest.rules,
        form=form,
        shown=query,
        version=certificates.look_of(contest)[1],
    )


@bp.post(f"{HERE}/mau-giay-chung-nhan")
@needs(ORGANISER)
def save_certificate_look(slug: str) -> Any:
    """Look at what was chosen, or keep it."""
    contest, form = get_contest(slug), LookForm()
    look: looks.Look | None = None
    if form.validate_on_submit():
        try:
            look = looks.checked(contest.rules, form.given)
            if request.form.get("act") == "save":
                with writing() as now:
                    certificates.keep_look(contest=get_contest(slug), look=look, actor=me(), now=now)
                flash(_("Kept. Certificates made from now on look like this."), "ok")
                return redirect(url_for("papers.certificate_look", slug=slug), 303)
        except Refused as error:
            look = None
            field = form[error.code] if error.code in looks.Look._fields else None
            if field is not None:
                field.errors = [*field.errors, say(error)]
            else:
                form.form_errors.append(say(error))
    return _look_page(contest, form, look) if look else (_look_page(contest, form, None), 422)


def _sample(contest: Contest) -> dict[str, Any]:
    """The data of a certificate about nobody, in the look that the query names."""
    given: dict[str, Any] = {key: request.args[key] for key in looks.Look._fields if key in request.args}
    if given:
        given = {**dict.fromkeys(looks.LONGEST, ""), **{flag: flag in given for flag in looks.FLAGS}, **given}
        look = looks.checked(contest.rules, {**given, **{flag: bool(given[flag]) for flag in looks.FLAGS}})
    else:
        look = certificates.look_of(contest)[0]
    with force_locale("vi"):
        head = vietnamese_head(contest, look.title)
    pages = [certificates.sample_page(look, check_address())]
    return certificates.paper_data(head, look, certificates.contest_line(contest), pages)


@bp.get(f"{HERE}/mau-giay-chung-nhan/xem-truoc.<any(png, pdf):suffix>")
@needs(ORGANISER)
@limiter.limit("60 per minute")
def certificate_preview(slug: str, suffix: str) -> Any:
    """A certificate about nobody, in the look that the query names or, without one, in the one that is kept."""
    contest = get_contest(slug)
    try:
        data = _sample(contest)
        if suffix == "pdf":
            return send_pdf(make_pdf("certificate", data, at=g.now))
        return Response(make_picture("certificate", data, ppi=_PREVIEW_PPI), mimetype="image/png")
    except Refused as error:
        raise NotFound(slug) from error


# Certificates


@bp.post(f"{HERE}/giay-chung-nhan")
@needs(ORGANISER)
@limiter.limit("20 per minute")
def make_certificates(slug: str) -> Any:
    """Number the certificates and have them made in the background."""
    form = AskForm()
    if form.validate_on_submit():
        with force_locale("vi"):
            head = vietnamese_head(get_contest(slug), "Giấy chứng nhận")
        address = check_address()
        try:
            with writing() as now:
                job = jobs.ask(
                    contest=get_contest(slug),
                    head=head,
                    address=address,
                    actor=me(),
                    now=now,
                    numbers=form.numbers.data or "",
                ).public_id
            return redirect(url_for("papers.paper_job", slug=slug, job_id=job), 303)
        except Refused as error:
            form.form_errors.append(say(error))
    return desk_page(get_contest(slug), form), 422


@bp.get(f"{HERE}/viec/<job_id>")
@needs(ORGANISER)
def paper_job(slug: str, job_id: str) -> str:
    """How far papers are, and the files when they are there."""
    contest = get_contest(slug)
    job = jobs.get_job(contest.id, job_id)
    return render_template(
        "papers/job.html",
        contest=contest,
        rules=contest.rules,
        job=job,
        parts=list(jobs.parts_shown(job)),
        current=jobs.still_decided(job),
        kept_days=jobs.KEPT.days,
    )


@bp.post(f"{HERE}/viec/<job_id>/thoi")
@needs(ORGANISER)
def give_up_papers(slug: str, job_id: str) -> Any:
    """End a job."""
    contest = get_contest(slug)
    jobs.get_job(contest.id, job_id)
    if EmptyForm().validate_on_submit():
        try:
            with writing() as now:
                contest = get_contest(slug)
                loose = jobs.give_up(contest=contest, job=jobs.get_job(contest.id, job_id), actor=me(), now=now)
        except Refused as error:
            flash(say(error), "error")
        else:
            for key in loose:
                file_store().remove(key)
            flash(_("Given up. Certificates that have a number keep it."), "ok")
    return redirect(url_for("papers.paper_job", slug=slug, job_id=job_id), 303)


def _fetchable(slug: str, job_id: str) -> PaperJob | None:
    """A job whose files may be had, None when there are none: nothing of results that are not decided any more."""
    job = jobs.get_job(get_contest(slug).id, job_id)
    return job if job.parts and jobs.still_decided(job) else None


def _back(slug: str, job_id: str) -> Any:
    """The page of the job, which says why there is no file."""
    return redirect(url_for("papers.paper_job", slug=slug, job_id=job_id), 303)


@bp.get(f"{HERE}/viec/<job_id>/<int:number>.pdf")
@needs(ORGANISER)
def paper_part(slug: str, job_id: str, number: int) -> Any:
    """One finished file, passed on piece by piece."""
    job = _fetchable(slug, job_id)
    if job is None:
        return _back(slug, job_id)
    if not 0 <= number < len(job.parts):
        raise NotFound(str(number))
    return Response(file_store().open(job.parts[number]).pieces, mimetype="application/pdf")


@bp.get(f"{HERE}/viec/<job_id>/tat-ca.zip")
@needs(ORGANISER)
@limiter.limit("10 per minute")
def paper_archive(slug: str, job_id: str) -> Any:
    """All files of a finished job as one archive, written while it is sent: in the memory of one file."""
    job = _fetchable(slug, job_id)
    if job is None or job.state != jobs.DONE:
        return _back(slug, job_id)
    files, parts = file_store(), list(job.parts)
    names = [name for _place, name in jobs.parts_shown(job)]

    def pieces() -> Iterator[bytes]:
        out = _Outlet()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
            for name, key in zip(names, parts, strict=True):
                with archive.open(name, "w") as entry:
                    for piece in files.open(key).pieces:
                        entry.write(piece)
                        yield out.taken()
        yield out.taken()

    response = Response(pieces(), mimetype="application/zip")
    response.headers.set("Content-Disposition", "attachment", filename=f"giay-chung-nhan-{slug}.zip")
    return response


class _Outlet(io.RawIOBase):
    """Where an archive is written to; what has been written is taken away at once."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._written += content
        return len(content)

    def taken(self) -> bytes:
        content = bytes(self._written)
        self._written.clear()
        return content
