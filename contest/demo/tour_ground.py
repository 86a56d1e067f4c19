"""The ground under the tour: preparing it, moving its clock, starting again."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from contest.accounts.passwords import hash_password
from contest.core import clock
from contest.core.clock import MovableClock
from contest.core.config import Settings
from contest.core.db import db, writing
from contest.core.files import DiskStore
from contest.demo import acts_voting, snapshot, stories
from contest.demo.album import Album
from contest.demo.stage import Stage
from contest.demo.tour import DEFAULT_START, Done, play, played_until

PASSWORD = "guong-sang-2027"  # noqa: S105 -- everybody's in the demonstration, and told there
Tell = Callable[[Done], None]


@dataclass(frozen=True)
class Ground:
    """Where a demonstration keeps its data. `album` may be shared; `voters`: readers in each contest."""

    data_dir: Path
    start: datetime
    files: DiskStore
    album: Album
    voters: int = acts_voting.VOTERS

    @property
    def folder(self) -> Path:
        return self.data_dir / "demo"

    @property
    def clock(self) -> MovableClock:
        return MovableClock(self.data_dir / "clock", self.start)

    def stage(self) -> Stage:
        """What a play needs; hashing a password takes a moment, so it is done once for all."""
        return Stage(
            files=self.files,
            album=self.album,
            wall=clock.wall(),
            password_hash=hash_password(PASSWORD),
            voters=self.voters,
        )


def ground_of(settings: Settings, files: DiskStore) -> Ground:
    return Ground(
        data_dir=settings.data_dir,
        start=settings.clock_start or DEFAULT_START,
        files=files,
        album=Album(settings.data_dir / "demo" / "pictures"),
    )


@contextmanager
def _alone(ground: Ground) -> Iterator[None]:
    """One at a time: two visitors must not move the tour at once."""
    ground.folder.mkdir(parents=True, exist_ok=True)
    with (ground.folder / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def is_prepared(ground: Ground) -> bool:
    """Whether the script has been played to the tour's beginning, and that beginning is kept."""
    played = played_until()
    db.session.rollback()
    return played is not None and snapshot.exists(ground.folder)


def prepare(
    ground: Ground, *, tell: Tell = lambda done: None, drawn: Callable[[int], None] = lambda count: None
) -> bool:
    """Fill an empty database up to the tour's beginning; False when that was done before.

    Begun and not finished, it goes on where it stopped. A clock that lost its file is put back.
    """
    with _alone(ground):
        played = played_until()
        db.session.rollback()
        if played is not None and snapshot.exists(ground.folder):
            if clock.now() < played:
                ground.clock.start_at(played)
            return False
        drawn(ground.album.fill(picture for story in stories.stories() for picture in story.pictures))
        if played is None:
            play(ground.stage(), ground.start, tell=tell)
        with writing():
            snapshot.save(db.session.connection(), ground.folder, ground.files.root)
        _write_report(ground, ground.start, [])
        ground.clock.start_at(ground.start)
        return True


def move(ground: Ground, target: datetime) -> list[Done] | None:
    """Play what is due until `target`, then put the clock there; None when that time is past."""
    with _alone(ground):
        if target <= clock.now():
            return None
        prepared = played_until() is not None
        db.session.rollback()
        stage = ground.stage()
        # A contest that somebody fills by hand has no script.
        report = play(stage, target) if prepared else []
        _write_report(ground, target, report, stage.left)
        ground.clock.advance_to(target)
        return report


def start_again(ground: Ground) -> None:
    """Everything as it was at the tour's beginning, the clock too. Everybody is signed out."""
    with _alone(ground):
        with writing():
            snapshot.restore(db.session.connection(), ground.folder, ground.files.root)
        began = played_until()
        db.session.rollback()
        _write_report(ground, began or ground.start, [])
        ground.clock.start_at(began or ground.start)


@dataclass(frozen=True)
class Report:
    """What the demonstration's people did when the clock was last moved to `at`."""

    at: datetime
    done: tuple[Done, ...]
    left: tuple[str, ...] = ()


def _write_report(ground: Ground, at: datetime, done: list[Done], left: list[str] | None = None) -> None:
    content: dict[str, Any] = {
        "at": at.isoformat(),
        "done": [[each.at.isoformat(), each.what, each.count, each.contest] for each in done],
        "left": left or [],
    }
    ground.folder.mkdir(parents=True, exist_ok=True)
    unfinished = ground.folder / "report.new"
    unfinished.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    unfinished.replace(ground.folder / "report.json")


def last_report(ground: Ground) -> Report | None:
    """The report of the last move; None before the first."""
    try:
        content = json.loads((ground.folder / "report.json").read_text("utf-8"))
    except FileNotFoundError:
        return None
    done = tuple(
        Done(datetime.fromisoformat(when), what, count, contest) for when, what, count, contest in content["done"]
    )
    return Report(datetime.fromisoformat(content["at"]), done, tuple(content["left"]))


def summed(report: Report) -> list[Done]:
    """A report for reading: the same act of one contest several times in a row becomes one line."""
    lines: list[Done] = []
    for each in report.done:
        same = next((line for line in lines[-4:] if (line.what, line.contest) == (each.what, each.contest)), None)
        if same is None:
            lines.append(each)
        else:
            lines[lines.index(same)] = Done(each.at, each.what, same.count + each.count, each.contest)
    return lines
