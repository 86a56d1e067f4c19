"""What is opened of a vote: not a byte before the announced instant, and afterwards exactly what a check confirms."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from contest.core.db import db
from contest.core.web.keys import log_signer
from contest.results.models import ResultSet
from contest.voting.receipts import receipt_of
from tests.factories.counted import make_counted
from tests.factories.results import approve_as, compute, decide, judge_finalists, make_world, publish
from tests.factories.voting import start_log, vote

PROGRAM = Path(__file__).resolve().parents[2] / "static" / "verify" / "verify_ballots.py"
FILES = ("key.txt", "checkpoints.txt", "log.jsonl", "openings.jsonl", "result.json")
OPENED = ("openings.jsonl", "result.json", "tat-ca.zip")


@pytest.fixture
def world(app):
    return make_counted()


def address(world, name):
    return f"/cuoc-thi/{world.contest.slug}/so-phieu/{name}"


def download(client, world, folder):
    folder.mkdir()
    for name in FILES:
        response = client.get(address(world, name))
        assert response.status_code == 200, name
        (folder / name).write_bytes(response.data)
    return folder


def verify(folder, *more):
    return subprocess.run(
        [sys.executable, "-I", "-S", str(PROGRAM), str(folder), *more], capture_output=True, text=True, check=False
    )


def at_the_announcement(world, clock):
    clock.instant = world.official_at


def test_what_is_published_is_what_a_check_finds(app, client, clock, tmp_path):
    world = make_counted(more=190)
    publish(world)
    at_the_announcement(world, clock)
    folder = download(client, world, tmp_path / "vote")
    done = verify(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads((folder / "result.json").read_bytes())
    tally = told["tally"]
    assert (tally["cast"], tally["paper"], tally["lapsed"], tally["valid"]) == (216, 2, 4, 210)
    assert tally["set_aside"] == {"automated": 1, "duplicate_identity": 1}
    won = world.entries["Bến đò đêm"].public_id
    assert (told["winners"], told["awarded"], told["departs"]) == ([won], [won], [])
    assert tally["votes"][won] == max(tally["votes"].values()) == 190 + 9 + 2
    assert "ALL OF IT HOLDS" in done.stdout
    page = client.get(f"/cuoc-thi/{world.contest.slug}/ket-qua").get_data(as_text=True)
    for figure in (216, 210, 201):
        assert f">{figure}<" in page, figure


def test_all_of_it_in_one_file(client, clock, world, tmp_path):
    publish(world)
    at_the_announcement(world, clock)
    response = client.get(address(world, "tat-ca.zip"))
    assert response.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(response.data)) as opened:
        assert sorted(opened.namelist()) == sorted(FILES)
        for name in FILES:
            assert opened.read(name) == client.get(address(world, name)).data
    (tmp_path / "vote.zip").write_bytes(response.data)
    assert verify(tmp_path / "vote.zip").returncode == 0


def test_ones_own_receipt_holds(client, clock, world, tmp_path):
    contest = world.contest
    signer = log_signer(contest.slug, contest.public_id)
    receipt = receipt_of(contest=contest, voter_id=world.voters[5], scope="contest", signer=signer)
    publish(world)
    at_the_announcement(world, clock)
    (tmp_path / "receipt.json").write_text(json.dumps(receipt.said), "utf-8")
    done = verify(download(client, world, tmp_path / "vote"), "--receipt", str(tmp_path / "receipt.json"))
    assert done.returncode == 0, done.stdout
    assert "is in the log" in done.stdout


@pytest.mark.parametrize("name", OPENED)
def test_nothing_is_opened_before_the_instant(client, clock, world, name):
    unknown = address(world, name).replace(world.contest.slug, "khong-co")
    hidden = client.get(address(world, name))
    assert hidden.status_code == 404
    publish(world)
    for early in (timedelta(microseconds=1), timedelta(days=2)):
        clock.instant = world.official_at - early
        found, nothing = client.get(address(world, name)), client.get(unknown)
        assert found.status_code == nothing.status_code == 404
        assert found.data.replace(world.contest.slug.encode(), b"") == nothing.data.replace(b"khong-co", b"")
        assert client.head(address(world, name)).status_code == 404
    at_the_announcement(world, clock)
    assert client.get(address(world, name)).status_code == 200
    assert client.head(address(world, name)).status_code == 200


@pytest.mark.parametrize("name", OPENED)
def test_one_approval_opens_nothing(client, clock, world, name):
    compute(world)
    decide(world)
    approve_as(world, world.first, world.ready_at)
    at_the_announcement(world, clock)
    assert client.get(address(world, name)).status_code == 404


def test_results_that_are_prepared_again_are_published_again(client, clock, world, tmp_path):
    """A result set that was superseded is public no more, and its files with it."""
    publish(world)
    at_the_announcement(world, clock)
    before = client.get(address(world, "result.json"))
    found = db.session.scalars(select(ResultSet).where(ResultSet.superseded_at.is_(None))).one()
    found.superseded_at = clock.instant
    db.session.commit()
    for name in OPENED:
        assert client.get(address(world, name)).status_code == 404
    compute(world, clock.instant)
    db.session.commit()
    assert client.get(address(world, "result.json")).status_code == 404
    decide(world, clock.instant)
    for person in (world.first, world.second):
        approve_as(world, person, clock.instant)
    after = client.get(address(world, "result.json"))
    assert after.data == before.data
    assert after.headers["ETag"] != before.headers["ETag"]
    assert verify(download(client, world, tmp_path / "vote")).returncode == 0


def test_who_has_a_file_is_not_sent_it_again(client, clock, world):
    publish(world)
    at_the_announcement(world, clock)
    first = client.get(address(world, "openings.jsonl"))
    again = client.get(address(world, "openings.jsonl"), headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


def test_a_contest_whose_log_is_not_closed_opens_nothing(client, clock, app):
    world = make_world(0)
    judge_finalists(world, {"Đồi cằn trổ hoa": 90, "Con kinh sạch": 85})
    start_log(world.contest)
    vote(world.contest, list(world.entries.values())[:1])
    publish(world)
    at_the_announcement(world, clock)
    assert client.get(f"/cuoc-thi/{world.contest.slug}/ket-qua").status_code == 200
    for name in OPENED:
        assert client.get(address(world, name)).status_code == 404


def test_openings_tell_nothing_of_who_or_when(client, clock, world):
    publish(world)
    at_the_announcement(world, clock)
    lines = client.get(address(world, "openings.jsonl")).data.splitlines()
    assert len(lines) == 24
    assert all(json.loads(line).keys() == {"ballot", "choices", "revision", "salt"} for line in lines)
    numbers = [json.loads(line)["ballot"] for line in lines]
    assert numbers == sorted(numbers)
    aside = {world.casts[1].ballot_id, world.casts[4].ballot_id}
    assert not aside & set(numbers)
