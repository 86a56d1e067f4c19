"""The signed decision as a scan: sealed until its instant, then for everyone; replaced ones are kept."""

from __future__ import annotations

import hashlib
import io
import json
from copy import deepcopy
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import select

from contest.contests.ruleset import parse_rule_set
from contest.contests.services import load_rule_set
from contest.core.db import db
from contest.core.errors import NotFound, Refused
from contest.core.web.files import file_store
from contest.exemplars.papers import make_paper
from contest.results.amendments import approve_amendment, propose_revocation
from contest.results.models_after import DecisionScan
from contest.results.queries import find_standing
from contest.results.scans import MOST_SCANS, add_scan, public_scans
from contest.results.services import approve, enter_decision
from tests.factories import START, make_staff, make_user, raw_rule_sets, sign_in
from tests.factories.results import approve_as, compute, decide, judge_finalists, make_results, make_world

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
MOMENT = timedelta(milliseconds=1)


@pytest.fixture
def world(app):
    found = make_results()
    compute(found)
    decide(found)
    return found


def desk(world, *parts):
    return "/".join([f"/ban-to-chuc/{world.contest.slug}/ket-qua/ban-quet", *parts])


def public(world, scan_id):
    return f"/cuoc-thi/{world.contest.slug}/ket-qua/quyet-dinh/{scan_id}"


def keep(world, content=PDF, now=None, amendment_id=""):
    made = add_scan(
        contest=world.contest,
        paper=make_paper(content, "qd-1408.pdf"),
        files=file_store(),
        actor=world.first,
        now=now or world.ready_at,
        amendment_id=amendment_id,
    )
    db.session.commit()
    return made


def approved(world):
    approve_as(world, world.first, world.ready_at)
    approve_as(world, world.second, world.ready_at)


def seen(answer):
    return answer.status_code, answer.data.replace(answer.request.path.encode(), b""), answer.headers["Content-Type"]


@pytest.mark.parametrize("early", [timedelta(days=1), timedelta(seconds=1), MOMENT])
def test_before_its_instant_it_looks_like_nothing_to_anyone(world, client, clock, early):
    scan = keep(world)
    approved(world)
    clock.instant = world.official_at - early
    people = [None, make_user(), world.chair, make_staff(world.contest, "secretary"), world.first]
    for person in people:
        client.delete_cookie("session")
        if person is not None:
            sign_in(client, person)
        for method in ("GET", "HEAD"):
            sealed = client.open(public(world, scan.public_id), method=method)
            unknown = client.open(public(world, "2" * 14), method=method)
            assert seen(sealed) == seen(unknown)
            assert sealed.status_code == 404
        answer = client.get(desk(world, scan.public_id))
        assert answer.status_code == (200 if person is world.first else 302 if person is None else 404)


def test_at_its_instant_everyone_has_it_from_the_page_of_honours(world, client, clock):
    scan = keep(world)
    approved(world)
    clock.instant = world.official_at
    assert public(world, scan.public_id) in client.get(f"/cuoc-thi/{world.contest.slug}/ket-qua").text
    answer = client.get(public(world, scan.public_id))
    assert (answer.status_code, answer.data, answer.mimetype) == (200, PDF, "application/pdf")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    head = client.head(public(world, scan.public_id))
    assert (head.status_code, head.content_length, head.data) == (200, len(PDF), b"")


def test_another_scan_takes_its_place_and_the_first_is_kept(world, client, clock):
    first = keep(world)
    assert keep(world).id == first.id, "the same file is kept once"
    second = keep(world, PDF + b"%%EOF", world.ready_at + MOMENT)
    approved(world)
    clock.instant = world.official_at
    assert client.get(public(world, first.public_id)).status_code == 404
    assert client.get(public(world, second.public_id)).status_code == 200
    sign_in(client, world.second)
    assert client.get(desk(world, first.public_id)).data == PDF
    page = client.get(desk(world)).text
    assert "Đã thay" in page
    assert page.count("qd-1408.pdf") == 2


def test_another_decision_leaves_the_scan_of_the_one_before_behind(world):
    scan = keep(world)
    world.entries["Đồi cằn trổ hoa"].state = "refused"
    compute(world)
    decide(world)
    assert db.session.get_one(DecisionScan, scan.id).replaced_at is None, "the same decision"
    enter_decision(
        contest=world.contest,
        number="1500/QĐ-UBND",
        on=world.decided_on,
        signer="Chủ tịch",
        title="Công nhận",
        actor=world.first,
        now=world.ready_at,
    )
    assert db.session.get_one(DecisionScan, scan.id).replaced_at == world.ready_at
    db.session.commit()
    for person in (world.first, world.second):
        approve(contest=world.contest, typed_number="1500/QĐ-UBND", actor=person, now=world.ready_at)
    db.session.commit()
    assert public_scans(world.contest, world.official_at) == {}, "the scan of another decision"


