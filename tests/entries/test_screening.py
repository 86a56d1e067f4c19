"""The secretariat: which state may follow which, until when, and blind codes that say nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from contest.audit.models import AuditRow
from contest.core.db import CODE_ALPHABET, db
from contest.core.errors import Conflict, Refused
from contest.entries import services
from contest.entries.models import Entry
from contest.entries.queries import (
    accepted_entries,
    advancement_of,
    counts_by_state,
    entry_by_code,
    finalists,
    is_eligible_to_advance,
)
from contest.entries.rules import STATES, TRANSITIONS, may_move
from contest.exemplars.queries import standing_verification
from contest.outbox.models import Message
from tests.conftest import START
from tests.factories import make_contest, make_officer, make_unit
from tests.factories.entries import (
    make_accepted,
    make_eligible,
    make_finalist,
    make_submitted,
    secretary_of,
    submit_draft,
    verify,
)

INSTANT = timedelta(microseconds=1)
VERBS = {
    "receive": lambda entry, actor, now: services.receive(entry=entry, actor=actor, now=now),
    "accept": lambda entry, actor, now: services.accept(entry=entry, actor=actor, now=now),
    "refuse": lambda entry, actor, now: services.refuse(entry=entry, reason="Lý do", actor=actor, now=now),
    "complete": lambda entry, actor, now: services.request_completion(
        entry=entry, reason="Lý do", due=now + timedelta(days=2), actor=actor, now=now
    ),
    "reconsider": lambda entry, actor, now: services.reconsider(entry=entry, reason="Lý do", actor=actor, now=now),
    "withdraw": lambda entry, actor, now: services.withdraw(entry=entry, actor=entry.author, now=now),
}
TARGETS = {
    "receive": "received",
    "accept": "accepted",
    "refuse": "refused",
    "complete": "completion_requested",
    "reconsider": "received",
    "withdraw": "withdrawn",
}
# What each verb does in each state; every pair that is not here is a conflict.
ALLOWED = {
    ("submitted", "receive"),
    ("submitted", "refuse"),
    ("submitted", "complete"),
    ("submitted", "withdraw"),
    ("received", "receive"),  # done before: nothing changes
    ("received", "accept"),
    ("received", "refuse"),
    ("received", "complete"),
    ("received", "withdraw"),
    ("completion_requested", "complete"),
    ("completion_requested", "accept"),
    ("completion_requested", "refuse"),
    ("completion_requested", "withdraw"),
    ("accepted", "accept"),
    ("accepted", "refuse"),
    ("accepted", "withdraw"),
    ("refused", "reconsider"),
    ("withdrawn", "withdraw"),
}
WAYS = {
    "submitted": (),
    "received": ("receive",),
    "completion_requested": ("complete",),
    "accepted": ("receive", "accept"),
    "refused": ("refuse",),
    "withdrawn": ("withdraw",),
}


@pytest.mark.parametrize("state", WAYS)
def test_which_verb_may_follow_which_state(app, state):
    contest = make_contest()
    actor = secretary_of(contest)
    for verb, act in VERBS.items():
        entry = make_submitted(contest)
        for step in WAYS[state]:
            VERBS[step](entry, actor, START)
        assert entry.state == state
        if (state, verb) in ALLOWED:
            act(entry, actor, START)
            assert entry.state == TARGETS[verb]
        else:
            with pytest.raises(Conflict):
                act(entry, actor, START)
            assert entry.state == state


def test_the_table_knows_every_state_and_no_other():
    assert set(TRANSITIONS) == set(STATES)
    assert set().union(*TRANSITIONS.values()) <= set(STATES)
    assert not may_move("withdrawn", "draft")
    assert not may_move("nowhere", "draft")


def test_only_one_place_assigns_the_state():
    from pathlib import Path

    root = Path(__file__).parents[2] / "contest"
    assigning = [
        path.name
        for path in root.rglob("*.py")
        if "entry.state =" in (text := path.read_text("utf-8"))
        or "entry.state, entry" in text
        or ", entry.state = " in text
        if "entry.state ==" not in text or ", entry.state = " in text
    ]
    assert assigning == ["moves.py"]


def test_codes_are_random_unique_and_kept(app):
    contest = make_contest()
    entries = [make_accepted(contest) for _ in range(12)]
    codes = [entry.blind_code for entry in entries]
    assert len(set(codes)) == 12
    assert all(len(code) == 4 and set(code) <= set(CODE_ALPHABET) for code in codes)
    assert codes != sorted(codes)
    again = services.accept(entry=entries[0], actor=secretary_of(contest), now=START)
    assert again == codes[0]
    assert entry_by_code(contest.id, codes[3]) is entries[3]
    assert entry_by_code(contest.id, "0OIL") is None
    assert entry_by_code(contest.id, "\x00") is None
    assert [entry.blind_code for entry in accepted_entries(contest.id, "A")] == sorted(codes)


def test_a_taken_code_is_not_given_twice(app, monkeypatch):
    contest = make_contest()
    first = make_accepted(contest)
    codes = iter([first.blind_code, first.blind_code, "ZZZZ"])
    monkeypatch.setattr("contest.entries.screening.new_code", lambda length: next(codes))
    assert make_accepted(contest).blind_code == "ZZZZ"


def test_until_when(app):
    contest = make_contest()
    actor = secretary_of(contest)
    shortlist, results = contest.rules.instant("shortlist"), contest.rules.results_at
    for verb in ("accept", "complete"):
        entry = make_submitted(contest)
        services.receive(entry=entry, actor=actor, now=START)
        with pytest.raises(Refused) as caught:
            VERBS[verb](entry, actor, shortlist)
        assert caught.value.code == "shortlist_out"
    services.accept(entry=entry, actor=actor, now=shortlist - INSTANT)
    with pytest.raises(Refused) as caught:
        VERBS["refuse"](entry, actor, results)
    assert caught.value.code == "results_out"
    VERBS["refuse"](entry, actor, results - INSTANT)


def test_an_entry_is_refused_while_provisional_results_are_posted(app):
    """After a sustained objection, say; once the results are official only a decision takes a prize back."""
    contest = make_contest(1)
    entry = make_accepted(contest, now=contest.rules.window("submission").opens)
    actor = secretary_of(contest)
    with pytest.raises(Refused) as caught:
        VERBS["refuse"](entry, actor, contest.rules.official_at)
    assert caught.value.code == "results_out"
    assert contest.rules.results_at < contest.rules.official_at - INSTANT
    VERBS["refuse"](entry, actor, contest.rules.official_at - INSTANT)


def test_completion_has_a_term(app):
    contest = make_contest()
    entry, actor = make_submitted(contest), secretary_of(contest)
    for due in (START, START - INSTANT, START + timedelta(days=60)):
        with pytest.raises(Refused) as caught:
            services.request_completion(entry=entry, reason="x", due=due, actor=actor, now=START)
        assert caught.value.code == "due"


@pytest.mark.parametrize("reason", ["", "   ", "\n"])
def test_reasons_are_needed(app, reason):
    contest = make_contest()
    entry, actor = make_submitted(contest), secretary_of(contest)
    with pytest.raises(Refused):
        services.refuse(entry=entry, reason=reason, actor=actor, now=START)
    with pytest.raises(Refused):
        services.request_completion(entry=entry, reason=reason, due=START + timedelta(1), actor=actor, now=START)


def test_many_at_once(app):
    contest = make_contest()
    actor = secretary_of(contest)
    entries = [make_submitted(contest) for _ in range(3)] + [make_accepted(contest)]
    assert services.receive_all(entries=entries, actor=actor, now=START) == 3
    assert services.receive_all(entries=entries, actor=actor, now=START) == 0
    assert services.accept_all(entries=entries, actor=actor, now=START) == 3
    assert counts_by_state(contest.id) == {"accepted": 4}


def test_units_are_asked_in_one_message_each(app):
    contest = make_contest()
    actor = secretary_of(contest)
    units = [make_unit() for _ in range(2)]
    officers = [make_officer(unit) for unit in units]
    entries = [make_accepted(contest, unit=units[place % 2]) for place in range(4)] + [make_submitted(contest)]
    asked = services.ask_units(contest=contest, entries=entries, actor=actor, now=START)
    assert len(asked) == 4
    assert services.ask_units(contest=contest, entries=entries, actor=actor, now=START) == []
    mails = db.session.scalars(select(Message).where(Message.template == "verification_request")).all()
    assert sorted(mail.address for mail in mails) == sorted(officer.email for officer in officers)
    assert {mail.params["count"] for mail in mails} == {2}
    # Saturday 20/3/2027, seven working days: Tuesday 30/3.
    assert {question.due_on.isoformat() for question in asked} == {"2027-03-30"}


def test_who_may_advance(app):
    contest = make_contest()
    plain, good = make_accepted(contest), make_eligible(contest)
    unsure = make_accepted(contest)
    verify(unsure, "unverifiable", consent=None)
    silent = make_accepted(contest)
    verify(silent, consent=False)
    child = make_accepted(contest, exemplar_is_child=True)
    verify(child, guardian_consent=False)
    grown = make_accepted(contest, exemplar_is_child=True)
    verify(grown)
    assert [is_eligible_to_advance(entry) for entry in (plain, good, unsure, silent, child, grown)] == [
        False,
        True,
        False,
        False,
        False,
        True,
    ]
    with pytest.raises(Refused) as caught:
        services.advance(entry=plain, actor=None, now=START)
    assert caught.value.code == "not_eligible"
    first = services.advance(entry=good, actor=None, now=START)
    assert services.advance(entry=good, actor=None, now=START + INSTANT) is first
    assert finalists(contest.id) == [good]
    assert finalists(contest.id, {"B"}) == []


def test_falling_out_is_kept_on_record(app):
    contest = make_contest()
    entry, other = make_finalist(contest), make_finalist(contest)
    with pytest.raises(Refused):
        services.fall_out(entry=entry, reason=" ", actor=None, now=START)
    services.fall_out(entry=entry, reason="Tác giả xin rút", actor=None, now=START)
    assert finalists(contest.id) == [other]
    assert advancement_of(entry.id).fell_out_at == START
    with pytest.raises(Refused):
        services.advance(entry=entry, actor=None, now=START)
    services.refuse(entry=other, reason="Đã đăng báo", actor=secretary_of(contest), now=START)
    assert finalists(contest.id) == []


def test_a_question_is_asked_again(app):
    contest = make_contest()
    entry = make_accepted(contest)
    answer = verify(entry, "unverifiable", consent=None)
    (question,) = services.ask_units(
        contest=contest, entries=[entry], actor=secretary_of(contest), now=START, again=True
    )
    assert answer.superseded_at is not None
    assert standing_verification(contest.id, entry.exemplar_id) is question


def test_hiding_words(app):
    contest = make_contest()
    entry = make_submitted(contest, body="Chị Lan kể: Lan Anh là bạn tôi.\n\nBài: Nguyễn Lan")
    actor = secretary_of(contest)
    services.redact(entry=entry, phrase="Nguyễn Lan", actor=actor, now=START)
    services.redact(entry=entry, phrase="Nguyễn Lan", actor=actor, now=START)
    assert entry.redactions == ["Nguyễn Lan"]
    for phrase in ("nguyen lan", "Hoa", "", "  "):
        with pytest.raises(Refused):
            services.redact(entry=entry, phrase=phrase, actor=actor, now=START)
    services.unredact(entry=entry, phrase="Nguyễn Lan", actor=actor, now=START)
    assert entry.redactions == []
    rows = db.session.scalars(select(AuditRow).where(AuditRow.verb.in_(("entries.redact", "entries.unredact"))))
    assert [row.details for row in rows] == [{"hidden": 1}, {"hidden": 0}]


def test_resubmitting_goes_back_to_the_secretariat(app):
    contest = make_contest()
    entry = make_submitted(contest)
    services.receive(entry=entry, actor=secretary_of(contest), now=START)
    draft = services.start_replacing(entry=entry, actor=entry.author, now=START)
    submit_draft(draft)
    assert entry.state == "submitted"
    assert db.session.scalars(select(Entry)).all() == [entry]
