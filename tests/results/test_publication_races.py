"""Publishing pressed fifty times at once by two organisers, over pages and each with a connection: published once."""

from __future__ import annotations

import threading
import time
from collections import Counter

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from contest.accounts.models import User
from contest.audit.models import AuditRow
from contest.complaints.models import Complaint
from contest.complaints.services import freeze
from contest.contests.models import Contest
from contest.core.db import db, writing
from contest.core.errors import Refused
from contest.outbox.models import Message
from contest.results.queries import find_standing
from contest.results.services import approve
from tests.factories import make_staff, sign_in
from tests.factories.complaints import make_case
from tests.factories.results import NUMBER, approve_as, compute, decide, make_results

PRESSES = 50
WINNERS = 4


def test_fifty_presses_publish_once_and_ask_for_each_message_once(app, clock):
    world = make_results()
    compute(world)
    decide(world)
    clock.instant = world.ready_at
    address = f"/ban-to-chuc/{world.contest.slug}/ket-qua/phe-duyet"
    contest_id, both = world.contest.id, (world.first, world.second)
    signed_in = []
    for person in both:
        client = FlaskClient(app, app.response_class)
        sign_in(client, person)
        signed_in.append(client.get_cookie("session"))
    ids = {person.id for person in both}
    db.session.remove()
    gate, statuses = threading.Barrier(PRESSES), []

    def press(number: int) -> None:
        client = FlaskClient(app, app.response_class)
        cookie = signed_in[number % 2]
        client.set_cookie("session", cookie.value, domain=cookie.domain, path=cookie.path)
        gate.wait()
        statuses.append(client.post(address, data={"number": NUMBER}).status_code)

    threads = [threading.Thread(target=press, args=(number,)) for number in range(PRESSES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(statuses) == PRESSES, "each got an answer"
    answers = Counter(statuses)
    # 303 for what was done or had been done; 422 for a second press by the one who was first; 503 for one
    # that waited too long for its turn, was told to press again and changed nothing.
    assert set(answers) <= {303, 422, 503}
    assert answers[303] >= 2
    found = find_standing(contest_id)
    assert {found.first_approver_id, found.second_approver_id} == ids
    assert found.visible_from == world.official_at
    verbs = Counter(db.session.scalars(select(AuditRow.verb).where(AuditRow.verb.startswith("results."))))
    assert (verbs["results.approve"], verbs["results.publish"]) == (1, 1)
    assert db.session.scalar(select(func.count(Message.id))) == WINNERS
    assert db.session.scalar(select(func.count(func.distinct(Message.address)))) == WINNERS


def test_a_case_that_is_being_frozen_is_waited_for(app, clock):
    """The second approval meets what a member of staff is doing at that moment, not what stood a moment before."""
    world = make_results()
    compute(world)
    decide(world)
    approve_as(world, world.first, world.ready_at)
    clock.instant = world.ready_at
    secretary = make_staff(world.contest, "secretary")
    awarded = find_standing(world.contest.id).awards[0].entry
    case = make_case(world.contest, world.ready_at, entry=awarded)
    case.freezes = False
    db.session.commit()
    contest_id, case_id, secretary_id = world.contest.id, case.id, secretary.id
    done = threading.Event()

    def freeze_it() -> None:
        with app.app_context():
            with writing() as now:
                found = db.session.get_one(Complaint, case_id)
                actor = db.session.get_one(User, secretary_id)
                freeze(complaint=found, freezes=True, reason="Đang xác minh.", actor=actor, now=now)
                done.set()
                time.sleep(0.7)
            db.session.remove()

    thread = threading.Thread(target=freeze_it)
    thread.start()
    assert done.wait(10)

    def approve_it() -> None:
        with writing() as now:
            contest = db.session.get_one(Contest, contest_id)
            approve(contest=contest, typed_number=NUMBER, actor=world.second, now=now)

    try:
        with pytest.raises(Refused):
            approve_it()
    finally:
        thread.join()
    assert find_standing(contest_id).second_approver_id is None
