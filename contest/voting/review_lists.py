"""What the review desk reads: findings, ballots of a finding in parts, batches, what is set aside now.

Every list is read in pages by a key; nothing here grows with the number of ballots that were cast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from heapq import nsmallest
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import aliased, joinedload

from contest.core.db import db
from contest.core.errors import NotFound
from contest.units.models import Unit
from contest.voting.models import Ballot
from contest.voting.models_review import BallotDecision, Finding, FindingBallot, Setting, SettingBallot, VoterTrace

PAGE = 25
SAMPLED = 20
# Of a finding no more ballots than this are looked at for its pictures and samples.
LOOKED_AT = 20_000


def is_set_aside(ballot_id: Any) -> ColumnElement[bool]:
    """Whether the latest decision about a ballot set it aside."""
    latest, later = aliased(BallotDecision), aliased(BallotDecision)
    superseded = exists().where(later.ballot_id == latest.ballot_id, later.number > latest.number)
    return exists().where(latest.ballot_id == ballot_id, latest.kind == "void", ~superseded)


def find_set_aside(contest_id: int, number: str) -> BallotDecision | None:
    """The decision by which a ballot is set aside now, by the ballot's number; None when it counts or is unknown."""
    latest = db.session.scalars(
        select(BallotDecision)
        .join(Ballot, Ballot.id == BallotDecision.ballot_id)
        .where(Ballot.contest_id == contest_id, Ballot.ballot_id == number)
        .order_by(BallotDecision.number.desc())
        .limit(1)
    ).one_or_none()
    return latest if latest is not None and latest.kind == "void" else None


def set_aside_by_reason(contest_id: int) -> dict[str, int]:
    """How many ballots are set aside now, by the reason of their latest decision."""
    later = aliased(BallotDecision)
    rows = db.session.execute(
        select(BallotDecision.reason, func.count(BallotDecision.id))
        .where(
            BallotDecision.contest_id == contest_id,
            BallotDecision.kind == "void",
            ~exists().where(later.ballot_id == BallotDecision.ballot_id, later.number > BallotDecision.number),
        )
        .group_by(BallotDecision.reason)
        .order_by(BallotDecision.reason)
    )
    return {row[0]: row[1] for row in rows}


# Findings


class FindingPage(NamedTuple):
    """One page of findings, the gravest first; `after`: the key of the next one."""

    findings: Sequence[Finding]
    after: str


def findings_of(contest_id: int, state: str, after: str = "") -> FindingPage:
    """Findings in a state ("" for all) behind the key `after`; a key that is none begins at the first."""
    query = select(Finding).where(Finding.contest_id == contest_id)
    if state:
        query = query.where(Finding.state == state)
    severity, _, last = after.partition("-")
    if _is_number(severity) and _is_number(last):
        graver, known = int(severity), int(last)
        query = query.where(or_(Finding.severity < graver, and_(Finding.severity == graver, Finding.id > known)))
    rows = db.session.scalars(query.order_by(Finding.severity.desc(), Finding.id).limit(PAGE + 1)).all()
    found, more = rows[:PAGE], len(rows) > PAGE
    return FindingPage(found, f"{found[-1].severity}-{found[-1].id}" if more else "")


def findings_by_state(contest_id: int) -> dict[str, int]:
    """How many findings are in each state."""
    rows = db.session.execute(
        select(Finding.state, func.count(Finding.id)).where(Finding.contest_id == contest_id).group_by(Finding.state)
    )
    return {row[0]: row[1] for row in rows}


def get_finding(contest_id: int, public_id: str) -> Finding:
    """A finding of this contest. Raises NotFound."""
    found = db.session.scalar(select(Finding).where(Finding.contest_id == contest_id, Finding.public_id == public_id))
    if found is None:
        raise NotFound(public_id)
    return found


@dataclass(frozen=True, slots=True)
class Part:
    """Which ballots of a finding are meant: those of whom a trace says all of this; all without any.

    `since` and `until` are hours of casting, half-open. `sample`: so many of them by lot, 0 for all.
    """

    channel: str = ""
    family: str = ""
    network: str = ""
    device: str = ""
    domain: str = ""
    unit: str = ""  # its code
    since: datetime | None = None
    until: datetime | None = None
    sample: int = 0

    def as_said(self) -> dict[str, Any]:
        """What is narrowed, for the record."""
        said = {name: value for name, value in asdict(self).items() if value}
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in said.items()}


def ballots_of(finding: Finding, part: Part) -> Select[int, str]:
    """Row id and number of a finding's ballots in a part (its `sample` is drawn by `drawn`)."""
    query = (
        select(Ballot.id, Ballot.ballot_id)
        .join(FindingBallot, FindingBallot.ballot_id == Ballot.id)
        .where(FindingBallot.finding_id == finding.id)
    )
    traced: list[ColumnElement[bool]] = [
        getattr(VoterTrace, name) == value
        for name in ("channel", "family", "network", "device", "domain")
        if (value := getattr(part, name))
    ]
    if part.unit:
        traced.append(VoterTrace.unit_id == select(Unit.id).where(Unit.code == part.unit).scalar_subquery())
    if traced:
        query = query.where(exists().where(VoterTrace.voter_id == Ballot.voter_id, *traced))
    if part.since is not None:
        query = query.where(Ballot.cast_at >= part.since)
    if part.until is not None:
        query = query.where(Ballot.cast_at < part.until)
    return query.order_by(Ballot.id)


def drawn(rows: Sequence[tuple[int, str]], number: int, seed: str) -> list[tuple[int, str]]:
    """`number` of these rows by a lot that `seed` decides, so that it can be drawn again; all when 0."""
    if not number or number >= len(rows):
        return list(rows)
    return sorted(nsmallest(number, rows, key=lambda row: sha256(f"{seed}\n{row[1]}".encode()).digest()))


