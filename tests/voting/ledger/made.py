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
    scope: str = "contest"
    choices_max: int = 3
    choices_per_category: int = 0
    minimum: int = 1
    seats: int = 1
    tie_break: tuple[str, ...] = ("better_jury_rank",)
    lines: list[bytes] = field(default_factory=list)
    waiting: list[bytes] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    ballots: dict[str, dict[str, Any]] = field(default_factory=dict)  # id → revision, tag, choices, salt
    void: dict[str, str] = field(default_factory=dict)
    fallen: set[str] = field(default_factory=set)
    category: dict[str, str] = field(default_factory=dict)  # of those who were there at the opening, or joined
    places: dict[str, int] = field(default_factory=dict)
    number: int = 0

    def __post_init__(self) -> None:
        self.key = Ed25519PrivateKey.from_private_bytes(self.random.randbytes(32))
        self.public = self.key.public_key().public_bytes_raw()
        self.key_text = verifier_key(ORIGIN, self.public)
        self.frontier = Frontier()
        self.candidates.sort()
        self.category = {each: "AB"[at % 2] for at, each in enumerate(self.candidates)}
        self.add(
            kind="open",
            v=1,
            candidates=dict(self.category),
            scope=self.scope,
            choices_max=self.choices_max,
            choices_per_category=self.choices_per_category,
            key=self.key_text,
            **self.terms(),
        )
        self.seal()

    def terms(self) -> dict[str, Any]:
        """What the rules fix, and what may be changed on record."""
        return {
            "rules": self.random.randbytes(32).hex(),
            "closes": "2027-06-05T10:00:00Z",
            "minimum": self.minimum,
            "seats": self.seats,
            "tie_break": list(self.tie_break),
        }

    def number_of_ballot(self) -> str:
        return "".join(self.random.choices("23456789ABCDEFGHJKMNPQRSTUVWXYZ", k=16))

    def draw(self) -> list[str]:
        """Choices that the rules allow."""
        part = self.random.choice(sorted(set(self.category.values())))
        chosen: list[str] = []
        for each in self.random.sample(self.candidates, len(self.candidates)):
            of = self.category[each]
            fits = not self.choices_per_category or (
                [self.category[other] for other in chosen].count(of) < self.choices_per_category
            )
            if fits and (self.scope != "category" or of == part):
                chosen.append(each)
        return chosen[: self.random.randint(1, self.choices_max)]

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

    def cast(self, ballot: str | None = None, choices: list[str] | None = None, batch: str = "") -> str:
        random = self.random
        ballot = ballot or self.number_of_ballot()
        before = self.ballots.get(ballot)
        revision = before["revision"] + 1 if before else 1
        tag = before["tag"] if before else random.randbytes(32).hex()
        chosen = sorted(choices or self.draw())
        salt = random.randbytes(32).hex()
        lines = ("guong-sang/ballot/v1", CONTEST, ballot, str(revision), ",".join(chosen), salt)
        commitment = sha256("".join(line + "\n" for line in lines).encode()).hexdigest()
        if batch:
            leaf = self.add(kind="paper", ballot=ballot, batch=batch, revision=1, commitment=commitment)
        else:
            leaf = self.add(kind="ballot", ballot=ballot, revision=revision, tag=tag, commitment=commitment)
        self.ballots[ballot] = {
            "revision": revision, "tag": tag, "choices": chosen, "salt": salt, "commitment": commitment, "leaf": leaf,
            "batch": batch,
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

    def join(self, candidate: str, category: str = "A") -> None:
        self.decide(kind="join", candidate=candidate, category=category, reason="appeal")
        self.candidates = sorted([*self.candidates, candidate])
        self.category[candidate] = category

    def amend(self, **terms: Any) -> None:
        for name, value in terms.items():
            setattr(self, name, value)
        self.decide(kind="amend", reason="rules_version", **self.terms())

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
            "paper": sum(bool(held["batch"]) for held in self.ballots.values()),
            "set_aside": dict(Counter(self.void.values())),
            "valid": len(valid),
            "votes": votes,
        }
        winners: list[str] = []
        tied: list[str] = []
        if tally["valid"] >= self.minimum:
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
        awarded = sorted([*winners, *tied])
        return {
            "awarded": awarded,
            "contest": CONTEST,
            "departs": ["joint_award"] if tied else [],
            "places": self.places,
            "tally": tally,
            "tied": sorted(tied),
            "winners": sorted(winners),
        }

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
    """A vote with changes, paper, ballots set aside and admitted again, candidates fallen out, back and new."""
    random = Random(seed)
    candidates = [f"bai{number:02}{random.randbytes(3).hex()}" for number in range(random.randint(1, 7))]
    vote = Vote(
        random,
        candidates,
        scope=random.choice(["contest", "contest", "category", "day"]),
        choices_max=random.randint(1, len(candidates)),
        choices_per_category=random.choice([0, 0, 1, 2]),
        minimum=random.choice([0, 1, ballots]),
        seats=random.choice([1, 1, 2, 0]),
        tie_break=random.choice([("better_jury_rank",), (), ("joint_award_if_budget_allows", "better_jury_rank")]),
    )
    vote.places = {each: random.randint(1, 4) for each in candidates if random.random() < 0.8}
    for _ in range(random.randint(0, ballots)):
        known = list(vote.ballots)
        by_voters = [each for each in known if not vote.ballots[each]["batch"]]
        if random.random() < 0.2:
            vote.cast(batch=f"lo{random.randint(1, 3)}")
        else:
            vote.cast(random.choice(by_voters) if by_voters and random.random() < 0.3 else None)
        if known and random.random() < 0.2:
            decide_again(vote, random.choice(known))
        if random.random() < 0.1:
            candidate = random.choice(vote.candidates)
            vote.stand(candidate, stands=candidate in vote.fallen)
        if random.random() < 0.05:
            vote.join(f"moi{random.randbytes(3).hex()}", random.choice("ABC"))
        if random.random() < 0.05:
            vote.amend(minimum=random.choice([0, 1, 3]), seats=random.choice([1, 2]))
        if random.random() < 0.4:
            vote.seal()
    if closed:
        vote.close()
        if vote.ballots and random.random() < 0.3:
            decide_again(vote, random.choice(list(vote.ballots)))
            vote.stand(vote.candidates[0], stands=vote.candidates[0] in vote.fallen)
            vote.seal()
    elif vote.waiting:
        vote.seal()
    return vote


def decide_again(vote: Vote, ballot: str) -> None:
    if ballot in vote.void:
        vote.admit(ballot)
    else:
        vote.set_aside(ballot, vote.random.choice(["automated", "duplicate_identity"]))
