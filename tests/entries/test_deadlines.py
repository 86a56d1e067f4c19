"""Late passes for one person, more time for everybody, and rules that change while somebody writes."""

from __future__ import annotations

import copy
import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from contest.accounts.models import User
from contest.audit.models import AuditRow
from contest.contests.ruleset import parse_rule_set
from contest.contests.services import load_rule_set
from contest.core.db import db, writing
from contest.core.errors import Conflict, Refused
from contest.core.windows import Window
from contest.entries import passes, services
from contest.entries.changes import rule_changes
from contest.entries.drafting import content_digest
from contest.entries.extension import CannotExtend, extend_submission, find_extension
from contest.entries.models import LatePass, Receipt
from contest.entries.rules import DRAFT
from contest.outbox.models import Message
from tests.conftest import START, VIETNAM
from tests.entries.test_races import THREADS, at_once
from tests.factories import make_contest, make_staff, make_user, raw_rule_sets, sign_in
from tests.factories.entries import all_declared, make_draft, submit_draft

CLOSES = datetime(2027, 3, 31, 17, tzinfo=VIETNAM)
JUDGING = datetime(2027, 4, 12, 8, tzinfo=VIETNAM)
AFTER = CLOSES + timedelta(hours=1)
UNTIL = CLOSES + timedelta(days=2)
TICK = timedelta(microseconds=1)


def grant(contest, person, until=UNTIL, now=AFTER, reason="Xã bị lũ cô lập, mất mạng."):
    return passes.grant_pass(
        contest=contest,
        address=person.email,
        until=until,
        reason=reason,
        actor=make_staff(contest, "secretary"),
        now=now,
    )


def test_a_pass_lets_one_entry_in_and_is_told_and_recorded(app):
    contest, author = make_contest(), make_user()
    draft, second = make_draft(contest, author), make_draft(contest, author)
    with pytest.raises(Refused, match="closed"):
        submit_draft(draft, AFTER)
    leave = grant(contest, author)
    receipt = submit_draft(draft, AFTER)
    assert (receipt.at, leave.used_at) == (AFTER, AFTER)
    with pytest.raises(Refused, match="closed"):
        submit_draft(second, AFTER)
    assert second.state == DRAFT
    assert db.session.scalars(select(Message.template).where(Message.template == "late_pass")).all() == ["late_pass"]
    verbs = set(db.session.scalars(select(AuditRow.verb)))
    assert {"entries.grant_late_pass", "entries.use_late_pass"} <= verbs


@pytest.mark.parametrize(("at", "taken"), [(UNTIL - TICK, True), (UNTIL, False)])
def test_a_pass_is_half_open(app, at, taken):
    contest, author = make_contest(), make_user()
    draft = make_draft(contest, author)
    grant(contest, author)
    if taken:
        assert submit_draft(draft, at)
    else:
        with pytest.raises(Refused, match="closed"):
            submit_draft(draft, at)


def test_a_pass_is_one_persons(app):
    contest = make_contest()
    draft = make_draft(contest)
    grant(contest, make_user())
    with pytest.raises(Refused, match="closed"):
        submit_draft(draft, AFTER)


def test_who_has_a_pass_may_begin_after_the_close(app):
    contest, author = make_contest(), make_user()
    grant(contest, author)
    assert submit_draft(make_draft(contest, author, now=AFTER), AFTER)


@pytest.mark.parametrize(("until", "taken"), [(JUDGING, True), (JUDGING + TICK, False), (AFTER, False)])
def test_a_pass_ends_when_the_judges_begin(app, until, taken):
    contest, author = make_contest(), make_user()
    if taken:
        grant(contest, author, until)
        assert passes.usable_pass(contest, author.id, JUDGING - TICK) is not None
        assert passes.usable_pass(contest, author.id, JUDGING) is None
    else:
        with pytest.raises(Refused):
            grant(contest, author, until)


