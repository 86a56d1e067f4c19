"""Old addresses: the operator's page, and where one that is not found leads."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from contest.accounts.models import User
from contest.core.db import db, writing
from contest.core.errors import NotFound, Refused
from contest.core.typed import typed_page
from contest.core.web import needs, say
from contest.results import addresses as kept
from contest.results.forms_addresses import OldAddressForm
from contest.results.models_after import OldAddress
from contest.results.views import bp

_ON_A_PAGE = 50


def _me() -> User:
    person: User = current_user._get_current_object()  # noqa: SLF001 -- Flask-Login's proxy
    return person


@bp.route("/dia-chi-cu", methods=["GET", "POST"])
@needs("operator")
def addresses() -> Any:
    form = OldAddressForm()
    if form.validate_on_submit():
        try:
            with writing() as now:
                kept.keep_address(old=form.old.data or "", new=form.new.data or "", actor=_me(), now=now)
        except Refused as error:
            form.form_errors.append(say(error))
        else:
            flash(_("The old address leads there from now on."), "ok")
            return redirect(url_for("results.addresses"), 303)
    total = db.session.scalar(select(func.count()).select_from(OldAddress)) or 0
    last = max(1, -(-total // _ON_A_PAGE))
    number = min(typed_page(request.args.get("trang")), last)
    rows = db.session.scalars(kept.old_addresses().offset((number - 1) * _ON_A_PAGE).limit(_ON_A_PAGE)).all()
    page = render_template("results/addresses.html", form=form, rows=rows, total=total, number=number, last=last)
    return page, 422 if request.method == "POST" else 200


@bp.post("/dia-chi-cu/bo")
@needs("operator")
def forget_address() -> Response:
    with writing() as now:
        found = kept.forget_address(path=request.form.get("path", ""), actor=_me(), now=now)
    if not found:
        raise NotFound("address")
    flash(_("The old address leads nowhere any more."), "ok")
    return redirect(url_for("results.addresses"), 303)
