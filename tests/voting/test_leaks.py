"""While a vote is open nobody learns how it stands: not by a page, a file, an order, a header or the work it takes.

Two worlds differ in what was chosen alone, and so in the figures of every entry: it is one database, in
which all ballots but the onlooker's own are turned round from each entry to the next. Numbers, salts and
commitments stay, for they are random whatever is chosen. Everybody goes everywhere in both, and every
byte, every header and every statement sent to the database must be the same. For some of the guards
there is a test that takes it away and sees the worlds differ.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import NamedTuple

import pytest
from sqlalchemy import delete, func, insert, select

from contest.accounts.models import SiteRole
from contest.app import create_app  # noqa: F401 -- the rooms are there
from contest.core.db import db
from contest.core.web import access
from contest.results.models import ResultSet
from contest.voting import detection, paper, queries, review
from contest.voting.models import Ballot, Choice
from contest.voting.models_log import Leaf
from contest.voting.models_review import BallotPattern, Finding, FindingBallot, PaperBatch, Setting
from contest.voting.paper_accept import accept
from contest.voting.review_lists import Part
from tests.conftest import Client
from tests.factories import make_officer, make_staff, make_unit, make_user, sign_in
from tests.factories.crawl import crawl, differences, hold_tokens
from tests.factories.editions import publish_edition
from tests.factories.results import make_results, publish
from tests.factories.voting import close_log, during, make_vote, make_voter, seal_log, vote, voting_window
from tests.house.test_queries import statements

TOKEN = "0" * 40
WORDS = "Một thiết bị gửi mười phiếu trong một phút."


@pytest.fixture(autouse=True)
def one_second(monkeypatch):
    hold_tokens(monkeypatch)


class Plain(NamedTuple):
    id: int
    public_id: str
    blind_code: str


class Visitor(Client):
    """A client whose every request reads the database anew, as it does where each has a process to itself."""

    def open(self, *args, **kwargs):
        db.session.remove()
        return super().open(*args, **kwargs)


class World:
    """A vote under way, with everything that is kept about one, and people of every kind."""

    def __init__(self, app, clock):
        self.app, self.clock = app, clock
        self.contest, self.entries = make_vote()
        self.writer = self.entries[0].author
        for entry in self.entries:
            publish_edition(entry, title=f"Chuyện thứ {entry.id}")
        clock.instant = during(self.contest)
        contest = self.contest
        unit = make_unit()
        operator = make_user()
        operator.roles.append(SiteRole(name="operator"))
        self.people = {
            "judge": make_staff(contest, "judge"),
            "chair": make_staff(contest, "chair"),
            "secretary": make_staff(contest, "secretary"),
            "organiser": make_staff(contest, "organiser"),
            "author": self.writer,
            "officer": make_officer(unit),
            "operator": operator,
        }
        self.second = make_staff(contest, "organiser")
        self.third = make_staff(contest, "organiser")
        db.session.commit()
        self.own = make_voter(contest)
        vote(contest, self.entries[1:3], self.own)
        self.casts = [
            vote(contest, self.entries[at : at + size])
            for at, size in ((0, 3), (0, 2), (0, 1), (0, 1), (1, 2), (0, 2), (1, 1), (0, 1), (3, 1), (0, 3))
        ]
        self._on_paper()
        self._reviewed()
        seal_log(contest)
        # Plain values from here on: visitors' requests end the session that these rows belong to.
        self.slug, self.contest_id = contest.slug, contest.id
        self.entries = [Plain(entry.id, entry.public_id, entry.blind_code) for entry in self.entries]

    def _on_paper(self):
        codes = [entry.blind_code for entry in self.entries]
        typed = {1: codes[0], 2: f"{codes[0]} {codes[1]}", 3: "x", 4: codes[0]}
        box = {"place": "Thư viện", "unit": None, "held_on": self.clock.instant.date(), "slips": 4}
        now, one, two = self.clock.instant, self.people["secretary"], self.second
        for state in ("accepted", "agreed", "keying"):
            batch = paper.make_batch(contest=self.contest, **box, actor=one, now=now)
            for actor in (one, two) if state != "keying" else (self.third,):
                paper.begin(batch=batch, actor=actor, now=now)
                paper.key_in(batch=batch, typed=typed, actor=actor, now=now)
                paper.finish(batch=batch, actor=actor, now=now)
            if state == "accepted":
                accept(batch=batch, actor=self.people["organiser"], now=now)
        db.session.commit()

    def _reviewed(self):
        """A finding whose ballots are set aside, one that is proposed, one that is open."""
        now = self.clock.instant
        for kind in ("acted", "proposed", "open"):
            finding = Finding(
                contest_id=self.contest.id,
                kind="burst",
                subject=f"2027-05-20T13-{kind}",
                severity=60,
                ballots=3,
                measures={},
                first_seen=now,
                last_seen=now,
            )
            db.session.add(finding)
            db.session.flush()
            numbers = [cast.ballot_id for cast in self.casts[:3]]
            for ballot in db.session.scalars(select(Ballot.id).where(Ballot.ballot_id.in_(numbers))):
                db.session.add(FindingBallot(finding_id=finding.id, ballot_id=ballot))
            db.session.flush()
            if kind == "open":
                continue
            setting = review.propose(
                contest=self.contest,
                finding=finding,
                part=Part(sample=1),
                reason="automated",
                words=WORDS,
                actor=self.second,
                now=now,
                is_counted=lambda _contest: False,
            )
            if kind == "acted":
                review.decide(
                    contest=self.contest,
                    setting=setting,
                    yes=True,
                    words=WORDS,
                    actor=self.third,
                    now=now,
                    is_counted=lambda _contest: False,
                )
        db.session.commit()

    # Going round

    def public_starts(self):
        """What is there for everybody, and what somebody would try: orders, formats, files before their time."""
        public = f"/cuoc-thi/{self.slug}"
        found = ["/", "/doc", "/ket-qua", "/sitemap.xml", "/robots.txt", "/tim?q=chuyen"]
        found += [public, f"{public}/chung-khao", f"{public}/ket-qua"]
        told = f"/api/v1/contests/{self.slug}"
        found += [told, f"{told}/finalists", f"{told}/results", "/api/v1/stories", "/tin.atom", f"/nhung/{self.slug}"]
        found += [f"{where}/{rest}" for where in (public, f"/en{public}") for rest in ("binh-chon", "so-phieu")]
        files = ("key.txt", "log.jsonl", "checkpoints.txt", "checkpoint", "tile/0/0", "openings.jsonl", "result.json")
        found += [f"{public}/so-phieu/{name}" for name in (*files, "tat-ca.zip", "kiem", "tim")]
        found += [f"{public}/so-phieu/tim?phieu={self.casts[0].ballot_id}"]
        for odd in ("?sap-xep=phieu", "?order=votes:down", "?dang=json"):
            found += [f"{public}/binh-chon{odd}", f"{public}/chung-khao{odd}", f"/doc{odd}"]
        found += [f"/bai/{entry.public_id}" for entry in self.entries]
        return [*found, f"{public}/binh-chon/ap-phich/{self.entries[0].public_id}.pdf"]

    def own_starts(self):
        """Pages that differ by who asks."""
        public = f"/cuoc-thi/{self.slug}/binh-chon"
        found = ["/cua-toi", "/bai-cua-toi", public, f"/en{public}", f"{public}/da-gui", f"{public}/bien-nhan.json"]
        return found + [f"{public}/doc/{entry.public_id}" for entry in self.entries[:3]]

    def desk_starts(self):
        """The pages of those who run or judge it."""
        slug = self.slug
        desk = f"/ban-to-chuc/{slug}"
        found = [desk, f"{desk}/ket-qua", f"{desk}/duyet-dang", f"/cham/{slug}", f"{desk}/cham", "/cua-toi"]
        rests = (
            "",
            "/ra-soat",
            "/ra-soat/phan-bo",
            "/ra-soat/dot",
            "/phieu-giay",
            "/ap-phich",
            "/chi-phi",
            "/danh-sach",
        )
        found += [f"{desk}/binh-chon{rest}" for rest in rests]
        found += [f"{desk}/binh-chon?sap-xep=phieu", f"{desk}/binh-chon/ra-soat?sap-xep=phieu"]
        found += [f"{desk}/binh-chon/ra-soat/tong-hop.{suffix}" for suffix in ("csv", "xlsx")]
        flags = db.session.scalars(select(Finding.public_id).order_by(Finding.id))
        found += [f"{desk}/binh-chon/ra-soat/dau-hieu/{each}" for each in flags]
        settings = db.session.scalars(select(Setting.public_id).order_by(Setting.id))
        found += [f"{desk}/binh-chon/ra-soat/dot/{each}" for each in settings]
        # What somebody is keying in is theirs to see; what lies there done is nobody's.
        batches = select(PaperBatch.public_id).where(PaperBatch.state != "keying").order_by(PaperBatch.id)
        return found + [f"{desk}/binh-chon/phieu-giay/{each}" for each in db.session.scalars(batches)]

    def starts(self, name):
        if name == "anonymous":
            return self.public_starts()
        if name in ("voter", "author"):
            return self.own_starts()
        return self.desk_starts()

    def round_of(self, name, paths=None):
        """Everything that somebody is told, and what that asked of the database."""
        client = Visitor(self.app, self.app.response_class)
        with client.session_transaction() as session:
            session["csrf_token"] = TOKEN
            if name == "voter":
                session["vote"] = {self.slug: {"voter": self.own, "until": 4e9, "shown": "09…678"}}
            elif name != "anonymous":
                session["_user_id"] = self.keys[name]
        cookie = client.get_cookie("session")
        paths = paths or self.starts(name)
        db.session.expire_all()
        with statements() as sent:
            told = crawl(client, paths, self.tags[name], cookie=cookie.value if cookie else "", follow=False)
            if name == "anonymous":
                for path in filter(of_the_vote, paths):
                    told.update(asked_otherwise(client, path))
        return told, [line for line in sent if "sign_in" not in line]

    tags: dict[str, dict[str, str]]
    keys: dict[str, str]

    def look(self, names, paths=None):
        if not hasattr(self, "keys"):
            self.tags, self.keys = {name: {} for name in (*self.people, "anonymous", "voter")}, {}
            for name, person in self.people.items():
                client = Client(self.app, self.app.response_class)
                sign_in(client, person)
                with client.session_transaction() as session:
                    self.keys[name] = session["_user_id"]
            db.session.commit()
        return {name: self.round_of(name, paths) for name in names}

    # The other world

    def turn(self):
        """Each choice becomes one for the next entry: the figure of every entry changes, and nothing else."""
        turn_votes(self.contest_id, self.entries, keep=self.own)


def of_the_vote(path):
    return path.startswith("/cuoc-thi/") and ("/binh-chon" in path or "/so-phieu" in path) and "?" not in path


def asked_otherwise(client, path):
    """The same by HEAD, in part, and as another format."""
    found = {}
    for name, method, headers in (
        ("head", "HEAD", {}),
        ("part", "GET", {"Range": "bytes=0-300"}),
        ("json", "GET", {"Accept": "application/json"}),
    ):
        answer = client.open(path, method=method, headers=headers)
        kept = sorted((name, value) for name, value in answer.headers if name not in {"Date", "Set-Cookie"})
        body = answer.get_data() if b"csrf" not in answer.get_data() else b""
        if body != b"" or method == "HEAD":
            found[f"{name} {path}"] = (answer.status_code, tuple(kept), body)
    return found


def turn_votes(contest_id, entries, keep=None):
    ids = [entry.id for entry in entries]
    names = [entry.public_id for entry in entries]
    following = dict(zip(ids, [*ids[1:], ids[0]], strict=True))
    named = dict(zip(names, [*names[1:], names[0]], strict=True))
    rows = db.session.execute(
        select(Choice.ballot_id, Choice.slot, Choice.entry_id)
        .join(Ballot, Ballot.id == Choice.ballot_id)
        .where(Ballot.contest_id == contest_id, func.coalesce(Ballot.voter_id, 0) != (keep or -1))
        .order_by(Choice.ballot_id, Choice.slot)
    ).all()
    db.session.execute(delete(Choice).where(Choice.ballot_id.in_({row.ballot_id for row in rows})))
    turned = [{"ballot_id": row.ballot_id, "slot": row.slot, "entry_id": following[row.entry_id]} for row in rows]
    db.session.execute(insert(Choice), turned)
    ballots = {row.ballot_id for row in rows}
    for leaf in db.session.scalars(select(Leaf).where(Leaf.ballot_id.in_(ballots)).order_by(Leaf.id)):
        leaf.choices = sorted(named[name] for name in leaf.choices)
    for batch in db.session.scalars(select(PaperBatch).where(PaperBatch.first_at.is_not(None)).order_by(PaperBatch.id)):
        batch.first = [[named[name] for name in slip] for slip in batch.first]
        batch.second = [[named[name] for name in slip] for slip in batch.second] if batch.second_at else batch.second
    patterns = db.session.scalars(select(BallotPattern).order_by(BallotPattern.choices)).all()
    values = [
        {
            "contest_id": each.contest_id,
            "choices": ",".join(sorted(named[name] for name in each.choices.split(",") if name)),
            "ballots": each.ballots,
        }
        for each in patterns
    ]
    db.session.execute(delete(BallotPattern))
    if values:
        db.session.execute(insert(BallotPattern), values)
    db.session.commit()
    db.session.expire_all()


def compare(before, after):
    """What somebody could tell the worlds apart by."""
    found = []
    for name, (told, sent) in before.items():
        other, asked = after[name]
        found += [f"{name}: {line}" for line in differences_of(told, other)]
        if sent != asked:
            at = next((n for n, pair in enumerate(zip(sent, asked, strict=False)) if pair[0] != pair[1]), -1)
            found.append(f"{name}: {len(sent)} statements and {len(asked)}; {sent[at : at + 1]} {asked[at : at + 1]}")
    return found


def differences_of(one, other):
    plain = {path: answer for path, answer in one.items() if not hasattr(answer, "body")}
    crawled = differences(
        {path: answer for path, answer in one.items() if path not in plain},
        {path: answer for path, answer in other.items() if hasattr(answer, "body")},
    )
    return crawled + [
        f"{path}: {answer} | {other.get(path)}" for path, answer in plain.items() if answer != other.get(path)
    ]


@pytest.fixture
def world(app, clock):
    return World(app, clock)


def counted(world):
    """How many choose each entry, in the order of the entries."""
    query = select(Choice.entry_id, func.count()).group_by(Choice.entry_id)
    rows = {row[0]: row[1] for row in db.session.execute(query)}
    return [rows.get(entry.id, 0) for entry in world.entries]


LEAST = {"anonymous": 40, "voter": 6, "author": 5, "organiser": 20, "secretary": 20}  # pages that are there
PUBLIC = ("anonymous", "voter", "author")
STAFF = ("judge", "chair", "secretary", "organiser", "officer", "operator")


@pytest.mark.parametrize("names", [PUBLIC, STAFF], ids=["readers", "staff"])
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)  # what is shown differs in no database
def test_while_the_vote_is_open_nobody_can_tell_how_it_stands(world, names):
    before, figures = world.look(names), counted(world)
    world.turn()
    assert counted(world) != figures
    assert compare(before, world.look(names)) == []
    # It has been somewhere.
    for name, (told, _sent) in before.items():
        assert sum(answer[0] == 200 for answer in told.values()) >= LEAST.get(name, 1), name
    if "organiser" in before:
        desk = f"/ban-to-chuc/{world.slug}/binh-chon"
        for rest in ("", "/phieu-giay", "/ap-phich", "/ra-soat"):
            assert before["organiser"][0][desk + rest].status == 200


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_between_the_close_and_the_announcement_neither(world, clock):
    """The log is closed and opened to nobody; ballots are reviewed, and counted for nobody's eyes."""
    clock.instant = voting_window(world.contest)[1] + timedelta(minutes=5)
    close_log(world.contest, clock.instant)
    clock.instant += timedelta(hours=3)
    names = ("anonymous", "organiser")
    before, figures = world.look(names), counted(world)
    world.turn()
    assert counted(world) != figures
    assert compare(before, world.look(names)) == []


