"""The pages of the vote, as a reader meets them: choosing, proving, casting, changing, leaving."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from flask_migrate import upgrade
from sqlalchemy import delete, func, select

from contest.app import create_app
from contest.core import clock as clocks
from contest.core.db import db
from contest.core.web import limiter
from contest.outbox.models import Message
from contest.outbox.runner import render
from contest.voting import counting, queries
from contest.voting.models import Ballot, Choice, Voter
from contest.voting.models_log import Leaf
from contest.voting.models_review import VoterTrace
from tests.conftest import settings_for
from tests.factories import make_contest, make_user, sign_in
from tests.factories.judging import make_finalist
from tests.factories.voting import (
    during,
    last_code,
    let_fall_out,
    make_vote,
    make_voter,
    seal_log,
    vote,
    voting_window,
)

# Also where several browsers are made by hand: each request starts afresh (see conftest.Client).
pytestmark = pytest.mark.usefixtures("client")

NUMBER, KEPT = "0912 345 678", "+84912345678"
US = timedelta(microseconds=1)
_TOKEN = re.compile(r'(name="csrf_token" value=")[^"]+')
# The form token differs with every visit, and with it the length of the page.
_VARYING = {"Set-Cookie", "Date", "Content-Length"}
_PICK = re.compile(r'name="pick" value="([0-9a-z]{14})"( checked)?')


@pytest.fixture
def contest(app, clock):
    found, _ = make_vote()
    clock.instant = during(found)
    return found


@pytest.fixture
def entries(contest):
    return [entry.public_id for entry in queries.gallery(contest)]


@pytest.fixture
def base(contest):
    return f"/cuoc-thi/{contest.slug}/binh-chon"


def words(response):
    """What stands on the page, without markup."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.text)))


def follow(client, response, status=200):
    assert response.status_code == 303, words(response)
    page = client.get(response.location)
    assert page.status_code == status
    return page


def prove(client, base, contact=NUMBER, kept=KEPT):
    """Ask for a code and type it; returns the answer to the code."""
    assert client.post(f"{base}/xac-thuc", data={"contact": contact}).location == f"{base}/ma"
    return client.post(f"{base}/ma", data={"code": last_code(kept)})


def shown(response):
    return [pick for pick, _ in _PICK.findall(response.text)]


def checked(response):
    return {pick for pick, mark in _PICK.findall(response.text) if mark}


def count(model):
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model))


# The whole way


def test_choose_first_then_prove_and_the_ballot_is_cast(client, base, entries, contest):
    page = follow(client, client.post(base, data={"pick": entries[:2]}))
    assert "2 bài đã chọn vẫn được giữ" in words(page)
    page = follow(client, prove(client, base))
    assert "Phiếu đã được ghi nhận" in words(page)
    (ballot,) = db.session.scalars(select(Ballot)).all()
    own = queries.find_own_ballot(contest, ballot.voter_id)
    assert set(own.standing) == set(entries[:2])
    assert own.shown_id in page.text and "24/05/2027, 17:00" in words(page)


def test_prove_first_then_choose(client, base, entries):
    page = follow(client, prove(client, base))
    assert "Ông/bà đang bình chọn bằng 09…678" in words(page) and count(Ballot) == 0
    page = follow(client, client.post(base, data={"pick": entries[:3], "revision": "0"}))
    assert "Phiếu của ông/bà đã được ghi nhận" in words(page) and count(Choice) == 3


def test_choices_survive_a_wrong_code_and_a_new_one(client, base, entries):
    client.post(base, data={"pick": entries[:3]})
    client.post(f"{base}/xac-thuc", data={"contact": NUMBER})
    wrong = f"{(int(last_code(KEPT)) + 1) % 10**6:06d}"
    page = client.post(f"{base}/ma", data={"code": wrong})
    assert page.status_code == 422 and "đã hết hiệu lực" in words(page)
    follow(client, client.post(f"{base}/gui-lai"))
    assert checked(client.get(base)) == set(entries[:3])
    follow(client, client.post(f"{base}/ma", data={"code": last_code(KEPT)}))
    assert count(Choice) == 3


def test_change_until_the_close_from_another_device(app, client, base, entries):
    client.post(base, data={"pick": entries[:2]})
    prove(client, base)
    other = app.test_client()
    page = follow(other, prove(other, base))
    assert checked(page) == set(entries[:2])
    page = follow(other, other.post(base, data={"pick": entries[2:4], "revision": "1"}))
    assert "Phiếu của ông/bà đã được thay đổi" in words(page)
    assert count(Ballot) == 1 and count(Choice) == 2 and count(Leaf) == 3


