"""What readers find when an exemplar withdraws a consent, or while it is on hold: nothing of it, anywhere."""

from __future__ import annotations

import pytest

from contest.core.db import db
from contest.entries.models import Photo
from contest.exemplars.consents import record_consent, withdraw_consent
from contest.voting.queries import gallery
from tests.conftest import START
from tests.factories import make_user
from tests.factories.editions import publish_edition
from tests.factories.voting import during, make_vote

NAME = "Bà Hoàng Thị Mỵ"


@pytest.fixture
def story(app, clock):
    """A story that readers have: named, with a photo in which its exemplar can be recognised."""
    contest, entries = make_vote(0)
    entry = entries[0]
    entry.exemplar.name = NAME
    entry.title = f"Theo chân {NAME}"
    files = app.extensions["files"]
    key = files.put(b"RIFF0000WEBP", "webp")
    db.session.add(
        Photo(
            entry=entry,
            position=1,
            large_key=key,
            middle_key=key,
            small_key=key,
            width=16,
            height=12,
            sha256="0" * 64,
            caption="Bên bếp lửa",
            recognised="people",
            consent=True,
            created_at=START,
        )
    )
    db.session.flush()
    publish_edition(entry)
    db.session.commit()
    clock.instant = during(contest)
    return entry


def pages(story):
    slug = story.contest.slug
    return ["/", "/doc", f"/cuoc-thi/{slug}/chung-khao", f"/cuoc-thi/{slug}/binh-chon", f"/bai/{story.public_id}"]


def test_readers_have_it_before(story, client):
    assert client.get(f"/bai/{story.public_id}").status_code == 200
    assert client.get(f"/anh/{story.photos[0].public_id}/lon").status_code == 200
    assert NAME in client.get(f"/bai/{story.public_id}").text
    assert story.id in {entry.entry_id if hasattr(entry, "entry_id") else entry.id for entry in gallery(story.contest)}


def test_a_withdrawn_consent_takes_the_story_off_every_page_at_once(story, client):
    withdraw_consent(exemplar=story.exemplar, actor=make_user(), now=START)
    db.session.commit()
    for path in pages(story):
        assert "Hoàng Thị Mỵ" not in client.get(path).text, path
    page = client.get(f"/bai/{story.public_id}")
    assert page.status_code == 410
    assert "theo đề nghị của nhân vật" in page.text
    assert story.blind_code in page.text
    assert client.get(f"/anh/{story.photos[0].public_id}/lon").status_code == 404
    # The entry stays in the contest; agreeing again brings the story back.
    assert story.state == "accepted"
    again = {"purposes": ["present", "photos"], "given_by": "exemplar", "actor": make_user(), "now": START}
    record_consent(exemplar=story.exemplar, **again)
    db.session.commit()
    assert client.get(f"/bai/{story.public_id}").status_code == 200


def test_of_a_story_on_hold_there_is_no_trace(story, client):
    nothing = client.get("/bai/zzzzzzzzzzzzzz")
    story.exemplar.held_at, story.exemplar.hold_reason = START, "discipline_under_review"
    db.session.commit()
    for path in pages(story):
        assert "Hoàng Thị Mỵ" not in client.get(path).text, path
    page = client.get(f"/bai/{story.public_id}")
    assert page.status_code == nothing.status_code == 404
    assert page.text.replace(story.public_id, "") == nothing.text.replace("zzzzzzzzzzzzzz", "")


def test_photos_can_be_withdrawn_alone(story, client):
    address, photo = f"/bai/{story.public_id}", f"/anh/{story.photos[0].public_id}/lon"
    withdraw_consent(exemplar=story.exemplar, purpose="photos", actor=make_user(), now=START)
    db.session.commit()
    page = client.get(address)
    assert page.status_code == 200
    assert NAME in page.text
    assert "/anh/" not in page.text
    assert client.get(photo).status_code == 404
    story.photos[0].recognised = "nobody"
    db.session.commit()
    assert client.get(photo).status_code == 200, "nobody is recognised in it"
