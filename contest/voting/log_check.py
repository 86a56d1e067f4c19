"""Checking a whole log against the tables beside it: what an operator runs, and what a public check cannot see.

Outsiders check the files. Here the rows are looked at too: that what was kept of each ballot is what
its leaf commits to, that the latest choices are those of the latest leaf, and that tiles, counters and
decisions say what the leaves say.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import func, select

from contest.contests.models import Contest
from contest.core.db import db
from contest.entries.models import Entry
from contest.voting.ledger.leaves import canonical, commitment
from contest.voting.ledger.merkle import Frontier, leaf_hash, root_of
from contest.voting.ledger.notes import BadNote, opened, read_verifier_key
from contest.voting.models import Ballot, Choice
from contest.voting.models_log import BallotLog, Checkpoint, Leaf, Tile
from contest.voting.models_review import BallotDecision
from contest.voting.tiles import WIDTH, split

_PAGE = 2000
MOST = 20  # breaks that are told


@dataclass
class Report:
    """What was looked at, and the first breaks that were found, in words for an operator."""

    leaves: int = 0
    checkpoints: int = 0
    ballots: int = 0
    waiting: int = 0
    breaks: list[str] = field(default_factory=list)

    def add(self, what: str) -> None:
        if len(self.breaks) < MOST:
            self.breaks.append(what)


def check_log(contest: Contest) -> Report | None:
    """Check everything about the log of a contest; None when it has none. Reads only, in pages."""
    log = db.session.get(BallotLog, contest.id)
    if log is None:
        return None
    report = Report()
    notes = dict(
        db.session.execute(select(Checkpoint.size, Checkpoint.note).where(Checkpoint.contest_id == contest.id)).all()
    )
    decided: list[tuple[int, str, str, str]] = []
    tree = Frontier()
    line: list[bytes] = []
    tiles = _tiles(contest.id)
    for rows in _pages(contest.id):
        for row in rows:
            hashed = leaf_hash(row.content.encode())
            if row.position != report.leaves:
                report.add(f"position {report.leaves} is not there")
                return report
            if hashed.hex() != row.hash:
                report.add(f"leaf {row.position}: its hash is not that of its bytes")
            said = json.loads(row.content)
            _check_leaf(contest, log, row, said, report)
            if row.kind in {"void", "admit"}:
                decided.append((said["number"], row.kind, said["ballot"], said["reason"]))
            tree = tree.extended([hashed])
            line.append(hashed)
            report.leaves += 1
            report.ballots += row.kind == "paper" or (row.kind == "ballot" and row.revision == 1)
            if len(line) == WIDTH:
                if tiles.get((0, row.position // WIDTH)) != b"".join(line):
                    report.add(f"tile 0/{row.position // WIDTH} is not what its leaves give")
                line = []
            if tree.size in notes:
                _check_note(log, tree, notes.pop(tree.size), report)
    if tree.size != log.size or [peak.hex() for peak in tree.peaks] != log.peaks:
        report.add(f"the log says {log.size} leaves, and {tree.size} are there or its peaks are others")
    for size in sorted(notes):
        report.add(f"the checkpoint of {size} leaves is longer than the log")
    if report.ballots != log.ballots:
        report.add(f"the log counts {log.ballots} ballots, and there are {report.ballots}")
    _check_upper(tiles, report)
    _check_choices(contest, report)
    _check_decisions(contest.id, decided, report)
    report.waiting = (
        db.session.scalar(select(func.count(Leaf.id)).where(Leaf.contest_id == contest.id, Leaf.position.is_(None)))
        or 0
    )
    return report


def _pages(contest_id: int) -> Iterator[Any]:
    first = 0
    while True:
        rows = db.session.execute(
            select(
                Leaf.position,
                Leaf.kind,
                Leaf.content,
                Leaf.hash,
                Leaf.revision,
                Leaf.choices,
                Leaf.salt,
                Ballot.ballot_id,
                Ballot.tag,
            )
            .outerjoin(Ballot, Ballot.id == Leaf.ballot_id)
            .where(Leaf.contest_id == contest_id, Leaf.position >= first)
            .order_by(Leaf.position)
            .limit(_PAGE)
        ).all()
        if not rows:
            return
        yield rows
        first = rows[-1].position + 1


def _check_leaf(contest: Contest, log: BallotLog, row: Any, said: dict[str, Any], report: Report) -> None:
    if canonical(said) != row.content or said.get("kind") != row.kind or said.get("contest") != contest.public_id:
        report.add(f"leaf {row.position} is not a leaf of this vote as it should be written")
        return
    if (row.kind == "open") != (row.position == 0) or (row.kind == "open" and said["key"] != log.key):
        report.add(f"leaf {row.position}: the first leaf, and no other, opens the log and names its key")
    if row.kind not in {"ballot", "paper"}:
        return
    if (said["ballot"], said["revision"]) != (row.ballot_id, row.revision) or said.get("tag", "") != row.tag:
        report.add(f"leaf {row.position} and its ballot disagree")
    made = commitment(
        contest.public_id, ballot=said["ballot"], revision=said["revision"], choices=row.choices or [], salt=row.salt
    )
    if made != said["commitment"]:
        report.add(f"leaf {row.position} does not commit to the choices and salt that are kept of it")


def _check_note(log: BallotLog, tree: Frontier, note: str, report: Report) -> None:
    report.checkpoints += 1
    try:
        said = opened(note, *read_verifier_key(log.key))
    except BadNote as error:
        report.add(f"the checkpoint of {tree.size} leaves: {error}")
        return
    if (said.size, said.root) != (tree.size, tree.root):
        report.add(f"the checkpoint of {tree.size} leaves has another root than they give")


def _tiles(contest_id: int) -> dict[tuple[int, int], bytes]:
    rows = db.session.execute(select(Tile.level, Tile.number, Tile.hashes).where(Tile.contest_id == contest_id))
    return {(row.level, row.number): row.hashes for row in rows}


def _check_upper(tiles: dict[tuple[int, int], bytes], report: Report) -> None:
    """Each hash above level 0 is the root of the full row below it."""
    for (level, number), hashes in sorted(tiles.items()):
        for at, root in enumerate(split(hashes) if level else []):
            below = tiles.get((level - 1, number * WIDTH + at))
            if below is None or root_of(split(below)) != root:
                report.add(f"tile {level}/{number}: hash {at} is not the root of what is below it")


def _check_choices(contest: Contest, report: Report) -> None:
    """The choices that will be counted are those of the latest leaf."""
    rows = db.session.execute(
        select(Ballot.ballot_id, Leaf.choices, Entry.public_id)
        .outerjoin(Leaf, (Leaf.ballot_id == Ballot.id) & (Leaf.revision == Ballot.revision))
        .outerjoin(Choice, Choice.ballot_id == Ballot.id)
        .outerjoin(Entry, Entry.id == Choice.entry_id)
        .where(Ballot.contest_id == contest.id)
        .order_by(Ballot.id, Entry.public_id)
        .execution_options(yield_per=5000)
    )
    for ballot_id, found in groupby(rows, key=lambda row: row[0]):
        each = list(found)
        if each[0].choices is None:
            report.add(f"ballot {ballot_id} has no leaf")
        elif sorted(each[0].choices) != [row.public_id for row in each if row.public_id]:
            report.add(f"ballot {ballot_id} holds other choices than its leaf")


def _check_decisions(contest_id: int, decided: list[tuple[int, str, str, str]], report: Report) -> None:
    """Decisions in the tables that are sealed are those in the log, and the other way round."""
    rows = db.session.execute(
        select(BallotDecision.number, BallotDecision.kind, Ballot.ballot_id, BallotDecision.reason)
        .join(Ballot, Ballot.id == BallotDecision.ballot_id)
        .where(BallotDecision.contest_id == contest_id)
        .order_by(BallotDecision.number)
    )
    kept = {row.number: tuple(row) for row in rows}
    for each in sorted(decided):
        if kept.pop(each[0], None) != each:
            report.add(f"decision {each[0]} of the log is not the one in the tables")
    last = max((each[0] for each in decided), default=0)
    for number in sorted(kept):
        # A higher number may still wait for its place.
        if number < last:
            report.add(f"decision {number} of the tables is not in the log")