class Sampled(NamedTuple):
    """A ballot as the review desk may look at it: coarse facts, never its choices."""

    number: str
    hour: datetime
    revision: int
    channel: str
    family: str
    device: str
    domain: str
    code_seconds: int | None
    set_aside: bool


def sample_of(finding: Finding, seed: str) -> list[Sampled]:
    """Some ballots of a finding by lot."""
    rows = [(row[0], row[1]) for row in db.session.execute(ballots_of(finding, Part()).limit(LOOKED_AT))]
    ids = [row[0] for row in drawn(rows, SAMPLED, f"{finding.public_id}:{seed}")]
    if not ids:
        return []
    latest = (
        select(func.max(VoterTrace.id))
        .where(VoterTrace.voter_id == Ballot.voter_id)
        .correlate(Ballot)
        .scalar_subquery()
    )
    found = db.session.execute(
        select(Ballot, VoterTrace, is_set_aside(Ballot.id))
        .outerjoin(VoterTrace, VoterTrace.id == latest)
        .where(Ballot.id.in_(ids))
        .order_by(Ballot.cast_at, Ballot.id)
    ).all()
    return [_sampled(ballot, trace, set_aside=bool(aside)) for ballot, trace, aside in found]


def _sampled(ballot: Ballot, trace: VoterTrace | None, *, set_aside: bool) -> Sampled:
    return Sampled(
        shown_number(ballot.ballot_id),
        ballot.cast_at.replace(minute=0, second=0, microsecond=0),
        ballot.revision,
        trace.channel if trace is not None else ("paper" if ballot.batch_id else ""),
        trace.family if trace is not None else "",
        trace.device[:6] if trace is not None else "",
        trace.domain if trace is not None else "",
        trace.code_seconds if trace is not None else None,
        set_aside,
    )


def shown_number(ballot_id: str) -> str:
    """A ballot's number in groups of four, as receipts write it."""
    return "-".join(ballot_id[at : at + 4] for at in range(0, len(ballot_id), 4))


# Batches


class SettingPage(NamedTuple):
    """One page of batches, the latest first; `after`: the key of the next one."""

    settings: Sequence[Setting]
    after: str


def settings_of(contest_id: int, after: str = "", finding: Finding | None = None) -> SettingPage:
    """Batches of a contest, or about one finding, behind the key `after`."""
    query = (
        select(Setting)
        .where(Setting.contest_id == contest_id)
        .options(joinedload(Setting.proposer), joinedload(Setting.decider), joinedload(Setting.finding))
    )
    if finding is not None:
        query = query.where(Setting.finding_id == finding.id)
    if _is_number(after):
        query = query.where(Setting.id < int(after))
    rows = db.session.scalars(query.order_by(Setting.id.desc()).limit(PAGE + 1)).all()
    found = rows[:PAGE]
    return SettingPage(found, str(found[-1].id) if len(rows) > PAGE else "")


def waiting_settings(contest_id: int) -> Sequence[Setting]:
    """Batches that wait for a second person, the oldest first (no more than are read at a sitting)."""
    return db.session.scalars(
        select(Setting)
        .where(Setting.contest_id == contest_id, Setting.state == "proposed")
        .options(joinedload(Setting.proposer), joinedload(Setting.finding))
        .order_by(Setting.id)
        .limit(PAGE)
    ).all()


def count_waiting(contest_id: int) -> int:
    """How many batches wait for a second person: results are not worked out before."""
    query = select(func.count(Setting.id)).where(Setting.contest_id == contest_id, Setting.state == "proposed")
    return db.session.scalar(query) or 0


def get_setting(contest_id: int, public_id: str) -> Setting:
    """A batch of this contest. Raises NotFound."""
    found = db.session.scalar(
        select(Setting)
        .where(Setting.contest_id == contest_id, Setting.public_id == public_id)
        .options(joinedload(Setting.proposer), joinedload(Setting.decider), joinedload(Setting.finding))
        .options(joinedload(Setting.undoes))
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(public_id)
    return found


def undone_by(setting: Setting) -> Sequence[Setting]:
    """Batches that admit ballots of this one again, in order."""
    return db.session.scalars(
        select(Setting)
        .where(Setting.undoes_id == setting.id)
        .options(joinedload(Setting.proposer))
        .order_by(Setting.id)
    ).all()


def standing_in(setting: Setting) -> int:
    """How many ballots of a batch are set aside now."""
    query = (
        select(func.count())
        .select_from(SettingBallot)
        .where(SettingBallot.setting_id == setting.id, is_set_aside(SettingBallot.ballot_id))
    )
    return db.session.scalar(query) or 0


class NumberPage(NamedTuple):
    """Numbers of ballots of a batch, each with whether it is set aside now."""

    numbers: Sequence[tuple[str, bool]]
    after: str


def numbers_of(setting: Setting, after: str = "") -> NumberPage:
    """The ballots of a batch in the order of their numbers, behind the key `after`: the number before."""
    query = (
        select(Ballot.ballot_id, is_set_aside(Ballot.id))
        .join(SettingBallot, SettingBallot.ballot_id == Ballot.id)
        .where(SettingBallot.setting_id == setting.id)
    )
    if after:
        query = query.where(Ballot.ballot_id > after[:16])
    rows = db.session.execute(query.order_by(Ballot.ballot_id).limit(4 * PAGE + 1)).all()
    found = [(str(row[0]), bool(row[1])) for row in rows[: 4 * PAGE]]
    return NumberPage(found, found[-1][0] if len(rows) > 4 * PAGE else "")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 15
