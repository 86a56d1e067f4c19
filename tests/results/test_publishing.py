"""Making results public: posting, the decision, two people, once, at the instant."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from contest.audit.models import AuditRow
from contest.contests.models import Contest
from contest.core.db import db, writing
from contest.core.errors import Refused
from contest.outbox.models import Message
from contest.outbox.queries import is_due
from contest.results import publishing
from contest.results.gates import NotYet
from contest.results.models import ResultSet
from contest.results.queries import find_public_results, find_standing
from contest.results.services import approve, compute_results, enter_decision, release_posting
from tests.factories import make_staff, make_user
from tests.factories.results import (
    NUMBER,
    approve_as,
    compute,
    decide,
    judge_finalists,
    make_results,
    make_world,
    publish,
)

MILLISECOND = timedelta(milliseconds=1)


def standing_at(world, now):
    found = find_public_results(world.contest.id, now)
    return found.standing if found else None


# The decision


def give_decision(world, now=None, **values):
    given = {"number": NUMBER, "on": world.decided_on, "signer": "Chủ tịch", "title": "Công nhận kết quả", **values}
    return enter_decision(contest=world.contest, actor=world.first, now=now or world.ready_at, **given)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"number": " "}, "number_missing"),
        ({"signer": ""}, "signer_missing"),
        ({"title": "\n"}, "title_missing"),
        ({"on": date(2027, 5, 27)}, "before_council"),
        ({"on": date(2027, 6, 12)}, "after_announcement"),
    ],
)
def test_a_decision_that_cannot_be(app, values, code):
    world = make_results()
    compute(world)
    with pytest.raises(Refused) as refused:
        give_decision(world, **values)
    assert refused.value.code == code


@pytest.mark.parametrize("on", [date(2027, 5, 28), date(2027, 6, 11)])
def test_a_decision_on_the_day_of_the_council_or_of_the_announcement(app, on):
    world = make_results()
    compute(world)
    assert give_decision(world, on=on).decision_date == on


def test_a_late_announcement_has_a_later_decision(app):
    world = make_results()
    compute(world)
    late = world.official_at + timedelta(days=3)
    assert give_decision(world, late, on=date(2027, 6, 14)).decision_date == date(2027, 6, 14)


def test_without_results_there_is_nothing_to_decide(app):
    world = make_results()
    for act in (lambda: give_decision(world), lambda: approve_as(world, world.first, world.ready_at)):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.code == "nothing_computed"


def test_another_decision_takes_back_approvals_and_the_same_one_does_not(app):
    world = make_results()
    publish(world)
    assert give_decision(world, signer="Phó Chủ tịch Lê Thị Hòa An", title="Công nhận kết quả Cuộc thi").visible_from
    assert db.session.scalar(select(func.count(Message.id))) == 4
    changed = give_decision(world, number="1409/QĐ-UBND")
    assert (changed.first_approver_id, changed.visible_from) == (None, None)
    assert db.session.scalar(select(func.count(Message.id))) == 0


# Two people


def test_approval_needs_the_decision_and_its_number(app):
    world = make_results()
    compute(world)
    with pytest.raises(Refused) as refused:
        approve_as(world, world.first, world.ready_at)
    assert refused.value.code == "no_decision"
    decide(world)
    with pytest.raises(Refused) as refused:
        approve(contest=world.contest, typed_number="1408/QD-UBND", actor=world.first, now=world.ready_at)
    assert refused.value.code == "wrong_number"


def test_one_person_does_not_publish_however_often(app):
    world = make_results()
    compute(world)
    decide(world)
    approve_as(world, world.first, world.ready_at)
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            approve_as(world, world.first, world.ready_at)
        assert refused.value.code == "same_person"
    assert standing_at(world, world.official_at + timedelta(days=1)) is None
    assert db.session.scalar(select(func.count(Message.id))) == 0


def test_the_database_refuses_one_person_twice_when_the_check_is_taken_out(app, monkeypatch):
    world = make_results()
    compute(world)
    decide(world)
    approve_as(world, world.first, world.ready_at)
    monkeypatch.setattr(publishing, "_check_second_person", lambda result_set, actor: None)
    with pytest.raises(IntegrityError, match="two_people"):
        approve_as(world, world.first, world.ready_at)
    db.session.rollback()


def test_others_do_not_approve(app):
    world = make_results()
    compute(world)
    decide(world)
    elsewhere = make_staff(make_world(1).contest, "organiser")
    for person in (world.chair, make_staff(world.contest, "secretary"), make_user(), elsewhere):
        with pytest.raises(Refused) as refused:
            approve_as(world, person, world.ready_at)
        assert refused.value.code == "not_organiser"


def test_the_second_approval_publishes_at_the_instant_and_each_act_is_recorded(app):
    world = make_results()
    found = publish(world)
    assert found.visible_from == world.official_at
    assert standing_at(world, world.official_at - timedelta(microseconds=1)) is None
    assert standing_at(world, world.official_at) == "official"
    verbs = db.session.execute(
        select(AuditRow.verb, AuditRow.actor).where(AuditRow.verb.startswith("results.")).order_by(AuditRow.id)
    ).all()
    assert [tuple(row) for row in verbs] == [
        ("results.compute", world.first.public_id),
        ("results.enter_decision", world.first.public_id),
        ("results.approve", world.first.public_id),
        ("results.publish", world.second.public_id),
    ]


def test_approved_late_the_results_are_public_at_once(app):
    world = make_results()
    late = world.official_at + timedelta(hours=5)
    assert publish(world, late).visible_from == late
    assert standing_at(world, late) == "official"
    assert standing_at(world, late - timedelta(microseconds=1)) is None


def test_publishing_again_publishes_once_and_writes_once(app):
    world = make_results()
    publish(world)
    third = make_staff(world.contest, "organiser")
    for person in (world.first, world.second, third):
        for now in (world.ready_at, world.official_at):
            approve_as(world, person, now)
    assert find_standing(world.contest.id).second_approver_id == world.second.id
    assert db.session.scalar(select(func.count(Message.id))) == 4
    assert db.session.scalar(select(func.count(AuditRow.id)).where(AuditRow.verb == "results.publish")) == 1


def test_winners_are_written_to_once_each_and_not_before_the_instant(app):
    world = make_results()
    by_phone = make_user("Chỉ Có Điện Thoại", email=None, phone="+84900000009")
    world.entries["Bến đò đêm"].author = by_phone
    publish(world)
    messages = db.session.scalars(select(Message).order_by(Message.id)).all()
    assert [message.channel for message in messages] == ["email", "email", "email", "sms"]
    assert {message.next_try_at for message in messages} == {world.official_at}
    due = select(func.count(Message.id)).where(is_due(world.official_at - MILLISECOND))
    assert db.session.scalar(due) == 0
    assert db.session.scalar(select(func.count(Message.id)).where(is_due(world.official_at))) == 4
    assert [prize["vi"] for prize in messages[3].params["prizes"]] == ["Giải Ba", "Giải do bạn đọc bình chọn"]


# At once


def together(app, acts):
    """Run each act in a thread and transaction of its own, at the same time; what they raised."""
    gate = threading.Barrier(len(acts))
    raised = []

    def run(act):
        with app.app_context():
            try:
                gate.wait()
                with writing() as now:
                    act(now)
            except Refused as error:
                raised.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_approvals_at_the_same_moment_publish_once_and_write_once(app, clock):
    world = make_results()
    compute(world)
    decide(world)
    people = [world.first, world.second, *(make_staff(world.contest, "organiser") for _ in range(3))]
    db.session.commit()
    clock.instant = world.ready_at
    contest_id, ids = world.contest.id, [person.id for person in people]
    db.session.remove()

    def approving(person_id):
        def act(now):
            contest = db.session.get_one(Contest, contest_id)
            person = db.session.get_one(type(people[0]), person_id)
            approve(contest=contest, typed_number=NUMBER, actor=person, now=now)

        return act

    raised = together(app, [approving(person_id) for person_id in ids * 2])
    assert all(error.code == "same_person" for error in raised)
    found = find_standing(contest_id)
    assert found.first_approver_id != found.second_approver_id
    assert db.session.scalar(select(func.count(Message.id))) == 4
    assert db.session.scalar(select(func.count(AuditRow.id)).where(AuditRow.verb == "results.publish")) == 1


def test_computing_at_the_same_moment_gives_one_result(app, clock):
    world = make_results()
    clock.instant = world.ready_at
    contest_id, person_id, people = world.contest.id, world.first.id, type(world.first)
    db.session.commit()
    db.session.remove()

    def act(now):
        compute_results(
            contest=db.session.get_one(Contest, contest_id), actor=db.session.get_one(people, person_id), now=now
        )

    assert together(app, [act] * 5) == []
    assert db.session.scalar(select(func.count(ResultSet.id))) == 1


# Provisional results


def make_posting_world():
    world = make_world(1)
    judge_finalists(world, {"Một": 9.25, "Hai": 8.75})
    compute(world)
    return world


def release(world, now=None):
    found = release_posting(contest=world.contest, actor=world.first, now=now or world.ready_at)
    db.session.commit()
    return found


def test_provisional_results_are_public_from_their_instant_to_the_official_ones(app):
    world = make_posting_world()
    release(world)
    posted, closes = world.contest.rules.results_at, world.contest.rules.window("provisional").closes
    assert standing_at(world, posted - MILLISECOND) is None
    assert standing_at(world, posted) == "provisional"
    decide(world, closes)
    approve_as(world, world.first, closes)
    approve_as(world, world.second, closes)
    assert standing_at(world, world.official_at - MILLISECOND) == "provisional"
    assert standing_at(world, world.official_at) == "official"


def test_without_release_nothing_is_posted(app):
    world = make_posting_world()
    assert standing_at(world, world.contest.rules.results_at + timedelta(days=1)) is None
    with pytest.raises(NotYet) as refused:
        decide(world, world.contest.rules.window("provisional").closes)
    assert refused.value.codes == {"not_posted"}


def test_released_late_they_are_posted_at_once_and_releasing_again_changes_nothing(app):
    world = make_posting_world()
    late = world.contest.rules.results_at + timedelta(hours=3)
    assert release(world, late).post_from == late
    assert release(world, late + timedelta(hours=1)).post_from == late
    assert standing_at(world, late) == "provisional"


def test_remarks_are_awaited_before_anyone_decides_or_approves(app):
    world = make_posting_world()
    release(world)
    closes = world.contest.rules.window("provisional").closes
    with pytest.raises(NotYet) as refused:
        decide(world, closes - MILLISECOND)
    assert refused.value.codes == {"remarks_open"}
    decide(world, closes)
    with pytest.raises(NotYet) as refused:
        approve_as(world, world.first, closes - MILLISECOND)
    assert refused.value.codes == {"remarks_open"}
    assert approve_as(world, world.first, closes).first_approver_id == world.first.id


def test_a_new_result_is_not_posted_by_itself(app):
    world = make_posting_world()
    release(world)
    posted = world.contest.rules.results_at
    world.entries["Một"].state = "refused"
    with pytest.raises(Refused):
        release_posting(contest=make_released_again(world), actor=world.first, now=posted)
    compute(world, posted)
    assert standing_at(world, posted) is None
    release(world, posted)
    assert standing_at(world, posted) == "provisional"


def make_released_again(world):
    """The contest, its posting taken back, so that releasing looks at the result anew."""
    result_set = find_standing(world.contest.id)
    result_set.posted_by_id = result_set.posted_by = None
    db.session.flush()
    return world.contest


def test_a_contest_without_posting_releases_nothing(app):
    world = make_results()
    compute(world)
    with pytest.raises(Refused) as refused:
        release(world)
    assert refused.value.code == "no_posting"
