"""Days, hours and numbers of pages as people type them: 05/04/2027 or 2027-04-05, 17:00 or 17h30."""

from __future__ import annotations

import re
from datetime import date, datetime, time

from contest.core.errors import N_, Refused
from contest.core.formats import VIET_NAM

_DAY = re.compile(r"(\d{1,2})\s*[/.\-]\s*(\d{1,2})\s*[/.\-]\s*(\d{4})", re.ASCII)
_HOUR = re.compile(r"(\d{1,2})(?:\s*(?:[:hg]|giờ)\s*(\d{1,2})?)?", re.ASCII)

_PAGE = re.compile(r"\d{1,7}", re.ASCII)


def typed_day(text: str | None, code: str = "day") -> date:
    """The day that was typed. Raises Refused, with `code`, for anything else."""
    typed = (text or "").strip()[:40]
    try:
        if match := _DAY.fullmatch(typed):
            day, month, year = (int(part) for part in match.groups())
            return date(year, month, day)
        return date.fromisoformat(typed)
    except ValueError as error:
        raise Refused(N_("This is not a day. Write it as day/month/year, such as 05/04/2027."), code=code) from error


def typed_page(text: str | None) -> int:
    """The number of a page of a list, from 1; 1 for anything else."""
    return max(1, int(text)) if text and _PAGE.fullmatch(text) else 1


def typed_instant(day: str | None, hour: str | None, code: str = "day") -> datetime:
    """The instant in Viet Nam that was typed as a day and an hour. Raises Refused."""
    on = typed_day(day, code)
    match = _HOUR.fullmatch((hour or "").strip()[:20])
    try:
        if match is None:
            raise ValueError(hour)
        return datetime.combine(on, time(int(match.group(1)), int(match.group(2) or 0)), VIET_NAM)
    except ValueError as error:
        raise Refused(N_("This is not an hour. Write it as 14:30."), code=f"{code}_hour") from error
