"""Hundreds of certificates whose makers are killed in the middle: each is made, none twice (PAPERS=500 for many)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pypdfium2
from sqlalchemy import select, update

from contest.core.db import db
from contest.core.web.files import file_store
from contest.papers import certificates
from contest.papers.models import PaperJob
from contest.results.models import ResultSet
from contest.results.models_after import UnitAward
from tests.factories import make_unit
from tests.factories.results import make_results, publish
from tests.papers.test_papers import ask, find, work

ROOT = Path(__file__).parents[2]
PAPERS = int(os.environ.get("PAPERS", "150"))


def start(app, world) -> subprocess.Popen[bytes]:
    settings = app.config["SETTINGS"]
    arguments = [str(settings.data_dir), app.config["SQLALCHEMY_DATABASE_URI"], world.ready_at.isoformat()]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.papers.paper_worker", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def kill_at(app, world, public_id: str, done: int) -> None:
    """Let a process make papers until at least `done` are made, then kill -9 it."""
    process = start(app, world)
    try:
        until = time.monotonic() + 120
        while find(public_id).done < done and process.poll() is None and time.monotonic() < until:
            db.session.rollback()
            time.sleep(0.01)
        assert process.poll() is None, "it was to be killed while at work"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)
    # The claim of a dead process lapses after two minutes; they are not waited for here.
    db.session.rollback()
    db.session.execute(update(PaperJob).values(claimed_until=None))
    db.session.commit()


def test_two_kills_lose_and_double_nothing(app):
    world = make_results()
    publish(world)
    result_set = db.session.scalars(select(ResultSet)).one()
    prize = next(each for each in world.contest.rules.prizes if each.to == "unit")
    for place in range(PAPERS):
        unit = make_unit(f"xã Thứ {place}")
        db.session.add(
            UnitAward(
                result_set_id=result_set.id, position=100 + place, prize_id=prize.id, unit=unit, amount_vnd=0, why=[]
            )
        )
    db.session.commit()
    public_id = ask(world)
    kill_at(app, world, public_id, 1)
    first = find(public_id).parts[0]
    kill_at(app, world, public_id, 51)
    work()
    job = find(public_id)
    assert (job.state, job.done, job.parts[0]) == ("done", job.total, first)
    told = ""
    pages = 0
    for key in job.parts:
        document = pypdfium2.PdfDocument(file_store().read(key))
        pages += len(document)
        told += "".join(page.get_textpage().get_text_range() for page in document)
    assert pages == job.total
    for certificate in certificates.of_contest(world.contest.id):
        assert told.count(f"Số: {certificates.numbered(certificate)}") == 1
