"""Setting ballots aside: two people, words, all of it on record, and all of it reversible."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import IntegrityError

from contest.accounts.models import User
from contest.audit.models import AuditRow
from contest.contests.models import Contest
from contest.core.db import db, writing
from contest.core.errors import Conflict, Refused
from contest.entries.models import Entry
from contest.voting import review
from contest.voting.counting import count_patterns, count_votes, recount
from contest.voting.models import Ballot
from contest.voting.models_log import BallotLog, Leaf
from contest.voting.models_review import BallotDecision, Setting, SettingBallot
from contest.voting.review import Part
from contest.voting.review_lists import find_set_aside, get_setting, set_aside_by_reason, standing_in
from tests.factories import make_staff
from tests.factories.review import ANSWER, WORDS, make_ballot, make_finding, make_setting, not_counted
from tests.factories.voting import during, make_vote, vote

REASON = "duplicate_identity"


@pytest.fixture
def desk(app):
    """A vote with four ballots, a finding about three of them, and two people who review."""
    contest, entries = make_vote()
    first, second = make_staff(contest, "secretary"), make_staff(contest, "organiser")
    ballots = [make_ballot(contest, entries[:2], network=network) for network in ("n1", "n1", "n2", "n3")]
    finding = make_finding(contest, ballots[:3])
    return contest, finding, ballots, first, second


def decide(contest, setting, actor, *, yes=True, words=ANSWER, is_counted=not_counted):
    done = review.decide(
        contest=contest,
        setting=setting,
        yes=yes,
        words=words,
        actor=actor,
        now=during(contest),
        is_counted=is_counted,
    )
    db.session.commit()
    return done


def back(contest, setting, actor, **fields):
    values = {"reason": "mistake", "words": WORDS, "now": during(contest), "is_counted": not_counted, **fields}
    done = review.propose_back(contest=contest, setting=setting, actor=actor, **values)
    db.session.commit()
    return done


def leaves(contest, kind):
    found = db.session.scalars(select(Leaf.content).where(Leaf.contest_id == contest.id, Leaf.kind == kind))
    return sorted((json.loads(content) for content in found), key=lambda leaf: leaf["number"])


def verbs():
    return list(db.session.scalars(select(AuditRow.verb).where(AuditRow.verb.like("vote.%")).order_by(AuditRow.id)))


def code_of(raised):
    return raised.value.code


def test_a_batch_is_proposed_by_one_and_carried_out_by_another(desk):
    contest, finding, ballots, first, second = desk
    setting = make_setting(contest, finding, first)
    assert (setting.state, setting.ballots, setting.kind) == ("proposed", 3, "void")
    assert set_aside_by_reason(contest.id) == {}
    decide(contest, setting, second)
    assert (setting.state, setting.changed, setting.decided_by, setting.answer) == ("made", 3, second.id, ANSWER)
    assert set_aside_by_reason(contest.id) == {REASON: 3}
    told = leaves(contest, "void")
    assert [leaf["ballot"] for leaf in told] == sorted(ballot.ballot_id for ballot in ballots[:3])
    assert [leaf["number"] for leaf in told] == [1, 2, 3]
    assert {(leaf["reason"], leaf["role"], leaf["contest"]) for leaf in told} == {
        (REASON, "vote_review", contest.public_id)
    }
    rows = db.session.scalars(select(BallotDecision).order_by(BallotDecision.number)).all()
    assert [(row.number, row.kind, row.setting_id) for row in rows] == [(n, "void", setting.id) for n in (1, 2, 3)]
    assert finding.state == "acted"
    assert verbs() == ["vote.propose", "vote.carry_out"]
    assert find_set_aside(contest.id, ballots[0].ballot_id).reason == REASON
    assert find_set_aside(contest.id, ballots[3].ballot_id) is None


def test_nothing_of_a_ballot_is_removed(desk):
    contest, finding, ballots, first, second = desk
    before = db.session.scalar(select(func.count(Leaf.id)).where(Leaf.kind == "ballot"))
    decide(contest, make_setting(contest, finding, first), second)
    assert db.session.scalar(select(func.count(Leaf.id)).where(Leaf.kind == "ballot")) == before
    assert db.session.scalar(select(func.count(Ballot.id))) == len(ballots)
    assert all(ballot.choices for ballot in db.session.scalars(select(Ballot)))


def test_what_was_set_aside_counts_again_by_two_people_too(desk):
    contest, finding, _ballots, first, second = desk
    setting = make_setting(contest, finding, first)
    decide(contest, setting, second)
    undoing = back(contest, setting, second)
    assert (undoing.kind, undoing.ballots, undoing.undoes_id) == ("admit", 3, setting.id)
    with pytest.raises(Refused) as raised:
        decide(contest, undoing, second)
    assert code_of(raised) == "same_person"
    db.session.rollback()
    decide(contest, undoing, first)
    assert set_aside_by_reason(contest.id) == {}
    assert standing_in(setting) == 0
    assert [leaf["number"] for leaf in leaves(contest, "admit")] == [4, 5, 6]
    assert db.session.scalar(select(func.count(BallotDecision.id))) == 6, "decisions are kept, all of them"
    # and aside once more, and again: the latest holds
    again = make_setting(contest, finding, first)
    decide(contest, again, second)
    assert set_aside_by_reason(contest.id) == {REASON: 3}
    with pytest.raises(Refused) as raised:
        back(contest, undoing, first)
    assert code_of(raised) == "nothing_to_do"


def test_whoever_proposed_does_not_decide(desk):
    contest, finding, _ballots, first, _second = desk
    setting = make_setting(contest, finding, first)
    for yes in (True, False):
        with pytest.raises(Refused) as raised:
            decide(contest, setting, first, yes=yes)
        assert code_of(raised) == "same_person"
        db.session.rollback()
    assert set_aside_by_reason(contest.id) == {}


def test_the_database_knows_that_it_takes_two(desk):
    contest, finding, _ballots, first, _second = desk
    setting = make_setting(contest, finding, first)
    setting.decided_by = first.id
    with pytest.raises(IntegrityError):
        db.session.flush()
    db.session.rollback()


@pytest.mark.parametrize("role", ["judge", "chair", None])
def test_judges_and_strangers_neither_propose_nor_decide(desk, role):
    contest, finding, _ballots, first, _second = desk
    other = make_staff(contest, role) if role else make_staff(contest, "organiser")
    if role is None:
        db.session.execute(text("UPDATE role_grant SET ended_at = granted_at WHERE user_id = :id"), {"id": other.id})
    setting = make_setting(contest, finding, first)
    for act in (
        lambda: make_setting(contest, finding, other),
        lambda: decide(contest, setting, other),
        lambda: review.withdraw(contest=contest, setting=setting, actor=other, now=during(contest)),
        lambda: review.dismiss(contest=contest, finding=finding, words=WORDS, actor=other, now=during(contest)),
        lambda: review.reopen(contest=contest, finding=finding, actor=other, now=during(contest)),
        lambda: review.propose_numbers(
            contest=contest,
            typed="2" * 16,
            reason="objection",
            words=WORDS,
            actor=other,
            now=during(contest),
            is_counted=not_counted,
        ),
    ):
        with pytest.raises(Refused) as raised:
            act()
        assert code_of(raised) == "not_reviewer"
        db.session.rollback()


def test_who_may_review():
    assert review.may_review({"organiser"})
    assert review.may_review({"secretary"})
    assert not review.may_review(set())
    assert not review.may_review({"organiser", "judge"})
    assert not review.may_review({"secretary", "chair"})


def test_once_results_are_worked_out_nothing_is_proposed_or_decided(desk):
    contest, finding, ballots, first, second = desk
    done = make_setting(contest, finding, first)
    decide(contest, done, second)
    waiting = make_setting(contest, make_finding(contest, ballots[3:]), first)

    def counted(_contest_id):
        return True

    for act in (
        lambda: make_setting(contest, make_finding(contest, ballots[3:]), first, is_counted=counted),
        lambda: decide(contest, waiting, second, is_counted=counted),
        lambda: decide(contest, waiting, second, yes=False, is_counted=counted),
        lambda: back(contest, done, first, is_counted=counted),
        lambda: review.propose_numbers(
            contest=contest,
            typed=ballots[0].ballot_id,
            reason="objection",
            words=WORDS,
            actor=first,
            now=during(contest),
            is_counted=counted,
        ),
    ):
        with pytest.raises(Conflict) as raised:
            act()
        assert code_of(raised) == "counted"
        db.session.rollback()
    review.withdraw(contest=contest, setting=waiting, actor=first, now=during(contest))


def test_the_reason_is_one_that_the_rules_name(desk):
    contest, finding, _ballots, first, _second = desk
    for reason in ("throwaway_contact", "", "mistake"):  # the first one is known, but not in these rules
        with pytest.raises(Refused) as raised:
            make_setting(contest, finding, first, reason=reason)
        assert code_of(raised) == "reason"


@pytest.mark.parametrize("words", ["", "  ", "quá ngắn", "a" * 2001])
def test_every_act_says_why(desk, words):
    contest, finding, _ballots, first, second = desk
    setting = make_setting(contest, finding, first)
    for act in (
        lambda: make_setting(contest, finding, first, words=words),
        lambda: decide(contest, setting, second, words=words),
        lambda: decide(contest, setting, second, yes=False, words=words),
    ):
        with pytest.raises(Refused) as raised:
            act()
        assert code_of(raised) == "words"
        db.session.rollback()


def test_the_fewest_and_the_most_words(desk):
    contest, finding, _ballots, first, second = desk
    decide(contest, make_setting(contest, finding, first, words="a" * 15), second, words="b" * 2000)


def test_ballots_are_fixed_when_they_are_proposed(desk):
    contest, finding, ballots, first, second = desk
    setting = make_setting(contest, finding, first)
    db.session.execute(
        text("INSERT INTO vote_finding_ballot (finding_id, ballot_id) VALUES (:f, :b)"),
        {"f": finding.id, "b": ballots[3].id},
    )
    db.session.commit()
    decide(contest, setting, second)
    assert find_set_aside(contest.id, ballots[3].ballot_id) is None
    assert setting.changed == 3


def test_a_part_by_what_is_known_of_the_ballots(desk):
    contest, finding, ballots, first, _second = desk
    numbers = select(Ballot.ballot_id).join(SettingBallot, SettingBallot.ballot_id == Ballot.id)

    def chosen(part):
        setting = make_setting(contest, finding, first, part)
        found = set(db.session.scalars(numbers.where(SettingBallot.setting_id == setting.id)))
        assert setting.ballots == len(found)
        return found

    n1 = {ballot.ballot_id for ballot in ballots[:2]}
    assert chosen(Part(network="n1")) == n1
    assert chosen(Part(network="n1", family="an-lam.example", channel="email_otp")) == n1
    hour = during(contest)
    assert len(chosen(Part(since=hour, until=hour + timedelta(hours=1)))) == 3
    with pytest.raises(Refused):
        chosen(Part(until=hour))  # half-open
    db.session.rollback()
    assert len(chosen(Part(sample=2))) == 2
    assert len(chosen(Part(sample=3))) == 3
    with pytest.raises(Refused) as raised:
        chosen(Part(network="n3"))  # a ballot's that is not of the finding
    assert code_of(raised) == "nothing_to_do"


def test_a_batch_holds_no_more_than_it_may(desk, monkeypatch):
    contest, finding, _ballots, first, _second = desk
    monkeypatch.setattr(review, "BATCH_MOST", 2)
    with pytest.raises(Refused) as raised:
        make_setting(contest, finding, first)
    assert code_of(raised) == "too_many"
    monkeypatch.setattr(review, "BATCH_MOST", 3)
    assert make_setting(contest, finding, first).ballots == 3


def test_a_ballot_in_two_batches_is_set_aside_once(desk):
    contest, finding, ballots, first, second = desk
    one = make_setting(contest, finding, first)
    other = make_setting(contest, make_finding(contest, ballots), first)
    decide(contest, one, second)
    decide(contest, other, second)
    assert (one.changed, other.changed, other.ballots) == (3, 1, 4)
    assert len(leaves(contest, "void")) == 4
    assert set_aside_by_reason(contest.id) == {REASON: 4}


def test_what_a_voter_changes_meanwhile_stays_set_aside(desk):
    contest, finding, ballots, first, second = desk
    decide(contest, make_setting(contest, finding, first), second)
    entries = [choice.entry_id for choice in ballots[3].choices]
    voter_id = ballots[0].voter_id
    from_them = db.session.get(Ballot, ballots[0].id)
    assert from_them.revision == 1
    other = [entry for entry in _entries(contest) if entry.id not in entries]
    vote(contest, other[:1], voter_id)
    db.session.refresh(from_them)
    assert from_them.revision == 2
    assert find_set_aside(contest.id, from_them.ballot_id) is not None


def _entries(contest):
    from_pool = db.session.scalars(select(Leaf.content).where(Leaf.contest_id == contest.id, Leaf.kind == "open")).one()
    candidates = json.loads(from_pool)["candidates"]
    return list(db.session.scalars(select(Entry).where(Entry.public_id.in_(candidates)).order_by(Entry.id)))


def test_a_proposal_is_withdrawn_by_whoever_made_it(desk):
    contest, finding, _ballots, first, second = desk
    setting = make_setting(contest, finding, first)
    with pytest.raises(Refused) as raised:
        review.withdraw(contest=contest, setting=setting, actor=second, now=during(contest))
    assert code_of(raised) == "not_yours"
    db.session.rollback()
    review.withdraw(contest=contest, setting=setting, actor=first, now=during(contest))
    db.session.commit()
    with pytest.raises(Conflict) as raised:
        decide(contest, setting, second)
    assert code_of(raised) == "withdrawn"
    assert verbs() == ["vote.propose", "vote.withdraw"]


def test_a_refused_batch_does_nothing_and_stays_on_record(desk):
    contest, finding, _ballots, first, second = desk
    setting = make_setting(contest, finding, first)
    decide(contest, setting, second, yes=False)
    assert (setting.state, setting.changed) == ("refused", None)
    assert finding.state == "open"
    assert leaves(contest, "void") == []
    with pytest.raises(Conflict) as raised:
        decide(contest, setting, second)
    assert code_of(raised) == "decided"
    with pytest.raises(Refused):
        back(contest, setting, first)


def test_a_finding_is_closed_with_words_and_opened_again(desk):
    contest, finding, _ballots, first, second = desk
    setting = make_setting(contest, finding, first)

    def dismiss():
        review.dismiss(contest=contest, finding=finding, words=WORDS, actor=second, now=during(contest))
        db.session.commit()

    with pytest.raises(Refused) as raised:
        dismiss()
    assert code_of(raised) == "batch_waits"
    db.session.rollback()
    review.withdraw(contest=contest, setting=setting, actor=first, now=during(contest))
    dismiss()
    assert (finding.state, finding.closed_by, finding.words) == ("dismissed", second.id, WORDS)
    with pytest.raises(Conflict):
        dismiss()
    db.session.rollback()
    with pytest.raises(Refused) as raised:
        make_setting(contest, finding, first)
    assert code_of(raised) == "finding_closed"
    review.reopen(contest=contest, finding=finding, actor=first, now=during(contest))
    db.session.commit()
    assert (finding.state, finding.closed_by, finding.words) == ("open", None, None)


def test_somebody_with_a_receipt_objects(desk):
    contest, finding, ballots, first, second = desk
    decide(contest, make_setting(contest, finding, first), second)
    number = ballots[0].ballot_id

    def propose(typed):
        done = review.propose_numbers(
            contest=contest,
            typed=typed,
            reason="objection",
            words=WORDS,
            actor=first,
            now=during(contest),
            is_counted=not_counted,
        )
        db.session.commit()
        return done

    for typed in ("", "  ", "khong-phai-so", "0" * 16, "2" * 16, ballots[3].ballot_id, f"{'2' * 16} {number}"):
        with pytest.raises(Refused) as raised:
            propose(typed)
        assert code_of(raised) == "numbers"
        db.session.rollback()
    setting = propose(f" {number[:4].lower()}-{number[4:]} ")
    decide(contest, setting, second)
    assert set_aside_by_reason(contest.id) == {REASON: 2}
    assert find_set_aside(contest.id, number) is None


def test_two_who_decide_at_once_decide_once(app, desk):
    contest, finding, _ballots, first, second = desk
    third = make_staff(contest, "secretary")
    setting = make_setting(contest, finding, first)
    slug, public_id, people = contest.slug, setting.public_id, (second.id, third.id)
    at = during(contest)
    gate = threading.Barrier(2)
    outcomes = []

    def one(person_id):
        with app.app_context():
            gate.wait()
            try:
                with writing():
                    mine = db.session.scalars(select(Contest).where(Contest.slug == slug)).one()
                    review.decide(
                        contest=mine,
                        setting=get_setting(mine.id, public_id),
                        yes=True,
                        words=ANSWER,
                        actor=db.session.get(User, person_id),
                        now=at,
                        is_counted=not_counted,
                    )
                outcomes.append("made")
            except Conflict as error:
                outcomes.append(error.code)
            finally:
                db.session.remove()

    db.session.commit()
    threads = [threading.Thread(target=one, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["decided", "made"]
    db.session.rollback()
    assert db.session.scalar(select(func.count(BallotDecision.id))) == 3
    assert db.session.scalar(select(BallotLog.number)) == 3


def test_many_ballots_take_few_statements(app):
    """So many statements as there are thousands, whatever the batch holds."""
    contest, entries = make_vote()
    first, second = make_staff(contest, "secretary"), make_staff(contest, "organiser")
    made = make_ballot(contest, entries[:1])
    numbers = 2500
    alphabet = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"

    def number(value):
        return "".join(alphabet[value // 31**place % 31] for place in range(16))

    db.session.execute(
        Ballot.__table__.insert(),
        [
            {
                "ballot_id": number(value + 1),
                "contest_id": contest.id,
                "scope": "contest",
                "tag": "0" * 64,
                "revision": 1,
                "cast_at": made.cast_at,
                "changed_at": made.cast_at,
            }
            for value in range(numbers)
        ],
    )
    ballots = db.session.scalars(select(Ballot).order_by(Ballot.id)).all()
    setting = make_setting(contest, make_finding(contest, ballots), first)
    assert setting.ballots == numbers + 1
    sent = []

    def note(_connection, _cursor, statement, *_rest):
        sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        decide(contest, setting, second)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert setting.changed == numbers + 1
    assert len(sent) < 40
    told = [leaf["number"] for leaf in leaves(contest, "void")]
    assert told == list(range(1, numbers + 2))


def test_after_the_close_the_groups_of_the_count_move_with_each_decision(desk):
    contest, finding, ballots, first, second = desk
    log = db.session.get(BallotLog, contest.id)
    log.closed_at = during(contest)
    db.session.commit()
    assert count_patterns(contest.id) == 1
    db.session.commit()
    setting = make_setting(contest, finding, first)
    decide(contest, setting, second)
    assert count_votes(contest) == recount(contest)
    assert (count_votes(contest).valid, count_votes(contest).set_aside) == (1, {REASON: 3})
    undoing = back(contest, setting, first)
    decide(contest, undoing, second)
    assert count_votes(contest) == recount(contest)
    assert count_votes(contest).valid == len(ballots)


def test_a_batch_that_was_never_decided_holds_its_place(desk):
    contest, finding, _ballots, first, _second = desk
    make_setting(contest, finding, first)
    assert db.session.scalar(select(func.count(Setting.id))) == 1
    assert db.session.scalar(select(BallotLog.number)) == 0
