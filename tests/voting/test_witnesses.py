"""Checkpoints that leave the house: by mail, and to a git repository that may be slow, closed or of another mind."""

from __future__ import annotations

import os
import stat
import subprocess
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from contest.core import clock as clocks
from contest.core.config import ConfigError, Witnesses, settings_from
from contest.core.db import db, writing
from contest.outbox.models import Message
from contest.outbox.runner import render
from contest.voting import tasks, witnesses
from contest.voting.log import decide, find_log
from contest.voting.models_log import WitnessReport
from contest.voting.sealing import latest_checkpoint
from contest.voting.witnesses import Push
from tests.factories.voting import during, make_vote, seal_log, vote, voting_window

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def never(contest_id, now):
    return None


def git(folder, *arguments):
    # No settings of whoever runs the tests.
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", "-c", "user.name=T", "-c", "user.email=t@example", *arguments],
        cwd=folder,
        env=env,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


@pytest.fixture
def made(app, clock):
    contest, entries = make_vote()
    clock.instant = during(contest)
    seal_log(contest)
    return contest, entries


@pytest.fixture
def contest(made):
    return made[0]


@pytest.fixture
def entries(made):
    return made[1]


@pytest.fixture
def told(app, monkeypatch):
    """Has the site name witnesses."""

    def name(**given):
        settings = replace(
            app.config["SETTINGS"], witnesses=Witnesses(**{"mail": (), "git": None, "git_url": "", **given})
        )
        monkeypatch.setitem(app.config, "SETTINGS", settings)
        tasks._pushes.clear()

    return name


@pytest.fixture
def repository(tmp_path):
    """A bare repository and a clone of it."""
    bare, clone = tmp_path / "public.git", tmp_path / "clone"
    tmp_path.joinpath("seed").mkdir()
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    git(tmp_path, "clone", "--quiet", str(bare), str(clone))
    git(clone, "commit", "--quiet", "--allow-empty", "-m", "Begin")
    git(clone, "push", "--quiet", "origin", "HEAD:refs/heads/main")
    return bare, clone


def finish(seconds=30):
    """Wait for pushes, which the loop never does."""
    until = time.monotonic() + seconds
    while tasks._pushes and time.monotonic() < until:
        time.sleep(0.05)
        tasks._gather_pushes()
    assert not tasks._pushes


def reports(contest):
    db.session.rollback()
    return db.session.scalars(
        select(WitnessReport)
        .where(WitnessReport.contest_id == contest.id)
        .order_by(WitnessReport.id)
        .execution_options(populate_existing=True)
    ).all()


def mails():
    db.session.rollback()
    return db.session.scalars(select(Message).where(Message.template == "log_checkpoint").order_by(Message.id)).all()


# By mail


def test_a_checkpoint_goes_out_by_mail_at_the_opening_and_once_a_day(contest, entries, clock, told):
    told(mail=("a@bao.example", "b@hoi.example"))
    assert tasks.tell_witnesses(never) == 2
    assert tasks.tell_witnesses(never) == 0
    assert [each.address for each in mails()] == ["a@bao.example", "b@hoi.example"]
    vote(contest, entries[:1])
    seal_log(contest)
    clock.instant += DAY - timedelta(seconds=1)
    assert tasks.tell_witnesses(never) == 0
    clock.instant += timedelta(seconds=1)
    assert tasks.tell_witnesses(never) == 2
    assert [each.size for each in reports(contest)] == [1, 1, 2, 2]
    clock.instant += 3 * DAY
    assert tasks.tell_witnesses(never) == 0  # nothing is new


def test_the_mail_holds_the_checkpoint_as_it_was_signed(contest, told, app):
    told(mail=("a@bao.example",))
    tasks.tell_witnesses(never)
    (message,) = mails()
    sent = render(message)
    assert latest_checkpoint(contest.id).note in sent.body
    assert f"/cuoc-thi/{contest.slug}/so-phieu" in sent.body
    assert "1" in sent.subject


def test_the_close_and_the_announcement_are_told_at_once(contest, entries, clock, told):
    told(mail=("a@bao.example",))
    _, closes = voting_window(contest)
    clock.instant = closes - HOUR
    tasks.tell_witnesses(never)
    clock.instant = closes
    tasks.tend(contest.id, never)
    assert find_log(contest.id).closed_at == closes
    assert tasks.tell_witnesses(never) == 1
    assert tasks.tell_witnesses(never) == 0
    announced = closes + HOUR
    clock.instant = announced
    assert tasks.tell_witnesses(lambda contest_id, now: announced) == 0  # they have the whole log
    with writing() as now:
        decide(contest, now, "void", ballot="2" * 16, reason="automated", role="vote_review")
    seal_log(contest)
    assert tasks.tell_witnesses(lambda contest_id, now: announced) == 1
    assert [each.size for each in reports(contest)] == [1, 2, 3]


