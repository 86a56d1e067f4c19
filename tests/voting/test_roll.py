"""Rolls of units, accounts, and answers that tell nobody who stands where."""

from __future__ import annotations

import io
import re
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event, select, text

from contest.audit.models import AuditRow
from contest.core import clock as clocks
from contest.core.db import db
from contest.core.errors import Refused
from contest.core.workbooks import Page, make_workbook
from contest.outbox.models import Message
from contest.voting import roll
from contest.voting.codes import confirm_code, request_code
from contest.voting.forgetting import forget_voters
from contest.voting.identity import admit_account, secret_of
from contest.voting.models import VoteCode, Voter
from contest.voting.models_review import RollEntry, VoterAlias, VoterTrace
from contest.voting.rules import tag_of
from contest.voting.services import cast_ballot
from tests.conftest import START
from tests.factories import make_officer, make_staff, make_unit, make_user, sign_in
from tests.factories.judging import make_finalist
from tests.factories.rules import make_contest_voting
from tests.factories.voting import during, last_code, start_log, voting_window

WALL = clocks.wall()
MAIL, PHONE = "co.lan@an-lam.example", "0912 345 678"


def put_to_vote(**voting):
    contest = make_contest_voting(0, **voting)
    entries = [make_finalist(contest, contest.rules.voting.categories[0]) for _ in range(3)]
    db.session.commit()
    start_log(contest)
    return contest, entries


@pytest.fixture
def listed(app):
    """A contest that asks for a roll, and a unit."""
    contest, entries = put_to_vote(identity="unit_roll")
    contest.entries_made = entries
    unit = make_unit()
    db.session.commit()
    return contest, unit


def write(listed, lines, act=roll.ADD, *, unit=None, officer=False, now=START):
    contest, own = listed
    done = roll.change_roll(
        contest=contest,
        unit=unit or own,
        reading=roll.read_pasted(lines),
        act=act,
        actor=make_user(),
        officer=officer,
        now=now,
    )
    db.session.commit()
    return done


def ask(contest, typed, **more):
    request_code(contest=contest, typed=typed, locale="vi", now=during(contest), wall=WALL, **more)
    db.session.commit()


def sent():
    return db.session.scalars(select(Message).order_by(Message.id)).all()


# Reading a list


def keys(reading):
    return [contact.key for contact in reading.contacts]


def test_lines_as_people_paste_them():
    reading = roll.read_pasted(
        "Danh sách cán bộ\nSTT\tHọ tên\tLiên hệ\n"
        "1\tLò Thị Mẩy\t0912 345 678\n"
        "2\tNguyễn Văn An\tAn.Nguyen@Gmail.com\n\n"
        "3; Trần B; +84 987-654-321\n"
        "+84912345678\n"
        "annguyen+1@googlemail.com\n"
        "4,Không có gì,\n"
        "5,Sai số,0912 34\n"
        "6,Sai số,0912 345 6789\n"
        "7,Sai thư,an@gmail\n"
        "8,Số cố định,024 3825 1234\n"
    )
    assert keys(reading) == ["+84912345678", "annguyen@gmail.com", "+84987654321"]
    assert reading.repeated == [(7, 3), (8, 4)]
    assert [(line.number, line.why.code) for line in reading.bad] == [
        (9, "no_contact"),
        (10, "no_contact"),
        (11, "phone"),
        (12, "email"),
        (13, "phone"),
    ]
    # What stands in the box afterwards can be sent again and reads the same.
    assert keys(roll.read_pasted("\n".join(reading.lines))) == keys(reading)
    assert len(roll.read_pasted("\n".join(reading.lines)).bad) == 5


def test_a_sheet_that_has_lost_its_zeros():
    rows = [["An", 912345678, "an@an-lam.example"], ["Bình", "binh@an-lam.example", ""], ["Chi", "", ""]]
    content = make_workbook([Page("Danh sách", ["Tên", "Số", "Thư"], [20, 20, 20], rows)])
    reading = roll.read_file(content, "danh-sach.xlsx")
    assert keys(reading) == ["+84912345678", "binh@an-lam.example"]
    assert [line.number for line in reading.bad] == [4]


