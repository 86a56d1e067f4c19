"""Whole votes for the verifiers, made from the specification: a random contest, its log, openings and result."""

from __future__ import annotations

import json
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contest.voting.ledger.merkle import Frontier, leaf_hash
from contest.voting.ledger.notes import Checkpoint, sign, verifier_key

CONTEST = "cuocthi2027abc"
ORIGIN = "bau.an-lam.example/guong-sang"


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


@dataclass
class Vote:
    """A vote in the making: leaves wait, and are sealed in batches ordered by their hashes."""

    random: Random
    candidates: list[str]
    choices_max: int = 3
    minimum: int = 1
    seats: int = 1
    tie_break: tuple[str, ...] = ("better_jury_rank",)
    lines: list[bytes] = field(default_factory=list)
    waiting: list[bytes] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    ballots: dict[str, dict[str, Any]] = field(default_factory=dict)  # id → revision, tag, choices, salt
    void: dict[str, str] = field(default_factory=dict)
    fallen: set[str] = field(default_factory=set)
    places: dict[str, int] = field(default_factory=dict)
    number: int = 0

    def __post_init__(self) -> None:
        self.key = Ed25519PrivateKey.from_private_bytes(self.random.randbytes(32))
        self.public = self.key.public_key().public_bytes_raw()
        self.key_text = verifier_key(ORIGIN, self.public)
        self.frontier = Frontier()
        self.candidates.sort()
        self.add(
            kind="open",
            v=1,
            rules=self.random.randbytes(32).hex(),
            candidates=self.candidates,
            choices_max=self.choices_max,
            closes="2027-06-05T10:00:00Z",
            minimum=self.minimum,
            seats=self.seats,
            tie_break=list(self.tie_break),
            key=self.key_text,
        )
        self.seal()

    def add(self, **leaf: Any) -> bytes:
        content = canonical({"contest": CONTEST, **leaf})
        self.waiting.append(content)
        return content

    def decide(self, **leaf: Any) -> None:
        self.number += 1
        self.add(number=self.number, **leaf)

    def seal(self) -> None:
        batch = sorted(self.waiting, key=leaf_hash)
        self.waiting = []
        self.lines += batch
        self.frontier = self.frontier.extended([leaf_hash(each) for each in batch])
        self.notes.append(sign(Checkpoint(ORIGIN, self.frontier.size, self.frontier.root), self.key))

    def cast(self, ballot: str | None = None, choices: list[str] | None = None) -> str:
        random = self.random
        ballot = ballot or random.randbytes(16).hex()
        before = self.ballots.get(ballot)
        revision = before["revision"] + 1 if before else 1
        tag = before["tag"] if before else random.randbytes(32).hex()
        chosen = sorted(choices or random.sample(self.candidates, random.randint(1, self.choices_max)))
        salt = random.randbytes(32).hex()
        lines = ("guong-sang/ballot/v1", CONTEST, ballot, str(revision), ",".join(chosen), salt)
        commitment = sha256("".join(line + "\n" for line in lines).encode()).hexdigest()
        leaf = self.add(kind="ballot", ballot=ballot, revision=revision, tag=tag, commitment=commitment)
        self.ballots[ballot] = {
            "revision": revision, "tag": tag, "choices": chosen, "salt": salt, "commitment": commitment, "leaf": leaf
        }  # fmt: skip
        return ballot

    def receipt(self, ballot: str) -> dict[str, Any]:
        held = self.ballots[ballot]
        text = f"guong-sang/promise/v1\n{leaf_hash(held['leaf']).hex()}\n1780000000\n"
        return {
            **{name: held[name] for name in ("choices", "commitment", "revision", "salt", "tag")},
            "ballot": ballot,
            "contest": CONTEST,
            "at": 1780000000,
            "promise": b64encode(self.key.sign(text.encode())).decode(),
        }

    def set_aside(self, ballot: str, reason: str = "automated") -> None:
        self.decide(kind="void", ballot=ballot, reason=reason, role="vote_review")
        self.void[ballot] = reason

    def admit(self, ballot: str) -> None:
        self.decide(kind="admit", ballot=ballot, reason="appeal", role="vote_review")
        self.void.pop(ballot, None)

    def stand(self, candidate: str, stands: bool) -> None:
        self.decide(kind="stand", candidate=candidate, stands=stands, reason="withdrawn")
        (self.fallen.discard if stands else self.fallen.add)(candidate)

    def close(self) -> None:
        self.decide(kind="close", ballots=len(self.ballots))
        self.seal()

    def openings(self) -> list[dict[str, Any]]:
        return [
            {"ballot": ballot, **{name: held[name] for name in ("choices", "revision", "salt")}}
            for ballot, held in self.ballots.items()
            if ballot not in self.void
        ]

    def result(self) -> dict[str, Any]:
        """Counted in another way than the verifiers do, straight from what was cast."""
        standing = [each for each in self.candidates if each not in self.fallen]
        counting = [held["choices"] for ballot, held in self.ballots.items() if ballot not in self.void]
        valid = [choices for choices in counting if set(choices) & set(standing)]
        votes = {each: sum(each in choices for choices in valid) for each in standing}
        tally = {
            "cast": len(self.ballots),
            "lapsed": len(counting) - len(valid),
            "set_aside": dict(Counter(self.void.values())),
            "valid": len(valid),
            "votes": votes,
        }
        winners: list[str] = []
        tied: list[str] = []
        if tally["valid"] >= self.minimum and any(votes.values()):
            levels: dict[tuple[int, int], list[str]] = {}
            for each in standing:
                if votes[each]:
                    by_jury = self.places.get(each, 10**9) if self.tie_break else 0
                    levels.setdefault((-votes[each], by_jury), []).append(each)
            for _, level in sorted(levels.items()):
                if len(winners) + len(level) <= self.seats:
                    winners += level
                elif len(winners) < self.seats:
                    tied = level
                    break
        return {"places": self.places, "tally": tally, "tied": sorted(tied), "winners": sorted(winners)}

    def write(self, folder: Path, *, opened: bool = True) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "key.txt").write_text(self.key_text + "\n", "utf-8")
        (folder / "log.jsonl").write_bytes(b"".join(line + b"\n" for line in self.lines))
        (folder / "checkpoints.txt").write_text("\n".join(self.notes), "utf-8")
        if opened:
            (folder / "openings.jsonl").write_bytes(b"".join(canonical(each) + b"\n" for each in self.openings()))
            (folder / "result.json").write_bytes(canonical(self.result()) + b"\n")
        return folder