def test_what_is_looked_for_in_ballots_says_nothing_of_an_entry(world):
    """A finding tells of ballots that are alike, never what they choose."""
    before = detection.examine(world.contest, world.clock.instant + timedelta(hours=2))
    world.turn()
    after = detection.examine(world.contest, world.clock.instant + timedelta(hours=2))
    seen = [sorted(map(str, looked.found)) + sorted(map(str, looked.bursts)) for looked in (before, after)]
    assert seen[0] == seen[1]
    told = json.dumps(seen[0])
    assert not any(entry.public_id in told or entry.blind_code in told for entry in world.entries)


# The guards of the guard: with one taken away the worlds differ.


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_the_crawl_sees_an_order_by_votes(world, monkeypatch):
    gallery = queries.gallery

    def by_votes(contest):
        order = counted(world)
        places = {entry.id: count for entry, count in zip(world.entries, order, strict=True)}
        return sorted(gallery(contest), key=lambda entry: -places[entry.id])

    monkeypatch.setattr(queries, "gallery", by_votes)
    monkeypatch.setattr("contest.voting.views.shuffled", lambda items, *_rest: items)
    paths = [f"/cuoc-thi/{world.slug}/binh-chon"]
    before = world.look(["anonymous"], paths)
    world.turn()
    assert any("/binh-chon" in line for line in compare(before, world.look(["anonymous"], paths)))


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_the_crawl_sees_more_work(world, monkeypatch):
    """A page that asks once for each ballot of an entry gives its figure away by the time it takes."""
    standing = queries.on_the_ballot

    def slow(contest_id, categories):
        if isinstance(contest_id, int):
            for _ in range(counted(world)[0]):
                db.session.execute(select(func.count(Ballot.id)))
        return standing(contest_id, categories)

    monkeypatch.setattr(queries, "on_the_ballot", slow)
    paths = [f"/cuoc-thi/{world.slug}/binh-chon"]
    before = world.look(["anonymous"], paths)
    world.turn()
    assert any("statements" in line for line in compare(before, world.look(["anonymous"], paths)))


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_the_crawl_sees_slips_that_are_shown(world, monkeypatch):
    """Without its rule on who may see what is on slips, the page of a batch gives them to others."""
    monkeypatch.setattr(paper, "part_of", lambda _batch, _person: "settle")
    monkeypatch.setattr(
        "contest.voting.views_paper.differing", lambda first, _second: list(range(1, len(first) + 1)), raising=True
    )
    for batch in db.session.scalars(select(PaperBatch).where(PaperBatch.state == "agreed")):
        batch.state = "differs"
    db.session.commit()
    before = world.look(["organiser"])
    world.turn()
    assert any("/phieu-giay/" in line for line in compare(before, world.look(["organiser"])))