def test_the_scan_of_an_amendment_waits_for_the_amendment(world, client, clock):
    approved(world)
    day = world.official_at + timedelta(days=1)
    row = propose_revocation(
        contest=world.contest,
        award=find_standing(world.contest.id).awards[0],
        follow="empty",
        reason="Bài đã in năm 2019",
        number="15/QĐ",
        on=day.date(),
        signer="Lê Thị Hòa An",
        actor=world.first,
        now=day,
    )
    db.session.commit()
    scan = keep(world, now=day, amendment_id=row.public_id)
    clock.instant = day
    assert client.get(public(world, scan.public_id)).status_code == 404
    approve_amendment(contest=world.contest, public_id=row.public_id, typed_number="15/QĐ", actor=world.second, now=day)
    db.session.commit()
    at = row.visible_from
    clock.instant = at
    assert client.get(public(world, scan.public_id)).status_code == 200
    assert public(world, scan.public_id) in client.get(f"/cuoc-thi/{world.contest.slug}/ket-qua").text
    clock.instant = at - MOMENT
    assert client.get(public(world, scan.public_id)).status_code == 404
    for unknown in ("2" * 14, "x", "\0"):
        with pytest.raises(NotFound):
            keep(world, amendment_id=unknown)


def test_where_the_rules_publish_no_decision_the_scan_stays_with_the_organisers(app, client, clock):
    document = deepcopy(raw_rule_sets()[0])
    document["announcement"]["publish"] = ["list_by_prize"]
    world = make_world(contest=load_rule_set(rules=parse_rule_set(json.dumps(document)), actor=None, now=START))
    judge_finalists(world, {"Một": 90})
    compute(world)
    decide(world)
    scan = keep(world)
    approved(world)
    clock.instant = world.official_at
    assert client.get(f"/cuoc-thi/{world.contest.slug}/ket-qua").status_code == 200
    assert public_scans(world.contest, clock.instant) == {}
    assert client.get(public(world, scan.public_id)).status_code == 404


# Sending it in


def send(client, world, content, name="qd.pdf", **more):
    data = {"file": (io.BytesIO(content), name), **more}
    return client.post(desk(world), data=data, content_type="multipart/form-data", follow_redirects=True)


def test_an_organiser_sends_it_in(world, client, clock):
    clock.instant = world.ready_at
    sign_in(client, world.first)
    assert "Đã lưu bản quét" in send(client, world, PDF, "Quyết định 1408.pdf").text
    row = db.session.scalars(select(DecisionScan)).one()
    assert (row.name, row.size, row.by_id) == ("Quyết định 1408.pdf", len(PDF), world.first.id)
    assert row.sha256 == hashlib.sha256(PDF).hexdigest()


def test_a_picture_is_made_anew_without_what_it_says_of_its_maker(world, client, clock):
    clock.instant = world.ready_at
    sign_in(client, world.first)
    exif = Image.Exif()
    exif[0x010F] = "Máy của ông Kiên"
    sent = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(sent, "JPEG", exif=exif)
    assert "Đã lưu bản quét" in send(client, world, sent.getvalue(), "qd.jpg").text
    kept = file_store().read(db.session.scalars(select(DecisionScan.storage_key)).one())
    assert kept.startswith(b"\xff\xd8")
    assert not Image.open(io.BytesIO(kept)).getexif()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "qd.pdf"),
        (b"<script>alert(1)</script>", "qd.pdf"),
        (b"MZ\x90\x00", "qd.pdf"),
        (b"%PDF-1.7 cut off", "qd.pdf"),
        (b"%PDF-" + b"0" * 10_000_001, "qd.pdf"),
        (b"\x89PNG\r\n\x1a\nbroken", "qd.png"),
    ],
)
def test_what_is_no_sound_paper_is_refused_in_words(world, client, clock, content, name):
    clock.instant = world.ready_at
    sign_in(client, world.first)
    answer = send(client, world, content, name)
    assert answer.status_code == 200
    assert "Đã lưu bản quét" not in answer.text
    assert db.session.scalars(select(DecisionScan)).all() == []


def test_who_may_send_it_in_and_when(world, client, clock):
    clock.instant = world.ready_at
    for person in (make_user(), world.chair, make_staff(world.contest, "secretary")):
        client.delete_cookie("session")
        sign_in(client, person)
        assert send(client, world, PDF).status_code == 404
        with pytest.raises(Refused):
            add_scan(
                contest=world.contest,
                paper=make_paper(PDF, "x.pdf"),
                files=file_store(),
                actor=person,
                now=world.ready_at,
            )
    for number in range(MOST_SCANS):
        keep(world, PDF + b"%" * number + b"%%EOF")
    with pytest.raises(Refused) as refused:
        keep(world, PDF + b"one more %%EOF")
    assert refused.value.code == "too_many"
    early = make_results(1)
    compute(early)
    with pytest.raises(Refused) as refused:
        keep(early)
    assert refused.value.code == "no_decision"
