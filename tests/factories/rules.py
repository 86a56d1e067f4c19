"""Contests whose rules differ from the demonstration's in a few places."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from contest.contests.models import Contest
from contest.contests.ruleset import parse_rule_set
from contest.contests.services import load_rule_set
from contest.core.db import db
from tests.conftest import START
from tests.factories import raw_rule_sets


def make_contest_with(index: int = 0, **rounds: dict[str, Any]) -> Contest:
    """The demonstration's contest `index`, with these fields of its rounds changed: `final={"min_sheets": 3}`."""
    document = deepcopy(raw_rule_sets()[index])
    for round_ in document["rounds"]:
        round_.update(rounds.get(round_["id"], {}))
    contest = load_rule_set(rules=parse_rule_set(json.dumps(document)), actor=None, now=START)
    db.session.commit()
    return contest


def make_contest_voting(index: int = 0, **voting: Any) -> Contest:
    """The demonstration's contest `index`, with these fields of its vote changed: `ballot_scope="day"`."""
    document = deepcopy(raw_rule_sets()[index])
    document["voting"].update(voting)
    contest = load_rule_set(rules=parse_rule_set(json.dumps(document)), actor=None, now=START)
    db.session.commit()
    return contest
