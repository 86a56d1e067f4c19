"""Nothing of a result shows one millisecond early, on any surface, to anyone; at the instant all of it does.

Two worlds that differ in winners alone must be told apart by nobody: the same database is looked at,
its winners are changed, and it is looked at again. Bytes and headers are compared exactly.
"""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import and_, delete, select

from contest.app import create_app
from contest.core import clock as clocks
from contest.core.db import db
from contest.judging.models import SheetRevision
from contest.outbox.models import Message
from contest.results import queries
from contest.results.models import Award, ResultSet
from tests.conftest import Client
from tests.factories import make_staff, make_user, sign_in
from tests.factories.results import approve_as, compute, decide, make_results, publish

EARLY = (timedelta(hours=24), timedelta(seconds=1), timedelta(milliseconds=1))
TOKEN = re.compile(rb'(name="csrf[-_]token" (?:value|content)=")[^"]*"')


def surfaces(world, *, signed_in) -> list[str]:
    """Every address that could say something of a result; for strangers in both languages."""
    slug = world.contest.slug
    paths = [
        "/",
        "/cuoc-thi",
        f"/cuoc-thi/{slug}",
        f"/cuoc-thi/{slug}/the-le",
        f"/cuoc-thi/{slug}/chung-khao",
        f"/cuoc-thi/{slug}/ket-qua",
        f"/cuoc-thi/{slug}/binh-chon",
        f"/cuoc-thi/{slug}/le-trao-giai",
        f"/cuoc-thi/{slug}/ket-qua/chia-se/{'0' * 20}.png",
        "/guong",
        "/guong?tim=Đồi",
        f"/guong/nam/{world.official_at.year}",
        "/guong/dip/thi-dua-ai-quoc",
        "/guong/don-vi",
        *(f"/guong/don-vi/{each.exemplar.unit.code}" for each in world.entries.values() if each.exemplar.unit),
        *(f"/guong/nguoi/{each.author_name}" for each in world.entries.values()),
        *(f"/bai/{each.public_id}/chia-se/{'0' * 20}.png" for each in world.entries.values()),
        "/doc",
        "/ket-qua",
        "/huong-dan",
        "/quyen-rieng-tu",
        "/robots.txt",
        "/tim?q=Đồi",
        "/sitemap.xml",
        "/sitemap/trang.xml",
        f"/sitemap/{slug}/1.xml",
        "/tin.atom",
        "/tin.json",
        f"/cuoc-thi/{slug}/tin.atom",
        f"/cuoc-thi/{slug}/tin.json",
        f"/nhung/{slug}",
        f"/nhung/{slug}/toi",
        "/api/v1/contests?limit=1",
        f"/api/v1/contests/{slug}",
        f"/api/v1/contests/{slug}/finalists",
        f"/api/v1/contests/{slug}/results",
        "/api/v1/stories",
        "/api/v1/news",
        "/api/v1/units",
        "/cua-toi",
        "/bai-cua-toi",
        f"/ban-to-chuc/{slug}",
        f"/ban-to-chuc/{slug}/ket-qua",
        f"/ban-to-chuc/{slug}/bai-du-thi",
        f"/cham/{slug}",
        *(f"/bai/{world.entries[title].public_id}" for title in ("Đồi cằn trổ hoa", "Bến đò đêm", "Lớp học")),
    ]
    return paths if signed_in else [*paths, *(f"/en{path}" for path in paths)]


def seen_by(client, world, *, signed_in):
    """What each address answers: status, headers, bytes. Tokens of forms are random and left out."""
    found = {}
    for path in surfaces(world, signed_in=signed_in):
        if not signed_in:
            client.delete_cookie("session")  # a page of one's own may have begun one
        answer = client.get(path)
        headers = sorted((name, value) for name, value in answer.headers if name not in {"Date", "Set-Cookie"})
        found[path] = (answer.status_code, headers, TOKEN.sub(rb"\1", answer.data))
    return found


@pytest.fixture
def people(app):
    """Who must know nothing yet, with clients of their own: anonymous, a writer, a judge, a secretary, an organiser."""
    world = make_results()
    publish(world)
    winner = world.entries["Đồi cằn trổ hoa"].author
    judge = make_staff(world.contest, "judge")
    clients = {"anonymous": Client(app, app.response_class)}
    for name, person in (
        ("winner", winner),
        ("writer", make_user()),
        ("judge", judge),
        ("secretary", make_staff(world.contest, "secretary")),
    ):
        clients[name] = Client(app, app.response_class)
        sign_in(clients[name], person)
    db.session.commit()
    return world, clients


def change_winners(kind: str) -> None:
    """The same world with other winners, other figures, or none."""
    result_set = db.session.scalars(select(ResultSet)).one()
    if kind == "others":
        entries = [award.entry_id for award in result_set.awards]
        # Past the UNIQUE constraint: all out of the way first.
        rotated = [*entries[1:4], entries[0]]
        rows = [(award.position, award.prize_id, award.amount_vnd, award.why) for award in result_set.awards[:4]]
        db.session.execute(delete(Award).where(Award.result_set_id == result_set.id))
        for (position, prize_id, amount, why), entry_id in zip(rows, rotated, strict=True):
            db.session.add(
                Award(
                    result_set_id=result_set.id,
                    position=position,
                    prize_id=prize_id,
                    entry_id=entry_id,
                    place=position,
                    score="99/1",
                    amount_vnd=amount,
                    why=why,
                )
            )
        result_set.report = {**result_set.report, "left": 1, "tally": None}
        for revision in db.session.scalars(select(SheetRevision)):
            revision.total = 100 - revision.total
    else:
        db.session.execute(delete(Message))
        db.session.execute(delete(Award))
        db.session.execute(delete(ResultSet))
    db.session.commit()
    db.session.expire_all()


