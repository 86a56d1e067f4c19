"""Work in the background: sealing the audit, sending messages. A loop, not a queue.

The tables are the truth; this only ticks. Losing it loses nothing: the next one goes on.
"""

from __future__ import annotations

import logging
import threading

from flask import Flask

from contest.audit.services import seal
from contest.core.db import writing

log = logging.getLogger(__name__)
TICK_SECONDS = 2.0


def tick(app: Flask) -> int:
    """Do once whatever is due; returns how much was done."""
    with app.app_context(), writing():
        return seal()


def run(app: Flask, stop: threading.Event) -> None:
    """Tick until told to stop. An error is logged and the next tick tries again."""
    while not stop.wait(TICK_SECONDS):
        try:
            tick(app)
        except Exception:
            log.exception("background tick failed")


def start_embedded(app: Flask) -> threading.Thread:
    """Run the loop in a daemon thread of the one embedded worker."""
    thread = threading.Thread(target=run, args=(app, threading.Event()), name="runner", daemon=True)
    thread.start()
    return thread
