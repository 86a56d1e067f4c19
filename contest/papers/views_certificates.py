"""The page behind a certificate's QR code, for anyone who holds one; and one's own certificate as a file."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, g, redirect, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_login import current_user

from contest.core.errors import NotFound
from contest.core.pdf import make_pdf
from contest.core.web import limiter, public, signed_in
from contest.core.web.papers import send_pdf
from contest.papers import certificates
from contest.papers.views import bp, check_address, vietnamese_head


@bp.get("/giay-chung-nhan")
@public
@limiter.limit("60 per minute")
def check_certificate() -> Any:
    """Where somebody types the code of a certificate."""
    typed = request.args.get("ma", "")
    if typed.strip():
        code = certificates.code_typed(typed)
        if code is not None and certificates.find_confirmed(code, g.now) is not None:
            return redirect(url_for("papers.certificate", code=code), 303)
        flash(_("There is no certificate with this code. Please compare it sign by sign."), "error")
    return render_template("papers/check.html", typed=typed[:60])


@bp.get("/giay-chung-nhan/<code>")
@public
@limiter.limit("60 per minute")
def certificate(code: str) -> Any:
    """Whether a certificate is genuine and still holds. Nothing before the results are public."""
    found = certificates.find_confirmed(code, g.now)
    if found is None:
        raise NotFound(code)
    mine = current_user.is_authenticated and certificates.may_have(found.certificate, current_user)
    return render_template(
        "papers/certificate.html",
        found=found,
        contest=found.contest,
        rules=found.contest.rules,
        number=certificates.numbered(found.certificate),
        mine=mine and found.stands,
    )


@bp.get("/giay-chung-nhan/<code>/tai-ve.pdf")
@signed_in
@limiter.limit("20 per minute")
def own_certificate(code: str) -> Response:
    """One's own certificate, once the results are public and while it holds."""
    found = certificates.find_confirmed(code, g.now)
    if found is None or not found.stands or not certificates.may_have(found.certificate, current_user):
        raise NotFound(code)
    look, _version = certificates.look_of(found.contest)
    with force_locale("vi"):
        head = vietnamese_head(found.contest, look.title)
    pages = [certificates.page_data(found.certificate, check_address())]
    data = certificates.paper_data(head, look, certificates.contest_line(found.contest), pages)
    return send_pdf(make_pdf("certificate", data, at=found.certificate.issued_at))
