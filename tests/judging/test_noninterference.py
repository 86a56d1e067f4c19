"""Two worlds that differ only in what a judge must not know give the judge the same answers, byte for byte.

What differs is another judge's scores, or who wrote what (with the same conflicts). The judge goes everywhere:
every link of every page, every address that can be thought of, what a browser sends again (304), refused
forms, both languages. Ids and chance are the same, for it is one database in which the fact is changed; tokens
of forms are held still. For each rule there is a test that takes it away and sees the worlds differ.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from contest.contests.ruleset import RuleSet, Sees
from contest.core.db import db
from contest.judging import queries, views_assign
from contest.judging.models import (
    Assignment,
    JointReading,
    JointSheet,
    MarginNote,
    Sheet,
)
from contest.judging.services import save_sheet, seat_judge
from tests.factories import make_contest, make_staff, sign_in
from tests.factories.crawl import crawl, differences, hold_tokens
from tests.factories.judging import (
    BODY,
    declare,
    finalise,
    give,
    make_accepted,
    make_finalist,
    make_panel,
    opening_of,
    spread_marks,
)
from tests.judging.test_canaries import answers, places, plant, swap_authors
from tests.judging.test_joint import give_marks, start


@pytest.fixture(autouse=True)
def one_second_and_one_seed(monkeypatch):
    hold_tokens(monkeypatch)
    monkeypatch.setattr(views_assign, "new_seed", lambda: 5)


def as_judge(client, judge):
    client.delete_cookie("session")
    sign_in(client, judge)


def starts(contest, assignments=(), *, chair=False):
    """Where a judge begins, and what they may try: orders, searches, exports, numbers of others."""
    slug = contest.slug
    found = ["/cua-toi", "/bai-cua-toi", f"/cham/{slug}", f"/en/cham/{slug}", "/tai-khoan"]
    found += [f"/cham/{slug}/{rest}" for rest in ("chot", "doc-chung", "khai-bao", "quy-uoc", "phieu-kin", "bien-ban")]
    for round_ in contest.rules.rounds:
        found += [f"/cham/{slug}/in/{round_.id}{rest}" for rest in ("", "?co=20", "/tap-doc.pdf")]
        for show in ("all", "todo", "open", "final", "undeclared", "x"):
            found.append(f"/cham/{slug}?round={round_.id}&show={show}&sap-xep=total:down&tim=a&ma=2&trang=1")
        for category in contest.rules.categories:
            place = f"/ban-to-chuc/{slug}/cham/{round_.id}/{category.id}"
            rests = (
                "",
                "?sap-xep=total:down",
                "/khoa-diem",
                "/so-sanh",
                "/giam-khao",
                "/phan-cong?seed=5",
                "/bien-ban",
            )
            found += [place + rest for rest in (*rests, "/phan-cong/bang-tinh", "/giay/diem-goc.xlsx", "/xung-dot")]
    for assignment in assignments:
        sheet = f"/cham/{slug}/bai/{assignment.public_id}"
        found += [sheet, f"/en{sheet}"]
        found += [f"{sheet}/{rest}" for rest in ("luu", "trao-doi", "hoan-tac", "ghi-chu", "khai-bao", "xung-dot")]
    return found if not chair else [*found, f"/ban-to-chuc/{slug}/cham"]


class World:
    """A judge, and how to ask for everything they can get."""

    def __init__(self, client, contest, judge, paths):
        self.client, self.contest, self.judge, self.paths = client, contest, judge, paths
        self.follow = True
        self.tags: dict[str, str] = {}
        as_judge(client, judge)
        client.get("/tai-khoan")  # a page with a form: its token is in the session from now on
        self.cookie = client.get_cookie("session").value
        self.before = {}

    def begin(self, *, follow=True):
        """Look at everything, or at what is named alone, as it is before something changes."""
        self.follow = follow
        self.before = self.everything()
        return self.before

    def everything(self):
        db.session.expire_all()
        return crawl(self.client, self.paths, self.tags, cookie=self.cookie, follow=self.follow)

    def differs(self):
        """What has changed for the judge since the beginning."""
        db.session.commit()
        return differences(self.before, self.everything())


# Another judge's scores


def other_scores(judge, marks, total, text):
    """Every score and word of this judge becomes another one."""
    values = {criterion: str(mark) for criterion, mark in marks.items()}
    sheets = select(Sheet).join(Assignment, Assignment.id == Sheet.assignment_id).where(Assignment.judge_id == judge.id)
    for sheet in db.session.scalars(sheets):
        sheet.comment, sheet.version, sheet.updated_at = text, sheet.version + 3, sheet.updated_at + timedelta(hours=1)
        for mark in sheet.marks:
            mark.value = marks[mark.criterion]
        for revision in sheet.revisions:
            revision.marks, revision.total, revision.comment = values, Decimal(total), text
    notes = select(MarginNote).join(Assignment, Assignment.id == MarginNote.assignment_id)
    for note in db.session.scalars(notes.where(Assignment.judge_id == judge.id)):
        note.text = text
    for joint in db.session.scalars(select(JointSheet).where(JointSheet.judge_id == judge.id)):
        joint.marks, joint.comment = values, text
    db.session.flush()


def begin(contest, assignment, total):
    return save_sheet(
        assignment=declare(assignment),
        marks=spread_marks(contest, total),
        comment="dở dang",
        version=0,
        actor=assignment.judge,
        now=opening_of(contest, assignment.round),
    )


@pytest.fixture
def marked(app, client, clock):
    """A preliminary round in which a judge and another one stand at every combination of states."""
    contest = make_contest(0)
    judge, other = make_panel(contest, size=2)
    clock.instant = opening_of(contest, "prelim") + timedelta(hours=2)
    mine = []
    for mine_is in ("undeclared", "todo", "open", "final"):
        for other_is in ("todo", "open", "final"):
            entry = make_accepted(contest, document=BODY)
            work, theirs = give(entry, judge), give(entry, other)
            mine.append(work)
            if mine_is == "undeclared":
                work.impartial_at = None
            if mine_is == "open":
                begin(contest, work, 60)
            if mine_is == "final":
                finalise(work, 80)
            if other_is == "open":
                begin(contest, theirs, 60)
            if other_is == "final":
                finalise(theirs, 76)
            db.session.add(MarginNote(assignment_id=theirs.id, block=0, text="ghi chú", at=clock.instant))
    db.session.commit()
    return World(client, contest, judge, starts(contest, mine)), other


def test_nothing_that_another_judge_does_changes_a_byte(marked):
    world, other = marked
    before = world.begin()
    assert sum(answer.status == 200 for answer in before.values()) > 40
    # Their scores and words.
    other_scores(other, spread_marks(world.contest, 84), 84, "Khác hẳn")
    assert world.differs() == []
    # Whether they have begun, or are done.
    for assignment in db.session.scalars(select(Assignment).where(Assignment.judge_id == other.id)):
        if assignment.sheet is None:
            begin(world.contest, assignment, 70)
        else:
            assignment.sheet.state = "open"
    assert world.differs() == []
    # That one is the third judge: it would tell that two others were far apart.
    for assignment in db.session.scalars(select(Assignment).where(Assignment.judge_id == world.judge.id)):
        assignment.kind = "third"
    assert world.differs() == []


def test_the_crawl_sees_a_score_that_is_shown(marked):
    """The judge's own: the same pages are not blind."""
    world, _other = marked
    world.begin(follow=False)
    other_scores(world.judge, spread_marks(world.contest, 84), 84, "Khác hẳn")
    assert len(world.differs()) > 5


