"""A contest with one round: what ends when the judges begin ends there too."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contest.contests import models
from contest.core.errors import Refused
from contest.entries import services
from tests.factories import make_contest
from tests.factories.entries import make_accepted


@pytest.fixture
def contest(app, monkeypatch):
    contest = make_contest()
    assert contest.current_version is not None
    only_final = contest.rules.model_copy(update={"rounds": contest.rules.rounds[1:]})
    monkeypatch.setitem(models._PARSED, contest.current_version.sha256, only_final)
    return contest


def test_nobody_withdraws_from_judges_who_have_begun(contest):
    entry = make_accepted(contest)
    begins = contest.rules.window("final").opens
    assert services.may_withdraw(entry, begins - timedelta(microseconds=1))
    assert not services.may_withdraw(entry, begins)
    with pytest.raises(Refused) as refused:
        services.withdraw(entry=entry, actor=entry.author, now=begins)
    assert refused.value.code == "judging_begun"
