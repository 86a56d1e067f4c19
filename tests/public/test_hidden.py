"""What stays hidden on public pages: words kept from the judges, and the whole names of children."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from contest.core.db import db
from contest.entries.models import Entry, Photo
from contest.exemplars.models import Consent
from tests.factories.editions import republish
from tests.factories.entries import stored_photo
from tests.factories.voting import during, make_vote, make_voter, vote

SECRET = "Tố Uyên Nhi"
HIDDEN = "[…]"


def _photo(entry: Entry, **values: str) -> Photo:
    photo = Photo(entry=entry, position=1, created_at=entry.created_at, **stored_photo()._asdict(), **values)
    db.session.add(photo)
    return photo


def _known_here(client, slug, voter_id):
    with client.session_transaction() as session:
        session["vote"] = {slug: {"voter": voter_id, "until": 9e12, "shown": "n…@an-lam.example"}}


@pytest.mark.parametrize("path", ["/bai/{}", "/doc", "/", "chung-khao", "binh-chon", "binh-chon/da-gui"])
def test_words_hidden_from_the_judges_are_hidden_from_everyone_while_authors_are(app, client, clock, path):
    """In contest 2 readers have the stories while the final round is still marked blind."""
    contest, entries = make_vote(1)
    entry = entries[0]
    entry.title = f"{SECRET} kể chuyện mẹ"
    entry.body = f"Tôi là {SECRET}, con gái út của bà."
    entry.redactions = [SECRET]
    _photo(entry, caption=f"{SECRET} và mẹ", alt=f"Hai mẹ con {SECRET}", photographer=SECRET)
    republish(entry)
    db.session.commit()
    voter_id = make_voter(contest)
    vote(contest, [entry], voter_id)
    db.session.commit()
    _known_here(client, contest.slug, voter_id)
    clock.instant = during(contest)
    page = client.get(path.format(entry.public_id) if path.startswith("/") else f"/cuoc-thi/{contest.slug}/{path}")
    assert page.status_code == 200
    assert HIDDEN in page.text
    assert SECRET not in page.text
    clock.instant = contest.rules.instant(contest.rules.announcement.author_names_public_from)
    assert SECRET in client.get(f"/bai/{entry.public_id}").text


def test_a_child_who_is_written_about_is_called_by_the_given_name(app, client, clock):
    contest, entries = make_vote(0)
    entries[0].exemplar.name = "Lò Văn Tiểu Bảo"
    entries[0].exemplar.is_child = True
    for consent in db.session.scalars(select(Consent).where(Consent.exemplar == entries[0].exemplar)):
        consent.given_by = "both"
    db.session.commit()
    clock.instant = during(contest)
    page = client.get(f"/bai/{entries[0].public_id}")
    assert page.status_code == 200
    assert "Bảo" in page.text
    assert "Tiểu Bảo" not in page.text


def test_a_child_is_called_by_the_given_name_wherever_authors_are_named(app, client, clock):
    """Contest 1 names authors from the vote on, and takes entries from the age of 15."""
    contest, entries = make_vote(0)
    entry = entries[0]
    entry.author_name = "Hoàng Thị Ngọc Diệp"
    entry.author_birth_date = date(entry.submitted_at.year - 15, 1, 1)
    _photo(entry, caption="Bên sông", photographer="Hoàng Thị Ngọc Diệp")
    republish(entry)
    db.session.commit()
    clock.instant = during(contest)
    for path in ("binh-chon", "chung-khao"):
        page = client.get(f"/cuoc-thi/{contest.slug}/{path}").text
        assert "Diệp" in page
        assert "Ngọc Diệp" not in page
    assert "Ngọc Diệp" not in client.get(f"/bai/{entry.public_id}").text
