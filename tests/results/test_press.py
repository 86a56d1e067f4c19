"""The press reads results from its own instant, on terms, with a mark; and nothing else anywhere, nobody else."""

from __future__ import annotations

from datetime import timedelta

import pypdfium2
import pytest
from sqlalchemy import select

from contest.audit.models import AuditRow
from contest.contests.models import RoleGrant
from contest.contests.services import end_role
from contest.core.db import db
from contest.core.errors import NotFound, Refused
from contest.results import press
from contest.results.models import ResultSet
from contest.results.models_after import PressTerms
from contest.results.queries import find_public_results, find_results_for_press
from contest.results.services import withhold_prize
from tests.conftest import Client
from tests.factories import make_contest, make_staff, make_user, sign_in
from tests.factories.results import approve_as, compute, decide, make_results, publish

MILLISECOND = timedelta(milliseconds=1)
STORY = "Đồi cằn trổ hoa"


@pytest.fixture
def world(app):
    return make_results()


@pytest.fixture
def reporter(world):
    return make_staff(world.contest, "press", make_user("Đoàn Thị Minh Châu"))


@pytest.fixture
def client(app, reporter):
    client = Client(app, app.response_class)
    sign_in(client, reporter)
    return client


def text_of(pdf):
    document = pypdfium2.PdfDocument(pdf)
    return "\n".join(page.get_textpage().get_text_bounded() for page in document)


def opens(world):
    return world.contest.rules.announcement.press_early_access


def page(world):
    return f"/bao-chi/{world.contest.slug}"


def accept(client, world, version=press.TERMS_VERSION):
    return client.post(f"{page(world)}/dieu-khoan", data={"version": version})


def may_read(world, person, now):
    return find_results_for_press(world.contest, person.id, press.TERMS_VERSION, now) is not None


def test_every_condition_is_needed(world, reporter, clock):
    """Approved by two, the instant, the role, the terms in their present version: take one away and nothing shows."""
    publish(world)
    now = opens(world)
    assert not may_read(world, reporter, now)  # no terms
    press.accept_terms(contest=world.contest, version=press.TERMS_VERSION, actor=reporter, now=now)
    assert may_read(world, reporter, now)
    assert not may_read(world, reporter, now - MILLISECOND)
    assert not may_read(world, make_staff(world.contest, "secretary"), now)
    other = make_staff(world.contest, "press")
    assert not may_read(world, other, now)
    result_set = db.session.scalars(select(ResultSet)).one()
    for column in ("first_approver_id", "second_approver_id", "decision_number", "visible_from"):
        kept = getattr(result_set, column)
        setattr(result_set, column, None)
        db.session.flush()
        assert not may_read(world, reporter, now), column
        setattr(result_set, column, kept)
        db.session.flush()
    terms = press.find_terms(world.contest.id, reporter.id)
    terms.text_version = "2020-01"
    db.session.flush()
    assert not may_read(world, reporter, now)
    terms.text_version = press.TERMS_VERSION
    grant = db.session.scalars(select(RoleGrant).where(RoleGrant.user_id == reporter.id)).one()
    end_role(grant=grant, actor=world.first, now=now)
    assert not may_read(world, reporter, now)


def test_rules_without_an_instant_open_nothing(app):
    contest = make_contest(1)
    reporter = make_staff(contest, "press")
    assert contest.rules.announcement.press_early_access is None
    press.accept_terms(contest=contest, version=press.TERMS_VERSION, actor=reporter, now=contest.rules.official_at)
    assert find_results_for_press(contest, reporter.id, press.TERMS_VERSION, contest.rules.official_at) is None


def test_from_the_terms_to_the_announcement(world, reporter, client, clock):
    publish(world)
    clock.instant = opens(world) - timedelta(days=1)
    told = client.get(page(world))
    assert "Tôi đồng ý" in told.text or "dieu-khoan" in told.text
    assert STORY not in told.text
    assert accept(client, world).status_code == 303
    terms = db.session.scalars(select(PressTerms)).one()
    assert terms.accepted_at == clock.instant
    assert (len(terms.mark), terms.first_read_at) == (press.MARK_LENGTH, None)
    assert accept(client, world).status_code == 303  # twice is once
    mark = terms.mark
    # The millisecond before: nothing, neither the page nor the file.
    clock.instant = opens(world) - MILLISECOND
    assert STORY not in client.get(page(world)).text
    assert client.get(f"{page(world)}/ket-qua.pdf").status_code == 404
    # At the instant of the press.
    clock.instant = opens(world)
    told = client.get(page(world))
    assert STORY in told.text
    assert told.text.count(mark) >= 4  # above, beside each prize, below
    assert told.headers["Cache-Control"] == "private, no-store"
    client.get(page(world))
    db.session.expire_all()
    assert db.session.scalars(select(PressTerms)).one().first_read_at == clock.instant
    paper = client.get(f"{page(world)}/ket-qua.pdf")
    assert paper.headers["Content-Disposition"] == f"attachment; filename=ket-qua-{world.contest.slug}-{mark}.pdf"
    assert paper.headers["Cache-Control"] == "private, no-store"
    words = " ".join(text_of(paper.data).split())
    assert f"Mã {mark} · không đăng, phát trước" in words
    assert STORY in words
    assert f"{mark}-1" in words
    verbs = db.session.scalars(select(AuditRow.verb).where(AuditRow.verb.startswith("results.")).order_by(AuditRow.id))
    assert [verb for verb in verbs if "press" in verb] == ["results.accept_press_terms", press.READ, press.COPY]
    # The page of the results stays shut for the press as for all.
    assert client.get(f"/cuoc-thi/{world.contest.slug}/ket-qua").status_code == 404
    # At the announcement the page of the press leads to it.
    clock.instant = world.official_at
    told = client.get(page(world))
    assert f"/cuoc-thi/{world.contest.slug}/ket-qua" in told.text
    assert mark not in told.text
    assert client.get(f"{page(world)}/ket-qua.pdf").status_code == 303