def test_two_runners_send_one_mail(contest, told, clock):
    told(mail=("a@bao.example",))
    (due,) = witnesses.due(contest.id, ["mail:a@bao.example"], clock.instant)
    db.session.rollback()
    assert tasks._mail(contest.id, due) == 1
    assert tasks._mail(contest.id, due) == 0
    assert len(mails()) == 1


def test_a_mail_that_was_given_up_is_said_and_tried_again(contest, told, clock):
    told(mail=("a@bao.example",))
    tasks.tell_witnesses(never)
    (message,) = mails()
    message.state, message.error = "failed", "550 no such person"
    db.session.commit()
    assert tasks.note_lost_mail() == 1
    (report,) = reports(contest)
    assert "550" in report.error
    assert tasks.tell_witnesses(never) == 0
    clock.instant += timedelta(minutes=11)
    assert tasks.tell_witnesses(never) == 1
    assert tasks.note_lost_mail() == 0
    assert reports(contest)[0].error is None
    assert len(mails()) == 2


# To a git repository


def test_a_checkpoint_is_pushed_to_a_repository(contest, entries, clock, told, repository):
    bare, clone = repository
    told(git=clone, git_url="https://git.example/log")
    assert tasks.tell_witnesses(never) == 1
    finish()
    (report,) = reports(contest)
    assert (report.witness, report.size, report.error) == ("git:https://git.example/log", 1, None)
    db.session.rollback()
    name = f"{contest.slug}/{1:012d}.txt"
    assert git(bare, "show", f"main:{name}") == latest_checkpoint(contest.id).note
    assert git(bare, "show", f"main:{contest.slug}/key.txt").strip() == find_log(contest.id).key
    vote(contest, entries[:1])
    seal_log(contest)
    assert tasks.tell_witnesses(never) == 0
    clock.instant += HOUR
    tasks.tell_witnesses(never)
    finish()
    assert [each.size for each in reports(contest)] == [1, 2]
    assert len(git(bare, "log", "--format=%s", "main").splitlines()) == 3


def test_what_others_pushed_meanwhile_stays_beneath_ours(contest, told, repository, tmp_path):
    bare, clone = repository
    other = tmp_path / "other"
    git(tmp_path, "clone", "--quiet", str(bare), str(other))
    other.joinpath("README").write_text("Sổ phiếu\n", "utf-8")
    git(other, "add", "README")
    git(other, "commit", "--quiet", "-m", "Say what this is")
    git(other, "push", "--quiet")
    told(git=clone)
    tasks.tell_witnesses(never)
    finish()
    assert [each.error for each in reports(contest)] == [None]
    assert git(bare, "log", "--format=%s", "main").splitlines()[1] == "Say what this is"


def hook(bare, name, script):
    path = bare / "hooks" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_a_repository_that_refuses_is_written_down_and_tried_again(contest, told, repository, clock):
    bare, clone = repository
    refusing = hook(bare, "pre-receive", "echo 'closed for today' >&2; exit 1")
    told(git=clone)
    tasks.tell_witnesses(never)
    finish()
    (report,) = reports(contest)
    assert "closed for today" in report.error or "declined" in report.error
    assert tasks.tell_witnesses(never) == 0  # not at once
    refusing.unlink()
    clock.instant += timedelta(minutes=11)
    tasks.tell_witnesses(never)
    finish()
    assert [each.error for each in reports(contest)] == [None]
    assert git(bare, "log", "--format=%s", "main").splitlines()[0].endswith(": 1")


