"""Work in the background on what people should see of a vote, and on counts that have served."""

from __future__ import annotations

from sqlalchemy import select

from contest.contests.models import Contest
from contest.core import clock
from contest.core.db import db, writing
from contest.voting import detection, pressure, work
from contest.voting.detection import Looked
from contest.voting.distribution import voted_on
from contest.voting.models_review import VoteLook


def look_through_votes() -> int:
    """Look through the ballots that have come: reading first, then one short transaction for what was found."""
    now = clock.now()
    done = select(VoteLook.contest_id).where(VoteLook.whole_at.is_not(None))
    over = set(db.session.scalars(done))
    waiting = [contest.id for contest in voted_on(now) if contest.id not in over or _has_new(contest.id)]
    db.session.rollback()
    read = 0
    for contest_id in waiting:
        looked: Looked = detection.examine(db.session.get_one(Contest, contest_id), now)
        db.session.rollback()
        if looked.read or looked.whole:
            with writing() as at:
                read += detection.keep(contest_id, looked, at)
    return read


def _has_new(contest_id: int) -> bool:
    """Whether the second reading, after the close, is not through yet."""
    state = db.session.get_one(VoteLook, contest_id)
    return detection.is_behind(contest_id, state)


def forget_counts() -> int:
    """Delete used proofs of work that have lapsed, and old counts of codes."""
    with writing():
        wall = clock.wall()
        return work.forget_spent(wall=wall) + pressure.forget_old_slots(wall=wall)