def test_a_csv_and_its_bounds():
    assert keys(roll.read_file(b"ten;thu\nAn;an@an-lam.example\n", "a.csv")) == ["an@an-lam.example"]
    many = "\n".join(f"n{at}@an-lam.example" for at in range(roll.MOST_LINES + 60))
    for read in (lambda: roll.read_pasted(many), lambda: roll.read_file(many.encode(), "a.csv")):
        with pytest.raises(Refused):
            read()
    with pytest.raises(Refused):
        roll.read_pasted("x" * (roll.MOST_CHARACTERS + 1))
    for content in (b"", b"\x00\x01\x02" * 50, b"PK\x03\x04broken", b"x" * (roll.MOST_BYTES + 1)):
        with pytest.raises(Refused):
            roll.read_file(content, "a.xlsx")


@pytest.mark.parametrize(
    "line", ["\x00", "=cmd|' /C calc'!A0", "a@b.vn\x00", "<script>@x", "\u202e0912345678", "@" * 500]
)
def test_hostile_lines_are_bad_lines(line):
    reading = roll.read_pasted(f"an@an-lam.example\n{line}")
    assert keys(reading)[:1] == ["an@an-lam.example"] and len(reading.contacts) + len(reading.bad) <= 2


# Keeping a roll


def test_a_roll_keeps_tags_and_the_unit_and_nothing_else(listed):
    contest, unit = listed
    assert write(listed, f"{MAIL}\n{PHONE}\nnothing here") == (2, 0, 0, 0)
    held = repr(db.session.execute(text("SELECT * FROM roll_entry")).all())
    held += repr(db.session.execute(text("SELECT * FROM audit_row")).all())
    for part in ("lan", "345678", "345 678", "an-lam.example"):
        assert part not in held
    secret = secret_of(contest.id)
    assert roll.find_unit(contest.id, tag_of(secret, "+84912345678")) == unit.id
    audited = db.session.scalars(select(AuditRow).where(AuditRow.verb == "roll_add")).one()
    assert audited.details == {"added": 2, "taken_off": 0, "lines": 2}


def test_adding_replacing_and_taking_off(listed):
    contest, unit = listed
    other = make_unit()
    write(listed, "a1@x.example\nb1@x.example")
    write(listed, "c1@x.example", unit=other)
    assert write(listed, "b1@x.example\nc1@x.example\nd1@x.example") == (1, 1, 1, 0)
    assert [(each.unit.id, each.entries) for each in roll.counts(contest.id)] == [(unit.id, 3), (other.id, 1)]
    assert write(listed, "a1@x.example\nc1@x.example\ne1@x.example", roll.REPLACE) == (1, 1, 1, 2)
    assert roll.count_of(contest.id, unit.id) == 2
    assert write(listed, "a1@x.example\nc1@x.example\nz1@x.example", roll.REMOVE).gone == 1
    assert {(each.unit.id, each.entries) for each in roll.counts(contest.id)} == {(other.id, 1), (unit.id, 1)}


def test_an_empty_list_takes_nobody_off(listed):
    write(listed, MAIL)
    for act in (roll.ADD, roll.REPLACE, roll.REMOVE):
        with pytest.raises(Refused):
            write(listed, "nothing", act)
        db.session.rollback()
    assert roll.count_of(listed[0].id, listed[1].id) == 1


def test_until_when_a_roll_is_changed_and_by_whom(listed):
    opens, closes = voting_window(listed[0])
    before, tick = opens - timedelta(microseconds=1), timedelta(microseconds=1)
    numbers = iter(range(100))

    def may(act, officer, now):
        try:
            write(listed, f"so{next(numbers)}@x.example", act, officer=officer, now=now)
        except Refused:
            db.session.rollback()
            return False
        return True

    for act in (roll.ADD, roll.REPLACE, roll.REMOVE):
        assert may(act, officer=True, now=before) and may(act, officer=False, now=before)
        assert not may(act, officer=True, now=opens)
        assert may(act, officer=False, now=opens) == (act == roll.ADD)
        assert not may(act, officer=False, now=closes)
    assert may(roll.ADD, officer=False, now=closes - tick)


def test_a_contest_without_rolls_has_none(app):
    contest, _ = put_to_vote()
    with pytest.raises(Refused):
        write((contest, make_unit()), MAIL)


# Codes for who is listed, and nobody else


def test_who_is_listed_gets_a_code_by_mail_or_phone(listed):
    contest, unit = listed
    write(listed, f"{MAIL}\n{PHONE}")
    ask(contest, MAIL.upper())
    ask(contest, "+84 912 345 678")
    ask(contest, "somebody@an-lam.example")
    ask(contest, "0987654321")
    assert [(message.channel, message.address) for message in sent()] == [("email", MAIL), ("sms", "+84912345678")]
    voter_id = confirm_code(
        contest=contest, typed=PHONE, code=last_code("+84912345678"), now=during(contest), wall=WALL
    )
    assert roll.find_unit_of_voter(contest.id, voter_id) == unit.id
    stranger = confirm_code(contest=contest, typed="0987654321", code="123456", now=during(contest), wall=WALL)
    assert stranger is None


