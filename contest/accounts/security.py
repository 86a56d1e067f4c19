"""Signing in and out of this browser, and who must have a second factor.

The session cookie is signed and carries the key of a row in `sign_in`: the row decides. A new
sign-in throws away whatever the cookie held before, so a cookie planted beforehand is worth
nothing; a copy kept from before signing out names a row that has ended.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, current_app, session
from flask_login import LoginManager

from contest.accounts import sign_ins
from contest.accounts.authenticator import Authenticator
from contest.accounts.models import User
from contest.core import clock
from contest.core.config import Settings

# The name under which Flask-Login looks for who is signed in.
_KEY = "_user_id"
_KEY_SHAPE = re.compile(r"[A-Za-z0-9_-]{43}")
IDLE = timedelta(hours=12)
SECOND_FACTOR_ENDPOINT = "accounts.second_factor"


def init_security(app: Flask, settings: Settings) -> None:
    """Let requests know who is signed in."""
    app.config.update(
        PERMANENT_SESSION_LIFETIME=IDLE,
        # The cookie is renewed with each request of a signed-in person: the 12 hours are idle ones.
        SESSION_REFRESH_EACH_REQUEST=True,
    )
    manager = LoginManager()
    # Phones change their address all day; the row of the sign-in protects the session instead.
    manager.session_protection = None
    manager.user_loader(_find_person)
    manager.init_app(app)
    app.extensions["authenticator"] = Authenticator(settings.secret_key, settings.site.name)


def _find_person(key: object) -> User | None:
    if not isinstance(key, str) or not _KEY_SHAPE.fullmatch(key):
        return None
    return sign_ins.find_signed_in(key, wall=clock.wall())


def sign_in_as(person: User, *, wall: datetime) -> None:
    """Sign this browser in as `person`. Call it inside `writing()`; redirect afterwards.

    Asks for nothing: whoever calls has checked a password, a code, or that this is a demonstration.
    """
    leave()
    session[_KEY] = sign_ins.open_sign_in(person=person, wall=wall)
    session.permanent = True


def current_key() -> str | None:
    """The key of this browser's sign-in."""
    key = session.get(_KEY)
    return key if isinstance(key, str) else None


def leave(*, wall: datetime | None = None) -> None:
    """Forget everything this browser's cookie held; with `wall` (inside `writing()`) end its sign-in."""
    key = current_key()
    session.clear()
    if key and wall:
        sign_ins.end_one(key=key, wall=wall)


def authenticator() -> Authenticator:
    """Secrets and codes of this site."""
    found: Authenticator = current_app.extensions["authenticator"]
    return found


def staff_gate(settings: Settings) -> Callable[[Any], str | None]:
    """Where staff are sent who still lack a second factor; None lets them pass.

    Asked only on pages that need a role, so it knows no roles itself. Outside production nobody
    is asked.
    """

    def gate(person: Any) -> str | None:
        return SECOND_FACTOR_ENDPOINT if settings.production and not person.totp_secret else None

    return gate
