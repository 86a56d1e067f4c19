"""How the ballots of a vote spread: over hours, ways of proving, networks, number families, devices, units.

Units mobilise their people, which the rules may allow; a picture shows it, and people judge. No
picture says anything about an entry. Those of the whole vote are drawn in the background into one
row (`look`, `keep`); those of a finding look at a bounded number of its ballots.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, case, func, join, outerjoin, select
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import aliased

from contest.contests.models import Contest, ContestStep
from contest.core.db import db
from contest.core.errors import N_
from contest.units.models import Unit
from contest.voting.models import Ballot
from contest.voting.models_review import Finding, FindingBallot, RollEntry, VotePicture, VoterTrace
from contest.voting.review_lists import LOOKED_AT

DRAWN_EVERY = timedelta(minutes=10)
_FAMILIES, _UNITS, _HOURS = 15, 200, 24 * 60

CHANNELS = {
    "vn_mobile_otp": N_("Text message to a mobile number"),
    "email_otp": N_("E-mail"),
    "unit_roll": N_("List of a unit"),
    "account": N_("Account on this site"),
    "paper": N_("On a paper ballot"),
    "": N_("No trace is kept"),
}
DOMAINS = {
    "known": N_("Large mail provider"),
    "unknown": N_("Address elsewhere"),
    "throwaway": N_("Throw-away address"),
    "": N_("Not by e-mail"),
}
# How many ballots one network, or one device, has given: upper end of each group, none for the last.
SIZES: tuple[tuple[int | None, str], ...] = (
    (1, N_("1 ballot")),
    (5, N_("2–5 ballots")),
    (20, N_("6–20 ballots")),
    (100, N_("21–100 ballots")),
    (500, N_("101–500 ballots")),
    (None, N_("more than 500 ballots")),
)


@dataclass(frozen=True, slots=True)
class UnitShare:
    """Ballots of one unit's people. `roll`: how many are on its roll; none where no roll is kept."""

    code: str
    name: str
    name_en: str
    ballots: int
    roll: int | None


@dataclass(frozen=True, slots=True)
class Pictures:
    """What a page draws. Each row is a name and a number of ballots, but for groups of networks and devices:
    group, how many networks or devices, how many ballots."""

    made_at: datetime | None
    ballots: int
    hours: tuple[tuple[datetime, int], ...] = ()
    channels: tuple[tuple[str, int], ...] = ()
    domains: tuple[tuple[str, int], ...] = ()
    families: tuple[tuple[str, int], ...] = ()
    other_families: int = 0
    networks: tuple[tuple[int, int, int], ...] = ()
    devices: tuple[tuple[int, int, int], ...] = ()
    no_device: int = 0
    units: tuple[UnitShare, ...] = ()


def voted_on(now: datetime) -> Sequence[Contest]:
    """Contests whose vote has opened by `now`."""
    steps = select(ContestStep.contest_id).where(ContestStep.key == "voting", ContestStep.opens <= now)
    return db.session.scalars(select(Contest).where(Contest.id.in_(steps)).order_by(Contest.id)).all()


def look(contest: Contest, now: datetime) -> dict[str, Any] | None:
    """What to draw of a contest's vote; None when the pictures are fresh, or nothing can have changed.

    Reads every ballot: the background does it without the write lock, then calls `keep`.
    """
    window = contest.rules.window("voting")
    if window is None or now < window.opens:
        return None
    last = db.session.get(VotePicture, contest.id)
    if last is not None and (now < last.made_at + DRAWN_EVERY or last.made_at >= window.closes + DRAWN_EVERY):
        return None
    ballots = select(Ballot.id, Ballot.voter_id, Ballot.batch_id, Ballot.cast_at).where(Ballot.contest_id == contest.id)
    return _content(ballots.subquery("cast"))


def keep(contest_id: int, content: dict[str, Any], now: datetime) -> None:
    """Keep what `look` found for the pages."""
    total = _total(content)
    last = db.session.get(VotePicture, contest_id)
    if last is None:
        db.session.add(VotePicture(contest_id=contest_id, made_at=now, ballots=total, content=content))
    else:
        last.made_at, last.ballots, last.content = now, total, content
    db.session.flush()


def pictures_of(contest: Contest) -> Pictures:
    """The pictures of the whole vote as they were drawn last: two statements, however many ballots there are."""
    found = db.session.get(VotePicture, contest.id)
    return _read(contest.id, found.content, found.made_at, found.ballots) if found else Pictures(None, 0)


def pictures_of_finding(contest: Contest, finding: Finding) -> Pictures:
    """The same of a finding's ballots, of no more than LOOKED_AT of them."""
    some = (
        select(FindingBallot.ballot_id)
        .where(FindingBallot.finding_id == finding.id)
        .order_by(FindingBallot.ballot_id)
        .limit(LOOKED_AT)
        .subquery()
    )
    ballots = select(Ballot.id, Ballot.voter_id, Ballot.batch_id, Ballot.cast_at).join(
        some, some.c.ballot_id == Ballot.id
    )
    content = _content(ballots.subquery("cast"))
    return _read(contest.id, content, None, _total(content))


