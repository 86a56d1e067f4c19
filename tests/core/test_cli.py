"""The operator's commands: what they change, and how they say no."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from contest.contests.queries import roles_of
from contest.core.db import db
from contest.units.models import Unit
from tests.factories import make_contest, make_user


@pytest.fixture
def run(app):
    runner = app.test_cli_runner()
    return lambda *arguments: runner.invoke(args=list(arguments))


def test_the_first_organiser_is_named_by_command(run):
    contest = make_contest()
    done = run("contest", "grant", contest.slug, "organiser", "van@an-lam.example", "--name", "Lê Thị Vân")
    assert done.exit_code == 0, done.output
    again = run("contest", "grant", contest.slug, "organiser", "van@an-lam.example")
    assert again.exit_code == 1
    assert "[vi]" in again.output
    assert "[en]" in again.output


def test_a_role_that_would_break_blindness_is_refused(run):
    contest = make_contest()
    person = make_user("Lê Thị Vân")
    db.session.commit()
    assert run("contest", "grant", contest.slug, "judge", person.email).exit_code == 0
    assert run("contest", "grant", contest.slug, "secretary", person.email).exit_code == 1
    assert roles_of(contest.id, person.id) == {"judge"}


@pytest.mark.parametrize(
    "arguments", [("khong-co", "judge", "a@an-lam.example", "--name", "A"), ("x", "boss", "a@b.example")]
)
def test_what_does_not_exist_is_said(run, arguments):
    assert run("contest", "grant", *arguments).exit_code != 0


def test_units_load_twice_without_doubling(run, tmp_path):
    row = {"id": "an-lam", "name": "tỉnh An Lam", "kind": "province", "level": "tinh", "valid_from": "2025-07-01"}
    child = {**row, "id": "khe-ngon", "name": "xã Khe Ngọn", "kind": "commune", "parent": "an-lam"}
    file = tmp_path / "units.json"
    file.write_text(json.dumps([row, {**child, "level": "xa_phuong_dac_khu"}]), "utf-8")
    assert "2 new" in run("units", "load", str(file)).output
    assert "0 new" in run("units", "load", str(file)).output
    assert db.session.scalars(select(Unit).where(Unit.code == "khe-ngon")).one().parent.code == "an-lam"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[1]",
        '[{"id": "x"}]',
        '[{"id":"x","name":"x","kind":"galaxy","level":"tinh","valid_from":"2025-07-01"}]',
    ],
)
def test_a_bad_list_of_units_changes_nothing(run, tmp_path, content):
    file = tmp_path / "units.json"
    file.write_text(content, "utf-8")
    assert run("units", "load", str(file)).exit_code == 1
    assert db.session.scalars(select(Unit)).all() == []


def test_operators_are_named_and_a_lost_second_factor_is_forgotten(run):
    person = make_user()
    db.session.commit()
    assert run("people", "operator", person.email).exit_code == 0
    assert run("people", "forget-second-factor", person.email).exit_code == 0
    db.session.expire_all()
    assert person.has_role("operator")
    assert run("people", "operator", "nobody@an-lam.example").exit_code == 1
