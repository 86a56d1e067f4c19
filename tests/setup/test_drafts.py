"""Drafts of rules: saved by versions, looked over, issued once."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from contest.anniversaries.commemorations import occurrence
from contest.anniversaries.queries import starting_set
from contest.anniversaries.rules import shipped_calendar
from contest.contests.models import Invitation, RoleGrant, RuleSetVersion
from contest.contests.ruleset import rule_set_problems
from contest.core.db import db
from contest.core.errors import Conflict, Refused
from contest.setup.cloning import next_season
from contest.setup.planning import plan_back
from contest.setup.queries import drafts_of_new_contests, may_draft
from contest.setup.rules import (
    announcement_of,
    blank_document,
    days_known,
    read_draft,
    shipped_sets,
    slots_of,
    with_plan,
)
from contest.setup.services import discard_draft, issue_draft, look_over, origin_of, save_draft, start_draft
from contest.setup.texts import left_behind
from tests.conftest import START
from tests.factories import make_contest, make_staff, make_user, raw_rule_sets

WORKS = shipped_calendar().is_working_day


def document(year: int = 2028) -> dict:
    old = raw_rule_sets()[0]
    held = occurrence(starting_set()["thi-dua-ai-quoc"].what, year)
    return next_season(old, announce_on=held.on, is_working_day=WORKS, held=held)


def issue(draft, actor, **more):
    return issue_draft(draft=draft, actor=actor, now=START, wall=START, **{"version": draft.version, **more})


WHO = {"organiser_name": "Người Tổ Chức", "organiser_email": "to.chuc@example.vn"}


@pytest.mark.parametrize("code", sorted(shipped_sets()))
def test_a_shipped_set_lacks_nothing_but_the_names(code):
    _rules, problems = read_draft(shipped_sets()[code].document)
    assert problems and all(each.params.get("words", "").startswith("[") for each in problems)
    assert "An Lam" not in json.dumps(shipped_sets()[code].document, ensure_ascii=False)


def test_a_blank_one_can_be_looked_over():
    _rules, problems = read_draft(blank_document())
    paths = {each.path for each in problems}
    assert {"slug", "title.vi", "timeline[0]"} <= paths
    assert not [path for path in paths if path.startswith(("scoring", "voting", "privacy", "entry_rules"))]


@pytest.mark.parametrize("index", [0, 1])
def test_a_planned_timetable_has_no_problem_and_the_articles_tell_it(index):
    old = raw_rule_sets()[index]
    at = announcement_of(old) + timedelta(days=21)
    keys = [slot.key for slot in slots_of(old)]
    plan = plan_back(at, keys, WORKS, today=START.date(), locked_before_vote=index == 0)
    made = with_plan(old, plan)
    assert not [each for each in rule_set_problems(made) if not each.path.startswith("anniversary")]
    told = {each.spelling for each in left_behind(made, days_known(made))}
    # What the articles tell beside the timetable: since when deeds count.
    assert all("2025" in each or each.startswith(("31/3/2027", "31 Mar")) for each in told), told


def test_the_occasion_keeps_its_day_when_the_results_are_announced_on_another(app):
    old = document(2028)
    at = announcement_of(old) - timedelta(days=2)  # a Friday; 11 June 2028 is a Sunday
    plan = plan_back(at, [slot.key for slot in slots_of(old)], WORKS, today=START.date(), locked_before_vote=True)
    made = with_plan(old, plan)
    assert rule_set_problems(made) == []
    assert made["anniversary"] == old["anniversary"]
    eleven = made["rules_articles"][10]["text"]["vi"]
    assert "ngày 09/6/2028" in eleven and "11/6/2028)" in eleven


def test_a_draft_keeps_what_is_wrong_and_says_where(app):
    person = make_user()
    draft = start_draft(owner=person, origin="blank", document=blank_document(), now=START)
    wrong = {**draft.document, "budget_prizes_vnd": "năm triệu"}
    save_draft(draft=draft, version=1, document=wrong, actor=person, now=START)
    assert (draft.version, draft.document["budget_prizes_vnd"]) == (2, "năm triệu")
    assert "budget_prizes_vnd" in {each.path for each in look_over(draft)[1]}


def test_who_saves_from_an_older_page_overwrites_nothing(app):
    person = make_user()
    draft = start_draft(owner=person, origin="blank", document=document(), now=START)
    save_draft(draft=draft, version=1, document={**document(), "code_prefix": "MM"}, actor=person, now=START)
    with pytest.raises(Conflict):
        save_draft(draft=draft, version=1, document={**document(), "code_prefix": "NN"}, actor=person, now=START)
    assert draft.document["code_prefix"] == "MM"


def test_marks_with_a_fraction_stay_numbers_when_saved_again(app):
    person = make_user()
    draft = start_draft(owner=person, origin="blank", document=document(), now=START)
    db.session.commit()
    db.session.expire_all()
    save_draft(draft=draft, version=1, document={**draft.document, "code_prefix": "MM"}, actor=person, now=START)
    db.session.commit()
    assert look_over(draft)[1] == []


def test_issuing_makes_the_contest_and_invites_its_organiser_once(app):
    person = make_user()
    draft = start_draft(owner=person, origin="set:x", document=document(), now=START)
    with pytest.raises(Refused, match="organiser"):
        issue(draft, person)
    contest = issue(draft, person, **WHO)
    assert contest.rules.anniversary.ordinal == 80
    offered = db.session.scalars(select(Invitation).where(Invitation.contest_id == contest.id)).one()
    assert (offered.role, offered.email) == ("organiser", "to.chuc@example.vn")
    with pytest.raises(Refused):
        issue(draft, person, **WHO)
    with pytest.raises(Refused):
        save_draft(draft=draft, version=draft.version, document={}, actor=person, now=START)
    assert drafts_of_new_contests(draft.owner) == []
    assert len(db.session.scalars(select(RuleSetVersion)).all()) == 1


def test_nothing_with_a_problem_is_issued(app):
    person = make_user()
    broken = {**document(), "title": {"vi": "[tên]", "en": "x"}}
    draft = start_draft(owner=person, origin="blank", document=broken, now=START)
    with pytest.raises(Refused, match="1 problems"):
        issue(draft, person, **WHO)


def test_a_draft_that_changed_after_it_was_looked_at_is_not_issued(app):
    person = make_user()
    draft = start_draft(owner=person, origin="blank", document=document(), now=START)
    save_draft(draft=draft, version=1, document={**document(), "code_prefix": "MM"}, actor=person, now=START)
    with pytest.raises(Conflict):
        issue(draft, person, version=1, **WHO)


def test_a_new_contest_takes_no_address_that_is_taken(app):
    contest, person = make_contest(0), make_user()
    draft = start_draft(owner=person, origin="blank", document={**document(), "slug": contest.slug}, now=START)
    assert [each.path for each in look_over(draft)[1]] == ["slug"]


def change(contest, person):
    rules = contest.rules.as_json()
    return start_draft(owner=person, origin=origin_of(contest), document=rules, now=START, contest=contest)


def test_changing_rules_in_use_needs_a_reason_and_keeps_the_address(app):
    contest, person = make_contest(0), make_user()
    draft = change(contest, person)
    theme = {"vi": "Chủ đề khác", "en": "Another theme"}
    save_draft(draft=draft, version=1, document={**draft.document, "theme": theme}, actor=person, now=START)
    with pytest.raises(Refused, match="reason"):
        issue(draft, person)
    issue(draft, person, reason="Đính chính chủ đề")
    assert (contest.current_version.number, contest.rules.theme.vi) == (2, "Chủ đề khác")
    other = change(contest, person)
    moved = {**other.document, "slug": "noi-khac", "code_prefix": "ZZ"}
    save_draft(draft=other, version=1, document=moved, actor=person, now=START)
    assert {each.path for each in look_over(other)[1]} == {"slug", "code_prefix"}


def test_two_drafts_of_the_same_rules_cannot_undo_each_other(app):
    contest, person = make_contest(0), make_user()
    first, second = change(contest, person), change(contest, person)
    for place, draft in enumerate((first, second)):
        theme = {"vi": f"Chủ đề {place}", "en": f"Theme {place}"}
        save_draft(draft=draft, version=1, document={**draft.document, "theme": theme}, actor=person, now=START)
    issue(first, person, reason="một")
    with pytest.raises(Conflict):
        issue(second, person, reason="hai")


def test_organisers_draft_for_their_contest_and_operators_for_new_ones(app):
    contest, other = make_contest(0), make_contest(1)
    mine, theirs, secretary = (
        make_staff(contest, "organiser"),
        make_staff(other, "organiser"),
        make_staff(contest, "secretary"),
    )
    draft = change(contest, mine)
    new = start_draft(owner=mine, origin="blank", document={}, now=START)
    assert may_draft(mine, draft.public_id)
    assert not may_draft(theirs, draft.public_id)
    assert not may_draft(secretary, draft.public_id)
    assert may_draft(mine, new.public_id) and new in drafts_of_new_contests(mine)
    assert not may_draft(theirs, new.public_id) and drafts_of_new_contests(theirs) == []
    db.session.scalars(select(RoleGrant).where(RoleGrant.user_id == mine.id)).one().ended_at = START
    db.session.flush()
    assert not may_draft(mine, new.public_id)  # who organises nothing any more
    assert not may_draft(mine, draft.public_id)
    db.session.scalars(select(RoleGrant).where(RoleGrant.user_id == mine.id)).one().ended_at = None
    db.session.flush()
    discard_draft(draft=draft, actor=mine, now=START)
    assert not may_draft(mine, draft.public_id)