def alive(group):
    """Processes of a group that still do something; those that nobody has buried yet do not count."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = path.read_text().rpartition(") ")
        except OSError:
            continue
        state, _, number = rest.split()[:3]
        if int(number) == group and state not in "ZX":
            found.append(name)
    return found


def test_a_repository_that_hangs_holds_nobody_up_and_is_killed(contest, entries, told, repository, monkeypatch):
    bare, clone = repository
    mark = bare / "came"
    hook(bare, "pre-receive", f"touch {mark}; exec sleep 300")
    told(git=clone)
    monkeypatch.setattr(tasks, "Push", lambda *given: Push(*given, seconds=3))
    began = time.monotonic()
    tasks.tell_witnesses(never)
    vote(contest, entries[:1])
    assert seal_log(contest) == 1  # sealing goes on
    assert tasks.tell_witnesses(never) == 0  # and so does the loop
    assert time.monotonic() - began < 3
    (push, _) = next(iter(tasks._pushes.values()))
    finish()
    assert mark.exists()
    (report,) = reports(contest)
    assert "in time" in report.error
    assert alive(push._child.pid) == []  # nothing of it is left


def test_a_child_that_does_not_end_is_killed_with_its_group(tmp_path, clock, monkeypatch):
    monkeypatch.setattr(witnesses, "_START", "import time; time.sleep(600)")
    wall = clocks.wall()
    push = Push(tmp_path, {}, "x", wall, seconds=1)
    assert push.poll(wall) is None
    assert "killed" in push.poll(wall + timedelta(seconds=12))
    assert push._child.returncode is not None


def test_a_child_that_dies_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(witnesses, "_START", "raise SystemExit(3)")
    push = Push(tmp_path, {}, "x", clocks.wall())
    push._child.wait()
    assert "without an answer" in push.poll(clocks.wall())


def test_a_repository_that_has_gone_another_way_is_for_people_to_look_at(contest, told, repository, tmp_path):
    """It holds another text under the name of this checkpoint: a log told in two ways, or a forger."""
    bare, clone = repository
    other = tmp_path / "other"
    git(tmp_path, "clone", "--quiet", str(bare), str(other))
    path = other / contest.slug / f"{1:012d}.txt"
    path.parent.mkdir()
    path.write_text("another checkpoint\n")
    git(other, "add", "-A")
    git(other, "commit", "--quiet", "-m", "Forge")
    git(other, "push", "--quiet")
    told(git=clone)
    tasks.tell_witnesses(never)
    finish()
    (report,) = reports(contest)
    assert "another way" in report.error
    assert git(bare, "log", "--format=%s", "main").splitlines()[0] == "Forge"  # nothing of theirs is written over
    git(clone, "status")
    assert not (clone / ".git" / "rebase-merge").exists()


def test_a_file_that_reads_otherwise_in_the_clone_is_an_error(contest, told, repository):
    _, clone = repository
    path = clone / contest.slug / f"{1:012d}.txt"
    path.parent.mkdir()
    path.write_text("another\n")
    told(git=clone)
    tasks.tell_witnesses(never)
    finish()
    assert "something else" in reports(contest)[0].error


def test_a_push_that_was_killed_leaves_a_clone_that_works(contest, told, repository):
    bare, clone = repository
    (clone / ".git" / "index.lock").write_text("")
    told(git=clone)
    tasks.tell_witnesses(never)
    finish()
    assert reports(contest)[0].error is None
    assert "key.txt" in git(bare, "ls-tree", "-r", "--name-only", "main")


def test_a_folder_that_is_no_clone_is_an_error(contest, told, tmp_path):
    told(git=tmp_path / "nothing")
    tasks.tell_witnesses(never)
    finish()
    assert "not a clone" in reports(contest)[0].error


def test_hooks_of_the_clone_do_not_run(contest, told, repository):
    bare, clone = repository
    mark = bare / "ran"
    path = clone / ".git" / "hooks" / "pre-commit"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\ntouch {mark}\n")
    path.chmod(0o755)
    told(git=clone)
    tasks.tell_witnesses(never)
    finish()
    assert reports(contest)[0].error is None
    assert not mark.exists()


# Settings


def test_settings_name_witnesses(tmp_path):
    found = settings_from(
        {
            "CONTEST_DATA": str(tmp_path),
            "WITNESS_MAIL": " a@bao.example , b@hoi.example",
            "WITNESS_GIT": "/srv/log",
            "WITNESS_GIT_URL": "https://git.example/log",
        }
    ).witnesses
    assert found == Witnesses(("a@bao.example", "b@hoi.example"), Path("/srv/log"), "https://git.example/log")
    assert witnesses.names_of(found)[-1] == "git:https://git.example/log"


@pytest.mark.parametrize(
    ("name", "value"), [("WITNESS_MAIL", "a b"), ("WITNESS_GIT", "log"), ("WITNESS_GIT_URL", "http://git.example")]
)
def test_settings_that_cannot_be_used_are_named(tmp_path, name, value):
    with pytest.raises(ConfigError, match=name):
        settings_from({"CONTEST_DATA": str(tmp_path), name: value})
