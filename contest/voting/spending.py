"""What codes by text message cost, and how many may be asked for: counted in the database, within caps.

Each limit is one statement that raises a count only while it stays within the limit. Whoever comes
at the same time waits for the row and is counted after it: fifty at once never pass a cap. Rows are
raised in one order (network, range, spending), so that no two requests wait for each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import CursorResult, case, update

from contest.core.config import SmsLimits
from contest.core.db import db
from contest.core.errors import N_, Refused
from contest.core.formats import local
from contest.voting.identity import inserting
from contest.voting.models_review import CodeRate, SmsCost, SmsSpending

# GSM 03.38: the letters of a text message in seven bits; those of the second line take two places.
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWO = frozenset("\f^{}\\[~]|€")
GSM_7, UCS_2 = "GSM-7", "UCS-2"


@dataclass(frozen=True, slots=True)
class Length:
    """How a text travels: in which letters, how many places it takes, in how many parts it is charged."""

    letters: str
    places: int
    parts: int


def length_of(text: str) -> Length:
    """A text message as operators count it: 160 places or 153 a part in GSM-7, 70 or 67 in UCS-2.

    One letter with a mark (ă, ơ, ế, đ) makes the whole text UCS-2. A pair that must not be parted
    (an escaped letter, a surrogate pair) moves to the next part as a whole.
    """
    seven = all(char in _GSM or char in _GSM_TWO for char in text)
    sizes = [2 if (char in _GSM_TWO if seven else ord(char) > 0xFFFF) else 1 for char in text]
    places, alone, together = sum(sizes), 160 if seven else 70, 153 if seven else 67
    if places <= alone:
        return Length(GSM_7 if seven else UCS_2, places, 1)
    parts, filled = 1, 0
    for size in sizes:
        if filled + size > together:
            parts, filled = parts + 1, 0
        filled += size
    return Length(GSM_7 if seven else UCS_2, places, parts)


def cost_of(parts: int, limits: SmsLimits) -> int:
    """What a message of so many parts costs, in dong."""
    return parts * limits.part_vnd


def count_request(*, contest_id: int, network: str, prefix: str, limits: SmsLimits, wall: datetime) -> None:
    """Count a request for a code by its network and, by phone, its range of numbers. Raises Refused.

    Every request counts, whatever comes of it, so that a refusal says nothing about a contact.
    """
    if not _raise_rate(contest_id, network, wall, limits.network_hour):
        raise Refused(
            N_(
                "Very many codes were asked for from your network in this hour. Please try again in the next hour, or "
                "by another network. Your choices are kept."
            ),
            code="network_limit",
        )
    if prefix and not _raise_rate(contest_id, prefix, wall, limits.prefix_hour):
        raise Refused(
            N_(
                "Very many codes were asked for by numbers that begin like yours in this hour. Please try again in the "
                "next hour. Your choices are kept."
            ),
            code="prefix_limit",
        )


def _raise_rate(contest_id: int, subject: str, wall: datetime, most: int) -> bool:
    connection = db.session.connection()
    hour = wall.replace(minute=0, second=0, microsecond=0)
    raised = (
        inserting(connection.dialect.name, CodeRate)
        .values(contest_id=contest_id, subject=subject, hour=hour, asked=1)
        .on_conflict_do_update(
            index_elements=["contest_id", "subject", "hour"],
            set_={"asked": CodeRate.asked + 1},
            where=CodeRate.asked < most,
        )
        .returning(CodeRate.asked)
    )
    return connection.execute(raised).scalar() is not None


def charge(*, contest_id: int, prefix: str, parts: int, limits: SmsLimits, now: datetime, really: bool = True) -> None:
    """Add a message to what the contest has spent. Raises Refused, and adds nothing, beyond a cap.

    Not `really`: the same statements and the same refusal, and nothing is added.
    """
    cost = cost_of(parts, limits)
    today = local(now).date()
    connection = db.session.connection()
    insert_row = inserting(connection.dialect.name, SmsSpending).values(
        contest_id=contest_id, spent_vnd=0, day=today, day_vnd=0
    )
    connection.execute(insert_row.on_conflict_do_nothing())
    if not _spend(contest_id, cost, cost if really else 0, today, limits):
        raise Refused(
            N_(
                "Codes by text message are used up for the moment: the organisers have been told and can allow more. "
                "Your choices are kept. Please come back later: the vote stays open until its closing time."
            ),
            code="sms_budget",
        )
    added = int(really)
    _add_to_day(contest_id, today, prefix, messages=added, parts=added * parts, cost_vnd=added * cost)


def _spend(contest_id: int, cost: int, added: int, today: date, limits: SmsLimits) -> bool:
    """Raise both sums while `cost` still fits under both caps; False when it does not."""
    # A request that began before midnight must not put the day back.
    so_far = case((SmsSpending.day >= today, SmsSpending.day_vnd), else_=0)
    spent = db.session.connection().execute(
        update(SmsSpending)
        .where(
            SmsSpending.contest_id == contest_id,
            SmsSpending.spent_vnd + cost <= limits.contest_vnd,
            so_far + cost <= limits.day_vnd,
        )
        .values(
            spent_vnd=SmsSpending.spent_vnd + added,
            day_vnd=so_far + added,
            day=case((SmsSpending.day >= today, SmsSpending.day), else_=today),
        )
    )
    return _rows(spent) == 1


def count_confirmed(*, contest_id: int, prefix: str, day: date) -> None:
    """One of the codes that were sent on `day` to this range of numbers has been typed."""
    _add_to_day(contest_id, day, prefix, confirmed=1)


def _add_to_day(contest_id: int, day: date, prefix: str, **added: int) -> None:
    connection = db.session.connection()
    row = {"messages": 0, "parts": 0, "cost_vnd": 0, "confirmed": 0} | added
    connection.execute(
        inserting(connection.dialect.name, SmsCost)
        .values(contest_id=contest_id, day=day, prefix=prefix, **row)
        .on_conflict_do_update(
            index_elements=["contest_id", "day", "prefix"],
            set_={name: getattr(SmsCost, name) + value for name, value in added.items()},
        )
    )


def _rows(result: object) -> int:
    return result.rowcount if isinstance(result, CursorResult) else 0


def share(part: int, whole: int) -> int:
    """`part` of `whole` in per cent, rounded down; 0 of nothing."""
    return part * 100 // whole if whole else 0
