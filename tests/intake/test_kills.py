"""A bundle whose import is killed twice: none of its entries lost, none doubled (INTAKE_LINES=300 for a long one)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select, update

from contest.core.db import db
from contest.entries.models import Entry, Receipt
from contest.intake import bundles
from contest.intake.models import Bundle, BundleLine
from tests.conftest import VIETNAM
from tests.factories import make_contest, make_officer, make_unit, make_user
from tests.factories.entries import words
from tests.intake.test_bundles import cells, release, send, work, zip_of

ROOT = Path(__file__).parents[2]
LINES = int(os.environ.get("INTAKE_LINES", "100"))
WHEN = datetime(2027, 6, 1, 9, tzinfo=VIETNAM)


def line(number: int) -> dict[str, str]:
    """A short story of contest 2, category B, which needs no photo."""
    no_photo = dict.fromkeys(("photos", "captions", "photographer", "photo_people", "photo_consent"), "")
    deed = {"deed_place": "bản Lim", "deed_time": "tháng 3/2026"}
    return cells(number, category="B", text=f"Chuyện thứ {number}. " + words(200), **no_photo, **deed)


def start(app) -> subprocess.Popen[str]:
    settings = app.config["SETTINGS"]
    arguments = [str(settings.data_dir), app.config["SQLALCHEMY_DATABASE_URI"], WHEN.isoformat()]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.intake.bundle_worker", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def kill_at(app, bundle_id: int, done: int) -> int:
    """Let a process import until at least `done` lines are through, then kill -9 it; how many it had done."""
    process = start(app)
    try:
        until = time.monotonic() + 120
        while counted(bundle_id) < done and process.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        assert process.poll() is None, "it was to be killed while at work"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)
        if process.stdout:
            process.stdout.close()
    # The claim of a dead process lapses after two minutes; they are not waited for here.
    db.session.rollback()
    db.session.execute(update(Bundle).values(claimed_until=None))
    db.session.commit()
    return counted(bundle_id)


def counted(bundle_id: int) -> int:
    db.session.rollback()
    return (
        db.session.scalar(
            select(func.count(BundleLine.id)).where(BundleLine.bundle_id == bundle_id, BundleLine.state == "imported")
        )
        or 0
    )


def test_two_kills_lose_and_double_nothing(app, clock):
    clock.instant = WHEN
    contest, unit = make_contest(1), make_unit("xã Khe Ngọn")
    officer = make_user("Cán Bộ Xã")
    make_officer(unit, officer)
    bundle_id = send(contest, unit, officer, zip_of([line(number) for number in range(1, LINES + 1)]))
    bundle = work(bundle_id)
    states = Counter(each.state for each in db.session.query(BundleLine))
    assert states == {"ready": LINES}, [each.problems for each in db.session.query(BundleLine).limit(3)]
    release(bundle_id, officer)
    first = kill_at(app, bundle_id, LINES // 7)
    second = kill_at(app, bundle_id, first + LINES // 5)
    assert LINES // 7 <= first < second < LINES
    bundle = work(bundle_id)
    assert (bundle.state, bundle.done, bundle.total) == (bundles.IMPORTED, LINES, LINES)
    titles = db.session.scalars(select(Entry.title)).all()
    assert Counter(titles) == {f"Người giữ rừng {number}": 1 for number in range(1, LINES + 1)}
    # Each line, entry and receipt belong together, whoever had begun them.
    for each in db.session.query(BundleLine):
        receipt = db.session.scalar(select(Receipt).where(Receipt.code == each.receipt_code))
        assert receipt is not None and receipt.entry_id == each.entry_id
    assert db.session.query(Receipt).count() == LINES
