"""Raw scores of contests judged through the services, given out and worked out again by the stand-alone program."""

from __future__ import annotations

import hashlib
import json
import random
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from contest.accounts.models import User
from contest.contests.services import load_rule_set
from contest.core.db import db
from contest.core.errors import Refused
from contest.entries.models import Advancement, Entry
from contest.judging.closing import decide_gap
from contest.judging.models import Assignment, ConflictOfInterest, PanelSeat, SheetRevision
from contest.judging.rounds import entry_state
from contest.judging.scoring import display
from contest.judging.services import assign_one, close_round, end_seat, seat_judge, settle_gap
from contest.results.choices import choose_entry, choose_unit
from contest.results.raw_export import exportable, is_whole, raw_export, spelled
from contest.results.services import withhold_prize
from tests.factories import START, make_staff, make_unit, make_user, sign_in
from tests.factories.judging import declare, finalise, give, make_accepted, make_finalist, make_panel, opening_of
from tests.factories.raw_scores import ACTIONS, AGGREGATES, GAPS, TIES, Plan, rules_of
from tests.factories.results import (
    World,
    _write_sheets,
    cast_votes,
    close_final,
    compute,
    judge_finalists,
    make_results,
    make_world,
    publish,
)
from tests.results.test_recompute import differences

STORY = "Sáng nào ông cũng chèo đò qua sông, không lấy của ai một đồng."


def judged(plan: Plan, seed: int) -> World:
    """A contest of two categories judged through the services in both rounds, to the closing and the vote."""
    chance = random.Random(seed)
    contest = load_rule_set(rules=rules_of(plan), actor=None, now=START)
    world = make_world(contest=contest)
    shared = make_user("Nguyễn Thị Chung")
    for category, most in (("A", 4), ("B", 2)):
        for number in range(most):
            title = f"Chuyện {category}{number}"
            author = shared if chance.random() < 0.4 and category == "A" else None
            world.entries[title] = make_accepted(contest, category, author=author, title=title, body=STORY)
        _mark(world, "prelim", category, chance)
        now = opening_of(contest, "prelim") + timedelta(hours=2)
        close_round(contest=contest, round_id="prelim", category=category, actor=world.chair, now=now)
        _mark(world, "final", category, chance)
        close_final(world, category)
    finalists = [title for title, entry in world.entries.items() if entry.category == "A" and _advanced(entry)]
    cast_votes(world, {title: chance.randint(0, 4) for title in finalists})
    return world


def _advanced(entry: Entry) -> bool:
    return db.session.scalar(select(Advancement.id).where(Advancement.entry_id == entry.id)) is not None


def _mark(world: World, round_id: str, category: str, chance: random.Random) -> None:
    contest = world.contest
    size = contest.rules.round(round_id).judges_per_entry
    judges = make_panel(contest, round_id, category, size + 2)
    taking_part = [
        entry
        for entry in world.entries.values()
        if entry.category == category and (round_id == "prelim" or _advanced(entry))
    ]
    work = [(entry, judge) for entry in taking_part for judge in chance.sample(judges, size)]
    chance.shuffle(work)
    for entry, judge in work:
        finalise(give(entry, judge, round_id), chance.choice([70, 76, 80, 80, 84, 86]))
    for entry in taking_part:
        _settle(world, entry, round_id, judges, chance)


def _settle(world: World, entry: Entry, round_id: str, judges: list[User], chance: random.Random) -> None:
    now = opening_of(world.contest, round_id) + timedelta(hours=1)
    state = entry_state(entry, round_id)
    assert state is not None
    if state.result.needs_third:
        if state.lacking:
            free = next(judge for judge in judges if judge.id not in {given.judge_id for given in state.given})
            third = assign_one(entry=entry, round_id=round_id, judge=free, actor=world.chair, now=now)
        else:
            third = db.session.get_one(Assignment, state.waiting_for[0].id)
        finalise(declare(third), chance.choice([70, 80]), now=now)
    elif state.result.needs_decision:
        low = min(sheet.total for sheet in state.sheets)
        decide_gap(
            entry=entry,
            round_id=round_id,
            total=display(low, 2) + 2,
            reason="Xem lại bài",
            seen=state.seen,
            actor=world.chair,
            now=now,
        )
    elif state.result.gap_open:
        settle_gap(entry=entry, round_id=round_id, note="Đã trao đổi", actor=world.chair, now=now, seen=state.seen)


