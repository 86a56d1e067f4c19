"""Nothing of an entry that nobody approved is on any public surface; its code stands in its place.

The crawl asks for every GET route as a visitor, a voter with a ballot and a signed-in stranger, at
the shortlist, in the vote and after the announcement. With an edition the same crawl finds it, so a
page that forgot the predicate is found as well.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from io import BytesIO

import pytest
from flask import current_app
from PIL import Image
from werkzeug.routing import BuildError

from contest.core.db import db
from contest.core.web.access import access_of
from contest.editions import shown
from contest.editions.services import withdraw
from tests.conftest import VIETNAM
from tests.factories import make_staff, make_user, sign_in
from tests.factories.editions import publish_edition, unpublish
from tests.factories.voting import make_voter, vote
from tests.factories.world import make_world, publish

CANARIES = {
    "title": "Quế Lâm tựa đề",
    "body": "Quế Lâm thân bài",
    "caption": "Quế Lâm chú thích",
    "alt": "Quế Lâm mô tả",
    "credit": "Quế Lâm người chụp",
    "author": "Quế Lâm tác giả",
}
MOMENTS = {
    "shortlist": datetime(2027, 5, 1, 9, 0, tzinfo=VIETNAM),
    "vote": datetime(2027, 5, 20, 9, 0, tzinfo=VIETNAM),
    "announced": datetime(2027, 6, 12, 9, 0, tzinfo=VIETNAM),
}


def _picture() -> bytes:
    out = BytesIO()
    Image.effect_noise((64, 48), 90).convert("RGB").save(out, "WEBP")
    return out.getvalue()


@pytest.fixture
def side(app):
    """The contest of a world whose one finalist carries a canary wherever readers could see one."""
    found = make_world().here
    entry = found.finalist
    unpublish(entry)
    entry.title, entry.author_name, entry.pen_name = CANARIES["title"], CANARIES["author"], ""
    entry.document = entry.body = f"{CANARIES['body']}.\n\nĐoạn hai."
    photo = entry.photos[0]
    photo.caption, photo.alt, photo.photographer = CANARIES["caption"], CANARIES["alt"], CANARIES["credit"]
    photo.large_key = current_app.extensions["files"].put(_picture(), "webp")
    results = publish(found)
    results.report = {**results.report, "rankings": {entry.category: {entry.public_id: 1}}}
    voter = make_voter(found.contest)
    vote(found.contest, [entry], voter)
    db.session.commit()
    return found, voter


def crawl(client, clock, side, voter) -> dict[str, set[str]]:
    """Endpoint -> the canaries that anyone got from it."""
    entry, app = side.finalist, client.application
    known = {"slug": side.contest.slug, "public_id": entry.public_id, "size": "lon", "purpose": "register"}
    photos = [photo.public_id for photo in entry.photos]
    picture = app.extensions["files"].open(entry.photos[0].large_key)
    content = b"".join(picture.pieces)
    found: dict[str, set[str]] = {}
    for at in MOMENTS.values():
        clock.instant = at
        for who in ("visitor", "voter", "stranger"):
            client.delete_cookie("session")
            if who == "voter":
                with client.session_transaction() as session:
                    session["vote"] = {side.contest.slug: {"voter": voter, "until": 9e12, "shown": "09…"}}
            if who == "stranger":
                sign_in(client, make_user())
            for rule in app.url_map.iter_rules():
                if "GET" not in rule.methods or access_of(app, rule.endpoint).kind == "demo":
                    continue
                if rule.endpoint == "static" or "code" in rule.arguments:
                    continue  # a receipt is shown to whoever holds it; a unit's desk to its officers
                for public_id in (entry.public_id, *photos) if "public_id" in rule.arguments else ("",):
                    try:
                        values = {name: known.get(name, public_id) for name in rule.arguments}
                        values |= {"public_id": public_id} if public_id else {}
                        path = app.url_map.bind("localhost").build(rule.endpoint, values, method="GET")
                    except (BuildError, ValueError):
                        continue
                    # Pages are kept for seconds in this process; each question is a new one here.
                    answer = client.get(path + f"?{who}{at:%m%d}")
                    body = answer.get_data()
                    told = {what for what, canary in CANARIES.items() if canary.encode() in body}
                    told |= {"picture"} if body == content else set()
                    if told:
                        found.setdefault(rule.endpoint, set()).update(told)
    return found


def test_nothing_unapproved_is_on_any_public_surface(client, clock, side):
    assert crawl(client, clock, *side) == {}
    clock.instant = MOMENTS["vote"]
    code = side[0].finalist.blind_code
    for page in ("chung-khao", "binh-chon"):
        answer = client.get(f"/cuoc-thi/{side[0].contest.slug}/{page}")
        assert answer.status_code == 200
        assert code in answer.text  # the vote stays fair
    assert client.get(f"/bai/{side[0].finalist.public_id}").status_code == 404


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_with_an_edition_the_same_crawl_finds_it_everywhere(client, clock, side):
    publish_edition(side[0].finalist)
    db.session.commit()
    found = crawl(client, clock, *side)
    everywhere = {
        "api.embed",
        "complaints.send",
        "public.home",
        "public.stories",
        "public.finalists",
        "public.archive",
        "public.entry",
        "public.photo",
        "voting.booth",
        "voting.reading",
        "voting.poster",
        "voting.done",
        "results.ceremony",
        "results.honours",
    }
    assert set(found) == everywhere
    assert set().union(*found.values()) == {*CANARIES, "picture"}


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_without_the_predicate_the_crawl_fails(client, clock, side, monkeypatch):
    """Taking the guard out shows: an edition that is only being prepared would be everybody's."""
    entry = side[0].finalist
    edition = publish_edition(entry)
    edition.approved_at = None
    db.session.commit()
    assert crawl(client, clock, *side) == {}
    monkeypatch.setattr(shown, "find_editions", lambda ids, **_: {entry.id: edition} if entry.id in ids else {})
    assert {"public.finalists", "voting.booth", "results.honours"} <= set(crawl(client, clock, *side))


def test_what_is_withdrawn_is_gone_from_every_surface_at_once(client, clock, side):
    found, _ = side
    entry = found.finalist
    publish_edition(entry)
    withdraw(
        entry=entry, reason="Gia đình xin gỡ", actor=make_staff(found.contest, "organiser"), now=MOMENTS["shortlist"]
    )
    db.session.commit()
    named = {what for told in crawl(client, clock, *side).values() for what in told}
    assert named <= {"author"}  # the prize stays on record under the author's name
    clock.instant = MOMENTS["vote"]
    gone = client.get(f"/bai/{entry.public_id}")
    assert gone.status_code == 410
    assert entry.blind_code in gone.text
    assert "Gia đình" not in gone.text


def test_pages_of_readers_are_kept_for_seconds_only(client, clock, side):
    """Approval and withdrawal are seen after at most as long as a shared copy may live."""
    publish_edition(side[0].finalist)
    db.session.commit()
    clock.instant = MOMENTS["vote"] + timedelta(minutes=3)
    for path in (f"/bai/{side[0].finalist.public_id}", f"/anh/{side[0].finalist.photos[0].public_id}/lon"):
        kept = client.get(path).headers["Cache-Control"]
        assert 0 < int(kept.partition("max-age=")[2].split(",")[0]) <= 15
