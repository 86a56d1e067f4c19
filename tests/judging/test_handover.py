"""Who leaves is replaced in one act: it says first what goes where, and loses no sheet."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from contest.audit.models import AuditRow
from contest.contests.models import RoleGrant
from contest.contests.queries import roles_of, standing_grants
from contest.core.db import db
from contest.core.errors import Conflict, Refused
from contest.judging.handover import HELD, IN_CONFLICT, preview
from contest.judging.models import Assignment, PanelSeat, PaperSheet, RoundClosing
from contest.judging.models_council import Handover
from contest.judging.rounds import entry_state
from contest.judging.services import assign_one, change_seat, hand_over, seat_judge
from contest.outbox.models import Message
from contest.outbox.runner import render
from tests.factories import make_contest, make_staff, make_unit, make_user, sign_in
from tests.factories.judging import accept, assignments_of, finalise, give, make_accepted, make_panel, opening_of


@pytest.fixture
def contest(app, clock):
    contest = make_contest()
    clock.instant = opening_of(contest, "prelim")
    return contest


@pytest.fixture
def organiser(contest):
    return make_staff(contest, "organiser", user=make_user(email="to-chuc@an-lam.example"))


@pytest.fixture
def judges(contest):
    return make_panel(contest, size=2)


@pytest.fixture
def successor(contest):
    person = make_staff(contest, "judge", user=make_user(email="ke-nhiem@an-lam.example"), unit=make_unit())
    accept(contest, person)
    return person


def at(contest):
    return opening_of(contest, "prelim")


def do(contest, leaver, successor, organiser, role="judge", **values):
    values = {"reason": "Chuyển công tác", "stamp": preview(contest, role, leaver, successor).stamp, **values}
    return hand_over(
        contest=contest, role=role, leaver=leaver, successor=successor, actor=organiser, now=at(contest), **values
    )


def grants_of(contest, judge):
    return db.session.scalars(standing_grants(contest.id).where(RoleGrant.user_id == judge.id)).all()


def holders(entry):
    return {(each.judge_id, each.standing) for each in assignments_of(entry, standing=False)}


def test_seats_and_unfinished_entries_move_and_finished_sheets_stay(contest, judges, successor, organiser):
    leaver = judges[0]
    done, begun, untouched = (make_accepted(contest) for _ in range(3))
    finalise(give(done, leaver), 80)
    give(begun, leaver)
    give(untouched, leaver)
    seat = db.session.scalars(select(PanelSeat).where(PanelSeat.judge_id == leaver.id)).one()
    change_seat(seat=seat, contest=contest, kind="member", least=2, most=9, actor=organiser, now=at(contest))
    plan = preview(contest, "judge", leaver, successor)
    assert (len(plan.seats), len(plan.moving), len(plan.left_over), plan.finished) == (1, 2, 0, 1)
    row = do(contest, leaver, successor, organiser)
    assert row.moved == plan.as_json()
    assert holders(done) == {(leaver.id, True)}
    assert entry_state(done, "prelim").given[0].final
    for entry in (begun, untouched):
        assert holders(entry) == {(leaver.id, False), (successor.id, True)}
        [new] = assignments_of(entry)
        assert new.impartial_at is None  # the successor declares on each
        assert new.sheet is None
    assert roles_of(contest.id, leaver.id) == set()
    seat = db.session.scalars(select(PanelSeat).where(PanelSeat.judge_id == successor.id)).one()
    assert (seat.seat, seat.least, seat.most) == ("member", 2, 9)
    standing = db.session.scalars(
        select(PanelSeat.judge_id).where(PanelSeat.ended_at.is_(None), PanelSeat.judge_id == leaver.id)
    ).all()
    assert standing == []
    [audit] = db.session.scalars(select(AuditRow).where(AuditRow.verb == "judging.hand_over"))
    assert audit.details["moved"] == row.moved["moved"]


def test_what_the_successor_must_not_judge_or_has_is_left_over(contest, judges, successor, organiser):
    leaver = judges[0]
    kin = make_accepted(contest, author_unit_id=grants_of(contest, successor)[0].unit_id)
    both, free = make_accepted(contest), make_accepted(contest)
    seat_judge(contest=contest, round_id="prelim", category="A", judge=successor, actor=None, now=at(contest))
    for entry in (kin, both, free):
        give(entry, leaver)
    give(both, successor)
    plan = preview(contest, "judge", leaver, successor)
    assert {each.code: each.left_over for each in plan.passing} == {
        kin.blind_code: IN_CONFLICT,
        both.blind_code: HELD,
        free.blind_code: None,
    }
    assert (len(plan.seats), len(plan.merged)) == (0, 1)
    do(contest, leaver, successor, organiser)
    assert holders(kin) == {(leaver.id, False)}
    assert holders(both) == {(leaver.id, False), (successor.id, True)}
    assert holders(free) == {(leaver.id, False), (successor.id, True)}
    # What is left over lacks a judge, and never counts as zero.
    state = entry_state(kin, "prelim")
    assert state.lacking == 2
    assert state.result.total is None


def test_work_the_successor_once_had_comes_back_with_its_sheet(contest, judges, successor, organiser):
    entry = make_accepted(contest)
    seat_judge(contest=contest, round_id="prelim", category="A", judge=successor, actor=None, now=at(contest))
    old = give(entry, successor)
    finalise(old, 90)
    old.standing, old.ended_because = False, "removed"
    db.session.flush()
    give(entry, judges[0])
    do(contest, judges[0], successor, organiser)
    assert [each.id for each in assignments_of(entry)] == [old.id]
    assert old.sheet.state == "final"


def test_closed_rounds_keep_their_panels_and_sheets(contest, judges, successor, organiser):
    entry = make_accepted(contest)
    assignment = give(entry, judges[0])
    db.session.add(
        RoundClosing(contest_id=contest.id, round="prelim", category="A", by_id=organiser.id, at=at(contest))
    )
    db.session.flush()
    plan = preview(contest, "judge", judges[0], successor)
    assert (plan.seats, plan.passing) == ((), ())
    do(contest, judges[0], successor, organiser)
    assert assignment.standing


def test_a_head_of_jury_hands_over_the_chair_with_the_role(contest, judges, successor, organiser):
    chair = make_staff(contest, "chair")
    seat_judge(contest=contest, round_id="prelim", category="A", judge=chair, actor=None, now=at(contest))
    plan = preview(contest, "chair", chair, successor)
    assert plan.roles == ("chair",)
    do(contest, chair, successor, organiser, role="chair")
    assert roles_of(contest.id, successor.id) == {"judge", "chair"}
    seat = db.session.scalars(select(PanelSeat).where(PanelSeat.judge_id == successor.id)).one()
    assert seat.seat == "chair"
    grant = next(each for each in grants_of(contest, successor) if each.role == "chair")
    assert grant.unit_id is not None  # conflicts are found for the new role, too


def test_a_secretary_hands_over_the_role_and_what_others_have_to_finish(contest, judges, organiser):
    leaver, other = make_staff(contest, "secretary"), make_staff(contest, "secretary")
    assignment = give(make_accepted(contest), judges[0])
    db.session.add(PaperSheet(assignment_id=assignment.id, first={}, first_by_id=leaver.id, first_at=at(contest)))
    db.session.flush()
    plan = preview(contest, "secretary", leaver, other)
    assert [params for _words, params in plan.waiting] == [{"count": 1}]
    do(contest, leaver, other, organiser, role="secretary")
    assert roles_of(contest.id, leaver.id) == set()
    assert roles_of(contest.id, other.id) == {"secretary"}
    # An organiser can step in, and is given the role.
    do(contest, other, organiser, organiser, role="secretary")
    assert roles_of(contest.id, organiser.id) == {"organiser", "secretary"}


def test_nobody_takes_over_across_the_line_between_names_and_scores(contest, judges, organiser):
    secretary = make_staff(contest, "secretary")
    for role, leaver, other in (
        ("judge", judges[0], secretary),
        ("judge", judges[0], make_user()),
        ("secretary", secretary, judges[0]),
        ("judge", judges[0], judges[0]),
        ("judge", secretary, judges[0]),
        ("organiser", organiser, secretary),
    ):
        with pytest.raises(Refused):
            preview(contest, role, leaver, other)


def test_a_judge_whose_paper_is_being_keyed_in_does_not_leave_yet(contest, judges, successor):
    assignment = give(make_accepted(contest), judges[0])
    secretary = make_staff(contest, "secretary")
    db.session.add(PaperSheet(assignment_id=assignment.id, first={}, first_by_id=secretary.id, first_at=at(contest)))
    db.session.flush()
    with pytest.raises(Refused) as refused:
        preview(contest, "judge", judges[0], successor)
    assert refused.value.code == "paper_unfinished"


def test_it_does_what_was_shown_or_nothing(contest, judges, successor, organiser):
    give(make_accepted(contest), judges[0])
    stamp = preview(contest, "judge", judges[0], successor).stamp
    with pytest.raises(Refused):
        do(contest, judges[0], successor, organiser, reason=" ")
    give(make_accepted(contest), judges[0])
    with pytest.raises(Conflict):
        do(contest, judges[0], successor, organiser, stamp=stamp)
    assert db.session.scalar(select(Handover.id)) is None
    assert roles_of(contest.id, judges[0].id) == {"judge"}


def test_both_are_told_in_counts(contest, successor, organiser):
    leaver = make_staff(contest, "judge", user=make_user(email="nguoi-di@an-lam.example"))
    accept(contest, leaver)
    seat_judge(contest=contest, round_id="prelim", category="A", judge=leaver, actor=None, now=at(contest))
    entry = make_accepted(contest)
    assign_one(entry=entry, round_id="prelim", judge=leaver, actor=organiser, now=at(contest))
    do(contest, leaver, successor, organiser)
    sent = {
        each.address: render(each)
        for each in db.session.scalars(select(Message).where(Message.template.in_(["handed_over", "taken_over"])))
    }
    assert set(sent) == {leaver.email, successor.email}
    assert successor.name in sent[leaver.email].body
    assert "1 bài" in sent[successor.email].body
    assert entry.blind_code not in sent[successor.email].body


def test_the_page_shows_before_it_does(client, contest, judges, successor, organiser):
    entry = make_accepted(contest)
    give(entry, judges[0])
    address = f"/ban-to-chuc/{contest.slug}/ban-giao"
    sign_in(client, organiser)
    assert client.get(address).status_code == 200
    grant = grants_of(contest, judges[0])[0]
    assert client.post(address).status_code == 422
    assert successor.name in client.post(address, data={"grant": grant.id, "act": "choose"}).text
    said = {"grant": grant.id, "successor": successor.public_id}
    shown = client.post(address, data={**said, "act": "preview"})
    assert shown.status_code == 200
    assert entry.blind_code in shown.text
    stamp = preview(contest, "judge", judges[0], successor).stamp
    assert stamp in shown.text
    assert client.post(address, data={**said, "act": "do", "stamp": stamp}).status_code == 422  # no reason
    assert db.session.scalar(select(Handover.id)) is None
    answer = client.post(address, data={**said, "act": "do", "stamp": stamp, "reason": "Ốm"})
    assert answer.status_code == 303
    page = client.get(address).text
    assert judges[0].name in page and "Ốm" in page
    assert db.session.scalars(select(Assignment.judge_id).where(Assignment.standing.is_(True))).one() == successor.id
