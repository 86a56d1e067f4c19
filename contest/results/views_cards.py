"""Pictures to share pages by: of a contest's honours, and of each story with a prize. Nothing of them is made ahead."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from flask import Response, current_app, g, redirect, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import defer, joinedload
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.wrappers import Response as Answer

from contest.contests.models import Contest
from contest.contests.queries import get_issued_contest
from contest.core import formats
from contest.core.db import db
from contest.core.errors import NotFound, Refused
from contest.core.web import limiter, public, shared
from contest.core.web.files import file_store
from contest.core.web.language import locale
from contest.editions.queries import get_presented_photo
from contest.editions.shown import Shown, shown
from contest.entries.models import Entry
from contest.entries.photographs import photo_key
from contest.exemplars.models import Exemplar
from contest.results.cards import HEIGHT, WIDTH, Card, picture_of
from contest.results.honours import Honours, authors_are_public, honours_of
from contest.results.models import Award
from contest.results.queries import PublicResults, awarded_entries, awards_at, find_public_results, is_announced
from contest.results.views import BRIEFLY, bp

_DIGEST = re.compile(r"[0-9a-f]{20}")
SIZE = (WIDTH, HEIGHT)


def card_of_results(contest: Contest, results: PublicResults, honours: Honours) -> Card:
    """The card of an honours page, in the language of this request."""
    rules, site = contest.rules, current_app.config["SETTINGS"].site
    names = authors_are_public(rules, g.now)
    official = results.standing == "official"
    given = ngettext("%(num)s prize", "%(num)s prizes", honours.number) + f" · {formats.money(honours.amount)}"
    first = next((rung for group in honours.classes for rung in group.leading), None)
    lines = [given]
    if first is not None:
        laurel = first.laurels[0]
        by = f", {laurel.author}" if names and laurel.named else ""
        lines.insert(0, f"{formats.loc(first.prize.name)}: {formats.quoted(laurel.title)}{by}")
    if official and rules.anniversary:
        lines.insert(0, formats.capitalize_first(formats.loc(rules.anniversary.wording)))
    return Card(
        locale(),
        _("Announcement of results") if official else _("Provisional results"),
        formats.quoted(formats.loc(rules.title)),
        tuple(lines),
        f"{site.name} · {site.domain}",
    )


def card_of_entry(story: Shown, awards: Sequence[Award]) -> Card | None:
    """The card of a story with prizes of official results; None without one."""
    rules = story.contest.rules
    prizes = [prize for each in awards if (prize := rules.find_prize(each.prize_id)) is not None]
    if not prizes or not story.presented:
        return None
    site = current_app.config["SETTINGS"].site
    about = _("About: %(name)s", name=story.about) + (f", {_name(story)}" if story.unit else "")
    return Card(
        locale(),
        " · ".join(formats.loc(prize.name) for prize in prizes[:2]),
        story.title,
        tuple(each for each in (story.author or "", about) if each),
        f"{formats.quoted(formats.loc(rules.title))} · {site.domain}",
        story.photos[0].public_id if story.photos else "",
    )


def _name(story: Shown) -> str:
    if story.unit is None:
        return ""
    return story.unit.name if locale() == "vi" else story.unit.name_en


def share_results(contest: Contest, results: PublicResults, honours: Honours) -> str:
    """The whole address of an honours page's card."""
    digest = card_of_results(contest, results, honours).digest
    return url_for("results.results_card", slug=contest.slug, digest=digest, _external=True)


def share_entry(story: Shown, awards: Sequence[Award]) -> str:
    """The whole address of a story's card; "" for one without a prize of official results."""
    card = card_of_entry(story, awards)
    if card is None or not is_announced(story.contest.id, g.now):
        return ""
    return url_for("results.entry_card", public_id=story.public_id, digest=card.digest, _external=True)


def _photo(public_id: str) -> bytes:
    return file_store().read(photo_key(get_presented_photo(public_id), "lon"))


def _answer(card: Card, digest: str, address: Callable[[str], str]) -> Answer:
    """The picture; where its name is not the one that it has now, the way to that one."""
    if digest != card.digest:
        return redirect(address(card.digest), 302)
    folder = Path(current_app.config["SETTINGS"].data_dir) / "cards"
    try:
        content = picture_of(card, folder, _photo)
    except Refused as error:
        raise ServiceUnavailable(retry_after=30) from error
    return Response(content, mimetype="image/png")


@bp.get("/cuoc-thi/<slug>/ket-qua/chia-se/<digest>.png")
@public
@limiter.limit("60 per minute")
@shared(BRIEFLY)
def results_card(slug: str, digest: str) -> Answer:
    contest = get_issued_contest(slug, g.now)
    found = find_public_results(contest.id, g.now)
    if found is None or not _DIGEST.fullmatch(digest):
        raise NotFound(digest)
    card = card_of_results(contest, found, honours_of(contest, found.result_set, g.now))
    return _answer(card, digest, lambda name: url_for("results.results_card", slug=slug, digest=name))


@bp.get("/bai/<public_id>/chia-se/<digest>.png")
@public
@limiter.limit("60 per minute")
@shared(BRIEFLY)
def entry_card(public_id: str, digest: str) -> Answer:
    query = awarded_entries(g.now).where(Entry.public_id == public_id)
    entry = db.session.scalars(
        query.options(
            joinedload(Entry.contest),
            joinedload(Entry.exemplar).joinedload(Exemplar.unit),
            defer(Entry.body),
            defer(Entry.body_key),
        )
    ).one_or_none()
    found = find_public_results(entry.contest_id, g.now) if entry is not None else None
    if entry is None or found is None or found.standing != "official" or not _DIGEST.fullmatch(digest):
        raise NotFound(public_id)
    standing = [each.award for each in awards_at(found.result_set, g.now) if each.stands]
    card = card_of_entry(shown(entry, g.now), [each for each in standing if each.entry_id == entry.id])
    if card is None:
        raise NotFound(public_id)
    return _answer(card, digest, lambda name: url_for("results.entry_card", public_id=public_id, digest=name))
