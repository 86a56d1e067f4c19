"""Letters to many go out at their instant: a batch in each short transaction, taken up where it was cut off."""

from __future__ import annotations

from contest.core import clock
from contest.core.db import db, writing
from contest.results.mailings import queue_batch, waiting_mailings


def send_mailings() -> int:
    """Ask for the messages of every letter that is due; how many."""
    waiting = waiting_mailings(clock.now())
    db.session.rollback()
    done = 0
    for mailing_id in waiting:
        while True:
            with writing() as now:
                asked = queue_batch(mailing_id, now)
            done += asked
            if not asked:
                break
    return done
