"""The stand-alone verifier: agrees with random votes, and catches each way of tampering at its step."""

from __future__ import annotations

import importlib.util
import json
import random
import subprocess
import sys
from base64 import b64decode, b64encode
from pathlib import Path

import pytest

from contest.voting.ledger.merkle import Frontier, leaf_hash
from contest.voting.ledger.notes import Checkpoint, sign
from tests.voting.ledger.made import CONTEST, ORIGIN, Vote, canonical, random_vote

PROGRAM = Path(__file__).resolve().parents[3] / "static" / "verify" / "verify_ballots.py"
spec = importlib.util.spec_from_file_location("verify_ballots", PROGRAM)
assert spec is not None
assert spec.loader is not None
verifier = importlib.util.module_from_spec(spec)
spec.loader.exec_module(verifier)


def step_of(folder: Path, receipt: dict | None = None) -> str:
    """The step at which it does not hold; "" when all of it does."""
    try:
        verifier.check(verifier.Folder(folder), receipt)
    except verifier.Wrong as error:
        return error.step
    return ""


def test_it_tries_itself():
    assert verifier.self_test()


def test_it_needs_nothing_of_ours(tmp_path):
    folder = random_vote(3).write(tmp_path / "vote")
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(PROGRAM), str(folder)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "ALL OF IT HOLDS" in done.stdout) == (0, True), done.stdout + done.stderr


def test_random_votes_are_counted_alike(tmp_path):
    for seed in range(100):
        vote = random_vote(seed)
        assert step_of(vote.write(tmp_path / str(seed))) == "", seed
        for ballot in list(vote.ballots)[:2]:
            assert step_of(tmp_path / str(seed), vote.receipt(ballot)) == "", seed


def test_an_open_vote_shows_no_choices(tmp_path):
    vote = random_vote(5, closed=False)
    assert step_of(vote.write(tmp_path, opened=False)) == ""
    vote.write(tmp_path)
    assert step_of(tmp_path) == "openings"


# Tampering: what a hand on the files could do, and the step that finds it


def crafted() -> Vote:
    vote = Vote(random.Random(1), ["bai-a", "bai-b", "bai-c", "bai-d"], choices_max=3)
    vote.places = {"bai-a": 1, "bai-b": 2, "bai-c": 3}
    first = [vote.cast(choices=["bai-a"]) for _ in range(5)]
    vote.seal()
    second = [vote.cast(choices=["bai-b", "bai-c"]) for _ in range(4)]
    vote.cast(first[0], choices=["bai-b"])
    vote.seal()
    vote.set_aside(second[0])
    vote.set_aside(second[1])
    vote.admit(second[1])
    vote.stand("bai-d", stands=False)
    vote.seal()
    vote.close()
    return vote


def resealed(vote: Vote, lines: list[bytes]) -> list[str]:
    """Checkpoints by the right key over other leaves: what whoever holds the key could make."""
    notes, frontier = [], Frontier()
    sizes = {int(note.split("\n")[1]) for note in vote.notes if int(note.split("\n")[1]) < len(lines)} | {len(lines)}
    for size in sorted(sizes):
        frontier = Frontier().extended([leaf_hash(line) for line in lines[:size]])
        notes.append(sign(Checkpoint(ORIGIN, size, frontier.root), vote.key))
    return notes


def leaves(vote: Vote, kind: str) -> list[int]:
    return [at for at, line in enumerate(vote.lines) if json.loads(line)["kind"] == kind]


def changed(kind: str, /, *, at: int = 0, drop: str = "", **values):
    """The `at`-th leaf of a kind with other values, sealed anew."""

    def act(vote: Vote) -> None:
        index = leaves(vote, kind)[at]
        leaf = {**json.loads(vote.lines[index]), **values}
        leaf.pop(drop, None)
        vote.lines[index] = canonical(leaf)
        vote.notes = resealed(vote, vote.lines)

    return act


def reseal(change):
    def act(vote: Vote) -> None:
        change(vote.lines)
        vote.notes = resealed(vote, vote.lines)

    return act


def openings(change):
    def act(vote: Vote) -> None:
        lines = vote.openings()
        lines = change(lines) or lines
        vote.openings = lambda: lines  # type: ignore[method-assign]

    return act


