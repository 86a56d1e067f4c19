"""People who sign in as people do, and the messages they get."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from contest.accounts.authenticator import Authenticator
from contest.accounts.models import User
from contest.accounts.passwords import hash_password
from contest.accounts.rules import TERMS_VERSION
from contest.core import clock
from contest.core.db import db
from contest.outbox.models import Message
from tests.conftest import START
from tests.factories import make_user

PASSWORD = "lúa chín đầu làng"


def make_member(**fields: Any) -> User:
    """A person with a password (PASSWORD) who has agreed to the terms."""
    user = make_user(
        **{
            "password": hash_password(PASSWORD),
            "terms_version": TERMS_VERSION,
            "terms_accepted_at": START,
            **fields,
        }
    )
    db.session.commit()
    return user


def give_second_factor(authenticator: Authenticator, user: User) -> str:
    """Switch the second step on for `user`; returns the secret."""
    user.totp_secret = authenticator.new_secret()
    db.session.commit()
    return user.totp_secret


def code_now(authenticator: Authenticator, secret: str) -> str:
    """What the phone shows at this moment."""
    return authenticator.code(secret, clock.wall())


def messages_to(address: str) -> list[Message]:
    """Messages asked for, oldest first."""
    db.session.rollback()
    return list(db.session.scalars(select(Message).where(Message.address == address).order_by(Message.id)))


def last_code(address: str) -> str:
    """The newest code sent to `address`."""
    return str(messages_to(address)[-1].params["code"])


def sign_in_on_page(client: Any, address: str, password: str = PASSWORD, prefix: str = "") -> Any:
    """Sign in on the page."""
    return client.post(f"{prefix}/dang-nhap", data={"address": address, "password": password})
