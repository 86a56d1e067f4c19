"""Casting and changing a ballot: windows, choices, retries, conflicts, finalists that fall out, the count."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from contest.contests.ruleset import parse_rule_set
from contest.contests.services import load_rule_set
from contest.core.db import db
from contest.core.driver import Driver
from contest.core.errors import Conflict, NotFound, Refused
from contest.exemplars.consents import withdraw_consent
from contest.voting import counting, queries
from contest.voting.models import Ballot, Choice
from contest.voting.models_log import Leaf
from contest.voting.services import cast_ballot
from contest.voting.tally import Tally
from tests.conftest import START
from tests.factories import make_user, raw_rule_sets
from tests.factories.judging import make_accepted, make_finalist
from tests.factories.voting import during, let_fall_out, make_vote, make_voter, seal_log, start_log, vote, voting_window

US = timedelta(microseconds=1)


@pytest.fixture
def contest(app):
    found, _ = make_vote()
    return found


@pytest.fixture
def entries(contest):
    return list(queries.gallery(contest))


@pytest.fixture
def voter(contest):
    return make_voter(contest)


def cast(contest, voter, picks, *, now=None, based_on=None):
    found = cast_ballot(
        slug=contest.slug,
        voter_id=voter,
        picks=[getattr(pick, "public_id", pick) for pick in picks],
        now=now or during(contest),
        based_on=based_on,
    )
    db.session.commit()
    return found


def refused(code, contest, voter, picks, **more):
    with pytest.raises(Refused) as error:
        cast(contest, voter, picks, **more)
    db.session.rollback()
    assert error.value.code == code
    return error.value


def rows(model):
    db.session.expire_all()
    return db.session.scalars(select(model).order_by(*model.__table__.primary_key)).all()


# The window


def test_a_ballot_is_taken_from_the_opening_to_before_the_close(contest, entries):
    opens, closes = voting_window(contest)
    refused("vote_not_open", contest, make_voter(contest), entries[:1], now=opens - US)
    assert cast(contest, make_voter(contest), entries[:1], now=opens).outcome == "cast"
    assert cast(contest, make_voter(contest), entries[:1], now=closes - US).outcome == "cast"
    error = refused("vote_closed", contest, make_voter(contest), entries[:1], now=closes)
    assert error.params["at"] == closes
    assert [ballot.cast_at for ballot in rows(Ballot)] == [opens, closes - US]


def test_a_ballot_is_changed_until_before_the_close(contest, entries, voter):
    closes = voting_window(contest)[1]
    cast(contest, voter, entries[:1])
    assert cast(contest, voter, entries[1:2], now=closes - US).revision == 2
    refused("vote_closed", contest, voter, entries[2:3], now=closes)
    assert queries.find_own_ballot(contest, voter).standing == [entries[1].public_id]


# Choices


@pytest.mark.parametrize("count", [1, 2, 3])
def test_one_to_three_entries_fit_on_a_ballot(contest, entries, voter, count):
    cast(contest, voter, entries[:count])
    assert [choice.slot for choice in rows(Choice)] == list(range(1, count + 1))


def test_no_entry_and_four_entries_are_refused(contest, entries, voter):
    refused("no_choice", contest, voter, [])
    error = refused("too_many_choices", contest, voter, entries[:4])
    assert error.params == {"most": 3, "chosen": 4}
    assert not rows(Ballot)


def test_an_entry_chosen_twice_is_chosen_once(contest, entries, voter):
    cast(contest, voter, [entries[0], entries[1], entries[0], entries[0]])
    assert len(rows(Choice)) == 2


def test_only_finalists_of_the_voted_categories_can_be_chosen(contest, entries, voter):
    elsewhere, _ = make_vote(1)
    strangers = [
        make_accepted(contest, "A").public_id,  # no finalist
        make_finalist(contest, "B").public_id,  # a category that is not put to the vote
        make_finalist(contest, "A", state="refused").public_id,
        make_finalist(contest, "A", state="withdrawn").public_id,
        make_finalist(contest, "A", verified=False).public_id,  # the exemplar did not agree
        make_finalist(elsewhere, "A").public_id,
        "khongcobainao1",
        "",
        "\x00",
        "x" * 5000,
        "' OR 1=1 --",
    ]
    db.session.commit()
    on_paper = {entry.public_id for entry in queries.gallery(contest)}
    for stranger in strangers:
        assert stranger not in on_paper
        refused("not_a_finalist", contest, voter, [entries[0], stranger])
    assert not rows(Ballot)


def test_a_voter_of_one_contest_is_nobody_in_another(contest, entries, voter):
    other, their_entries = make_vote(1)
    with pytest.raises(NotFound):
        cast(other, voter, their_entries[:1], now=during(other))
    with pytest.raises(NotFound):
        cast(contest, voter + 1000, entries[:1])


# Change and retry


def test_a_change_replaces_and_never_adds(contest, entries, voter):
    first = cast(contest, voter, entries[:3])
    second = cast(contest, voter, entries[3:5], now=during(contest) + timedelta(hours=1))
    assert (second.ballot_id, second.revision, second.outcome) == (first.ballot_id, 2, "changed")
    assert {choice.entry_id for choice in rows(Choice)} == {entry.id for entry in entries[3:5]}
    (ballot,) = rows(Ballot)
    assert ballot.cast_at == during(contest) and ballot.changed_at == during(contest) + timedelta(hours=1)


def test_every_revision_is_kept_as_it_was_cast(contest, entries, voter):
    cast(contest, voter, entries[:2])
    cast(contest, voter, entries[2:3])
    kept = [(revision.revision, revision.choices) for revision in rows(Leaf) if revision.kind == "ballot"]
    assert kept == [(1, sorted(entry.public_id for entry in entries[:2])), (2, [entries[2].public_id])]


def test_the_same_choices_again_are_a_retry_and_change_nothing(contest, entries, voter):
    first = cast(contest, voter, entries[:3], based_on=0)
    for based_on in (0, 1, None):
        again = cast(contest, voter, reversed(entries[:3]), based_on=based_on, now=during(contest) + timedelta(days=1))
        assert (again.ballot_id, again.revision, again.outcome) == (first.ballot_id, 1, "kept")
    assert [leaf.revision for leaf in rows(Leaf)] == [None, 1] and rows(Ballot)[0].changed_at == during(contest)


def test_a_late_retry_of_an_old_ballot_does_not_undo_a_change(contest, entries, voter):
    cast(contest, voter, entries[:1], based_on=0)
    cast(contest, voter, entries[1:2], based_on=1)
    with pytest.raises(Conflict) as error:
        cast(contest, voter, entries[:1], based_on=0)
    db.session.rollback()
    assert error.value.code == "ballot_changed"
    assert queries.find_own_ballot(contest, voter).standing == [entries[1].public_id]


def test_where_the_rules_know_no_change_there_is_none(app):
    raw = raw_rule_sets()[0]
    rules = parse_rule_set(json.dumps({**raw, "voting": {**raw["voting"], "changeable_until_close": False}}))
    contest = load_rule_set(rules=rules, actor=None, now=START)
    entries = [make_finalist(contest, "A") for _ in range(2)]
    start_log(contest)
    voter = make_voter(contest)
    first = cast(contest, voter, entries[:1])
    refused("ballot_final", contest, voter, entries[1:])
    assert cast(contest, voter, entries[:1]).ballot_id == first.ballot_id  # a retry is no change


def test_the_choices_keep_the_order_in_which_they_were_made(contest, entries, voter):
    cast(contest, voter, [entries[2], entries[0], entries[1]])
    chosen = [choice.public_id for choice in queries.find_own_ballot(contest, voter).choices]
    assert chosen == [entry.public_id for entry in (entries[2], entries[0], entries[1])]


# Finalists that fall out


def test_a_finalist_that_falls_out_frees_its_choice(contest, entries, voter):
    cast(contest, voter, entries[:3])
    let_fall_out(entries[1])
    ballot = queries.find_own_ballot(contest, voter)
    assert ballot.standing == [entries[0].public_id, entries[2].public_id]
    assert [choice.public_id for choice in ballot.fallen] == [entries[1].public_id]
    refused("not_a_finalist", contest, make_voter(contest), [entries[1]])
    again = cast(contest, voter, [entries[0], entries[2], entries[3]], based_on=1)
    assert again.revision == 2 and not queries.find_own_ballot(contest, voter).fallen


def test_an_exemplar_that_withdraws_consent_takes_its_entry_off_the_ballot(contest, entries, voter):
    cast(contest, voter, entries[:1])
    withdraw_consent(exemplar=entries[0].exemplar, actor=make_user(), now=START)
    db.session.commit()
    assert entries[0].public_id not in {entry.public_id for entry in queries.gallery(contest)}
    assert queries.find_own_ballot(contest, voter).fallen
    assert entries[0].public_id not in counting.count_votes(contest).votes


# Statements


@contextmanager
def statements():
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        if not statement.startswith("BEGIN"):
            seen.append(statement.split("\n")[0])

    run = Driver.run

    def noting(driver, prepared, values):
        seen.append(prepared.of(driver.dialect)(values)[0].split("\n")[0])
        return run(driver, prepared, values)

    Driver.run = noting
    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        Driver.run = run
        event.remove(db.engine, "before_cursor_execute", note)


def test_a_first_ballot_takes_five_statements_a_change_eight_a_retry_four(contest, entries, voter):
    cast(contest, make_voter(contest), entries[:1])  # the rules are parsed once in each process
    with statements() as first:
        cast(contest, voter, entries[:3])
    with statements() as change:
        cast(contest, voter, entries[2:5])
    with statements() as retry:
        cast(contest, voter, entries[2:5])
    assert (len(first), len(change), len(retry)) == (5, 8, 4), (first, change, retry)


def test_the_booth_asks_as_little_for_forty_finalists_as_for_four(contest):
    with statements() as few:
        queries.gallery(contest)
    for _ in range(40):
        make_finalist(contest, "A")
    db.session.commit()
    db.session.expunge_all()
    with statements() as many:
        assert len(queries.gallery(contest)) == 45
    assert len(many) == len(few) <= 3
    assert not any("entry.body" in statement for statement in many)


# The count


def test_the_count_takes_the_last_revision_of_every_voter(contest, entries):
    a, b, c, d, e = entries
    changing = make_voter(contest)
    vote(contest, [a, b], changing)
    vote(contest, [c], changing)
    for chosen in ([a], [a, c], [b, c, e]):
        vote(contest, chosen)
    expected = {a: 2, b: 1, c: 3, d: 0, e: 1}
    assert counting.count_votes(contest) == Tally(
        cast=4, valid=4, void=0, set_aside={}, votes={entry.public_id: votes for entry, votes in expected.items()}
    )
    seal_log(contest)
    assert queries.turnout(contest.id) == 4


def test_a_ballot_whose_choices_have_all_fallen_out_is_cast_and_not_valid(contest, entries):
    a, b, *_ = entries
    vote(contest, [a])
    vote(contest, [a, b])
    let_fall_out(a)
    count = counting.count_votes(contest)
    assert (count.cast, count.valid, count.void) == (2, 1, 1)
    assert a.public_id not in count.votes and count.votes[b.public_id] == 1


def test_each_contest_is_counted_by_itself(contest, entries):
    other, theirs = make_vote(1)
    vote(contest, entries[:1])
    vote(other, theirs[:1])
    assert counting.count_votes(contest).cast == counting.count_votes(other).cast == 1
    seal_log(other)
    assert queries.turnout(other.id) == 1
    assert theirs[0].public_id not in counting.count_votes(contest).votes


def test_counting_takes_five_statements_for_any_number_of_ballots(contest, entries):
    for number in range(30):
        vote(contest, entries[number % 3 : number % 3 + 3])
    contest.rules  # noqa: B018 -- loaded before counting begins
    with statements() as seen:
        count = counting.count_votes(contest)
    assert count.cast == 30 and sum(count.votes.values()) == 90
    assert len(seen) == 5


def test_an_empty_vote_counts_to_nothing(contest, entries):
    count = counting.count_votes(contest)
    assert count.cast == 0 and set(count.votes) == {entry.public_id for entry in entries}


def test_revisions_say_what_the_choices_say(contest, entries):
    """The kept revision and the rows that are counted never drift apart."""
    voters = [make_voter(contest) for _ in range(6)]
    for step in range(12):
        vote(contest, entries[step % 4 : step % 4 + 2], voters[step % 6])
    names = {entry.id: entry.public_id for entry in entries}
    for ballot in rows(Ballot):
        last = db.session.scalars(
            select(Leaf).where(Leaf.ballot_id == ballot.id, Leaf.revision == ballot.revision)
        ).one()
        assert last.choices == sorted(names[choice.entry_id] for choice in ballot.choices)
        held = select(func.count(Leaf.id)).where(Leaf.ballot_id == ballot.id)
        assert db.session.scalar(held) == ballot.revision
