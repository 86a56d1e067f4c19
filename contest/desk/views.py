"""Pages across rooms for people who are signed in: what is mine to do, the organiser's home, people."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from contest.accounts.assisted import offered_to
from contest.accounts.models import User
from contest.contests.invitations import accept, get_open_invitation, invite, pending_invitations, withdraw
from contest.contests.models import Contest, Invitation, RoleGrant
from contest.contests.queries import contests_with_role, get_contest, issued_contests, roles_of, standing_grants
from contest.contests.rules import CHAIR, JUDGE, OFFICER, ORGANISER, ROLES, SECRETARY
from contest.contests.services import end_role
from contest.core import clock
from contest.core.db import db, writing
from contest.core.errors import NotFound, Refused
from contest.core.formats import VIET_NAM, local
from contest.core.web import needs, say, signed_in
from contest.core.web.language import locale
from contest.desk import queries
from contest.desk.forms import InvitationForm
from contest.entries.eligibility import require_no_entry
from contest.entries.models import Entry
from contest.entries.queries import counts_by_state
from contest.exemplars.queries import waiting_by_unit
from contest.judging.services import leave_panels
from contest.privacy.queries import count_late
from contest.results.bank import contests_to_pay
from contest.units.queries import get_unit, units_of, units_on
from contest.voting.queries import turnout

bp = Blueprint("desk", __name__)


def _me() -> User:
    person: User = current_user._get_current_object()  # noqa: SLF001 -- Flask-Login's proxy
    return person


@bp.get("/cua-toi")
@signed_in
def my_work() -> str:
    """Where sign-in lands: everything that waits for this person, whatever their roles."""
    me = _me()
    grants = contests_with_role(me.id)
    by_contest: dict[int, tuple[Contest, set[str]]] = {}
    for grant in grants:
        by_contest.setdefault(grant.contest_id, (grant.contest, set()))[1].add(grant.role)
    entries = db.session.scalars(
        select(Entry).where(Entry.author_id == me.id).order_by(Entry.updated_at.desc()).limit(5)
    ).all()
    open_contests = [
        contest for contest in db.session.scalars(issued_contests(g.now)) if contest.rules.is_open("submission", g.now)
    ]
    units = units_of(me.id)
    waiting = waiting_by_unit([unit.id for unit in units])
    return render_template(
        "desk/my_work.html",
        offered=offered_to(me.id),
        contests=list(by_contest.values()),
        units=sorted(units, key=lambda unit: unit.id not in waiting),
        waiting=waiting,
        entries=entries,
        to_pay=contests_to_pay(me, g.now) if entries else (),
        open_contests=open_contests,
        late_requests=count_late(local(g.now).date()) if me.has_role("operator") else 0,
        roles=ROLES,
    )


@bp.get("/ban-to-chuc/<slug>")
@needs(ORGANISER, SECRETARY)
def organiser(slug: str) -> str:
    contest = get_contest(slug)
    progress = queries.sheets_progress(contest)
    return render_template(
        "desk/organiser.html",
        contest=contest,
        rules=contest.rules,
        risks=queries.risks(contest, g.now),
        states=counts_by_state(contest.id),
        funnel_rows=[(_(label), number) for label, number in queries.funnel(contest)],
        progress_rows=[(each, *progress[each.id]) for each in contest.rules.rounds if each.id in progress],
        turnout=turnout(contest.id),
    )


def _people_page(contest: Contest, form: InvitationForm, status: int = 200) -> tuple[str, int]:
    grants = db.session.scalars(
        standing_grants(contest.id)
        .options(joinedload(RoleGrant.user), joinedload(RoleGrant.unit))
        .order_by(RoleGrant.role, RoleGrant.id)
    ).all()
    return (
        render_template(
            "desk/people.html",
            contest=contest,
            rules=contest.rules,
            grants=grants,
            pending=pending_invitations(contest, clock.wall()),
            form=form,
            roles=ROLES,
        ),
        status,
    )


def _invitation_form() -> InvitationForm:
    form = InvitationForm()
    form.role.choices = [(role, _(label)) for role, label in ROLES.items()] + [(OFFICER, _("Officer of a unit"))]
    units = units_on(g.now.astimezone(VIET_NAM).date())
    form.unit.choices = [("", _("– none –"))] + [(unit.code, unit.name) for unit in units]
    return form


@bp.get("/ban-to-chuc/<slug>/nhan-su")
@needs(ORGANISER)
def people(slug: str) -> tuple[str, int]:
    return _people_page(get_contest(slug), _invitation_form())


@bp.post("/ban-to-chuc/<slug>/nhan-su")
@needs(ORGANISER)
def send_invitation(slug: str) -> Any:
    form = _invitation_form()
    if not form.validate():
        return _people_page(get_contest(slug), form, 422)
    try:
        with writing() as now:
            contest = get_contest(slug)
            role = str(form.role.data)
            invite(
                actor=_me(),
                contest=None if role == OFFICER else contest,
                unit=get_unit(form.unit.data) if form.unit.data else None,
                name=form.name.data or "",
                email=form.email.data or "",
                role=role,
                relatives=form.relatives.data or None,
                now=now,
                wall=clock.wall(),
                locale=locale(),
            )
    except Refused as error:
        form.form_errors.append(say(error))
        return _people_page(get_contest(slug), form, 422)
    flash(_("The invitation to %(email)s is on its way.", email=form.email.data), "ok")
    return redirect(url_for("desk.people", slug=slug), 303)


@bp.post("/ban-to-chuc/<slug>/nhan-su/loi-moi/<public_id>/thu-hoi")
@needs(ORGANISER)
def withdraw_invitation(slug: str, public_id: str) -> Response:
    with writing() as now:
        contest = get_contest(slug)
        # Held, so that it is either accepted or withdrawn and never both.
        invitation = db.session.scalar(select(Invitation).where(Invitation.public_id == public_id).with_for_update())
        if invitation is None or invitation.contest_id not in (contest.id, None):
            raise NotFound(public_id)
        withdraw(invitation=invitation, actor=_me(), now=now)
    flash(_("The invitation was withdrawn; its link no longer works."), "ok")
    return redirect(url_for("desk.people", slug=slug), 303)


@bp.post("/ban-to-chuc/<slug>/nhan-su/<int:grant_id>/ket-thuc")
@needs(ORGANISER)
def end_grant(slug: str, grant_id: int) -> Response:
    try:
        with writing() as now:
            contest = get_contest(slug)
            grant = db.session.scalar(standing_grants(contest.id).where(RoleGrant.id == grant_id))
            if grant is None:
                raise NotFound(str(grant_id))
            name = grant.user.name
            end_role(grant=grant, actor=_me(), now=now)
            if not roles_of(contest.id, grant.user_id) & {JUDGE, CHAIR}:
                leave_panels(contest=contest, judge=grant.user, actor=_me(), now=now)
        flash(_("%(name)s no longer holds the role.", name=name), "ok")
    except Refused as error:
        flash(say(error), "error")
    return redirect(url_for("desk.people", slug=slug), 303)


@bp.get("/loi-moi/<token>")
@signed_in
def invitation(token: str) -> str:
    found = get_open_invitation(token, clock.wall())
    return render_template("desk/invitation.html", invitation=found, token=token, roles=ROLES)


@bp.post("/loi-moi/<token>")
@signed_in
def accept_invitation(token: str) -> Any:
    try:
        with writing() as now:
            found = get_open_invitation(token, clock.wall(), lock=True)
            if found.contest is not None:
                require_no_entry(found.contest, _me())
            accept(invitation=found, actor=_me(), now=now)
    except Refused as error:
        flash(say(error), "error")
        return redirect(request.url, 303)
    flash(_("Thank you. What waits for you stands on this page."), "ok")
    return redirect(url_for("desk.my_work"), 303)


from contest.desk import (  # noqa: E402 -- more pages of this blueprint
    views_entries,  # noqa: F401
    views_exemplars,  # noqa: F401
    views_messages,  # noqa: F401
    views_observer,  # noqa: F401
)
