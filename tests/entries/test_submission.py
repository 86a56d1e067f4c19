"""Submitting: the window, receipts, retries, what is missing, who may not."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from contest.audit.models import AuditRow
from contest.contests.queries import contests_with_role
from contest.core.db import db
from contest.core.errors import Conflict, NotFound, Refused
from contest.entries import services
from contest.entries.drafting import content_digest
from contest.entries.eligibility import count_of_account
from contest.entries.models import Entry, Photo, Receipt
from contest.entries.queries import find_receipt, find_receipt_of_draft, own_entries
from contest.entries.receipts import match_text, text_sha256
from contest.exemplars.models import Exemplar
from contest.outbox.models import Message
from tests.conftest import START, VIETNAM
from tests.factories import make_contest, make_staff, make_user
from tests.factories.entries import (
    all_declared,
    facts,
    make_accepted,
    make_draft,
    make_submitted,
    secretary_of,
    submit_draft,
    words,
)

CLOSES = datetime(2027, 3, 31, 17, 0, tzinfo=VIETNAM)
OPENS = datetime(2026, 12, 15, 8, 0, tzinfo=VIETNAM)
INSTANT = timedelta(microseconds=1)
SUMMER = datetime(2027, 6, 20, 9, 0, tzinfo=VIETNAM)


def refused(code: str):
    return pytest.raises(Refused, check=lambda error: error.code == code)


def test_the_window_is_half_open(app):
    contest = make_contest()
    author = make_user()
    with refused("not_open"):
        services.start_draft(contest=contest, category_id="A", actor=author, now=OPENS - INSTANT)
    services.start_draft(contest=contest, category_id="A", actor=author, now=OPENS)
    in_time = make_draft(contest)
    late = make_draft(contest)
    assert submit_draft(in_time, CLOSES - INSTANT).at == CLOSES - INSTANT
    with refused("closed"):
        submit_draft(late, CLOSES)
    with refused("closed"):
        services.start_draft(contest=contest, category_id="A", actor=author, now=CLOSES)


def test_what_came_too_late_is_kept_as_a_draft(app):
    entry = make_draft(make_contest(), title="Muộn một giây")
    db.session.commit()
    with refused("closed"):
        submit_draft(entry, CLOSES)
    db.session.rollback()
    db.session.expire_all()
    assert (entry.state, entry.title, entry.word_count) == ("draft", "Muộn một giây", 600)
    assert db.session.scalar(select(func.count(Receipt.id))) == 0
    services.save_text(
        entry=entry, version=entry.version, title="Sửa sau", genre="ghi_chep", body="Còn đây", now=CLOSES
    )
    assert entry.title == "Sửa sau"


def test_the_receipt_says_what_was_sent(app):
    contest = make_contest()
    entry = make_draft(contest, body="Chào  bạn\r\nmột ha\u0301i\n\n\n\nba")
    receipt = submit_draft(entry)
    assert receipt.text == "Chào bạn\nmột hái\n\nba"
    assert receipt.text_sha256 == text_sha256("Chào bạn\r\nmột ha\u0301i\n\nba")
    assert match_text(receipt, "Chào  bạn\r\nmột ha\u0301i\n\n\n\nba")  # as it was typed
    assert not match_text(receipt, "Chào bạn\nmột hái\n\nba.")
    assert receipt.word_count == 5
    assert receipt.files == [{"kind": "photo", "caption": "Một buổi sáng", "sha256": entry.photos[0].sha256}]
    assert receipt.code.startswith("DH-")
    assert find_receipt(receipt.code) is receipt
    assert receipt.rules_version is contest.current_version
    message = db.session.scalars(select(Message)).one()
    assert (message.template, message.address) == ("entry_receipt", entry.author.email)
    assert message.params["code"] == receipt.code


@pytest.mark.parametrize("code", ["", "DH", "dh-2222-2222-2222", "DH-2222-2222-2222", "DH-\x00", "A" * 500])
def test_codes_that_are_none(app, code):
    assert find_receipt(code) is None


def test_sent_twice_is_sent_once(app):
    entry = make_draft(make_contest())
    digest, declared = content_digest(entry), all_declared(entry)
    first, second = (
        services.submit(
            draft_id=entry.public_id, actor=entry.author, now=START + delay, digest=digest, declared=declared
        ).receipt
        for delay in (timedelta(0), timedelta(seconds=1))
    )
    assert first is second
    assert db.session.scalar(select(func.count(Receipt.id))) == 1
    assert db.session.scalar(select(func.count(Message.id))) == 1


def test_a_retry_after_the_close_gets_the_receipt_of_before_it(app):
    entry = make_draft(make_contest())
    receipt = submit_draft(entry, CLOSES - INSTANT)
    again = services.submit(
        draft_id=entry.public_id, actor=entry.author, now=CLOSES + timedelta(hours=1), digest="", declared=()
    )
    assert again.receipt is receipt


def test_another_persons_draft_does_not_exist(app):
    entry = make_draft(make_contest())
    with pytest.raises(NotFound):
        services.submit(
            draft_id=entry.public_id,
            actor=make_user(),
            now=START,
            digest=content_digest(entry),
            declared=all_declared(entry),
        )


def test_what_is_submitted_is_what_was_checked(app):
    entry = make_draft(make_contest())
    digest = content_digest(entry)
    services.save_text(entry=entry, version=entry.version, title="Tên khác", genre="ghi_chep", body="x", now=START)
    with pytest.raises(Conflict):
        services.submit(
            draft_id=entry.public_id, actor=entry.author, now=START, digest=digest, declared=all_declared(entry)
        )


def test_every_declaration_is_needed(app):
    entry = make_draft(make_contest())
    for name in all_declared(entry):
        with refused("declarations"):
            services.submit(
                draft_id=entry.public_id,
                actor=entry.author,
                now=START,
                digest=content_digest(entry),
                declared=all_declared(entry) - {name},
            )
    submit_draft(entry)
    assert entry.declarations == dict.fromkeys(all_declared(entry), "2027-1")


@pytest.mark.parametrize(
    ("contest_index", "category", "count", "fits"),
    [
        (0, "A", 2000, True),
        (0, "A", 2100, True),
        (0, "A", 2101, False),
        (1, "A", 499, False),
        (1, "A", 500, True),
        (1, "A", 1260, True),
        (1, "A", 1261, False),
        (1, "B", 525, True),
        (1, "B", 526, False),
    ],
)
def test_limits_of_length(app, contest_index, category, count, fits):
    now = SUMMER if contest_index else START
    entry = make_draft(make_contest(contest_index), category=category, body=words(count), photos=1, now=now)
    if fits:
        assert submit_draft(entry, now).word_count == count
    else:
        with refused("incomplete"):
            submit_draft(entry, now)


@pytest.mark.parametrize(
    ("born", "guarded", "result"),
    [
        (date(2012, 3, 20), True, "sent"),  # fifteen today
        (date(2012, 3, 21), True, "incomplete"),  # fifteen tomorrow
        (date(2009, 3, 20), False, "sent"),  # eighteen today
        (date(2009, 3, 21), False, "incomplete"),  # eighteen tomorrow
        (date(2009, 3, 21), True, "sent"),
        (None, False, "incomplete"),
    ],
)
def test_ages_on_the_day_of_submission(app, born, guarded, result):
    guardian = {
        "guardian_name": "Nguyễn Thị Mẹ",
        "guardian_phone": "0900000003",
        "guardian_relation": "mẹ",
        "guardian_consent": True,
    }
    entry = make_draft(make_contest(), birth_date=born, **(guardian if guarded else {}))
    if result == "sent":
        submit_draft(entry)
        # What is not needed is not kept.
        assert bool(entry.guardian_name) == (guarded and born is not None and born > date(2009, 3, 20))
    else:
        with refused(result):
            submit_draft(entry)


def test_the_day_of_submission_is_the_day_in_viet_nam(app):
    # 23:30 of the 19th in UTC is 06:30 of the 20th in Viet Nam: the fifteenth birthday has begun.
    now = datetime.fromisoformat("2027-03-19T23:30:00+00:00")
    entry = make_draft(make_contest(), birth_date=date(2009, 3, 20), now=now)
    submit_draft(entry, now)


@pytest.mark.parametrize("role", ["organiser", "secretary", "judge", "chair"])
def test_staff_may_not_enter(app, role):
    contest = make_contest()
    author = make_user()
    entry = make_draft(contest, author)
    make_staff(contest, role, author)
    with refused("barred"):
        submit_draft(entry)
    with refused("barred"):
        services.start_draft(contest=contest, category_id="A", actor=author, now=START)


@pytest.mark.parametrize(
    "listed", ["Nguyễn Văn An (con)", "nguyen van an", "Lê B; NGUYỄN VĂN AN", "Lê B\nNguyễn Văn An"]
)
def test_relatives_of_the_jury_may_not_enter(app, listed):
    contest = make_contest()
    judge = make_staff(contest, "judge")
    contests_with_role(judge.id)[0].relatives = listed
    entry = make_draft(contest, make_user("Một Tên Khác"), author_name="Nguyễn Văn An")
    with refused("barred_relative"):
        submit_draft(entry)
    submit_draft(make_draft(contest, make_user("Nguyễn Văn Anh")))


def test_relatives_may_enter_where_the_rules_do_not_bar_them(app):
    contest = make_contest(1)
    judge = make_staff(contest, "judge")
    contests_with_role(judge.id)[0].relatives = "Nguyễn Văn An"
    submit_draft(make_draft(contest, make_user("Nguyễn Văn An"), now=SUMMER), SUMMER)


def test_entries_per_author(app):
    contest = make_contest()
    author = make_user()
    drafts = [make_draft(contest, author) for _ in range(4)]
    for draft in drafts[:3]:
        submit_draft(draft)
    with refused("too_many"):
        submit_draft(drafts[3])
    with refused("too_many"):
        services.start_draft(contest=contest, category_id="A", actor=author, now=START)
    # A withdrawn one makes room; a refused one does not.
    services.withdraw(entry=drafts[0], actor=author, now=START)
    assert count_of_account(contest.id, "A", author) == 2
    submit_draft(drafts[3])
    services.refuse(entry=drafts[1], reason="Hư cấu", actor=secretary_of(contest), now=START)
    assert count_of_account(contest.id, "A", author) == 3


def test_a_category_that_does_not_exist_takes_nothing(app):
    with pytest.raises(NotFound):
        services.start_draft(contest=make_contest(), category_id="Z", actor=make_user(), now=START)


def test_submitting_again_before_the_close(app):
    contest = make_contest()
    entry = make_submitted(contest)
    first = entry.receipts[0]
    draft = services.start_replacing(entry=entry, actor=entry.author, now=START)
    assert services.start_replacing(entry=entry, actor=entry.author, now=START) is draft
    services.save_text(entry=draft, version=draft.version, title="Bản mới", genre="ky", body=words(700), now=START)
    services.save_text(
        entry=draft, version=draft.version, title="Bản mới", genre="phong_su", body=words(700), now=START
    )
    # What was submitted stands until the new text is submitted.
    assert (entry.title, entry.word_count, entry.state) == ("Đồi cằn trổ hoa", 600, "submitted")
    assert own_entries(entry.author_id) == [entry]
    draft_id = draft.public_id
    second = submit_draft(draft)
    db.session.commit()
    assert (second.entry_id, second.number, entry.title, entry.word_count) == (entry.id, 2, "Bản mới", 700)
    assert (first.word_count, first.title) == (600, "Đồi cằn trổ hoa")
    assert len(entry.photos) == 1
    # The draft is gone with its copies; sending it again finds the receipt.
    counts = [db.session.scalar(select(func.count(model.id))) for model in (Entry, Exemplar, Photo)]
    assert counts == [1, 1, 1]
    assert find_receipt_of_draft(draft_id, entry.author_id) is second
    again = services.submit(draft_id=draft_id, actor=entry.author, now=CLOSES, digest="", declared=())
    assert again.receipt is second


def test_a_replacing_draft_sent_too_late_changes_nothing(app):
    entry = make_submitted(make_contest())
    draft = services.start_replacing(entry=entry, actor=entry.author, now=START)
    services.save_text(entry=draft, version=draft.version, title="Muộn", genre="ghi_chep", body=words(5), now=START)
    db.session.commit()
    with refused("closed"):
        submit_draft(draft, CLOSES)
    db.session.rollback()
    assert (entry.title, entry.state, len(entry.receipts)) == ("Đồi cằn trổ hoa", "submitted", 1)
    assert draft.title == "Muộn"


def test_completion_after_the_close(app):
    contest = make_contest()
    entry = make_submitted(contest)
    asked, due = CLOSES + timedelta(days=2), CLOSES + timedelta(days=5)
    services.request_completion(
        entry=entry, reason="Thiếu chú thích ảnh", due=due, actor=secretary_of(contest), now=asked
    )
    assert services.may_replace(entry, due - INSTANT)
    assert not services.may_replace(entry, due)
    draft = services.start_replacing(entry=entry, actor=entry.author, now=asked)
    with refused("completion_over"):
        submit_draft(draft, due)
    submit_draft(draft, due - INSTANT)
    assert (entry.state, entry.completion_due, entry.reason) == ("submitted", None, None)


def test_withdrawing_until_the_judges_begin(app):
    contest = make_contest()
    begins = contest.rules.instant("prelim")
    early, late = make_accepted(contest), make_accepted(contest)
    services.start_replacing(entry=(again := make_submitted(contest)), actor=again.author, now=START)
    services.withdraw(entry=again, actor=again.author, now=START)
    services.withdraw(entry=again, actor=again.author, now=START)
    assert again.state == "withdrawn"
    services.withdraw(entry=early, actor=early.author, now=begins - INSTANT)
    with refused("judging_begun"):
        services.withdraw(entry=late, actor=late.author, now=begins)
    assert db.session.scalar(select(func.count(Entry.id))) == 3


def test_a_deleted_draft_leaves_no_rows(app):
    entry = make_draft(make_contest(), photos=2)
    keys = services.discard_draft(entry=entry, actor=entry.author, now=START)
    assert len(keys) == 6  # three sizes of each
    assert [db.session.scalar(select(func.count(model.id))) for model in (Entry, Exemplar, Photo)] == [0, 0, 0]
    with pytest.raises(Conflict):
        services.discard_draft(entry=make_submitted(make_contest()), actor=entry.author, now=START)


def test_submissions_are_on_record_without_names(app):
    entry = make_submitted(make_contest(), make_user("Phạm Thị Riêng Tư"))
    row = db.session.scalars(select(AuditRow).where(AuditRow.verb == "entries.submit")).one()
    assert (row.actor, row.object_id) == (entry.author.public_id, entry.public_id)
    assert "Riêng" not in str(row.details)


def test_a_bare_draft_lacks_everything(app):
    contest = make_contest()
    entry = services.start_draft(contest=contest, category_id="A", actor=make_user(), now=START)
    with refused("incomplete"):
        submit_draft(entry)
    services.save_facts(entry=entry, version=1, facts=facts(entry), now=START)
    with refused("incomplete"):
        submit_draft(entry)
