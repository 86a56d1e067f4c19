"""The vectors in docs are what the specification gives, for the code that makes logs and for both verifiers."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

from contest.voting.ledger.notes import opened, read_verifier_key
from tests.voting.ledger.test_agreement import ROOT, program, run
from tests.voting.ledger.test_verifier import step_of, verifier
from tests.voting.ledger.vectors import document

__all__ = ["program"]
FILE = ROOT / "docs" / "ballot-log-vectors.json"


def written(folder: Path) -> Path:
    vote = json.loads(FILE.read_text("utf-8"))["vote"]
    for name in ("key.txt", "checkpoints.txt"):
        (folder / name).write_text(vote[name], "utf-8")
    for name in ("log.jsonl", "openings.jsonl"):
        (folder / name).write_text("".join(line + "\n" for line in vote[name]), "ascii")
    (folder / "result.json").write_text(vote["result.json"] + "\n", "ascii")
    return folder


def test_the_file_is_what_its_script_makes():
    assert FILE.read_text("utf-8") == document()


def test_the_stand_alone_verifier_gives_them(tmp_path):
    given = json.loads(FILE.read_text("utf-8"))
    for each in given["canonical"]:
        assert verifier.canonical(each["value"]).decode() == each["bytes"]
    made = given["commitment"]
    found = verifier.commitment_of(made["contest"], made["ballot"], made["revision"], made["choices"], made["salt"])
    assert found == made["gives"]
    assert sha256(b"\x00" + given["leaf"]["bytes"].encode()).hexdigest() == given["leaf"]["hash"]
    assert step_of(written(tmp_path), given["receipt"]) == ""


def test_the_page_gives_them(program):
    assert run(program, "vectors.mjs", json.loads(FILE.read_text("utf-8"))) == []


def test_the_checkpoint_is_one():
    given = json.loads(FILE.read_text("utf-8"))["checkpoint"]
    name, public = read_verifier_key(given["key"])
    assert name == given["name"]
    assert opened(given["note"], name, public).size == 12
