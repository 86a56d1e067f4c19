"""The site with a contest in it as it stands in the middle of its life, on a database of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import cycle
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import upgrade
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import func, select

from contest.accounts.models import User
from contest.accounts.rules import TERMS_VERSION
from contest.accounts.sign_ins import open_sign_in
from contest.app import create_app
from contest.contests.models import Contest
from contest.core import clock
from contest.core.db import db
from contest.core.web.pages import PageCache
from contest.entries.models import Entry, Photo
from contest.voting.models import Voter
from contest.voting.queries import on_the_ballot
from tests.conftest import START, VIETNAM, settings_for
from tests.factories import judging, make_unit, make_user
from tests.factories.world import World, make_world, publish

STORIES = Path(__file__).parents[1] / "contest" / "demo" / "data" / "entries"
MOMENTS = {
    "submission": datetime(2027, 3, 20, 9, 0, tzinfo=VIETNAM),
    "marking": datetime(2027, 4, 15, 9, 0, tzinfo=VIETNAM),
    "vote": datetime(2027, 5, 20, 9, 0, tzinfo=VIETNAM),
    "announced": datetime(2027, 6, 12, 9, 0, tzinfo=VIETNAM),
}
FORM_TOKEN = "0123456789abcdef" * 2


class Site:
    """The application, its data, and the people whose pages are asked for."""

    def __init__(self, folder: Path, url: str = "") -> None:
        self.clock = clock.StillClock(START)
        self.app: Flask = create_app(settings_for(folder, url))
        clock.use(self.clock)
        # Taken out, so that pages are measured as they are made; put back for one of the tables.
        self.pages: PageCache = self.app.extensions.pop("pages")
        with self.app.app_context():
            upgrade()
            self.world: World = make_world()
            self.contest: Contest = self.world.here.contest
            self.slug = self.contest.slug
            self.category = self.contest.rules.voting.categories[0]
            self._fill()
            db.session.commit()
            # Read while the session is open; the pages open sessions of their own.
            self.story = self.world.here.finalist.public_id
            self.assignment = self.world.here.assignment.public_id
            self.receipt = self.world.here.finalist.receipts[0].code
            self.draft = self.world.here.draft.public_id
            self.sent = self.world.here.sent.public_id
            self.unit = self.world.here.unit.code
            self.cookies = {
                role: self.session_cookie({"_user_id": self._key(self.world.person(role)), "csrf_token": FORM_TOKEN})
                for role in ("writer", "judge", "chair", "secretary", "organiser", "officer")
            }
            db.session.commit()

    def at(self, moment: str) -> None:
        self.clock.instant = MOMENTS[moment]

    def _key(self, person: User | None) -> str:
        assert person is not None
        return open_sign_in(person=person, wall=clock.wall())

    def _fill(self, finalists: int = 20, waiting: int = 30) -> None:
        """Stories of the demonstration, each with two photos: finalists, and entries being marked."""
        told = cycle(stories())
        judge = self.world.here.staff["judge"]
        authors = [make_user(terms_version=TERMS_VERSION, terms_accepted_at=START) for _ in range(10)]
        for number in range(finalists + waiting):
            title, body = next(told)
            make = judging.make_finalist if number < finalists else judging.make_accepted
            entry = make(self.contest, self.category, author=authors[number % 10], title=title, body=body, now=START)
            _photograph(entry)
            if number >= finalists:
                judging.give(entry, judge)
        for title, body in stories()[:3]:
            judging.make_accepted(
                self.contest, self.category, author=self.world.here.writer, title=title, body=body, now=START
            )

    def publish(self) -> None:
        """Announce results: every finalist but five has a prize."""
        with self.app.app_context():
            entries = db.session.scalars(
                select(Entry).where(Entry.contest_id == self.contest.id, Entry.state == "accepted").limit(15)
            ).all()
            publish(self.world.here, entries)

    # Cookies and forms

    def session_cookie(self, content: dict[str, Any]) -> str:
        serializer = self.app.session_interface.get_signing_serializer(self.app)  # type: ignore[attr-defined]
        return f"session={serializer.dumps(content)}"

    def form_token(self) -> str:
        return URLSafeTimedSerializer(self.app.secret_key, salt="wtf-csrf-token").dumps(FORM_TOKEN)

    def ballots(self, times: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """First ballots of `times` voters, with as many choices as the rules allow."""
        with self.app.app_context():
            known = db.session.scalar(select(func.count(Voter.id))) or 0
            numbers = range(known, known + times)
            db.session.add_all(
                Voter(contest_id=self.contest.id, tag=f"{number:064x}", order_seed=f"{number:016x}", created_at=START)
                for number in numbers
            )
            db.session.commit()
            ids = db.session.scalars(select(Voter.id).where(Voter.contest_id == self.contest.id).order_by(Voter.id))
            voters = ids.all()[-times:]
            picks = db.session.scalars(
                on_the_ballot(self.contest.id, [self.category]).with_only_columns(Entry.public_id).limit(3)
            ).all()
        picks = picks[: self.contest.rules.voting.choices_max]
        until = clock.wall().timestamp() + 7200
        token = self.form_token()
        for voter in voters:
            note = {"voter": voter, "until": until, "shown": "09xx xxx 123"}
            cookie = self.session_cookie({"csrf_token": FORM_TOKEN, "vote": {self.slug: note}})
            yield cookie, {"csrf_token": token, "pick": list(picks)}

    def grow(self, entries: int) -> None:
        """Add accepted entries, assigned to the judge, until the category has `entries` of them."""
        judge = db.session.merge(self.world.here.staff["judge"])
        contest = db.session.merge(self.contest)
        told = cycle(stories())
        author, unit = make_user(), make_unit()
        standing = db.session.scalar(
            select(func.count(Entry.id)).where(Entry.contest_id == contest.id, Entry.state == "accepted")
        )
        for number in range((standing or 0), entries):
            title, body = next(told)
            entry = judging.make_finalist(
                contest, self.category, author=author, exemplar_unit=unit, title=title, body=body, now=START
            )
            judging.give(entry, judge)
            if number % 200 == 0:
                db.session.commit()
        db.session.commit()


def stories() -> list[tuple[str, str]]:
    """Titles and texts of the demonstration's stories: 1,000 to 1,500 words each."""
    files = [json.loads(path.read_text("utf-8")) for path in sorted(STORIES.glob("*.json"))]
    return [(story["title"], story["body"]) for file in files for story in file]


def _photograph(entry: Entry) -> None:
    for position in (1, 2):
        db.session.add(
            Photo(
                entry=entry,
                position=position,
                large_key=f"aa/{entry.id:028x}{position:02x}.webp",
                small_key=f"ab/{entry.id:028x}{position:02x}.webp",
                width=1600,
                height=1067,
                sha256=f"{entry.id:064x}",
                caption="Một buổi sáng ở bến đò",
                photographer="Người Chụp",
                alt="Bến đò lúc sáng sớm",
                consent=True,
                created_at=START,
            )
        )