def result(change):
    def act(vote: Vote) -> None:
        found = vote.result()
        change(found)
        vote.result = lambda: found  # type: ignore[method-assign]

    return act


def note(change, at: int = -1):
    def act(vote: Vote) -> None:
        vote.notes[at] = change(vote.notes[at])

    return act


def lines(change):
    return lambda vote: change(vote.lines)


def swap(items, one, two):
    items[one], items[two] = items[two], items[one]


def old_key_for_new_text(text: str) -> str:
    body, _, signature = text.partition("\n\n")
    first, size, root = body.split("\n")
    return f"{first}\n{int(size) + 1}\n{root}\n\n{signature}"


def broken_signature(text: str) -> str:
    head, _, signature = text.rstrip("\n").rpartition(" ")
    content = bytearray(b64decode(signature))
    content[20] ^= 1
    return f"{head} {b64encode(bytes(content)).decode()}\n"


TAMPERING = {
    # rows taken, added, changed, in another order
    "a row taken": (lines(lambda rows: rows.pop(3)), "root"),
    "the last row taken": (lines(lambda rows: rows.pop()), "root"),
    "a row added": (lines(lambda rows: rows.append(rows[3])), "root"),
    "a row changed": (
        lines(lambda rows: rows.__setitem__(3, rows[3].replace(b'"revision":1', b'"revision":2'))),
        "root",
    ),
    "two rows swapped": (lines(lambda rows: swap(rows, 2, 3)), "root"),
    "rows of two batches swapped": (lines(lambda rows: swap(rows, 2, 8)), "root"),
    "the first row taken": (lines(lambda rows: rows.pop(0)), "root"),
    "all rows taken": (lines(lambda rows: rows.clear()), "root"),
    "a row emptied": (lines(lambda rows: rows.__setitem__(3, b"")), "root"),
    "a line within a row": (lines(lambda rows: rows.__setitem__(3, rows[3] + b"\n")), "root"),
    # rolled back to an older copy
    "an older copy of rows": (lambda vote: vote.lines.__delitem__(slice(9, None)), "root"),
    "an older copy of both": (
        lambda vote: (vote.lines.__delitem__(slice(6, None)), vote.notes.__delitem__(slice(2, None))),
        "openings",
    ),
    "history written anew": (
        lambda vote: (
            vote.lines.__setitem__(1, vote.lines[2]),
            vote.notes.__setitem__(-1, resealed(vote, vote.lines)[-1]),
        ),
        "prefix",
    ),
    "an older checkpoint at the end": (lambda vote: vote.notes.append(vote.notes[1]), "root"),
    "checkpoints in another order": (lambda vote: swap(vote.notes, 1, 2), "prefix"),
    # checkpoints
    "no checkpoints": (lambda vote: vote.notes.clear(), "signature"),
    "another root": (
        note(lambda text: text.replace(text.split("\n")[2], b64encode(bytes(32)).decode(), 1)),
        "signature",
    ),
    "another size": (note(old_key_for_new_text), "signature"),
    "another origin": (note(lambda text: text.replace(ORIGIN, "bau.khac.example", 1)), "signature"),
    "a broken signature": (note(broken_signature), "signature"),
    "a broken signature of long ago": (note(broken_signature, 0), "signature"),
    "no signature": (note(lambda text: text.partition("\n\n")[0] + "\n"), "signature"),
    "a signature that is none": (note(lambda text: text.replace("—", "-")), "signature"),
    "odd base64": (note(lambda text: text.replace("=\n", "\n")), "signature"),
    "a split view": (
        lambda vote: vote.notes.append(sign(Checkpoint(ORIGIN, len(vote.lines), bytes(32)), vote.key)),
        "root",
    ),
    "a split view of long ago": (
        lambda vote: vote.notes.insert(1, sign(Checkpoint(ORIGIN, 1, bytes(32)), vote.key)),
        "prefix",
    ),
    # keys
    "another key": (
        lambda vote: setattr(vote, "key_text", random_vote(99).key_text),
        "signature",
    ),
    "no key": (lambda vote: setattr(vote, "key_text", "x"), "key"),
    "a key with another id": (
        lambda vote: setattr(vote, "key_text", vote.key_text.replace("+", "+0", 1)),
        "key",
    ),
    "another key in the first leaf": (changed("open", key=random_vote(99).key_text), "key"),
    # what whoever holds the key could write
    "a second opening": (reseal(lambda rows: rows.insert(5, rows[0])), "syntax"),
    "the opening not first": (reseal(lambda rows: swap(rows, 0, 1)), "syntax"),
    "another contest": (changed("ballot", contest="cuockhac"), "syntax"),
    "a key too many": (changed("ballot", at_="x"), "syntax"),
    "a key missing": (changed("ballot", drop="tag"), "syntax"),
    "an unknown kind": (changed("void", kind="forget"), "syntax"),
    "a time in a leaf": (changed("ballot", time="2027-06-01T10:00:00Z"), "syntax"),
    "a revision that is no number": (changed("ballot", revision="1"), "syntax"),
    "a revision that is true": (changed("ballot", revision=True), "syntax"),
    "a short tag": (changed("ballot", tag="ab"), "syntax"),
    "capitals in a ballot id": (changed("ballot", ballot="AB" * 16), "syntax"),
    "candidates not sorted": (changed("open", candidates=["bai-b", "bai-a", "bai-c", "bai-d"]), "syntax"),
    "blanks in a leaf": (
        reseal(lambda rows: rows.__setitem__(3, rows[3].replace(b":", b": "))),
        "syntax",
    ),
    "a number with a point": (
        reseal(lambda rows: rows.__setitem__(3, rows[3].replace(b'"revision":1', b'"revision":1.0'))),
        "syntax",
    ),
    "a decision's number missing": (changed("stand", number=9), "syntax"),
    "a decision's number twice": (changed("stand", number=1), "syntax"),
    "two closings": (reseal(lambda rows: rows.append(canonical({**json.loads(rows[-1]), "number": 6}))), "syntax"),
    "a ballot after the closing": (
        lambda vote: (
            vote.lines.append(
                canonical({**json.loads(vote.lines[leaves(vote, "ballot")[0]]), "ballot": "ab" * 16, "tag": "cd" * 32})
            ),
            vote.notes.append(
                sign(
                    Checkpoint(
                        ORIGIN, len(vote.lines), Frontier().extended([leaf_hash(line) for line in vote.lines]).root
                    ),
                    vote.key,
                )
            ),
        ),
        "syntax",
    ),
    "a decision after the closing": (changed("close", number=4), "syntax"),
    "a ballot too few at the closing": (changed("close", ballots=7), "unique"),
    "the same revision twice": (reseal(lambda rows: rows.insert(4, rows[3])), "unique"),
    "a revision left out": (changed("ballot", at=-1, revision=7), "unique"),
    "two ballots of one voter": (changed("ballot", at=1, tag=None), "unique"),
    "a voter's tag exchanged": (
        lambda vote: changed(
            "ballot", at=[b'"revision":2' in vote.lines[at] for at in leaves(vote, "ballot")].index(True), tag="cd" * 32
        )(vote),
        "unique",
    ),
    "a void of no ballot": (changed("void", ballot="ab" * 16), "unique"),
    "an unknown candidate falls out": (changed("stand", candidate="bai-z"), "unique"),
    "another commitment": (changed("ballot", at=1, commitment="ab" * 32), "openings"),
    "a void forgotten": (changed("void", at=0, kind="admit"), "openings"),
    "a void added": (changed("admit", kind="void"), "openings"),
    "a candidate brought back": (changed("stand", stands=True), "tally"),
    # openings
    "an opening left out": (openings(lambda rows: rows[1:]), "openings"),
    "an opening twice": (openings(lambda rows: [*rows, rows[0]]), "openings"),
    "other choices": (openings(lambda rows: [{**rows[0], "choices": ["bai-c"]}, *rows[1:]]), "openings"),
    "another salt": (openings(lambda rows: [{**rows[0], "salt": "ab" * 32}, *rows[1:]]), "openings"),
    "an older revision": (openings(lambda rows: [{**rows[0], "revision": 1}, *rows[1:]]), "openings"),
    "too many choices": (
        openings(lambda rows: [{**rows[0], "choices": ["bai-a", "bai-b", "bai-c", "bai-d"]}, *rows[1:]]),
        "openings",
    ),
    "a choice twice": (openings(lambda rows: [{**rows[0], "choices": ["bai-a", "bai-a"]}, *rows[1:]]), "openings"),
    "no choice": (openings(lambda rows: [{**rows[0], "choices": []}, *rows[1:]]), "openings"),
    "a choice of nobody": (openings(lambda rows: [{**rows[0], "choices": ["bai-z"]}, *rows[1:]]), "openings"),
    "an opening of nothing": (openings(lambda rows: [*rows, {**rows[0], "ballot": "ab" * 16}]), "openings"),
    "an opening with a name": (openings(lambda rows: [{**rows[0], "name": "x"}, *rows[1:]]), "openings"),
    # what was announced
    "a vote more": (result(lambda told: told["tally"]["votes"].__setitem__("bai-a", 9)), "tally"),
    "a cast ballot less": (result(lambda told: told["tally"].__setitem__("cast", 7)), "tally"),
    "a set aside under another name": (
        result(lambda told: told["tally"].__setitem__("set_aside", {"other": 1})),
        "tally",
    ),
    "a candidate left out": (result(lambda told: told["tally"]["votes"].pop("bai-c")), "tally"),
    "another winner": (result(lambda told: told.__setitem__("winners", ["bai-c"])), "winners"),
    "no winner": (result(lambda told: told.__setitem__("winners", [])), "winners"),
    "a tie that is none": (result(lambda told: told.__setitem__("tied", ["bai-a"])), "winners"),
    "other places": (result(lambda told: told["places"].update({"bai-a": 9})), "winners"),
    "no places": (result(lambda told: told.pop("places")), "winners"),
}


