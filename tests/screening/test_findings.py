"""What the checks find in an entry, and what becomes of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from contest.audit.models import AuditRow
from contest.core.db import db
from contest.entries import services as entries
from contest.entries.models import Attachment
from contest.screening import rules, services
from contest.screening.findings import likeness
from contest.screening.models import Checked, Finding
from contest.screening.queries import findings_of, is_checked, open_findings, unchecked
from contest.tasks import JOBS
from tests.conftest import START
from tests.factories import make_contest, make_unit, make_user
from tests.factories.entries import make_draft, make_submitted, secretary_of

BODIES = (
    "Gió bấc về sớm năm nay trên đồi. " * 80,
    "Con đò nhỏ sang sông mỗi sáng đông. " * 75,
    "Chợ phiên họp. " * 200,
)


def check(*found):
    services.check_entries(entry_ids=[entry.id for entry in found], now=START)
    db.session.expire_all()


def kinds(entry):
    return [(finding.kind, finding.place) for finding in findings_of(entry.id)]


def test_leaks_and_names_of_files(app):
    entry = make_submitted(make_contest(), make_user("Nguyễn Thị Thu Hậu"), body="Tôi, Nguyễn Thị Thu Hậu. " * 100)
    entry.attachments.append(
        Attachment(
            kind="source",
            key="aa/1.docx",
            name="nguyenthithuhau.docx",
            media_type="application/zip",
            size=1,
            sha256="0" * 64,
            added_at=START,
        )
    )
    db.session.flush()
    check(entry)
    assert ("leak", "body") in kinds(entry)
    assert ("leak", "file") in kinds(entry)
    details = next(each.details for each in findings_of(entry.id) if each.place == "file")
    assert details == {"whose": "author", "what": "name", "phrase": "nguyenthithuhau"}


def test_limits_and_missing_parts(app):
    entry = make_submitted(make_contest())
    entry.word_count = 5000
    entry.exemplar.address = ""
    db.session.flush()
    check(entry)
    found = {each.place: each for each in findings_of(entry.id) if each.kind in {"limit", "missing"}}
    assert found["body"].kind == "limit"
    assert found["body"].details["params"]["count"] == 5000
    assert found["exemplar_address"].kind == "missing"


@pytest.mark.parametrize(
    ("one", "other", "how"),
    [
        (("Trần Đình Sỹ", True), ("Trần Đình Sỹ", True), "same_name"),
        (("Ông Trần Đình Sỹ", True), ("tran dinh sy", True), "same_name"),
        (("Trần Đình Sỹ", True), ("Trần Đình Sĩ", True), "like_name"),
        (("Trần Đình Sỹ", True), ("Trần Đình Sỹ", False), None),
        (("Trần Đình Sỹ", True), ("Lê Thị Bưởi", True), None),
    ],
)
def test_the_same_exemplar_in_two_entries(app, one, other, how):
    contest, unit, elsewhere = make_contest(), make_unit(), make_unit()
    first, second = (
        make_submitted(contest, exemplar_name=name, unit=unit if here else elsewhere, body=BODIES[number])
        for number, (name, here) in enumerate((one, other))
    )
    check(second)
    check(first)
    for entry, twin in ((first, second), (second, first)):
        found = [each for each in findings_of(entry.id) if each.kind == "same_exemplar"]
        assert [(each.other_id, each.details["how"]) for each in found] == ([(twin.id, how)] if how else [])


def test_records_joined_and_people_told_apart(app):
    contest = make_contest()
    first, second = (
        make_submitted(contest, exemplar_name=name, unit=make_unit(), body=BODIES[number])
        for number, name in enumerate(("Ông Sỹ", "Trần Đình Sỹ"))
    )
    check(first, second)
    assert [each for each in findings_of(first.id) if each.kind == "same_exemplar"] == []
    first.exemplar.same_as_id = second.exemplar_id
    db.session.flush()
    check(first)
    assert [each.details["how"] for each in findings_of(second.id) if each.kind == "same_exemplar"] == ["linked"]


def test_names_without_units():
    assert likeness("ba me thu", None, "me thu", 4) == "same_name"
    assert likeness("me thu", None, "me thuy", 4) == ""
    assert likeness("", 1, "", 1) == ""
    assert likeness("ong", 1, "ong", 1) == "same_name"


def test_what_was_set_aside_stays_aside_and_what_is_gone_goes(app):
    contest = make_contest()
    actor = secretary_of(contest)
    entry = make_submitted(contest, make_user("Nguyễn Thị Thu Hậu"), body="Nguyễn Thị Thu Hậu. 0900 000 002. " * 80)
    check(entry)
    name = next(each for each in findings_of(entry.id) if each.details.get("what") == "name")
    services.set_aside(finding=name, actor=actor, now=START)
    services.set_aside(finding=name, actor=actor, now=START + timedelta(hours=1))
    check(entry)
    again = db.session.get_one(Finding, name.id)
    assert (again.set_aside_at, again.set_aside_by_id) == (START, actor.id)
    assert open_findings([entry.id])[entry.id]["leak"] == 1
    entry.body, entry.submitted_at = "Thu Hậu. " * 300, START + timedelta(hours=2)
    db.session.flush()
    check(entry)
    left = [(each.details["what"], each.set_aside_at) for each in findings_of(entry.id) if each.kind == "leak"]
    assert left == [("part", None)]
    services.bring_back(finding=findings_of(entry.id)[-1], actor=actor, now=START)
    verbs = db.session.scalars(
        select(AuditRow.verb).where(AuditRow.verb.like("screening.%")).order_by(AuditRow.id)
    ).all()
    assert verbs == ["screening.set_aside"]


def test_what_is_checked_and_when_again(app, monkeypatch):
    contest = make_contest()
    entry = make_submitted(contest, body=BODIES[0])
    make_draft(contest)
    gone = make_submitted(contest, body=BODIES[1])
    entries.withdraw(entry=gone, actor=gone.author, now=START)
    assert unchecked(10) == [entry.id]
    assert not is_checked(entry)
    check(entry)
    assert unchecked(10) == []
    assert is_checked(entry)
    monkeypatch.setattr("contest.screening.queries.CHECKS", rules.CHECKS + 1)
    assert unchecked(10) == [entry.id]


def test_the_job_does_it_by_itself(app):
    entry = make_submitted(make_contest(), make_user("Nguyễn Thị Thu Hậu"), body="Nguyễn Thị Thu Hậu. " * 150)
    db.session.commit()
    job = next(job for job in JOBS if job.name == "entries")
    assert (job.run(), job.run()) == (1, 0)
    db.session.expire_all()
    assert ("leak", "body") in kinds(entry)
    assert db.session.get(Checked, entry.id)