def _content(cast: FromClause) -> dict[str, Any]:
    """What is kept of `cast` (rows of ballots): lists of names and numbers alone."""
    trace = aliased(VoterTrace)
    known = outerjoin(cast, trace, _is_latest(trace, cast))
    number = func.count(cast.c.id)
    connection = db.session.connection()
    hour = _hour(connection, cast.c.cast_at)
    channel = case((cast.c.batch_id.is_not(None), "paper"), else_=func.coalesce(trace.channel, ""))

    def grouped(name: Any, source: FromClause = known) -> Select[Any]:
        return select(name.label("name"), number.label("ballots")).select_from(source).group_by(name)

    def listed(query: Select[Any], most: int) -> list[list[Any]]:
        rows = db.session.execute(query.order_by(number.desc(), query.selected_columns[0]).limit(most))
        return [[row[0], row[1]] for row in rows]

    traced = join(cast, trace, _is_latest(trace, cast))
    hours = db.session.execute(grouped(hour, cast).order_by(hour).limit(_HOURS))
    families = listed(grouped(trace.family, traced), _FAMILIES)
    channels = listed(grouped(channel), 20)
    with_trace = sum(row[1] for row in listed(grouped(trace.domain, traced), 20))
    devices = grouped(trace.device, traced).where(trace.device != "")
    shown_devices = _by_size(devices)
    return {
        "hours": [[_instant(row[0]).isoformat(), row[1]] for row in hours],
        "channels": channels,
        "domains": listed(grouped(trace.domain, traced), 20),
        "families": families,
        "other_families": with_trace - sum(row[1] for row in families),
        "networks": _by_size(grouped(trace.network, traced)),
        "devices": shown_devices,
        "no_device": with_trace - sum(row[2] for row in shown_devices),
        "units": listed(grouped(trace.unit_id, traced).where(trace.unit_id.is_not(None)), _UNITS),
    }


def _is_latest(trace: Any, cast: FromClause) -> ColumnElement[bool]:
    """Whether a trace is the latest of the voter of a row of `cast`.

    Asked for each ballot by an index, not joined to a grouped list: SQLite would scan that once for each ballot.
    """
    each = aliased(VoterTrace)
    latest = select(func.max(each.id)).where(each.voter_id == cast.c.voter_id).correlate(cast).scalar_subquery()
    matches: ColumnElement[bool] = trace.id == latest
    return matches


def _by_size(grouped: Select[Any]) -> list[list[int]]:
    """Groups by size (SIZES), how many are in each, how many ballots those gave."""
    each = grouped.subquery()
    ends = [(each.c.ballots <= end, place) for place, (end, _name) in enumerate(SIZES) if end is not None]
    size = case(*ends, else_=len(SIZES) - 1)
    rows = db.session.execute(
        select(size.label("size"), func.count(), func.sum(each.c.ballots)).group_by("size").order_by("size")
    )
    return [[int(row[0]), int(row[1]), int(row[2])] for row in rows]


def _hour(connection: Connection, instant: Any) -> ColumnElement[Any]:
    if connection.dialect.name == "postgresql":
        return func.date_trunc("hour", instant, type_=TIMESTAMP(timezone=True))
    return func.strftime("%Y-%m-%dT%H:00:00", instant)


def _instant(value: Any) -> datetime:
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _total(content: dict[str, Any]) -> int:
    return sum(int(count) for _name, count in content["channels"])


def _read(contest_id: int, content: dict[str, Any], made_at: datetime | None, ballots: int) -> Pictures:
    def pairs(name: str) -> tuple[tuple[str, int], ...]:
        return tuple((row[0], int(row[1])) for row in content[name])

    def groups(name: str) -> tuple[tuple[int, int, int], ...]:
        return tuple((int(row[0]), int(row[1]), int(row[2])) for row in content[name])

    return Pictures(
        made_at,
        ballots,
        hours=_without_gaps([(datetime.fromisoformat(at), int(count)) for at, count in content["hours"]]),
        channels=pairs("channels"),
        domains=pairs("domains"),
        families=pairs("families"),
        other_families=int(content["other_families"]),
        networks=groups("networks"),
        devices=groups("devices"),
        no_device=int(content["no_device"]),
        units=_units(contest_id, content["units"]),
    )


def _without_gaps(hours: Sequence[tuple[datetime, int]]) -> tuple[tuple[datetime, int], ...]:
    """Hours in which nobody voted, put in: a line over time must not skip them."""
    if not hours:
        return ()
    known, at = dict(hours), hours[0][0]
    filled: list[tuple[datetime, int]] = []
    while at <= hours[-1][0] and len(filled) < _HOURS:
        filled.append((at, known.get(at, 0)))
        at += timedelta(hours=1)
    return tuple(filled)


def _units(contest_id: int, rows: Sequence[Sequence[int]]) -> tuple[UnitShare, ...]:
    ids = [int(row[0]) for row in rows]
    if not ids:
        return ()
    units = {unit.id: unit for unit in db.session.scalars(select(Unit).where(Unit.id.in_(ids)).order_by(Unit.id))}
    counted = db.session.execute(
        select(RollEntry.unit_id, func.count(RollEntry.id))
        .where(RollEntry.unit_id.in_(ids))
        .group_by(RollEntry.unit_id)
    )
    rolls = {row[0]: row[1] for row in counted}
    return tuple(
        UnitShare(unit.code, unit.name, unit.name_en, int(count), rolls.get(unit.id))
        for unit_id, count in rows
        if (unit := units.get(int(unit_id))) is not None
    )
