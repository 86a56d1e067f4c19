"""Ballots on paper: two readings that do not see each other, a third person, one transaction, once."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from contest.accounts.models import User
from contest.audit.models import AuditRow
from contest.contests.models import Contest
from contest.core.db import db, writing
from contest.core.errors import Conflict, NotFound, Refused
from contest.voting import paper
from contest.voting.ledger.leaves import commitment, leaf
from contest.voting.ledger.merkle import leaf_hash
from contest.voting.models import Ballot, Choice
from contest.voting.models_log import BallotLog, Leaf
from contest.voting.models_review import PaperBatch
from contest.voting.paper_accept import _scope, accept
from contest.voting.paper_slips import Candidate, as_typed, differing, read_slip
from contest.voting.services import LogNotOpen
from tests.factories import make_staff, rule_sets
from tests.factories.voting import during, let_fall_out, make_vote, voting_window
from tests.house.test_queries import statements

VOTING = rule_sets()[0].voting


def candidate(code, category="A", *, stands=True):
    return Candidate(f"id-{code.lower()}", code, category, stands)


KNOWN = [candidate("7K2M"), candidate("7K9Q"), candidate("AB23", "B"), candidate("AB", "B"), candidate("ZZZZ")]


# Reading a slip


@pytest.mark.parametrize(
    ("typed", "codes"),
    [
        ("7K2M", ["7k2m"]),
        ("  z ", ["zzzz"]),
        ("7k2 zz", ["7k2m", "zzzz"]),
        ("7K2M,7K9Q;zz", ["7k2m", "7k9q", "zzzz"]),
        ("zz 7k2m", ["7k2m", "zzzz"]),  # in whatever order
        ("7k2m 7K2M", ["7k2m"]),  # an entry stands on a slip once
        ("ab", ["ab"]),  # the whole of a code is that code, though another begins with it
        ("ab2", ["ab23"]),
        ("x", []),
        ("X", []),
        ("hỏng", []),
        ("-", []),
    ],
)
def test_a_slip_is_read(typed, codes):
    assert read_slip(typed, KNOWN, VOTING).slip == [f"id-{code}" for code in codes]


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", "unread"),
        ("   ", "unread"),
        ("7", "ambiguous"),
        ("7k", "ambiguous"),
        ("a", "ambiguous"),
        ("q", "unknown"),
        ("7k2m x", "unknown"),  # spoilt or not: it has to be said
        ("7k2m 7k9q zz ab23", "too_many"),
    ],
)
def test_a_slip_that_cannot_be_read_says_why(typed, problem):
    assert read_slip(typed, KNOWN, VOTING) == (None, problem)


def test_the_rules_of_choices_are_those_of_the_screen():
    one = VOTING.model_copy(update={"choices_max": 1})
    assert read_slip("7k2m", KNOWN, one).slip == ["id-7k2m"]
    assert read_slip("7k2m zz", KNOWN, one).problem == "too_many"
    per = VOTING.model_copy(update={"choices_per_category": 1})
    assert read_slip("7k2m ab23", KNOWN, per).slip == ["id-7k2m", "id-ab23"]
    assert read_slip("7k2m zz", KNOWN, per).problem == "too_many_of_one"
    apart = VOTING.model_copy(update={"ballot_scope": "category"})
    assert read_slip("7k2m zz", KNOWN, apart).slip == ["id-7k2m", "id-zzzz"]
    assert read_slip("7k2m ab23", KNOWN, apart).problem == "two_categories"


def test_differences_are_by_slip():
    assert differing([["a"], [], ["a", "b"]], [["a"], ["b"], ["a"]]) == [2, 3]
    assert as_typed(["b", "a"], {"a": "7K2M", "b": "AB23"}) == "7K2M AB23"
    assert as_typed([], {}) == "x"


# Keying


class Room:
    """A vote with two secretaries and two organisers, and a batch of four slips."""

    def __init__(self, slips=4):
        self.contest, self.entries = make_vote()
        self.now = during(self.contest)
        self.one, self.two = (make_staff(self.contest, "secretary") for _ in range(2))
        self.organiser, self.other = (make_staff(self.contest, "organiser") for _ in range(2))
        db.session.commit()
        self.codes = [entry.blind_code for entry in self.entries]
        self.batch = self.make(slips)

    def make(self, slips=4, **changed):
        values = {
            "contest": self.contest,
            "place": "Nhà văn hóa thôn Đông",
            "unit": None,
            "held_on": self.now.date(),
            "slips": slips,
            "actor": self.one,
            "now": self.now,
        }
        batch = paper.make_batch(**{**values, **changed})
        db.session.commit()
        return batch

    def typed(self, *texts):
        """`0 1` for the codes of the first two finalists."""
        return {
            number: " ".join(self.codes[int(word)] if word.isdigit() else word for word in text.split())
            for number, text in enumerate(texts, start=1)
        }

    def key(self, actor, *texts, finish=True):
        paper.begin(batch=self.batch, actor=actor, now=self.now)
        paper.key_in(batch=self.batch, typed=self.typed(*texts), actor=actor, now=self.now)
        if finish:
            paper.finish(batch=self.batch, actor=actor, now=self.now)
        db.session.commit()
        return self.batch.state

    def agree(self, *texts):
        self.key(self.one, *texts)
        assert self.key(self.two, *texts) == "agreed"

    def accept(self, actor=None, now=None):
        found = accept(batch=self.batch, actor=actor or self.organiser, now=now or self.now)
        db.session.commit()
        return found


@pytest.fixture
def room(app):
    return Room()


def test_two_readings_that_agree_become_ballots_with_leaves(room):
    room.agree("0", "0 1", "x", "2 1 0")
    found = room.accept()
    assert (found.slips, found.spoilt, found.lapsed, found.ballots) == (4, 1, 0, 3)
    ballots = db.session.scalars(select(Ballot).where(Ballot.batch_id == room.batch.id).order_by(Ballot.id)).all()
    ids = [entry.id for entry in room.entries]
    assert sorted(sorted(choice.entry_id for choice in ballot.choices) for ballot in ballots) == sorted(
        [sorted(ids[:1]), sorted(ids[:2]), sorted(ids[:3])]
    )
    for ballot in ballots:
        assert (ballot.voter_id, ballot.tag, ballot.revision, ballot.scope) == (None, "", 1, "contest")
        row = db.session.scalars(select(Leaf).where(Leaf.ballot_id == ballot.id)).one()
        picks = sorted(
            db.session.scalars(select(Choice.entry_id).where(Choice.ballot_id == ballot.id).order_by(Choice.slot))
        )
        assert (row.kind, row.revision, row.position, row.committed_by) == ("paper", 1, None, "server")
        assert row.choices == sorted(entry.public_id for entry in room.entries if entry.id in picks)
        made = commitment(
            room.contest.public_id, ballot=ballot.ballot_id, revision=1, choices=row.choices, salt=row.salt
        )
        assert row.content == leaf(
            room.contest.public_id,
            "paper",
            ballot=ballot.ballot_id,
            batch=room.batch.public_id,
            commitment=made,
            revision=1,
        )
        assert row.hash == leaf_hash(row.content.encode()).hex()


def test_what_is_recorded_says_nothing_of_an_entry(room):
    room.key(room.one, "0", "1", "x", "2")
    room.key(room.two, "0", "2", "x", "2")
    paper.read_again(batch=room.batch, typed=room.typed("", "1"), actor=room.two, now=room.now)
    room.accept()
    rows = db.session.scalars(select(AuditRow).where(AuditRow.object_type == "paper_batch").order_by(AuditRow.id))
    told = [(row.verb, row.details) for row in rows]
    assert [verb.removeprefix("voting.") for verb, _ in told] == [
        "make_batch",
        "key_batch",
        "key_batch",
        "settle_batch",
        "accept_batch",
    ]
    assert told[-1][1] == {"slips": 4, "spoilt": 1, "lapsed": 0, "ballots": 3, "fallen_choices": 0}
    for entry in room.entries:
        assert entry.public_id not in str(told)
        assert entry.blind_code not in str(told)


def test_a_reading_is_kept_as_it_is_typed_and_taken_piece_by_piece(room):
    paper.begin(batch=room.batch, actor=room.one, now=room.now)
    paper.key_in(batch=room.batch, typed={1: "quatsch", 3: "x", 9: "no such slip"}, actor=room.one, now=room.now)
    paper.key_in(batch=room.batch, typed={2: room.codes[0], 3: ""}, actor=room.one, now=room.now)
    db.session.commit()
    assert paper.typed_by(room.batch, "first") == {1: "quatsch", 2: room.codes[0]}
    with pytest.raises(paper.BadSlips) as refused:
        paper.finish(batch=room.batch, actor=room.one, now=room.now)
    assert refused.value.problems == {1: "unknown", 3: "unread", 4: "unread"}
    db.session.rollback()
    assert paper.typed_by(room.batch, "first") == {1: "quatsch", 2: room.codes[0]}


def test_a_reading_that_is_done_is_done(room):
    room.key(room.one, "0", "1", "x", "2")
    with pytest.raises(Conflict):
        paper.key_in(batch=room.batch, typed={1: "x"}, actor=room.one, now=room.now)
    assert paper.part_of(room.batch, room.one.id) == "wait"
    paper.finish(batch=room.batch, actor=room.one, now=room.now)  # sent twice
    assert room.batch.state == "keying"


def test_one_person_does_not_read_twice(room):
    room.key(room.one, "0", "1", "x", "2")
    with pytest.raises(Conflict):
        room.key(room.one, "0", "1", "x", "2")
    db.session.rollback()
    with pytest.raises(IntegrityError):
        db.session.execute(
            update(PaperBatch).where(PaperBatch.id == room.batch.id).values(second_by=room.one.id, second=[])
        )
    db.session.rollback()


def test_two_have_it_in_hand_and_a_third_reads_nothing(room):
    room.key(room.one, "0", finish=False)
    room.key(room.two, "1", finish=False)
    assert (room.batch.first_by, room.batch.second_by) == (room.one.id, room.two.id)
    with pytest.raises(Conflict):
        paper.begin(batch=room.batch, actor=room.organiser, now=room.now)
    assert paper.part_of(room.batch, room.organiser.id) == "others"


def test_what_differs_is_read_again_until_nothing_does(room):
    room.key(room.one, "0", "0 1", "x", "2")
    assert room.key(room.two, "0", "0", "1", "2") == "differs"
    with pytest.raises(Conflict):
        room.accept()
    db.session.rollback()
    with pytest.raises(Conflict):  # nobody else settles it
        paper.read_again(batch=room.batch, typed=room.typed("", "0"), actor=room.organiser, now=room.now)
    db.session.rollback()
    left = paper.read_again(batch=room.batch, typed=room.typed("1", "0 1", ""), actor=room.two, now=room.now)
    assert left == [3]  # the first slip did not differ: nothing is changed there
    assert room.batch.second[0] == [room.entries[0].public_id]
    assert paper.read_again(batch=room.batch, typed=room.typed("", "", "1"), actor=room.one, now=room.now) == []
    assert room.batch.state == "agreed"
    assert room.batch.first == room.batch.second
    assert room.accept().ballots == 4


def test_a_slip_read_again_wrongly_changes_nothing(room):
    room.key(room.one, "0", "0 1", "x", "2")
    room.key(room.two, "0", "0", "1", "2")
    with pytest.raises(paper.BadSlips) as refused:
        paper.read_again(batch=room.batch, typed={2: "quatsch", 3: "x"}, actor=room.two, now=room.now)
    assert refused.value.problems == {2: "unknown"}
    db.session.rollback()
    db.session.refresh(room.batch)
    assert differing(room.batch.first, room.batch.second) == [2, 3]


# Taking in


def test_who_keyed_does_not_take_in_and_only_organisers_do(room):
    room.key(room.organiser, "0", "1", "x", "2")
    room.key(room.two, "0", "1", "x", "2")
    with pytest.raises(Conflict) as refused:
        room.accept(room.organiser)
    assert refused.value.code == "paper_third"
    db.session.rollback()
    with pytest.raises(NotFound):
        room.accept(room.one)
    db.session.rollback()
    with pytest.raises(IntegrityError):
        db.session.execute(
            update(PaperBatch).where(PaperBatch.id == room.batch.id).values(accepted_by=room.organiser.id)
        )
    db.session.rollback()
    assert room.accept(room.other).ballots == 3


def test_a_batch_is_taken_in_once(room):
    room.agree("0", "1", "x", "2")
    room.accept()
    with pytest.raises(Conflict):
        room.accept(room.other)
    db.session.rollback()
    assert db.session.scalar(select(func.count(Ballot.id))) == 3


def test_choices_that_fell_out_are_dropped_and_slips_without_any_are_no_ballots(room):
    room.agree("0", "0 1", "x", "2")
    let_fall_out(room.entries[0])
    found = room.accept()
    assert (found.spoilt, found.lapsed, found.ballots) == (1, 1, 2)
    chosen = set(db.session.scalars(select(Choice.entry_id)))
    assert chosen == {room.entries[1].id, room.entries[2].id}
    row = db.session.scalars(select(AuditRow).where(AuditRow.verb == "voting.accept_batch")).one()
    assert row.details["fallen_choices"] == 2
    assert room.entries[0].public_id not in str(db.session.scalars(select(Leaf.choices)).all())


def test_a_code_that_fell_out_can_still_be_read(room):
    let_fall_out(room.entries[0])
    assert [each.stands for each in paper.candidates(room.contest)].count(False) == 1
    room.agree("0", "0 1", "x", "2")


def test_a_batch_of_spoilt_slips_is_taken_in_too(room):
    room.agree("x", "x", "x", "x")
    assert room.accept().ballots == 0


def test_ballots_by_category_and_day_have_their_scope(room):
    batch = room.batch

    assert _scope(VOTING.model_copy(update={"ballot_scope": "category"}), batch, "B") == "category:B"
    assert _scope(VOTING.model_copy(update={"ballot_scope": "day"}), batch, "B") == f"{batch.held_on.isoformat()}/1"


def test_taking_in_a_large_batch_costs_as_many_statements_as_a_small_one(app):
    counts = []
    for slips in (4, 60):
        room = Room(slips)
        room.agree(*["0"] * slips)
        with statements() as sent:
            room.accept()
        counts.append(len(sent))
        for row in db.session.scalars(select(Contest)):
            row.slug = f"{row.slug}-{row.id}"
            row.code_prefix = f"X{row.id}"
        db.session.commit()
    assert counts[0] == counts[1]


# Too late


def test_the_last_instant(room):
    room.agree("0", "1", "x", "2")
    last = paper.last_moment(room.contest.rules)
    assert last >= voting_window(room.contest)[1]
    with pytest.raises(Refused) as refused:
        room.accept(now=last)
    assert refused.value.code == "paper_late"
    db.session.rollback()
    assert room.accept(now=last - timedelta(microseconds=1)).ballots == 3


def test_nothing_comes_behind_the_close_of_the_log(room):
    room.agree("0", "1", "x", "2")
    db.session.execute(update(BallotLog).values(closed_at=room.now))
    db.session.commit()
    with pytest.raises(Refused) as refused:
        room.accept()
    assert refused.value.code == "paper_late"
    db.session.rollback()
    assert db.session.scalar(select(func.count(Ballot.id))) == 0


def test_a_vote_whose_log_is_not_open_says_so(app):
    room = Room()
    room.agree("0", "1", "x", "2")
    db.session.query(Leaf).delete()
    db.session.query(BallotLog).delete()
    db.session.commit()
    with pytest.raises(LogNotOpen):
        room.accept()


def test_late_batches_are_refused_with_the_reason_and_kept(room):
    room.agree("0", "1", "x", "2")
    second = room.make()
    done = room.make()
    paper.discard(batch=done, words="Hộp bị mở trước giờ", actor=room.organiser, now=room.now)
    assert paper.waiting(room.contest.id) == 2
    assert paper.refuse_late(contest=room.contest, now=paper.last_moment(room.contest.rules)) == 2
    db.session.commit()
    assert paper.waiting(room.contest.id) == 0
    assert (room.batch.state, second.state) == ("discarded", "discarded")
    assert room.batch.note == second.note == paper.LATE
    assert done.note == "Hộp bị mở trước giờ"
    assert len(room.batch.first) == 4


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"slips": 0}, "paper_slips"),
        ({"slips": 2001}, "paper_slips"),
        ({"place": "  "}, "paper_place"),
        ({"days": -30}, "paper_day"),
        ({"days": 1}, "paper_day"),
        ({"at": "before"}, "not_open"),
        ({"at": "after"}, "paper_late"),
    ],
)
def test_a_batch_has_bounds(room, changed, code):
    values = {name: value for name, value in changed.items() if name in ("slips", "place")}
    if days := changed.get("days"):
        values["held_on"] = room.now.date() + timedelta(days=days)
    if changed.get("at") == "before":
        values["now"] = voting_window(room.contest)[0] - timedelta(seconds=1)
    if changed.get("at") == "after":
        values["now"] = paper.last_moment(room.contest.rules)
    with pytest.raises(Refused) as refused:
        room.make(**values)
    assert refused.value.code == code


def test_a_batch_of_2000_and_of_one_are_batches(room):
    assert room.make(slips=2000).slips == 2000
    assert room.make(slips=1).slips == 1


def test_the_number_of_slips_is_corrected_while_nobody_is_done(room):
    room.key(room.one, "0", "1", finish=False)
    paper.recount(batch=room.batch, slips=2, actor=room.two, now=room.now)
    paper.finish(batch=room.batch, actor=room.one, now=room.now)
    db.session.commit()
    with pytest.raises(Conflict):
        paper.recount(batch=room.batch, slips=3, actor=room.two, now=room.now)


def test_a_reading_left_lying_is_begun_anew_by_somebody_else(room):
    room.key(room.one, "0", finish=False)
    with pytest.raises(NotFound):
        paper.release(batch=room.batch, part="first", actor=room.two, now=room.now)
    paper.release(batch=room.batch, part="first", actor=room.organiser, now=room.now)
    db.session.commit()
    assert room.batch.first is None
    room.key(room.organiser, "0", "1", "x", "2")
    assert room.key(room.two, "0", "1", "x", "2") == "agreed"


def test_a_discarded_batch_stays_so(room):
    room.agree("0", "1", "x", "2")
    with pytest.raises(NotFound):
        paper.discard(batch=room.batch, words="x", actor=room.one, now=room.now)
    with pytest.raises(Refused):
        paper.discard(batch=room.batch, words="  ", actor=room.organiser, now=room.now)
    paper.discard(batch=room.batch, words="Hộp bị mở trước giờ", actor=room.organiser, now=room.now)
    db.session.commit()
    with pytest.raises(Conflict):
        room.accept()
    db.session.rollback()
    with pytest.raises(Conflict):
        paper.discard(batch=room.batch, words="Hai lần", actor=room.organiser, now=room.now)
    db.session.rollback()
    assert len(room.batch.first) == 4


# Races


def test_two_organisers_take_it_in_at_once(app):
    room = Room(30)
    room.agree(*["0 1"] * 30)
    batch_id, people = room.batch.id, [room.organiser.id, room.other.id] * 4
    db.session.remove()
    barrier, done = threading.Barrier(len(people)), []

    def run(person_id):
        with app.app_context():
            barrier.wait()
            with suppress(Conflict), writing():
                batch = db.session.get_one(PaperBatch, batch_id)

                accept(batch=batch, actor=db.session.get_one(User, person_id), now=room.now)
                done.append(person_id)
            db.session.remove()

    threads = [threading.Thread(target=run, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 1
    assert db.session.scalar(select(func.count(Ballot.id))) == 30
    assert db.session.scalar(select(func.count(Leaf.id)).where(Leaf.kind == "paper")) == 30
    assert db.session.scalar(select(func.count()).select_from(Choice)) == 60


def test_two_people_begin_at_once(app):
    room = Room()
    batch_id, people = room.batch.id, [room.one.id, room.two.id, room.organiser.id, room.other.id]
    db.session.remove()
    barrier, parts = threading.Barrier(len(people)), []

    def run(person_id):
        with app.app_context():
            barrier.wait()
            with suppress(Conflict), writing():
                batch = db.session.get_one(PaperBatch, batch_id)
                parts.append(paper.begin(batch=batch, actor=db.session.get_one(User, person_id), now=room.now))
            db.session.remove()

    threads = [threading.Thread(target=run, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(parts) == ["first", "second"]
