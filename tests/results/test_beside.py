"""Prizes beside the ladder: by age, by choice, to units; what they do to the money, and who loses them."""

from __future__ import annotations

from datetime import date

import pytest

from contest.core.db import db
from contest.core.errors import Conflict, Refused
from contest.entries.models import Advancement
from contest.results.choices import choose_entry, choose_unit, lift_choice
from contest.results.honours import honours_of
from contest.results.queries import find_standing, unit_awards_at
from contest.results.services import withhold_prize
from tests.factories import make_unit, make_user
from tests.factories.results import compute, decide, judge_finalists, make_results, make_world


def given(found, prize):
    return [award.entry.title for award in found.awards if award.prize_id == prize]


def aged(years, **fields):
    """Contest 2 with one finalist for each date of birth, all with 9 points or less."""
    world = make_world(1)
    for at, (title, born) in enumerate(years.items()):
        last = at == len(years) - 1
        judge_finalists(world, {title: 8 - at / 10}, author_birth_date=born, close=last, **fields)
    return world


OLD = {"Một": date(1980, 1, 1), "Hai": date(1941, 5, 19), "Ba": date(1941, 5, 20)}


def choose(world, prize, title=None, unit=None, why="Đơn vị dẫn đầu", now=None):
    act = {"contest": world.contest, "prize_id": prize, "why": why, "actor": world.first, "now": now or world.ready_at}
    found = choose_unit(**act, code=unit.code) if unit else choose_entry(**act, code=world.entries[title].blind_code)
    db.session.commit()
    return found


def test_the_oldest_author_is_found_by_date_of_birth_and_the_next_one_when_that_entry_falls_out(app):
    world = aged(OLD)
    found = compute(world)
    assert given(found, "cao_tuoi") == ["Hai"]
    award = next(each for each in found.awards if each.prize_id == "cao_tuoi")
    assert award.why[0][1]["age"] in (85, 86)
    fallen = db.session.query(Advancement).filter_by(entry_id=world.entries["Hai"].id).one()
    fallen.fell_out_at = world.ready_at
    db.session.commit()
    assert given(compute(world), "cao_tuoi") == ["Ba"]


def test_authors_born_on_the_same_day_wait_for_the_committee_which_chooses_among_them_alone(app):
    world = aged({**OLD, "Ba": OLD["Hai"]})
    found = compute(world)
    assert given(found, "cao_tuoi") == []
    [tie] = found.report["undecided"]
    assert (tie["prize"], tie["reason"]) == ("cao_tuoi", "same_birth_date")
    with pytest.raises(Refused) as refused:
        decide(world)
    assert refused.value.code == "undecided"
    with pytest.raises(Refused) as refused:
        choose(world, "cao_tuoi", "Một")
    assert refused.value.code == "by_age"
    choose(world, "cao_tuoi", "Ba")
    again = compute(world)
    assert given(again, "cao_tuoi") == ["Ba"]
    assert again.report["undecided"] == []


def test_without_any_date_of_birth_the_prize_is_not_given_and_its_money_is_left(app):
    world = aged(dict.fromkeys(OLD))
    found = compute(world)
    assert {"cao_tuoi"} <= {each["prize"] for each in found.report["withheld"]}


def test_units_are_chosen_with_a_reason_and_the_rest_withheld(app):
    world = make_results()
    first, second = make_unit(), make_unit()
    assert "tap_the" in compute(world).report["outside"]
    choose(world, "tap_the", unit=first)
    one = compute(world)
    assert (one.report["waiting"], "tap_the" in one.report["outside"]) == (["tap_the"], False)
    left = one.report["left"]
    choose(world, "tap_the", unit=second)
    withhold_prize(
        contest=world.contest, prize_id="tap_the", seats=1, reason="Chỉ hai", actor=world.first, now=world.ready_at
    )
    two = compute(world)
    assert two.report["beside"]["tap_the"] == 2
    assert two.report["left"] == left + world.contest.rules.find_prize("tap_the").amount_vnd
    assert [each.award.unit_id for each in unit_awards_at(find_standing(world.contest.id), world.ready_at)] == [
        first.id,
        second.id,
    ]
    told = honours_of(world.contest, two, world.ready_at)
    assert told.amount == sum(each.amount_vnd for each in two.awards) + 2 * 5_000_000
    assert told.number == len(two.awards) + 2
    with pytest.raises(Conflict) as conflict:
        choose(world, "tap_the", unit=first)
    assert conflict.value.code == "chosen_already"


def test_an_exemplar_gets_a_gift_once_and_a_dropped_choice_is_told(app):
    world = make_results()
    row = choose(world, "nhan_vat", "Đồi cằn trổ hoa")
    assert given(compute(world), "nhan_vat") == ["Đồi cằn trổ hoa"]
    with pytest.raises(Conflict):
        choose(world, "nhan_vat", "Đồi cằn trổ hoa")
    fallen = db.session.query(Advancement).filter_by(entry_id=world.entries["Đồi cằn trổ hoa"].id).one()
    fallen.fell_out_at = world.ready_at
    db.session.commit()
    found = compute(world)
    assert given(found, "nhan_vat") == []
    assert found.report["dropped"] == [{"prize": "nhan_vat", "code": world.entries["Đồi cằn trổ hoa"].blind_code}]
    lift_choice(contest=world.contest, choice_id=row.id, actor=world.first, now=world.ready_at)
    assert compute(world).report["dropped"] == []


@pytest.mark.parametrize(
    ("prize", "code", "why", "refused"),
    [
        ("A-nhat", "x", "Vì", "unknown_prize"),
        ("nhan_vat", "KHONG\0CO", "Vì", "unknown_entry"),
        ("nhan_vat", "x", " ", "reason_missing"),
        ("tap_the", "x", "Vì", "to_unit"),
    ],
)
def test_what_cannot_be_chosen(app, prize, code, why, refused):
    world = make_results()
    with pytest.raises(Refused) as error:
        choose_entry(contest=world.contest, prize_id=prize, code=code, why=why, actor=world.first, now=world.ready_at)
    assert error.value.code == refused


def test_choosing_takes_back_approvals_and_nobody_else_chooses(app):
    world = make_results()
    compute(world)
    decide(world)
    found = find_standing(world.contest.id)
    found.first_approver_id = world.second.id
    db.session.commit()
    choose(world, "nhan_vat", "Bến đò đêm")
    assert find_standing(world.contest.id).first_approver_id is None
    world.first = make_user()
    with pytest.raises(Refused) as refused:
        choose(world, "nhan_vat", "Con kinh sạch")
    assert refused.value.code == "not_organiser"


def test_no_more_are_chosen_than_there_are(app):
    world = make_results()
    for _ in range(world.contest.rules.find_prize("tap_the").count):
        choose(world, "tap_the", unit=make_unit())
    for title in ("Đồi cằn trổ hoa", "Bến đò đêm"):
        choose(world, "nhan_vat", title)
    with pytest.raises(Conflict) as conflict:
        choose(world, "tap_the", unit=make_unit())
    assert conflict.value.code == "all_chosen"