def test_no_pass_without_reason_or_account_or_twice_or_for_staff(app):
    contest, author = make_contest(), make_user()
    with pytest.raises(Refused, match="Say why"):
        grant(contest, author, reason="  ")
    with pytest.raises(Refused, match="No account"):
        grant(contest, User(name="Ai", email="khong@an-lam.example"))
    with pytest.raises(Refused, match="hold a role"):
        grant(contest, make_staff(contest, "judge"))
    grant(contest, author)
    with pytest.raises(Conflict, match="has leave already"):
        grant(contest, author)
    # One that ran out makes room for another.
    assert grant(contest, author, UNTIL + timedelta(days=1), now=UNTIL)


def test_an_ended_pass_lets_nobody_in(app):
    contest, author = make_contest(), make_user()
    draft = make_draft(contest, author)
    leave = grant(contest, author)
    passes.end_pass(contest=contest, pass_id=leave.id, actor=make_user(), now=AFTER)
    with pytest.raises(Refused, match="closed"):
        submit_draft(draft, AFTER)


def test_of_many_drafts_sent_at_once_a_pass_lets_in_one(app, monkeypatch):
    contest, author = make_contest(), make_user()
    drafts = [make_draft(contest, author) for _ in range(THREADS)]
    grant(contest, author)
    db.session.commit()
    monkeypatch.setattr("contest.core.db._judged_at", lambda connection: AFTER)
    author_id = author.id

    def sending(draft):
        public_id, digest, declared = draft.public_id, content_digest(draft), all_declared(draft)

        def send():
            with writing() as now:
                actor = db.session.get_one(User, author_id)
                done = services.submit(draft_id=public_id, actor=actor, now=now, digest=digest, declared=declared)
                return done.receipt.code

        return send

    results = at_once(app, [sending(draft) for draft in drafts])
    assert sum(isinstance(result, str) for result in results) == 1
    assert len(db.session.scalars(select(Receipt.id)).all()) == 1
    assert db.session.scalars(select(LatePass.used_at)).all() == [AFTER]


# More time for everybody

LATER = datetime(2027, 4, 5, 17, tzinfo=VIETNAM)
SCREENING = {"screening": Window(datetime(2027, 4, 6, 8, tzinfo=VIETNAM), datetime(2027, 4, 12, 8, tzinfo=VIETNAM))}
VERIFYING = {"verification": Window(datetime(2027, 4, 6, 8, tzinfo=VIETNAM), datetime(2027, 4, 25, 17, tzinfo=VIETNAM))}


def extend(contest, closes=LATER, moved=None, now=START, notice="Nhiều xã bị chia cắt do lũ."):
    return extend_submission(
        contest=contest,
        closes=closes,
        moved={**SCREENING, **VERIFYING} if moved is None else moved,
        notice=notice,
        actor=make_staff(contest, "organiser"),
        now=now,
    )


def test_an_extension_is_a_new_version_with_a_notice(app):
    contest = make_contest()
    draft = make_draft(contest)
    submit_draft(make_draft(contest))
    version = extend(contest)
    assert (version.number, version.notice) == (2, "Nhiều xã bị chia cắt do lũ.")
    assert contest.rules.window("submission").closes == LATER
    assert contest.rules.window("paper_postmark").closes == datetime(2027, 4, 1, tzinfo=VIETNAM)
    told = db.session.scalars(select(Message.address).where(Message.template == "submission_extended")).all()
    assert told == [draft.author.email]
    assert find_extension(contest).closes == LATER
    assert submit_draft(draft, AFTER).rules_version.number == 2