def test_nothing_is_read_before_two_approved(world, reporter, client, clock):
    compute(world)
    decide(world)
    approve_as(world, world.first, world.ready_at)
    clock.instant = max(opens(world), world.ready_at)
    accept(client, world)
    assert STORY not in client.get(page(world)).text
    assert client.get(f"{page(world)}/ket-qua.pdf").status_code == 404
    approve_as(world, world.second, world.ready_at)
    assert STORY in client.get(page(world)).text


def test_results_computed_anew_are_read_anew(world, reporter, client, clock):
    """What was withdrawn from under the press is gone for it, and a second reading is recorded as one."""
    publish(world)
    clock.instant = opens(world)
    accept(client, world)
    assert STORY in client.get(page(world)).text
    prize = world.contest.rules.prizes[0]
    withhold_prize(
        contest=world.contest,
        prize_id=prize.id,
        seats=None,
        reason="Hội đồng xét lại.",
        actor=world.first,
        now=clock.instant,
    )
    db.session.commit()
    assert STORY not in client.get(page(world)).text
    publish(world, clock.instant)
    client.get(page(world))
    assert len(db.session.scalars(select(AuditRow).where(AuditRow.verb == press.READ)).all()) == 2


def test_terms_that_changed_are_accepted_again_under_the_same_mark(world, reporter, monkeypatch):
    now = opens(world)
    first = press.accept_terms(contest=world.contest, version=press.TERMS_VERSION, actor=reporter, now=now)
    mark = first.mark
    with pytest.raises(Refused):
        press.accept_terms(contest=world.contest, version="2020-01", actor=reporter, now=now)
    monkeypatch.setattr(press, "TERMS_VERSION", "2028-01")
    again = press.accept_terms(contest=world.contest, version="2028-01", actor=reporter, now=now + MILLISECOND)
    assert (again.mark, again.text_version, again.accepted_at) == (mark, "2028-01", now + MILLISECOND)


def test_only_the_press_of_the_contest_accepts(world, reporter):
    other = make_contest(1)
    for contest, person in ((other, reporter), (world.contest, world.first), (world.contest, make_user())):
        with pytest.raises(NotFound):
            press.accept_terms(contest=contest, version=press.TERMS_VERSION, actor=person, now=opens(world))


def test_organisers_see_who_accepted_and_who_read(app, world, reporter, client, clock):
    quiet = make_staff(world.contest, "press", make_user("Kiều Đức Thắng"))
    publish(world)
    clock.instant = opens(world)
    accept(client, world)
    client.get(page(world))
    client.get(f"{page(world)}/ket-qua.pdf")
    one, other = press.readers_of(world.contest)
    assert (one.person, one.holds, one.copies) == (reporter, True, 1)
    assert one.terms.first_read_at == clock.instant
    assert (other.person, other.terms) == (quiet, None)
    # Who lost the role is still named, for the mark may come out later; who never accepted is not.
    for grant in db.session.scalars(select(RoleGrant).where(RoleGrant.role == "press")):
        end_role(grant=grant, actor=world.first, now=clock.instant)
    assert [(each.person, each.holds) for each in press.readers_of(world.contest)] == [(reporter, False)]
    organiser = Client(app, app.response_class)
    sign_in(organiser, world.first)
    told = organiser.get(f"/ban-to-chuc/{world.contest.slug}/bao-chi").text
    mark = db.session.scalars(select(PressTerms.mark)).one()
    assert reporter.name in told
    assert mark in told
    assert client.get(page(world)).status_code == 404
    assert client.get(f"/ban-to-chuc/{world.contest.slug}/bao-chi").status_code == 404


def test_nobody_but_the_press_has_its_page(app, world, clock):
    publish(world)
    clock.instant = opens(world)
    for role in ("judge", "chair", "secretary", "organiser", "observer"):
        someone = Client(app, app.response_class)
        sign_in(someone, make_staff(world.contest, role))
        assert someone.get(page(world)).status_code == 404, role
        assert someone.get(f"{page(world)}/ket-qua.pdf").status_code == 404, role
    assert Client(app, app.response_class).get(page(world)).status_code == 302
    assert find_public_results(world.contest.id, clock.instant) is None
