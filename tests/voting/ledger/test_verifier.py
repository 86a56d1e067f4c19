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
        for ballot in [each for each, held in vote.ballots.items() if not held["batch"]][:2]:
            assert step_of(tmp_path / str(seed), vote.receipt(ballot)) == "", seed


def test_an_open_vote_shows_no_choices(tmp_path):
    vote = random_vote(5, closed=False)
    assert step_of(vote.write(tmp_path, opened=False)) == ""
    vote.write(tmp_path)
    assert step_of(tmp_path) == "openings"


# Tampering: what a hand on the files could do, and the step that finds it


def crafted() -> Vote:
    vote = Vote(random.Random(1), ["bai-a", "bai-b", "bai-c", "bai-d"], choices_max=3, choices_per_category=2)
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
    vote.join("bai-e", "B")
    vote.cast(choices=["bai-a", "bai-c", "bai-e"])
    vote.cast(choices=["bai-b", "bai-d"], batch="lo1")
    vote.cast(choices=["bai-d"], batch="lo1")
    vote.amend(minimum=2)
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


def leaf_of(rows, kind):
    return next(at for at, line in enumerate(rows) if json.loads(line)["kind"] == kind)


def drop(kind: str):
    """Without the first leaf of a kind; later numbers move up."""

    def act(vote: Vote) -> None:
        gone = json.loads(vote.lines.pop(leaf_of(vote.lines, kind)))
        for at, line in enumerate(vote.lines):
            leaf = json.loads(line)
            if leaf.get("number", 0) > gone.get("number", 10**6):
                vote.lines[at] = canonical({**leaf, "number": leaf["number"] - 1})
        vote.notes = resealed(vote, vote.lines)

    return act


