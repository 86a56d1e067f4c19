"""What keeps results from going on: one list for the desk and for every act, complete, in both ways of announcing."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from contest.complaints.services import freeze, take, withdraw
from contest.contests.ruleset import parse_rule_set
from contest.contests.services import load_rule_set
from contest.core.db import db
from contest.core.errors import Refused
from contest.judging.rules import RefusedList
from contest.results.facts import facts_of
from contest.results.gates import APPROVE, DECIDE, GATES, POST, Facts, Missing, NotYet, lacking
from contest.results.models_after import PublicationCheck
from contest.results.progress import steps_to_announcement
from contest.results.queries import find_standing
from contest.results.services import compute_results, record_publication_checks, release_posting
from contest.voting.models_review import Finding
from tests.factories import START, make_staff, make_user, raw_rule_sets, rule_sets, sign_in
from tests.factories.complaints import close_case, make_case
from tests.factories.results import (
    approve_as,
    compute,
    decide,
    judge_finalists,
    make_results,
    make_world,
)
from tests.factories.review import make_finding
from tests.results.test_publishing import make_posting_world, release

FIRST, SECOND = rule_sets()
LATE = SECOND.window("provisional").closes
READY = Facts(computed=True, fresh=True, post_from=SECOND.results_at, decided=True)
WORDS = ("Một câu.", {})
ALL, ON = {POST, DECIDE, APPROVE}, {DECIDE, APPROVE}
DEFECTS = [
    ({"inputs": (Missing(WORDS, None),)}, "not_ready", ALL),
    ({"computed": False}, "nothing_computed", ALL),
    ({"fresh": False}, "out_of_date", ALL),
    ({"upheld": ("AAAA-BBBB-CCCC",)}, "upheld", ALL),
    ({"undecided": (WORDS,)}, "undecided", ALL),
    ({"uncleared": ("7K2M",)}, "not_cleared", ALL),
    ({"unchecked": (("receipt", ("7K2M",)),)}, "not_checked", ALL),
    ({"unchecked": (("final", ("7K2M",)),)}, "not_checked", ALL),
    ({"unchecked": (("decision", ("7K2M",)),)}, "not_checked", ON),
    ({"found": ("7K2M",)}, "published_before", ALL),
    ({"frozen": ("7K2M",)}, "frozen", {POST}),
    ({"frozen_prizes": (SECOND.prizes[0].name,)}, "frozen", {POST}),
    ({"cases": ("AAAA-BBBB-CCCC",)}, "objections_open", ON),
    ({"decided": False}, "no_decision", {APPROVE}),
]


def codes(act, facts, rules=SECOND, now=LATE):
    return {each.code for each in lacking(act, facts, rules, now)}


@pytest.mark.parametrize("rules", [FIRST, SECOND], ids=["first", "second"])
def test_nothing_is_in_the_way_when_everything_is_done(rules):
    for act in (POST, DECIDE, APPROVE):
        assert codes(act, replace(READY, post_from=rules.results_at), rules) == set()


@pytest.mark.parametrize("rules", [FIRST, SECOND], ids=["first", "second"])
@pytest.mark.parametrize(("defect", "code", "acts"), DEFECTS)
def test_each_defect_stops_the_acts_that_wait_for_it_and_no_other(rules, defect, code, acts):
    for act in (POST, DECIDE, APPROVE):
        assert codes(act, replace(READY, **defect), rules) == ({code} if act in acts else set())


def test_posting_is_asked_of_contests_that_post_alone():
    unposted = replace(READY, post_from=None)
    assert codes(DECIDE, unposted) == {"not_posted"}
    assert codes(DECIDE, unposted, FIRST) == set()
    early = LATE - timedelta(milliseconds=1)
    assert codes(DECIDE, READY, now=early) == codes(APPROVE, READY, now=early) == {"remarks_open"}
    assert codes(POST, READY, now=early) == set()


def test_the_list_is_complete_and_every_line_of_it_says_where():
    everything = {}
    for defect, _, _ in DEFECTS[2:]:
        if "unchecked" not in defect:
            everything |= defect
    worst = replace(READY, **everything, inputs=DEFECTS[0][0]["inputs"], post_from=None)
    worst = replace(worst, unchecked=tuple((point, ("7K2M",)) for point in ("receipt", "final", "decision")))
    found = lacking(APPROVE, worst, SECOND, LATE)
    assert {each.code for each in found} == {code for _, code, acts in DEFECTS[2:] if APPROVE in acts} | {
        "not_ready",
        "not_posted",
    }
    assert len(found) == 12
    assert all(each.missing.endpoint for each in found if each.code != "not_ready")
    assert {each.gate for each in found} <= set(GATES)


# With a database


@pytest.fixture
def world(app):
    return make_results()


def refused(act, *arguments):
    with pytest.raises(NotYet) as error:
        act(*arguments)
    db.session.rollback()
    return error.value


def test_a_contest_without_a_vote_asks_for_no_review_of_one(app):
    document = deepcopy(raw_rule_sets()[0])
    document["voting"] |= {"enabled": False, "prize": None}
    document["announcement"]["author_names_public_from"] = "announce"
    document["prizes"] = [each for each in document["prizes"] if each["rung"] != "ban_doc"]
    document["timeline"] = [each for each in document["timeline"] if each["key"] not in {"voting", "vote_audit"}]
    contest = load_rule_set(rules=parse_rule_set(json.dumps(document)), actor=None, now=START)
    world = make_world(contest=contest)
    judge_finalists(world, {"Một": 90})
    compute(world)
    decide(world)
    assert approve_as(world, world.first, world.ready_at).first_approver_id == world.first.id


def test_nothing_is_computed_while_findings_about_ballots_wait_for_people(world):
    finding = make_finding(world.contest, [])
    db.session.commit()
    with pytest.raises(RefusedList) as error:
        compute(world)
    assert [params for _, params in error.value.problems] == [{"count": 1}]
    db.session.rollback()
    db.session.get_one(Finding, finding.id).state = "dismissed"
    compute(world)
    db.session.get_one(Finding, finding.id).state = "open"
    db.session.commit()
    assert refused(decide, world).codes == {"not_ready", "out_of_date"}


@pytest.mark.parametrize("named", [True, False])
def test_what_came_in_time_is_answered_before_the_decision(world, named):
    compute(world)
    window = world.contest.rules.window("remarks")
    entry = find_standing(world.contest.id).awards[0].entry
    case = make_case(world.contest, window.opens + timedelta(hours=1), **({"entry": entry} if named else {}))
    found = refused(decide, world)
    assert found.codes == {"objections_open"}
    assert case.code in str(found)
    close_case(case, world.second, window.opens + timedelta(hours=2))
    decide(world)


def test_what_came_late_holds_nothing_unless_a_person_says_so(world):
    compute(world)
    entry = find_standing(world.contest.id).awards[0].entry
    case = make_case(world.contest, world.ready_at, entry=entry)
    assert case.late
    decide(world)
    facts = facts_of(world.contest, find_standing(world.contest.id), world.ready_at)
    assert (facts.cases, facts.late) == ((), 1)
    take(complaint=case, actor=world.second, now=world.ready_at)
    freeze(complaint=case, freezes=True, reason="Có cơ sở", actor=world.second, now=world.ready_at)
    db.session.commit()
    assert refused(approve_as, world, world.first, world.ready_at).codes == {"objections_open"}
    withdraw(complaint=case, now=world.ready_at)
    db.session.commit()
    approve_as(world, world.first, world.ready_at)


def test_an_upheld_case_asks_for_a_new_computation_also_when_nothing_changes(world):
    compute(world)
    decide(world)
    approve_as(world, world.first, world.ready_at)
    later = world.ready_at + timedelta(hours=2)
    case = make_case(world.contest, world.contest.rules.window("remarks").opens)
    close_case(case, world.second, later, "partly")
    found = refused(approve_as, world, world.second, later)
    assert found.codes == {"upheld"}
    assert case.code in str(found)
    again = compute(world, later + timedelta(hours=1))
    assert again.computed_at == later + timedelta(hours=1)
    assert again.first_approver_id is None, "what was approved was approved before the case"
    assert again.decision_number is not None
    approve_as(world, world.first, later + timedelta(hours=1))
    assert approve_as(world, world.second, later + timedelta(hours=1)).visible_from == world.official_at


def test_a_case_holds_the_posting_of_what_it_is_about(app):
    world = make_posting_world()
    winner, other = world.entries["Một"], world.entries["Hai"]
    case = make_case(world.contest, world.ready_at - timedelta(days=30), entry=winner)
    assert case.freezes
    found = refused(release, world)
    assert found.codes == {"frozen"}
    assert winner.blind_code in str(found)
    assert other.blind_code not in str(found)
    close_case(case, world.second, world.ready_at - timedelta(days=29))
    release(world)


def test_an_act_refuses_with_everything_that_is_missing(world):
    compute(world, checked=False)
    entry = find_standing(world.contest.id).awards[0].entry
    case = make_case(world.contest, world.contest.rules.window("remarks").opens, entry=entry)
    found = refused(approve_as, world, world.first, world.ready_at)
    assert found.codes == {"not_checked", "objections_open", "no_decision"}
    assert len(found.problems) == 5, "three checks, the case, the decision"
    for word in (entry.blind_code, case.code):
        assert word in str(found)


def test_the_desk_says_the_same_with_the_pages_where_it_is_done(world, client, clock):
    compute(world, checked=False)
    entry = find_standing(world.contest.id).awards[0].entry
    case = make_case(world.contest, world.contest.rules.window("remarks").opens, entry=entry)
    clock.instant = world.ready_at
    sign_in(client, world.first)
    slug = world.contest.slug
    page = client.get(f"/ban-to-chuc/{slug}/ket-qua").text
    for word in (entry.blind_code, case.code, f"/ban-to-chuc/{slug}/kiem-tra-cong-bo", "Dự kiến"):
        assert word in page
    facts = facts_of(world.contest, find_standing(world.contest.id), world.ready_at)
    steps = steps_to_announcement(
        world.contest.rules, find_standing(world.contest.id), facts, announced=False, now=world.ready_at
    )
    said = [note for step in steps for note in step.notes]
    for act in (DECIDE, APPROVE):
        for each in lacking(act, facts, world.contest.rules, world.ready_at):
            assert each.missing in said or each.missing.endpoint == "results.desk"
    assert [step.key for step in steps if step.state == "todo"] == ["checks"]
    form = {"number": "1/QĐ", "on": world.decided_on.isoformat(), "signer": "Chủ tịch", "title": "Công nhận"}
    answer = client.post(f"/ban-to-chuc/{slug}/ket-qua/quyet-dinh", data=form)
    assert answer.status_code == 422
    assert answer.text.count(case.code) == 2, "among the steps, and where the form was refused"


def test_a_category_of_published_works_asks_for_no_check(app):
    world = make_world()
    judge_finalists(world, {"Loạt bài": 90}, "B", medium="print")
    compute(world, checked=False)
    decide(world)
    assert db.session.scalars(select(PublicationCheck)).all() == []


def test_strangers_learn_no_gate(world):
    compute(world, checked=False)
    for person in (make_user(), make_staff(world.contest, "secretary"), world.chair):
        with pytest.raises(Refused) as error:
            approve_as(world, person, world.ready_at)
        assert error.value.code == "not_organiser"
        db.session.rollback()


def test_posting_waits_for_checks_too(app):
    world = make_world(1)
    judge_finalists(world, {"Một": 9.25})
    compute_results(contest=world.contest, actor=world.first, now=world.ready_at)
    with pytest.raises(NotYet) as error:
        release_posting(contest=world.contest, actor=world.first, now=world.ready_at)
    assert error.value.codes == {"not_checked"}
    for point in ("receipt", "final"):
        record_publication_checks(
            contest=world.contest,
            point=point,
            entries=[world.entries["Một"]],
            found=False,
            note="",
            actor=world.first,
            now=world.ready_at,
        )
    release(world)
    after = world.contest.rules.window("provisional").closes
    assert refused(decide, world, after).codes == {"not_checked"}, "the one before the decision"
