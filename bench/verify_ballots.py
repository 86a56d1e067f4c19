"""How long the stand-alone verifier takes for a log of N ballots, beside hashing the same bytes alone.

    python -m bench.verify_ballots [--ballots 1000000] [--checkpoints 5000] [--keep FOLDER]

The log is made up: a twentieth of the ballots changed once, a hundredth set aside, sealed in even batches.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contest.voting.ledger.leaves import ballot_leaf, canonical, commitment, leaf
from contest.voting.ledger.merkle import Frontier, leaf_hash
from contest.voting.ledger.notes import Checkpoint, sign, verifier_key

PROGRAM = Path(__file__).resolve().parents[1] / "static" / "verify" / "verify_ballots.py"
CONTEST, ORIGIN = "cuocthi2027abc", "bau.an-lam.example/guong-sang"
SIGNS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def make(folder: Path, ballots: int, checkpoints: int, seed: int = 1) -> None:
    """Write the five files of a vote with `ballots` ballots, sealed in `checkpoints` batches."""
    random = Random(seed)
    key = Ed25519PrivateKey.from_private_bytes(random.randbytes(32))
    public = verifier_key(ORIGIN, key.public_key().public_bytes_raw())
    candidates = [f"bai{number:011}" for number in range(15)]
    opening = leaf(
        CONTEST,
        "open",
        v=1,
        rules="ab" * 32,
        candidates=dict.fromkeys(candidates, "A"),
        scope="contest",
        choices_max=3,
        choices_per_category=0,
        closes="2027-06-05T10:00:00Z",
        minimum=100,
        seats=1,
        tie_break=["better_jury_rank"],
        key=public,
    )
    votes: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    frontier, waiting, number, valid = Frontier(), [opening], 0, 0
    each = max(1, ballots // checkpoints)
    with (
        (folder / "log.jsonl").open("w", encoding="ascii") as log,
        (folder / "checkpoints.txt").open("w", encoding="utf-8") as notes,
        (folder / "openings.jsonl").open("w", encoding="ascii") as openings,
    ):

        def seal() -> None:
            nonlocal frontier
            batch = sorted((leaf_hash(line.encode()), line) for line in waiting)
            waiting.clear()
            log.writelines(line + "\n" for _, line in batch)
            frontier = frontier.extended([found for found, _ in batch])
            notes.write("\n" if notes.tell() else "")
            notes.write(sign(Checkpoint(ORIGIN, frontier.size, frontier.root), key))

        seal()
        for at in range(ballots):
            ballot = "".join(random.choices(SIGNS, k=16))
            tag = random.randbytes(32).hex()
            revisions = 2 if at % 20 == 0 else 1
            for revision in range(1, revisions + 1):
                chosen = sorted(random.sample(candidates, random.randint(1, 3)))
                salt = random.randbytes(32).hex()
                made = commitment(CONTEST, ballot=ballot, revision=revision, choices=chosen, salt=salt)
                waiting.append(ballot_leaf(CONTEST, ballot=ballot, revision=revision, tag=tag, commitment=made))
            if at % 100 == 7:
                number += 1
                reason = random.choice(["automated", "duplicate_identity"])
                waiting.append(leaf(CONTEST, "void", ballot=ballot, number=number, reason=reason, role="vote_review"))
                reasons[reason] += 1
            else:
                openings.write(
                    canonical({"ballot": ballot, "choices": chosen, "revision": revisions, "salt": salt}) + "\n"
                )
                votes.update(chosen)
                valid += 1
            if at % each == each - 1:
                seal()
        waiting.append(leaf(CONTEST, "close", ballots=ballots, number=number + 1))
        seal()
    top = max(votes.values(), default=0)
    best = sorted(name for name in candidates if votes[name] == top > 0)
    won = best if valid >= 100 and len(best) == 1 else []
    tally = {
        "cast": ballots,
        "lapsed": 0,
        "paper": 0,
        "set_aside": dict(reasons),
        "valid": valid,
        "votes": {name: votes[name] for name in candidates},
    }
    result = {
        "awarded": won,
        "contest": CONTEST,
        "departs": [],
        "places": {},
        "tally": tally,
        "tied": best if valid >= 100 and not won else [],
        "winners": won,
    }
    (folder / "result.json").write_text(canonical(result) + "\n", "ascii")
    (folder / "key.txt").write_text(public + "\n", "utf-8")


def hashing_alone(folder: Path) -> float:
    """Seconds to hash what a check must hash, and nothing else: leaves, nodes, openings."""
    lines = (folder / "log.jsonl").read_bytes().split(b"\n")[:-1]
    opened = (folder / "openings.jsonl").read_bytes().split(b"\n")[:-1]
    node, sha256 = b"\x01" + bytes(64), hashlib.sha256
    started = time.perf_counter()
    for line in lines:
        sha256(line).digest()
        sha256(node).digest()
    for line in opened:
        sha256(line).digest()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ballots", type=int, default=1_000_000)
    parser.add_argument("--checkpoints", type=int, default=5_000)
    parser.add_argument("--keep", type=Path, help="write the files here and leave them")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = chosen.keep or Path(place)
        folder.mkdir(parents=True, exist_ok=True)
        make(folder, chosen.ballots, chosen.checkpoints)
        alone = hashing_alone(folder)
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(PROGRAM), str(folder)], capture_output=True, text=True, check=False
        )
        seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    print(
        json.dumps(
            {
                "ballots": chosen.ballots,
                "checkpoints": chosen.checkpoints + 2,
                "seconds": round(seconds, 1),
                "hashing_alone": round(alone, 1),
                "ratio": round(seconds / alone, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