def swap_numbers(one: str, other: str):
    def act(vote: Vote) -> None:
        first, second = leaf_of(vote.lines, one), leaf_of(vote.lines, other)
        leaf, held = json.loads(vote.lines[first]), json.loads(vote.lines[second])
        leaf["number"], held["number"] = held["number"], leaf["number"]
        vote.lines[first], vote.lines[second] = canonical(leaf), canonical(held)
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
    "no checkpoints": (lambda vote: vote.notes.clear(), "root"),
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
    "another key": (lambda vote: setattr(vote, "key_text", random_vote(99).key_text), "key"),
    "another key, the first leaf too": (
        lambda vote: (setattr(vote, "key_text", random_vote(99).key_text), changed("open", key=vote.key_text)(vote)),
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
    "a contest that is no code": (changed("open", contest="cuộc thi"), "syntax"),
    "a number too large": (changed("open", minimum=10**12), "syntax"),
    "an unknown scope": (changed("open", scope="week"), "syntax"),
    "a candidate without a category": (changed("open", candidates={"bai-a": ""}), "syntax"),
    "paper with a voter's tag": (changed("paper", tag="ab" * 32), "syntax"),
    "paper that was changed": (changed("paper", revision=2), "syntax"),
    "paper without its bundle": (changed("paper", batch=""), "syntax"),
    "rules changed to no rules": (changed("amend", rules="x"), "syntax"),
    "a rule changed that stays": (changed("amend", choices_max=9), "syntax"),
    "an unknown kind": (changed("void", kind="forget"), "syntax"),
    "a time in a leaf": (changed("ballot", time="2027-06-01T10:00:00Z"), "syntax"),
    "a revision that is no number": (changed("ballot", revision="1"), "syntax"),
    "a revision that is true": (changed("ballot", revision=True), "syntax"),
    "a short tag": (changed("ballot", tag="ab"), "syntax"),
    "small letters in a ballot's number": (changed("ballot", ballot="ab" * 8), "syntax"),
    "a ballot's number too long": (changed("ballot", ballot="AB" * 16), "syntax"),
    "candidates as a list": (changed("open", candidates=["bai-a", "bai-b", "bai-c", "bai-d"]), "syntax"),
    "candidates not sorted": (
        reseal(
            lambda rows: rows.__setitem__(0, rows[0].replace(b'"bai-a":"A","bai-b":"B"', b'"bai-b":"B","bai-a":"A"'))
        ),
        "syntax",
    ),
    "a candidate twice": (
        reseal(lambda rows: rows.__setitem__(0, rows[0].replace(b'"bai-a":"A"', b'"bai-a":"A","bai-a":"A"'))),
        "syntax",
    ),
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
    "two closings": (reseal(lambda rows: rows.append(canonical({**json.loads(rows[-1]), "number": 8}))), "syntax"),
    "a ballot after the closing": (
        lambda vote: (
            vote.lines.append(
                canonical({**json.loads(vote.lines[leaves(vote, "ballot")[0]]), "ballot": "AB" * 8, "tag": "cd" * 32})
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
    "rules changed after the closing": (swap_numbers("amend", "close"), "syntax"),
    "a candidate after the closing": (swap_numbers("join", "close"), "syntax"),
    "a ballot too few at the closing": (changed("close", ballots=7), "unique"),
    "the same revision twice": (reseal(lambda rows: rows.insert(4, rows[3])), "unique"),
    "a revision left out": (changed("ballot", at=-1, revision=7), "unique"),
    "two ballots of one voter": (
        lambda vote: changed("ballot", at=1, tag=json.loads(vote.lines[leaves(vote, "ballot")[0]])["tag"])(vote),
        "unique",
    ),
    "a voter's tag exchanged": (
        lambda vote: changed(
            "ballot", at=[b'"revision":2' in vote.lines[at] for at in leaves(vote, "ballot")].index(True), tag="cd" * 32
        )(vote),
        "unique",
    ),
    "a void of no ballot": (changed("void", ballot="AB" * 8), "unique"),
    "an unknown candidate falls out": (changed("stand", candidate="bai-z"), "unique"),
    "another commitment": (changed("ballot", at=1, commitment="ab" * 32), "openings"),
    "a void forgotten": (changed("void", at=0, kind="admit"), "openings"),
    "a void added": (changed("admit", kind="void"), "openings"),
    "a candidate brought back": (changed("stand", stands=True), "tally"),
    "a candidate who joins twice": (changed("join", candidate="bai-a"), "unique"),
    "a candidate who never joined": (drop("join"), "openings"),
    "a candidate of another category": (changed("join", category="A"), "openings"),
    "fewer valid ballots asked for": (changed("amend", minimum=1000), "winners"),
    "more seats": (changed("amend", seats=2), "winners"),
    "paper that stands twice": (reseal(lambda rows: rows.insert(-1, rows[leaf_of(rows, "paper")])), "unique"),
    "paper with a voter's number": (
        lambda vote: changed("paper", ballot=json.loads(vote.lines[leaves(vote, "ballot")[0]])["ballot"])(vote),
        "unique",
    ),
    "paper under another commitment": (changed("paper", commitment="ab" * 32), "openings"),
    "paper left out": (drop("paper"), "unique"),
    "fewer of one category allowed": (changed("open", choices_per_category=1), "openings"),
    "ballots for one category alone": (changed("open", scope="category"), "openings"),
    "fewer choices allowed": (changed("open", choices_max=1), "openings"),
    "openings before the close": (drop("close"), "openings"),
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
    "an opening of nothing": (openings(lambda rows: [*rows, {**rows[0], "ballot": "AB" * 8}]), "openings"),
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
    "no places": (result(lambda told: told.__setitem__("places", None)), "winners"),
    "a place that is no place": (result(lambda told: told["places"].update({"bai-a": 0})), "winners"),
    "a result without its places": (result(lambda told: told.pop("places")), "tally"),
    "a result that says more": (result(lambda told: told.update(note="x")), "tally"),
    "a result of another contest": (result(lambda told: told.update(contest="cuockhac")), "tally"),
    "a count that is true": (result(lambda told: told["tally"].update(lapsed=False)), "tally"),
    "paper not told": (result(lambda told: told["tally"].update(paper=0)), "tally"),
    "awarded to another": (result(lambda told: told.update(awarded=["bai-c"])), "winners"),
    "awarded to one who fell out": (
        result(lambda told: told.update(awarded=["bai-d"], departs=["council_order"])),
        "winners",
    ),
    "departing from nothing": (result(lambda told: told.update(departs=["withheld"])), "winners"),
}


def tampered(name: str) -> Vote:
    """A whole vote with one of these ways done to it."""
    vote = crafted()
    TAMPERING[name][0](vote)
    return vote


def test_what_is_tampered_with_was_whole(tmp_path):
    assert step_of(crafted().write(tmp_path)) == ""


@pytest.mark.parametrize("name", TAMPERING)
def test_tampering_is_caught_at_its_step(tmp_path, name):
    assert step_of(tampered(name).write(tmp_path)) == TAMPERING[name][1]


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
    assert step_of(folder, {**other, "ballot": "AB" * 8}) == "receipt"


def test_what_cannot_be_read_says_so(tmp_path, capsys):
    assert verifier.main([str(tmp_path / "nothing")]) == 2
    folder = crafted().write(tmp_path / "vote")
    assert verifier.main([str(folder)]) == 0
    (folder / "result.json").write_bytes(b"[" * 100_000)
    assert verifier.main([str(folder)]) == 1
    assert "DOES NOT HOLD. Step tally" in capsys.readouterr().out
