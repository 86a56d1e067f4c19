"""Two worlds that differ in what must not be known yet, and everything that anybody can ask of them.

It is one database: it is kept as a file, looked at, put back, changed, and looked at again. Every route of
the address map is asked, so that a page somebody adds tomorrow is looked at without a word here.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from flask import Flask
from sqlalchemy import select

from contest.audit.services import record
from contest.contests.ruleset import Prize
from contest.core.clock import StillClock
from contest.core.db import db
from contest.core.web.access import access_of
from contest.entries.models import Entry
from contest.outbox.models import Message
from contest.papers.models import Certificate
from contest.privacy.models import DataRequest
from contest.results.models import ResultSet
from contest.results.models_after import Mailing, NewsPost, PressTerms, UnitAward
from contest.results.press import TERMS_VERSION
from contest.voting.models_log import BallotLog
from tests.conftest import Client
from tests.factories import make_staff, make_unit, make_user, sign_in
from tests.factories.editions import publish_edition
from tests.factories.judging import make_finalist
from tests.factories.results import World as Judged
from tests.factories.results import cast_votes
from tests.factories.world import Unaddressed, World, address, arguments, make_world
from tests.factories.world import publish as publish_side
from tests.house.test_queries import statements

TOKEN = "0" * 40
# What is random each time it is asked, or asks something of the world outside.
LEFT_OUT = {
    "static": "files of the site, the same for all",
    "security.logout": "ends the session that the next question needs",
    "accounts.second_factor": "a new secret each time",
    "accounts.recovery_codes": "new codes each time",
}


# How long after the announcement amendments show, where there are any.
AMENDED_AFTER = timedelta(days=1)
# What is in one world only before its instant, or differs, and has an address that somebody may have been told.
WAITING, LATER_SCAN, SECOND_CERTIFICATE = "n" * 14, "s" * 14, "Z" * 14
# What people who knew already would try: with the names, titles and codes of the first world.
_SHARED = re.compile(r"/chia-se/[0-9a-f]{20}\.png")


class Told(NamedTuple):
    """An answer: status, headers, bytes, and what it asked of the database (its work, as a measure of time)."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    sent: tuple[str, ...]


class Asking(NamedTuple):
    """One way to ask for an address."""

    name: str
    method: str = "GET"
    prefix: str = ""
    headers: tuple[tuple[str, str], ...] = ()


PLAIN = Asking("get")
WAYS = (
    PLAIN,
    Asking("head", "HEAD"),
    Asking("english", prefix="/en"),
    Asking("part", headers=(("Range", "bytes=0-299"),)),
    Asking("json", headers=(("Accept", "application/json"),)),
    Asking("feed", headers=(("Accept", "application/atom+xml"),)),
    Asking("since", headers=(("If-Modified-Since", "Thu, 10 Jun 2027 00:00:00 GMT"),)),
    Asking("tag", headers=(("If-None-Match", '"0"'),)),
    Asking("options", "OPTIONS"),
)


