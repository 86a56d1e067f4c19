"""The organiser's page for handing over: who leaves, who follows, what goes where, then the act."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload

from contest.accounts.models import User
from contest.contests.models import Contest, RoleGrant
from contest.contests.queries import get_contest, standing_grants
from contest.contests.rules import ROLES
from contest.core.db import db, writing
from contest.core.errors import N_, Refused
from contest.core.web import needs, say
from contest.judging import services
from contest.judging.forms import HandoverForm, whole_number
from contest.judging.handover import HANDED_ROLES, Preview, handovers, preview, successors
from contest.judging.views import bp, me


@bp.route("/ban-to-chuc/<slug>/ban-giao", methods=["GET", "POST"])
@needs("organiser")
def handover(slug: str) -> Any:
    form = HandoverForm()
    if request.method == "POST" and request.form.get("act") == "do" and _hand_over(slug, form):
        return redirect(url_for("judging.handover", slug=slug), 303)
    contest = get_contest(slug)
    grants = db.session.scalars(
        standing_grants(contest.id)
        .where(RoleGrant.role.in_(HANDED_ROLES))
        .options(joinedload(RoleGrant.user))
        .order_by(RoleGrant.role, RoleGrant.id)
    ).all()
    form.grant.choices = [
        ("", _("Choose who leaves")),
        *((str(each.id), f"{each.user.name} – {_(ROLES[each.role])}") for each in grants),
    ]
    shown: Preview | None = None
    able: list[User] = []
    chosen = _grant(contest, form.grant.data)
    if chosen is not None:
        able = successors(contest, chosen.role, chosen.user)
        form.successor.choices = [
            ("", _("Choose who takes over")),
            *((each.public_id, each.name) for each in able),
        ]
    if request.method == "POST" and chosen is None and not form.form_errors:
        form.form_errors.append(_("Choose who leaves."))
    elif request.method == "POST" and chosen is not None and request.form.get("act") != "choose":
        successor = next((each for each in able if each.public_id == form.successor.data), None)
        try:
            if successor is None:
                raise Refused(N_("Choose who takes over."), code="successor_missing")
            shown = preview(contest, chosen.role, chosen.user, successor)
        except Refused as error:
            if say(error) not in form.form_errors:
                form.form_errors.append(say(error))
    page = render_template(
        "judging/handover.html",
        contest=contest,
        rules=contest.rules,
        form=form,
        chosen=chosen,
        able=able,
        preview=shown,
        roles=ROLES,
        past=handovers(contest),
    )
    return page, 422 if form.errors else 200


def _grant(contest: Contest, text: str | None) -> RoleGrant | None:
    """The role that is handed over, by its number in the form."""
    number = whole_number(text, -1)
    return db.session.scalar(
        standing_grants(contest.id).where(RoleGrant.id == number, RoleGrant.role.in_(HANDED_ROLES))
    )


def _hand_over(slug: str, form: HandoverForm) -> bool:
    try:
        with writing() as now:
            name, other = _do(slug, form, now)
    except Refused as error:
        form.form_errors.append(say(error))
        return False
    flash(_("%(name)s has handed over to %(other)s. Both have been told.", name=name, other=other), "ok")
    return True


def _do(slug: str, form: HandoverForm, now: datetime) -> tuple[str, str]:
    contest = get_contest(slug)
    grant = _grant(contest, form.grant.data)
    if grant is None:
        raise Refused(N_("Choose who leaves."), code="leaver_missing")
    able = successors(contest, grant.role, grant.user)
    successor = next((each for each in able if each.public_id == form.successor.data), None)
    if successor is None:
        raise Refused(N_("Choose who takes over."), code="successor_missing")
    names = grant.user.name, successor.name
    services.hand_over(
        contest=contest,
        role=grant.role,
        leaver=grant.user,
        successor=successor,
        reason=form.reason.data or "",
        stamp=form.stamp.data or "",
        actor=me(),
        now=now,
    )
    return names
