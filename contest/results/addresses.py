"""Addresses that were given out once: where they lead now.

Nothing here changes an address that is found. A path with "/*" at its end stands for all that
begins with it, and what follows goes along. No address that the application gives out changes by
itself (the slug of a contest, the code of a unit and the public ids of entries are fixed for good),
so the rows are those of operators: of a portal before this one, or of a page that was renamed by hand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from urllib.parse import quote, unquote, urlsplit

from sqlalchemy import Select, select

from contest.accounts.models import User
from contest.audit.services import record
from contest.core.db import db
from contest.core.errors import N_, Refused
from contest.core.text import clean_line
from contest.results.models_after import OldAddress

ALL_BELOW = "/*"
LONGEST = 300
# A way of more steps than this leads nowhere.
_MOST_STEPS = 8
_MOST_PARTS = 20


def path_of(address: str) -> str:
    """The form in which an old address is kept: path and query, decoded, without the site.

    Raises Refused for what is no address.
    """
    try:
        parts = urlsplit(clean_line(address))
    except ValueError:
        parts = urlsplit("")
    path, query = clean_line(unquote(parts.path)), clean_line(unquote(parts.query))
    local = path.startswith("/") and not path.startswith("//") and "\\" not in path
    if not local or parts.scheme not in {"", "http", "https"} or (parts.netloc and not parts.scheme):
        raise Refused(N_("An address begins with “/” or “https://”: %(address)s."), code="address", address=address)
    if path == ALL_BELOW or query.endswith(ALL_BELOW) or (query and path.endswith(ALL_BELOW)):
        raise Refused(N_("“/*” stands for all pages below an address: %(address)s."), code="address", address=address)
    path = (path.rstrip("/") or "/") + (f"?{query}" if query else "")
    if len(path) > LONGEST:
        raise Refused(N_("An address has at most %(most)s characters."), code="address", most=LONGEST)
    return path


def _names_of(path: str, query: str = "") -> list[str]:
    """The rows that would lead from a path, the closest first."""
    bare = path.rstrip("/") or "/"
    parts = bare.split("/")
    above = ["/".join(parts[:count]) + ALL_BELOW for count in range(min(len(parts), _MOST_PARTS), 1, -1)]
    return [*([f"{bare}?{query}"] if query else []), bare, *above]


def _led(row: OldAddress, path: str) -> str:
    """Where a row leads from a path."""
    if not row.path.endswith(ALL_BELOW):
        return row.target
    rest = path.rstrip("/")[len(row.path) - len(ALL_BELOW) :]
    return row.target.removesuffix(ALL_BELOW) + rest if row.target.endswith(ALL_BELOW) else row.target


def _rows_for(names: Iterable[str]) -> Mapping[str, OldAddress]:
    return {row.path: row for row in db.session.scalars(select(OldAddress).where(OldAddress.path.in_(list(names))))}


def find_new_address(path: str, query: str = "") -> str | None:
    """Where an address that is not found leads now, to the end of the way; None: nowhere, or round in a circle.

    `path` and `query` decoded, the language's prefix left out. The answer is a path of this site, encoded.
    """
    if len(path) > LONGEST or len(query) > LONGEST or "\0" in path + query:
        return None
    at = path.rstrip("/") or "/"
    begin, seen = at, {at}
    for _step in range(_MOST_STEPS):
        names = _names_of(at, query)
        rows = _rows_for(names)
        row = next((rows[name] for name in names if name in rows), None)
        if row is None:
            return quote(f"{at}?{query}" if query else at, safe="/?=&%:+,;@~") if at != begin else None
        at, query = _split(_led(row, at))
        if at in seen or len(at) > LONGEST:
            return None
        seen.add(at)
    return None


def _split(address: str) -> tuple[str, str]:
    path, _mark, query = address.partition("?")
    return path, query


def _short(path: str) -> str:
    """A name for the record: paths may be longer than it takes."""
    return hashlib.sha256(path.encode()).hexdigest()[:16]


def old_addresses() -> Select[OldAddress]:
    """All of them, the latest first."""
    return select(OldAddress).order_by(OldAddress.since.desc(), OldAddress.path)


def keep_address(*, old: str, new: str, actor: User | None, now: datetime) -> OldAddress:
    """Have an old address lead to a page of this site; one that was kept before leads there from now on.

    Raises Refused for what is no address, and where the way would come back to its beginning.
    """
    path, target = path_of(old), path_of(new)
    if urlsplit(new.strip()).netloc:
        raise Refused(N_("The new address is a page of this site: begin with “/”."), code="target")
    if target.endswith(ALL_BELOW) and not path.endswith(ALL_BELOW):
        raise Refused(N_("“/*” stands in both addresses, or in the old one alone."), code="target")
    if path == "/":
        raise Refused(N_("The home page is always found."), code="path")
    row = db.session.get(OldAddress, path)
    before = row.target if row else None
    if row is None:
        row = OldAddress(path=path, target=target, since=now)
        db.session.add(row)
    row.target, row.since = target, now
    db.session.flush()
    example = path.replace(ALL_BELOW, "/a")
    if _goes_round(path, target) or find_new_address(*_split(example)) is None:
        raise Refused(N_("This way would lead back to where it begins: %(address)s."), code="circle", address=path)
    record(
        actor=actor.public_id if actor else None,
        verb="address.keep",
        object_type="address",
        object_id=_short(path),
        now=now,
        path=path,
        target=target,
        before=before,
    )
    return row


def _goes_round(path: str, target: str) -> bool:
    """Whether a rule for all below an address leads to below that address again, without an end."""
    if not path.endswith(ALL_BELOW):
        return path == target
    top = path.removesuffix(ALL_BELOW)
    end = _split(target)[0].removesuffix(ALL_BELOW)
    return end == top or end.startswith(f"{top}/")


def forget_address(*, path: str, actor: User | None, now: datetime) -> bool:
    """Have an old address lead nowhere again; whether it was kept."""
    row = db.session.get(OldAddress, path) if len(path) <= LONGEST and "\0" not in path else None
    if row is None:
        return False
    db.session.delete(row)
    db.session.flush()
    record(
        actor=actor.public_id if actor else None,
        verb="address.forget",
        object_type="address",
        object_id=_short(path),
        now=now,
        path=path,
        target=row.target,
    )
    return True
