"""Nothing is posted, decided or approved while an awarded exemplar is not cleared; honours show no trace of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from contest.core.db import db
from contest.exemplars.consents import record_consent, withdraw_consent
from contest.exemplars.holds import clear_hold, put_on_hold
from contest.exemplars.models import Verification
from contest.results.facts import facts_of
from contest.results.gates import NotYet
from contest.results.progress import steps_to_announcement
from contest.results.queries import find_standing, uncleared_awards
from contest.results.services import approve, enter_decision, release_posting
from tests.factories import make_user, sign_in
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

HOLD = "discipline_under_review"


def hold(world, entry):
    put_on_hold(
        exemplar=entry.exemplar,
        reason=HOLD,
        reasons=world.contest.rules.verification.hold_reasons,
        note="Đang kiểm tra.",
        contest_id=world.contest.id,
        actor=world.first,
        now=world.ready_at,
    )


def withdraw(world, entry):
    withdraw_consent(exemplar=entry.exemplar, actor=world.first, now=world.ready_at)


def ask_again(world, entry):
    """The question stands anew, unanswered."""
    question = db.session.scalars(select(Verification).where(Verification.exemplar_id == entry.exemplar_id)).one()
    question.outcome = None
    db.session.flush()


UNCLEAR = [hold, withdraw, ask_again]


@pytest.fixture
def world(app):
    found = make_results()
    compute(found)
    return found


def winner(world):
    return find_standing(world.contest.id).awards[0].entry


@pytest.mark.parametrize("unclear", UNCLEAR)
def test_no_decision_while_an_awarded_exemplar_is_not_cleared(world, unclear):
    unclear(world, winner(world))
    with pytest.raises(NotYet) as refused:
        enter_decision(
            contest=world.contest,
            number=NUMBER,
            on=world.decided_on,
            signer="Chủ tịch",
            title="Công nhận kết quả",
            actor=world.first,
            now=world.ready_at,
        )
    assert "not_cleared" in refused.value.codes
    assert winner(world).blind_code in str(refused.value)
    assert find_standing(world.contest.id).decision_number is None


@pytest.mark.parametrize("unclear", UNCLEAR)
@pytest.mark.parametrize("approvals", [0, 1])
def test_no_approval_while_an_awarded_exemplar_is_not_cleared(world, unclear, approvals):
    decide(world)
    if approvals:
        approve_as(world, world.first, world.ready_at)
    unclear(world, winner(world))
    with pytest.raises(NotYet) as refused:
        approve(contest=world.contest, typed_number=NUMBER, actor=world.second, now=world.ready_at)
    assert "not_cleared" in refused.value.codes
    assert find_standing(world.contest.id).visible_from is None


def test_nothing_is_posted_for_remarks_either(app):
    world = make_world(1)
    judge_finalists(world, {"Một": 9.25})
    compute(world)
    hold(world, winner(world))
    with pytest.raises(NotYet) as refused:
        release_posting(contest=world.contest, actor=world.first, now=world.ready_at)
    assert "not_cleared" in refused.value.codes


def test_once_it_is_cleared_the_decision_is_taken(world):
    entry = winner(world)
    hold(world, entry)
    assert uncleared_awards(find_standing(world.contest.id))
    clear_hold(
        exemplar=entry.exemplar,
        note="Không vi phạm.",
        contest_id=world.contest.id,
        actor=world.first,
        now=world.ready_at,
    )
    assert not uncleared_awards(find_standing(world.contest.id))
    withdraw(world, entry)
    record_consent(
        exemplar=entry.exemplar,
        purposes=["present"],
        given_by="exemplar",
        actor=world.first,
        now=world.ready_at + timedelta(minutes=1),
    )
    decide(world)
    assert find_standing(world.contest.id).decision_number == NUMBER


def test_the_results_desk_says_what_is_missing(world, client, clock):
    entry = winner(world)
    hold(world, entry)
    clock.instant = world.ready_at
    sign_in(client, world.first)
    page = client.get(f"/ban-to-chuc/{world.contest.slug}/ket-qua").text
    assert entry.blind_code in page
    assert f"/ban-to-chuc/{world.contest.slug}/nhan-vat" in page
    result_set = find_standing(world.contest.id)
    facts = replace(facts_of(world.contest, result_set, world.ready_at), fresh=True)
    steps = steps_to_announcement(world.contest.rules, result_set, facts, announced=False, now=world.ready_at)
    assert [step.key for step in steps if step.state == "todo"] == ["cleared"]


@pytest.mark.parametrize("unclear", [hold, withdraw])
def test_after_the_announcement_the_line_of_the_prize_stays_without_the_exemplar(world, client, clock, unclear):
    publish(world)
    entry = winner(world)
    name = entry.exemplar.name
    clock.instant = world.official_at
    address = f"/cuoc-thi/{world.contest.slug}/ket-qua"
    assert name in client.get(address).text
    unclear(world, entry)
    db.session.commit()
    page = client.get(address).text
    assert name not in page
    assert f"/bai/{entry.public_id}" not in page
    assert entry.author_name in page, "the author keeps the prize"
    assert HOLD not in page
    assert make_user().name not in page