def look(world, clients):
    return {name: seen_by(client, world, signed_in=name != "anonymous") for name, client in clients.items()}


def differences(first, second):
    return {(name, path) for name, seen in first.items() for path in seen if seen[path] != second[name][path]}


@pytest.mark.parametrize("app", ["postgres"], indirect=True)  # test_noninterference asks for more, on SQLite
def test_before_the_instant_nobody_can_tell_who_won(people, clock):
    """A day, a second and a millisecond before; with other winners, and with none at all."""
    world, clients = people
    seen = {}
    for winners in ("these", "others", "none"):
        if winners != "these":
            change_winners(winners)
        for before in EARLY:
            clock.instant = world.official_at - before
            now = look(world, clients)
            assert differences(seen.setdefault(before, now), now) == set()
    slug, story = world.contest.slug, f"/bai/{world.entries['Đồi cằn trổ hoa'].public_id}"
    for name, path in (("anonymous", "/"), ("anonymous", story), ("winner", "/cua-toi"), ("judge", f"/cham/{slug}")):
        assert now[name][path][0] == 200, f"{path} says nothing: the comparison would be empty"
    assert now["secretary"][f"/ban-to-chuc/{slug}"][0] == 200


def test_the_comparison_sees_a_leak(people, clock, monkeypatch):
    """The guard of the guard: without its condition on time, the predicate lets the worlds differ."""
    world, clients = people

    def without_time(now):
        return and_(
            ResultSet.superseded_at.is_(None),
            ResultSet.second_approver_id.is_not(None),
        )

    monkeypatch.setattr(queries, "is_official", without_time)
    clock.instant = world.official_at - timedelta(milliseconds=1)
    strangers = {"anonymous": clients["anonymous"]}
    first = look(world, strangers)
    change_winners("others")
    leaking = {path for _, path in differences(first, look(world, strangers))}
    assert f"/cuoc-thi/{world.contest.slug}/ket-qua" in leaking


def test_before_the_instant_the_page_answers_like_one_that_does_not_exist(people, clock, client):
    """Also to the organisers who approved it."""
    world, clients = people
    clock.instant = world.official_at - timedelta(milliseconds=1)
    organiser = Client(client.application, client.application.response_class)
    sign_in(organiser, world.first)
    for someone in (*clients.values(), organiser):
        real = someone.get(f"/cuoc-thi/{world.contest.slug}/ket-qua")
        unknown = someone.get("/cuoc-thi/khong-co-cuoc-thi-nay/ket-qua")
        assert real.status_code == unknown.status_code == 404
        own = {"Content-Length", "Date", "Set-Cookie"}  # the address stands in the page, longer or shorter
        assert {each for each in real.headers if each[0] not in own} == {
            each for each in unknown.headers if each[0] not in own
        }
        page = TOKEN.sub(rb"\1", real.data).replace(world.contest.slug.encode(), b"")
        assert page == TOKEN.sub(rb"\1", unknown.data).replace(b"khong-co-cuoc-thi-nay", b"")


def test_at_the_instant_everything_is_there_on_two_processes_without_any_task(people, app, clock):
    world, clients = people
    slug, official_at = world.contest.slug, world.official_at
    entry = world.entries["Đồi cằn trổ hoa"].public_id
    other = create_app(app.config["SETTINGS"], TESTING=True, WTF_CSRF_ENABLED=False, RATELIMIT_ENABLED=False)
    clocks.use(clock)
    with other.app_context():
        elsewhere = Client(other, other.response_class)
        clock.instant = official_at - timedelta(milliseconds=1)
        assert elsewhere.get(f"/cuoc-thi/{slug}/ket-qua").status_code == 404
        clock.instant = official_at
        there = elsewhere.get(f"/cuoc-thi/{slug}/ket-qua")
        db.session.remove()
        db.engine.dispose()
    for someone in clients.values():
        here = someone.get(f"/cuoc-thi/{slug}/ket-qua")
        assert here.status_code == there.status_code == 200
        for words in ("Đồi cằn trổ hoa", "Giải Nhất", "90,00", "1408/QĐ-UBND", "120 lượt bình chọn"):
            assert words in here.text
            assert words in there.text
    anonymous = clients["anonymous"]
    assert slug in anonymous.get("/ket-qua").text
    assert "Giải Nhất" in anonymous.get(f"/bai/{entry}").text
    assert f"/cuoc-thi/{slug}/ket-qua" in anonymous.get("/").text
    assert anonymous.get(f"/en/cuoc-thi/{slug}/ket-qua").status_code == 200


def test_a_page_that_anyone_may_keep_says_for_how_short(people, clock):
    world, clients = people
    clock.instant = world.official_at
    answer = clients["anonymous"].get(f"/cuoc-thi/{world.contest.slug}/ket-qua")
    assert answer.headers["Cache-Control"] == "public, max-age=15"
    assert "Set-Cookie" not in answer.headers
    assert (
        clients["writer"].get(f"/cuoc-thi/{world.contest.slug}/ket-qua").headers["Cache-Control"] == "private, no-store"
    )


@pytest.mark.parametrize("state", ["computed", "decided", "approved once"])
def test_without_two_approvals_nothing_shows_even_long_after_the_instant(app, client, clock, state):
    world = make_results()
    compute(world)
    if state != "computed":
        decide(world)
    if state == "approved once":
        approve_as(world, world.first, world.ready_at)
    clock.instant = world.official_at + timedelta(days=30)
    assert client.get(f"/cuoc-thi/{world.contest.slug}/ket-qua").status_code == 404
    assert world.contest.slug not in client.get("/ket-qua").text
    assert "Giải Nhất" not in client.get(f"/bai/{world.entries['Đồi cằn trổ hoa'].public_id}").text
