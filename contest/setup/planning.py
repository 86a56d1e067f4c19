"""A timetable planned backwards from the announcement, by working-day minimums, and what is too tight. Pure.

A step that lasts is given the latest working days that still leave each following step its own. Days
are told apart as working days by the caller's calendar; the announcement falls on its anniversary,
working day or not. Minimums are what practice asks for, and an organiser may change each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Literal

from contest.core.formats import VIET_NAM

IsWorkingDay = Callable[[date], bool]
FindingKind = Literal["short", "gap", "day_off", "past"]

# How many working days each step needs, its first and its last one counted; instants need none.
MINIMUMS: Final[Mapping[str, int]] = {
    "submission": 45,
    "paper_arrival": 4,
    "paper_keyed": 3,
    "screening": 5,
    "verification": 10,
    "prelim": 10,
    "remarks": 5,
    "final": 8,
    "voting": 10,
    "vote_audit": 3,
    "council": 1,
    "provisional": 5,
    "complaints": 10,
}
# Whole working days between the end of one step and the beginning of another.
LEADS: Final[Mapping[tuple[str, str], int]] = {
    ("issue", "launch"): 3,
    ("submission", "screening"): 0,
    ("submission", "verification"): 0,
    ("submission", "paper_arrival"): 0,
    ("submission", "paper_keyed"): 0,
    ("paper_arrival", "prelim"): 0,
    ("paper_keyed", "prelim"): 0,
    ("screening", "prelim"): 0,
    ("verification", "shortlist"): 1,
    ("prelim", "shortlist"): 1,
    ("final", "council"): 1,
    ("voting", "vote_audit"): 0,
    ("vote_audit", "council"): 0,
    ("remarks", "council"): 0,
    ("council", "provisional"): 1,
    ("council", "decision"): 3,
    ("provisional", "decision"): 1,
    ("decision", "announce"): 2,
}
# Begin on the same day as the step before them.
_TOGETHER: Final = (("launch", "submission"), ("shortlist", "final"), ("shortlist", "voting"), ("shortlist", "remarks"))
# Where authors are named during the vote, the marks are locked before it opens.
_LOCKED_FIRST: Final = ("final", "voting")
# From the announcement back: each step stands after all that follow it.
_BACKWARDS: Final = (
    "decision",
    "provisional",
    "council",
    "vote_audit",
    "voting",
    "final",
    "remarks",
    "shortlist",
    "prelim",
    "verification",
    "screening",
    "paper_keyed",
    "paper_arrival",
    "submission",
    "launch",
    "issue",
)
_TAILS: Final = frozenset({"paper_arrival", "paper_keyed"})  # open with submission, end some days after it
_OPENS, _CLOSES, _ISSUED = time(8), time(17), time(9)
_CEREMONY_AFTER, _CEREMONY_LASTS = timedelta(minutes=30), timedelta(minutes=150)
_FARTHEST = 3660


class NoPlan(ValueError):
    """The calendar has too few working days to plan by, or the days lie out of range."""


@dataclass(frozen=True, slots=True)
class Slot:
    """When a step takes place; `opens == closes` for an instant. `days`: its working days."""

    key: str
    opens: datetime
    closes: datetime
    days: int

    @property
    def last(self) -> datetime:
        """The last moment that belongs to it: what closes at midnight ends on the day before."""
        return self.closes - timedelta(microseconds=1) if self.closes > self.opens else self.closes


@dataclass(frozen=True, slots=True)
class Plan:
    """The latest timetable that leaves every step its minimum. `late_by`: working days that are missing."""

    slots: Mapping[str, Slot]
    late_by: int

    @property
    def fits(self) -> bool:
        """Whether the first step still lies ahead."""
        return not self.late_by


@dataclass(frozen=True, slots=True)
class Finding:
    """What is too tight or falls on an awkward day.

    short: the step `has` fewer working days than it `needs`; gap: so has the time before `other`;
    day_off: `day` is no working day; past: `day` has passed.
    """

    key: str
    kind: FindingKind
    has: int = 0
    needs: int = 0
    other: str = ""
    day: date | None = None


def plan_back(
    announce: datetime,
    keys: Collection[str],
    is_working_day: IsWorkingDay,
    *,
    today: date,
    minimums: Mapping[str, int] = MINIMUMS,
    locked_before_vote: bool = False,
    ceremony: datetime | None = None,
) -> Plan:
    """The timetable of the steps `keys`, as late as it can be. Raises NoPlan.

    `announce` is an aware instant; `minimums` are working days, 1 at least for what lasts. The ceremony
    begins half an hour after the announcement, or at `ceremony`.
    """
    on = announce.astimezone(VIET_NAM).date()
    starts: dict[str, date] = {"announce": on}
    ends: dict[str, date] = {"announce": on}
    present = {*keys, "announce"}
    for key in _BACKWARDS:
        if key not in present:
            continue
        limits = [
            _before(starts[other], lead + 1, is_working_day)
            for other, lead in _following(key, present, locked_before_vote)
        ]
        limits += [
            _at_or_before(starts[other], is_working_day)
            for first, other in _TOGETHER
            if first == key and other in present
        ]
        ends[key] = min(limits) if limits else _before(on, 1, is_working_day)
        days = max(1, minimums.get(key, MINIMUMS[key])) if key in MINIMUMS else 1
        starts[key] = _before(ends[key], days - 1, is_working_day) if days > 1 else ends[key]
    slots = {key: _slot(key, starts[key], ends[key], is_working_day) for key in ends if key != "announce"}
    if "submission" in slots:
        opened = slots["submission"]
        for key in _TAILS & slots.keys():
            slots[key] = _slot(key, opened.opens.date(), ends[key], is_working_day)
        if "paper_postmark" in present:
            slots["paper_postmark"] = Slot("paper_postmark", opened.opens, opened.closes, opened.days)
    slots["announce"] = Slot("announce", announce, announce, 0)
    slots |= _afterwards(announce, present, is_working_day, minimums, ceremony)
    first = min((slot.opens.astimezone(VIET_NAM).date() for slot in slots.values()), default=on)
    late = _count(first, today, is_working_day) if first < today else 0
    return Plan({key: slots[key] for key in sorted(slots, key=lambda key: slots[key].opens)}, max(late, first < today))


def earliest_announcement(
    announce: datetime,
    keys: Collection[str],
    is_working_day: IsWorkingDay,
    *,
    today: date,
    minimums: Mapping[str, int] = MINIMUMS,
    locked_before_vote: bool = False,
) -> datetime:
    """The first working day, at the hour of `announce`, for which a plan fits. Raises NoPlan."""
    hour = announce.astimezone(VIET_NAM).timetz()

    def fits(day: date) -> bool:
        at = datetime.combine(day, hour)
        return plan_back(
            at, keys, is_working_day, today=today, minimums=minimums, locked_before_vote=locked_before_vote
        ).fits

    low, high = 0, _FARTHEST  # a later announcement never has less time
    if not fits(today + timedelta(days=high)):
        raise NoPlan("no announcement within ten years fits")
    while low < high:
        middle = (low + high) // 2
        if fits(today + timedelta(days=middle)):
            high = middle
        else:
            low = middle + 1
    found = today + timedelta(days=low)
    while not is_working_day(found):
        found += timedelta(days=1)
    return datetime.combine(found, hour)


def find_tight(
    slots: Sequence[Slot],
    is_working_day: IsWorkingDay,
    *,
    today: date,
    minimums: Mapping[str, int] = MINIMUMS,
    locked_before_vote: bool = False,
) -> list[Finding]:
    """What in a timetable is too tight, past, or falls on a day off, in the order of the timetable.

    Order itself is the rule set's to check. `Slot.days` is not read.
    """
    by_key = {slot.key: slot for slot in slots}
    found: list[Finding] = []
    for slot in slots:
        key, first, last = slot.key, _day(slot.opens), _last_day(slot)
        if key in MINIMUMS and last >= first:
            needs = max(1, minimums.get(key, MINIMUMS[key]))
            begins = first
            if key in _TAILS and "submission" in by_key:
                begins = _last_day(by_key["submission"]) + timedelta(days=1)
            has = _count(begins, last + timedelta(days=1), is_working_day)
            if has < needs:
                found.append(Finding(key, "short", has, needs))
        for other, lead in _following(key, by_key.keys(), locked_before_vote):
            between = _count(last + timedelta(days=1), _day(by_key[other].opens), is_working_day)
            if lead and between < lead:
                found.append(Finding(key, "gap", between, lead, other))
        found += [Finding(key, "day_off", day=day) for day in dict.fromkeys((first, last)) if not is_working_day(day)]
        if last < today:
            found.append(Finding(key, "past", day=last))
    return found


def _following(key: str, present: Collection[str], locked_before_vote: bool) -> list[tuple[str, int]]:
    """The steps that wait for the end of `key`, each with its lead; those after a step that is left out, too."""
    found: dict[str, int] = {}
    pairs = {**LEADS, **({_LOCKED_FIRST: 0} if locked_before_vote else {})}
    for (first, other), lead in pairs.items():
        if first != key:
            continue
        if other in present:
            found[other] = max(lead, found.get(other, 0))
        else:
            for beyond, its in _following(other, present, locked_before_vote):
                found[beyond] = max(lead, its, found.get(beyond, 0))
            for together, beyond in _TOGETHER:
                if together == other and beyond in present:
                    found[beyond] = max(lead, found.get(beyond, 0))
    return list(found.items())


def _slot(key: str, first: date, last: date, is_working_day: IsWorkingDay) -> Slot:
    if key not in MINIMUMS:
        at = datetime.combine(last, _ISSUED if key == "issue" else _OPENS, VIET_NAM)
        return Slot(key, at, at, 0)
    days = _count(first, last + timedelta(days=1), is_working_day)
    return Slot(key, datetime.combine(first, _OPENS, VIET_NAM), datetime.combine(last, _CLOSES, VIET_NAM), days)


def _afterwards(
    announce: datetime,
    present: Collection[str],
    is_working_day: IsWorkingDay,
    minimums: Mapping[str, int],
    ceremony: datetime | None,
) -> dict[str, Slot]:
    found = {}
    if "ceremony" in present:
        opens = ceremony or announce + _CEREMONY_AFTER
        found["ceremony"] = Slot("ceremony", opens, opens + _CEREMONY_LASTS, 0)
    if "complaints" in present:
        days = max(1, minimums.get("complaints", MINIMUMS["complaints"]))
        last = _step(_day(announce), days, timedelta(days=1), is_working_day)
        found["complaints"] = Slot("complaints", announce, datetime.combine(last, _CLOSES, VIET_NAM), days)
    return found


def _day(at: datetime) -> date:
    return at.astimezone(VIET_NAM).date()


def _last_day(slot: Slot) -> date:
    """The last day of a step; what closes at midnight ends on the day before."""
    if slot.closes > slot.opens:
        return _day(slot.closes - timedelta(microseconds=1))
    return _day(slot.closes)


def _before(day: date, count: int, is_working_day: IsWorkingDay) -> date:
    """The working day that is the `count`-th before `day`."""
    return _step(day, count, timedelta(days=-1), is_working_day)


def _at_or_before(day: date, is_working_day: IsWorkingDay) -> date:
    return day if is_working_day(day) else _before(day, 1, is_working_day)


def _step(day: date, count: int, by: timedelta, is_working_day: IsWorkingDay) -> date:
    left = count
    try:
        for _each in range(_FARTHEST):
            if not left:
                return day
            day += by
            left -= is_working_day(day)
    except OverflowError as error:
        raise NoPlan(str(error)) from error
    raise NoPlan(f"no {count} working days near {day}")


def _count(first: date, end: date, is_working_day: IsWorkingDay) -> int:
    """Working days from `first` up to `end`, which is left out."""
    return sum(is_working_day(first + timedelta(days=each)) for each in range(max(0, (end - first).days)))