@contextmanager
def statements():
    """Every statement that is sent, without its values; what was loaded before is loaded already."""
    found: list[str] = []

    def note(_connection, _cursor, statement, *_more):
        if not statement.startswith("BEGIN"):
            found.append(re.sub(r"\s+", " ", statement))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


@pytest.mark.parametrize(("known", "stranger"), [(MAIL, "co.hoa@an-lam.example"), (PHONE, "0987654321")])
def test_listed_or_not_the_same_statements_are_sent(listed, known, stranger):
    """The class of time is that of the work: no clock is asked."""
    contest, _ = listed
    write(listed, f"{MAIL}\n{PHONE}")
    ask(contest, "lam.nong@an-lam.example")
    runs = []
    for typed in (known, stranger):
        with statements() as found:
            ask(contest, typed)
        runs.append(found)
    assert runs[0] == runs[1] and len(runs[0]) >= 6
    assert len(sent()) == 1


def test_beyond_its_share_a_contact_makes_the_same_work(listed):
    contest, _ = listed
    write(listed, PHONE)
    runs = []
    for _ in range(5):
        with statements() as found:
            ask(contest, PHONE)
        runs.append(found)
    assert all(run == runs[1] for run in runs[1:])
    assert len(sent()) == 3


def test_a_wrong_code_of_who_is_listed_and_one_of_who_is_not_make_the_same_work(listed):
    contest, _ = listed
    write(listed, PHONE)
    ask(contest, PHONE)
    ask(contest, "0987654321")
    wrong = f"{(int(last_code('+84912345678')) + 1) % 10**6:06d}"
    runs = []
    for typed in (PHONE, "0987654321"):
        db.session.rollback()
        assert contest.rules.voting.identity == "unit_roll"  # read anew
        with statements() as found:
            assert confirm_code(contest=contest, typed=typed, code=wrong, now=during(contest), wall=WALL) is None
            db.session.commit()
        runs.append(found)
    assert runs[0] == runs[1]


def page_of(answer):
    """Status, address and bytes of an answer, with what is made anew each time left out."""
    body = re.sub(r'name="csrf_token" value="[^"]*"|content="[\w.-]{60,}"', "*", answer.get_data(as_text=True))
    return answer.status_code, answer.headers.get("Location"), body


def test_pages_are_the_same_to_the_byte(listed, client, clock):
    contest, _ = listed
    write(listed, "0912345678")
    clock.instant = during(contest)
    base = f"/cuoc-thi/{contest.slug}/binh-chon"
    seen = []
    for typed in ("0912345678", "0912345679"):
        client.delete_cookie("session")
        pages = [page_of(client.post(f"{base}/xac-thuc", data={"contact": typed}))]
        pages.append(page_of(client.get(f"{base}/ma")))
        pages.append(page_of(client.post(f"{base}/ma", data={"code": "000000"})))
        pages.append(page_of(client.post(f"{base}/gui-lai")))
        seen.append(repr(pages).replace("0912 345 679", "0912 345 678"))
    assert seen[0] == seen[1]
    assert len(sent()) == 2


def test_what_is_written_in_the_place_of_a_code_opens_nothing(listed, monkeypatch):
    contest, _ = listed
    monkeypatch.setattr("contest.voting.codes.new_code", lambda: "042137")
    ask(contest, PHONE)
    (row,) = db.session.scalars(select(VoteCode))
    assert row.tag != tag_of(secret_of(contest.id), "+84912345678") and row.prefix == ""
    assert confirm_code(contest=contest, typed=PHONE, code="042137", now=during(contest), wall=WALL) is None
    assert not sent()


def test_a_code_stays_the_one_that_works_beside_what_is_written_beyond_the_share(listed):
    contest, _ = listed
    write(listed, PHONE)
    for _ in range(6):
        ask(contest, PHONE)
    code = last_code("+84912345678")
    assert confirm_code(contest=contest, typed=PHONE, code=code, now=during(contest), wall=WALL) is not None


# The pages of rolls


@pytest.fixture
def people(listed, client):
    contest, unit = listed
    return make_staff(contest, "organiser"), make_officer(unit)