def random_vote(seed: int, *, closed: bool = True, ballots: int = 12) -> Vote:
    """A vote with changes, ballots set aside and admitted again, candidates fallen out and back."""
    random = Random(seed)
    candidates = [f"bai{number:02}{random.randbytes(3).hex()}" for number in range(random.randint(1, 7))]
    vote = Vote(
        random,
        candidates,
        choices_max=random.randint(1, len(candidates)),
        minimum=random.choice([0, 1, ballots]),
        seats=random.choice([1, 1, 2]),
        tie_break=random.choice([("better_jury_rank",), ()]),
    )
    vote.places = {each: random.randint(1, 4) for each in candidates if random.random() < 0.8}
    for _ in range(random.randint(0, ballots)):
        known = list(vote.ballots)
        vote.cast(random.choice(known) if known and random.random() < 0.3 else None)
        if known and random.random() < 0.2:
            ballot = random.choice(known)
            if ballot in vote.void:
                vote.admit(ballot)
            else:
                vote.set_aside(ballot, random.choice(["automated", "duplicate_identity"]))
        if random.random() < 0.1:
            candidate = random.choice(candidates)
            vote.stand(candidate, stands=candidate in vote.fallen)
        if random.random() < 0.4:
            vote.seal()
    if closed:
        vote.close()
    elif vote.waiting:
        vote.seal()
    return vote
