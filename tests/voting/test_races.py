"""One voter, fifty requests at the same instant: one ballot, never more than k choices.

Every request is a real one: its own client, its own thread, its own connection and transaction.
VOTE_ROUNDS says how often (1,000 in a long run).
"""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from contest.core import clock as clocks
from contest.core.db import db
from contest.core.driver import Prepared
from contest.core.web.keys import log_signer
from contest.voting import queries, services
from contest.voting.models import Ballot, Choice, VoteCode, VoteKey, Voter
from contest.voting.models_log import Leaf
from contest.voting.receipts import receipt_of
from contest.voting.services import admit_voter, request_code
from contest.voting.statements import LOCK
from tests.factories.judging import make_finalist
from tests.factories.rules import make_contest_voting
from tests.factories.voting import during, last_code, make_vote, make_voter, start_log

TOGETHER = 50
UNIQUE = "uq_ballot_contest_id_voter_id_scope"


def rounds() -> int:
    return int(os.environ.get("VOTE_ROUNDS", "50"))


class Crowd:
    """Fifty browsers that act together."""

    def __init__(self, app, contest):
        self.app, self.contest, self.slug = app, contest, contest.slug
        self.entries = [entry.public_id for entry in queries.gallery(contest)]
        self.address = f"/cuoc-thi/{self.slug}/binh-chon"
        self.barrier = Barrier(TOGETHER)
        self.pool = ThreadPoolExecutor(TOGETHER)

    def browser(self, note):
        """A client whose signed cookie says `note` about this contest."""
        client = FlaskClient(self.app, self.app.response_class)
        serializer = self.app.session_interface.get_signing_serializer(self.app)
        client.set_cookie(self.app.config["SESSION_COOKIE_NAME"], serializer.dumps({"vote": {self.slug: note}}))
        return client

    def voting_as(self, voter_id):
        return self.browser({"voter": voter_id, "until": clocks.wall().timestamp() + 3600, "shown": "09…678"})

    def together(self, requests):
        """Send `(client, path, form)` at one instant; returns how often each status came."""

        def send(request):
            client, path, form = request
            self.barrier.wait(60)
            return client.post(path, data=form).status_code

        return Counter(self.pool.map(send, requests))


@pytest.fixture
def crowd(app, clock):
    contest, _ = make_vote()
    clock.instant = during(contest)
    found = Crowd(app, contest)
    yield found
    found.pool.shutdown()


def ballots_of(voter_id):
    db.session.rollback()
    found = []
    for ballot in db.session.scalars(select(Ballot).where(Ballot.voter_id == voter_id)):
        chosen = set(db.session.scalars(select(Choice.entry_id).where(Choice.ballot_id == ballot.id)))
        kept = db.session.scalars(select(Leaf).where(Leaf.ballot_id == ballot.id).order_by(Leaf.revision)).all()
        found.append((ballot.revision, chosen, kept))
    return found


def scopes_of(voter_id):
    db.session.rollback()
    return db.session.scalars(select(Ballot.scope).where(Ballot.voter_id == voter_id).order_by(Ballot.scope)).all()


def receipt_of_voter(crowd, voter_id):
    db.session.rollback()
    signer = log_signer(crowd.contest.slug, crowd.contest.public_id)
    return receipt_of(contest=crowd.contest, voter_id=voter_id, scope="contest", signer=signer)


