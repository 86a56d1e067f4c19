"""The commands for a vote's log, and that its check finds what was altered in the tables."""

from __future__ import annotations

import json
import stat
from dataclasses import replace

import pytest
from sqlalchemy import delete, select, text, update

from contest.core.db import db, writing
from contest.voting import cli
from contest.voting.ledger.leaves import commitment
from contest.voting.ledger.merkle import leaf_hash
from contest.voting.log import decide
from contest.voting.log_check import check_log
from contest.voting.models import Ballot, Choice
from contest.voting.models_log import BallotLog, Checkpoint, Leaf, Tile
from contest.voting.models_review import BallotDecision
from tests.factories.voting import during, make_vote, make_voter, seal_log, vote
from tests.voting.test_sealing import many_leaves


@pytest.fixture
def made(app, clock):
    contest, entries = make_vote()
    clock.instant = during(contest)
    voter = make_voter(contest)
    vote(contest, entries[:2], voter)
    vote(contest, entries[2:3], voter)
    cast = vote(contest, entries[:1])
    with writing() as now:
        number = decide(contest, now, "void", ballot=cast.ballot_id, reason="automated", role="vote_review")
        ballot = db.session.scalars(select(Ballot.id).where(Ballot.ballot_id == cast.ballot_id)).one()
        db.session.add(
            BallotDecision(
                contest_id=contest.id, ballot_id=ballot, number=number, kind="void", reason="automated", at=now
            )
        )
    seal_log(contest)
    return contest, entries


@pytest.fixture
def contest(made):
    return made[0]


def run(app, *arguments):
    return app.test_cli_runner().invoke(args=["votes", *arguments])


def test_a_log_that_is_whole_holds(app, contest):
    report = check_log(contest)
    assert report.breaks == []
    assert (report.leaves, report.checkpoints, report.ballots, report.waiting) == (5, 2, 2, 0)
    done = run(app, "verify", contest.slug)
    assert done.exit_code == 0, done.output
    assert "all of it holds" in done.output


def first_ballot():
    return db.session.scalars(select(Leaf).where(Leaf.kind == "ballot").order_by(Leaf.position).limit(1)).one()


def rewritten(contest):
    """A ballot whose leaf, choices and salt were all changed to fit each other."""
    leaf = first_ballot()
    said = json.loads(leaf.content)
    choices = ["other"]
    said["commitment"] = commitment(
        contest.public_id, ballot=said["ballot"], revision=said["revision"], choices=choices, salt=leaf.salt
    )
    content = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return {"content": content, "hash": leaf_hash(content.encode()).hex(), "choices": choices}


def tampering(contest):
    """What somebody with the database may do, and what is said of it."""
    ballots = Leaf.kind == "ballot"
    return {
        "content": (update(Leaf).where(Leaf.id == first_ballot().id).values(content=Leaf.content + " "), "hash"),
        "rewritten": (update(Leaf).where(Leaf.id == first_ballot().id).values(**rewritten(contest)), "root"),
        "choices": (update(Leaf).where(ballots).values(choices=["x"]), "commit"),
        "salt": (update(Leaf).where(ballots).values(salt="0" * 64), "commit"),
        "gone": (delete(Leaf).where(Leaf.position == 2), "position 2"),
        "count": (update(BallotLog).values(ballots=7), "counts 7"),
        "size": (update(BallotLog).values(size=4), "says 4"),
        "peaks": (update(BallotLog).values(peaks=[]), "peaks"),
        "note": (update(Checkpoint).values(note=text("replace(note, '5', '6')")), "checkpoint"),
        "key": (update(BallotLog).values(key="a+0+b"), "checkpoint"),
        "choice": (delete(Choice), "other choices"),
        "tag": (update(Ballot).values(tag="0" * 64), "disagree"),
        "decision": (update(BallotDecision).values(reason="duplicate_identity"), "decision 1"),
        "undecided": (delete(BallotDecision), "decision 1"),
    }


