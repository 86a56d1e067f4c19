"""Creating and finding people."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select

from contest.accounts.models import User
from contest.core.db import db
from contest.core.text import clean_line, fold


def find_by_address(address: str) -> User | None:
    """The person with this e-mail address or phone number."""
    address = address.strip().lower()
    column = User.email if "@" in address else User.us_phone_number
    return db.session.scalar(select(User).where(column == address))


def create_person(*, address: str, name: str, now: datetime) -> User:
    """Create a person without a password."""
    name = clean_line(name)
    user = User(name=name, name_key=fold(name), fs_uniquifier=uuid.uuid4().hex, created_at=now, confirmed_at=now)
    if "@" in address:
        user.email = address.strip().lower()
    else:
        user.us_phone_number = address.strip()
    db.session.add(user)
    db.session.flush()
    return user
