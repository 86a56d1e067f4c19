"""Short ways to make what a test needs, through the services wherever there is one."""

from __future__ import annotations

import json
from datetime import date, datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from contest.accounts.models import User
from contest.accounts.sign_ins import open_sign_in
from contest.contests.models import Contest
from contest.contests.ruleset import RuleSet, parse_rule_sets
from contest.contests.services import grant_role, load_rule_set
from contest.core import clock
from contest.core.db import db
from contest.core.text import fold
from contest.units.models import Unit, UnitOfficer
from tests.conftest import START

CONTESTS = Path(__file__).parents[2] / "contest" / "demo" / "data" / "contests.json"
_numbers = count(1)


@cache
def rule_sets() -> tuple[RuleSet, ...]:
    """The two rule sets of the demonstration: dhtb-2027 and ntvt-2027."""
    return tuple(parse_rule_sets(CONTESTS.read_text("utf-8")))


@cache
def raw_rule_sets() -> list[dict[str, Any]]:
    """The same as plain JSON, for tests that change a rule before loading it."""
    return list(json.loads(CONTESTS.read_text("utf-8"))["contests"])


def make_user(name: str = "", **fields: Any) -> User:
    number = next(_numbers)
    name = name or f"Người Thứ {number}"
    values: dict[str, Any] = {
        "email": f"nguoi{number}@an-lam.example",
        "name": name,
        "name_key": fold(name),
        "created_at": START,
        "confirmed_at": START,
        **fields,
    }
    user = User(**values)
    db.session.add(user)
    db.session.flush()
    return user


def make_unit(name: str = "", **fields: Any) -> Unit:
    number = next(_numbers)
    name = name or f"xã Thử {number}"
    values: dict[str, Any] = {
        "code": f"don-vi-{number}",
        "name": name,
        "name_en": name,
        "name_key": fold(name),
        "kind": "commune",
        "level": "xa_phuong_dac_khu",
        "valid_from": date(2025, 7, 1),
        **fields,
    }
    unit = Unit(**values)
    db.session.add(unit)
    db.session.flush()
    return unit


def make_officer(unit: Unit, user: User | None = None) -> User:
    user = user or make_user()
    db.session.add(UnitOfficer(unit=unit, user=user, granted_at=START))
    db.session.flush()
    return user


def make_contest(index: int = 0, now: datetime = START) -> Contest:
    """Contest 1 (index 0: dhtb-2027) or contest 2 (index 1: ntvt-2027), loaded by the service."""
    contest = load_rule_set(rules=rule_sets()[index], actor=None, now=now)
    db.session.commit()
    return contest


def make_staff(contest: Contest, role: str, user: User | None = None, unit: Unit | None = None) -> User:
    """A person who holds `role` in `contest`."""
    user = user or make_user()
    grant_role(contest=contest, user=user, role=role, actor=None, now=START, unit=unit)
    return user


def sign_in(client: Any, user: User) -> None:
    """Sign `user` in without going through the sign-in page."""
    db.session.commit()
    key = open_sign_in(person=user, wall=clock.wall())
    db.session.commit()
    with client.session_transaction() as session:
        session["_user_id"] = key
