"""After casting: the receipt as a page, as a file, by mail."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from flask import current_app, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from contest.contests.queries import get_issued_contest
from contest.core.db import writing
from contest.core.errors import NotFound, Refused
from contest.core.qr import QrPath, qr_path
from contest.core.web import limiter, public, say
from contest.core.web.keys import log_signer
from contest.core.web.language import locale
from contest.voting import queries
from contest.voting.channels import find_channel
from contest.voting.forms import MailForm
from contest.voting.receipts import Receipt, mail_receipt, receipt_of
from contest.voting.views import bp, done_url
from contest.voting.views_place import Place, place, vote_of

# A household, or a whole school, behind one address; mail goes to the voter's own address alone.
_MAILING = "30 per minute; 300 per hour"


class _Held(NamedTuple):
    """A place with a ballot, and its receipt."""

    here: Place
    receipt: Receipt


def _held(slug: str) -> _Held | None:
    """The ballot asked for and its receipt, of whoever is known here."""
    contest = vote_of(slug)
    here = place(contest, request.args.get("phieu"), past=True)
    if here.voter is None or here.ballot is None:
        return None
    signer = log_signer(slug, contest.public_id)
    receipt = receipt_of(contest=contest, voter_id=here.voter.id, scope=here.part.scope, signer=signer)
    return _Held(here, receipt) if receipt else None


@bp.get("/cuoc-thi/<slug>/binh-chon/da-gui")
@public
def done(slug: str) -> Any:
    held = _held(slug)
    if held is None:
        return redirect(url_for("voting.booth", slug=slug), 303)
    return _page(held, MailForm(formdata=None))


def _page(held: _Held, form: MailForm, status: int = 200) -> Any:
    here, receipt = held
    rules = here.rules
    channel = find_channel(rules.voting.identity)
    open_parts = here.parts if rules.is_open("voting", g.now) else ()
    page = render_template(
        "voting/done.html",
        contest=here.contest,
        rules=rules,
        here=here,
        window=rules.window("voting"),
        known=here.known,
        ballot=here.ballot,
        receipt=receipt,
        titles=queries.chosen_titles(here.contest, here.ballot, g.now) if here.ballot else {},
        qr=_qr(here.contest.slug, receipt.ballot),
        form=form,
        by_mail=channel is not None and channel.by_mail,
        next_part=next((part for part in open_parts if not part.cast), None),
        past=[scope for scope in here.held if scope not in {part.scope for part in here.parts}],
    )
    return page, status


def _qr(slug: str, ballot: str) -> QrPath | None:
    """Leads to the log with the ballot's number, never to the choices."""
    if "voting.log" not in current_app.view_functions:
        return None
    return qr_path(url_for("voting.log", slug=slug, phieu=ballot, _external=True))


@bp.get("/cuoc-thi/<slug>/binh-chon/bien-nhan.json")
@public
def receipt(slug: str) -> Response:
    held = _held(slug)
    if held is None:
        raise NotFound(slug)
    content = json.dumps(held.receipt.said, sort_keys=True, indent=1) + "\n"
    name = f"bien-nhan-{held.receipt.ballot}.json"
    return Response(
        content, mimetype="application/json", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@bp.post("/cuoc-thi/<slug>/binh-chon/gui-bien-nhan")
@public
@limiter.limit(_MAILING)
def mail(slug: str) -> Any:
    held = _held(slug)
    if held is None or held.here.voter is None:
        return redirect(url_for("voting.booth", slug=slug), 303)
    form, voter_id, part = MailForm(), held.here.voter.id, held.here.part.name
    if not form.validate_on_submit():
        return _page(held, form, 422)
    try:
        with writing() as now:
            mail_receipt(
                contest=get_issued_contest(slug, now),
                voter_id=voter_id,
                receipt=held.receipt,
                part=part,
                typed=str(form.contact.data),
                locale=locale(),
                now=now,
            )
    except Refused as error:
        form.contact.errors = [say(error)]
        found = _held(slug)
        return _page(found, form, 422) if found else redirect(url_for("voting.booth", slug=slug), 303)
    flash(_("The receipt is on its way to your address. It does not tell whom you chose."), "ok")
    return redirect(done_url(slug, part), 303)
