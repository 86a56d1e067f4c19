"""The writing block: the lock first, then the clock; all or nothing; exact column types."""

from __future__ import annotations

import threading
from datetime import datetime
from decimal import Decimal

import pytest
from sqlalchemy import select, text

from contest.contests.models import Contest
from contest.core.db import HundredthsType, UtcInstant, db, writing
from contest.units.models import Unit
from tests.conftest import START
from tests.factories import make_contest, make_unit


def test_it_commits_all_or_nothing(app):
    with writing():
        make_unit("xã Một")
    with pytest.raises(ZeroDivisionError), writing():  # noqa: PT012 -- the block is what is tested
        make_unit("xã Hai")
        raise ZeroDivisionError
    assert [unit.name for unit in db.session.scalars(select(Unit))] == ["xã Một"]


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)  # PostgreSQL writers do not wait for each other
def test_now_is_read_after_the_lock_is_held(app, clock):
    """A writer that waited for another judges by the time at which its turn came."""
    make_contest()
    db.session.remove()
    holding, seen = threading.Event(), []
    later = START.replace(hour=17)

    def second():
        with app.app_context():
            holding.wait(5)
            with writing() as now:
                seen.append(now)

    waiter = threading.Thread(target=second)
    waiter.start()
    with writing():
        holding.set()
        waiter.join(0.3)
        assert waiter.is_alive()
        clock.instant = later
    waiter.join(5)
    assert seen == [later]


def test_what_was_read_before_is_forgotten(app):
    make_contest()
    contest = db.session.scalars(select(Contest)).one()
    with db.engine.begin() as other:
        other.execute(text("UPDATE contest SET code_prefix = 'XX'"))
    with writing():
        assert contest.code_prefix == "XX"


def test_changes_made_outside_are_refused(app):
    make_unit()
    db.session.add(Unit(code="x"))
    with pytest.raises(RuntimeError, match="outside"), writing():
        pass
    db.session.rollback()


def test_every_writer_in_a_crowd_gets_through(app):
    """Reading first and writing later fails on SQLite under a plain BEGIN; here nobody fails."""
    with writing():
        make_unit(name_en="0")
    failures = []

    def add_one():
        with app.app_context():
            try:
                for _ in range(5):
                    with writing():
                        unit = db.session.scalars(select(Unit).with_for_update()).one()
                        unit.name_en = str(int(unit.name_en) + 1)
            except Exception as error:  # noqa: BLE001 -- whatever went wrong is the finding
                failures.append(error)

    crowd = [threading.Thread(target=add_one) for _ in range(8)]
    for each in crowd:
        each.start()
    for each in crowd:
        each.join()
    db.session.rollback()
    assert failures == []
    assert db.session.scalars(select(Unit.name_en)).one() == "40"


def test_an_instant_needs_its_zone():
    with pytest.raises(ValueError, match="time zone"):
        UtcInstant().process_bind_param(datetime(2027, 1, 1), db_dialect())  # noqa: DTZ001 -- the point of the test


def test_marks_are_kept_to_the_hundredth_and_no_further():
    assert HundredthsType().process_bind_param(Decimal("2.75"), db_dialect()) == 275
    assert HundredthsType().process_result_value(275, db_dialect()) == Decimal("2.75")
    with pytest.raises(ValueError, match="two decimals"):
        HundredthsType().process_bind_param(Decimal("2.755"), db_dialect())


def db_dialect():
    from sqlalchemy.dialects import sqlite

    return sqlite.dialect()