def test_what_must_move_too_is_said(app):
    contest = make_contest()
    with pytest.raises(CannotExtend) as refusal:
        extend(contest, moved={})
    assert [params["step"].en for _text, params in refusal.value.problems] == ["Screening", "Verification"]
    with pytest.raises(CannotExtend) as refusal:
        extend(contest, closes=JUDGING + TICK)
    assert any("prelim" in str(params) for _text, params in refusal.value.problems)
    assert contest.current_version.number == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"closes": CLOSES}, "ends later"),
        ({"notice": " "}, "Say why"),
        ({"now": JUDGING, "closes": JUDGING + timedelta(days=1)}, "begun to read"),
    ],
)
def test_no_extension_without_a_reason_or_backwards_or_too_late(app, change, message):
    with pytest.raises(Refused, match=message):
        extend(make_contest(), **change)


def test_the_extension_stands_on_the_contests_page(client, app):
    contest = make_contest()
    extend(contest)
    db.session.commit()
    assert "Nhiều xã bị chia cắt do lũ." in client.get(f"/cuoc-thi/{contest.slug}").text


def test_who_wrote_on_older_rules_sees_what_changed_and_accepts_the_new(client, app):
    contest = make_contest()
    draft = make_draft(contest)
    checked = content_digest(draft)
    extend(contest)
    (change,) = [each for each in rule_changes(draft) if each.before and CLOSES in each.before]
    assert LATER in change.after
    with pytest.raises(Conflict, match="rules of the contest have changed") as refusal:
        services.submit(
            draft_id=draft.public_id, actor=draft.author, now=START, digest=checked, declared=all_declared(draft)
        )
    assert refusal.value.code == "rules_changed"
    sign_in(client, draft.author)
    page = client.get(f"/viet/{draft.public_id}/kiem-tra").text
    assert "doi-the-le" in page
    assert submit_draft(draft).rules_version.number == 2
    assert rule_changes(draft) == []


def test_other_rules_that_change_are_named(app):
    contest = make_contest()
    draft = make_draft(contest)
    raw = copy.deepcopy(raw_rule_sets()[0])
    raw["categories"][0]["words"]["max"] = 1500
    raw["eligibility"]["min_age"] = 16
    raw["rubric"]["criteria"][0]["name"]["vi"] = "Chân thực"
    load_rule_set(rules=parse_rule_set(json.dumps(raw)), actor=None, now=START, reason="Sửa thể lệ")
    told = {change.what: (change.before, change.after) for change in rule_changes(draft)}
    assert told == {
        "Most words": (2000, 1500),
        "Youngest age": (15, 16),
        "Other provisions have changed too: please read the rules.": (None, None),
    }


def test_the_page_of_deadlines(client, app):
    contest, author = make_contest(), make_user()
    organiser = make_staff(contest, "organiser")
    address = f"/ban-to-chuc/{contest.slug}/thoi-han"
    sign_in(client, organiser)
    assert client.get(address).status_code == 200
    bad = client.post(f"{address}/nop-muon", data={"address": author.email, "until": "mai", "reason": "lũ"})
    assert bad.status_code == 422
    assert author.email in bad.text
    good = {"address": author.email, "until": "02/04/2027", "until_hour": "17:00", "reason": "lũ"}
    assert client.post(f"{address}/nop-muon", data=good).status_code == 303
    assert author.name in client.get(address).text
    leave = db.session.scalars(select(LatePass)).one()
    assert client.post(f"{address}/nop-muon/{leave.id}/thu-hoi").status_code == 303
    refused = client.post(f"{address}/gia-han", data={"closes": "2027-04-05", "notice": "lũ"})
    assert refused.status_code == 422
    moved = {
        "closes": "2027-04-05",
        "notice": "Mưa lũ",
        "screening-opens": "2027-04-06",
        "screening-opens-hour": "08:00",
        "screening-closes": "2027-04-12",
        "screening-closes-hour": "08:00",
        "verification-opens": "2027-04-06",
    }
    assert client.post(f"{address}/gia-han", data=moved).status_code == 303
    db.session.expire_all()
    assert contest.current_version.number == 2
    secretary = app.test_client()
    sign_in(secretary, make_staff(contest, "secretary"))
    assert secretary.get(address).status_code == 200
    assert secretary.post(f"{address}/gia-han", data=moved).status_code == 404