@pytest.mark.parametrize("name", TAMPERING)
def test_tampering_is_caught_at_its_step(tmp_path, name):
    act, step = TAMPERING[name]
    vote = crafted()
    assert step_of(vote.write(tmp_path / "before")) == ""
    if name == "two ballots of one voter":
        tag = json.loads(vote.lines[leaves(vote, "ballot")[0]])["tag"]
        act = changed("ballot", at=1, tag=tag)
    act(vote)
    assert step_of(vote.write(tmp_path / "after")) == step


def test_there_are_sixty_kinds():
    assert len(TAMPERING) >= 60


RECEIPTS = {
    "another choice": {"choices": ["bai-c"]},
    "another salt": {"salt": "ab" * 32},
    "another commitment": {"commitment": "ab" * 32},
    "another revision": {"revision": 2},
    "another instant": {"at": 1780000001},
    "another promise": {"promise": b64encode(bytes(64)).decode()},
    "no promise": {"promise": ""},
    "a key too many": {"name": "x"},
    "an odd ballot": {"ballot": [1]},
}


@pytest.mark.parametrize("name", RECEIPTS)
def test_a_receipt_that_was_changed_does_not_hold(tmp_path, name):
    vote = crafted()
    receipt = vote.receipt(list(vote.ballots)[1])
    folder = vote.write(tmp_path)
    assert step_of(folder, receipt) == ""
    assert step_of(folder, {**receipt, **RECEIPTS[name]}) == "receipt"


def test_a_promised_ballot_that_never_came_is_shown(tmp_path):
    vote = crafted()
    left_out = Vote(random.Random(1), ["bai-a", "bai-b", "bai-c", "bai-d"], choices_max=3)
    ballot = left_out.cast(choices=["bai-a"])
    receipt = left_out.receipt(ballot)
    other = left_out.receipt(left_out.cast(choices=["bai-b"]))
    assert receipt["contest"] == CONTEST
    folder = vote.write(tmp_path)
    assert step_of(folder, receipt) == ""  # the same seed made the same ballot
    assert step_of(folder, {**other, "ballot": "ab" * 16}) == "receipt"


def test_what_cannot_be_read_says_so(tmp_path, capsys):
    assert verifier.main([str(tmp_path / "nothing")]) == 2
    folder = crafted().write(tmp_path / "vote")
    assert verifier.main([str(folder)]) == 0
    (folder / "result.json").write_bytes(b"[" * 100_000)
    assert verifier.main([str(folder)]) == 1
    assert "DOES NOT HOLD. Step tally" in capsys.readouterr().out
