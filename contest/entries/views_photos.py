"""Photos of a draft: add, describe, put in order, remove; and the pictures themselves."""

from __future__ import annotations

from typing import Any

from flask import Response as FlaskResponse
from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from contest.core.db import writing
from contest.core.errors import NotFound, Refused
from contest.core.web import limiter, say, signed_in
from contest.core.web.files import file_store, send_stored
from contest.entries import services
from contest.entries.checks import PHOTOS
from contest.entries.forms import PhotoForm
from contest.entries.images import make_photo
from contest.entries.models import Entry
from contest.entries.photographs import photo_key
from contest.entries.queries import get_own_entry, get_photo
from contest.entries.views import bp, desk_of, me, own_draft, pages_of, sent_already, sweep


@bp.get("/viet/<public_id>/anh")
@signed_in
def photos(public_id: str) -> str | Response:
    if (elsewhere := sent_already(public_id)) is not None:
        return elsewhere
    entry = own_draft(public_id)
    if "entries.photos" not in pages_of(entry):
        raise NotFound(public_id)
    return _photos_page(entry)


def _photos_page(entry: Entry, refusal: str = "", typed: tuple[str, PhotoForm] | None = None) -> str:
    forms = [
        (
            photo,
            typed[1]
            if typed and typed[0] == photo.public_id
            else PhotoForm(
                formdata=None,
                prefix=f"{photo.public_id}-",
                caption=photo.caption,
                photographer=photo.photographer,
                alt=photo.alt,
                recognised=photo.recognised,
                people=photo.people,
                consent=photo.consent,
            ),
        )
        for photo in entry.photos
    ]
    return render_template("entries/photos.html", forms=forms, refusal=refusal, section=PHOTOS, **desk_of(entry))


@bp.post("/viet/<public_id>/anh")
@limiter.limit("60 per minute")
@signed_in
def add_photo(public_id: str) -> Any:
    entry = own_draft(public_id)
    most = entry.contest.rules.entry_rules.photo_max_mb * 1_000_000
    sent = request.files.get("photo")
    kept: list[str] = []
    try:
        made = make_photo(sent.read(most + 1) if sent else b"", most_bytes=most)
        # Decoded and stored before the transaction begins, so that nobody waits for it.
        stored = services.keep_photo(made, file_store())
        kept = stored.keys
        with writing() as now:
            entry = get_own_entry(public_id, me().id, lock=True)
            photo = services.add_photo(entry=entry, stored=stored, now=now)
    except Refused as error:
        sweep(kept)
        return _photos_page(own_draft(public_id), say(error)), 422
    if made.converted:
        flash(_("The HEIC photo has been converted, so that every screen can show it."), "ok")
    return redirect(url_for("entries.photos", public_id=public_id) + f"#anh-{photo.public_id}", 303)


@bp.post("/viet/<public_id>/anh/<photo_id>")
@signed_in
def change_photo(public_id: str, photo_id: str) -> Any:
    """Save what is said about a photo; then move or remove it, as the button says.

    The page itself keeps it as one goes, with act "keep": nobody should lose a caption by taking the
    way on, sending another photo or saving the words about the next one.
    """
    own_draft(public_id)
    form = PhotoForm(prefix=f"{photo_id[:14]}-")
    act = request.form.get("act", "")
    loose: list[str] = []
    try:
        with writing() as now:
            entry = get_own_entry(public_id, me().id, lock=True)
            photo = get_photo(entry.id, photo_id)
            if act == "remove":
                loose = services.remove_photo(entry=entry, photo=photo, now=now)
            else:
                services.describe_photo(
                    entry=entry,
                    photo=photo,
                    caption=form.caption.data or "",
                    photographer=form.photographer.data or "",
                    alt=form.alt.data or "",
                    recognised=form.recognised.data or "",
                    people=form.people.data or "",
                    consent=bool(form.consent.data),
                    now=now,
                )
                if act in {"up", "down"}:
                    services.move_photo(entry=entry, photo=photo, up=act == "up", now=now)
    except Refused as error:
        return _photos_page(own_draft(public_id), say(error), (photo_id, form)), 422
    sweep(loose)
    if act == "keep":
        return "", 204
    if act == "remove":
        flash(_("The photo has been removed."), "ok")
        return redirect(url_for("entries.photos", public_id=public_id), 303)
    if act == "save":
        flash(_("The photo's description has been saved."), "ok")
    return redirect(url_for("entries.photos", public_id=public_id) + f"#anh-{photo_id}", 303)


@bp.get("/viet/<public_id>/anh/<photo_id>/<size>")
@signed_in
def own_photo(public_id: str, photo_id: str, size: str) -> FlaskResponse:
    """A picture, to the author of its entry."""
    entry = get_own_entry(public_id, me().id)
    return send_stored(photo_key(get_photo(entry.id, photo_id), size))