def test_a_change_from_a_page_that_is_old_overwrites_nothing_and_keeps_what_was_chosen(client, base, entries):
    client.post(base, data={"pick": entries[:1]})
    prove(client, base)
    client.post(base, data={"pick": entries[1:2], "revision": "1"})
    page = client.post(base, data={"pick": entries[2:3], "revision": "1"})
    assert page.status_code == 409 and "cửa sổ khác" in words(page)
    assert checked(page) == {entries[2]} and 'name="revision" value="2"' in page.text
    follow(client, client.post(base, data={"pick": entries[2:3], "revision": "2"}))


def test_the_same_ballot_again_is_answered_calmly(client, base, entries):
    client.post(base, data={"pick": entries[:1]})
    prove(client, base)
    page = follow(client, client.post(base, data={"pick": entries[:1], "revision": "1"}))
    assert "Không có gì thay đổi" in words(page) and count(Leaf) == 2


def test_finish_and_forget(client, base, entries, contest):
    client.post(base, data={"pick": entries[:1]})
    prove(client, base)
    page = follow(client, client.post(f"{base}/xong"))
    assert "Máy này đã quên ông/bà" in words(page)
    assert client.get(f"{base}/da-gui").location == base
    page = client.get(base)
    assert "09…678" not in page.text and not checked(page)
    with client.session_transaction() as session:
        assert "vote" not in session
    assert count(Ballot) == 1


def test_a_phone_forgets_by_itself_after_two_hours(client, base, entries, monkeypatch):
    prove(client, base)
    later = clocks.wall() + timedelta(hours=2)
    monkeypatch.setattr(clocks, "wall", lambda: later)
    assert "09…678" not in client.get(base).text
    # The ballot sent from such a page is not lost: it asks who this is.
    assert client.post(base, data={"pick": entries[:1]}).location == f"{base}/xac-thuc"
    assert checked(client.get(base)) == {entries[0]}


def test_a_voter_who_is_no_longer_known_is_asked_again(client, base, entries):
    prove(client, base)
    db.session.rollback()
    for model in (VoterTrace, Voter):
        db.session.execute(delete(model))
    db.session.commit()
    assert client.get(base).status_code == 200
    assert client.post(base, data={"pick": entries[:1]}).location == f"{base}/xac-thuc"


def test_signing_in_and_voting_do_not_disturb_each_other(client, base, entries):
    person = make_user()
    sign_in(client, person)
    client.post(base, data={"pick": entries[:1]})
    follow(client, prove(client, base))
    assert client.get("/cua-toi").status_code == 200


def test_two_contests_are_voted_in_side_by_side(client, base, entries, clock):
    other, theirs = make_vote(1)
    prove(client, base)
    with client.session_transaction() as session:
        session["vote"] = {**session["vote"], other.slug: {"picks": [theirs[0].public_id]}}
    follow(client, client.post(base, data={"pick": entries[:1]}))
    with client.session_transaction() as session:
        assert session["vote"][other.slug]["picks"] == [theirs[0].public_id]


# What is refused, in words


def test_nothing_chosen_and_too_many_chosen(client, base, entries):
    for known in (False, True):
        if known:
            prove(client, base)
        page = client.post(base, data={})
        assert page.status_code == 422 and "Xin chọn ít nhất một bài" in words(page)
        page = client.post(base, data={"pick": entries[:4]})
        assert page.status_code == 422 and "ông/bà đã chọn 4 bài" in words(page)
        assert checked(page) == set(entries[:4])
    assert count(Ballot) == 0


def test_an_entry_that_fell_out_while_choosing(client, base, entries, contest):
    prove(client, base)
    let_fall_out(next(entry for entry in queries.gallery(contest) if entry.public_id == entries[0]))
    page = client.post(base, data={"pick": entries[:2]})
    assert page.status_code == 422 and "không còn trong danh sách chung khảo" in words(page)
    assert checked(page) == {entries[1]}


def test_a_choice_that_fell_out_shows_to_its_voter_and_is_replaced(client, base, entries, contest):
    client.post(base, data={"pick": entries[:2]})
    prove(client, base)
    fallen = next(entry for entry in queries.gallery(contest) if entry.public_id == entries[0])
    let_fall_out(fallen)
    page = client.get(base)
    assert f"Bài mã số {fallen.blind_code} mà ông/bà đã chọn không còn" in words(page)
    assert fallen.title not in page.text and checked(page) == {entries[1]}
    done = client.get(f"{base}/da-gui")
    assert "không được tính" in words(done) and fallen.title not in done.text
    follow(client, client.post(base, data={"pick": entries[1:3], "revision": "1"}))


