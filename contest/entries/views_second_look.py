"""Asking for another look at a refused entry."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from contest.core.db import writing
from contest.core.errors import Refused
from contest.core.web import say, signed_in
from contest.entries.queries import get_own_entry
from contest.entries.second_look import ask_second_look
from contest.entries.views import bp, me
from contest.entries.views_submit import own_page


@bp.post("/bai-cua-toi/<public_id>/xem-lai")
@signed_in
def ask_again(public_id: str) -> Response | tuple[str, int]:
    text = request.form.get("text", "")
    try:
        with writing() as now:
            actor = me()
            entry = get_own_entry(public_id, actor.id, lock=True)
            ask_second_look(entry=entry, text=text, actor=actor, now=now)
    except Refused as error:
        return own_page(get_own_entry(public_id, me().id), asked=text, refusal=say(error)), 422
    flash(_("Your request has been sent to the secretariat. You will be told the answer."), "ok")
    return redirect(url_for("entries.own", public_id=public_id), 303)
