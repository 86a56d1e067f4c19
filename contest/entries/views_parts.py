"""Two pages of writing whose rows repeat: where a work was published, and who wrote it together."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from flask import Response as FlaskResponse
from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from contest.contests.labels import MEDIA
from contest.contests.queries import get_contest
from contest.core.db import writing
from contest.core.errors import Conflict, NotFound, Refused
from contest.core.web import limiter, needs, say, signed_in
from contest.core.web.files import file_store, send_stored
from contest.core.web.language import locale
from contest.entries import coauthors, press
from contest.entries.checks import GROUP, PRESS
from contest.entries.forms_parts import (
    MemberRow,
    PartRow,
    members_typed,
    parts_typed,
    shown_members,
    shown_parts,
    typed_members,
    typed_parts,
)
from contest.entries.models import Entry
from contest.entries.queries import get_own_entry, get_screened_entry
from contest.entries.rules import NOT_PUBLISHED, PARTS_MAX
from contest.entries.views import bp, choosable_units, desk_of, me, own_draft, pages_of, saved, sent_already, sweep


def _published(public_id: str) -> Entry:
    entry = own_draft(public_id)
    if "entries.publication" not in pages_of(entry):
        raise NotFound(public_id)
    return entry


@bp.get("/viet/<public_id>/xuat-ban")
@signed_in
def publication(public_id: str) -> str | Response:
    if (elsewhere := sent_already(public_id)) is not None:
        return elsewhere
    entry = _published(public_id)
    return _publication_page(entry, _rows(entry), entry.medium)


def _rows(entry: Entry) -> list[PartRow]:
    wanted = 2 if request.args.get("them") == "1" else 1
    parts = press.parts_of(entry)
    most = entry.contest.rules.category(entry.category).series_max
    return shown_parts(parts, min(max(1, len(parts) + wanted - 1), max(most, len(parts), 1)))


def _publication_page(
    entry: Entry, rows: Sequence[PartRow], medium: str, refusal: str = "", *, seen: str = "", theirs: bool = False
) -> str:
    context = desk_of(entry)
    category = context["category"]
    choices = [(name, MEDIA[name]) for name in press.media_of(category)]
    return render_template(
        "entries/publication.html",
        section=PRESS,
        rows=rows,
        medium=medium,
        media=choices,
        may_be_unpublished=category.publication == "either",
        not_published=NOT_PUBLISHED,
        seen=seen or press.press_state(entry),
        refusal=refusal,
        theirs=theirs,
        proofs=press.proofs_of(entry),
        proofs_most=press.PROOFS_MAX,
        **context,
    )


@bp.post("/viet/<public_id>/xuat-ban")
@signed_in
def save_publication(public_id: str) -> Any:
    if (elsewhere := sent_already(public_id)) is not None:
        return elsewhere
    _published(public_id)
    rows, medium = typed_parts(PARTS_MAX), request.form.get("medium", "")[:20]
    seen = request.form.get("seen", "")[:16]
    try:
        parts = parts_typed(rows)
        with writing() as now:
            entry = get_own_entry(public_id, me().id, lock=True)
            press.save_publication(entry=entry, seen=seen, medium=medium, parts=parts, now=now)
    except Refused as error:
        entry = own_draft(public_id)
        if isinstance(error, Conflict):
            # Saving once more keeps what this page holds.
            return _publication_page(entry, rows, medium, say(error), theirs=True), 409
        return _publication_page(entry, rows, medium, say(error), seen=seen), 422
    if request.form.get("go") == "more":
        return redirect(url_for("entries.publication", public_id=public_id, them=1) + "#them", 303)
    return saved(entry, "entries.publication")


@bp.post("/viet/<public_id>/xuat-ban/minh-chung")
@limiter.limit("30 per minute")
@signed_in
def add_proof(public_id: str) -> Any:
    entry = _published(public_id)
    most = entry.contest.rules.entry_rules.max_file_mb * 1_000_000
    sent = request.files.get("proof")
    kept: list[str] = []
    try:
        content = sent.read(most + 1) if sent else b""
        stored = _kept_proof(content, sent.filename or "" if sent else "", most)
        kept = [stored.key]
        with writing() as now:
            entry = get_own_entry(public_id, me().id, lock=True)
            press.add_proof(entry=entry, stored=stored, actor_id=me().id, now=now)
    except Refused as error:
        sweep(kept)
        entry = own_draft(public_id)
        return _publication_page(entry, _rows(entry), entry.medium, say(error)), 422
    flash(_("The proof has been added."), "ok")
    return redirect(url_for("entries.publication", public_id=public_id) + "#minh-chung", 303)


def _kept_proof(content: bytes, name: str, most: int) -> press.KeptFile:
    ending, media_type = press.check_proof(content, most)
    name = "".join(char for char in name if char.isprintable())
    return press.KeptFile(
        key=file_store().put(content, ending),
        name=name,
        media_type=media_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


@bp.post("/viet/<public_id>/xuat-ban/minh-chung/<file_id>/xoa")
@signed_in
def remove_proof(public_id: str, file_id: str) -> Response:
    _published(public_id)
    with writing() as now:
        entry = get_own_entry(public_id, me().id, lock=True)
        loose = press.remove_proof(entry=entry, public_id=file_id, now=now)
    sweep(loose)
    flash(_("The proof has been removed."), "ok")
    return redirect(url_for("entries.publication", public_id=public_id) + "#minh-chung", 303)


@bp.get("/viet/<public_id>/minh-chung/<file_id>")
@signed_in
def own_proof(public_id: str, file_id: str) -> FlaskResponse:
    """A proof, to the author of its entry."""
    return _send_proof(get_own_entry(public_id, me().id), file_id)


@bp.get("/ban-to-chuc/<slug>/bai-du-thi/<public_id>/minh-chung/<file_id>")
@needs("secretary", "organiser")
def desk_proof(slug: str, public_id: str, file_id: str) -> FlaskResponse:
    """A proof, to the secretariat of the contest."""
    return _send_proof(get_screened_entry(get_contest(slug).id, public_id), file_id)


def _send_proof(entry: Entry, file_id: str) -> FlaskResponse:
    proof = next((each for each in press.proofs_of(entry) if each.public_id == file_id), None)
    if proof is None:
        raise NotFound(file_id)
    response = send_stored(proof.key)
    response.mimetype = proof.media_type
    # Kept as it was sent, so it is never shown inside a page of ours.
    ending = proof.key.rpartition(".")[2]
    response.headers["Content-Disposition"] = f'attachment; filename="minh-chung.{ending}"'
    return response


# The group


@bp.get("/viet/<public_id>/nhom-tac-gia")
@signed_in
def group(public_id: str) -> str | Response:
    if (elsewhere := sent_already(public_id)) is not None:
        return elsewhere
    entry = own_draft(public_id)
    _groups_are_taken(entry)
    more = 1 if request.args.get("them") == "1" or not entry.coauthors else 0
    units = list(choosable_units(entry).values())
    return _group_page(entry, shown_members(entry.coauthors, len(entry.coauthors) + more, units, locale()))


def _groups_are_taken(entry: Entry) -> None:
    if entry.contest.rules.eligibility.group_max < 2 and not entry.coauthors:
        raise NotFound(entry.public_id)


def _group_page(
    entry: Entry, rows: Sequence[MemberRow], refusal: str = "", *, seen: str = "", theirs: bool = False
) -> str:
    context = desk_of(entry)
    steps = context.pop("steps")
    if "entries.group" not in steps:
        steps = [*steps[:-1], "entries.group", steps[-1]]
    return render_template(
        "entries/group.html",
        section=GROUP,
        rows=rows,
        seen=seen or coauthors.group_state(entry),
        refusal=refusal,
        theirs=theirs,
        steps=steps,
        group_most=context["rules"].eligibility.group_max,
        **context,
    )


@bp.post("/viet/<public_id>/nhom-tac-gia")
@signed_in
def save_group(public_id: str) -> Any:
    if (elsewhere := sent_already(public_id)) is not None:
        return elsewhere
    entry = own_draft(public_id)
    _groups_are_taken(entry)
    rows = typed_members(coauthors.MEMBERS_MAX, list(choosable_units(entry).values()), locale())
    seen = request.form.get("seen", "")[:16]
    try:
        with writing() as now:
            entry = get_own_entry(public_id, me().id, lock=True)
            members = members_typed(rows, choosable_units(entry))
            coauthors.save_coauthors(entry=entry, seen=seen, members=members, now=now)
    except Refused as error:
        entry = own_draft(public_id)
        if isinstance(error, Conflict):
            return _group_page(entry, rows, say(error), theirs=True), 409
        return _group_page(entry, rows, say(error), seen=seen), 422
    go = request.form.get("go")
    if go == "more":
        return redirect(url_for("entries.group", public_id=public_id, them=1) + "#them", 303)
    if go == "next":
        return redirect(url_for("entries.check", public_id=public_id), 303)
    return saved(entry, "entries.group")