@pytest.mark.parametrize("contact", ["", "abc", "0243 825 1234", "an@gmail.com", "0912\x00345678", "9" * 4000])
def test_a_contact_that_is_none(client, base, contact):
    page = client.post(f"{base}/xac-thuc", data={"contact": contact})
    assert page.status_code == 422 and "error-summary" in page.text
    assert count(Message) == 0


@pytest.mark.parametrize(
    "form",
    [
        {"pick": ["\x00" * 14]},
        {"pick": ["' OR 1=1 --  "]},
        {"pick": ["x" * 10_000]},
        {"pick": ["đ" * 14]},
        {"pick": ["khongcobainao1"], "revision": "9" * 30},
        {"pick": ["khongcobainao1"], "revision": "-1"},
        {"pick": ["khongcobainao1"], "revision": "１"},
        {"pick": ["khongcobainao1"], "revision": ""},
        {"pick": [""]},
    ],
)
def test_what_no_page_of_ours_sends_is_refused_and_nothing_breaks(client, base, form):
    prove(client, base)
    assert client.post(base, data=form).status_code == 422
    fresh = client.application.test_client()
    assert fresh.post(base, data=form).status_code in {303, 422}
    assert fresh.get(base).status_code == 200
    assert count(Ballot) == 0


# Before, while, after


def test_there_is_no_booth_before_the_rules_are_issued(app, client, clock):
    contest = make_contest()
    clock.instant = contest.rules.instant("issue") - US
    for path in ("", "/xac-thuc", "/ma", "/da-gui"):
        assert client.get(f"/cuoc-thi/{contest.slug}/binh-chon{path}").status_code == 404
    clock.instant = contest.rules.instant("issue")
    assert client.get(f"/cuoc-thi/{contest.slug}/binh-chon").status_code == 200
    assert client.get("/cuoc-thi/khong-co/binh-chon").status_code == 404
    assert client.post("/cuoc-thi/khong-co/binh-chon", data={"pick": "a"}).status_code == 404


def test_before_the_opening_and_from_the_close_on(client, base, entries, contest, clock):
    opens, closes = voting_window(contest)
    prove(client, base)
    vote(contest, list(queries.gallery(contest))[:1])
    for instant, heading in ((opens - US, "Chưa đến giờ bình chọn"), (closes, "Bình chọn đã kết thúc")):
        clock.instant = instant
        page = client.get(base)
        assert heading in words(page) and not shown(page) and not re.search(r"\d phiếu", words(page))
        answer = client.post(base, data={"pick": entries[:1]})
        assert answer.status_code == 422 and heading in words(answer)
        assert client.get(f"{base}/ma").location == base
        assert client.post(f"{base}/xac-thuc", data={"contact": NUMBER}).location == base
    assert "đến sau giờ kết thúc" in words(answer)
    assert count(Ballot) == 1
    clock.instant = opens
    assert len(shown(client.get(base))) == 5
    clock.instant = closes - US
    assert len(shown(client.get(base))) == 5


def test_ones_own_ballot_can_be_seen_after_the_close(client, base, entries, contest, clock):
    client.post(base, data={"pick": entries[:1]})
    prove(client, base)
    clock.instant = voting_window(contest)[1]
    page = client.get(base)
    assert f"{base}/da-gui" in page.text
    page = client.get(f"{base}/da-gui")
    assert "phiếu giữ nguyên như trên" in words(page) and "Thay đổi phiếu" not in words(page)


def test_a_way_to_confirm_that_this_site_lacks_is_said(client, base, monkeypatch):
    monkeypatch.setattr("contest.voting.channels.CHANNELS", {})
    page = client.get(base)
    assert "chưa tổ chức được bình chọn" in words(page) and page.status_code == 200
    assert client.get(f"{base}/xac-thuc").location == base
    assert client.post(base, data={"pick": "a" * 14}).status_code == 200


def test_a_vote_without_finalists_says_what_will_be_here(app, client, clock):
    contest = make_contest()
    clock.instant = during(contest)
    assert "Chưa có bài để chọn" in words(client.get(f"/cuoc-thi/{contest.slug}/binh-chon"))


# What the pages show, and to whom


