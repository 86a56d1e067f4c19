"""The pages of a joint reading: what each button does, and that nobody learns anything early or elsewhere."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from contest.core.db import db
from contest.judging.models import ConflictOfInterest, JointReading, JointSheet
from contest.judging.services import record_conflict
from tests.factories import make_contest, make_staff, sign_in
from tests.factories.judging import BODY, make_accepted, mark_all, opening_of
from tests.judging.test_joint import give_marks, start, text_of

TOKEN = re.compile(rb'name="csrf_token"[^>]*>|name="csrf-token"[^>]*>')


@pytest.fixture
def contest(app, clock):
    contest = make_contest(0)
    clock.instant = contest.rules.window("prelim").opens - timedelta(days=3)
    return contest


@pytest.fixture
def entries(contest):
    return [make_accepted(contest, title=f"Kanari {number}", document=BODY) for number in range(3)]


@pytest.fixture
def bench(contest):
    return f"/cham/{contest.slug}/doc-chung"


@pytest.fixture
def table(contest):
    return f"/ban-to-chuc/{contest.slug}/cham/prelim/A/doc-chung"


def as_(client, person):
    client.delete_cookie("session")
    sign_in(client, person)
    return client


def seen(client, person, path):
    answer = as_(client, person).get(path)
    headers = sorted((name, value) for name, value in answer.headers if name not in ("Set-Cookie", "Content-Length"))
    return answer.status_code, TOKEN.sub(b"", answer.data), headers


def marks_form(contest, share, **more):
    return {f"mark-{each.id}": str(int(float(each.max) * share)) for each in contest.rules.rubric.criteria} | more


def test_a_reading_from_its_choice_to_what_was_agreed(client, contest, judges, chair, entries, bench, table):
    organiser = make_staff(contest, "organiser")
    db.session.commit()
    codes = ", ".join(entry.blind_code.lower() for entry in entries[:2])
    answer = as_(client, organiser).post(table, data={"act": "open", "codes": codes})
    assert answer.status_code == 303
    reading = db.session.scalars(select(JointReading)).one()
    text = text_of(reading, entries[0]).public_id
    reading_id = reading.public_id

    for judge, share in ((judges[0], 0.5), (judges[1], 1)):
        as_(client, judge)
        listed = client.get(bench).get_data(as_text=True)
        assert "Kanari 0" in listed and "Kanari 2" not in listed
        asked = client.get(f"{bench}/{text}").get_data(as_text=True)
        assert "Sáng nào ông cũng chèo đò" not in asked and 'value="begin"' in asked
        assert client.post(f"{bench}/{text}", data={"act": "begin"}).status_code == 303
        assert "Sáng nào ông cũng chèo đò" in client.get(f"{bench}/{text}").get_data(as_text=True)
        saved = client.post(f"{bench}/{text}/luu", data=marks_form(contest, 0.5, version="0"))
        assert saved.json["version"] == 1
        assert client.post(f"{bench}/{text}/luu", data=marks_form(contest, 1, version="0")).status_code == 409
        done = client.post(f"{bench}/{text}", data=marks_form(contest, share, act="final", version="1", comment="Hay."))
        assert done.status_code == 303
        assert 'name="mark-' not in client.get(f"{bench}/{text}").get_data(as_text=True)
        assert client.get(f"{bench}/{reading_id}/so-sanh").status_code == 404

    shown = as_(client, organiser).get(table).get_data(as_text=True)
    assert 'value="2"' in shown or "2/3" in shown
    assert as_(client, organiser).post(table, data={"act": "close", "reading": reading_id}).status_code == 422
    assert as_(client, chair).post(table, data={"act": "close", "reading": reading_id}).status_code == 303
    compared = as_(client, judges[0]).get(f"{bench}/{reading_id}/so-sanh").get_data(as_text=True)
    assert "Hay." in compared and "100" in compared
    assert all(judge.name not in compared for judge in judges[1:])
    waiting = as_(client, judges[2]).get(f"{bench}/{reading_id}/so-sanh").get_data(as_text=True)
    assert "Hay." not in waiting
    agreed = {"act": "agree", "reading": reading_id, "agreed": "Chi tiết thật hơn lời hay."}
    assert as_(client, judges[0]).post(table, data=agreed).status_code == 404
    assert as_(client, chair).post(table, data=agreed).status_code == 303
    assert "Chi tiết thật hơn lời hay." in as_(client, judges[2]).get(bench).get_data(as_text=True)


def test_what_was_agreed_stands_on_the_bench(client, clock, contest, judges, chair, entries, table):
    reading = start(contest, entries, chair)
    reading.closed_at, reading.agreed = reading.opened_at, "Chi tiết thật hơn lời hay."
    mark_all(entries[0], judges[:2], [70, 72])
    clock.instant = opening_of(contest, "prelim")
    db.session.commit()
    page = as_(client, judges[0]).get(f"/cham/{contest.slug}").get_data(as_text=True)
    assert "Chi tiết thật hơn lời hay." in page


def test_what_is_typed_is_never_lost(client, contest, judges, chair, entries, bench):
    text = text_of(start(contest, entries, chair), entries[0]).public_id
    db.session.commit()
    as_(client, judges[0]).post(f"{bench}/{text}", data={"act": "begin"})
    answer = client.post(f"{bench}/{text}", data={"act": "save", "mark-C1": "7,5", "mark-C2": "hay", "version": "0"})
    assert answer.status_code == 422
    shown = answer.get_data(as_text=True)
    assert 'value="7,5"' in shown and 'value="hay"' in shown
    answer = client.post(f"{bench}/{text}", data={"act": "final", "mark-C1": "7,5", "version": "1"})
    assert answer.status_code == 422
    assert db.session.scalars(select(JointSheet)).one().final_at is None


def test_stepping_back_from_the_page(client, contest, judges, chair, entries, bench):
    text = text_of(start(contest, entries, chair), entries[0]).public_id
    db.session.commit()
    as_(client, judges[0])
    assert client.post(f"{bench}/{text}", data={"act": "leave", "reason": "Người quen."}).status_code == 303
    assert client.get(f"{bench}/{text}").status_code == 404
    assert db.session.scalars(select(ConflictOfInterest)).one().source == "declared"


def test_a_conflict_has_to_be_left_out_on_purpose(client, contest, judges, chair, entries, table):
    record_conflict(entry=entries[0], judge=judges[0], reason="Cùng cơ quan.", actor=chair, now=contest.created_at)
    db.session.commit()
    as_(client, chair)
    refused = client.post(table, data={"act": "open", "codes": entries[0].blind_code})
    shown = refused.get_data(as_text=True)
    assert refused.status_code == 422 and entries[0].blind_code in shown and judges[0].name not in shown
    assert client.post(table, data={"act": "open", "codes": entries[0].blind_code, "leave_out": "y"}).status_code == 303


def test_five_are_drawn(client, contest, judges, chair, entries, table):
    db.session.commit()
    shown = as_(client, chair).get(f"{table}?boc=5").get_data(as_text=True)
    assert all(entry.blind_code in shown for entry in entries)
    for odd in ("-1", "99999999999", "x", "٣"):
        assert client.get(f"{table}?boc={odd}").status_code == 200


def test_nobody_else_and_no_guess_gets_in(client, contest, judges, chair, entries, bench):
    reading = start(contest, entries, chair)
    text = text_of(reading, entries[0]).public_id
    stranger = make_staff(contest, "judge")
    db.session.commit()
    for person, path in (
        (stranger, f"{bench}/{text}"),
        (chair, f"{bench}/{text}"),
        (judges[0], f"{bench}/zzzzzzzzzzzzzz"),
        (judges[0], f"{bench}/%00"),
        (stranger, f"{bench}/{reading.public_id}/so-sanh"),
        (judges[0], f"{bench}/{text}/anh/1/lon"),
    ):
        assert as_(client, person).get(path).status_code == 404, path


def test_others_marks_change_not_a_byte_of_ones_pages(client, contest, judges, chair, entries, bench):
    reading = start(contest, entries, chair)
    give_marks(reading, entries[0], judges[0], 60)
    text = text_of(reading, entries[0]).public_id
    reading_id = reading.public_id
    db.session.commit()
    paths = (bench, f"{bench}/{text}", f"{bench}/{reading_id}/so-sanh", f"/cham/{contest.slug}")
    before = [seen(client, judges[0], path) for path in paths]
    reading = db.session.merge(reading)
    give_marks(reading, db.session.merge(entries[0]), db.session.merge(judges[1]), 90, comment="Kanari!")
    db.session.commit()
    assert [seen(client, judges[0], path) for path in paths] == before


def test_pages_of_what_counts_are_the_same_to_the_byte(client, clock, contest, judges, chair, entries):
    """Tables, judges compared, papers and exports of the round know nothing of joint marks."""
    mark_all(entries[0], judges[:2], [70, 72])
    mark_all(entries[1], judges[1:], [80, 72])
    clock.instant = opening_of(contest, "prelim")
    db.session.commit()
    at = f"/ban-to-chuc/{contest.slug}/cham/prelim/A"
    asked = [
        (chair, at),
        (chair, f"{at}/bai/{entries[0].blind_code}"),
        (chair, f"{at}/khoa-diem"),
        (chair, f"{at}/so-sanh"),
        (chair, f"{at}/giay/diem-goc.xlsx"),
        (judges[1], f"/cham/{contest.slug}"),
    ]
    before = [seen(client, person, path) for person, path in asked]
    assert [answer[0] for answer in before][:4] == [200] * 4
    early = contest.rules.window("prelim").opens - timedelta(days=2)
    entries_ = [db.session.merge(entry) for entry in entries]
    reading = start(db.session.merge(contest), entries_, db.session.merge(chair), now=early)
    for judge in judges:
        for entry in entries_:
            give_marks(reading, entry, db.session.merge(judge), 10, now=early)
    db.session.commit()
    assert [seen(client, person, path) for person, path in asked] == before


def test_no_other_code_reads_joint_sheets():
    """What cannot be read cannot be counted."""
    root = Path(__file__).parents[2] / "contest"
    readers = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if re.search(r"JointSheet|joint_sheet", path.read_text("utf-8"))
    }
    allowed = {f"judging/{name}.py" for name in ("models", "joint", "joint_acts", "joint_compare")}
    assert readers <= allowed
