"""Suggested conflicts: found from softer facts, answered by staff, and never told to those who judge."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from contest.contests.ruleset import Localized
from contest.core.db import db
from contest.core.errors import NotFound, Refused
from contest.core.text import fold
from contest.entries.models import CoAuthor
from contest.judging.conflict_matrix import conflict_matrix, matrix_of
from contest.judging.conflicts import conflicts_of
from contest.judging.models import ConflictOfInterest, DismissedSuggestion
from contest.judging.services import (
    confirm_suggestion,
    declare_conflict,
    dismiss_suggestion,
    record_conflict,
    seat_judge,
)
from contest.judging.suggestions import (
    COAUTHOR,
    HOST,
    NAMESAKE,
    STRONG,
    SUPERIOR,
    SURNAME,
    WEAK,
    find_suggestion,
    suggestions_among,
)
from contest.outbox.models import Message
from tests.factories import make_contest, make_staff, make_unit, make_user, sign_in
from tests.factories.judging import accept, give, make_accepted, make_panel, opening_of


@pytest.fixture
def contest(app, clock):
    contest = make_contest()
    clock.instant = opening_of(contest, "prelim")
    return contest


def at(contest):
    return opening_of(contest, "prelim")


def seated(contest, name="Trần Thị Chấm", unit=None):
    user = make_user(name)
    from_staff = make_staff(contest, "judge", user=user, unit=unit)
    accept(contest, from_staff)
    return from_staff


def sources(entry, judge):
    found = find_suggestion(entry, judge)
    return set(found.sources) if found else set()


def test_a_unit_directly_above_or_below_is_suggested(contest):
    above, below, other = make_unit(), make_unit(), make_unit()
    below.parent = above
    db.session.flush()
    judge = seated(contest, unit=above)
    lower = seated(contest, unit=below)
    assert sources(make_accepted(contest, exemplar_unit=below), judge) == {SUPERIOR}
    assert sources(make_accepted(contest, author_unit_id=below.id), judge) == {SUPERIOR}
    assert sources(make_accepted(contest, author_unit_id=above.id), lower) == {SUPERIOR}
    assert sources(make_accepted(contest, author_unit_id=other.id), judge) == set()
    # The same unit is no suggestion but a conflict in force.
    same = make_accepted(contest, author_unit_id=above.id)
    assert sources(same, judge) == set()
    assert conflicts_of(same, judge.id)


def test_people_who_wrote_together_elsewhere_are_suggested(contest):
    judge = seated(contest)
    author = make_user()
    elsewhere = make_accepted(make_contest(1), "A", author=author)
    db.session.add(CoAuthor(entry=elsewhere, position=1, user_id=judge.id, name=judge.name, name_key=fold(judge.name)))
    db.session.flush()
    entry = make_accepted(contest, author=author)
    found = find_suggestion(entry, judge)
    assert (found.sources, found.strength) == ((COAUTHOR,), STRONG)
    assert sources(make_accepted(contest), judge) == set()


def test_a_namesake_and_a_surname_near_by_are_suggested(contest):
    above, below = make_unit(), make_unit()
    below.parent = above
    db.session.flush()
    judge = seated(contest, "Lê Văn Chấm", unit=above)
    assert sources(make_accepted(contest, author_name="Le Van Cham"), judge) == {NAMESAKE}
    assert sources(make_accepted(contest, author_name="Lê Thị Xa"), judge) == set()  # a surname alone is nothing
    near = make_accepted(contest, author_name="Lê Thị Gần", exemplar_unit=below)
    assert sources(near, judge) == {SUPERIOR, SURNAME}
    assert find_suggestion(near, judge).strength == STRONG


def test_staff_of_bodies_that_hold_the_contest_are_suggested(contest, monkeypatch):
    lead, partner = make_unit(), make_unit()
    lead.name_key, partner.name_key = "so van hoa thu", "hoi nha bao thu"
    db.session.flush()
    bodies = contest.rules.bodies.model_copy(
        update={
            "lead": Localized(vi="Sở Văn hóa Thử", en="x"),
            "partners": (Localized(vi="Hội Nhà báo Thử", en="y"),),
        }
    )
    monkeypatch.setattr(type(contest), "rules", contest.rules.model_copy(update={"bodies": bodies}))
    judge = seated(contest, unit=lead)
    entry = make_accepted(contest, author_unit_id=partner.id)
    assert sources(entry, judge) == {HOST}
    assert find_suggestion(entry, judge).strength == WEAK
    assert sources(make_accepted(contest, author_unit_id=make_unit().id), judge) == set()


@pytest.fixture
def pair(contest):
    """An entry and a judge between whom something is suggested."""
    above, below = make_unit(), make_unit()
    below.parent = above
    db.session.flush()
    return make_accepted(contest, exemplar_unit=below), seated(contest, unit=above)


def test_staff_confirm_and_the_judge_is_not_told(contest, pair):
    entry, judge = pair
    assignment = give_by_hand(entry, judge)
    secretary = make_staff(contest, "secretary")
    before = db.session.scalars(select(Message.id).order_by(Message.id)).all()
    with pytest.raises(Refused):
        confirm_suggestion(entry=entry, judge=judge, reason=" ", actor=secretary, now=at(contest))
    confirm_suggestion(entry=entry, judge=judge, reason="Cấp trên trực tiếp", actor=secretary, now=at(contest))
    assert not assignment.standing
    assert conflicts_of(entry, judge.id) == {"chair"}
    assert sources(entry, judge) == set()
    assert db.session.scalars(select(Message.id).order_by(Message.id)).all() == before


def give_by_hand(entry, judge):
    from_hand = make_panel(entry.contest, size=2)
    assert from_hand
    seat = {"contest": entry.contest, "round_id": "prelim", "category": entry.category}
    seat_judge(**seat, judge=judge, actor=None, now=at(entry.contest))
    return give(entry, judge)


def test_staff_dismiss_with_a_reason_and_a_new_fact_is_shown_again(contest, pair):
    entry, judge = pair
    secretary = make_staff(contest, "secretary")
    with pytest.raises(Refused):
        dismiss_suggestion(entry=entry, judge=judge, reason="", actor=secretary, now=at(contest))
    for _ in range(2):
        dismiss_suggestion(entry=entry, judge=judge, reason="Không liên quan", actor=secretary, now=at(contest))
    assert len(db.session.scalars(select(DismissedSuggestion)).all()) == 1
    assert sources(entry, judge) == set()
    entry.author_name = judge.name
    db.session.flush()
    assert sources(entry, judge) == {NAMESAKE}


@pytest.mark.parametrize("role", ["judge", "chair"])
def test_whoever_judges_answers_no_suggestion(contest, pair, role):
    entry, judge = pair
    actor = make_staff(contest, role)
    for verb in (confirm_suggestion, dismiss_suggestion):
        with pytest.raises(NotFound):
            verb(entry=entry, judge=judge, reason="Vì", actor=actor, now=at(contest))


# The matrix


def cell_of(matrix, entry, judge):
    [line] = [line for line in matrix.lines if line.code == entry.blind_code]
    return line.cells[[each.id for each in matrix.judges].index(judge.id)]


def test_the_matrix_says_what_stands_between_each_entry_and_each_judge(contest):
    judges = make_panel(contest, size=3)
    secretary = make_staff(contest, "secretary")
    entry = make_accepted(contest)
    give(entry, judges[0])
    declare_conflict(assignment=give(entry, judges[1]), reason="Bạn cũ", actor=judges[1], now=at(contest))
    record_conflict(entry=entry, judge=judges[2], reason="Nghe nói", actor=secretary, now=at(contest))
    matrix = matrix_of(contest, "prelim", "A")
    states = [cell_of(matrix, entry, judge).state for judge in judges]
    assert states == ["impartial", "stepped_back", "recused"]
    plain = conflict_matrix(contest, "prelim", "A")
    assert [each["name"] for each in plain["judges"]] == [judge.name for judge in matrix.judges]
    [line] = plain["entries"]
    assert sorted(cell["state"] for cell in line["cells"]) == sorted(states)
    assert "Bạn cũ" not in repr(plain)


def test_a_chair_reads_that_there_is_something_and_never_what(client, contest, pair):
    entry, judge = pair
    give_by_hand(entry, judge)
    unit = make_unit()
    fact = make_accepted(contest, author_unit_id=unit.id)
    kin = seated(contest, "Người Cùng Đơn Vị", unit=unit)
    give_by_hand(make_accepted(contest), kin)
    chair, secretary = make_staff(contest, "chair"), make_staff(contest, "secretary")
    own = make_accepted(contest)
    record_conflict(entry=own, judge=chair, reason="Họ hàng", actor=chair, now=at(contest))
    theirs = matrix_of(contest, "prelim", "A", chair_id=chair.id)
    assert cell_of(theirs, entry, judge).strength == WEAK
    assert cell_of(theirs, entry, judge).suggested == ()
    assert (cell_of(theirs, fact, kin).state, cell_of(theirs, fact, kin).conflict) == ("fact", ())
    assert [line.own for line in theirs.lines if line.code == own.blind_code] == [True]
    address = f"/ban-to-chuc/{contest.slug}/cham/prelim/A/xung-dot"
    for person, told in ((chair, False), (secretary, True)):
        sign_in(client, person)
        page = client.get(address)
        assert page.status_code == 200
        assert ("trên hoặc dưới trực tiếp" in page.text) is told
        assert ("Tác giả cùng đơn vị với giám khảo" in page.text) is told
    sign_in(client, judge)
    assert client.get(address).status_code == 404


def test_the_page_takes_answers(client, contest, pair):
    entry, judge = pair
    give_by_hand(entry, judge)
    other = make_accepted(contest, exemplar_unit=entry.exemplar.unit)
    address = f"/ban-to-chuc/{contest.slug}/cham/prelim/A/xung-dot"
    said = {"judge": judge.public_id, "reason": "Xem rồi"}
    chair = make_staff(contest, "chair")
    sign_in(client, chair)
    assert client.post(address, data={**said, "code": entry.blind_code, "act": "dismiss"}).status_code == 404
    assert client.post(address, data={**said, "code": entry.blind_code, "act": "recuse"}).status_code == 303
    sign_in(client, make_staff(contest, "secretary"))
    answer = {**said, "code": other.blind_code, "act": "dismiss"}
    assert client.post(address, data={**answer, "reason": ""}).status_code == 422
    assert client.post(address, data=answer).status_code == 303
    db.session.expire_all()
    assert db.session.scalars(select(ConflictOfInterest)).one().entry_id == entry.id
    assert db.session.scalars(select(DismissedSuggestion)).one().entry_id == other.id
    assert suggestions_among(contest) == {}