KINDS = [
    "content",
    "rewritten",
    "choices",
    "salt",
    "gone",
    "count",
    "size",
    "peaks",
    "note",
    "key",
    "choice",
    "tag",
    "decision",
    "undecided",
]


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_altered_is_found(app, contest, kind):
    statement, told = tampering(contest)[kind]
    db.session.execute(statement.execution_options(synchronize_session=False))
    db.session.commit()
    report = check_log(contest)
    assert any(told in each for each in report.breaks), report.breaks
    done = run(app, "verify", contest.slug)
    assert done.exit_code == 1
    assert "does not hold" in done.output


def test_tiles_that_were_altered_are_found(app, contest, clock):
    many_leaves(contest, 300, clock.instant)
    db.session.execute(delete(Leaf).where(Leaf.position.is_(None)))  # made-up decisions have no rows beside them
    db.session.commit()
    for number in range(260):
        with writing() as now:
            decide(contest, now, "stand", candidate=f"a{number}", stands=False, reason="test")
    seal_log(contest)
    assert check_log(contest).breaks == []
    db.session.execute(update(Tile).where(Tile.level == 1).values(hashes=bytes(32)))
    db.session.commit()
    assert any("tile 1/0" in each for each in check_log(contest).breaks)
    db.session.execute(update(Tile).where(Tile.level == 0).values(hashes=bytes(32 * 256)))
    db.session.commit()
    assert any("tile 0/0" in each for each in check_log(contest).breaks)


# Commands


def test_the_key_is_made_once_and_only_its_owner_reads_it(app, tmp_path, monkeypatch):
    path = tmp_path / "deep" / "key"
    monkeypatch.setitem(app.config, "SETTINGS", replace(app.config["SETTINGS"], signing_key=path))
    assert run(app, "make-key").exit_code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    secret = path.read_text()
    again = run(app, "make-key")
    assert again.exit_code == 1
    assert path.read_text() == secret


def test_the_key_is_shown_and_compared_with_the_logs(app, contest, monkeypatch):
    shown = run(app, "key", contest.slug)
    assert shown.exit_code == 0
    assert shown.output.strip() == db.session.get(BallotLog, contest.id).key
    signer = cli.log_signer
    monkeypatch.setattr(cli, "log_signer", lambda slug, public_id: signer(slug, "another"))
    assert run(app, "key", contest.slug).exit_code == 1
    assert "nothing more was sealed" not in run(app, "seal", contest.slug).output


def test_seal_now(app, made):
    contest, entries = made
    slug = contest.slug
    vote(contest, entries[:1])
    assert run(app, "seal", slug).output.startswith("1 sealed")
    assert run(app, "seal", slug).output.startswith("0 sealed")


def test_with_another_key_the_command_seals_nothing(app, made, monkeypatch):
    contest, entries = made
    slug = contest.slug
    vote(contest, entries[:1])
    signer = cli.log_signer
    monkeypatch.setattr(cli, "log_signer", lambda slug, public_id: signer(slug, "another"))
    done = run(app, "seal", slug)
    assert done.exit_code == 1
    assert "nothing more was sealed" in done.output


def test_an_archive_is_the_public_files_and_only_grows(app, made, client, tmp_path):
    contest, entries = made
    slug, base = contest.slug, f"/cuoc-thi/{contest.slug}/so-phieu"
    folder = tmp_path / "archive"
    for _ in range(2):
        assert run(app, "archive", slug, str(folder)).exit_code == 0
        for name in ("log.jsonl", "checkpoints.txt", "key.txt"):
            assert (folder / name).read_bytes() == client.get(f"{base}/{name}").data
        vote(contest, entries[:1])
        seal_log(contest)
    (folder / "log.jsonl").write_text("another log\n")
    done = run(app, "archive", slug, str(folder))
    assert done.exit_code == 1
    assert (folder / "log.jsonl").read_text() == "another log\n"


def test_commands_on_a_contest_without_a_log_say_so(app):
    assert run(app, "verify", "khong-co").exit_code == 1
    assert run(app, "archive", "khong-co", "x").exit_code == 1
