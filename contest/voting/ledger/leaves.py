"""What the log of a vote says, byte for byte as docs/ballot-log.md specifies it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256
from typing import Any


def canonical(value: Any) -> str:
    """Canonical JSON: keys sorted, no blanks, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def leaf(contest: str, kind: str, **said: Any) -> str:
    """The bytes of a leaf, as text. `contest`: its public id."""
    return canonical({"contest": contest, "kind": kind, **said})


def ballot_leaf(contest: str, *, ballot: str, revision: int, tag: str, commitment: str) -> str:
    """The leaf of a ballot at one revision. Written out: it is in the one hot path, and holds only what we made."""
    return (
        f'{{"ballot":"{ballot}","commitment":"{commitment}","contest":"{contest}","kind":"ballot",'
        f'"revision":{revision},"tag":"{tag}"}}'
    )


def commitment(contest: str, *, ballot: str, revision: int, choices: Iterable[str], salt: str) -> str:
    """What hides the choices until they are opened, hex. `choices`: public ids in any order."""
    text = f"guong-sang/ballot/v1\n{contest}\n{ballot}\n{revision}\n{','.join(sorted(choices))}\n{salt}\n"
    return sha256(text.encode()).hexdigest()


def ballot_tag(voter_tag: str, scope: str) -> str:
    """What stands in the log for a voter and one of the ballots that the rules give them, hex.

    A hash of the keyed hash: who does not know the voter's tag can tie nothing to anybody, nor two
    ballots of one voter to each other.
    """
    return sha256(f"guong-sang/tag/v1\n{voter_tag}\n{scope}\n".encode()).hexdigest()


def promise_text(leaf_hash: str, at: int) -> bytes:
    """What is signed on a receipt: this leaf will be in the log within a minute of `at` (seconds since 1970)."""
    return f"guong-sang/promise/v1\n{leaf_hash}\n{at}\n".encode()