def test_authors_are_named_where_the_rules_say_so(client, base, contest, clock):
    page = client.get(base)
    assert all(entry.author_name in page.text for entry in queries.gallery(contest))
    other, theirs = make_vote(1)
    clock.instant = during(other)
    page = client.get(f"/cuoc-thi/{other.slug}/binh-chon")
    assert not any(entry.author_name in page.text for entry in theirs)
    assert all(entry.blind_code in page.text for entry in theirs)


def test_turnout_is_shown_while_open_where_the_rules_say_so(client, base, contest):
    for _ in range(2):
        vote(contest, list(queries.gallery(contest))[:1])
    seal_log(contest)
    assert "đã có 2 phiếu" in words(client.get(base))


def test_everything_of_the_vote_is_private(client, base, entries):
    client.post(base, data={"pick": entries[:1]})
    prove(client, base)
    for path in ("", "/da-gui", "/xac-thuc", "/ma"):
        assert client.get(base + path).headers["Cache-Control"] == "private, no-store"


def test_each_voter_has_an_order_of_their_own_that_stays(app, client, base, contest, clock):
    for _ in range(7):
        make_finalist(contest, "A")
    prove(client, base)
    mine = shown(client.get(base))
    clock.instant += timedelta(hours=5)
    assert shown(client.get(base)) == mine
    other = app.test_client()
    prove(other, base, "0987 654 321", "+84987654321")
    assert shown(other.get(base)) != mine and set(shown(other.get(base))) == set(mine)


def test_a_passer_by_gets_another_order_each_minute(app, base, contest, clock):
    for _ in range(7):
        make_finalist(contest, "A")
    db.session.commit()
    clock.instant = clock.instant.replace(second=0)
    orders = []
    for seconds in (0, 30, 60):
        clock.instant = during(contest) + timedelta(seconds=seconds)
        orders.append(shown(app.test_client().get(base)))
    assert orders[0] == orders[1] != orders[2]


def test_a_contact_that_has_voted_is_answered_like_any_other(app, base, contest, entries):
    """Same status, same bytes, same cookie, whether the number has voted, asked too often or is new."""
    voted, asked, fresh = "0912345678", "0912345679", "0912345670"
    first = app.test_client()
    first.post(base, data={"pick": entries[:1]})
    prove(first, base, voted, "+84912345678")
    for _ in range(3):
        app.test_client().post(f"{base}/xac-thuc", data={"contact": asked})
    answers = []
    for number in (voted, asked, fresh):
        client = app.test_client()
        sent = client.post(f"{base}/xac-thuc", data={"contact": number})
        page = client.get(sent.location)
        with client.session_transaction() as session:
            note = dict(session["vote"][contest.slug])
        text = _TOKEN.sub(r"\1", page.text)
        text = text.replace(f"{number[:4]} {number[4:7]} {number[7:]}", "NUMBER")
        assert note == {"contact": f"+84{number[1:]}"}
        answers.append((sent.status_code, sent.location, sent.text, sorted(sent.headers.keys()), text))
    assert answers[0] == answers[1] == answers[2]


def test_two_worlds_that_differ_in_votes_alone_look_the_same(app, base, contest, clock):
    """Before the results no byte and no header tells which entries were chosen."""
    entries = list(queries.gallery(contest))
    watcher = app.test_client()
    follow(watcher, prove(watcher, base, "0999888777", "+84999888777"))
    paths = [
        base,
        f"{base}/xac-thuc",
        "/",
        "/cuoc-thi",
        "/doc",
        "/ket-qua",
        f"/cuoc-thi/{contest.slug}",
        f"/cuoc-thi/{contest.slug}/chung-khao",
        f"/cuoc-thi/{contest.slug}/the-le",
        *(f"/bai/{entry.public_id}" for entry in entries),
    ]
    paths += [f"/en{path}" for path in paths]
    voters = [make_voter(contest) for _ in range(6)]
    opens, closes = voting_window(contest)
    instants = (during(contest), closes - US, closes, contest.rules.results_at - US)

    def world(chosen):
        for model in (Choice, Leaf, Ballot):
            db.session.execute(delete(model))
        db.session.commit()
        for voter in voters:
            vote(contest, chosen, voter, now=opens)
        seen = {}
        for instant in instants:
            clock.instant = instant
            for path in paths:
                for name, client in (("passer-by", app.test_client()), ("voter", watcher)):
                    answer = client.get(path)
                    headers = sorted((key, value) for key, value in answer.headers if key not in _VARYING)
                    seen[instant, path, name] = (answer.status_code, headers, _TOKEN.sub(r"\1", answer.text))
        return seen

    first = world(entries[:1])
    second = world(entries[3:5])
    assert counting.count_votes(contest).votes[entries[3].public_id] == 6
    assert first == second
    assert {status for status, _, _ in first.values()} <= {200, 303, 404}


