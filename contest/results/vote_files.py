"""What is opened of a vote once its results are announced (docs/ballot-log.md): choices and what was announced.

Nothing here decides when: who asks has looked at `results.queries.find_public_results`. Files are made
in parts, so that neither memory nor a transaction grows with the number of ballots.
"""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from io import RawIOBase
from typing import Any

from sqlalchemy import select

from contest.contests.models import Contest
from contest.core.db import db
from contest.core.formats import local
from contest.entries.models import Entry
from contest.results.models import Award, ResultSet
from contest.voting.counting import paper_of
from contest.voting.distribution import pictures_of
from contest.voting.ledger.leaves import canonical
from contest.voting.models import Ballot
from contest.voting.models_log import BallotLog, Leaf
from contest.voting.queries_log import checkpoint_notes, leaf_lines
from contest.voting.review_lists import is_set_aside
from contest.voting.tally import JOINT_AWARD, Tally, readers_prize

_AT_ONCE = 2000


def find_closed_log(contest_id: int) -> BallotLog | None:
    """The log of a vote that is over; None where there was none, or its closing is not written yet."""
    found = db.session.get(BallotLog, contest_id)
    return found if found is not None and found.closed_at is not None else None


def vote_days(contest: Contest) -> list[tuple[str, int]]:
    """Ballots by the day (in Vietnam) on which they were first cast, days without any too."""
    found: Counter[date] = Counter()
    for hour, ballots in pictures_of(contest).hours:
        found[local(hour).date()] += ballots
    if not found:
        return []
    first, last = min(found), max(found)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [(day.strftime("%d/%m"), found[day]) for day in days]


def opening_lines(contest_id: int) -> Iterator[str]:
    """One line for each ballot that counts, in the order of their numbers, many at a time."""
    after = ""
    while True:
        rows = db.session.execute(
            select(Ballot.ballot_id, Leaf.choices, Leaf.revision, Leaf.salt)
            .join(Leaf, (Leaf.ballot_id == Ballot.id) & (Leaf.revision == Ballot.revision))
            .where(Ballot.contest_id == contest_id, Ballot.ballot_id > after, ~is_set_aside(Ballot.id))
            .order_by(Ballot.ballot_id)
            .limit(_AT_ONCE)
        ).all()
        # No transaction is left open while the reader takes their time.
        db.session.rollback()
        if not rows:
            return
        after = rows[-1].ballot_id
        yield "".join(
            canonical({"ballot": row.ballot_id, "choices": row.choices, "revision": row.revision, "salt": row.salt})
            + "\n"
            for row in rows
        )


def announced(contest: Contest, result_set: ResultSet, log: BallotLog) -> dict[str, Any]:
    """`result.json`: what was announced of the vote, with all that a check needs to find it again."""
    report = result_set.report
    kept = report["tally"]
    ids = [entry_id for entry_id, _ in kept["votes"]]
    prize = contest.rules.readers_prize
    codes = {place[1] for places in report["rankings"].values() for place in places}
    rows = db.session.execute(
        select(Entry.id, Entry.public_id, Entry.blind_code)
        .where(Entry.contest_id == contest.id, Entry.id.in_(ids) | Entry.blind_code.in_(codes))
        .order_by(Entry.id)
    ).all()
    public_ids = {row.id: row.public_id for row in rows}
    by_code = {row.blind_code or row.public_id: row.public_id for row in rows}
    votes = {public_ids[entry_id]: count for entry_id, count in kept["votes"]}
    places = {
        by_code[name]: place
        for ranking in report["rankings"].values()
        for place, name, _total in ranking
        if name in by_code and place
    }
    awarded = sorted(
        db.session.scalars(
            select(Entry.public_id)
            .join(Award, Award.entry_id == Entry.id)
            .where(Award.result_set_id == result_set.id, Award.prize_id == (prize.id if prize else ""))
        )
    )
    outcome = readers_prize(
        Tally(kept["cast"], kept["valid"], kept["void"], kept["set_aside"], votes),
        places=places,
        minimum=log.terms["minimum"],
        tie_break=log.terms["tie_break"],
        seats=log.terms["seats"],
    )
    winners = sorted(each.entry for each in outcome.winners)
    tied = sorted(each.entry for each in outcome.tied)
    return {
        "awarded": awarded,
        "contest": contest.public_id,
        "departs": [] if awarded == winners else [_departs(awarded, winners, tied, log.terms["tie_break"])],
        "places": places,
        "tally": {
            "cast": kept["cast"],
            "lapsed": kept["void"],
            "paper": paper_of(contest.id),
            "set_aside": kept["set_aside"],
            "valid": kept["valid"],
            "votes": votes,
        },
        "tied": tied,
        "winners": winners,
    }


def _departs(awarded: list[str], winners: list[str], tied: list[str], tie_break: list[str]) -> str:
    """Why the prize went otherwise than to the winners of the count."""
    if tied and awarded == sorted({*winners, *tied}) and JOINT_AWARD in tie_break:
        return "joint_award"
    if set(awarded) < set(winners):
        return "withheld"
    return "council_order" if set(winners) <= set(awarded) <= {*winners, *tied} else "decision"


class _Passing(RawIOBase):
    """What is written into a .zip, until it is sent on."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._parts.append(bytes(content))
        return len(content)

    def taken(self) -> bytes:
        parts, self._parts = b"".join(self._parts), []
        return parts


def zipped(contest: Contest, result_set: ResultSet, log: BallotLog) -> Iterator[bytes]:
    """All the files of the vote in one .zip, made while it is sent."""
    result = canonical(announced(contest, result_set, log)) + "\n"
    contest_id, key, size = contest.id, log.key, log.size
    files: tuple[tuple[str, Iterable[str]], ...] = (
        ("key.txt", [f"{key}\n"]),
        ("checkpoints.txt", checkpoint_notes(contest_id, 0, size)),
        ("log.jsonl", leaf_lines(contest_id, 0, size)),
        ("openings.jsonl", opening_lines(contest_id)),
        ("result.json", [result]),
    )
    passing = _Passing()
    with zipfile.ZipFile(passing, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        for name, parts in files:
            # The same bytes for everyone: no time of making.
            told = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            told.compress_type = zipfile.ZIP_DEFLATED
            with made.open(told, "w", force_zip64=True) as file:
                for part in parts:
                    file.write(part.encode())
                    yield passing.taken()
    yield passing.taken()