# The last millisecond


@pytest.fixture
def announced(app, clock):
    """Results that are worked out and approved, and not announced yet."""
    world = make_results()
    publish(world)
    clock.instant = world.official_at - timedelta(milliseconds=1)
    return world


def paths_of(contest, entries):
    public = f"/cuoc-thi/{contest.slug}"
    found = ["/", "/doc", "/ket-qua", "/sitemap.xml", public]
    told = f"/api/v1/contests/{contest.slug}"
    found += ["/api/v1/stories", "/tin.json", told, f"{told}/finalists", f"/nhung/{contest.slug}"]
    found += [f"{public}/{rest}" for rest in ("binh-chon", "chung-khao", "ket-qua", "so-phieu", "the-le")]
    names = ("log.jsonl", "checkpoints.txt", "openings.jsonl", "result.json", "tat-ca.zip", "kiem")
    found += [f"{public}/so-phieu/{name}" for name in names]
    return found + [f"/bai/{entry.public_id}" for entry in entries]


def other_figures(contest, entries):
    turn_votes(contest.id, entries)
    for found in db.session.scalars(select(ResultSet)):
        told = json.dumps(found.report)
        for one, other in (("120", "9"), ("90", "77")):
            told = told.replace(f", {one}]", f", {other}]")
        found.report = json.loads(told)
    db.session.commit()


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize("role", ["", "judge", "secretary", "author"])
def test_a_millisecond_before_the_announcement_no_figure_is_known(app, announced, role):
    contest, entries = announced.contest, list(announced.entries.values())
    client = Client(app, app.response_class)
    if role:
        sign_in(client, entries[0].author if role == "author" else make_staff(contest, role))
    with client.session_transaction() as session:
        session["csrf_token"] = TOKEN
    paths = paths_of(contest, entries)
    cookie = client.get_cookie("session")
    tags = {}
    before = crawl(client, paths, tags, cookie=cookie.value if cookie else "", follow=False)
    other_figures(contest, entries)
    after = crawl(client, paths, tags, cookie=cookie.value if cookie else "", follow=False)
    assert differences(before, after) == []
    assert before[f"/cuoc-thi/{contest.slug}/ket-qua"].status == 404
    for name in ("openings.jsonl", "result.json", "tat-ca.zip"):
        assert before[f"/cuoc-thi/{contest.slug}/so-phieu/{name}"].status == 404


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_at_the_announcement_the_worlds_differ(app, announced, clock):
    """What is compared a millisecond before is there at the instant: the comparison is not blind."""
    contest, entries = announced.contest, list(announced.entries.values())
    clock.instant = announced.official_at
    client = Client(app, app.response_class)
    paths = paths_of(contest, entries)
    before = crawl(client, paths, {}, follow=False)
    other_figures(contest, entries)
    assert any("/ket-qua" in line for line in differences(before, crawl(client, paths, {}, follow=False)))


# Declared once, held here: whatever the vote shows is private or short-lived.


def test_pages_of_ones_own_are_kept_by_no_cache(world):
    client = Client(world.app, world.app.response_class)
    for rest in ("", "/xac-thuc"):
        answer = client.get(f"/cuoc-thi/{world.slug}/binh-chon{rest}")
        assert "no-store" in answer.headers["Cache-Control"]
    assert access.access_of(world.app, "voting.desk").kind == "needs"
    sign_in(client, world.people["organiser"])
    for path in world.desk_starts():
        assert "no-store" in client.get(path).headers["Cache-Control"], path