# Language, tokens, limits, messages


def test_the_vote_in_english(client, base, entries):
    page = client.get(f"/en{base}")
    text = words(page)
    assert "Readers' vote" in text and "Choose up to 3 entries" in text and "Bạn đọc bình chọn" not in text
    answer = client.post(f"/en{base}", data={"pick": entries[:1]})
    assert answer.location == f"/en{base}/xac-thuc"
    client.post(f"/en{base}/xac-thuc", data={"contact": NUMBER})
    answer = client.post(f"/en{base}/ma", data={"code": last_code(KEPT)})
    assert "Your ballot is in" in words(follow(client, answer))
    assert db.session.scalars(select(Message.locale)).all() == ["en"]


def test_a_form_without_its_token_is_refused(app, client, base, entries, monkeypatch):
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    for path in ("", "/xac-thuc", "/ma", "/gui-lai", "/xong"):
        assert client.post(base + path, data={"pick": entries[:1], "contact": NUMBER}).status_code == 400
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(base).text)[1]
    assert client.post(base, data={"pick": entries[:1], "csrf_token": token}).status_code == 303
    client.post(f"{base}/xac-thuc", data={"contact": NUMBER, "csrf_token": token})
    page = client.post(f"{base}/ma", data={"code": last_code(KEPT), "csrf_token": token})
    # Whoever knew the token before the code knows nothing any more.
    done = follow(client, page)
    assert client.post(base, data={"pick": entries[1:2], "csrf_token": token}).status_code == 400
    token = re.search(r'name="csrf_token" value="([^"]+)"', done.text)[1]
    assert client.post(base, data={"pick": entries[1:2], "csrf_token": token}).status_code == 303


def test_a_refused_ballot_after_the_code_can_be_sent_again(app, client, base, entries, contest, monkeypatch):
    """The page that answers the code itself carries a token that works."""
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(base).text)[1]
    client.post(base, data={"pick": entries[:1], "csrf_token": token})
    client.post(f"{base}/xac-thuc", data={"contact": NUMBER, "csrf_token": token})
    let_fall_out(next(entry for entry in queries.gallery(contest) if entry.public_id == entries[0]))
    page = client.post(f"{base}/ma", data={"code": last_code(KEPT), "csrf_token": token})
    assert page.status_code == 422
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
    assert client.post(base, data={"pick": entries[1:2], "csrf_token": token}).status_code == 303


@pytest.mark.parametrize("locale", ["vi", "en"])
@pytest.mark.parametrize("index", [0, 1])
def test_the_message_with_the_code(app, client, clock, index, locale):
    contest, _ = make_vote(index)
    clock.instant = during(contest)
    prefix = "/en" if locale == "en" else ""
    contact = "an@an-lam.example" if index else NUMBER
    client.post(f"{prefix}/cuoc-thi/{contest.slug}/binh-chon/xac-thuc", data={"contact": contact})
    message = db.session.scalars(select(Message)).one()
    found = render(message)
    assert message.params["code"] in found.body and "10" in found.body
    if index:
        assert message.params["code"] in found.subject
    else:
        # One message of 160 plain characters: letters with marks would halve it. The last line lets
        # phones fill in the code, on this site alone.
        assert not found.subject and len(found.body) <= 160 and found.body.isascii()
        assert found.body.splitlines()[-1] == f"@localhost #{message.params['code']}"


def test_a_school_behind_one_address_is_served(tmp_path, clock):
    """Limits by address are wide; the ones that bite go by contact."""
    # An application that counts: the shared ones do not.
    site = create_app(settings_for(tmp_path), TESTING=True, WTF_CSRF_ENABLED=False, RATELIMIT_ENABLED=True)
    clocks.use(clock)
    with site.app_context():
        upgrade()
        limiter.reset()
        contest, _ = make_vote()
        clock.instant = during(contest)
        address = f"/cuoc-thi/{contest.slug}/binh-chon/xac-thuc"
        statuses = []
    for number in range(45):
        typed = {"contact": f"09123456{number:02d}"}
        statuses.append(site.test_client().post(address, data=typed).status_code)
    limiter.enabled = False
    assert set(statuses) == {303}
