"""Letters to many: to each once, never before the results are public, whatever dies in between."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select

from contest.contests.models import RoleGrant
from contest.core.db import db, writing
from contest.core.errors import Conflict, Refused
from contest.outbox.models import Message
from contest.outbox.runner import render
from contest.results import audiences, mailings
from contest.results.models_after import Mailing, MailingRecipient
from contest.results.tasks_mailings import send_mailings
from tests.conftest import Client
from tests.factories import make_staff, make_user, sign_in
from tests.factories.results import compute, make_results, publish

MILLISECOND = timedelta(milliseconds=1)
BODY = "Kính gửi {name}, bài {title} được {prize}. Lễ trao giải: {ceremony}, tại {place}."
WINNERS = {"Đồi cằn trổ hoa", "Chiếc ba lô màu xanh", "Con kinh sạch", "Bến đò đêm"}


@pytest.fixture
def world(app, clock):
    world = make_results()
    clock.instant = world.ready_at
    return world


def write(world, audience="winners", body=BODY, with_results=False, **more):
    with writing() as now:
        return mailings.write_mailing(
            contest=world.contest,
            mailing=None,
            audience=audience,
            subject={"vi": "Giấy mời", "en": "Invitation"},
            body={"vi": body, "en": body},
            place=more.pop("place", "Hội trường Tỉnh ủy"),
            with_results=with_results,
            actor=world.first,
            now=now,
        )


def schedule(world, mailing, send_at=None):
    with writing() as now:
        seal = mailings.seal_of(mailing, mailings.recipients(world.contest, mailing, now))
        mailings.schedule(
            contest=world.contest, mailing=mailing, send_at=send_at, seal=seal, actor=world.first, now=now
        )


def letters():
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(
        select(Message).where(Message.template.in_(("mailing", "mailing_sms"))).order_by(Message.id)
    ).all()


def winners(world):
    return {world.entries[title].author.email for title in WINNERS if title in given(world)}


def given(world):
    from_rows = mailings.recipients(world.contest, Mailing(audience="winners"), world.official_at)
    return {title for each in from_rows for title in each.titles}


def test_nothing_before_the_instant_and_everything_once_after_it(world, clock):
    publish(world)
    mailing = write(world)
    schedule(world, mailing)
    clock.instant = world.official_at - MILLISECOND
    assert send_mailings() == 0
    assert letters() == []
    assert db.session.scalar(select(func.count()).select_from(MailingRecipient)) == 0
    clock.instant = world.official_at
    assert send_mailings() > 0
    send_mailings()
    found = letters()
    assert {each.address for each in found} == winners(world)
    assert set(Counter(each.address for each in found).values()) == {1}
    assert db.session.get(Mailing, mailing.id).state == "sent"
    words = render(found[0]).body
    assert "Hội trường Tỉnh ủy" in words
    assert "{" not in words


def test_the_flag_and_the_hour_alone_send_nothing(world, clock):
    """Approved by nobody, the hour long past, and the stored flag cleared: the predicate alone decides."""
    compute(world)
    mailing = write(world)
    schedule(world, mailing, world.ready_at + timedelta(hours=1))
    clock.instant = world.official_at + timedelta(days=3)
    assert send_mailings() == 0
    assert letters() == []


def test_results_computed_anew_call_it_off(world, clock):
    compute(world)
    mailing = write(world)
    schedule(world, mailing)
    # As computing again does it: what stood is superseded.
    standing = mailing.result_set
    standing.superseded_at = clock.instant
    db.session.commit()
    publish(world)
    assert mailings.state_of(mailing) == "called_off"
    clock.instant = world.official_at
    assert send_mailings() == 0
    assert letters() == []
    assert db.session.get(Mailing, mailing.id).state == "called_off"


class Died(BaseException):
    """The runner is killed."""


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_runner_killed_anywhere_loses_none_and_doubles_none(world, clock, monkeypatch, at):
    publish(world)
    schedule(world, write(world))
    clock.instant = world.official_at
    asked = mailings._ask
    count = 0

    def dying(*args):
        nonlocal count
        count += 1
        if count == at:
            raise Died
        return asked(*args)

    monkeypatch.setattr(mailings, "_ask", dying)
    monkeypatch.setattr(mailings.queue_batch, "__defaults__", (1,))
    while True:
        try:
            send_mailings()
            break
        except Died:
            db.session.rollback()
    found = letters()
    assert {each.address for each in found} == winners(world)
    assert len(found) == len(winners(world))


def test_many_runners_send_each_once(app, world, clock, monkeypatch):
    publish(world)
    schedule(world, write(world))
    clock.instant = world.official_at
    monkeypatch.setattr(mailings.queue_batch, "__defaults__", (1,))
    gate = threading.Barrier(6)

    def work():
        with app.app_context():
            gate.wait()
            send_mailings()

    workers = [threading.Thread(target=work) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert Counter(each.address for each in letters()) == Counter(winners(world))


def test_it_is_scheduled_only_as_it_was_looked_at(world, clock):
    publish(world)
    mailing = write(world)
    with pytest.raises(Conflict), writing() as now:
        mailings.schedule(
            contest=world.contest, mailing=mailing, send_at=None, seal="0" * 24, actor=world.first, now=now
        )
    db.session.rollback()
    nobody = write(world, "press", "Kính gửi {name}")
    with pytest.raises(Refused), writing() as now:
        mailings.schedule(contest=world.contest, mailing=nobody, send_at=None, seal="", actor=world.first, now=now)


def test_it_is_called_off_until_it_begins_and_not_after(world, clock):
    publish(world)
    first, second = write(world), write(world)
    schedule(world, first)
    schedule(world, second)
    with writing() as now:
        mailings.call_off(contest=world.contest, mailing=first, actor=world.first, now=now)
    clock.instant = world.official_at
    send_mailings()
    assert {each.params["mailing"] for each in letters()} == {second.public_id}
    with pytest.raises(Conflict), writing() as now:
        mailings.call_off(contest=world.contest, mailing=second, actor=world.first, now=now)


@pytest.mark.parametrize(
    ("audience", "body"),
    [
        ("press", "{prize}"),
        ("others", "{prize}"),
        ("units", "{title}"),
        ("winners", "{password}"),
        ("all", "x"),
        ("press", ""),
    ],
)
def test_what_cannot_be_filled_in_is_refused(world, audience, body):
    with pytest.raises(Refused):
        write(world, audience, body)


def test_words_in_a_name_are_never_filled_in(world, clock):
    publish(world)
    mailing = write(world)
    to = audiences.Recipient("email", "a@b.vn", "{place} {{ 7 * 7 }} {name}", "vi", ["{prize}"], [])
    words = render(mailings.message_for(world.contest, mailing, to, clock.instant)).body
    assert "{place} {{ 7 * 7 }} {name}" in words
    assert "“{prize}”" in words


def test_each_audience_is_who_it_says(world, clock):
    publish(world)
    now = world.official_at
    people = {
        name: {each.address for each in mailings.recipients(world.contest, Mailing(audience=name), now)}
        for name in audiences.AUDIENCES
    }
    reporter = make_staff(world.contest, "press", make_user("Phóng viên"))
    assert people["winners"] & people["others"] == set()
    assert people["winners"] == winners(world)
    everybody = {entry.author.email for entry in world.entries.values()}
    assert people["others"] == everybody - people["winners"]
    pressmen = mailings.recipients(world.contest, Mailing(audience="press"), now)
    assert [each.address for each in pressmen] == [reporter.email]
    db.session.execute(delete(RoleGrant).where(RoleGrant.user_id == reporter.id))
    assert mailings.recipients(world.contest, Mailing(audience="press"), now) == []


def test_the_pages(app, world, clock):
    publish(world)
    client = Client(app, app.response_class)
    sign_in(client, world.first)
    here = f"/ban-to-chuc/{world.contest.slug}/thu"
    form = {"audience": "winners", "place": "Hội trường"}
    words = {"subject_vi": "Giấy mời", "subject_en": "Invitation", "body_vi": BODY, "body_en": BODY}
    assert client.post(f"{here}/viet", data={**form, **words, "body_en": "{x}"}).status_code == 422
    made = client.post(f"{here}/viet", data={**form, **words})
    assert made.status_code == 303
    page = made.location
    text = client.get(page).text
    names = [each.name for each in mailings.recipients(world.contest, Mailing(audience="winners"), clock.instant)]
    assert names
    assert all(name in text for name in names)
    assert client.get(f"{page}?nguoi=2").text != text
    assert client.post(f"{page}/thu").status_code == 303
    (test,) = letters()
    assert test.address == world.first.email
    assert not any(name in str(test.params) for name in names)
    with writing():
        db.session.delete(db.session.get(Message, test.id))
    seal = text.partition('name="seal" value="')[2][:24]
    assert client.post(f"{page}/hen", data={"seal": seal, "when": "announcement"}).status_code == 303
    assert "khi công bố" in client.get(page).text
    clock.instant = world.official_at
    send_mailings()
    found = letters()
    with writing():
        message = db.session.get(Message, found[0].id)
        message.state, message.error = "failed", "550 no such person"
        unsure = db.session.get(Message, found[1].id)
        unsure.state, unsure.unsure, unsure.sent_at = "sent", 1, clock.instant
    text = client.get(page).text
    assert "550 no such person" in text
    assert "Có thể đã gửi hai lần" in text
    client.post(f"{page}/tra-ve", data={"address": found[1].address, "why": "Hộp thư đầy"})
    assert "Hộp thư đầy" in client.get(page).text
    assert client.post(f"{page}/tra-ve", data={"address": "\0", "why": "Hộp thư đầy"}).status_code == 404
    assert client.post(f"{page}/chep").status_code == 303
    assert client.get(here).text.count("Giấy mời") == 2
    stranger = Client(app, app.response_class)
    sign_in(stranger, make_staff(world.contest, "secretary"))
    assert stranger.get(page).status_code == 404
