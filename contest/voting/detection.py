"""Looks through the ballots of a vote for what people should see; it changes no ballot.

A ballot is read twice, whatever the size of the vote: with the twenty minutes it belongs to, when
these are over, and with its day. After the close all is looked through once more, by the choices
that stand then. What is found keeps its row as it grows. The signs themselves are in voting.signs.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import distinct, func, select, update

from contest.contests.models import Contest
from contest.core.db import db, new_public_id
from contest.core.formats import local
from contest.voting.identity import inserting
from contest.voting.models import Ballot, Choice
from contest.voting.models_review import Finding, FindingBallot, VoteLook, VoterTrace
from contest.voting.signs import SEVERITY, Row, Suspicion, Usual, look_at, measures

T = TypeVar("T")
WINDOW = timedelta(minutes=20)
DAY = timedelta(days=1)
# A transaction that began within a window has committed by then.
_GRACE = timedelta(minutes=2)
_AT_ONCE = 60_000
_STEMS = {"n": ("number_range", 20), "p": ("plus_tags", 4)}
_SHARED_DEVICE = 25
_BURST_LEAST, _BURST_TIMES, _STRETCHES_KNOWN = 200, 8, 18
_CHUNK = 500


@dataclass
class Looked:
    """What one look read and found, before it is kept; `began` are the marks that it started from."""

    began: tuple[int, int]
    last_id: int
    day_id: int
    whole: bool
    usual: Usual
    read: int = 0
    found: list[Suspicion] = field(default_factory=list)
    bursts: list[tuple[str, int, dict[str, Any]]] = field(default_factory=list)


def look(contest: Contest, now: datetime) -> int:
    """Read what has come since the last time and keep what is found; returns how many ballots were read."""
    return keep(contest.id, examine(contest, now), now)


def examine(contest: Contest, now: datetime) -> Looked:
    """Read what has come since the last time. It writes nothing, so that nobody who votes waits for it."""
    state = db.session.get(VoteLook, contest.id)
    began = (state.last_id, state.day_id) if state else (0, 0)
    looked = Looked(began, *began, whole=False, usual=_usual_from(state.usual if state else {}))
    window = contest.rules.window("voting")
    closed = window is not None and now >= window.closes + _GRACE
    _look_at_windows(contest.id, looked, now, closed=closed)
    _look_at_days(contest.id, looked, now, closed=closed)
    if closed and not looked.read and not (state and state.whole_at):
        # Choices may have changed since, and a ballot may have committed late: all once more, from the start.
        looked.last_id = looked.day_id = 0
        looked.whole = True
    return looked


def is_behind(contest_id: int, state: VoteLook) -> bool:
    """Whether there are ballots that a look has not come to."""
    last = (
        db.session.scalar(select(func.max(Ballot.id)).where(Ballot.contest_id == contest_id, Ballot.batch_id.is_(None)))
        or 0
    )
    return min(state.last_id, state.day_id) < last


def keep(contest_id: int, looked: Looked, now: datetime) -> int:
    """Write down what a look found, unless another look did meanwhile; returns how many ballots it read.

    Call it inside `writing()`. After the close the first call without anything new starts all over once.
    """
    connection = db.session.connection()
    connection.execute(
        inserting(connection.dialect.name, VoteLook)
        .values(contest_id=contest_id, last_id=0, day_id=0, usual={})
        .on_conflict_do_nothing()
    )
    moved = connection.execute(
        update(VoteLook)
        .where(
            VoteLook.contest_id == contest_id,
            VoteLook.last_id == looked.began[0],
            VoteLook.day_id == looked.began[1],
        )
        .values(
            last_id=looked.last_id,
            day_id=looked.day_id,
            upto=now,
            usual=_kept(looked.usual),
            **({"whole_at": now} if looked.whole else {}),
        )
    )
    if not moved.rowcount:
        return 0
    _keep(contest_id, looked.found, now)
    for subject, ballots, said in looked.bursts:
        _finding(contest_id, "burst", subject, ballots, said, now)
    db.session.expire_all()
    return looked.read + looked.whole


def _look_at_windows(contest_id: int, looked: Looked, now: datetime, *, closed: bool) -> None:
    usual = looked.usual
    until = now if closed else _floor(now - _GRACE, WINDOW)
    for rows in _read(contest_id, looked, "last_id", until, WINDOW):
        found = look_at(rows, usual) + _series(contest_id, rows)
        looked.found += found
        _note_burst(looked, rows)
        usual.stretches += 1
        suspected = {row.id for each in found for row in each.rows}
        usual.learn(row for row in rows if row.id not in suspected)


def _look_at_days(contest_id: int, looked: Looked, now: datetime, *, closed: bool) -> None:
    midnight = local(now - _GRACE).replace(hour=0, minute=0, second=0, microsecond=0)
    for rows in _read(contest_id, looked, "day_id", now if closed else midnight, DAY):
        looked.found += look_at(rows, looked.usual)


def _read(contest_id: int, looked: Looked, mark: str, until: datetime, span: timedelta) -> list[list[Row]]:
    """The stretches of time that are over and not read yet; moves the mark behind them."""
    rows, after = _unread(contest_id, getattr(looked, mark), until)
    stretches = _stretches(rows, span)
    if len(rows) == _AT_ONCE and len(stretches) > 1:
        stretches.pop()  # cut off by the limit: whole the next time
    read = [row.id for each in stretches for row in each]
    if read:
        setattr(looked, mark, min(after or max(read) + 1, max(read) + 1) - 1)
    looked.read += len(read)
    return stretches


def _floor(at: datetime, span: timedelta) -> datetime:
    begun = local(at).replace(hour=0, minute=0, second=0, microsecond=0)
    return begun + (at - begun) // span * span


def _stretches(rows: Sequence[Row], span: timedelta) -> list[list[Row]]:
    """Rows by the stretch of time in which they were cast, the first stretch first."""
    found: dict[datetime, list[Row]] = defaultdict(list)
    for row in rows:
        found[_floor(row.at, span)].append(row)
    return [found[begun] for begun in sorted(found)]


def _unread(contest_id: int, after: int, until: datetime) -> tuple[list[Row], int | None]:
    """Ballots after a number and cast before `until`, with traces and choices; the first that is too young.

    Numbers are given a little out of order: what is younger than `until` is where the next look begins.
    """
    base = select(Ballot.id).where(Ballot.contest_id == contest_id, Ballot.id > after, Ballot.batch_id.is_(None))
    first_young = db.session.scalar(base.where(Ballot.cast_at >= until).order_by(Ballot.id).limit(1))
    ballots = db.session.execute(
        base.where(Ballot.cast_at < until)
        .with_only_columns(Ballot.id, Ballot.cast_at, Ballot.voter_id)
        .order_by(Ballot.id)
        .limit(_AT_ONCE)
    ).all()
    rows = {ballot_id: Row(ballot_id, cast_at) for ballot_id, cast_at, _ in ballots}
    by_voter: dict[int, list[Row]] = defaultdict(list)
    for ballot_id, _, voter_id in ballots:
        if voter_id is not None:
            by_voter[voter_id].append(rows[ballot_id])
    for voters in _chunks(by_voter):
        for trace in db.session.execute(_TRACES.where(VoterTrace.voter_id.in_(voters))):
            for row in by_voter[trace[0]]:
                (row.network, row.device, row.agent, row.family, row.stem) = trace[1:6]
                (row.domain, row.seconds, row.work, row.work_ms, row.replays) = trace[6:]
    for ids in _chunks(rows):
        choices: dict[int, list[int]] = defaultdict(list)
        for ballot_id, entry_id in db.session.execute(
            select(Choice.ballot_id, Choice.entry_id).where(Choice.ballot_id.in_(ids))
        ):
            choices[ballot_id].append(entry_id)
        for ballot_id, chosen in choices.items():
            rows[ballot_id].pattern, rows[ballot_id].entries = _pattern(chosen), tuple(chosen)
    return list(rows.values()), first_young if len(ballots) < _AT_ONCE else None


# A later trace of a voter comes later and takes the place of the one before.
_TRACES = select(
    VoterTrace.voter_id,
    VoterTrace.network,
    VoterTrace.device,
    VoterTrace.agent,
    VoterTrace.family,
    VoterTrace.stem,
    VoterTrace.domain,
    VoterTrace.code_seconds,
    VoterTrace.work,
    VoterTrace.work_ms,
    VoterTrace.replays,
).order_by(VoterTrace.id)


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while part := list(islice(rest, _CHUNK)):
        yield part


def _pattern(chosen: Sequence[int]) -> str:
    """What stands for choices in a finding's subject: it does not say which they are."""
    return hashlib.sha256(",".join(map(str, sorted(chosen))).encode()).hexdigest()[:16]


