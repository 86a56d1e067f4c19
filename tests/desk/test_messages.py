"""The organiser's pages for the messages of a contest."""

from __future__ import annotations

import pytest

from contest.core.db import db, writing
from contest.outbox.models import MessageText
from contest.outbox.runner import render
from contest.outbox.services import ask_for_mail
from contest.outbox.wording import KINDS
from tests.factories import make_contest, make_staff, sign_in


@pytest.fixture
def contest(app):
    return make_contest()


def address(contest, template="entry_refused"):
    return f"/ban-to-chuc/{contest.slug}/tin-nhan/{template}"


def test_an_organiser_words_a_message_and_goes_back(contest, client):
    sign_in(client, make_staff(contest, "organiser"))
    assert "Lời" in client.get(f"/ban-to-chuc/{contest.slug}/tin-nhan").text
    assert "{reason}" in client.get(address(contest)).text
    words = {"subject": "Về bài {title}", "body": "Ban Thư ký trân trọng thông báo: {reason} {link}"}
    look = client.post(f"{address(contest)}/email", data={**words, "go": "look"})
    assert look.status_code == 200 and "trân trọng thông báo: Bài vượt quá" in look.text
    assert db.session.query(MessageText).count() == 0
    assert client.post(f"{address(contest)}/email", data={**words, "go": "keep"}).status_code == 303
    with writing() as now:
        sample = dict(KINDS["entry_refused"].sample)
        sent = ask_for_mail(to="an@an-lam.example", template="entry_refused", now=now, scope=contest.slug, **sample)
    assert render(sent).subject == "Về bài Người giữ rừng Khe Ngọn"
    listed = client.get(f"/ban-to-chuc/{contest.slug}/tin-nhan").text
    assert "a…@an-lam.example" in listed and "an@an-lam.example" not in listed
    assert client.post(f"{address(contest)}/email", data={**words, "go": "standard"}).status_code == 303
    assert db.session.query(MessageText).count() == 0


@pytest.mark.parametrize("go", ["keep", "look"])
def test_a_wording_that_is_not_taken_stays_on_the_page(contest, client, go):
    sign_in(client, make_staff(contest, "organiser"))
    words = {"subject": "Về {ten_bai}", "body": "Nội dung người viết gõ {link}", "go": go}
    page = client.post(f"{address(contest)}/email?ngon_ngu=en", data=words)
    assert page.status_code == 422
    assert "Về {ten_bai}" in page.text and "Nội dung người viết gõ" in page.text
    assert db.session.query(MessageText).count() == 0


def test_a_secretary_looks_and_does_not_change(contest, client):
    sign_in(client, make_staff(contest, "secretary"))
    assert client.get(address(contest)).status_code == 200
    assert client.post(f"{address(contest)}/email", data={"body": "{link}", "subject": "x"}).status_code == 404


@pytest.mark.parametrize("path", ["tin-nhan/vote_code", "tin-nhan/code_reset", "tin-nhan/khong-co"])
def test_codes_are_not_reworded(contest, client, path):
    sign_in(client, make_staff(contest, "organiser"))
    assert client.get(f"/ban-to-chuc/{contest.slug}/{path}").status_code == 404
