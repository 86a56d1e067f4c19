"""Personal data: what is told, what is asked, what is erased, and when the clock runs out."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date, datetime, timedelta

import pytest

from contest.accounts.personal import ERASED_NAME
from contest.accounts.services import give_site_role
from contest.core.db import db, writing
from contest.core.errors import Conflict, Refused
from contest.entries import services as entries
from contest.entries.models import Attachment, Entry
from contest.outbox.models import Message
from contest.privacy import services
from contest.privacy.models import RetentionRun
from contest.privacy.queries import data_about
from contest.privacy.retention import run_retention
from contest.privacy.rules import months_after
from contest.results.queries import find_standing
from contest.voting.identity import secret_of
from contest.voting.models import VoteKey
from tests.conftest import START, VIETNAM
from tests.factories import make_contest, make_officer, make_staff, make_unit, make_user, sign_in
from tests.factories.entries import make_draft, make_submitted
from tests.factories.results import make_results, publish


@pytest.fixture
def operator(app):
    person = make_user("Vận Hành")
    give_site_role(person=person, name="operator", now=START, actor=None)
    db.session.commit()
    return person


def asked(person, kind="erase", text=""):
    db.session.commit()
    with writing() as now:
        return services.ask(person=person, kind=kind, text=text, now=now)


@pytest.mark.parametrize(
    ("at", "months", "day"),
    [
        (datetime(2027, 6, 11, 8, tzinfo=VIETNAM), 12, date(2028, 6, 11)),
        (datetime(2027, 8, 31, 8, tzinfo=VIETNAM), 6, date(2028, 2, 29)),
        (datetime(2027, 1, 31, 8, tzinfo=VIETNAM), 1, date(2027, 2, 28)),
        (datetime(2027, 12, 1, 0, tzinfo=VIETNAM), 1, date(2028, 1, 1)),
    ],
)
def test_months_end_with_the_month(at, months, day):
    assert months_after(at, months) == day


def test_the_clock_is_two_working_days(app):
    make_contest()
    # A Thursday: the answer is due on Monday.
    assert date(2027, 3, 18).weekday() == 3
    person = make_user()
    request = services.ask(person=person, kind="copy", text="", now=datetime(2027, 3, 18, 23, 59, tzinfo=VIETNAM))
    assert request.due_on == date(2027, 3, 22)


def test_the_same_request_is_made_once_and_not_without_end(app):
    person = make_user()
    assert asked(person, "correct", "Sai họ.").id == asked(person, "correct", "Sai họ.").id
    for number in range(4):
        asked(person, "other", f"Việc {number}")
    with pytest.raises(Refused):
        asked(person, "other", "Việc nữa")


@pytest.mark.parametrize(("kind", "text"), [("", ""), ("everything", ""), ("other", "x" * 3001)])
def test_a_bad_request_is_refused(app, kind, text):
    with pytest.raises(Refused):
        asked(make_user(), kind, text)


def test_a_request_by_letter_says_who_asks_and_how_it_came(app, operator):
    def entered(name="Bà Lê Thị Mơ", channel="paper"):
        return services.enter(
            name=name, contact="An Lam", channel=channel, kind="copy", text="", actor=operator, now=START
        )

    assert entered().channel == "paper"
    for wrong in ({"name": " "}, {"channel": "web"}, {"channel": "pigeon"}):
        with pytest.raises(Refused):
            entered(**wrong)


def test_a_person_sees_and_takes_what_is_held_and_nobody_elses(app, client):
    contest = make_contest()
    person, other = make_user("Lê Thị Mơ"), make_user("Người Khác")
    make_submitted(contest, person, title="Chuyện của Mơ")
    make_submitted(contest, other, title="Chuyện của người khác")
    sign_in(client, person)
    page = client.get("/tai-khoan/du-lieu").text
    assert "Chuyện của Mơ" in page and "người khác" not in page
    answer = client.get("/tai-khoan/du-lieu/tai-ve")
    assert answer.headers["Cache-Control"] == "private, no-store"
    bundle = zipfile.ZipFile(io.BytesIO(answer.data))
    data = json.loads(bundle.read("data.json"))
    assert data["account"]["name"] == "Lê Thị Mơ"
    assert [entry["title"] for entry in data["entries"]] == ["Chuyện của Mơ"]
    assert "người khác" not in bundle.read("data.json").decode()
    assert "Chuyện của Mơ" in bundle.read("entries/01.md").decode()
    for secret in ("password", "totp", "$argon2"):
        assert secret not in bundle.read("data.json").decode()


def test_what_is_asked_is_answered_once(app, client, operator):
    person = make_user("Lê Thị Mơ")
    request = asked(person, "correct", "Sai ngày sinh.")
    with writing() as now:
        services.take(request=request, actor=operator, now=now)
        services.answer(request=request, outcome="done", text="Đã sửa.", actor=operator, now=now)
    with pytest.raises(Conflict), writing() as now:
        services.answer(request=request, outcome="declined", text="Không.", actor=operator, now=now)
    sign_in(client, person)
    assert "Đã sửa." in client.get("/tai-khoan/du-lieu").text
    assert [m.template.removesuffix("_sms") for m in db.session.query(Message)] == ["data_answer"]


def test_nobody_calls_off_anothers_request(app, client):
    request = asked(make_user())
    sign_in(client, make_user())
    assert client.post(f"/tai-khoan/du-lieu/{request.public_id}/thoi").status_code == 404
    sign_in(client, request.user)
    assert client.post(f"/tai-khoan/du-lieu/{request.public_id}/thoi").status_code == 303
    assert request.outcome == "called_off"


def test_the_desk_keeps_what_was_typed(app, client, operator):
    sign_in(client, operator)
    page = client.post(
        "/du-lieu-ca-nhan", data={"name": "Bà Lò Thị Mẩy", "channel": "phone", "kind": "", "text": "Xin rút"}
    )
    assert page.status_code == 422 and "Bà Lò Thị Mẩy" in page.text and "Xin rút" in page.text
    done = client.post(
        "/du-lieu-ca-nhan", data={"name": "Bà Lò Thị Mẩy", "channel": "phone", "kind": "withdraw", "text": "Xin rút"}
    )
    assert done.status_code == 303
    assert "Bà Lò Thị Mẩy" in client.get(done.headers["Location"]).text
    bad = client.post(f"{done.headers['Location']}/dap", data={"text": "Đã rút giúp bà."})
    assert bad.status_code == 422 and "Đã rút giúp bà." in bad.text


# Erasing


def erase(request, operator):
    db.session.commit()
    with writing() as now:
        return services.erase_person(request=request, actor=operator, now=now)


def test_an_entry_in_a_running_contest_stands_against_erasure(app, operator):
    contest = make_contest()
    person = make_user("Lê Thị Mơ")
    entry = make_submitted(contest, person)
    request = asked(person)
    with pytest.raises(Refused):
        erase(request, operator)
    assert person.erased_at is None
    with writing() as now:
        entries.withdraw(entry=entry, actor=person, now=now)
    erase(request, operator)
    db.session.expire_all()
    assert (person.name, person.email, person.phone, person.active) == (ERASED_NAME, None, None, False)
    assert (entry.author_name, entry.author_phone, entry.title, entry.body) == (ERASED_NAME, "", "", "")
    assert all(receipt.text == "" and receipt.text_sha256 for receipt in entry.receipts)


def test_a_role_stands_against_erasure(app, operator):
    contest = make_contest()
    for holder in (make_staff(contest, "judge"), make_officer(make_unit(), make_user())):
        person = getattr(holder, "user", holder)
        with pytest.raises(Refused):
            erase(asked(person), operator)


def test_drafts_go_and_the_person_cannot_come_back(app, client, operator):
    person = make_user("Lê Thị Mơ", phone="+84912000111")
    make_draft(make_contest(), person)
    sign_in(client, person)
    assert client.get("/cua-toi").status_code == 200
    erase(asked(person), operator)
    assert db.session.query(Entry).count() == 0
    assert client.get("/cua-toi").status_code == 302
    left = [message.address for message in db.session.query(Message)]
    assert len(left) <= 1  # the one that tells of it


def test_only_who_asked_for_erasure_is_erased(app, operator):
    with pytest.raises(Refused):
        erase(asked(make_user(), "copy"), operator)


def test_a_story_with_a_prize_stays_without_contact_data(app, operator):
    world = make_results()
    publish(world)
    at = world.contest.rules.official_at + timedelta(days=1)
    award_entry = world.entries["Đồi cằn trổ hoa"]
    title, name = award_entry.title, award_entry.author_name
    person = award_entry.author
    request = services.ask(person=person, kind="erase", text="", now=at)
    services.erase_person(request=request, actor=operator, now=at)
    assert (award_entry.title, award_entry.author_name, award_entry.author_phone) == (title, name, "")
    assert person.erased_at == at


# By rule


def test_retention_erases_when_it_is_due_and_once(app):
    world = make_results()
    publish(world)
    contest = world.contest
    official, winners = contest.rules.official_at, {award.entry_id for award in world_awards(contest)}
    loser = next(entry for entry in world.entries.values() if entry.id not in winners)
    winner = next(entry for entry in world.entries.values() if entry.id in winners)
    for entry in (loser, winner):
        entry.author_phone = "0912 000 111"
        db.session.add(
            Attachment(
                public_id=f"tep{entry.public_id[3:]}",
                entry_id=entry.id,
                kind="source",
                key=f"aa/{entry.id:030}.txt",
                name="bai.txt",
                media_type="text/plain",
                size=1,
                sha256="0" * 64,
                added_at=START,
            )
        )
    draft = make_draft(contest, make_user())
    secret_of(contest.id)
    db.session.commit()

    def run(day):
        return run_retention(datetime(day.year, day.month, day.day, tzinfo=VIETNAM))

    half, year = months_after(official, 6), months_after(official, 12)
    assert run(half - timedelta(days=1)) == []
    assert db.session.get(VoteKey, contest.id) is not None
    run(half)
    assert db.session.get(VoteKey, contest.id) is None
    assert loser.author_phone
    run(year - timedelta(days=1))
    assert loser.author_phone
    keys = run(year)
    assert f"aa/{loser.id:030}.txt" in keys
    db.session.expire_all()
    assert (loser.author_phone, winner.author_phone) == ("", "0912 000 111")
    assert db.session.get(Entry, draft.id) is None
    runs = db.session.query(RetentionRun).count()
    assert run(year + timedelta(days=1)) == []
    assert db.session.query(RetentionRun).count() == runs


def world_awards(contest):
    return find_standing(contest.id).awards


def test_a_person_with_nothing_has_data_too(app):
    assert data_about(make_user(), START)["entries"] == []
