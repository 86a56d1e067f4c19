"""Pages across rooms: my work, the organiser's home, and what is late."""

from __future__ import annotations

import re
from datetime import timedelta

from contest.desk.queries import risks
from contest.entries import services as screening
from tests.conftest import START
from tests.factories import make_contest, make_officer, make_staff, make_unit, make_user, sign_in
from tests.factories.entries import make_accepted
from tests.factories.voting import make_vote, vote


def test_my_work_shows_what_each_role_has_to_do(app, client):
    contest = make_contest()
    unit = make_unit("xã Khe Ngọn")
    person = make_staff(contest, "judge")
    make_officer(unit, person)
    sign_in(client, person)
    page = client.get("/cua-toi").text
    assert f"/cham/{contest.slug}" in page
    assert "xã Khe Ngọn" in page
    assert f"/ban-to-chuc/{contest.slug}" not in page


def test_units_whose_answer_is_awaited_stand_first(app, client):
    contest = make_contest()
    quiet, asked = make_unit("xã An Lạc"), make_unit("xã Khe Ngọn")
    officer = make_officer(quiet)
    make_officer(asked, officer)
    entry = make_accepted(contest, unit=asked)
    screening.ask_units(contest=contest, entries=[entry], actor=None, now=START)
    sign_in(client, officer)
    page = client.get("/cua-toi").text
    assert page.index("xã Khe Ngọn") < page.index("xã An Lạc")
    assert page.count("1 nhân vật cần xác minh") == 1


def test_a_newcomer_is_shown_where_to_write(app, client):
    contest = make_contest()
    sign_in(client, make_user())
    assert f"/cuoc-thi/{contest.slug}/viet" in client.get("/cua-toi").text


def test_the_organisers_home_has_turnout_but_no_tally(app, client, clock):
    contest, entries = make_vote()
    clock.instant = contest.rules.window("voting").opens + timedelta(hours=2)
    sign_in(client, make_staff(contest, "organiser"))
    address = f"/ban-to-chuc/{contest.slug}"
    vote(contest, [entries[0]])
    page = client.get(address).text
    assert "lượt bình chọn" in page
    for entry in entries:
        assert entry.title not in page
        assert entry.blind_code not in page


def test_what_is_late_stands_first(app, clock):
    contest, _ = make_vote()
    after = contest.rules.window("screening").closes + timedelta(days=400)
    found = risks(contest, after)
    assert [risk.kind for risk in found] == sorted(risk.kind for risk in found)
    assert risks(make_contest(1), START) == []


def test_a_stranger_learns_nothing_of_a_desk(app, client):
    contest = make_contest()
    sign_in(client, make_user())
    existing = client.get(f"/ban-to-chuc/{contest.slug}")
    missing = client.get("/ban-to-chuc/khong-co")
    assert existing.status_code == missing.status_code == 404
    # The form's token carries the second in which it was made.
    token = re.compile(r'(name="csrf[-_]token" (?:value|content)=")[^"]*"')
    assert token.sub("", existing.text).replace(contest.slug, "") == token.sub("", missing.text).replace("khong-co", "")


def test_forms_with_a_hidden_character_are_answered_in_words(app, client):
    """PostgreSQL refuses NUL; a form may hold it."""
    contest = make_contest()
    sign_in(client, make_staff(contest, "organiser"))
    person = {"name": "Lê Thị Mời", "email": "moi@an-lam.example", "role": "judge", "relatives": "Chồng: A\x00n"}
    assert client.post(f"/ban-to-chuc/{contest.slug}/nhan-su", data=person).status_code == 422
    assert client.post(f"/ban-to-chuc/{contest.slug}/ket-qua/trao-lai", data={"prize": "a\x00b"}).status_code == 303