@pytest.fixture
def judged(app, client, clock):
    """A final round whose judges are all done with one entry, not far enough apart to talk."""
    contest = make_contest(0)
    judges = make_panel(contest, "final", size=5)
    clock.instant = opening_of(contest, "final") + timedelta(hours=2)
    entry = make_finalist(contest, published=False)
    works = [give(entry, judge, "final") for judge in judges]
    for work in works:
        finalise(work, 80)
    db.session.commit()
    return World(client, contest, judges[0], starts(contest, works[:1])), judges[1]


def test_scores_that_nobody_talks_about_change_no_byte(judged):
    world, other = judged
    world.begin()
    other_scores(other, spread_marks(world.contest, 84), 84, "Khác hẳn")
    assert world.differs() == []


def test_without_the_rule_on_talks_the_worlds_differ(judged, monkeypatch):
    world, other = judged
    monkeypatch.setattr(queries, "may_rescore", lambda _assignment: True)
    world.begin(follow=False)
    other_scores(other, spread_marks(world.contest, 84), 84, "Khác hẳn")
    assert any("/bai/" in line for line in world.differs())


@pytest.fixture
def read_jointly(app, client, clock):
    """A joint reading under way: everybody is done with it, and nobody sees the others yet."""
    contest = make_contest(0)
    clock.instant = contest.rules.window("prelim").opens - timedelta(days=3)
    judges, chair = make_panel(contest), make_staff(contest, "chair")
    entries = [make_accepted(contest, document=BODY) for _ in range(3)]
    reading = start(contest, entries, chair, now=clock.instant)
    for judge in judges[:2]:
        for entry in entries[:2]:
            give_marks(reading, entry, judge, 70, now=clock.instant)
    db.session.commit()
    paths = [f"/cham/{contest.slug}/doc-chung/{text.public_id}" for text in reading.texts]
    paths.append(f"/cham/{contest.slug}/doc-chung/{reading.public_id}/so-sanh")
    return World(client, contest, judges[0], [*starts(contest), *paths]), judges[1]


