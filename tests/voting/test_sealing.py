"""Sealing: each leaf one place, whoever seals at once; what the log is recomputed from its own leaves."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from threading import Barrier

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, func, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from contest.core.db import db, writing
from contest.core.signing import Signer
from contest.core.web.keys import log_signer
from contest.voting import proofs, queries, sealing, tiles
from contest.voting.ledger import merkle
from contest.voting.ledger.notes import opened
from contest.voting.log import decide, find_log
from contest.voting.models_log import BallotLog, Checkpoint, Leaf, Tile
from contest.voting.services import cast_ballot
from contest.voting.tasks import seal_waiting
from tests.factories.voting import during, make_vote, make_voter, vote


@pytest.fixture
def opened_vote(app):
    return make_vote()


@pytest.fixture
def contest(opened_vote):
    return opened_vote[0]


@pytest.fixture
def entries(opened_vote):
    return opened_vote[1]


@pytest.fixture
def signer(contest):
    return log_signer(contest.slug, contest.public_id)


@pytest.fixture
def at(contest, clock):
    """Contest time in the middle of the vote."""
    clock.instant = during(contest)
    return clock.instant


def seal(contest_id, signer, now, *, force=False):
    """One batch in a transaction of its own."""
    with writing():
        return sealing.seal(contest_id=contest_id, signer=signer, now=now, force=force)


def leaves_of(contest_id):
    db.session.rollback()
    return db.session.scalars(
        select(Leaf)
        .where(Leaf.contest_id == contest_id, Leaf.position.is_not(None))
        .order_by(Leaf.position)
        .execution_options(populate_existing=True)
    ).all()


def many_leaves(contest, count, at, start=0):
    """Leaves that wait, without the ballots that they would be of."""
    rows = []
    for number in range(start, start + count):
        content = json.dumps({"contest": contest.public_id, "kind": "void", "n": number})
        hashed = merkle.leaf_hash(content.encode()).hex()
        rows.append({"contest_id": contest.id, "kind": "void", "content": content, "hash": hashed, "at": at})
    db.session.execute(db.insert(Leaf), rows)
    db.session.commit()


def assert_whole(contest_id, signer):
    """The log is what its leaves and checkpoints say: no gap, no double, every root right."""
    leaves = leaves_of(contest_id)
    log = db.session.get(BallotLog, contest_id, populate_existing=True)
    assert [leaf.position for leaf in leaves] == list(range(log.size))
    hashes = [merkle.leaf_hash(leaf.content.encode()) for leaf in leaves]
    assert [each.hex() for each in hashes] == [leaf.hash for leaf in leaves]
    tree = merkle.Frontier().extended(hashes)
    assert log.peaks == [peak.hex() for peak in tree.peaks]
    notes = db.session.scalars(
        select(Checkpoint).where(Checkpoint.contest_id == contest_id).order_by(Checkpoint.size)
    ).all()
    for each in notes:
        said = opened(each.note, signer.origin, signer.public)
        assert (said.size, said.root) == (each.size, merkle.root_of(hashes[: each.size]))
    assert not notes or notes[-1].size == log.size
    return leaves


def test_the_first_leaf_is_sealed_alone_and_at_once(contest, entries, signer, at):
    vote(contest, entries[:2])
    assert seal(contest.id, signer, at) == 1
    (leaf,) = assert_whole(contest.id, signer)
    assert leaf.kind == "open"
    assert leaf.content == db.session.scalar(select(Leaf.content).where(Leaf.kind == "open"))


def test_few_leaves_wait_for_company_and_not_for_long(contest, entries, signer, at):
    seal(contest.id, signer, at)
    for _ in range(sealing.ENOUGH - 1):
        vote(contest, entries[:1], now=at)
    soon = at + sealing.LONGEST - timedelta(microseconds=1)
    assert seal(contest.id, signer, soon) == 0
    vote(contest, entries[:1], now=at)
    assert seal(contest.id, signer, soon) == sealing.ENOUGH
    vote(contest, entries[:1], now=at)
    assert seal(contest.id, signer, soon) == 0
    assert seal(contest.id, signer, at + sealing.LONGEST) == 1
    assert_whole(contest.id, signer)


def test_what_a_receipt_promises_is_kept_by_a_loop_that_looks_every_ten_seconds():
    assert sealing.LONGEST + timedelta(seconds=10) < timedelta(seconds=60)


def test_force_seals_what_waits(contest, entries, signer, at):
    vote(contest, entries[:1])
    assert seal_waiting(contest.id, signer, force=True) == 2
    assert seal_waiting(contest.id, signer, force=True) == 0


def test_a_batch_is_in_the_order_of_hashes_and_keeps_no_time_but_the_hour(contest, entries, signer, at):
    for minute in range(25):
        vote(contest, entries[:2], now=at + timedelta(minutes=minute, seconds=7))
    seal_waiting(contest.id, signer, force=True)
    leaves = assert_whole(contest.id, signer)[1:]
    assert [leaf.hash for leaf in leaves] == sorted(leaf.hash for leaf in leaves)
    assert {(leaf.at.minute, leaf.at.second, leaf.at.microsecond) for leaf in leaves} == {(0, 0, 0)}
    assert len({leaf.at for leaf in leaves}) == 1


def test_the_turnout_counts_sealed_ballots_and_no_changes(contest, entries, signer, at):
    voter = make_voter(contest)
    vote(contest, entries[:1], voter)
    vote(contest, entries[:2], voter)
    vote(contest, entries[:2])
    assert queries.turnout(contest.id) == 0
    seal_waiting(contest.id, signer, force=True)
    assert queries.turnout(contest.id) == 2
    vote(contest, entries[1:2], voter)
    with writing() as now:
        decide(contest, now, "void", ballot="2" * 16, reason="test", role="vote_review")
    seal_waiting(contest.id, signer, force=True)
    assert queries.turnout(contest.id) == 2


def test_a_large_backlog_is_sealed_in_batches_of_bounded_size(contest, signer, at):
    many_leaves(contest, 2 * sealing.BATCH + 10, at)
    assert seal_waiting(contest.id, signer, force=True) == 2 * sealing.BATCH + 11
    db.session.rollback()
    steps = [after - before for before, after in pairwise([0, *sealing.sizes_of(contest.id)])]
    assert steps == [1, sealing.BATCH, sealing.BATCH, 10]
    assert_whole(contest.id, signer)


def test_a_decision_is_never_sealed_before_one_that_it_follows(contest, signer, at, monkeypatch):
    monkeypatch.setattr(sealing, "BATCH", 3)
    with writing() as now:
        for _ in range(10):
            decide(contest, now, "void", ballot="2" * 16, reason="test", role="vote_review")
    seal_waiting(contest.id, signer, force=True)
    numbers = [json.loads(leaf.content)["number"] for leaf in assert_whole(contest.id, signer)[1:]]
    assert [max(numbers[: end + 3]) for end in range(0, 10, 3)] == [3, 6, 9, 10]


def test_nothing_is_sealed_with_a_key_that_is_not_the_logs(contest, entries, at):
    vote(contest, entries[:1])
    other = log_signer(contest.slug, "another")
    with pytest.raises(sealing.WrongKey):
        seal(contest.id, other, at)
    assert find_log(contest.id).size == 0
    assert sealing.trouble(contest.id, other, at) == "key"
    own = log_signer(contest.slug, contest.public_id)
    seal_waiting(contest.id, own, force=True)
    assert sealing.trouble(contest.id, own, at) == ""


def test_a_log_keeps_its_name_when_the_site_is_called_otherwise(contest, entries, signer, at):
    vote(contest, entries[:1])
    moved = Signer("binh-chon.an-lam.example/vote", signer.private)
    seal_waiting(contest.id, moved, force=True)
    assert sealing.trouble(contest.id, moved, at) == ""
    assert_whole(contest.id, signer)


def test_a_log_that_nobody_seals_is_trouble(contest, entries, signer, at):
    seal(contest.id, signer, at)
    vote(contest, entries[:1], now=at)
    assert sealing.trouble(contest.id, signer, at + sealing.TROUBLE) == "late"


def test_a_leaf_that_was_altered_while_it_waited_is_not_sealed(contest, entries, signer, at):
    vote(contest, entries[:1])
    seal(contest.id, signer, at)
    db.session.execute(update(Leaf).where(Leaf.kind == "ballot").values(content="{}"))
    db.session.commit()
    with pytest.raises(sealing.Altered):
        seal(contest.id, signer, at, force=True)


# Several at once


RUNNERS = 6


class Runners:
    """Runners that all prepared before the first of them wrote, as happens when one is slow."""

    def __init__(self, app, contest, signer):
        self.app, self.contest_id, self.signer = app, contest.id, signer
        self.barrier = Barrier(RUNNERS)

    def once(self, _):
        with self.app.app_context():
            try:
                batch = sealing.prepare(contest_id=self.contest_id, signer=self.signer, now=self.now, force=True)
                db.session.rollback()
                self.barrier.wait(timeout=30)
                with writing() as now:
                    return sealing.place(batch, now)
            except (SQLAlchemyError, sealing.Altered) as error:
                return error
            finally:
                db.session.remove()

    def together(self, now):
        self.now = now
        with ThreadPoolExecutor(RUNNERS) as pool:
            return list(pool.map(self.once, range(RUNNERS)))


def test_of_runners_that_seal_at_once_one_does(app, contest, entries, signer, at):
    seal(contest.id, signer, at)
    for round_number in range(3):
        for _ in range(4):
            vote(contest, entries[:2])
        db.session.remove()
        outcome = Runners(app, contest, signer).together(at)
        assert sorted(outcome) == [0] * (RUNNERS - 1) + [4]
        assert len(assert_whole(contest.id, signer)) == 1 + 4 * (round_number + 1)
    assert queries.turnout(contest.id) == 12


def test_without_the_condition_on_its_length_the_log_is_sealed_twice_or_the_database_objects(
    app, contest, entries, signer, at, monkeypatch
):
    """What the test above guards against: it fails when the condition is taken out."""
    seal(contest.id, signer, at)
    for _ in range(4):
        vote(contest, entries[:2])
    db.session.remove()

    def claim_always(batch):
        db.session.execute(update(BallotLog).values(size=batch.tree.size, ballots=BallotLog.ballots + batch.ballots))
        return True

    monkeypatch.setattr(sealing, "_claim", claim_always)
    outcome = Runners(app, contest, signer).together(at)
    assert sum(isinstance(each, SQLAlchemyError | sealing.Altered) for each in outcome) == RUNNERS - 1, outcome


def test_without_that_and_the_constraint_leaves_get_one_place_twice(app, contest, entries, signer, at, monkeypatch):
    """Two batches prepared for the same places: with both guards gone nothing keeps them apart."""
    seal(contest.id, signer, at)
    vote(contest, entries[:2])
    first = sealing.prepare(contest_id=contest.id, signer=signer, now=at, force=True)
    vote(contest, entries[:2])
    other = sealing.prepare(contest_id=contest.id, signer=signer, now=at, force=True)
    left = tuple(number for number in other.ids if number not in first.ids)
    db.session.rollback()
    second = replace(first, ids=left, note="another")
    with writing() as now:
        assert sealing.place(first, now) == 1
    with writing() as now:
        assert sealing.place(second, now) == 0  # the condition holds it off
    monkeypatch.setattr(sealing, "_claim", lambda batch: True)
    with pytest.raises(Exception, match=r"(?i)unique"), writing() as now:
        sealing.place(second, now)  # and so does the constraint
    with db.engine.begin() as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("leaf") as batch:
            batch.drop_constraint("uq_leaf_contest_id_position", type_="unique")
        with operations.batch_alter_table("checkpoint") as batch:
            batch.drop_constraint("uq_checkpoint_contest_id_size", type_="unique")
    try:
        with writing() as now:
            assert sealing.place(second, now) == 1
        assert [leaf.position for leaf in leaves_of(contest.id)] == [0, 1, 1]
    finally:
        db.session.rollback()
        db.session.execute(text("DELETE FROM leaf"))
        db.session.execute(text("DELETE FROM checkpoint"))
        db.session.commit()
        with db.engine.begin() as connection:
            operations = Operations(MigrationContext.configure(connection))
            with operations.batch_alter_table("leaf") as batch:
                batch.create_unique_constraint("uq_leaf_contest_id_position", ["contest_id", "position"])
            with operations.batch_alter_table("checkpoint") as batch:
                batch.create_unique_constraint("uq_checkpoint_contest_id_size", ["contest_id", "size"])


def test_ballots_are_cast_while_the_log_is_sealed(app, contest, entries, signer, at):
    """Voters and runners at once: every ballot has its one place in the end."""
    voters = [make_voter(contest) for _ in range(24)]
    picks = [entry.public_id for entry in entries[:2]]
    contest_id, slug = contest.id, contest.slug
    db.session.remove()

    def cast(voter):
        with app.app_context():
            try:
                with writing() as now:
                    return cast_ballot(slug=slug, voter_id=voter, picks=picks, now=now)
            finally:
                db.session.remove()

    def run(_):
        with app.app_context():
            try:
                return sum(seal_waiting(contest_id, signer, force=True) for _ in range(6))
            finally:
                db.session.remove()

    with ThreadPoolExecutor(8) as pool:
        cast_ones = [pool.submit(cast, voter) for voter in voters]
        sealed = [pool.submit(run, number) for number in range(3)]
        for each in [*cast_ones, *sealed]:
            each.result()
    seal_waiting(contest_id, signer, force=True)
    assert len(assert_whole(contest_id, signer)) == 1 + len(voters)
    assert queries.turnout(contest_id) == len(voters)


# Tiles and proofs


def hashes_of(count):
    return [merkle.leaf_hash(str(number).encode()) for number in range(count)]


class Kept:
    """The rows of a log, kept in memory, as sealing keeps them in the database."""

    def __init__(self):
        self.rows, self.leaves = {}, []

    def extend(self, added):
        size = len(self.leaves)
        edge = self.leaves[size - size % tiles.WIDTH :]
        self.rows.update(tiles.grown(size, edge, added, lambda address: self.rows[address]))
        self.leaves += added


@given(st.lists(st.integers(1, 700), min_size=1, max_size=6))
def test_rows_are_the_same_however_the_log_grew(steps):
    leaves, kept, at = hashes_of(sum(steps)), Kept(), 0
    for step in steps:
        kept.extend(leaves[at : at + step])
        at += step
    once = Kept()
    once.extend(leaves)
    assert kept.rows == once.rows
    full = len(leaves) // tiles.WIDTH
    assert {address for address in once.rows if address.level == 0} == {(0, number) for number in range(full)}
    for number in range(full):
        part = leaves[number * tiles.WIDTH : (number + 1) * tiles.WIDTH]
        assert once.rows[(0, number)] == b"".join(part)
        assert tiles.split(once.rows[(1, 0)])[number] == merkle.root_of(part)


def test_the_second_level_grows_into_a_third():
    """65,536 leaves fill a row of level 1, and level 2 has its root."""
    kept = Kept()
    leaf = hashes_of(1)[0]
    for _ in range(66):
        kept.extend([leaf] * 1000)
    assert len(kept.rows[(1, 0)]) == tiles.WIDTH * tiles.HASH
    assert tiles.split(kept.rows[(2, 0)]) == [merkle.root_of(tiles.split(kept.rows[(1, 0)]))]
    assert len(kept.rows[(1, 1)]) == (66000 // 256 - 256) * tiles.HASH


@given(st.integers(1, 300), st.data())
def test_ranges_are_those_of_the_tree(size, data):
    leaves = hashes_of(size)

    def roots(parts):
        return [merkle.root_of(leaves[part.first : part.end]) for part in parts]

    index = data.draw(st.integers(0, size - 1))
    assert roots(proofs.inclusion_ranges(index, size)) == merkle.inclusion_proof(leaves, index)
    before = data.draw(st.integers(1, size))
    assert roots(proofs.consistency_ranges(before, size)) == merkle.consistency_proof(leaves, before)


@given(st.integers(0, 5000), st.integers(1, 5000))
def test_a_range_of_the_tree_is_made_of_perfect_subtrees(index, more):
    size = index + more
    for part in [*proofs.inclusion_ranges(index, size), *proofs.consistency_ranges(max(index, 1), size)]:
        nodes = proofs.nodes_of(part)
        covered = [at for node in nodes for at in (node.nth << node.height, (node.nth + 1) << node.height)]
        assert covered[0] == part.first
        assert covered[-1] == part.end
        assert all(one == other for one, other in zip(covered[1::2], covered[2::2], strict=False))


@pytest.mark.parametrize("index", [-1, 5])
def test_there_is_no_proof_of_a_leaf_outside_the_tree(index):
    with pytest.raises(IndexError):
        proofs.inclusion_ranges(index, 5)
    with pytest.raises(IndexError):
        proofs.consistency_ranges(0, 5)
    with pytest.raises(IndexError):
        proofs.consistency_ranges(6, 5)


def test_proofs_are_read_from_the_rows_of_the_log(contest, signer, at, counted):
    many_leaves(contest, 1300, at)
    seal_waiting(contest.id, signer, force=True)
    hashes = [bytes.fromhex(leaf.hash) for leaf in leaves_of(contest.id)]
    size = len(hashes)
    for index in (0, 1, 255, 256, 1023, 1024, 1279, 1280, size - 1):
        for total in {size, max(index + 1, 700), max(index + 1, 1281)}:
            assert proofs.inclusion(contest.id, index, total) == merkle.inclusion_proof(hashes[:total], index)
    for before in (1, 2, 255, 256, 257, 1000, 1024, 1280, size):
        assert proofs.consistency(contest.id, before, size) == merkle.consistency_proof(hashes, before)
    contest_id = contest.id
    with counted() as sent:
        proofs.inclusion(contest_id, 300, size)
    assert len(sent) <= 2


@pytest.fixture
def counted(app):
    """Statements sent inside a block."""

    @contextmanager
    def watch():
        sent = []

        def note(connection, cursor, statement, *rest):
            sent.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            yield sent
        finally:
            event.remove(db.engine, "before_cursor_execute", note)

    return watch


def test_a_row_that_is_gone_is_noticed(contest, signer, at):
    many_leaves(contest, 600, at)
    seal_waiting(contest.id, signer, force=True)
    db.session.execute(db.delete(Tile).where(Tile.level == 1))
    db.session.commit()
    with pytest.raises(tiles.BrokenTree):
        proofs.inclusion(contest.id, 3, 601)
    many_leaves(contest, 600, at, start=600)
    with pytest.raises(tiles.BrokenTree):
        seal_waiting(contest.id, signer, force=True)


def test_one_batch_is_few_statements_whatever_its_size(contest, signer, at, counted):
    """The write lock is held for these alone."""
    seal(contest.id, signer, at)
    sent_by_size = {}
    for count in (20, 200):
        many_leaves(contest, count, at, start=count)
        batch = sealing.prepare(contest_id=contest.id, signer=signer, now=at)
        db.session.rollback()
        with counted() as sent, writing() as now:
            sealing.place(batch, now)
        sent_by_size[count] = len([each for each in sent if "clock_timestamp" not in each and "BEGIN" not in each])
    assert sent_by_size == {20: 3, 200: 3}
    assert db.session.scalar(select(func.count(Leaf.id)).where(Leaf.position.is_(None))) == 0
