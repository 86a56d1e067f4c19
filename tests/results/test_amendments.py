"""Taking back and correcting announced prizes: two people, from its instant, the next moves up or nobody."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from contest.contests.services import load_rule_set
from contest.core.db import db
from contest.core.errors import Conflict, Refused
from contest.entries.models import Advancement
from contest.outbox.models import Message
from contest.results.amendments import (
    approve_amendment,
    call_off_amendment,
    propose_correction,
    propose_revocation,
    waiting_amendment,
)
from contest.results.choices import choose_unit
from contest.results.models import Award
from contest.results.models_after import Amendment
from contest.results.queries import amendments_at, awarded_entries, awards_at, find_standing, paper_state
from contest.results.raw_export import raw_export
from tests.conftest import START
from tests.factories import make_unit, make_user, rule_sets, sign_in
from tests.factories.results import NUMBER, judge_finalists, make_results, make_world, publish
from tests.results.test_recompute import differences

DAY = timedelta(days=1)
OTHER = "1501/QĐ-UBND"


def announced(world=None):
    """A published contest, and an instant a day after the announcement."""
    world = world or make_results()
    publish(world)
    return world, world.official_at + DAY


def award_of(world, prize, title):
    rows = awards_at(find_standing(world.contest.id), world.official_at)
    return next(each.award for each in rows if (each.award.prize_id, each.award.entry.title) == (prize, title))


def propose(world, now, prize="A-nhat", title="Đồi cằn trổ hoa", follow="cascade", **fields):
    given = {"reason": "Bài đã in năm 2019", "number": OTHER, "on": now.date(), "signer": "Lê Thị Hòa An", **fields}
    found = propose_revocation(
        contest=world.contest,
        award=award_of(world, prize, title),
        follow=follow,
        actor=given.pop("actor", world.first),
        now=now,
        **given,
    )
    db.session.commit()
    return found


def approve(world, row, now, actor=None, number=OTHER):
    found = approve_amendment(
        contest=world.contest, public_id=row.public_id, typed_number=number, actor=actor or world.second, now=now
    )
    db.session.commit()
    return found


def told(world, now):
    return [
        (each.award.prize_id, each.award.entry.title, each.state)
        for each in awards_at(find_standing(world.contest.id), now)
    ]


def test_the_next_moves_up_each_by_rank_and_minimum_from_the_instant_of_the_second_approval(app):
    """87 does not reach 88 for the First: the cascade of the First is empty. Of the Second it is not."""
    world, now = announced()
    before = told(world, now)
    row = propose(world, now)
    assert row.moves["comes"] == []
    assert told(world, now) == before
    approve(world, row, now)
    assert told(world, now - timedelta(microseconds=1)) == before
    assert told(world, now)[0] == ("A-nhat", "Đồi cằn trổ hoa", "revoked")
    assert told(world, now)[1:] == before[1:]


def test_who_moves_up_stands_once_and_frees_a_seat_for_the_next(app):
    world = make_world()
    titles = [f"Bài {at:02}" for at in range(1, 21)]
    judge_finalists(world, dict(zip(titles, (91 - at * 0.1 for at in range(20)), strict=True)))
    world, now = announced(world)
    before = told(world, now)
    assert [prize for prize, _, _ in before] == ["A-nhat", *["A-nhi"] * 2, *["A-ba"] * 4, *["A-khuyen_khich"] * 10]
    row = approve(world, propose(world, now, title="Bài 01"), now)
    after = told(world, now)
    standing = [(prize, title) for prize, title, state in after if state != "revoked"]
    assert sorted(standing) == sorted(zip([prize for prize, _, _ in before], titles[1:18], strict=True))
    assert {title: state for _, title, state in after if state == "promoted"} == dict.fromkeys(
        ("Bài 02", "Bài 04", "Bài 08", "Bài 18"), "promoted"
    )
    ids = {entry.title: entry.id for entry in world.entries.values()}
    for subject, state in (
        (f"award:A-nhat:{ids['Bài 01']}", "revoked"),
        (f"award:A-nhat:{ids['Bài 02']}", "promoted"),
        (f"award:A-nhi:{ids['Bài 02']}", "replaced"),
        (f"award:A-nhi:{ids['Bài 03']}", "standing"),
    ):
        assert paper_state(world.contest.id, subject, now)[0] == state
    assert paper_state(world.contest.id, f"award:A-nhat:{ids['Bài 09']}", now) is None
    assert paper_state(world.contest.id, f"award:A-nhi:{ids['Bài 02']}", now - timedelta(seconds=1))[0] == "standing"
    titles_now = {entry.title for entry in db.session.scalars(awarded_entries(now))}
    assert "Bài 01" not in titles_now
    assert "Bài 18" in titles_now
    letters = [each for each in db.session.scalars(select(Message)) if each.params.get("amendment") == row.id]
    assert {each.next_try_at for each in letters} == {now}
    assert len(letters) == 4


def test_a_prize_may_stay_empty(app):
    world, now = announced()
    row = propose(world, now, prize="A-nhi", title="Chiếc ba lô màu xanh", follow="empty")
    approve(world, row, now)
    assert [state for _, _, state in told(world, now)].count("promoted") == 0


def ruled(what):
    """A published contest whose rules say what follows when a prize is taken back."""
    rules = rule_sets()[0]
    rules = rules.model_copy(update={"scoring": rules.scoring.model_copy(update={"prize_taken_back": what})})
    world = make_world(contest=load_rule_set(rules=rules, actor=None, now=START))
    judge_finalists(world, {"Một": 90, "Hai": 89, "Ba": 88.5})
    return announced(world)


@pytest.mark.parametrize(
    ("what", "wrong", "right"), [("stays_empty", "cascade", "empty"), ("next_moves_up", "empty", "cascade")]
)
def test_the_rules_may_say_what_follows(app, client, clock, what, wrong, right):
    world, now = ruled(what)
    with pytest.raises(Refused) as refused:
        propose(world, now, title="Một", follow=wrong)
    assert refused.value.code == what
    clock.instant = now
    sign_in(client, world.first)
    page = client.get(f"/ban-to-chuc/{world.contest.slug}/ket-qua/dieu-chinh/bai-{award_of(world, 'A-nhat', 'Một').id}")
    assert f'name="follow" value="{right}"' in page.text
    assert propose(world, now, title="Một", follow=right).follow == right


def test_where_nobody_can_move_up_the_prize_stays_empty_whatever_the_rules_say(app):
    world, now = ruled("next_moves_up")
    last = told(world, now)[-1]
    assert propose(world, now, prize=last[0], title=last[1], follow="empty").moves["comes"] == []


def test_the_readers_prize_goes_to_the_next_in_the_vote(app):
    world, now = announced()
    approve(world, propose(world, now, prize="A-ban_doc", title="Bến đò đêm"), now)
    assert ("A-ban_doc", "Lớp học", "promoted") in told(world, now)
    award = next(each.award for each in awards_at(find_standing(world.contest.id), now) if each.state == "promoted")
    assert award.votes == 90


def test_two_people_and_the_database_knows(app):
    world, now = announced()
    row = propose(world, now)
    with pytest.raises(Refused) as refused:
        approve(world, row, now, actor=world.first)
    assert refused.value.code == "same_person"
    with pytest.raises(Refused) as refused:
        approve(world, row, now, number=NUMBER)
    assert refused.value.code == "wrong_number"
    with pytest.raises(Refused) as refused:
        approve(world, row, now, actor=make_user())
    assert refused.value.code == "not_organiser"
    row.second_approver_id = world.first.id
    with pytest.raises(IntegrityError):
        db.session.flush()
    db.session.rollback()


def test_before_its_own_instant_nobody_sees_it_and_it_can_be_called_off(app):
    world, now = announced()
    before = told(world, now)
    row = propose(world, now, prize="A-ban_doc", title="Bến đò đêm", visible_from=now + DAY)
    approve(world, row, now)
    assert told(world, now + DAY - timedelta(microseconds=1)) == before
    assert told(world, now + DAY) != before
    with pytest.raises(Conflict) as conflict:
        propose(world, now, prize="A-ba", title="Bến đò đêm")
    assert conflict.value.code == "another_waits"
    call_off_amendment(contest=world.contest, public_id=row.public_id, actor=world.first, now=now)
    db.session.commit()
    assert told(world, now + DAY) == before
    assert db.session.scalar(select(func.count(Award.id)).where(Award.since_amendment_id.is_not(None))) == 0
    # The same again, and then it is too late.
    again = propose(world, now, prize="A-ban_doc", title="Bến đò đêm")
    approve(world, again, now)
    with pytest.raises(Conflict) as conflict:
        call_off_amendment(contest=world.contest, public_id=again.public_id, actor=world.first, now=now)
    assert conflict.value.code == "already_public"


def test_who_fell_out_since_does_not_move_up_and_the_second_person_approves_what_was_proposed(app):
    world = make_world()
    judge_finalists(world, {"Một": 90, "Hai": 89, "Ba": 88.5, "Bốn": 86})
    world, now = announced(world)
    row = propose(world, now, title="Một")
    ids = {title: entry.id for title, entry in world.entries.items()}
    assert row.moves["comes"][0]["entry"] == ids["Hai"]
    fallen = db.session.scalar(select(Advancement).where(Advancement.entry_id == ids["Hai"]))
    fallen.fell_out_at = now
    db.session.commit()
    with pytest.raises(Conflict) as conflict:
        approve(world, row, now)
    assert conflict.value.code == "out_of_date"
    call_off_amendment(contest=world.contest, public_id=row.public_id, actor=world.first, now=now)
    again = propose(world, now, title="Một")
    assert again.moves["comes"][0]["entry"] == ids["Ba"]


def test_an_author_of_what_was_taken_back_does_not_move_up_with_another_entry(app):
    world = make_world()
    author = make_user()
    judge_finalists(world, {"Một": 90}, author=author, close=False)
    judge_finalists(world, {"Hai": 89}, author=author, close=False)
    judge_finalists(world, {"Ba": 88.5})
    world, now = announced(world)
    assert [title for _, title, _ in told(world, now)] == ["Một", "Ba"]
    row = propose(world, now, title="Một")
    assert [come["entry"] for come in row.moves["comes"]] == [world.entries["Ba"].id]


def test_a_tie_for_one_free_prize_is_refused_and_empty_is_not(app):
    world = make_world()
    judge_finalists(world, {"Một": 90, "Hai": 89, "Ba": 89})
    world, now = announced(world)
    with pytest.raises(Refused) as refused:
        propose(world, now, title="Một")
    assert refused.value.code == "tied"
    assert propose(world, now, title="Một", follow="empty").moves["comes"] == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"reason": " "}, "reason_missing"),
        ({"number": ""}, "number_missing"),
        ({"signer": ""}, "signer_missing"),
        ({"follow": "x"}, "unknown_follow"),
    ],
)
def test_what_a_proposal_needs(app, fields, code):
    world, now = announced()
    with pytest.raises(Refused) as refused:
        propose(world, now, **fields)
    assert refused.value.code == code


def test_dates_of_the_decision(app):
    world, now = announced()
    for on, code in ((world.decided_on - DAY, "too_early"), (now.date() + DAY, "in_future")):
        with pytest.raises(Refused) as refused:
            propose(world, now, on=on)
        assert refused.value.code == code


def test_nothing_is_amended_before_the_announcement(app):
    world = make_results()
    publish(world)
    with pytest.raises(Conflict) as conflict:
        propose(world, world.official_at - timedelta(microseconds=1))
    assert conflict.value.code == "early"


def test_a_prize_is_taken_back_once(app):
    world, now = announced()
    approve(world, propose(world, now), now)
    with pytest.raises(Conflict) as conflict:
        propose(world, now)
    assert conflict.value.code == "not_standing"
    assert waiting_amendment(world.contest.id, now) is None


def test_a_name_and_a_citation_are_corrected_and_the_old_words_stay_on_record(app):
    world, now = announced()
    award = award_of(world, "A-nhat", "Đồi cằn trổ hoa")
    given = {"contest": world.contest, "award": award, "reason": "Sai dấu", "number": OTHER, "on": now.date()}
    for field, after in (("author", "Trần Thị Thuỷ"), ("citation", "Đất không phụ người.")):
        row = propose_correction(**given, field=field, after=after, signer="A", actor=world.first, now=now)
        assert row.moves["after"] == after
        approve(world, row, now)
    first = awards_at(find_standing(world.contest.id), now)[0]
    assert (first.state, first.author, first.citation) == ("standing", "Trần Thị Thuỷ", "Đất không phụ người.")
    assert first.award.citation == ""
    assert awards_at(find_standing(world.contest.id), now - timedelta(seconds=1))[0].author is None
    with pytest.raises(Refused):
        propose_correction(**given, field="citation", after="", signer="A", actor=world.first, now=now)
    assert db.session.scalar(select(func.count(Amendment.id))) == 2


def test_what_one_person_proposed_never_shows_by_the_clock_nor_what_was_called_off(app):
    world, now = announced()
    award = award_of(world, "A-nhat", "Đồi cằn trổ hoa")
    given = {"contest": world.contest, "award": award, "reason": "Sai dấu", "number": OTHER, "on": now.date()}
    row = propose_correction(
        **given,
        field="author",
        after="Tên Khác",
        signer="A",
        actor=world.first,
        now=now,
        visible_from=now + DAY,
    )
    db.session.commit()
    later = now + 2 * DAY

    def shown():
        author = awards_at(find_standing(world.contest.id), later)[0].author
        return author, [each.public_id for each in amendments_at(world.contest.id, later)]

    assert shown() == (None, [])
    approve(world, row, now)
    assert shown() == ("Tên Khác", [row.public_id])
    assert amendments_at(world.contest.id, now + DAY - timedelta(microseconds=1)) == []
    call_off_amendment(contest=world.contest, public_id=row.public_id, actor=world.second, now=now)
    db.session.commit()
    assert shown() == (None, [])


@pytest.mark.parametrize("refused", [False, True])
def test_the_program_for_everyone_agrees_after_an_amendment_too(app, refused):
    """What was decided stays what it was worked out from; the entry that lost its prize may fall out or be refused."""
    world = make_world()
    judge_finalists(world, {f"Bài {at:02}": 91 - at * 0.5 for at in range(1, 21)})
    unit = make_unit()
    choose_unit(
        contest=world.contest, prize_id="tap_the", code=unit.code, why="x", actor=world.first, now=world.ready_at
    )
    world, now = announced(world)
    before = json.loads(raw_export(world.contest).content)
    approve(world, propose(world, now, title="Bài 01"), now)
    entry = world.entries["Bài 01"]
    if refused:
        entry.state = "refused"
    fallen = db.session.scalars(select(Advancement).where(Advancement.entry_id == entry.id)).one()
    fallen.fell_out_at = now
    db.session.commit()
    content = raw_export(world.contest).content
    assert differences(content) == []
    assert json.loads(content)["published"]["results"] == before["published"]["results"]
