"""What was verified or marked is what was read: a text that changes later does not inherit it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contest.core.errors import Refused
from contest.entries import services
from contest.entries.queries import is_eligible_to_advance
from contest.exemplars.queries import standing_verification, verification_history
from tests.conftest import START
from tests.factories import make_contest
from tests.factories.entries import facts, make_eligible, secretary_of, submit_draft

LATER = START + timedelta(hours=1)


def _taken_back(contest):
    """An entry that was valid and verified, refused by mistake, and taken back."""
    entry, secretary = make_eligible(contest), secretary_of(contest)
    services.refuse(entry=entry, reason="Nhầm bài.", actor=secretary, now=LATER)
    services.reconsider(entry=entry, reason="Nhầm bài.", actor=secretary, now=LATER)
    return entry, secretary


def test_a_new_story_is_not_verified_by_the_answer_about_the_old_one(app):
    entry, secretary = _taken_back(make_contest())
    draft = services.start_replacing(entry=entry, actor=entry.author, now=LATER)
    told = facts(draft, draft.exemplar.unit)._replace(exemplar_name="Người Khác Hẳn")
    services.save_facts(entry=draft, version=draft.facts_version, facts=told, now=LATER)
    submit_draft(draft, LATER)
    assert entry.exemplar.name == "Người Khác Hẳn"
    services.receive(entry=entry, actor=secretary, now=LATER)
    services.accept(entry=entry, actor=secretary, now=LATER)
    assert not is_eligible_to_advance(entry)
    assert standing_verification(entry.contest_id, entry.exemplar_id) is None
    assert [each.outcome for each in verification_history(entry.contest_id, entry.exemplar_id)] == ["verified"]
    assert services.ask_units(contest=entry.contest, entries=[entry], actor=secretary, now=LATER)


def test_what_judges_may_have_marked_is_not_sent_back_for_completion(app):
    contest = make_contest()
    entry, secretary = _taken_back(contest)
    begun = contest.rules.window("prelim").opens
    values = {"entry": entry, "reason": "Bổ sung ảnh.", "actor": secretary}
    with pytest.raises(Refused) as refused:
        services.request_completion(due=begun + timedelta(days=2), now=begun, **values)
    assert refused.value.code == "judging_begun"
    before = begun - timedelta(microseconds=1)
    services.request_completion(due=begun + timedelta(days=2), now=before, **values)
    assert entry.state == "completion_requested"
