"""Nothing opens before its judge has accepted the terms and declared to have no conflict of interest."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from contest.audit.models import AuditRow
from contest.core.db import db
from contest.core.errors import Conflict, NotFound, Refused
from contest.core.richtext import from_plain, source_of
from contest.judging.declarations import undeclared
from contest.judging.models import ConflictOfInterest, Sheet, TermsAcceptance
from contest.judging.services import (
    accept_terms,
    assign_one,
    close_round,
    declare_conflict,
    declare_impartial,
    declare_many,
    finalise_sheet,
    lift_conflict,
    save_sheet,
)
from contest.judging.sheets import get_own_assignment
from contest.judging.terms import TERMS, TERMS_SHA256, accepted, sha256_of
from tests.factories import make_contest, make_staff, make_unit, sign_in
from tests.factories.judging import accept, declare, finalise, give, make_accepted, make_panel, opening_of, spread_marks

BODY = "Chữ riêng của bài này"


@pytest.fixture
def contest(app, clock):
    contest = make_contest()
    clock.instant = opening_of(contest, "prelim")
    return contest


@pytest.fixture
def judges(contest):
    return make_panel(contest, size=3)


def now_of(contest):
    return opening_of(contest, "prelim")


def handed(contest, judge, **fields):
    """An entry given to a judge who has declared nothing."""
    text = f"{BODY}. Ông chèo đò."
    entry = make_accepted(contest, body=text, document=source_of(from_plain(text)), **fields)
    return assign_one(entry=entry, round_id="prelim", judge=judge, actor=judge, now=now_of(contest))


def at(contest, assignment, page=""):
    return f"/cham/{contest.slug}/bai/{assignment.public_id}{page}"


# Terms


def test_the_terms_are_kept_as_they_were_shown(contest):
    judge = make_staff(contest, "judge")
    assert not accepted(contest, judge.id)
    row = accept_terms(contest=contest, judge=judge, shown=TERMS_SHA256, actor=judge, now=now_of(contest))
    assert accept_terms(contest=contest, judge=judge, shown=TERMS_SHA256, actor=judge, now=now_of(contest)) is row
    assert (row.text, row.sha256) == (TERMS, sha256_of(row.text))
    assert set(row.text) == {"vi", "en"}
    assert len(row.text["vi"]["clauses"]) == len(row.text["en"]["clauses"])
    assert accepted(contest, judge.id)


def test_terms_that_changed_since_they_were_shown_are_not_accepted(contest, monkeypatch):
    judge = make_staff(contest, "judge")
    with pytest.raises(Conflict):
        accept_terms(contest=contest, judge=judge, shown="0" * 64, actor=judge, now=now_of(contest))
    accept(contest, judge)
    monkeypatch.setattr("contest.judging.terms.TERMS_SHA256", "1" * 64)
    assert not accepted(contest, judge.id)  # another wording is asked for again


def test_nobody_accepts_the_terms_for_a_judge_but_the_secretariat_with_the_paper(contest):
    judge, other, secretary = (make_staff(contest, role) for role in ("judge", "judge", "secretary"))
    with pytest.raises(NotFound):
        accept_terms(contest=contest, judge=judge, shown=TERMS_SHA256, actor=other, now=now_of(contest))
    with pytest.raises(NotFound):  # and not for somebody who judges nothing
        accept_terms(contest=contest, judge=secretary, shown=TERMS_SHA256, actor=secretary, now=now_of(contest))
    accept_terms(contest=contest, judge=judge, shown=TERMS_SHA256, actor=secretary, now=now_of(contest))
    [row] = db.session.scalars(select(AuditRow).where(AuditRow.verb == "judging.accept_terms"))
    assert row.actor == secretary.public_id
    assert row.details["on_paper"] is True


def test_a_judge_reads_and_accepts_the_terms_before_the_first_entry(client, contest):
    judge = make_panel(contest, size=1)[0]
    db.session.delete(db.session.scalars(select(TermsAcceptance)).one())
    assignment = handed(contest, judge)
    sign_in(client, judge)
    for address in (f"/cham/{contest.slug}", at(contest, assignment), at(contest, assignment, "/khai-bao")):
        answer = client.get(address)
        assert answer.status_code == 302
        assert answer.location.startswith(f"/cham/{contest.slug}/quy-uoc")
        assert BODY not in answer.text
    page = client.get(f"/cham/{contest.slug}/quy-uoc").text
    assert "Quy ước chấm thi" in page and "Terms of judging" in page
    assert client.post(f"/cham/{contest.slug}/quy-uoc", data={"sha256": "1"}).status_code == 422
    answer = client.post(f"/cham/{contest.slug}/quy-uoc", data={"sha256": TERMS_SHA256, "to": assignment.public_id})
    assert answer.location == at(contest, assignment)
    assert "đã chấp nhận" in client.get(f"/cham/{contest.slug}/quy-uoc").text


# The guard


def test_no_text_no_photo_no_sheet_and_no_saving_before_the_declaration(client, contest, judges):
    assignment = handed(contest, judges[0])
    sign_in(client, judges[0])
    answer = client.get(at(contest, assignment))
    assert answer.location == at(contest, assignment, "/khai-bao")
    page = client.get(at(contest, assignment, "/khai-bao"))
    assert page.status_code == 200
    assert assignment.entry.title in page.text and BODY not in page.text
    assert "checked" not in page.text  # nothing is chosen beforehand
    assert client.get(at(contest, assignment, "/anh/1/lon")).status_code == 404
    assert client.get(at(contest, assignment, "/xung-dot")).status_code == 404
    for way in ("", "/luu", "/trao-doi"):
        assert client.post(at(contest, assignment, way), data={"mark-C1": "1", "version": "0"}).status_code == 404
    marks = spread_marks(contest, 80)
    same = {"assignment": assignment, "marks": marks, "comment": "", "version": 0, "actor": judges[0]}
    for verb in (save_sheet, finalise_sheet):
        with pytest.raises(NotFound):
            verb(**same, now=now_of(contest))
    assert db.session.scalar(select(Sheet.id)) is None

    assert client.post(at(contest, assignment, "/khai-bao")).status_code == 422  # neither of the two
    answer = client.post(at(contest, assignment, "/khai-bao"), data={"say": "none"})
    assert answer.location == at(contest, assignment)
    assert BODY in client.get(at(contest, assignment)).text


def test_declaring_needs_the_terms(contest, judges):
    assignment = handed(contest, judges[0])
    db.session.delete(db.session.scalars(select(TermsAcceptance).where(TermsAcceptance.judge_id == judges[0].id)).one())
    with pytest.raises(Refused) as refused:
        declare_impartial(assignment=assignment, actor=judges[0], now=now_of(contest))
    assert refused.value.code == "terms_missing"
    # And what was declared on closes when the terms change.
    accept(contest, judges[0])
    declare(assignment)
    assert get_own_assignment(contest, assignment.public_id, judges[0].id, now_of(contest)) is assignment
    db.session.delete(db.session.scalars(select(TermsAcceptance).where(TermsAcceptance.judge_id == judges[0].id)).one())
    with pytest.raises(NotFound):
        get_own_assignment(contest, assignment.public_id, judges[0].id, now_of(contest))


def test_only_the_judge_declares_or_the_secretariat_from_the_signed_paper(contest, judges):
    assignment = handed(contest, judges[0])
    for other in (judges[1], make_staff(contest, "chair")):
        with pytest.raises(NotFound):
            declare_impartial(assignment=assignment, actor=other, now=now_of(contest))
    secretary = make_staff(contest, "secretary")
    declare_impartial(assignment=assignment, actor=secretary, now=now_of(contest))
    assert (assignment.impartial_at, assignment.impartial_by_id) == (now_of(contest), secretary.id)
    before = assignment.impartial_at
    declare_impartial(assignment=assignment, actor=judges[0], now=now_of(contest))
    assert assignment.impartial_at == before


def test_nobody_declares_against_a_known_conflict(client, contest):
    unit = make_unit()
    judge = make_staff(contest, "judge", unit=unit)
    accept(contest, judge)
    make_panel(contest, size=1)
    assignment = handed(contest, make_panel(contest, size=1)[0])
    assignment.judge = judge
    assignment.entry.author_unit_id = unit.id
    db.session.flush()
    with pytest.raises(NotFound):
        declare_impartial(assignment=assignment, actor=judge, now=now_of(contest))
    assert undeclared(contest, "prelim", judge.id, now_of(contest)) == []


# Many at once


def test_a_list_of_all_that_waits_takes_what_was_chosen_and_leaves_the_rest(client, contest, judges):
    mine = [handed(contest, judges[0], title=f"Bài số {number}") for number in range(4)]
    handed(contest, judges[1], title="Bài của người khác")
    sign_in(client, judges[0])
    address = f"/cham/{contest.slug}/khai-bao"
    page = client.get(address).text
    assert all(each.entry.title in page and each.entry.blind_code in page for each in mine)
    assert "Bài của người khác" not in page and BODY not in page and " checked" not in page
    assert client.post(address, data={}).status_code == 422
    assert client.post(address, data={"say-": "none"}).status_code == 303  # nothing of theirs
    said = {
        f"say-{mine[0].public_id}": "none",
        f"say-{mine[1].public_id}": "back",
        f"why-{mine[1].public_id}": "Quen biết",
        f"say-{mine[2].public_id}": "perhaps",
    }
    answer = client.post(address, data=said)
    assert answer.status_code == 303
    db.session.expire_all()
    assert mine[0].impartial_at is not None and mine[0].standing
    assert not mine[1].standing
    assert db.session.scalars(select(ConflictOfInterest)).one().note == "Quen biết"
    assert [each.impartial_at for each in mine[2:]] == [None, None]
    assert {each.assignment.id for each in undeclared(contest, "prelim", judges[0].id, now_of(contest))} == {
        each.id for each in mine[2:]
    }


def test_many_are_declared_on_only_by_their_own_judge(contest, judges):
    mine, other = handed(contest, judges[0]), handed(contest, judges[1])
    ids = [mine.public_id, other.public_id, "zzz"]
    assert declare_many(contest=contest, round_id="prelim", public_ids=ids, actor=judges[0], now=now_of(contest)) == [
        mine
    ]
    assert other.impartial_at is None
    again = declare_many(contest=contest, round_id="prelim", public_ids=ids, actor=judges[0], now=now_of(contest))
    assert again == []


def test_nothing_is_asked_before_the_round_begins_or_after_it_closed(contest, judges):
    assignment = handed(contest, judges[0])
    window = contest.rules.window("prelim")
    before = window.opens - (now_of(contest) - window.opens)
    assert undeclared(contest, "prelim", judges[0].id, before) == []
    with pytest.raises(NotFound):
        declare_impartial(assignment=assignment, actor=judges[0], now=before)
    assert len(undeclared(contest, "prelim", judges[0].id, window.opens)) == 1


def test_who_returns_after_a_conflict_was_lifted_declares_anew(contest, judges):
    assignment = give(make_accepted(contest), judges[0])
    finalise(assignment, 80)
    declare_conflict(assignment=assignment, reason="", actor=judges[0], now=now_of(contest))
    conflict = db.session.scalars(select(ConflictOfInterest)).one()
    lift_conflict(conflict=conflict, actor=make_staff(contest, "chair"), now=now_of(contest))
    again = assign_one(entry=assignment.entry, round_id="prelim", judge=judges[0], actor=judges[1], now=now_of(contest))
    assert again is assignment and again.impartial_at is None
    assert again.sheet.state == "final"  # the finished sheet was never lost


def test_a_judge_may_step_back_after_having_opened_an_entry(client, contest, judges):
    assignment = give(make_accepted(contest), judges[0])
    sign_in(client, judges[0])
    assert client.get(at(contest, assignment, "/xung-dot")).status_code == 200
    assert client.post(at(contest, assignment, "/xung-dot")).status_code == 303
    db.session.expire_all()
    assert not assignment.standing


def test_a_closed_round_takes_no_declaration(contest, judges):
    assignments = [give(make_accepted(contest), judge) for judge in judges[:1]]
    late = handed(contest, judges[1])
    db.session.flush()
    late.entry.state = "withdrawn"
    for each in assignments:
        finalise(each, 80)
    assert undeclared(contest, "prelim", judges[1].id, now_of(contest)) == []
    assert close_round is not None
