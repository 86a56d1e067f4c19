"""What people do on this site again and again: register, sign in, read their messages."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

from tests.journeys.person import Person
from tests.journeys.site import Site

PASSWORD = "bốn con trâu trắng"


def _sent(site: Site, address: str, wanted: str, skip: int) -> str:
    for _ in range(100):
        with closing(sqlite3.connect(site.data / "contest.sqlite3")) as c:
            rows = c.execute(
                "select params from outbox_message where address=? order by id desc", (address,)
            ).fetchall()
        rows = [json.loads(r[0]) for r in rows]
        rows = [r[wanted] for r in rows if wanted in r]
        if len(rows) > skip:
            return rows[0]
        time.sleep(0.1)
    raise AssertionError(f"no {wanted} for {address}")


def code_for(site: Site, address: str, skip: int = 0) -> str:
    return _sent(site, address, "code", skip)


def link_for(site: Site, address: str) -> str:
    return f"{site.url}/loi-moi/" + _sent(site, address, "token", 0)


def register(person: Person, name: str, address: str, sent_to: str = "", look: bool = False) -> None:
    """Open an account; stands on the registration page or goes there. `sent_to`: as messages know the address."""
    if person.path != "/dang-ky":
        person.go("/dang-ky")
    if look:
        person.look("register")
    person.fill(name=name, address=address, password=PASSWORD)
    person.tick("terms")
    person.send("/dang-ky")
    if look:
        person.look("code")
    person.fill(code=code_for(person.site, sent_to or address))
    person.send("/xac-nhan")


def sign_in_first(person: Person, address: str, look: bool = False) -> None:
    """The first sign-in of somebody whose account was opened for them: a password by code, then consent."""
    person.go("/quen-mat-khau")
    if look:
        person.look("forgot")
    person.fill(address=address)
    person.send("/quen-mat-khau")
    if look:
        person.look("reset")
    person.fill(code=code_for(person.site, address), password=PASSWORD)
    person.send("/mat-khau-moi")
    sign_in(person, address)
    if person.path == "/tai-khoan/dong-y":
        if look:
            person.look("terms")
        person.tick("terms")
        person.press("main form button")


def sign_in(person: Person, address: str) -> None:
    if person.path != "/dang-nhap":
        person.go("/dang-nhap")
    person.fill(address=address, password=PASSWORD)
    person.send("/dang-nhap")


def move_clock(person: Person, instant: datetime) -> None:
    """Move contest time forward."""
    shift = instant - datetime.now(UTC)
    (person.site.data / "clock").write_text(str(shift // timedelta(microseconds=1)))