def _series(contest_id: int, rows: Sequence[Row]) -> list[Suspicion]:
    """What the whole vote so far shows of the contacts and devices of these ballots; by indexes, never by a scan."""
    found = []
    stems = {row.stem for row in rows if row.stem[:1] in _STEMS}
    for stem, voters in _voters_of(contest_id, VoterTrace.stem, stems):
        kind, least = _STEMS[stem[0]]
        if len(voters) >= least:
            found.append(Suspicion(kind, f"stem:{stem}", _ballots_of(contest_id, voters), 1.0, 0.0))
    devices = {row.device for row in rows if row.device}
    for device, voters in _voters_of(contest_id, VoterTrace.device, devices):
        if len(voters) >= _SHARED_DEVICE:
            found.append(Suspicion("shared_device", f"device:{device}", _ballots_of(contest_id, voters), 1.0, 0.0))
    throwaway = defaultdict(list)
    for row in rows:
        if row.domain == "throwaway":
            throwaway[row.family].append(row)
    found += [Suspicion("throwaway", f"domain:{name}", group, 1.0, 0.0) for name, group in throwaway.items()]
    return found


def _voters_of(contest_id: int, column: Any, values: set[str]) -> Iterator[tuple[str, list[int]]]:
    least = min(least for _, least in _STEMS.values())
    for some in _chunks(sorted(values)):
        counted = (
            select(column)
            .where(VoterTrace.contest_id == contest_id, column.in_(some))
            .group_by(column)
            .having(func.count(distinct(VoterTrace.voter_id)) >= least)
        )
        for value in db.session.scalars(counted).all():
            query = select(VoterTrace.voter_id).distinct().where(VoterTrace.contest_id == contest_id, column == value)
            yield value, list(db.session.scalars(query))


