"""Exemplars on the secretariat's desk: found, held, agreeing, asked about, and never counted twice."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from contest.audit.models import AuditRow
from contest.core.db import db
from contest.desk import exemplars
from contest.desk.exemplars import Wanted, find_exemplars, queue_counts, suggestions
from contest.desk.units_figures import count_people, publicised_exemplars
from contest.entries import services as entry_services
from contest.exemplars.models import Consent, Verification
from contest.exemplars.queries import cleared_exemplars, is_presentable
from contest.exemplars.records import join
from tests.conftest import START, VIETNAM
from tests.factories import judging, make_contest, make_officer, make_staff, make_unit, make_user, sign_in
from tests.factories.entries import make_accepted, make_submitted, verify, words

TODAY = START.date()
_TOKEN = re.compile(r'(name="csrf[-_]token" (?:value|content)=")[^"]*"')
# While the second contest takes entries.
OTHER = datetime(2027, 7, 1, 9, 0, tzinfo=VIETNAM)


@pytest.fixture
def contest(app):
    return make_contest()


@pytest.fixture
def secretary(contest, client):
    person = make_staff(contest, "secretary")
    sign_in(client, person)
    return person


def address(contest, entry=None, verb=""):
    found = f"/ban-to-chuc/{contest.slug}/nhan-vat"
    if entry is not None:
        found += f"/{entry.exemplar.public_id}"
    return found + (f"/{verb}" if verb else "")


def names(contest, **wanted):
    return [row.exemplar.name for row in find_exemplars(contest.id, Wanted(**wanted), TODAY).rows]


def test_found_without_accents_and_by_how_they_stand(contest):
    held = make_accepted(contest, exemplar_name="Trần Đình Sỹ")
    held.exemplar.held_at = START
    agreed = make_accepted(contest, exemplar_name="Hoàng Thị Mỵ")
    verify(agreed)
    asked = make_accepted(contest, exemplar_name="Nguyễn Văn Đỗ")
    entry_services.ask_units(contest=contest, entries=[asked], actor=None, now=START)
    make_submitted(contest, exemplar_name="Lò Văn Inh")
    make_submitted(make_contest(1), category="B", exemplar_name="Người Nơi Khác", now=OTHER, body=words(300))
    db.session.flush()
    assert names(contest) == ["Hoàng Thị Mỵ", "Lò Văn Inh", "Nguyễn Văn Đỗ", "Trần Đình Sỹ"]
    assert names(contest, text="dinh sy") == ["Trần Đình Sỹ"]
    assert names(contest, text="Đỗ") == ["Nguyễn Văn Đỗ"]
    assert names(contest, hold="held") == ["Trần Đình Sỹ"]
    assert names(contest, consent="agreed") == names(contest, check="cleared") == ["Hoàng Thị Mỵ"]
    assert names(contest, check="waiting") == ["Nguyễn Văn Đỗ"]
    assert names(contest, check="not_asked") == ["Trần Đình Sỹ"], "what is not valid yet is not asked about"
    later = TODAY + timedelta(days=30)
    assert queue_counts(contest.id, later) == {"not_asked": 1, "waiting": 1, "late": 1, "held": 1, "withdrawn": 0}


def test_pages_hold_still(contest, monkeypatch):
    monkeypatch.setattr(exemplars, "PAGE", 2)
    for number in (1, 2, 3):
        make_submitted(contest, exemplar_name=f"Người Số {number}")
    first = find_exemplars(contest.id, Wanted(), TODAY)
    assert first.total == 3
    make_submitted(contest, exemplar_name="An Đến Sau")
    after = find_exemplars(contest.id, Wanted(after=first.next), TODAY)
    assert [row.exemplar.name for row in after.rows] == ["Người Số 3"]


def test_a_hold_is_put_on_and_cleared_with_notes_and_on_record(contest, secretary, client):
    entry = make_accepted(contest)
    verify(entry)
    db.session.commit()
    page = address(contest, entry)
    refused = client.post(page + "/tam-dung", data={"reason": "discipline_under_review", "note": ""})
    assert refused.status_code == 422
    assert client.post(page + "/tam-dung", data={"reason": "because", "note": "x"}).status_code == 422
    done = client.post(page + "/tam-dung", data={"reason": "discipline_under_review", "note": "Đảng ủy xã báo."})
    assert done.status_code == 303
    db.session.expire_all()
    assert not is_presentable(entry.exemplar)
    assert entry.exemplar_id not in set(db.session.scalars(cleared_exemplars(contest.id)))
    assert "Đảng ủy xã báo." in client.get(page).text
    assert client.post(page + "/bo-tam-dung", data={"note": " "}).status_code == 422
    client.post(page + "/bo-tam-dung", data={"note": "Đã kết luận, không vi phạm."})
    db.session.expire_all()
    assert is_presentable(entry.exemplar)
    assert "Đảng ủy xã báo." in entry.exemplar.hold_note, "what was noted stays"
    verbs = db.session.scalars(
        select(AuditRow.verb).where(AuditRow.object_id == entry.exemplar.public_id).order_by(AuditRow.id)
    ).all()
    assert verbs[-2:] == ["exemplars.hold", "exemplars.clear_hold"]
    for row in db.session.scalars(select(AuditRow)):
        assert "Đảng ủy" not in str(row.details), "notes may name people"


def test_officers_and_writers_do_not_see_a_hold(contest, client):
    unit = make_unit()
    officer = make_officer(unit)
    entry = make_accepted(contest, unit=unit)
    entry_services.ask_units(contest=contest, entries=[entry], actor=None, now=START)
    question = db.session.scalars(select(Verification)).one()
    paths = [f"/don-vi/{unit.code}", f"/don-vi/{unit.code}/xac-minh/{question.public_id}"]
    sign_in(client, officer)

    def seen():
        return [_TOKEN.sub("", client.get(path).text) for path in paths]

    before = seen()
    entry.exemplar.held_at, entry.exemplar.hold_reason = START, "discipline_under_review"
    entry.exemplar.hold_note = "Tin mật"
    db.session.commit()
    assert seen() == before


def test_consent_on_paper_and_its_withdrawal(contest, secretary, client):
    entry = make_accepted(contest)
    verify(entry, consent=False, photos=None)
    db.session.commit()
    page = address(contest, entry)
    assert not is_presentable(entry.exemplar)
    assert client.post(page + "/dong-y", data={"given_by": "exemplar"}).status_code == 422
    assert client.post(page + "/dong-y", data={"purposes": "present", "given_by": "both"}).status_code == 422
    client.post(page + "/dong-y", data={"purposes": ["present", "photos"], "given_by": "exemplar"})
    assert is_presentable(entry.exemplar)
    assert {row.version for row in db.session.scalars(select(Consent))} == {"2027-2"}
    client.post(page + "/rut-dong-y", data={"purpose": "present", "because": "Gia đình không muốn."})
    db.session.expire_all()
    assert not is_presentable(entry.exemplar)
    assert all(row.withdrawn_at is not None for row in db.session.scalars(select(Consent)))
    assert "Gia đình không muốn." in client.get(page).text


def test_the_right_unit_is_asked_and_the_first_question_stays_on_record(contest, secretary, client):
    entry = make_accepted(contest)
    other = make_unit("xã Đúng")
    entry_services.ask_units(contest=contest, entries=[entry], actor=None, now=START)
    db.session.commit()
    page = address(contest, entry)
    assert client.post(page + "/hoi-don-vi", data={"unit": "khong-co"}).status_code == 422
    assert client.post(page + "/hoi-don-vi", data={"unit": other.code}).status_code == 303
    asked = db.session.scalars(select(Verification).order_by(Verification.id)).all()
    assert [question.superseded_at is None for question in asked] == [False, True]
    assert asked[1].unit == other
    assert "xã Đúng" in client.get(page).text


def test_joined_told_apart_and_parted(contest, secretary, client):
    unit = make_unit()
    one = make_accepted(contest, exemplar_name="Ông Trần Đình Sỹ", unit=unit, exemplar_contact="bà Hai")
    two = make_accepted(contest, exemplar_name="Trần Đình Sĩ", unit=unit)
    three = make_accepted(contest, exemplar_name="Trần Đình Sĩ", unit=unit, exemplar_kind="collective")
    db.session.commit()
    pairs, total = suggestions(contest, [])
    assert total == 1
    assert {pairs[0].one.id, pairs[0].other.id} == {one.exemplar_id, two.exemplar_id}
    page = address(contest, one)
    wrong = client.post(page + "/cung-mot", data={"other": three.exemplar.public_id})
    assert wrong.status_code == 422
    assert client.post(page + "/cung-mot", data={"other": one.exemplar.public_id}).status_code == 422
    client.post(page + "/khac-nhau", data={"other": two.exemplar.public_id, "from": "alike"})
    assert suggestions(contest, [])[1] == 0
    client.post(page + "/cung-mot", data={"other": two.exemplar.public_id})
    db.session.expire_all()
    assert two.exemplar.same_as_id == one.exemplar_id
    text = client.get(page).text
    assert one.title in text
    assert two.exemplar.name in text
    client.post(page + "/tach")
    db.session.expire_all()
    assert (one.exemplar.same_as_id, two.exemplar.same_as_id) == (None, None)
    assert suggestions(contest, [])[1] == 1


def test_records_of_contests_that_one_does_not_work_for_stay_unknown(contest, secretary, client):
    unit = make_unit()
    here = make_accepted(contest, exemplar_name="Trần Đình Sỹ", unit=unit)
    elsewhere = make_contest(1)
    there = make_accepted(elsewhere, category="B", exemplar_name="Trần Đình Sỹ", unit=unit, now=OTHER, body=words(300))
    db.session.commit()
    assert there.title not in client.get(address(contest) + "/trung-nhau").text or there.title == here.title
    assert suggestions(contest, [])[1] == 0
    assert client.post(address(contest, here, "cung-mot"), data={"other": there.exemplar.public_id}).status_code == 422
    assert client.get(f"{address(contest)}/{there.exemplar.public_id}").status_code == 404
    assert suggestions(contest, [elsewhere.id])[1] == 1


def test_a_hold_and_a_withdrawal_reach_joined_records(contest):
    actor = make_user()
    one, two = make_accepted(contest), make_accepted(contest)
    verify(one)
    verify(two)
    one.exemplar.held_at = START
    join(one=two.exemplar, other=one.exemplar, contest_id=contest.id, actor=actor, now=START)
    assert two.exemplar.held_at == START


def test_figures_count_each_person_once():
    nobody = set()
    ring = [(1, 1, "an"), (2, 1, "ong an"), (3, 3, "binh")]
    assert count_people(ring, lambda ids: nobody) == 2, "joined records are one"
    twins = [(1, 1, "an"), (2, 2, "an")]
    assert count_people(twins, lambda ids: nobody) == 1, "units know their own"
    assert count_people(twins, lambda ids: {(1, 2)}) == 2, "unless somebody says otherwise"
    chain = [(1, 1, "an"), (2, 1, "binh"), (3, 3, "binh"), (4, 4, "chi")]
    assert count_people(chain, lambda ids: nobody) == 2
    assert count_people([], lambda ids: nobody) == 0


def test_a_unit_s_figure_counts_a_joined_exemplar_once(contest):
    unit, actor = make_unit(), make_user()
    one = judging.make_finalist(contest, "A", exemplar_name="Trần Đình Sỹ", exemplar_unit=unit)
    two = judging.make_finalist(contest, "A", exemplar_name="Người lái đò", exemplar_unit=unit)
    opened = contest.rules.window("voting").opens
    assert publicised_exemplars(unit, opened - timedelta(seconds=1)) == 0
    assert publicised_exemplars(unit, opened) == 2
    join(one=one.exemplar, other=two.exemplar, contest_id=contest.id, actor=actor, now=START)
    assert publicised_exemplars(unit, opened) == 1
