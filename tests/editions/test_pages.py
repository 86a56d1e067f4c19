"""The pages of approval: from the list to readers, without a script."""

from __future__ import annotations

import re

import pytest

from contest.core.db import db
from contest.editions import queries
from contest.editions.rules import CHECKS
from tests.factories import make_contest, make_staff, sign_in
from tests.factories.entries import make_finalist


@pytest.fixture
def entry(app):
    body = "Gọi 0912 345 678.\n\nĐoạn **hai**."
    found = make_finalist(make_contest(), published=False, title="Bến đò đêm", body=body)
    db.session.commit()
    return found


def version_on(page) -> str:
    found = re.search(r'name="version"[^>]*value="(\d+)"|value="(\d+)"[^>]*name="version"', page.text)
    assert found
    return found.group(1) or found.group(2)


def test_from_the_list_to_readers(client, clock, entry):
    contest = entry.contest
    desk = f"/ban-to-chuc/{contest.slug}/duyet-dang"
    page, photo = f"{desk}/{entry.public_id}", f"anh-{entry.photos[0].public_id}"
    secretary, organiser = make_staff(contest, "secretary"), make_staff(contest, "organiser")
    make_staff(contest, "organiser")
    sign_in(client, secretary)
    assert "Bến đò đêm" in client.get(desk).text
    assert client.post(desk, data={"chosen": [entry.public_id]}).status_code == 303
    shown = client.get(page)
    assert shown.status_code == 200
    assert "0912 345 678" in shown.text
    for secret in (entry.blind_code, entry.author_phone):
        assert secret not in shown.text  # neither the code nor who wrote it
    hidden = client.post(f"{page}/che", data={"version": version_on(shown), "chosen": ["0912 345 678"]})
    assert hidden.status_code == 303
    shown = client.get(page)
    assert "[…]" in shown.text
    typed = {
        "version": version_on(shown),
        "title": "Bến đò đêm (trích)",
        "document": "Gọi […].\n\n<script>alert(1)</script> **hai**",
        "abridged": "y",
        "author_shown": "y",
        f"{photo}-chu-thich": "Bến <b>sông</b>",
        f"{photo}-mo-ta": "",
        f"{photo}-nguoi-chup": "Người Chụp",
        f"{photo}-hien": "1",
    }
    assert client.post(page, data=typed).status_code == 303
    stale = client.post(page, data=typed | {"title": "Từ cửa sổ khác"})
    assert stale.status_code == 422
    assert "Từ cửa sổ khác" in stale.text  # nothing typed is lost
    assert client.post(page, data=typed | {"title": ""}).status_code == 422
    assert client.post(f"{page}/duyet").status_code == 404  # a secretary approves nothing

    sign_in(client, organiser)
    shown = client.get(page)
    assert "<script>alert" not in shown.text
    assert "Bến &lt;b&gt;sông" in shown.text
    version = version_on(shown)
    some = client.post(f"{page}/duyet", data={"version": version, "chosen": ["proofread"]})
    assert some.status_code == 422
    assert queries.find_edition(entry.id) is None
    assert client.post(f"{page}/duyet", data={"version": version, "chosen": list(CHECKS)}).status_code == 303
    db.session.expire_all()
    assert queries.find_edition(entry.id).title == "Bến đò đêm (trích)"
    history = client.get(f"{page}/lich-su")
    assert "<del>" in history.text
    assert "<ins>" in history.text

    clock.instant = contest.rules.window("voting").opens
    read = client.get(f"/bai/{entry.public_id}").text
    assert "Lược trích" in read
    assert "<strong>hai</strong>" in read
    assert "0912" not in read
    assert client.post(f"{page}/go", data={"reason": ""}).status_code == 422
    assert client.post(f"{page}/go", data={"reason": "Gia đình xin gỡ"}).status_code == 303
    client.delete_cookie("session")
    assert client.get(f"/bai/{entry.public_id}?lan-hai").status_code == 410
    assert entry.blind_code in client.get(f"/cuoc-thi/{contest.slug}/binh-chon").text


def test_the_organisers_home_says_what_is_not_approved(client, clock, entry):
    contest = entry.contest
    sign_in(client, make_staff(contest, "organiser"))
    home = f"/ban-to-chuc/{contest.slug}"
    opens = contest.rules.window("voting").opens
    assert "chưa được duyệt đăng" not in client.get(home).text
    clock.instant = opens
    assert "chưa được duyệt đăng" in client.get(home).text


@pytest.mark.parametrize("data", [{}, {"version": "9" * 40}, {"version": "²"}, {"version": "-1", "chosen": ["\x01"]}])
@pytest.mark.parametrize("verb", ["", "/che", "/duyet", "/bo", "/go"])
def test_odd_forms_are_answered_in_words(client, entry, verb, data):
    sign_in(client, make_staff(entry.contest, "organiser"))
    page = f"/ban-to-chuc/{entry.contest.slug}/duyet-dang/{entry.public_id}"
    assert client.post(page + verb, data=data).status_code in {303, 422}
    client.post(page + "/soan")
    assert client.post(page + verb, data=data).status_code in {303, 422}