def few():
    """Rounds of the races that are longer each."""
    return max(3, rounds() // 10)


def make_ruled_vote(**voting):
    """A vote under other rules, two finalists in each category that it is about."""
    contest = make_contest_voting(**voting)
    for category in contest.rules.voting.categories:
        for _ in range(2):
            make_finalist(contest, category)
    db.session.commit()
    start_log(contest)
    return contest


def one_round(crowd, voter_id, forms):
    """The voter's fifty browsers send `forms`, one each."""
    return crowd.together([(crowd.voting_as(voter_id), crowd.address, form) for form in forms])


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_fifty_at_once_make_one_ballot_every_time(crowd):
    """In turn: the same choices; others from one page; others from pages that say nothing."""
    ids = {entry.public_id: entry.id for entry in queries.gallery(crowd.contest)}
    pairs = [[a, b, c] for a in crowd.entries for b in crowd.entries for c in crowd.entries if a < b < c]
    for number in range(rounds()):
        if number and number % 100 == 0:
            print(f"{number} rounds")  # noqa: T201 -- for the long run, with -s
        kind = number % 3
        voter_id = make_voter(crowd.contest)
        picks = [pairs[0] if kind == 0 else pairs[at % len(pairs)] for at in range(TOGETHER)]
        shown = {} if kind == 2 else {"revision": "0"}
        statuses = one_round(crowd, voter_id, [{"pick": chosen, **shown} for chosen in picks])
        ((revision, chosen, kept),) = ballots_of(voter_id)
        assert len(chosen) == 3 and len(kept) == revision
        # Sending the same once more gives the very same receipt.
        receipt = receipt_of_voter(crowd, voter_id)
        again = [{"pick": kept[-1].choices, "revision": str(revision)}] * 2
        assert [crowd.voting_as(voter_id).post(crowd.address, data=form).status_code for form in again] == [303, 303]
        assert receipt_of_voter(crowd, voter_id) == receipt
        assert {ids[name] for name in kept[-1].choices} == chosen
        if kind == 0:
            assert (statuses, revision) == ({303: TOGETHER}, 1)
        elif kind == 1:
            # Who sent the winner's choices too is told that they stand; the others that they do not.
            same = sum(sorted(each) == kept[0].choices for each in picks)
            assert (statuses, revision) == ({303: same, 409: TOGETHER - same}, 1)
        else:
            assert statuses == {303: TOGETHER} and 1 <= revision <= TOGETHER
            assert [each.revision for each in kept] == list(range(1, revision + 1))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_fifty_at_once_never_pass_what_the_rules_give(app, clock):
    """Two ballots a day and three in all: fifty at once ask for both of a day, then for both of the next."""
    contest = make_ruled_vote(ballot_scope="day", ballots_per_day=2, ballots_max=3)
    crowd = Crowd(app, contest)
    first = during(contest)
    for number in range(few()):
        voter_id = make_voter(contest)
        for day, most in ((0, 2), (1, 3)):
            clock.instant = first + timedelta(days=day)
            chosen = [crowd.entries[(number + at) % len(crowd.entries)] for at in range(TOGETHER)]
            parts = ["1", "2", "3", ""]
            answers = crowd.together(
                [
                    (crowd.voting_as(voter_id), f"{crowd.address}?phieu={parts[at % 4]}", {"pick": [chosen[at]]})
                    for at in range(TOGETHER)
                ]
            )
            assert set(answers) <= {303, 422}, answers
            held = scopes_of(voter_id)
            assert len(held) == most, (held, answers)
            assert len(set(held)) == most and all(scope[-1] in "12" for scope in held)
            for _revision, picked, kept in ballots_of(voter_id):
                assert len(picked) == 1 and [leaf.revision for leaf in kept] == list(range(1, len(kept) + 1))
    crowd.pool.shutdown()


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_fifty_at_once_cast_one_ballot_of_each_category(app, clock):
    contest = make_ruled_vote(ballot_scope="category", categories=["A", "B"], choices_max=2)
    crowd = Crowd(app, contest)
    clock.instant = during(contest)
    category = {entry.public_id: entry.category for entry in queries.gallery(contest)}
    by_category = {each: [code for code in crowd.entries if category[code] == each] for each in ("A", "B")}
    for _ in range(few()):
        voter_id = make_voter(contest)
        requests = []
        for at in range(TOGETHER):
            part = "AB"[at % 2]
            chosen = by_category[part] if at % 10 else crowd.entries  # every tenth is of both, and refused
            requests.append((crowd.voting_as(voter_id), f"{crowd.address}?phieu={part}", {"pick": chosen}))
        answers = crowd.together(requests)
        assert answers == {303: TOGETHER - TOGETHER // 10, 422: TOGETHER // 10}
        assert sorted(scopes_of(voter_id)) == ["category:A", "category:B"]
        for revision, picked, kept in ballots_of(voter_id):
            assert revision == 1 and len(picked) == 2
            assert len({category[code] for code in kept[0].choices}) == 1
    crowd.pool.shutdown()


def unlocked():
    """The first statement of a cast without FOR UPDATE."""
    statement = LOCK._statement("postgresql")
    statement._for_update_arg = None
    return Prepared(lambda _dialect: statement)


@pytest.mark.parametrize("guard", ["the lock on the voter", "the count"])
def test_without_what_counts_a_voter_gets_more_than_all(app, clock, monkeypatch, guard):
    """The cap over all days is a count: right because the voter is locked, on SQLite because all are."""
    if guard == "the count":
        monkeypatch.setattr(services, "_has_none_left", lambda *_a: False)
    elif db.engine.dialect.name == "postgresql":
        monkeypatch.setattr(services, "LOCK", unlocked())
    else:
        pytest.skip("SQLite has one writer at a time, voter or not")
    contest = make_ruled_vote(ballot_scope="day", ballots_per_day=8, ballots_max=1)
    crowd = Crowd(app, contest)
    clock.instant = during(contest)
    more = 0
    for _ in range(5):
        voter_id = make_voter(contest)
        crowd.together(
            [
                (crowd.voting_as(voter_id), f"{crowd.address}?phieu={at % 8 + 1}", {"pick": crowd.entries[:1]})
                for at in range(TOGETHER)
            ]
        )
        more += len(scopes_of(voter_id)) > 1
    crowd.pool.shutdown()
    assert more, "nothing was raced for"


def test_a_change_from_one_page_is_made_once(crowd):
    voter_id = make_voter(crowd.contest)
    one_round(crowd, voter_id, [{"pick": crowd.entries[:1], "revision": "0"}] * TOGETHER)
    picks = [[crowd.entries[1 + at % 4]] for at in range(TOGETHER)]
    one_round(crowd, voter_id, [{"pick": chosen, "revision": "1"} for chosen in picks])
    ((revision, chosen, kept),) = ballots_of(voter_id)
    assert revision == len(kept) == 2 and len(chosen) == 1


def drop_the_constraint():
    with db.engine.connect() as connection:
        lite = connection.connection.driver_connection if connection.dialect.name == "sqlite" else None
        if lite:
            # Rebuilding the table would take rows that refer to it along; no pragma works inside BEGIN.
            lite.execute("PRAGMA foreign_keys=OFF")
        with (
            connection.begin(),
            Operations(MigrationContext.configure(connection)).batch_alter_table("ballot") as table,
        ):
            table.drop_constraint(UNIQUE, type_="unique")
        if lite:
            lite.execute("PRAGMA foreign_keys=ON")


def restore_the_constraint():
    """The server's database serves the tests after this one; the file is thrown away."""
    db.session.rollback()
    if db.engine.dialect.name == "sqlite":
        return
    with db.engine.begin() as connection:
        for model in (Choice, Leaf, Ballot):
            connection.execute(delete(model))
        Operations(MigrationContext.configure(connection)).create_unique_constraint(
            UNIQUE, "ballot", ["contest_id", "voter_id", "scope"]
        )


def test_without_the_constraint_a_voter_gets_more_ballots(crowd):
    """What makes a ballot one is the database. Take the guard away, and the races above would fail."""
    voter_id = make_voter(crowd.contest)
    db.session.remove()
    drop_the_constraint()
    try:
        statuses = one_round(crowd, voter_id, [{"pick": crowd.entries[:3], "revision": "0"}] * TOGETHER)
        assert statuses == {303: TOGETHER}
        assert len(ballots_of(voter_id)) == TOGETHER
    finally:
        restore_the_constraint()


def test_the_first_fifty_voters_of_a_contest_share_one_key(crowd):
    """The key is made at first use: fifty first uses at once make one."""
    browser = [
        (crowd.browser({}), f"{crowd.address}/xac-thuc", {"contact": f"091{at % 10}34{at:04d}"})
        for at in range(TOGETHER)
    ]
    assert crowd.together(browser) == {303: TOGETHER}
    db.session.rollback()
    assert len(db.session.scalars(select(VoteKey)).all()) == 1
    # Those beyond what one network is sent at once wait for theirs.
    assert 1 < len(db.session.scalars(select(VoteCode)).all()) <= TOGETHER


def test_fifty_requests_for_one_contact_send_three_codes(crowd):
    browser = [(crowd.browser({}), f"{crowd.address}/xac-thuc", {"contact": "0912345678"}) for _ in range(TOGETHER)]
    assert crowd.together(browser) == {303: TOGETHER}
    db.session.rollback()
    # Where nothing is sent a row is written all the same, for no code.
    assert len(db.session.scalars(select(VoteCode).where(VoteCode.code_hash != "-")).all()) == 3


def test_one_code_typed_fifty_times_is_used_once(crowd):
    request_code(contest=crowd.contest, typed="0912345678", locale="vi", now=during(crowd.contest), wall=clocks.wall())
    db.session.commit()
    form = {"code": last_code("+84912345678")}
    browser = [(crowd.browser({"contact": "+84912345678"}), f"{crowd.address}/ma", form) for _ in range(TOGETHER)]
    assert crowd.together(browser) == {303: 1, 422: TOGETHER - 1}
    db.session.rollback()
    assert len(db.session.scalars(select(Voter)).all()) == 1


def test_fifty_wrong_codes_at_once_are_five_tries(crowd):
    request_code(contest=crowd.contest, typed="0912345678", locale="vi", now=during(crowd.contest), wall=clocks.wall())
    db.session.commit()
    right = last_code("+84912345678")
    form = {"code": f"{(int(right) + 1) % 10**6:06d}"}
    browser = [(crowd.browser({"contact": "+84912345678"}), f"{crowd.address}/ma", form) for _ in range(TOGETHER)]
    assert crowd.together(browser) == {422: TOGETHER}
    db.session.rollback()
    assert db.session.scalars(select(VoteCode.tries)).one() == 5


def test_one_contact_admitted_twice_is_one_voter(crowd):
    first = admit_voter(contest=crowd.contest, typed="0912 345 678", now=during(crowd.contest))
    assert admit_voter(contest=crowd.contest, typed="+84912345678", now=during(crowd.contest)) == first
