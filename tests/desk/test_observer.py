"""An observer checks without touching: figures, papers and the record; no name, no result before everybody."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from contest.audit.models import AuditRow
from contest.audit.services import record
from contest.contests.rules import OBSERVER, watches_itself
from contest.contests.services import grant_role
from contest.core.db import db
from contest.core.errors import Refused
from contest.core.web.access import access_of
from contest.desk import observing
from tests.conftest import START, Client
from tests.factories import make_staff, make_user, sign_in
from tests.factories.results import make_results, publish
from tests.factories.world import address, arguments, make_world, named
from tests.factories.world import publish as publish_side

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


@pytest.fixture
def world(app):
    return make_results()


@pytest.fixture
def client(app, world):
    client = Client(app, app.response_class)
    sign_in(client, make_staff(world.contest, "observer"))
    return client


def test_the_pages_tell_figures_and_never_who_or_what(world, client, clock):
    publish(world)
    clock.instant = world.official_at - timedelta(milliseconds=1)
    for path in (f"/giam-sat/{world.contest.slug}", f"/giam-sat/{world.contest.slug}/nhat-ky"):
        for told in (client.get(path), client.get(f"/en{path}")):
            assert told.status_code == 200
            assert told.headers["Cache-Control"] == "private, no-store"
            for entry in world.entries.values():
                for word in (entry.title, entry.blind_code, entry.public_id, entry.author.name):
                    assert word not in told.text
            assert world.second.name not in told.text


def test_every_act_of_the_contest_is_refused_to_an_observer(app, clock):
    side = make_world().here
    client = Client(app, app.response_class)
    observer = make_staff(side.contest, "observer")
    sign_in(client, observer)
    before = db.session.scalar(select(func.count(AuditRow.id)))
    tried = 0
    for rule in app.url_map.iter_rules():
        access = access_of(app, rule.endpoint)
        if not rule.methods & UNSAFE or access is None or access.kind != "needs":
            continue
        path = address(app, rule, arguments(side, rule))
        for method in sorted(rule.methods & UNSAFE):
            assert client.open(path, method=method).status_code == 404, f"{method} {path}"
            tried += 1
    assert tried > 100
    assert db.session.scalar(select(func.count(AuditRow.id))) == before
    # And none of the pages of the role takes anything.
    own = [rule for rule in app.url_map.iter_rules() if access_of(app, rule.endpoint).needs == (OBSERVER,)]
    assert len(own) >= 3
    assert all(not rule.methods & UNSAFE for rule in own)


def test_minutes_are_read_from_the_announcement_on(app, clock):
    side = make_world().here
    client = Client(app, app.response_class)
    sign_in(client, make_staff(side.contest, "observer"))
    path = f"/giam-sat/{side.contest.slug}/bien-ban/{named(side, 'minutes_id')}.pdf"
    world_at = side.contest.rules.official_at

    publish_side(side)
    clock.instant = world_at - timedelta(milliseconds=1)
    assert client.get(path).status_code == 404
    assert path not in client.get(f"/giam-sat/{side.contest.slug}").text
    clock.instant = world_at
    assert client.get(path).data.startswith(b"%PDF")
    assert path in client.get(f"/giam-sat/{side.contest.slug}").text
    assert client.get(path.replace(named(side, "minutes_id"), "zzzzzzzzzzzzzz")).status_code == 404


def test_what_was_done_to_results_is_not_told_before_them(world, monkeypatch):
    monkeypatch.setitem(observing.ACTS, "results.withhold", "Withheld")
    record(
        actor=world.first.public_id,
        verb="results.withhold",
        object_type="contest",
        object_id="x",
        contest_id=world.contest.id,
        now=START,
    )
    record(actor=None, verb="entries.accept", object_type="e", object_id="x", contest_id=world.contest.id, now=START)
    db.session.flush()
    early = observing.acts_of(world.contest, before=None, announced=False).rows
    assert [(each.act, each.roles, each.system) for each in early[:2]] == [
        (observing.ACTS["entries.accept"], (), True),
        ("", ("organiser",), False),
    ]
    assert observing.acts_of(world.contest, before=None, announced=True).rows[1].act == "Withheld"


def test_the_record_comes_in_pages(world, client):
    for at in range(observing.PAGE + 10):
        record(
            actor=None,
            verb="entries.accept",
            object_type="entry",
            object_id=at,
            contest_id=world.contest.id,
            now=START + timedelta(minutes=at),
        )
    db.session.commit()
    first = observing.acts_of(world.contest, before=None, announced=False)
    assert len(first.rows) == observing.PAGE
    rest = observing.acts_of(world.contest, before=first.before, announced=False)
    assert rest.before is None
    told = [each.at for each in first.rows + rest.rows if each.act == observing.ACTS["entries.accept"]]
    assert told == [START + timedelta(minutes=at) for at in reversed(range(observing.PAGE + 10))]
    path = f"/giam-sat/{world.contest.slug}/nhat-ky"
    assert f"truoc={first.before}" in client.get(path).text
    for strange in ("x", "-1", "9" * 30, "٣", ""):
        assert client.get(path, query_string={"truoc": strange}).status_code == 200


@pytest.mark.parametrize("role", ["organiser", "secretary", "judge", "chair"])
def test_nobody_observes_what_they_take_part_in(world, role):
    for first, second in ((role, OBSERVER), (OBSERVER, role)):
        person = make_user()
        grant_role(contest=world.contest, user=person, role=first, actor=None, now=START)
        with pytest.raises(Refused) as refused:
            grant_role(contest=world.contest, user=person, role=second, actor=None, now=START)
        assert refused.value.code == "role_watches_itself"
    assert not watches_itself({"press"}, OBSERVER)
