"""Work in the background on the logs of votes: opening, sealing, closing, and telling witnesses.

Whatever is done is judged again where it is written: several runners may do all of it at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import select

from contest.accounts.models import User
from contest.contests.models import Contest, ContestStep, RoleGrant
from contest.core import clock
from contest.core.db import db, writing
from contest.core.signing import BadKeyFile, Signer
from contest.core.web.keys import log_signer
from contest.outbox.models import Message
from contest.outbox.services import ask_for_mail
from contest.voting import closing, sealing, witnesses
from contest.voting.log import find_log, open_log
from contest.voting.models_log import BallotLog
from contest.voting.witnesses import GIT, Due, Push

log = logging.getLogger(__name__)
# Batches in one go, so that other jobs of the loop come to their turn.
BATCHES = 100

AnnouncedAt = Callable[[int, datetime], datetime | None]


def tend_logs(announced_at: AnnouncedAt) -> int:
    """Bring every log up to date: open it, write what is due, seal, close; how many leaves.

    `announced_at` says since when the results of a contest are public. One contest's trouble keeps
    no other from its turn.
    """
    done = 0
    for contest_id in _votes():
        try:
            done += tend(contest_id, announced_at)
        except (sealing.WrongKey, BadKeyFile) as error:
            db.session.rollback()
            log.critical("THE LOG OF BALLOTS IS NOT SEALED: the key is not the log's (%s)", error)
            _tell_organisers(contest_id)
        except Exception:
            db.session.rollback()
            log.exception("the log of contest %s could not be tended", contest_id)
    return done


def _votes() -> list[int]:
    """Ids of contests whose vote has opened."""
    now = clock.now()
    found = db.session.scalars(
        select(ContestStep.contest_id)
        .where(ContestStep.key == "voting", ContestStep.opens <= now)
        .order_by(ContestStep.contest_id)
    ).all()
    db.session.rollback()
    return list(found)


def tend(contest_id: int, announced_at: AnnouncedAt) -> int:
    """Whatever is due for one log; how many leaves were written or sealed. Raises WrongKey, BadKeyFile, Altered."""
    now = clock.now()
    contest = db.session.get_one(Contest, contest_id)
    if not contest.rules.voting.enabled:
        return 0
    signer = log_signer(contest.slug, contest.public_id)
    found = find_log(contest_id)
    if found is None and not contest.rules.is_open("voting", now):
        return 0
    done = _open(contest_id, signer) if found is None else 0
    if announced_at(contest_id, now) is None:
        done += _reconcile(contest_id)
    done += seal_waiting(contest_id, signer)
    return done + _close(contest_id, signer)


def _open(contest_id: int, signer: Signer) -> int:
    db.session.rollback()
    with writing() as now:
        contest = db.session.get_one(Contest, contest_id)
        return open_log(contest=contest, signer=signer, now=now) if contest.rules.is_open("voting", now) else 0


def _reconcile(contest_id: int) -> int:
    # Looked at first without the write lock, which is for voters.
    contest, found = db.session.get_one(Contest, contest_id), find_log(contest_id)
    if found is None:
        return 0
    if lost := closing.unspeakable(contest, found):
        log.error("%s: the rules changed %s after the vote opened; it goes on by the first", contest.slug, lost)
    waiting = closing.differences(contest, found)
    db.session.rollback()
    if not waiting:
        return 0
    with writing() as now:
        return closing.reconcile(contest=db.session.get_one(Contest, contest_id), now=now)


def seal_waiting(contest_id: int, signer: Signer, *, force: bool = False, batches: int = BATCHES) -> int:
    """Seal what is due in batches, each prepared before the write lock is taken; how many leaves.

    Raises WrongKey, Altered.
    """
    done = 0
    for _ in range(batches):
        batch = sealing.prepare(contest_id=contest_id, signer=signer, now=clock.now(), force=force)
        db.session.rollback()
        if batch is None:
            break
        with writing() as now:
            placed = sealing.place(batch, now)
        if not placed:
            break  # another runner is at it
        done += placed
    return done


def _close(contest_id: int, signer: Signer) -> int:
    now = clock.now()
    contest, found = db.session.get_one(Contest, contest_id), find_log(contest_id)
    ripe = found is not None and found.closed_at is None and closing.may_close(contest, now)
    db.session.rollback()
    if not ripe:
        return 0
    done = seal_waiting(contest_id, signer, force=True)
    with writing() as now:
        closed = closing.close_log(contest=db.session.get_one(Contest, contest_id), now=now)
    return done + (seal_waiting(contest_id, signer, force=True) if closed else 0)


def _tell_organisers(contest_id: int) -> None:
    """Once a day while it lasts."""
    with writing() as now:
        contest = db.session.get_one(Contest, contest_id)
        told = db.session.scalar(
            select(Message.id)
            .where(
                Message.scope == contest.slug,
                Message.template == "log_trouble",
                Message.created_at > now - timedelta(days=1),
            )
            .limit(1)
        )
        if told is not None:
            return
        people = db.session.scalars(
            select(User)
            .join(RoleGrant, RoleGrant.user_id == User.id)
            .where(RoleGrant.contest_id == contest_id, RoleGrant.role == "organiser", RoleGrant.ended_at.is_(None))
            .order_by(User.id)
        ).unique()
        for person in people:
            if person.email:
                ask_for_mail(
                    to=person.email,
                    template="log_trouble",
                    now=now,
                    locale=person.locale,
                    scope=contest.slug,
                    contest={"vi": contest.rules.title.vi, "en": contest.rules.title.en},
                    slug=contest.slug,
                )


# Witnesses

# Pushes under way, by contest. They are this process's own: one that is forgotten is pushed again.
_pushes: dict[int, tuple[Push, Due]] = {}


def tell_witnesses(announced_at: AnnouncedAt) -> int:
    """Hand out the checkpoints that are due; how many went out or on their way. Waits for nobody."""
    settings = current_app.config["SETTINGS"].witnesses
    names = witnesses.names_of(settings)
    done = _gather_pushes()
    if not names:
        return done
    for contest_id in db.session.scalars(select(BallotLog.contest_id).order_by(BallotLog.contest_id)).all():
        now = clock.now()
        each = witnesses.due(contest_id, names, now, announced_at(contest_id, now))
        db.session.rollback()
        for due in each:
            done += _push(contest_id, due) if due.witness.startswith(GIT) else _mail(contest_id, due)
    return done


def note_lost_mail() -> int:
    """Look for mails to witnesses that were given up."""
    with writing() as now:
        logs = select(Contest).join(BallotLog, BallotLog.contest_id == Contest.id).order_by(Contest.id)
        return sum(witnesses.note_lost_mail(contest, now) for contest in db.session.scalars(logs).all())


def _mail(contest_id: int, due: Due) -> int:
    with writing() as now:
        return witnesses.send(db.session.get_one(Contest, contest_id), due, now)


def _push(contest_id: int, due: Due) -> int:
    folder = current_app.config["SETTINGS"].witnesses.git
    if contest_id in _pushes or folder is None:
        return 0
    contest, found = db.session.get_one(Contest, contest_id), find_log(contest_id)
    files = witnesses.files_of(contest.slug, found.key if found else "", due)
    message = f"{contest.slug}: {due.size}"
    db.session.rollback()
    _pushes[contest_id] = (Push(folder, files, message, clock.wall()), due)
    return 1


def _gather_pushes() -> int:
    """Write down what came of pushes that have ended."""
    done = 0
    for contest_id, (push, due) in list(_pushes.items()):
        error = push.poll(clock.wall())
        if error is None:
            continue
        del _pushes[contest_id]
        if error:
            log.warning("the checkpoint of %s leaves did not reach the repository: %s", due.size, error)
        with writing() as now:
            witnesses.note_report(contest_id, due, now, error or None)
        done += 1
    return done