def _ballots_of(contest_id: int, voters: Sequence[int]) -> list[Row]:
    rows = []
    for some in _chunks(voters):
        query = select(Ballot.id, Ballot.cast_at).where(Ballot.contest_id == contest_id, Ballot.voter_id.in_(some))
        rows += [Row(ballot_id, cast_at) for ballot_id, cast_at in db.session.execute(query)]
    return rows


def _note_burst(looked: Looked, rows: Sequence[Row]) -> None:
    """A finding without ballots: a poster, a broadcast or a unit may well be the reason."""
    usual = looked.usual
    before = usual.ballots / usual.stretches if usual.stretches >= _STRETCHES_KNOWN else 0.0
    if len(rows) < _BURST_LEAST or not before or len(rows) < _BURST_TIMES * before:
        return
    hourly = timedelta(hours=1) / WINDOW
    subject = f"hour:{local(rows[0].at).strftime('%Y-%m-%dT%H')}"
    said = measures(rows, 1.0, 0.0, "") | {
        "an_hour": round(len(rows) * hourly),
        "usual_an_hour": round(before * hourly),
    }
    del said["seen_percent"], said["usual_percent"]
    looked.bursts.append((subject, len(rows), said))


def _keep(contest_id: int, found: Sequence[Suspicion], now: datetime) -> None:
    connection = db.session.connection()
    for each in found:
        said = measures(each.rows, each.seen, each.usual, each.detail) if each.rows[0].network else {}
        finding_id = _finding(contest_id, each.kind, each.subject, len(each.rows), said, now)
        for some in _chunks(each.rows):
            connection.execute(
                inserting(connection.dialect.name, FindingBallot).on_conflict_do_nothing(),
                [{"finding_id": finding_id, "ballot_id": row.id} for row in some],
            )
        number = select(func.count()).where(FindingBallot.finding_id == finding_id).scalar_subquery()
        connection.execute(update(Finding).where(Finding.id == finding_id).values(ballots=number))


def _finding(contest_id: int, kind: str, subject: str, ballots: int, said: dict[str, Any], now: datetime) -> int:
    """The row of a finding, made or brought up to date. One that a person dismissed stays dismissed."""
    connection = db.session.connection()
    adding = inserting(connection.dialect.name, Finding).values(
        public_id=new_public_id(),
        contest_id=contest_id,
        kind=kind,
        subject=subject,
        severity=SEVERITY[kind],
        ballots=ballots,
        measures=said,
        first_seen=now,
        last_seen=now,
    )
    return int(
        connection.execute(
            adding.on_conflict_do_update(
                index_elements=["contest_id", "kind", "subject"],
                set_={"last_seen": now} | ({"measures": adding.excluded.measures} if said else {}),
            ).returning(Finding.id)
        ).scalar_one()
    )


def _usual_from(kept: dict[str, Any]) -> Usual:
    seconds = {int(second): number for second, number in kept.get("seconds", {}).items()}
    return Usual(kept.get("ballots", 0), seconds, dict(kept.get("agents", {})), kept.get("stretches", 0))


def _kept(usual: Usual) -> dict[str, Any]:
    return {
        "ballots": usual.ballots,
        "seconds": {str(second): number for second, number in sorted(usual.seconds.items())},
        "agents": usual.agents,
        "stretches": usual.stretches,
    }
