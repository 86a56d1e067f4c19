"""Loading rule sets: both load; a bad one says what is wrong and changes nothing; versions."""

from __future__ import annotations

import copy
import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from contest.audit.models import AuditRow
from contest.contests.models import Contest, ContestStep, RuleSetVersion
from contest.contests.queries import get_issued_contest
from contest.contests.ruleset import parse_rule_set
from contest.contests.services import load_rule_set
from contest.core.db import db, writing
from contest.core.errors import NotFound, Refused
from tests.conftest import START
from tests.factories import CONTESTS, make_contest, raw_rule_sets


def test_the_command_loads_both_contests(app):
    result = app.test_cli_runner().invoke(args=["contest", "load", str(CONTESTS)])
    assert result.exit_code == 0, result.output
    assert {contest.slug for contest in db.session.scalars(select(Contest))} == {
        "guong-dien-hinh-tieu-bieu-xuat-sac-2027",
        "guong-nguoi-tot-viec-tot-2027",
    }


def test_a_bad_file_changes_nothing_and_says_why_in_both_languages(app, tmp_path):
    good, bad = copy.deepcopy(raw_rule_sets())
    bad["rubric"]["criteria"][0]["max"] = 99
    file = tmp_path / "bad.json"
    file.write_text(json.dumps({"meta": {}, "contests": [good, bad]}), "utf-8")
    result = app.test_cli_runner().invoke(args=["contest", "load", str(file)])
    assert result.exit_code == 1
    assert "contests[1].rubric" in result.output
    assert "[vi]" in result.output
    assert "[en]" in result.output
    assert db.session.scalar(select(func.count(Contest.id))) == 0


def test_the_same_rules_again_change_nothing(app):
    contest = make_contest()
    make_contest()
    assert db.session.scalar(select(func.count(RuleSetVersion.id))) == 1
    assert db.session.scalar(select(func.count(AuditRow.id))) == 1
    assert len(contest.steps) == len(contest.rules.timeline)


def _changed(**fields):
    document = copy.deepcopy(raw_rule_sets()[0])
    document.update(fields)
    return parse_rule_set(json.dumps(document))


def test_a_change_makes_a_version_and_moves_the_timetable(app, clock):
    contest = make_contest()
    document = copy.deepcopy(raw_rule_sets()[0])
    submission = next(step for step in document["timeline"] if step["key"] == "submission")
    submission["closes"] = "2027-03-31T18:00:00+07:00"
    before = contest.rules.window("submission").opens.replace(year=2026, month=12, day=1)
    with writing():
        load_rule_set(rules=parse_rule_set(json.dumps(document)), actor=None, now=before)
    step = db.session.scalars(select(ContestStep).where(ContestStep.key == "submission")).one()
    assert step.closes.hour == 11  # 18:00 in Vietnam
    assert [
        version.number for version in db.session.scalars(select(RuleSetVersion).order_by(RuleSetVersion.number))
    ] == [1, 2]


def test_rules_in_use_change_only_with_a_reason(app):
    make_contest()
    changed = _changed(theme={"vi": "Chủ đề khác", "en": "Another theme"})
    with pytest.raises(Refused) as refused, writing():
        load_rule_set(rules=changed, actor=None, now=START)
    assert refused.value.code == "rules_in_use"
    with writing():
        load_rule_set(rules=changed, actor=None, now=START, reason="Sửa lỗi chữ, Ban Tổ chức họp ngày 19/3/2027")
    assert db.session.scalars(select(Contest)).one().rules.theme.vi == "Chủ đề khác"


def test_a_contest_is_unknown_until_its_rules_are_issued(app):
    contest = make_contest(1)
    issued = contest.rules.instant("issue")
    assert get_issued_contest(contest.slug, issued).id == contest.id
    with pytest.raises(NotFound):
        get_issued_contest(contest.slug, issued.replace(hour=issued.hour - 1))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("choices_max", 2),
        ("choices_per_category", 1),
        ("ballot_scope", "day"),
        ("identity", "email_otp"),
        ("categories", ["A", "B"]),
        ("enabled", False),
    ],
)
def test_what_a_ballot_is_stands_from_the_opening_of_the_vote(app, field, value):
    contest = make_contest()
    voting = {**raw_rule_sets()[0]["voting"], field: value}
    if field == "enabled":
        document = copy.deepcopy(raw_rule_sets()[0])
        document["timeline"] = [step for step in document["timeline"] if step["key"] not in {"voting", "vote_audit"}]
        document["prizes"] = [prize for prize in document["prizes"] if prize["rung"] != "ban_doc"]
        document["announcement"]["author_names_public_from"] = "announce"
        changed = parse_rule_set(json.dumps({**document, "voting": {"enabled": False}}))
    else:
        changed = _changed(voting=voting)
    opens = contest.rules.window("voting").opens
    with pytest.raises(Refused) as refused, writing():
        load_rule_set(rules=changed, actor=None, now=opens, reason="Thử đổi")
    assert refused.value.code == "vote_has_begun"
    with writing():
        load_rule_set(rules=changed, actor=None, now=opens - timedelta(microseconds=1), reason="Trước giờ mở")


def test_other_rules_of_a_running_vote_change_with_a_reason(app):
    contest = make_contest()
    voting = {**raw_rule_sets()[0]["voting"], "min_valid_voters_for_prize": 100}
    with writing():
        load_rule_set(
            rules=_changed(voting=voting),
            actor=None,
            now=contest.rules.window("voting").opens,
            reason="Ban Tổ chức họp lại",
        )
    assert db.session.scalars(select(Contest)).one().rules.voting.min_valid_voters_for_prize == 100