class Twins:
    """A world with approved results that are not public yet, people who may not know, and their sessions."""

    def __init__(self, app: Flask, clock: StillClock) -> None:
        self.app, self.clock = app, clock
        self.world: World = make_world()
        self.side = side = self.world.here
        contest = self.contest = side.contest
        category = side.judged.category
        make = {"category": category, "exemplar_unit": side.unit}
        self.loser = make_finalist(contest, **make)
        entries = [side.finalist, side.judged, self.loser]
        for entry in entries:
            publish_edition(entry)
        self.prizes = [prize for prize in contest.rules.prizes if prize.category == category][:2]
        self.results = publish_side(side, entries[:2])
        self.first, self.second = self.results.awards
        self.second.prize_id = self.prizes[-1].id
        self.unit_prize = next((prize for prize in contest.rules.prizes if prize.to == "unit"), self.prizes[0])
        self.units = [side.unit, make_unit()]
        db.session.add(self._to_unit(self.unit_prize, self.units[0]))
        self.at: datetime = contest.rules.official_at
        self._letters(entries[:2])
        self._second_certificate()
        self._votes(entries)
        self.erasures = [self._ask_to_be_erased(entry) for entry in entries]
        self.posted, self.posted_at = self._post_elsewhere()
        self.people = {
            "writer": make_user(),
            "winner": side.finalist.author,
            "loser": self.loser.author,
            "stranger": self.world.stranger,
            "officer": side.officer,
            "operator": self.world.operator,
            "judge": side.staff["judge"],
            "chair": side.staff["chair"],
            "secretary": side.staff["secretary"],
            "press": side.staff["press"],
            "press accepted": make_staff(contest, "press"),
            "observer": side.staff["observer"],
            "organiser of another": self.world.there.staff["organiser"],
        }
        accepted = self.people["press accepted"]
        db.session.add(
            PressTerms(
                contest_id=contest.id,
                user_id=accepted.id,
                text_version=TERMS_VERSION,
                accepted_at=contest.created_at,
                mark="MMMMMMMM",
            )
        )
        db.session.commit()
        self.sessions = {name: self._session(person) for name, person in self.people.items()}
        self.sessions["visitor"] = None
        self.paths = self._addresses()
        self._written_ahead()
        db.session.add(
            self.certificate
        )  # only now: the addresses name the one certificate, piece of news and letter of the contest
        self.paths |= self._known_addresses(entries)
        db.session.commit()
        self.staff_ids = (side.staff["organiser"].id, self.results.second_approver_id)
        self.spare = contest.rules.prizes[-1].id
        there = self.world.there
        self.there = (there.finalist.id, there.judged.id, self.posted.id)
        self.here = (contest.id, side.finalist.id, side.judged.id, self.loser.id, self.results.id)
        self._keep()
        self._draw_cards()

    def _to_unit(self, prize: Prize, unit: Any) -> UnitAward:
        return UnitAward(
            result_set_id=self.results.id, position=1, prize_id=prize.id, unit_id=unit.id, amount_vnd=0, why=[]
        )

    def _second_certificate(self) -> None:
        known = db.session.scalars(select(Certificate).where(Certificate.contest_id == self.contest.id)).one()
        self.certificate = Certificate(
            code=SECOND_CERTIFICATE,
            contest_id=self.contest.id,
            number=2,
            subject=f"award:{self.second.prize_id}:{self.second.entry_id}",
            recipient="author",
            words=known.words,
            issued_at=known.issued_at,
            issued_by_id=known.issued_by_id,
        )

    def _letters(self, entries: Iterable[Entry]) -> None:
        """As acts.py queues them with the second approval: due at the instant."""
        for entry in entries:
            db.session.add(
                Message(
                    channel="email",
                    address=entry.author.email,
                    locale="vi",
                    template="results_award",
                    params={"name": entry.author.name},
                    scope=self.contest.slug,
                    created_at=self.contest.created_at,
                    next_try_at=self.at,
                )
            )

    def _votes(self, entries: list[Entry]) -> None:
        world = Judged(self.contest, *[self.side.staff["organiser"]] * 3)
        world.entries = {str(at): entry for at, entry in enumerate(entries)}
        cast_votes(world, {"0": 3, "1": 2, "2": 1})

        found = self.results
        votes = [[entry.id, number] for entry, number in zip(entries, (3, 2, 1), strict=True)]
        tally = {"cast": 6, "valid": 6, "void": 0, "set_aside": {}, "votes": votes}
        found.report = {**found.report, "tally": tally}
        log = db.session.get_one(BallotLog, self.contest.id)
        log.closed_at = self.at - timedelta(days=2)

    def _ask_to_be_erased(self, entry: Entry) -> DataRequest:
        """Those who answer are shown what erasing means: entries with prizes stay."""
        asked = {"kind": "erase", "text": "Xóa dữ liệu.", "asked_at": self.contest.created_at, "due_on": self.at.date()}
        request = DataRequest(user=entry.author, **asked)
        db.session.add(request)
        db.session.flush()
        return request

    def _written_ahead(self) -> None:
        """News and a letter that wait for the instant and name the winner, and acts of which one withholds a prize."""
        by = self.side.staff["organiser"]
        told = {"vi": f"Giải Nhất: {self.side.finalist.title}", "en": f"First prize: {self.side.finalist.title}"}
        shared: dict[str, Any] = {"contest_id": self.contest.id}
        before = self.at - timedelta(days=2)
        words = {"title": told, "body": told, "changed_at": before, "by_id": by.id}
        db.session.add(NewsPost(**shared, **words, public_id=WAITING, visible_from=self.at))
        letter = {"subject": told, "body": told, "made_by_id": by.id, "made_at": before, "with_results": True}
        db.session.add(
            Mailing(**shared, **letter, audience="winners", state="scheduled", result_set_id=self.results.id)
        )
        for verb in ("results.compute", "results.withhold_prize"):
            about = {"object_type": "contest", "object_id": self.contest.public_id}
            record(actor=by.public_id, verb=verb, now=before, **about, **shared)

    def _post_elsewhere(self) -> tuple[ResultSet, datetime]:
        """The other contest posts its results for remarks first; two people have approved them for later already."""
        there = self.world.there
        at = there.contest.rules.announcement.embargo_until
        assert at is not None
        for entry in (there.finalist, there.judged):
            publish_edition(entry)
        found = publish_side(there, [there.finalist])
        found.post_from, found.posted_at = at, at - timedelta(days=1)
        found.posted_by_id = there.staff["organiser"].id
        return found, at

    # Who asks what

    def _session(self, person: Any) -> dict[str, Any]:
        client = Client(self.app, self.app.response_class)
        sign_in(client, person)
        with client.session_transaction() as session:
            session["csrf_token"] = TOKEN
            return dict(session)

    def _addresses(self) -> dict[str, str]:
        """Every address that may be asked for by GET, by its endpoint; of the first contest and what is in it."""
        found = {}
        for rule in self.app.url_map.iter_rules():
            access = access_of(self.app, rule.endpoint)
            if "GET" not in (rule.methods or ()) or rule.endpoint in LEFT_OUT or access is None:
                continue
            if access.kind == "demo" or rule.endpoint.startswith("demo."):
                continue
            try:
                values = arguments(self.side, rule)
            except Unaddressed:  # tests/house asks for an address of every route
                continue
            found[f"{rule.endpoint} {rule.rule}"] = address(self.app, rule, values)
        return found

    def _known_addresses(self, entries: list[Entry]) -> dict[str, str]:
        """Addresses that people would try who knew who won: with its names, titles and codes, and those of others."""
        slug = self.contest.slug
        found = {
            "papers.certificate second": f"/giay-chung-nhan/{self.certificate.code}",
            "papers.own_certificate second": f"/giay-chung-nhan/{self.certificate.code}/tai-ve.pdf",
            "papers.check_certificate typed": f"/giay-chung-nhan?ma={self.certificate.code}",
            "results.news_post waiting": f"/cuoc-thi/{slug}/tin/{WAITING}",
            "api.news_post waiting": f"/api/v1/news/{WAITING}",
            "results.decision_scan later": f"/cuoc-thi/{slug}/ket-qua/quyet-dinh/{LATER_SCAN}",
            "api.feed json": "/tin.json",
            "api.contest_feed json": f"/cuoc-thi/{slug}/tin.json",
            "api.embed plain": f"/nhung/{slug}",
            "api.contests page": "/api/v1/contests?limit=1",
            "api.stories page": f"/api/v1/stories?limit=1&contest={slug}",
            "api.news page": f"/api/v1/news?limit=1&contest={slug}",
            "public.archive searched": f"/guong?tim={quote(entries[0].title)}",
        }
        for entry, erasure in zip(entries, self.erasures, strict=True):
            found[f"public.entry {entry.id}"] = f"/bai/{entry.public_id}"
            found[f"api.story {entry.id}"] = f"/api/v1/stories/{entry.public_id}"
            found[f"privacy.request {entry.id}"] = f"/du-lieu-ca-nhan/{erasure.public_id}"
            found[f"public.archive_person {entry.id}"] = f"/guong/nguoi/{quote(entry.author_name)}"
        for unit in self.units:
            found[f"public.archive_unit {unit.code}"] = f"/guong/don-vi/{unit.code}"
            found[f"api.unit {unit.code}"] = f"/api/v1/units/{unit.code}"
        there = {"public.contest": "", "public.finalists": "/chung-khao", "results.honours": "/ket-qua"}
        for endpoint, path in there.items():
            found[f"{endpoint} there"] = f"/cuoc-thi/{self.world.there.contest.slug}{path}"
        found["api.results there"] = f"/api/v1/contests/{self.world.there.contest.slug}/results"
        found["public.entry there"] = f"/bai/{self.world.there.finalist.public_id}"
        return found

    def _draw_cards(self) -> None:
        """The pictures that pages with results are shared by, as they are named at the instant in this world."""
        now, self.clock.instant = self.clock.instant, self.at
        pages = {"results.honours": f"/cuoc-thi/{self.contest.slug}/ket-qua"}
        pages |= {f"public.entry {number}": self.paths[f"public.entry {number}"] for number in self.here[1:3]}
        for key, page in pages.items():
            named = _SHARED.search(self.ask("visitor", page).body.decode())
            assert named is not None, f"{page} names no picture"
            self.paths[f"{key} card"] = page + named[0]
            self.ask("visitor", page + named[0])  # drawn once and kept beside the database, which is put back
        self.clock.instant = now
        self.restore()

    def ask(self, role: str, path: str, way: Asking = PLAIN) -> Told:
        """Ask as that person, with the same cookie each time."""
        client = Client(self.app, self.app.response_class)
        known = self.sessions[role]
        if known is not None:
            with client.session_transaction() as session:
                session.update(known)
        db.session.remove()
        with statements() as sent:
            answer = client.open(way.prefix + path, method=way.method, headers=list(way.headers))
        body = answer.get_data()
        moving = {"Date", "Set-Cookie"} | ({"Content-Length", "ETag"} if body.startswith(_PACKED) else set())
        headers = tuple(sorted(each for each in answer.headers if each[0] not in moving))
        return Told(answer.status_code, headers, _still(body), tuple(sent))

    def look(self, role: str, keys: Iterable[str], ways: Iterable[Asking] = (PLAIN,)) -> dict[tuple[str, str], Told]:
        """Everything that somebody is told; after each question the database is as before it."""
        return {(key, way.name): self.ask(role, self.paths[key], way) for key in keys for way in ways}

    # The other world

    def _file(self) -> Path:
        return Path(self.app.config["SETTINGS"].data_dir)

    def _keep(self) -> None:
        db.session.remove()
        with db.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.engine.dispose()
        shutil.copy(self._file() / "contest.sqlite3", self._file() / "twin.sqlite3")

    def restore(self) -> None:
        """The first world, as nobody has looked at it."""
        db.session.remove()
        db.engine.dispose()
        for suffix in ("-wal", "-shm"):
            (self._file() / f"contest.sqlite3{suffix}").unlink(missing_ok=True)
        shutil.copy(self._file() / "twin.sqlite3", self._file() / "contest.sqlite3")

    def turn(self, change: Callable[[Twins], None]) -> None:
        """The other world."""
        self.restore()
        change(self)
        db.session.commit()
        db.session.remove()