def test_an_organiser_looks_first_and_confirms_then(listed, client, people):
    contest, unit = listed
    sign_in(client, people[0])
    address = f"/en/ban-to-chuc/{contest.slug}/binh-chon/danh-sach"
    assert client.get(address).status_code == 200
    sheet = make_workbook(
        [Page("A", ["Ten", "Lien he"], [9, 9], [["An", "0912345678"], ["B", "0912 34"], ["C", "c@x.example"]])]
    )
    form = {"unit": unit.code, "act": "add", "step": "check", "list": (io.BytesIO(sheet), "a.xlsx")}
    page = client.post(address, data=form, content_type="multipart/form-data")
    shown = page.get_data(as_text=True)
    assert page.status_code == 200 and "nothing has been changed yet" in shown
    assert (
        "+84912345678" in shown and "B, 0912 34" in shown and "There is no e-mail address and no mobile number" in shown
    )
    assert not db.session.scalars(select(RollEntry)).all()
    lines = re.search(r"<textarea[^>]*>(.*?)</textarea>", shown, re.DOTALL).group(1)
    answer = client.post(address, data={"unit": unit.code, "act": "add", "step": "save", "lines": lines})
    assert answer.status_code == 303
    assert roll.count_of(contest.id, unit.id) == 2
    assert "2 added" in client.get(address).get_data(as_text=True)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"act": "drop", "lines": MAIL},
        {"act": "add", "lines": ""},
        {"act": "add", "lines": "x" * (roll.MOST_CHARACTERS + 1)},
        {"act": "add", "lines": MAIL, "unit": "khong-co"},
        {"act": "replace", "lines": "nothing", "step": "save"},
    ],
)
def test_a_form_that_cannot_be_taken_keeps_what_was_typed(listed, client, people, form):
    contest, unit = listed
    sign_in(client, people[0])
    answer = client.post(f"/en/ban-to-chuc/{contest.slug}/binh-chon/danh-sach", data={"unit": unit.code, **form})
    assert answer.status_code == 422
    assert "Nothing was changed" in answer.get_data(as_text=True)
    if 0 < len(form.get("lines", "")) < 1000:
        assert form["lines"] in answer.get_data(as_text=True)


def test_an_officer_writes_the_roll_of_their_unit_alone_and_before_the_vote_opens(listed, client, clock, people):
    contest, unit = listed
    other = make_unit()
    db.session.commit()
    sign_in(client, people[1])
    address = f"/don-vi/{unit.code}/binh-chon/{contest.slug}/danh-sach"
    assert client.get(address).status_code == 200
    form = {"act": "add", "step": "save", "lines": MAIL, "unit": other.code}
    assert client.post(address, data=form).status_code == 303
    assert (roll.count_of(contest.id, unit.id), roll.count_of(contest.id, other.id)) == (1, 0)
    assert client.get(f"/don-vi/{other.code}/binh-chon/{contest.slug}/danh-sach").status_code == 404
    assert client.get(f"/ban-to-chuc/{contest.slug}/binh-chon/danh-sach").status_code == 404
    clock.instant = voting_window(contest)[0]
    assert client.post(address, data=form | {"lines": PHONE}).status_code == 422
    assert roll.count_of(contest.id, unit.id) == 1


def test_a_contest_without_rolls_has_no_such_page_for_units(app, client):
    contest, _ = put_to_vote()
    unit = make_unit()
    sign_in(client, make_officer(unit))
    assert client.get(f"/don-vi/{unit.code}/binh-chon/{contest.slug}/danh-sach").status_code == 404
    sign_in(client, make_staff(contest, "organiser"))
    page = client.get(f"/en/ban-to-chuc/{contest.slug}/binh-chon/danh-sach")
    assert page.status_code == 200 and "do not ask for a roll" in page.get_data(as_text=True)


# Accounts


@pytest.fixture
def by_account(app):
    return put_to_vote(identity="account")


def admit(contest, person):
    found = admit_account(contest=contest, person=person, now=during(contest))
    db.session.commit()
    return found


def test_an_account_is_one_voter_whichever_contact_it_has(by_account):
    contest, _ = by_account
    person = make_user(email="an@an-lam.example")
    first = admit(contest, person)
    assert admit(contest, person) == first
    person.phone = "+84912345678"
    db.session.commit()
    assert admit(contest, person) == first
    person.email = "an.moi@an-lam.example"
    db.session.commit()
    assert admit(contest, person) == first
    assert len(db.session.scalars(select(Voter)).all()) == 1


