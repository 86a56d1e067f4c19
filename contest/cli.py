"""Commands: `flask contest …`, `flask audit …`, `flask demo …`, `flask backup`, `flask restore`."""

from __future__ import annotations

from flask import Flask

from contest import tasks
from contest.outbox import services

__all__ = ["init_commands", "services", "tasks"]


def init_commands(app: Flask) -> None:
    """Register the commands."""
