"""Proof of work: signed by us, for one contest and browser, for a while, and once."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from contest.core.db import db, writing
from contest.voting import work
from contest.voting.models_review import SpentWork

KEY = "of the site"
ROOT = Path(__file__).parents[2]


def wall() -> datetime:
    # The library compares with the clock of the machine.
    return datetime.now(UTC)


def asked(level: int = 1, at: datetime | None = None, contest: str = "one", session_id: str = "mine") -> dict[str, Any]:
    return work.challenge(key=KEY, contest=contest, session_id=session_id, level=level, wall=at or wall())


def shown(
    payload: str, level: int = 1, at: datetime | None = None, contest: str = "one", session_id: str = "mine"
) -> Any:
    with writing():
        return work.check(payload, key=KEY, contest=contest, session_id=session_id, level=level, wall=at or wall())


def test_an_answer_is_taken_once(app: Flask) -> None:
    payload = work.solved(asked())
    found = shown(payload)
    assert (found.problem, found.level) == (None, 1)
    assert found.took_ms is not None
    assert shown(payload).problem == "spent"
    # Written in another way it is the same answer.
    other = base64.b64encode(json.dumps(json.loads(base64.b64decode(payload)), indent=1).encode()).decode()
    assert shown(other).problem == "spent"
    assert db.session.scalar(select(func.count()).select_from(SpentWork)) == 1


def test_it_is_for_one_browser_and_one_contest(app: Flask) -> None:
    payload = work.solved(asked())
    assert shown(payload, session_id="another").problem == "elsewhere"
    assert shown(payload, contest="another").problem == "elsewhere"
    assert shown(payload).problem is None  # neither try used it up


def test_it_lapses(app: Flask) -> None:
    begun = wall()
    payload = work.solved(asked(at=begun))
    assert shown(payload, at=begun + work.LIFE).problem == "lapsed"
    assert shown(payload, at=begun + work.LIFE - timedelta(seconds=1)).problem is None
    # By the library's own clock too.
    assert shown(work.solved(asked(at=begun - work.LIFE - timedelta(seconds=2)))).problem == "invalid"


def test_an_easier_one_does_not_do(app: Flask) -> None:
    assert shown(work.solved(asked(level=1)), level=2).problem == "too_easy"
    assert shown(work.solved(asked(level=2)), level=1).problem is None


@pytest.mark.parametrize(
    "change",
    [
        lambda sent: sent["challenge"]["parameters"].update(expiresAt=2**40),
        lambda sent: sent["challenge"]["parameters"].update(keyPrefix="00"),
        lambda sent: sent["challenge"]["parameters"]["data"].update(level=3),
        lambda sent: sent["challenge"]["parameters"]["data"].update({"for": "0" * 32}),
        lambda sent: sent["challenge"].pop("signature"),
        lambda sent: sent["challenge"].update(signature=[1]),
        lambda sent: sent["challenge"].update(parameters=[]),
        lambda sent: sent["challenge"]["parameters"].update(salt="zz"),
        lambda sent: sent["solution"].update(counter=5),
        lambda sent: sent["solution"].update(counter="5"),
        lambda sent: sent["solution"].update(derivedKey=None),
        lambda sent: sent.update(solution=None),
    ],
)
def test_what_was_changed_is_worth_nothing(app: Flask, change: Any) -> None:
    sent = json.loads(base64.b64decode(work.solved(asked())))
    change(sent)
    assert shown(base64.b64encode(json.dumps(sent).encode()).decode()).problem == "invalid"


@pytest.mark.parametrize(
    "payload", ["x", "e30=", "W10=", "bnVsbA==", "\ud800", "A" * 5000, base64.b64encode(b"[" * 900).decode()]
)
def test_nonsense_is_no_answer(app: Flask, payload: str) -> None:
    assert shown(payload).problem == "invalid"


def test_nothing_is_nothing(app: Flask) -> None:
    assert shown("").problem == "missing"


def test_used_answers_are_forgotten_when_they_have_lapsed(app: Flask) -> None:
    at = wall()
    shown(work.solved(asked(at=at)), at=at)
    with writing():
        assert work.forget_spent(wall=at + work.LIFE - timedelta(seconds=2)) == 0
        assert work.forget_spent(wall=at + work.LIFE) == 1


def test_the_browser_finds_what_the_server_asks() -> None:
    """The solver of the page, run by Node: what it finds is what the library accepts."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node here")
    harness = """
        const fs = require("node:fs");
        let solution;
        globalThis.self = { postMessage: (said) => { if (said.solution) solution = said.solution; } };
        (0, eval)(fs.readFileSync(process.argv[1], "utf8"));
        const challenge = JSON.parse(fs.readFileSync(0, "utf8"));
        self.onmessage({ data: { challenge, most: challenge.parameters.data.most } });
        console.log(Buffer.from(JSON.stringify({ challenge, solution })).toString("base64"));
    """
    for level in (1, 2):
        done = subprocess.run(
            [node, "-e", harness, str(ROOT / "static/js/work-solver.js")],
            input=json.dumps(asked(level)),
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        found = work._verified(done.stdout.strip(), KEY)
        assert found is not None
        assert found.data["level"] == level
