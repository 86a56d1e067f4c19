"""What stands between asking for a code and getting it: nothing, a little work, or a place in a line.

Also what is kept of how a contact was proven. The session knows a number of its own, to which a
challenge is bound, and what its browser has shown; the device cookie says "the same browser again".
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Response, after_this_request, current_app, g, request, session
from sqlalchemy import select

from contest.contests.models import Contest
from contest.core import clock
from contest.core.db import db
from contest.core.web.limits import storage_down
from contest.voting import pressure, traces, work
from contest.voting.contacts import read_any
from contest.voting.domains import classify, domain_of
from contest.voting.models import VoteCode, Voter
from contest.voting.roll import find_unit_of_voter

_KEY = "proof"
_DEVICE = "tb"
_DEVICE_LIFE = timedelta(days=30)
_DEVICE_SHAPE = re.compile(r"[A-Za-z0-9_-]{22}")
# Without counts that all processes share, everybody is asked for this much.
_BLIND_LEVEL = 2


@dataclass(frozen=True, slots=True)
class Asked:
    """Whether a code may be sent now. `again`: the answer was none, here is another challenge."""

    passes: bool
    again: bool = False


def _note() -> dict[str, Any]:
    found = session.get(_KEY)
    return found if isinstance(found, dict) and isinstance(found.get("id"), str) else {}


def _write(**values: Any) -> None:
    note = _note() or {"id": secrets.token_urlsafe(12)}
    session[_KEY] = {name: value for name, value in {**note, **values}.items() if value is not None}


def _whole(name: str) -> int:
    found = _note().get(name)
    return found if isinstance(found, int) and 0 <= found < 2**31 else 0


def _network(contest_id: int) -> str:
    secret = traces.find_secret(contest_id)
    return traces.hashed(secret, "network", traces.network_of(request.remote_addr or "")) if secret else ""


def _family(contest_id: int, key: str) -> str:
    """The family whose pressure counts: ranges of numbers, and domains that are not everybody's."""
    secret = traces.find_secret(contest_id)
    if secret is None or _kind_of_domain(key) == "known":
        return ""
    return traces.hashed(secret, "family", traces.family_of(key))


def _kind_of_domain(key: str) -> str:
    return classify(domain_of(key), current_app.config["SETTINGS"].mail_domains)


def _level(contest_id: int, family: str = "") -> int:
    level = pressure.level(contest_id=contest_id, network=_network(contest_id), family=family, wall=clock.wall())
    return max(level, _BLIND_LEVEL if storage_down() else 0)


def challenge(contest: Contest) -> str:
    """The challenge that the page carries, as JSON; "" while none is asked."""
    level = max(_level(contest.id), _whole("asked"))
    if not level:
        return ""
    _write()
    made = work.challenge(
        key=current_app.config["SECRET_KEY"],
        contest=contest.public_id,
        session_id=_note()["id"],
        level=min(level, len(work.HASHES) - 1),
        wall=clock.wall(),
    )
    return json.dumps(made, separators=(",", ":"))


def ask(contest: Contest, typed: str, *, waited: bool = False) -> Asked:
    """Decide about a code for the contact that was typed. Call it inside `writing()`, just before sending.

    Whoever shows no answer at all gets a place in the line; with `waited` nothing is asked any more.
    Raises Refused for what cannot be a contact.
    """
    key = read_any(typed).key
    family = _family(contest.id, key)
    wall = clock.wall()
    level = 0 if waited else _level(contest.id, family)
    if level:
        shown = work.check(
            request.form.get("proof", ""),
            key=current_app.config["SECRET_KEY"],
            contest=contest.public_id,
            session_id=str(_note().get("id", "")),
            level=level,
            wall=wall,
        )
        if shown.problem == "missing":
            waits = pressure.join_line(contest_id=contest.id, network=_network(contest.id), wall=wall)
            _write(line={"slug": contest.slug, "contact": typed[:320], "until": (wall + waits).timestamp()})
            return Asked(passes=False)
        if shown.problem:
            replayed = shown.problem in {"spent", "elsewhere"}
            _write(asked=level, replays=_whole("replays") + 1 if replayed else None)
            return Asked(passes=False, again=True)
        _write(level=shown.level, ms=shown.took_ms)
    _write(asked=None, line=None)
    pressure.note_asked(contest_id=contest.id, network=_network(contest.id), family=family, wall=wall)
    return Asked(passes=True)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A place in the line: the contact as it was typed, and how many seconds are left."""

    contact: str
    seconds: int


def in_line(slug: str) -> Waiting | None:
    """The place of this browser in the line of a contest."""
    line = _note().get("line")
    if not isinstance(line, dict) or line.get("slug") != slug:
        return None
    contact, until = line.get("contact"), line.get("until")
    if not isinstance(contact, str) or not isinstance(until, (int, float)):
        return None
    return Waiting(contact, max(0, round(until - clock.wall().timestamp())))


def keep_trace(contest: Contest, voter_id: int, contact: str, now: datetime) -> None:
    """Keep how a contact was proven, inside the transaction that confirmed it, and know the device again."""
    key = read_any(contact).key
    traces.note(
        contest_id=contest.id,
        voter_id=voter_id,
        channel=contest.rules.voting.identity,
        address=request.remote_addr or "",
        device=_device(),
        agent=request.headers.get("User-Agent", ""),
        contact=key,
        domain=_kind_of_domain(key),
        unit_id=find_unit_of_voter(contest.id, voter_id),
        code_seconds=_code_seconds(contest.id, voter_id),
        work=_whole("level"),
        work_ms=_whole("ms") if _whole("level") else None,
        replays=_whole("replays"),
        now=now,
    )
    # The next voter at this browser begins anew.
    _write(level=None, ms=None, replays=None)


def _code_seconds(contest_id: int, voter_id: int) -> int | None:
    """How long ago the newest code of a voter was sent."""
    sent = db.session.scalar(
        select(VoteCode.sent_at)
        .join(Voter, (Voter.contest_id == VoteCode.contest_id) & (Voter.tag == VoteCode.tag))
        .where(Voter.id == voter_id, VoteCode.contest_id == contest_id)
        .order_by(VoteCode.id.desc())
        .limit(1)
    )
    return None if sent is None else int((clock.wall() - sent).total_seconds())


def _device() -> str:
    """The value of the device cookie, made now where there is none."""
    value = request.cookies.get(_DEVICE, "")
    if _DEVICE_SHAPE.fullmatch(value):
        return value
    if "new_device" not in g:
        g.new_device = secrets.token_urlsafe(16)
        after_this_request(_set_device)
    return str(g.new_device)


def _set_device(response: Response) -> Response:
    response.set_cookie(
        _DEVICE,
        g.new_device,
        max_age=_DEVICE_LIFE,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
    return response
