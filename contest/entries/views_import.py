"""The text of a draft from a file, or pasted: send it, look at what was read, take it or leave it."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from contest.core.db import writing
from contest.core.errors import Conflict, NotFound, Refused
from contest.core.richtext import plain
from contest.core.text import count_words
from contest.core.web import limiter, say, signed_in
from contest.core.web.files import file_store
from contest.documents.rules import (
    AUTO,
    CHANGED,
    ENCODING_NAMES,
    FORMAT_NAMES,
    KEEP,
    LEFT_OUT,
    LIMITS,
    TAKEN,
    ImageFound,
    Note,
    Read,
)
from contest.documents.services import read_document, read_text
from contest.entries import importing
from contest.entries.checks import TEXT as TEXT_SECTION
from contest.entries.forms import whole_number
from contest.entries.images import make_photo
from contest.entries.models import Attachment, Entry
from contest.entries.photographs import StoredPhoto, keep_photo
from contest.entries.queries import get_own_entry
from contest.entries.rules import BODY_MAX, EARLIER, WAITING
from contest.entries.views import bp, desk_of, me, own_draft, sent_already, sweep

_ENCODINGS = {AUTO, KEEP, *ENCODING_NAMES}
_PASTE_MAX = LIMITS.characters


class Picture(NamedTuple):
    """The place of a picture in the preview."""

    number: int
    caption: str


class Preview(NamedTuple):
    """What the page shows of a reading: its report in three parts, and the text as it would be."""

    read: Read
    title: str
    words: int
    report: dict[str, list[Note]]
    format_name: str
    pictures: dict[str, Picture]


@bp.get("/viet/<public_id>/lay-tu-tep")
@signed_in
@limiter.limit("60 per minute")
def take_from_file(public_id: str) -> Any:
    if (elsewhere := sent_already(public_id)) is not None:
        return elsewhere
    entry = own_draft(public_id)
    waiting = importing.attachment_of(entry, WAITING)
    if waiting is None:
        return _page(entry)
    try:
        read = _read_again(waiting, _encoding(request.args.get("bang_ma", AUTO)))
    except (Refused, NotFound) as error:
        return _page(entry, refusal=say(error) if isinstance(error, Refused) else _("Please send the file again."))
    return _page(entry, waiting=waiting, read=read)


def _encoding(typed: str) -> str:
    return typed if typed in _ENCODINGS else AUTO


def _read_again(waiting: Attachment, encoding: str) -> Read:
    content = file_store().read(waiting.key)
    if not waiting.name:
        return read_text(content.decode(), encoding=encoding)
    return read_document(content, waiting.name, encoding=encoding, limits=LIMITS._replace(most=len(content)))


def _page(
    entry: Entry,
    *,
    refusal: str = "",
    pasted: str = "",
    waiting: Attachment | None = None,
    read: Read | None = None,
    title: str | None = None,
) -> str:
    context = desk_of(entry)
    preview = None
    if read is not None:
        report: dict[str, list[Note]] = {TAKEN: [], CHANGED: [], LEFT_OUT: []}
        for note in read.report:
            report[note.kind].append(note)
        # Pictures are made anew only when they are taken; here their places are named.
        preview = Preview(
            read=read,
            title=entry.title or read.title_guess if title is None else title,
            words=count_words(plain(read.document)),
            report=report,
            format_name=FORMAT_NAMES.get(read.format, read.format),
            pictures={image.name: Picture(number, image.caption) for number, image in enumerate(read.images, start=1)},
        )
    return render_template(
        "entries/take_from_file.html",
        refusal=refusal,
        pasted=pasted,
        waiting=waiting,
        preview=preview,
        earlier=importing.attachment_of(entry, EARLIER),
        encodings=ENCODING_NAMES,
        characters_most=BODY_MAX,
        section=TEXT_SECTION,
        **context,
    )


@bp.post("/viet/<public_id>/lay-tu-tep")
@signed_in
@limiter.limit("20 per minute")
def send_document(public_id: str) -> Any:
    """Read a file or a pasted text; nothing of the draft is changed yet."""
    if (elsewhere := sent_already(public_id)) is not None:
        return elsewhere
    entry = own_draft(public_id)
    most = entry.contest.rules.entry_rules.max_file_mb * 1_000_000
    sent = request.files.get("document")
    pasted = request.form.get("pasted", "")[: _PASTE_MAX + 1]
    kept: importing.Kept | None = None
    try:
        if sent is not None and sent.filename:
            name = importing.file_name(sent.filename) or "tep"
            content = sent.read(most + 1)
            read = read_document(content, name, limits=LIMITS._replace(most=most))
        else:
            # Nothing chosen and nothing pasted is refused in the same words.
            name, content = "", pasted.encode("utf-8", "replace")
            read = read_text(pasted)
        kept = importing.keep_file(content, name, importing.media_type_of(read), file_store())
        with writing() as now:
            entry = get_own_entry(public_id, me().id, lock=True)
            loose = importing.keep_waiting(entry=entry, kept=kept, actor=me(), now=now)
    except Refused as error:
        sweep([kept.key] if kept else [])
        return _page(own_draft(public_id), refusal=say(error), pasted=pasted), 422
    sweep(loose)
    return redirect(url_for("entries.take_from_file", public_id=public_id), 303)


@bp.post("/viet/<public_id>/lay-tu-tep/lay")
@signed_in
@limiter.limit("20 per minute")
def take_document(public_id: str) -> Any:
    """The writer has looked: put the text into the draft."""
    if (elsewhere := sent_already(public_id)) is not None:
        return elsewhere
    entry = own_draft(public_id)
    title = request.form.get("title", "")
    encoding = _encoding(request.form.get("encoding", AUTO))
    kept: list[str] = []
    read: Read | None = None
    try:
        waiting = importing.get_waiting(entry, request.form.get("sent", ""))
        read = _read_again(waiting, encoding)
        photos, refused = _made(entry, read) if request.form.get("photos") else ([], [])
        kept = [key for _image, stored in photos for key in stored.keys]
        earlier = importing.as_earlier(entry, file_store())
        kept += [earlier.key] if earlier else []
        with writing() as now:
            entry = get_own_entry(public_id, me().id, lock=True)
            taken = importing.take_document(
                entry=entry,
                version=whole_number(request.form.get("version")),
                sent_id=request.form.get("sent", ""),
                read=read,
                title=title,
                photos=photos,
                earlier=earlier,
                actor=me(),
                now=now,
            )
    except (Refused, NotFound) as error:
        sweep(kept)
        entry = own_draft(public_id)
        refusal = say(error) if isinstance(error, Refused) else _("Please send the file again.")
        shown = importing.attachment_of(entry, WAITING) if read is not None else None
        page = _page(entry, refusal=refusal, waiting=shown, read=read if shown else None, title=title)
        return page, 409 if isinstance(error, Conflict) else 422
    sweep(taken.loose)
    flash(_say_taken(entry, taken), "ok")
    for reason in refused:
        flash(reason, "warn")
    if taken.no_room:
        flash(
            _("Pictures left out, for the entry has all the photos it may: %(count)s", count=taken.no_room),
            "warn",
        )
    return redirect(url_for("entries.write", public_id=public_id), 303)


def _say_taken(entry: Entry, taken: importing.Taken) -> str:
    words: str = ngettext(
        "The text has been taken: %(num)s word.", "The text has been taken: %(num)s words.", entry.word_count
    )
    if taken.photos:
        return f"{words} {_('Photos added: %(count)s. Please describe each one.', count=taken.photos)}"
    return words


def _made(entry: Entry, read: Read) -> tuple[list[tuple[ImageFound, StoredPhoto]], list[str]]:
    """The pictures of a document as photos, stored; and what is to be said about those that cannot be."""
    rules = entry.contest.rules
    photos = rules.category(entry.category).photos
    room = max(0, (photos.max if photos else 0) - len(entry.photos))
    most = rules.entry_rules.photo_max_mb * 1_000_000
    made: list[tuple[ImageFound, StoredPhoto]] = []
    refused: list[str] = []
    store = file_store()
    for number, image in enumerate(read.images[: room + len(entry.photos)], start=1):
        try:
            made.append((image, keep_photo(make_photo(image.content, most_bytes=most), store)))
        except Refused as error:
            refused.append(_("Picture %(number)s of the file: %(reason)s", number=number, reason=say(error)))
    return made, refused


@bp.post("/viet/<public_id>/lay-tu-tep/bo")
@signed_in
def leave_document(public_id: str) -> Response:
    """The writer does not take it; the draft stays as it is."""
    own_draft(public_id)
    try:
        with writing() as now:
            entry = get_own_entry(public_id, me().id, lock=True)
            loose = importing.drop_waiting(entry=entry, now=now)
    except Refused as error:
        flash(say(error), "error")
    else:
        sweep(loose)
        flash(_("The file was not taken. The draft is as it was."), "ok")
    return redirect(url_for("entries.take_from_file", public_id=public_id), 303)


@bp.post("/viet/<public_id>/lay-tu-tep/lay-lai")
@signed_in
def take_text_back(public_id: str) -> Response:
    """Exchange the draft's text with the one that a file took the place of."""
    entry = own_draft(public_id)
    present: importing.Kept | None = None
    try:
        kept = importing.attachment_of(entry, EARLIER)
        if kept is None:
            raise NotFound(public_id)
        earlier = importing.earlier_of(file_store().read(kept.key))
        present = importing.as_earlier(entry, file_store())
        with writing() as now:
            entry = get_own_entry(public_id, me().id, lock=True)
            loose = importing.take_back(
                entry=entry,
                version=whole_number(request.form.get("version")),
                kept_id=request.form.get("kept", ""),
                earlier=earlier,
                present=present,
                actor=me(),
                now=now,
            )
    except Refused as error:
        sweep([present.key] if present else [])
        flash(say(error), "error")
        return redirect(url_for("entries.take_from_file", public_id=public_id), 303)
    sweep(loose)
    flash(_("The earlier text is back. The other one is kept in its place."), "ok")
    return redirect(url_for("entries.write", public_id=public_id), 303)