def test_scores_of_a_joint_reading_change_no_byte_while_it_is_open(read_jointly):
    world, other = read_jointly
    before = world.begin()
    assert any(answer.status == 200 for path, answer in before.items() if "/doc-chung/" in path)
    other_scores(other, spread_marks(world.contest, 84), 84, "Khác hẳn")
    assert world.differs() == []


def test_once_it_is_closed_the_worlds_differ(read_jointly):
    world, other = read_jointly
    reading = db.session.scalars(select(JointReading)).one()
    reading.closed_at, reading.closed_by_id = reading.opened_at, reading.opened_by_id
    for sheet in db.session.scalars(select(JointSheet)):
        sheet.final_at = reading.opened_at
    db.session.commit()
    world.begin(follow=False)
    other_scores(other, spread_marks(world.contest, 84), 84, "Khác hẳn")
    assert any("so-sanh" in line for line in world.differs())


# Who wrote what


# Each once: what is left out of a page is left out by Python, whichever database it came from.
EACH_ONCE = pytest.mark.parametrize(
    ("app", "planted"),
    [("sqlite", "judge"), pytest.param("postgres", "chair", marks=pytest.mark.postgres)],
    indirect=True,
)


@pytest.fixture
def planted(request, app, client, clock):
    """Two entries with everything planted that could tell an author, one of them not declared on yet.

    A head of jury who judges has the jury's table besides: it must tell as little.
    """
    contest = make_contest(0)
    person = make_staff(contest, request.param)
    seat_judge(contest=contest, round_id="prelim", category="A", judge=person, actor=None, now=contest.created_at)
    one, other = (plant(client, clock, "author_hidden", mark, judge=(contest, person)) for mark in "ab")
    other.assignment.impartial_at = None
    make_panel(contest, size=3)
    clock.instant = opening_of(contest, "prelim")
    db.session.commit()
    paths = starts(contest, [one.assignment, other.assignment], chair=request.param == "chair")
    paths += [path for each in (one, other) for path in places(app, each)]
    return World(client, contest, person, list(dict.fromkeys(paths))), one, other


@EACH_ONCE
def test_who_wrote_what_changes_no_byte(planted):
    world, one, other = planted
    forms(world, one, other)  # what is typed is kept, also when it is refused
    before, told = world.begin(), forms(world, one, other)
    assert sum(answer.status == 200 for answer in before.values()) > 40
    assert any(path.startswith("304 ") and answer.status == 304 for path, answer in before.items())
    swap_authors(one.entry, other.entry)
    assert world.differs() == []
    assert forms(world, one, other) == told


def forms(world, *planted):
    """What forms answer that are not filled in."""
    told = []
    for each in planted:
        world.client.set_cookie("session", world.cookie)
        sheet = f"/cham/{each.entry.contest.slug}/bai/{each.assignment.public_id}"
        for what, answer in answers(world.client, each, [f"{sheet}/xung-dot"]):
            if what.startswith("POST"):
                told.append((what, answer.status_code, answer.get_data()))
    return told


@EACH_ONCE
def test_without_the_rule_on_what_is_seen_the_worlds_differ(planted, monkeypatch):
    world, one, other = planted
    monkeypatch.setattr(RuleSet, "sees", lambda *_: Sees(author=True, exemplar=True, place=True))
    world.begin(follow=False)
    swap_authors(one.entry, other.entry)
    found = world.differs()
    assert any(f"/bai/{one.assignment.public_id}" in line for line in found)