def plan_of(seed: int) -> Plan:
    """Every kind of rule in turn."""
    chance = random.Random(seed)
    return Plan(
        AGGREGATES[seed % 3],
        GAPS[1 + seed % 4],
        ACTIONS[seed // 3 % 3],
        chance.choice(TIES),
        lenient=bool(seed % 2),
        once=bool(seed % 3),
    )


@pytest.mark.parametrize("seed", range(12))
def test_a_contest_judged_through_the_services_comes_out_the_same(app: Any, seed: int) -> None:
    world = judged(plan_of(seed), seed)
    compute(world)
    found = raw_export(world.contest)
    assert differences(found.content) == []
    document = json.loads(found.content)
    assert document["published"]["results"]["awards"]
    assert {part["round"] for part in document["rounds"]} == {"prelim", "final"}
    for category in ("A", "B"):
        assert differences(raw_export(world.contest, category).content) == []


@pytest.fixture
def world(app: Any) -> World:
    return judged(plan_of(4), 4)


def test_the_same_records_give_the_same_bytes(world: World) -> None:
    one, two = raw_export(world.contest), raw_export(world.contest)
    assert one.content == two.content
    assert one.sha256 == hashlib.sha256(one.content).hexdigest()
    assert spelled(json.loads(one.content)) == one.content


def test_no_name_and_no_text_is_in_it(world: World) -> None:
    withhold_prize(
        contest=world.contest,
        prize_id="B-nhat",
        reason="Hội đồng thấy chưa xứng",
        actor=world.first,
        now=world.ready_at,
    )
    compute(world)
    document = json.loads(raw_export(world.contest).content)
    document.pop("rules")
    content = json.dumps(document, ensure_ascii=False)
    people = db.session.scalars(select(User)).all()
    assert len(people) > 10
    for person in people:
        assert person.name not in content
        assert person.public_id not in content
    for entry in world.entries.values():
        assert entry.title not in content
        assert entry.public_id not in content
        assert (entry.blind_code or "") in content
    assert "chưa xứng" not in content and "Đã trao đổi" not in content


def test_the_same_author_has_one_tag(world: World) -> None:
    document = json.loads(raw_export(world.contest).content)
    by_author: dict[int, set[str]] = {}
    for entry in world.entries.values():
        tags = document["people"].get(entry.blind_code)
        if tags is not None:
            by_author.setdefault(entry.author_id, set()).update(tags)
    assert all(len(tags) == 1 for tags in by_author.values())
    assert len(set().union(*by_author.values())) == len(by_author)


def test_scores_are_given_out_once_they_are_locked(app: Any) -> None:
    world = make_results()
    contest = world.contest
    assert exportable(contest) == ["A"] and is_whole(contest)
    make_accepted(contest, "B")
    db.session.flush()
    assert not is_whole(contest)
    with pytest.raises(Refused):
        raw_export(contest)
    with pytest.raises(Refused):
        raw_export(contest, "B")
    assert json.loads(raw_export(contest, "A").content)["whole"] is False


def test_before_anything_is_locked_there_is_nothing(app: Any) -> None:
    world = make_world()
    assert exportable(world.contest) == [] and not is_whole(world.contest)
    with pytest.raises(Refused):
        raw_export(world.contest)


def test_without_prizes_nothing_of_people_votes_and_results(world: World) -> None:
    compute(world)
    document = json.loads(raw_export(world.contest, prizes=False).content)
    assert [document[key] for key in ("people", "votes", "withheld", "as_of")] == [None] * 4
    assert document["published"]["results"] is None
    assert document["published"]["places"]["A"]
    assert differences(spelled(document)) == []


def test_a_judge_who_leaves_and_returns_changes_nothing(app: Any) -> None:
    world = make_world(contest=load_rule_set(rules=rules_of(plan_of(3)), actor=None, now=START))
    contest, chance = world.contest, random.Random(5)
    world.entries = {f"Chuyện {number}": make_accepted(contest, title=f"Chuyện {number}") for number in range(5)}
    _mark(world, "prelim", "A", chance)
    before = {entry.id: _told(entry) for entry in world.entries.values()}
    now = opening_of(contest, "prelim") + timedelta(hours=2)
    seats = db.session.scalars(select(PanelSeat).where(PanelSeat.contest_id == contest.id)).all()
    for seat in seats:
        judge = seat.judge
        end_seat(seat=seat, contest=contest, actor=world.chair, now=now)
        seat_judge(contest=contest, round_id="prelim", category="A", judge=judge, actor=world.chair, now=now)
    assert {entry.id: _told(entry) for entry in world.entries.values()} == before
    close_round(contest=contest, round_id="prelim", category="A", actor=world.chair, now=now)


def _told(entry: Entry) -> Any:
    state = entry_state(entry, "prelim")
    assert state is not None
    return state.result.total, state.result.closable, state.dialogue


def test_a_finalist_who_falls_out_after_the_results_leaves_them_as_they_were(app: Any) -> None:
    world = make_results()
    publish(world)
    before = json.loads(raw_export(world.contest).content)
    code = before["published"]["places"]["A"][0]["code"]
    entry = next(each for each in world.entries.values() if each.blind_code == code)
    advancement = db.session.scalars(select(Advancement).where(Advancement.entry_id == entry.id)).one()
    advancement.fell_out_at, entry.state = world.official_at + timedelta(days=1), "withdrawn"
    db.session.flush()
    after = raw_export(world.contest).content
    assert differences(after) == []
    assert json.loads(after)["published"]["places"]["A"][0]["code"] == code


def test_a_finalist_who_falls_out_before_is_not_ranked(world: World) -> None:
    document = json.loads(raw_export(world.contest).content)
    code = document["published"]["places"]["A"][0]["code"]
    entry = next(each for each in world.entries.values() if each.blind_code == code)
    advancement = db.session.scalars(select(Advancement).where(Advancement.entry_id == entry.id)).one()
    advancement.fell_out_at, entry.state = world.ready_at, "withdrawn"
    db.session.flush()
    compute(world)
    content = raw_export(world.contest).content
    assert differences(content) == []
    assert code not in {row["code"] for row in json.loads(content)["published"]["places"]["A"]}


def test_what_the_database_says_otherwise_is_found(world: World) -> None:
    """A mark changed behind everybody's back after the results were computed."""
    compute(world)
    entry = next(each for each in world.entries.values() if each.category == "A" and _advanced(each))
    state = entry_state(entry, "final")
    assert state is not None
    revision = db.session.get_one(SheetRevision, state.given[0].revisions[-1].id)
    revision.marks = {**revision.marks, "C1": "0"}
    db.session.flush()
    assert differences(raw_export(world.contest).content)


def test_the_number_of_queries_does_not_grow_with_the_entries(app: Any, query_counter: Any) -> None:
    world = make_world()
    judge_finalists(world, {f"Chuyện {number}": 70 + number for number in range(3)})
    with query_counter() as few:
        raw_export(world.contest)
    for number in range(12):
        entry = make_finalist(world.contest, title=f"Thêm {number}")
        judges = [make_staff(world.contest, "judge") for _ in range(5)]
        _write_sheets(entry, judges, [60 + number] * 5)
    db.session.commit()
    with query_counter() as more:
        raw_export(world.contest)
    assert more.count == few.count <= 40


# Pages

PAGE, FILE = "/ban-to-chuc/{}/diem-goc", "/ban-to-chuc/{}/diem-goc.json"


def asked(client: Any, world: World, person: User, address: str = FILE, **query: str) -> Any:
    sign_in(client, person)
    return client.get(
        address.format(world.contest.slug), query_string={key.replace("_", "-"): query[key] for key in query}
    )


def test_an_organiser_has_the_file_whose_hash_the_page_shows(app: Any, client: Any, clock: Any) -> None:
    world = make_results()
    clock.instant = world.ready_at
    compute(world)
    page = asked(client, world, world.first, PAGE).get_data(as_text=True)
    file = asked(client, world, world.first)
    assert file.status_code == 200 and file.mimetype == "application/json"
    assert f"diem-goc-{world.contest.slug}.json" in file.headers["Content-Disposition"]
    assert hashlib.sha256(file.data).hexdigest() in page
    assert "verify/verify_ranking.py" in page
    assert differences(file.data) == []
    assert json.loads(file.data)["published"]["results"] is not None


def test_the_head_of_jury_has_no_prizes_before_the_announcement(app: Any, client: Any, clock: Any) -> None:
    world = make_results()
    clock.instant = world.ready_at
    publish(world)
    before = json.loads(asked(client, world, world.chair).data)
    assert (before["votes"], before["people"], before["published"]["results"]) == (None, None, None)
    clock.instant = world.official_at
    after = json.loads(asked(client, world, world.chair).data)
    assert after["published"]["results"]["awards"] and after["votes"]


def test_a_head_of_jury_in_conflict_has_the_category_after_the_announcement_only(
    app: Any, client: Any, clock: Any
) -> None:
    world = make_results()
    clock.instant = world.ready_at
    entry = next(iter(world.entries.values()))
    db.session.add(
        ConflictOfInterest(entry_id=entry.id, judge_id=world.chair.id, source="declared", recorded_at=world.ready_at)
    )
    db.session.flush()
    publish(world)
    assert asked(client, world, world.chair, hang_muc="A").status_code == 404
    assert asked(client, world, world.chair).status_code == 303
    assert "xung đột lợi ích" in asked(client, world, world.chair, PAGE).get_data(as_text=True)
    assert asked(client, world, world.first).status_code == 200
    clock.instant = world.official_at
    assert asked(client, world, world.chair).status_code == 200


def test_nobody_else_has_it(app: Any, client: Any, clock: Any) -> None:
    world = make_results()
    clock.instant = world.official_at
    publish(world, world.ready_at)
    for role in ("judge", "secretary"):
        person = make_staff(world.contest, role)
        assert asked(client, world, person).status_code == 404
        assert asked(client, world, person, PAGE).status_code == 404


def test_before_the_scores_are_locked_the_page_says_so(app: Any, client: Any, clock: Any) -> None:
    world = make_world()
    clock.instant = world.ready_at
    assert "Chưa có điểm nào được khóa" in asked(client, world, world.first, PAGE).get_data(as_text=True)
    assert asked(client, world, world.first).status_code == 303
    for category in ("A", "Z"):
        assert asked(client, world, world.first, hang_muc=category).status_code == 404


def test_prizes_beside_the_ranking_agree_and_what_is_wrong_about_them_is_found(app: Any) -> None:
    world = make_world()
    judge_finalists(world, {"Một": 90, "Hai": 87, "Ba": 80})
    first, second = make_unit(), make_unit()
    for unit in (first, second):
        choose_unit(
            contest=world.contest, prize_id="tap_the", code=unit.code, why="x", actor=world.first, now=world.ready_at
        )
    withhold_prize(
        contest=world.contest, prize_id="tap_the", seats=1, reason="x", actor=world.first, now=world.ready_at
    )
    choose_entry(
        contest=world.contest,
        prize_id="nhan_vat",
        code=world.entries["Một"].blind_code or "",
        why="x",
        actor=world.first,
        now=world.ready_at,
    )
    compute(world)
    content = raw_export(world.contest).content
    assert differences(content) == []
    document = json.loads(content)
    beside = document["published"]["results"]["beside"]
    assert beside["final"] == ["tap_the"]
    for spoil, said in (
        (lambda each: each["units"].append({**each["units"][0], "unit": "khac"}), "at most 2"),
        (lambda each: each["units"].append(each["units"][0]), "gets it twice"),
        (lambda each: each["awards"][0].update(amount=1), "is wrong"),
        (lambda each: each["awards"][0].update(prize="A-nhat"), "is wrong"),
        (lambda each: each["units"].clear(), "Money left"),
    ):
        spoilt = json.loads(content)
        spoil(spoilt["published"]["results"]["beside"])
        assert any(said in each for each in differences(spelled(spoilt))), said
