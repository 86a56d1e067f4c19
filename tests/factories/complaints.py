"""Cases in any state, made through the services."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import current_app

from contest.accounts.models import User
from contest.complaints.models import Complaint
from contest.complaints.services import Told, answer, receive, take
from contest.contests.models import Contest
from contest.core.db import db


def make_case(
    contest: Contest, now: datetime, *, person: User | None = None, papers: Any = (), **told: Any
) -> Complaint:
    """A case that came on this site at `now`."""
    made = receive(
        contest=contest,
        told=Told(**{"text": "Bài này đã đăng báo năm 2020.", "contact": "bao.tin@an-lam.example", **told}),
        papers=papers,
        files=current_app.extensions["files"],
        person=person,
        locale="vi",
        now=now,
    )
    db.session.commit()
    return made


def close_case(made: Complaint, actor: User, now: datetime, outcome: str = "rejected") -> Complaint:
    """Take a case and answer it."""
    take(complaint=made, actor=actor, now=now)
    answer(complaint=made, outcome=outcome, reply="Đã xem xét.", actor=actor, now=now)
    db.session.commit()
    return made
