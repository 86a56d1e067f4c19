"""The ceremony: from the last prize up, and nothing of it one millisecond before the results are everybody's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from lxml import html

from contest.core.db import db
from contest.results.ceremony import ON_A_SCREEN, acts_of
from contest.results.honours import honours_of
from contest.results.models import Award
from tests.conftest import Client
from tests.factories.results import approve_as, compute, decide, judge_finalists, make_results, make_world, publish

WINNERS = ("Đồi cằn trổ hoa", "Chiếc ba lô màu xanh", "Con kinh sạch")


@pytest.fixture
def world(app, clock):
    found = make_results()
    publish(found)
    clock.instant = found.official_at
    return found


def stage(world):
    return f"/cuoc-thi/{world.contest.slug}/le-trao-giai"


def acts(client, world):
    """What each step says, in order."""
    page = html.fromstring(client.get(stage(world)).text)
    return [" ".join(act.text_content().split()) for act in page.xpath("//li[@data-act]")]


def test_prizes_come_from_the_last_one_up(world, client):
    said = acts(client, world)
    assert "Lễ tổng kết và trao giải" in said[0]
    names = [world.entries[title].author_name for title in WINNERS]
    steps = [next(at for at, act in enumerate(said) if name in act) for name in names]
    assert steps == sorted(steps, reverse=True), said
    assert "Giải Nhất" in said[steps[0] - 1]
    # Its name first, who gets it only at the next key.
    assert not any(name in said[steps[0] - 1] for name in names)
    assert "Xin chúc mừng" in said[-1]
    assert said[-2] == said[steps[0]]


@pytest.mark.parametrize("before", [timedelta(hours=24), timedelta(seconds=1), timedelta(milliseconds=1)])
def test_before_the_instant_only_the_time_is_told(world, client, clock, before):
    clock.instant = world.official_at - before
    answer = client.get(stage(world))
    assert answer.status_code == 200
    assert "data-acts" not in answer.text
    assert world.official_at.isoformat()[:10] in answer.text
    assert "stage-wait.js" in answer.text
    assert answer.headers["Cache-Control"] == "private, no-store"
    clock.instant = world.official_at
    assert "data-acts" in client.get(stage(world)).text


def test_it_waits_as_long_as_results_are_not_approved_or_only_posted(app, client, clock):
    world = make_results(1)  # posted for remarks first
    clock.instant = world.official_at
    without = client.get(stage(world)).text
    assert "data-acts" not in without
    publish(world, world.ready_at)
    clock.instant = world.contest.rules.results_at
    assert client.get(f"/cuoc-thi/{world.contest.slug}/ket-qua").status_code == 200
    assert "data-acts" not in client.get(stage(world)).text
    clock.instant = world.official_at
    assert "data-acts" in client.get(stage(world)).text


def test_a_page_that_waits_is_the_same_with_results_and_without(app, client, clock):
    world = make_results()
    clock.instant = world.official_at - timedelta(seconds=1)
    seen = [client.get(stage(world)).data]
    compute(world)
    seen.append(client.get(stage(world)).data)
    decide(world)
    approve_as(world, world.first, world.ready_at)
    approve_as(world, world.second, world.ready_at)
    seen.append(client.get(stage(world)).data)
    assert seen[0] == seen[1] == seen[2]


def test_a_prize_with_many_winners_is_shown_in_groups(app, client, clock):
    """Hundreds of consolation prizes: a few names on a screen, each of them once."""
    world = make_world()
    judge_finalists(world, {f"Bài số {number}": 90 - number / 10 for number in range(30)})
    result_set = publish(world)
    last = [award for award in result_set.awards if award.prize_id == result_set.awards[-1].prize_id][-1]
    given = {award.entry_id for award in result_set.awards}
    more = [entry for entry in world.entries.values() if entry.id not in given]
    for place, entry in enumerate(more, start=100):
        db.session.add(
            Award(
                result_set_id=result_set.id,
                position=place,
                prize_id=last.prize_id,
                entry_id=entry.id,
                place=place,
                score="50/1",
                amount_vnd=0,
                why=[],
            )
        )
    db.session.commit()
    clock.instant = world.official_at
    honours = honours_of(world.contest, result_set, clock.instant)
    steps = [act for act in acts_of(honours, world.contest.rules) if act.kind == "winners"]
    shown = [laurel.code for act in steps for laurel in act.winners]
    assert sorted(shown) == sorted(laurel.code for laurel in honours.laurels)
    assert len(shown) == len(set(shown))
    assert max(len(act.winners) for act in steps) <= ON_A_SCREEN
    many = [len(act.winners) for act in steps if act.prize.id == last.prize_id]
    assert max(many) - min(many) <= len(many)
    assert min(many) > 3
    assert len(client.get(stage(world)).data) < 400_000


def test_a_prize_beside_the_ranking_gives_no_winner_away(app, client, clock):
    """Gifts to the people of stories that won: shown after the ladders. Others, and the readers', before."""
    world = make_results()
    result_set = publish(world)
    beside = next(prize for prize in world.contest.rules.prizes if prize.to == "exemplar")
    given = {"result_set_id": result_set.id, "amount_vnd": 0, "why": [], "prize_id": beside.id, "place": None}
    winner, other = world.entries[WINNERS[0]], world.entries["Lớp học"]
    db.session.add(Award(position=200, entry_id=winner.id, **given))
    db.session.commit()
    clock.instant = world.official_at
    name = beside.name.vi

    def order():
        said = acts(client, world)
        return next(at for at, act in enumerate(said) if name in act), said

    at, said = order()
    assert not any(title in act or world.entries[title].author_name in act for act in said[:2] for title in WINNERS)
    assert at > next(number for number, act in enumerate(said) if winner.author_name in act)
    # The prize is the exemplar's: that name is called.
    assert winner.exemplar.name in said[at + 1]
    award = db.session.query(Award).filter_by(prize_id=beside.id).one()
    award.entry = other
    db.session.commit()
    at, said = order()
    assert at == 1


def test_without_a_prize_it_begins_and_ends(app, client, clock):
    world = make_world()
    judge_finalists(world, {"Một": 10})
    publish(world)
    clock.instant = world.official_at
    said = acts(client, world)
    assert any("Không trao" in act for act in said)
    assert "Một" not in " ".join(said)


def test_all_of_it_is_in_the_page(world, client):
    """Works without a network once loaded: no address that is fetched later, no script or style inline."""
    page = html.fromstring(client.get(stage(world)).text)
    assert not page.xpath("//iframe | //*[@loading='lazy'] | //link[@rel='prefetch']")
    images = set(page.xpath("//main//img/@src"))
    for address in images:
        assert client.get(address).status_code == 200


def test_other_methods_and_strangers(world, app, client):
    assert client.post(stage(world)).status_code == 405
    assert client.head(stage(world)).status_code == 200
    assert client.get("/cuoc-thi/khong-co/le-trao-giai").status_code == 404
    assert Client(app, app.response_class).get("/en" + stage(world)).status_code == 200
