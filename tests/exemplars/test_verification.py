"""What units are asked and answer: terms, consent, corrections, colleagues."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import select

from contest.contests import labels
from contest.core.db import db
from contest.core.errors import Conflict, NotFound, Refused
from contest.core.text import fold
from contest.exemplars.models import Consent, Exemplar, Verification
from contest.exemplars.queries import (
    answered_by_unit,
    cleared_exemplars,
    count_waiting,
    get_verification,
    standing_verification,
    verification_history,
    waiting_for_unit,
)
from contest.exemplars.rules import GIVERS, HOLD_REASONS, OUTCOMES, is_cleared, is_late, speaks_for
from contest.exemplars.services import (
    Subject,
    answer_verification,
    copy_exemplar,
    describe_exemplar,
    new_exemplar,
    request_verifications,
    state_seen,
)
from contest.outbox.models import Message
from tests.conftest import START, VIETNAM
from tests.factories import make_contest, make_officer, make_unit, make_user


def exemplar(unit, name="Trần Đình Sỹ", **values):
    made = new_exemplar(now=START)
    fields = {"kind": "individual", "role": "", "address": "", "contact": "", "is_child": False, **values}
    describe_exemplar(exemplar=made, name=name, unit=unit, **fields)
    db.session.flush()
    return made


def ask(contest, *exemplars, now=START, working_days=7, **values):
    return request_verifications(
        contest_id=contest.id,
        subjects=[Subject(each, "Nhan đề", "Câu chuyện") for each in exemplars],
        working_days=working_days,
        actor=None,
        now=now,
        **values,
    )


def answer(question, outcome="verified", **values):
    given = {"consent": True, "note": "Ghi chú", "actor": make_user(), "now": START, **values}
    return answer_verification(verification=question, outcome=outcome, **given)


@pytest.mark.parametrize(
    ("asked", "days", "due"),
    [
        (datetime(2027, 4, 15, 9, tzinfo=VIETNAM), 7, date(2027, 4, 27)),  # over Giỗ Tổ
        (datetime(2027, 2, 4, 16, tzinfo=VIETNAM), 5, date(2027, 2, 18)),  # over Tết
        (datetime.fromisoformat("2027-04-14T18:00:00+00:00"), 7, date(2027, 4, 27)),  # the 15th in Viet Nam
    ],
)
def test_terms_are_working_days_in_viet_nam(app, asked, days, due):
    (question,) = ask(make_contest(), exemplar(make_unit()), now=asked, working_days=days)
    assert question.due_on == due
    assert not is_late(due, due)
    assert is_late(due, due + timedelta(days=1))


def test_nobody_is_asked_twice(app):
    contest = make_contest()
    unit = make_unit()
    make_officer(unit)
    one, two = exemplar(unit), exemplar(unit, "Người thứ hai")
    assert len(ask(contest, one)) == 1
    assert [question.exemplar for question in ask(contest, one, two)] == [two]
    assert count_waiting(unit.id) == 2
    assert db.session.scalars(select(Message.template)).all() == ["verification_request"] * 2


def test_an_abolished_units_successor_is_asked(app):
    heir = make_unit("xã Mới")
    old = make_unit("xã Cũ", valid_to=date(2027, 1, 1), successor_id=heir.id)
    later = make_unit("xã Sau này", valid_to=date(2027, 12, 1), successor_id=heir.id)
    contest = make_contest()
    asked = ask(contest, exemplar(old), exemplar(later))
    assert [question.unit for question in asked] == [heir, later]


def test_without_a_unit_nobody_can_be_asked(app):
    with pytest.raises(Refused) as caught:
        ask(make_contest(), exemplar(None))
    assert caught.value.code == "no_unit"


@pytest.mark.parametrize(
    ("outcome", "values", "code"),
    [
        ("perhaps", {}, "outcome"),
        ("on_hold", {}, "hold_reason"),
        ("on_hold", {"hold_reason": "because"}, "hold_reason"),
        ("on_hold", {"hold_reason": "discipline_under_review", "note": " "}, "note"),
        ("unverifiable", {"note": ""}, "note"),
        ("refuted", {"note": ""}, "note"),
        ("verified", {"consent": None}, "consent"),
    ],
)
def test_what_an_answer_needs(app, outcome, values, code):
    (question,) = ask(make_contest(), exemplar(make_unit()))
    with pytest.raises(Refused) as caught:
        answer(question, outcome, **values)
    assert caught.value.code == code
    assert question.outcome is None


def test_a_childs_representative_is_asked(app):
    (question,) = ask(make_contest(), exemplar(make_unit(), is_child=True))
    with pytest.raises(Refused) as caught:
        answer(question)
    assert caught.value.code == "guardian_consent"
    answer(question, guardian_consent=True)
    assert question.guardian_consent is True


def test_a_corrected_answer_keeps_the_earlier(app):
    contest = make_contest()
    unit = make_unit()
    (question,) = ask(contest, exemplar(unit))
    answer(question)
    assert (question.consent, question.consent_text, question.consent_at) == (True, "2027-2", START)
    same = answer(question)
    assert same is question
    later = answer(question, "on_hold", hold_reason="discipline_under_review", consent=None)
    assert later is not question
    assert (question.outcome, question.superseded_at) == ("verified", START)
    assert (later.consent, later.consent_text, later.due_on) == (None, None, question.due_on)
    assert standing_verification(contest.id, question.exemplar_id) is later
    assert list(verification_history(contest.id, question.exemplar_id)) == [later, question]
    assert list(answered_by_unit(unit.id)) == [later]
    # The address of the earlier question leads to what stands now.
    assert get_verification(unit.id, question.public_id) is later


def test_consent_can_be_withdrawn(app):
    contest = make_contest()
    (question,) = ask(contest, exemplar(make_unit()))
    answer(question)
    cleared = set(db.session.scalars(cleared_exemplars(contest.id)))
    assert cleared == {question.exemplar_id}
    answer(question, consent=False)
    assert set(db.session.scalars(cleared_exemplars(contest.id))) == set()


def test_colleagues_do_not_overwrite_each_other(app):
    (question,) = ask(make_contest(), exemplar(make_unit()))
    seen = state_seen(question)
    answer(question, seen=seen)
    with pytest.raises(Conflict):
        answer(question, "refuted", seen=seen, consent=None)
    answer(question, seen=seen)  # the same answer again is no quarrel
    assert question.outcome == "verified"


@pytest.mark.parametrize("public_id", ["", "\x00", "x" * 14, "A" * 14, "9" * 400])
def test_other_units_questions_do_not_exist(app, public_id):
    contest, unit, other = make_contest(), make_unit(), make_unit()
    (question,) = ask(contest, exemplar(unit))
    for code in (public_id, question.public_id):
        with pytest.raises(NotFound):
            get_verification(other.id, code)


def test_waiting_questions_lead_with_the_earliest_due(app):
    contest, unit = make_contest(), make_unit()
    ask(contest, exemplar(unit, "Sau"), working_days=9)
    ask(contest, exemplar(unit, "Trước"), working_days=3)
    (done,) = ask(contest, exemplar(unit, "Xong"), working_days=1)
    answer(done)
    assert [question.exemplar.name for question in waiting_for_unit(unit.id)] == ["Trước", "Sau"]


def test_the_rule_reads_the_same_in_python_and_in_sql(app):
    contest = make_contest()
    unit = make_unit()
    worlds = list(product((None, *OUTCOMES), (None, *GIVERS), (True, False), (True, False), (True, False)))
    expected = {}
    for outcome, given_by, taken_back, is_child, on_hold in worlds:
        made = exemplar(unit, is_child=is_child)
        made.held_at = START if on_hold else None
        db.session.add(
            Verification(
                contest_id=contest.id,
                exemplar=made,
                unit=unit,
                requested_at=START,
                due_on=START.date(),
                outcome=outcome,
            )
        )
        if given_by:
            gone = START if taken_back else None
            consent = {"version": "2027-2", "given_by": given_by, "given_at": START, "withdrawn_at": gone}
            db.session.add(Consent(exemplar=made, purpose="present", **consent))
        agreed = given_by is not None and not taken_back and speaks_for(given_by, is_child=is_child)
        expected[made.id] = is_cleared(outcome=outcome, agreed=agreed, held=on_hold)
    db.session.flush()
    found = set(db.session.scalars(cleared_exemplars(contest.id)))
    assert {each for each, may in expected.items() if may} == found
    assert 0 < len(found) < len(worlds)


def test_records_are_kept_clean(app):
    unit = make_unit()
    made = exemplar(unit, "  Trần   Đình Sy\u0303 ", role="cựu chiến binh")
    assert (made.name, made.name_key) == ("Trần Đình Sỹ", fold("Trần Đình Sỹ"))
    twin = new_exemplar(now=START)
    copy_exemplar(source=made, target=twin)
    db.session.flush()
    assert (twin.name, twin.role, twin.unit_id) == (made.name, made.role, unit.id)
    assert twin.public_id != made.public_id
    with pytest.raises(Refused):
        exemplar(unit, kind="robot")
    assert len(db.session.scalars(select(Exemplar)).all()) >= 2


def test_the_same_words_as_the_rule_sets():
    assert OUTCOMES == labels.OUTCOMES
    assert HOLD_REASONS == labels.HOLD_REASONS
