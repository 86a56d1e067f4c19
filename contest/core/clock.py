"""The only reader of the system clock.

Two times are told apart. *Contest time* drives deadlines, phases and publication; the demo may
move it forward. *Wall time* drives what belongs to the machine: sessions, one-time codes, retries.
A request or task reads its time once and passes it on as `now`; services never come here.
"""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """Turns an instant of the machine into contest time; both aware, in UTC."""

    def at(self, wall: datetime) -> datetime: ...


# How far this machine's clock is behind the database's; see `db.keep_time`. Nothing on SQLite: one machine has all.
_behind = [timedelta(0)]


def machine() -> datetime:
    """What this machine's clock says, an aware instant in UTC."""
    return datetime.now(UTC)


def wall() -> datetime:
    """The time by which machines that share a database agree, an aware instant in UTC."""
    return machine() + _behind[0]


def agree(behind: timedelta) -> None:
    """Count this machine's clock as so far behind the time that all agree on."""
    _behind[0] = behind


class SystemClock:
    """Contest time is the machine's time: every site but a demonstration."""

    def at(self, wall: datetime) -> datetime:
        return wall


class MovableClock:
    """Contest time of a demonstration: the machine's time shifted, forward only.

    The shift lives in a small file, so that a restart and every worker agree on it.
    """

    def __init__(self, path: Path, start: datetime | None) -> None:
        self._path = path
        if not path.exists():
            self._write(start - wall() if start else timedelta(0))

    def at(self, wall: datetime) -> datetime:
        return wall + self._shift()

    def advance_to(self, target: datetime) -> bool:
        """Move forward to `target`; False when it already lies in the past."""
        machine = wall()
        if target <= self.at(machine):
            return False
        self._write(target - machine)
        return True

    def start_at(self, instant: datetime) -> None:
        """Put contest time to `instant`, backwards too: when a tour begins, or begins again."""
        self._write(instant - wall())

    def _shift(self) -> timedelta:
        return timedelta(microseconds=int(self._path.read_text("ascii")))

    def _write(self, shift: timedelta) -> None:
        # Replaced in one step, so that a reader never meets half a number.
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._path.parent)
        with os.fdopen(handle, "w") as file:
            file.write(str(shift // timedelta(microseconds=1)))
        Path(name).replace(self._path)


class StillClock:
    """Contest time that stands where it is put: for tests and for playing back a script."""

    def __init__(self, instant: datetime) -> None:
        self.instant = instant

    def at(self, wall: datetime) -> datetime:
        return self.instant


_running: list[Clock] = [SystemClock()]


def use(clock: Clock) -> None:
    """Make `clock` the one that this process tells contest time by."""
    _running[0] = clock


def at(instant: datetime) -> datetime:
    """Contest time at the machine's instant `instant`."""
    return _running[0].at(instant)


def now() -> datetime:
    """Contest time now."""
    return at(wall())