_PACKED = b"PK\x03\x04"
# What differs from one second, token or version of a style sheet to the next.
_MOVING = (
    re.compile(rb'(?<=name="csrf[-_]token" value=")[^"]*'),
    re.compile(rb'(?<=name="csrf[-_]token" content=")[^"]*'),
    re.compile(rb"(?<=\?v=)[0-9a-f]{10}"),
    re.compile(rb"(?<=W3CDTF\">)[^<]*"),
)


def _still(body: bytes) -> bytes:
    if body.startswith(_PACKED):  # tells of each file when it was packed
        with zipfile.ZipFile(BytesIO(body)) as packed:
            body = b"\n".join(name.encode() + packed.read(name) for name in packed.namelist())
    for moving in _MOVING:
        body = moving.sub(b"", body)
    return body


def differences(one: dict[tuple[str, str], Told], other: dict[tuple[str, str], Told]) -> list[str]:
    """Where the two worlds can be told apart, and by what."""
    found = []
    for key in sorted(one.keys() | other.keys()):
        a, b = one.get(key), other.get(key)
        if a is None or b is None or a == b:
            if (a is None) != (b is None):
                found.append(f"{key}: asked in one world only")
            continue
        what = [name for name in Told._fields if getattr(a, name) != getattr(b, name)]
        where = ""
        if "body" in what:
            at = next((at for at, (x, y) in enumerate(zip(a.body, b.body, strict=False)) if x != y), 0)
            where = f"{a.body[max(0, at - 80) : at + 60]!r} | {b.body[max(0, at - 80) : at + 60]!r}"
        found.append(f"{key}: {', '.join(what)} {a.status}/{b.status} {where}")
    return found
