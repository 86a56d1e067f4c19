"""Looking up whether entries were published before: three points, dated and named, never overwritten."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from contest.core.db import db
from contest.core.errors import Conflict, Refused
from contest.results.checks import checks_of, concerned_entries, count_lacking
from contest.results.facts import facts_of
from contest.results.gates import NotYet
from contest.results.models_after import PublicationCheck
from contest.results.queries import find_standing
from contest.results.services import record_publication_checks
from tests.factories import make_staff, make_user, sign_in
from tests.factories.judging import make_accepted
from tests.factories.results import approve_as, compute, decide, judge_finalists, make_checks, make_results, publish

HOUR = timedelta(hours=1)
# The form's token is made anew with each second.
_TOKEN = re.compile(r"[\w-]{20,}\.[\w-]{5,}\.[\w-]{20,}")


@pytest.fixture
def world(app):
    return make_results()


@pytest.fixture
def secretary(world):
    person = make_staff(world.contest, "secretary", make_user("Phạm Thu Vân"))
    db.session.commit()
    return person


def record(world, entries, point="final", *, found=False, note="", actor=None, now=None):
    made = record_publication_checks(
        contest=world.contest,
        point=point,
        entries=entries,
        found=found,
        note=note,
        actor=actor or world.first,
        now=now or world.ready_at,
    )
    db.session.commit()
    return made


def rows():
    return db.session.scalars(select(PublicationCheck).order_by(PublicationCheck.id)).all()


def test_each_check_is_a_row_with_its_day_and_name(world, secretary):
    entries = list(world.entries.values())
    record(world, entries, actor=secretary, note="Đã tra trên mạng")
    record(world, entries[:1], actor=world.first, now=world.ready_at + HOUR)
    assert [(row.by_id, row.at, row.note) for row in rows()] == [
        *[(secretary.id, world.ready_at, "Đã tra trên mạng")] * len(entries),
        (world.first.id, world.ready_at + HOUR, ""),
    ]
    found = checks_of([entries[0].id, entries[1].id], None)
    assert [found[entry.id].points["final"].by_id for entry in entries[:2]] == [world.first.id, secretary.id]
    assert found[entries[0].id].missing == ("receipt", "decision")
    assert len(found[entries[0].id].all) == 2


def test_the_last_check_comes_after_the_results_and_again_after_new_ones(world):
    entries = list(world.entries.values())[:4]
    with pytest.raises(Refused) as refused:
        record(world, entries, "decision")
    assert refused.value.code == "too_early"
    db.session.rollback()
    compute(world, checked=False)
    make_checks(world.contest, by=world.first, at=world.ready_at, points=("receipt", "final"))
    awarded = [award.entry for award in find_standing(world.contest.id).awards]
    record(world, awarded, "decision")
    decide(world)
    world.entries["Đồi cằn trổ hoa"].state = "refused"
    compute(world, world.ready_at + HOUR, checked=False)
    with pytest.raises(NotYet) as error:
        decide(world, world.ready_at + HOUR)
    assert error.value.codes == {"not_checked"}


def test_a_find_stops_the_award_until_it_is_settled(world, secretary):
    compute(world)
    decide(world)
    approve_as(world, world.first, world.ready_at)
    approve_as(world, world.second, world.ready_at)
    winner = find_standing(world.contest.id).awards[0].entry
    with pytest.raises(Refused) as refused:
        record(world, [winner], found=True, actor=secretary)
    assert refused.value.code == "note_missing"
    db.session.rollback()
    record(world, [winner], found=True, note="Báo An Lam, 12/3/2020", actor=secretary)
    assert find_standing(world.contest.id).visible_from is None, "approvals are taken back"
    with pytest.raises(NotYet) as error:
        approve_as(world, world.first, world.ready_at)
    assert error.value.codes == {"published_before"}
    assert winner.blind_code in str(error.value)
    db.session.rollback()
    with pytest.raises(Refused) as refused:
        record(world, [winner], actor=secretary, note="Không phải bài này")
    assert refused.value.code == "not_organiser"
    db.session.rollback()
    with pytest.raises(Refused) as refused:
        record(world, [winner], actor=world.second)
    assert refused.value.code == "note_missing"
    db.session.rollback()
    record(world, [winner], actor=world.second, note="Bài báo ấy của người khác, trùng nhan đề.")
    approve_as(world, world.first, world.ready_at)
    assert [row.found for row in rows() if row.entry_id == winner.id][-2:] == [True, False]


def test_a_found_entry_that_is_refused_leaves_the_list(world):
    compute(world)
    winner = find_standing(world.contest.id).awards[0].entry
    record(world, [winner], found=True, note="Báo An Lam, 12/3/2020")
    winner.state = "refused"
    db.session.commit()
    compute(world, world.ready_at + HOUR)
    decide(world, world.ready_at + HOUR)


def test_a_find_about_an_entry_without_a_prize_takes_nothing_back(world):
    world = make_results(1)
    judge_finalists(world, {"Đạt giải": 9.5, "Không đạt": 5}, "B")
    compute(world)
    given = {award.entry_id for award in find_standing(world.contest.id).awards}
    without = next(entry for entry in world.entries.values() if entry.id not in given)
    find_standing(world.contest.id).first_approver_id = world.first.id
    record(world, [without], found=True, note="Trang của xã, 2019")
    assert find_standing(world.contest.id).first_approver_id == world.first.id
    assert facts_of(world.contest, find_standing(world.contest.id), world.ready_at).found == ()


def test_who_may_and_what_about(world, secretary):
    entry = world.entries["Lớp học"]
    for person in (world.chair, make_user(), make_staff(world.contest, "judge")):
        with pytest.raises(Refused) as refused:
            record(world, [entry], actor=person)
        assert refused.value.code == "not_staff"
        db.session.rollback()
    elsewhere = make_results(1)
    published = judge_finalists(world, {"Loạt bài": 90}, "B", medium="print")[0]
    early = make_accepted(world.contest, "A")
    db.session.commit()
    for other in (elsewhere.entries["Lớp học"], published, early):
        with pytest.raises(Refused) as refused:
            record(world, [other])
        assert refused.value.code == "not_concerned"
        db.session.rollback()
    for broken in ({"entries": []}, {"entries": [entry], "point": "x"}, {"entries": [entry], "note": "x" * 2001}):
        with pytest.raises(Refused):
            record(world, **{"point": "final", **broken})
        db.session.rollback()
    record(world, [early], "receipt", actor=secretary)
    assert len(rows()) == 1


def test_nothing_is_looked_up_once_the_results_are_public(world):
    publish(world)
    with pytest.raises(Conflict):
        record(world, list(world.entries.values()), now=world.official_at)


# In pages


def page_of(world, point="truoc-chung-khao"):
    return f"/ban-to-chuc/{world.contest.slug}/kiem-tra-cong-bo?luc={point}"


def test_one_batch_for_all_that_lack_it(world, client, clock, secretary):
    clock.instant = world.ready_at
    sign_in(client, secretary)
    record(world, [world.entries["Lớp học"]])
    page = client.get(page_of(world)).text
    assert "Còn 4 bài chưa kiểm tra" in page
    answer = client.post(page_of(world), data={"lacking": "1", "found": "0", "note": "Đã tra trên mạng"})
    assert answer.status_code == 303
    assert len(rows()) == 5
    page = client.get(page_of(world)).text
    for words in ("Đã kiểm tra hết", "Phạm Thu Vân", "Đã tra trên mạng", "Đồi cằn trổ hoa"):
        assert words in page
    assert count_lacking(world.contest, None, awarded=False) == {"receipt": 5, "final": 0, "decision": 5}


def test_ticked_entries_and_refusals_keep_what_was_typed(world, client, clock, secretary):
    clock.instant = world.ready_at
    sign_in(client, secretary)
    one = world.entries["Lớp học"].public_id
    early = client.post(page_of(world, "truoc-quyet-dinh"), data={"chosen": one, "found": "0", "note": "Chữ"})
    assert early.status_code == 422
    for bad in ({"found": "1", "chosen": one}, {"found": "0"}, {"found": "x"}, {"found": "0", "chosen": "\x00"}):
        assert client.post(page_of(world), data=bad).status_code == 422
    missing = client.post(page_of(world), data={"found": "1", "chosen": one, "note": ""}).text
    assert "Hãy ghi bài đã công bố ở đâu" in missing
    assert f'value="{one}" aria-label="Chọn “Lớp học”" checked' in missing
    # "All" is for nothing found: what was found is ticked by hand.
    assert client.post(page_of(world), data={"lacking": "1", "found": "1", "note": "Báo"}).status_code == 422
    found = {"found": "1", "chosen": one, "note": "Báo An Lam <12/3/2020>"}
    assert client.post(page_of(world), data=found).status_code == 303
    assert "Báo An Lam &lt;12/3/2020&gt;" in client.get(page_of(world)).text
    assert [row.found for row in rows()] == [True]


def test_the_secretariat_learns_no_prize_from_it(world, client, clock, secretary):
    """Other entries are awarded: the page of the secretariat is the same, byte for byte."""
    clock.instant = world.ready_at
    compute(world, checked=False)
    outsider = make_accepted(world.contest, "A")
    sign_in(client, secretary)
    points = ("khi-nhan", "truoc-chung-khao", "truoc-quyet-dinh")

    def pages():
        return [_TOKEN.sub("*", client.get(page_of(world, point)).text) for point in points]

    seen = pages()
    find_standing(world.contest.id).awards[0].entry_id = outsider.id
    db.session.commit()
    assert pages() == seen
    with pytest.raises(Refused) as refused:
        record(world, [outsider], "decision", actor=secretary)
    assert refused.value.code == "not_concerned"
    db.session.rollback()
    assert outsider in db.session.scalars(concerned_entries(world.contest, "decision", awarded=True)).all()
    assert record(world, [outsider], "decision", actor=world.first)


def test_others_find_no_such_page(world, client, clock):
    clock.instant = world.ready_at
    for person in (make_user(), world.chair, make_staff(world.contest, "judge")):
        client.delete_cookie("session")
        sign_in(client, person)
        assert client.get(page_of(world)).status_code == 404
        assert client.post(page_of(world), data={"lacking": "1", "found": "0"}).status_code == 404
    assert rows() == []
