"""The minutes in summary on the honours page: figures of public results, nobody's name."""

from __future__ import annotations

import pytest

from contest.core.db import db
from contest.results.proceedings import proceedings_of
from tests.factories.results import make_results, publish


@pytest.fixture
def world(app, clock):
    found = make_results()
    publish(found)
    clock.instant = found.official_at
    return found


def page(client, world):
    return client.get(f"/cuoc-thi/{world.contest.slug}/ket-qua").text


def test_it_counts_what_was_done(world, client):
    done = proceedings_of(world.contest)
    judges = world.contest.rules.last_round.judges_per_entry
    assert (done.submitted, done.accepted) == (len(world.entries), len(world.entries))
    assert (done.judges, done.sheets) == (judges, judges * len(world.entries))
    assert done.locked_at is not None
    told = page(client, world)
    assert "Biên bản tóm tắt" in told
    assert 'href="#bien-ban"' in told


def test_what_was_refused_and_what_is_a_draft_counts_as_such(world):
    refused, draft, *_ = world.entries.values()
    refused.state = "refused"
    draft.submitted_at = None
    db.session.commit()
    done = proceedings_of(world.contest)
    assert (done.submitted, done.accepted) == (len(world.entries) - 1, len(world.entries) - 2)


def test_it_stands_with_official_results_of_rules_that_publish_it(app, client, clock):
    world = make_results(1)
    publish(world)
    clock.instant = world.contest.rules.results_at
    provisional = page(client, world)
    assert "Biên bản tóm tắt" not in provisional
    assert "le-trao-giai" not in provisional
    clock.instant = world.official_at
    official = page(client, world)
    assert ("Biên bản tóm tắt" in official) == ("minutes_summary" in world.contest.rules.announcement.publish)
    assert "le-trao-giai" in official