def test_two_accounts_of_one_mailbox_are_one_voter(by_account):
    contest, _ = by_account
    first = admit(contest, make_user(email="thu.ha@gmail.com"))
    assert admit(contest, make_user(email="thuha+2@googlemail.com")) == first
    assert admit(contest, make_user(email="thuha2@gmail.com")) != first


def test_an_account_that_proved_no_contact_or_was_closed_does_not_vote(by_account):
    contest, _ = by_account
    for change in ({"confirmed_at": None}, {"active": False}):
        person = make_user()
        for name, value in change.items():
            setattr(person, name, value)
        with pytest.raises(Refused):
            admit(contest, person)
        db.session.rollback()


def test_no_table_says_which_account_voted(by_account):
    contest, _ = by_account
    person = make_user(email="co.lan@an-lam.example")
    admit(contest, person)
    held = repr([db.session.execute(text(f"SELECT * FROM {table}")).all() for table in ("voter", "voter_alias")])
    assert person.public_id not in held and "lan" not in held
    assert db.session.scalars(select(VoterAlias)).all()


def test_voters_with_accounts_are_forgotten_with_all_their_tags(by_account):
    contest, _ = by_account
    admit(contest, make_user(email="an@an-lam.example", phone="+84912345678"))
    assert forget_voters(contest.id)["aliases"] == 2
    db.session.commit()
    for _ in range(3):
        forget_voters(contest.id)
    db.session.commit()
    assert not db.session.scalars(select(Voter)).all() and not db.session.scalars(select(VoterAlias)).all()


def test_a_judge_does_not_vote_by_either_contact_of_their_account(by_account):
    contest, entries = by_account
    judge = make_user(email="giam.khao@an-lam.example", phone="+84912345678")
    make_staff(contest, "judge", judge)
    voter_id = admit(contest, judge)
    assert db.session.get_one(Voter, voter_id).barred == "judges"
    with pytest.raises(Refused):
        cast_ballot(slug=contest.slug, voter_id=voter_id, picks=[entries[0].public_id], now=during(contest))


def test_accounts_vote_where_the_rules_say_so_alone_and_while_the_vote_is_open(by_account, app):
    contest, _ = by_account
    person = make_user()
    opens, closes = voting_window(contest)
    for now in (opens - timedelta(microseconds=1), closes):
        with pytest.raises(Refused):
            admit_account(contest=contest, person=person, now=now)
        db.session.rollback()
    assert admit_account(contest=contest, person=person, now=opens)


def test_voting_by_an_account_on_the_pages(by_account, client, clock):
    contest, entries = by_account
    clock.instant = during(contest)
    base = f"/cuoc-thi/{contest.slug}/binh-chon"
    kept = client.post(base, data={"pick": entries[0].public_id})
    assert kept.status_code == 303 and kept.headers["Location"].endswith("/xac-thuc")
    page = client.get(f"/en{base}/xac-thuc").get_data(as_text=True)
    assert "Sign in" in page and "Your choice is kept" in page
    assert client.post(f"{base}/tai-khoan").status_code == 302
    sign_in(client, make_user(email="an@an-lam.example"))
    assert "a…@an-lam.example" in client.get(f"/en{base}/xac-thuc").get_data(as_text=True)
    assert client.post(f"{base}/tai-khoan").status_code == 303
    assert db.session.scalars(select(VoterTrace.channel)).all() == ["account"]
    booth = client.get(f"/en{base}").get_data(as_text=True)
    assert "a…@an-lam.example" in booth
    assert client.post(base, data={"pick": entries[0].public_id, "revision": "0"}).status_code == 303
    assert not sent()


def test_an_account_not_confirmed_is_told_what_to_do(by_account, client, clock):
    contest, _ = by_account
    clock.instant = during(contest)
    person = make_user(email="an@an-lam.example")
    sign_in(client, person)
    person.confirmed_at = None
    db.session.commit()
    page = client.get(f"/en/cuoc-thi/{contest.slug}/binh-chon/xac-thuc")
    assert page.status_code in {200, 302}


def test_where_codes_are_asked_for_an_account_is_not_enough(app, client, clock):
    contest, _ = put_to_vote()
    clock.instant = during(contest)
    sign_in(client, make_user())
    answer = client.post(f"/cuoc-thi/{contest.slug}/binh-chon/tai-khoan")
    assert answer.status_code == 303 and not db.session.scalars(select(Voter)).all()
    with pytest.raises(Refused):
        admit(contest, make_user())
