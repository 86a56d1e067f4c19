"""Contest 2 ("Gương người tốt, việc tốt"), categories A and B, from entries to honours, by its services."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select

from contest.core.db import db
from contest.core.errors import Refused
from contest.entries.models import Advancement, Entry
from contest.judging.closing import check_closing
from contest.judging.models import SheetRevision
from contest.judging.rounds import entry_results
from contest.judging.services import ask_to_open, assign, close_round, open_codes, rescore, seat_judge, settle_gap
from contest.results.models import Award
from contest.results.publishing import approve, enter_decision, release_posting
from contest.results.queries import find_public_results
from contest.results.services import compute_results
from tests.factories import make_contest, make_staff, make_user
from tests.factories.editions import publish_edition
from tests.factories.entries import make_accepted, verify, words
from tests.factories.judging import assignments_of, finalise, opening_of, spread_marks
from tests.factories.results import make_checks
from tests.factories.voting import start_log, vote

TICK = timedelta(microseconds=1)
SAMPLES = {
    entry["id"]: entry
    for file in (Path(__file__).parents[2] / "contest" / "demo" / "data" / "entries").glob("nt-*.json")
    for entry in json.loads(file.read_text("utf-8"))
    if entry["id"] in ("NT-0001", "NT-0002")
}


@pytest.fixture
def contest(app):
    return make_contest(1)


@pytest.fixture
def staff(contest):
    return {
        "organisers": [make_staff(contest, "organiser", make_user(name)) for name in ("Lê Thị Vân", "Phan Văn Dũng")],
        "chair": make_staff(contest, "chair", make_user("Nguyễn Hữu Trọng")),
        "judges": [make_staff(contest, "judge") for _ in range(4)],
    }


@pytest.fixture
def entries(contest):
    """Two articles (A) and three short stories (B), two of them the sample texts, verified with consent."""
    sent = contest.rules.window("submission").opens + timedelta(days=3)
    made = {
        "first": make_accepted(contest, category="A", now=sent, title="Người gác rừng ngập mặn", body=words(500)),
        "second": make_accepted(contest, category="A", now=sent, title="Bếp cơm hai giờ sáng", body=words(1260)),
        "third": make_accepted(contest, category="B", now=sent, title="Cây cầu ván", body=words(150)),
    }
    for key, sample in SAMPLES.items():
        made[key] = make_accepted(contest, category="B", now=sent, title=sample["title"], body=sample["body"])
    for year, entry in enumerate(made.values(), start=1950):  # the oldest and the youngest have a prize
        entry.author_birth_date = date(year, 5, 20)
        verify(entry, now=contest.rules.window("verification").opens + timedelta(days=1))
    db.session.commit()
    return made


def hold_round(contest, staff, round_id, category, totals):
    """Seat a panel, assign, and give each entry its sheets: a total, or marks by criterion."""
    now = opening_of(contest, round_id)
    for judge in staff["judges"]:
        seat_judge(contest=contest, round_id=round_id, category=category, judge=judge, actor=staff["chair"], now=now)
    assign(contest=contest, round_id=round_id, category=category, seed=20271014, actor=staff["chair"], now=now)
    for entry, sheets in totals.items():
        given = assignments_of(entry, round_id)
        assert len(given) == contest.rules.round(round_id).judges_per_entry
        for assignment, marks in zip(given, sheets, strict=True):
            finalise(assignment, marks)


def close(contest, staff, round_id, category):
    now = contest.rules.window(round_id).closes - timedelta(minutes=5)
    close_round(contest=contest, round_id=round_id, category=category, actor=staff["chair"], now=now)


def test_from_entries_to_honours(app, client, clock, contest, staff, entries):
    rules = contest.rules

    # Preliminary: two judges, steps of 0,25.
    b_sheets = SAMPLES["NT-0001"]["prelim_sheets"]
    hold_round(contest, staff, "prelim", "A", {entries["first"]: ["9", "8.75"], entries["second"]: ["8", "7.5"]})
    b_first = {entries["NT-0001"]: b_sheets, entries["NT-0002"]: ["9.25", "9"], entries["third"]: ["7.25", "7"]}
    hold_round(contest, staff, "prelim", "B", b_first)
    assert entry_results(contest, "prelim", "B")[entries["NT-0001"].public_id].total == Decimal("8.625")
    for category in "AB":
        close(contest, staff, "prelim", category)
    assert len(db.session.scalars(select(Advancement)).all()) == 5

    # Final: three judges, the mean; one sheet lies more than 1,5 from it.
    hold_round(contest, staff, "final", "A", {entries["first"]: ["8.75", "9", "8.5"], entries["second"]: ["8"] * 3})
    finals = SAMPLES["NT-0002"]["final_sheets"]
    b_final = {
        entries["NT-0002"]: finals,
        entries["NT-0001"]: ["8.5", "8.75", "8.5"],
        entries["third"]: ["9", "8", "6"],
    }
    hold_round(contest, staff, "final", "B", b_final)
    assert check_closing(contest, "final", "B").problems
    with pytest.raises(Refused):
        close(contest, staff, "final", "B")
    talked_over(contest, staff, entries["third"])
    for category in "AB":
        close(contest, staff, "final", category)

    # The vote: exactly as many valid voters as the readers' prize needs.
    start_log(contest)
    for number in range(rules.voting.min_valid_voters_for_prize):
        chosen = [entries["NT-0001"], entries["first"]] if number % 2 else [entries["NT-0001"]]
        vote(contest, chosen)

    # Council, posting, decision, two people.
    after_vote = rules.window("council").opens + timedelta(hours=2)
    boss, other = staff["organisers"]
    with pytest.raises(Refused):  # two people have to open the codes first
        compute_results(contest=contest, actor=boss, now=after_vote)
    for category in "AB":
        codes = {"contest": contest, "category": category, "now": after_vote}
        ask_to_open(reason="Ghép phách trước khi xét giải", actor=staff["chair"], **codes)
        open_codes(actor=boss, **codes)
    for entry in entries.values():
        publish_edition(entry, after_vote)
    compute_results(contest=contest, actor=boss, now=after_vote)
    with pytest.raises(Refused):  # nobody has looked yet whether the awarded entries were published before
        release_posting(contest=contest, actor=boss, now=after_vote + timedelta(hours=1))
    make_checks(contest, by=boss, at=after_vote + timedelta(minutes=30))
    release_posting(contest=contest, actor=boss, now=after_vote + timedelta(hours=1))
    number = "2114/QĐ-HND"
    enter_decision(
        contest=contest,
        number=number,
        on=date(2027, 10, 8),
        signer="Trần Thị Bích Hòa",
        title="Quyết định công nhận kết quả cuộc thi",
        actor=boss,
        now=rules.instant("decision"),
    )
    approve(contest=contest, typed_number=number, actor=boss, now=rules.instant("decision"))
    with pytest.raises(Refused):
        approve(contest=contest, typed_number=number, actor=boss, now=rules.instant("decision"))
    approve(contest=contest, typed_number=number, actor=other, now=rules.instant("decision"))
    db.session.commit()

    prizes = {award.prize_id: award for award in db.session.scalars(select(Award))}
    assert prizes["B-nhat"].entry_id == entries["NT-0002"].id
    assert prizes["B-nhat"].score == "109/12"  # 9,0833… reaches 9
    assert prizes["A-nhi"].entry_id == entries["first"].id  # 8,75 does not reach 9: no first prize in A
    assert "A-nhat" not in prizes
    assert prizes["ban_doc"].entry_id == entries["NT-0001"].id
    assert prizes["ban_doc"].votes == 200

    address = f"/cuoc-thi/{contest.slug}/ket-qua"
    clock.instant = rules.announcement.embargo_until - TICK
    assert client.get(address).status_code == 404
    clock.instant = rules.announcement.embargo_until
    posted = client.get(address)
    assert "dự kiến" in posted.text
    assert "9,08" in posted.text
    clock.instant = rules.official_at - TICK
    assert find_public_results(contest.id, clock.instant).standing == "provisional"
    clock.instant = rules.official_at
    page = client.get(address).text
    assert find_public_results(contest.id, clock.instant).standing == "official"
    assert "9,08" in page
    assert number in page
    assert "kỷ niệm 97 năm" in page


def talked_over(contest, staff, entry: Entry):
    """The judge who stood apart scores again; the old score stays; the chair records it."""
    now = opening_of(contest, "final") + timedelta(hours=3)
    low = min(assignments_of(entry, "final"), key=lambda assignment: assignment.sheet.revisions[-1].total)
    rescore(
        assignment=low,
        marks=spread_marks(contest, "7.5"),
        comment="",
        reason="Sau đối thoại, tôi đã đánh giá thấp ý nghĩa của việc tốt.",
        actor=low.judge,
        now=now,
    )
    settle_gap(entry=entry, round_id="final", note="Ba giám khảo đã trao đổi.", actor=staff["chair"], now=now)
    kept = db.session.scalars(select(SheetRevision).where(SheetRevision.sheet_id == low.sheet.id)).all()
    assert [revision.total for revision in kept] == [6, Decimal("7.5")]


@pytest.mark.parametrize(("mark", "fits"), [("2.75", True), ("2.8", False), ("3.25", False), ("-0.25", False)])
def test_marks_go_in_quarters(contest, staff, entries, mark, fits):
    now = opening_of(contest, "prelim")
    for each in staff["judges"]:
        seat_judge(contest=contest, round_id="prelim", category="B", judge=each, actor=staff["chair"], now=now)
    assign(contest=contest, round_id="prelim", category="B", seed=1, actor=staff["chair"], now=now)
    assignment = assignments_of(entries["NT-0001"])[0]
    marks = {"T1": "2", "T2": mark, "T3": "1.5", "T4": "2.5", "T5": "1"}
    if fits:
        finalise(assignment, marks)
    else:
        with pytest.raises(Refused):
            finalise(assignment, marks)
