"""Proof of work, asked where codes are asked for faster than is usual (voting.pressure).

The library signs challenges and checks answers. What it leaves open is closed here: a challenge
lapses, belongs to one contest and one browser, and is worth one code (SpentWork). The number to be
found is drawn from a range, so that no telephone searches longer than the whole of it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import altcha
from sqlalchemy import delete

from contest.core.db import db
from contest.voting.identity import inserting
from contest.voting.models_review import SpentWork

# Hashes at most for each level; half of them at least. A telephone of 2018 does about 150,000 a second.
HASHES = (0, 30_000, 120_000, 400_000)
LIFE = timedelta(minutes=20)
_LONGEST = 2_000
_ALGORITHM = "SHA-256"

Problem = Literal["missing", "invalid", "lapsed", "elsewhere", "spent", "too_easy"]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a proof was worth: its level and how long its answer took, or what is wrong with it."""

    problem: Problem | None
    level: int = 0
    took_ms: int | None = None


def challenge(*, key: str, contest: str, session_id: str, level: int, wall: datetime) -> dict[str, Any]:
    """A challenge for one browser: what the page carries. `key` is the site's secret, `level` 1 to 3."""
    most = HASHES[level]
    made = altcha.create_challenge(
        _ALGORITHM,
        1,
        counter=most // 2 + secrets.randbelow(most // 2),
        expires_at=int((wall + LIFE).timestamp()),
        data={
            "for": _bound(key, contest, session_id),
            "level": level,
            "most": most,
            "at": int(wall.timestamp() * 1000),
        },
        hmac_secret=_secret(key),
    )
    return dict(made.to_dict())


def check(payload: str, *, key: str, contest: str, session_id: str, level: int, wall: datetime) -> Shown:
    """Look at an answer and use it up. Call it inside `writing()`: what is refused later is unspent again.

    `level` is the least that is asked. Two requests with one answer: the database lets one through.
    """
    if not payload:
        return Shown("missing")
    parameters = _verified(payload, key)
    if parameters is None:
        return Shown("invalid")
    data = parameters.data or {}
    expires = parameters.expires_at or 0
    if expires <= wall.timestamp():
        return Shown("lapsed")
    if not hmac.compare_digest(str(data.get("for")), _bound(key, contest, session_id)):
        return Shown("elsewhere")
    if int(data["level"]) < level:
        return Shown("too_easy")
    connection = db.session.connection()
    digest = hashlib.sha256(f"{parameters.nonce}{parameters.salt}".encode()).hexdigest()
    fresh = connection.execute(
        inserting(connection.dialect.name, SpentWork)
        .values(digest=digest, expires_at=datetime.fromtimestamp(expires, tz=wall.tzinfo))
        .on_conflict_do_nothing()
        .returning(SpentWork.digest)
    ).scalar()
    if fresh is None:
        return Shown("spent")
    return Shown(None, int(data["level"]), max(0, int(wall.timestamp() * 1000) - int(data["at"])))


def _verified(payload: str, key: str) -> altcha.ChallengeParameters | None:
    """The parameters of a challenge that we signed and that the payload answers.

    Whether it lapsed is asked by our clock, so the library is shown the signed instant without judging it.
    """
    if len(payload) > _LONGEST:
        return None
    try:
        sent = json.loads(base64.b64decode(payload, validate=True))
        made = altcha.Challenge.from_dict(sent["challenge"])
        answer = altcha.Solution.from_dict(sent["solution"])
        found = altcha.verify_solution(altcha.Payload(made, answer), _secret(key))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return made.parameters if found.verified else None


def solved(made: dict[str, Any]) -> str:
    """The answer to a challenge, as static/js/work-solver.js finds it: for tests and simulations."""
    found = altcha.Challenge.from_dict(made)
    answer = altcha.solve_challenge(found)
    assert answer is not None
    return str(altcha.Payload(found, answer).to_base64())


def forget_spent(*, wall: datetime) -> int:
    """Delete answers that have lapsed anyway; returns how many."""
    gone = db.session.execute(
        delete(SpentWork).where(SpentWork.expires_at <= wall).execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]  # a DELETE gives a cursor result


def _secret(key: str) -> str:
    return hmac.new(key.encode(), b"proof of work", hashlib.sha256).hexdigest()


def _bound(key: str, contest: str, session_id: str) -> str:
    """What ties a challenge to a contest and a browser without naming either."""
    return hmac.new(_secret(key).encode(), f"{contest}\n{session_id}".encode(), hashlib.sha256).hexdigest()[:32]
