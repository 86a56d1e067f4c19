"""After an erasure nothing of a story or its people is found in any table, and nothing of anyone else's is gone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from contest.accounts.services import give_site_role
from contest.core.db import Base, db, writing
from contest.core.web.files import file_store
from contest.editions.models import Edition
from contest.editions.queries import find_edition
from contest.entries import services as entries
from contest.entries.coauthors import Member, group_state, save_coauthors
from contest.entries.models import Advancement, CoAuthor, Entry, LatePass, Photo, Publication, SecondLook
from contest.entries.personal import entries_about, entry_data
from contest.entries.queries import key_is_used
from contest.exemplars.models import Verification, VerificationDocument
from contest.intake.models import Bundle, BundleLine
from contest.intake.personal import KEPT, forget_old_bundles
from contest.outbox.models import Message
from contest.papers.certificates import issue, of_contest
from contest.privacy import services
from contest.privacy.retention import run_retention
from contest.privacy.rules import months_after
from contest.results.queries import find_standing
from contest.screening.findings import examine, keep
from contest.screening.models import Finding, Fingerprint, NearCopy
from contest.tasks import _retain
from tests.conftest import START
from tests.factories import make_contest, make_unit, make_user, sign_in
from tests.factories.editions import approved, prepared
from tests.factories.entries import make_accepted, make_draft, make_submitted, submit_draft, verify, words
from tests.factories.results import approve_as, compute, decide, make_results, publish

SECRETS = ("zirkon", "Suối Kín", "Lê Thị Kín", "0912777888", "Vàng A Giấu", "bút danh ẩn", "xin xem lại riêng")


@pytest.fixture
def operator(app):
    person = make_user("Vận Hành")
    give_site_role(person=person, name="operator", now=START, actor=None)
    db.session.commit()
    return person


def erase(person, operator, now=None):
    db.session.commit()
    with writing() as started:
        at = now or started + timedelta(hours=1)
        request = services.ask(person=person, kind="erase", text="Tôi là Lê Thị Kín", now=at)
        return services.erase_person(request=request, actor=operator, now=at)


def found_in_tables(*words_):
    """Where any of the words stands in any table, the index of words included."""
    db.session.expire_all()
    found = []
    for table in Base.metadata.sorted_tables:
        for row in db.session.execute(table.select()).mappings():
            if row.get("template", "").startswith("data_answer"):  # tells the person, and goes later
                continue
            found += [(table.name, name) for name, value in row.items() if any(word in str(value) for word in words_)]
    return found


def test_nothing_of_an_erased_story_is_left_in_any_table(app, operator):
    contest, unit = make_contest(), make_unit()
    person, other = make_user("Lê Thị Kín"), make_user("Người Khác")
    body = "zirkon " + words(600)
    entry = make_draft(
        contest, person, title="Suối Kín", body=body, unit=unit,
        exemplar_name="Vàng A Giấu", author_phone="0912777888", pen_name="bút danh ẩn",
    )  # fmt: skip
    submit_draft(entry)
    twin = make_submitted(contest, other, title="Chuyện khác", body=body.removeprefix("zirkon "))
    db.session.commit()
    with writing() as now:
        for each in examine([entry.id, twin.id]):
            keep(each, now)
    pair = {"one_id": min(entry.id, twin.id), "other_id": max(entry.id, twin.id)}
    if db.session.query(NearCopy).count() == 0:
        db.session.add(NearCopy(**pair, share=900, passages=[], found_at=START, note="của Lê Thị Kín"))
    db.session.add(Finding(entry_id=twin.id, kind="near_copy", other_id=entry.id, details={}, found_at=START))
    entries.receive(entry=entry, actor=operator, now=START)
    entries.accept(entry=entry, actor=operator, now=START)
    verify(entry, note="Bà Lê Thị Kín kể về ông Vàng A Giấu")
    db.session.add_all(
        [
            SecondLook(entry=entry, text="xin xem lại riêng", asked_at=START),
            LatePass(contest_id=contest.id, user=person, until=START, reason="xin xem lại riêng", granted_at=START),
            Publication(entry_id=entry.id, part=1, outlet="Báo", title="Suối Kín", url="https://x.vn/suoi"),
            Message(
                channel="sms", address="+84900111222", locale="vi", template="verification_request_sms",
                params={"names": ["Vàng A Giấu"]}, created_at=START, next_try_at=START,
            ),
            Message(
                channel="sms", address="+84912777888", locale="vi", template="entry_accepted_sms",
                params={"entry": entry.public_id, "title": "Suối Kín"}, created_at=START, next_try_at=START,
            ),
        ]
    )  # fmt: skip
    bundle = Bundle(
        contest=contest, unit=unit, sent_by=operator, sent_at=START, name="goi.zip", size=1, sha256="0" * 64,
        state="imported", key=file_store().put(b"zip", "zip"), finished_at=START,
    )  # fmt: skip
    bundle.lines.append(
        BundleLine(number=2, state="imported", cells={"author": "Lê Thị Kín"}, problems=[], notes=[], entry_id=entry.id)
    )
    db.session.add(bundle)
    db.session.flush()
    zip_key = bundle.key
    entries.refuse(entry=entry, reason="Không hợp lệ", actor=operator, now=START)
    db.session.commit()
    keys = erase(person, operator)
    assert zip_key in keys
    assert found_in_tables(*SECRETS) == []
    rows = db.session.execute(text("SELECT words FROM entry_words WHERE " + (
        "rowid" if db.engine.dialect.name == "sqlite" else "entry_id") + " = :id"), {"id": entry.id})  # fmt: skip
    assert all("zirkon" not in str(row[0]) and "giau" not in str(row[0]) for row in rows)
    assert db.session.get(Fingerprint, entry.id) is None
    assert db.session.get(Fingerprint, twin.id) is not None
    assert db.session.query(NearCopy).count() == 0
    assert db.session.query(Finding).filter(Finding.other_id == entry.id).count() == 0
    assert twin.body


def test_what_was_read_before_the_erasure_is_not_written_after_it(app, operator):
    person = make_user("Lê Thị Kín")
    entry = make_accepted(make_contest(), person, body="zirkon " + words(600))
    db.session.commit()
    (examined,) = examine([entry.id])
    entry.body = ""
    db.session.flush()
    assert keep(examined, START) is False


def test_a_finalist_without_a_prize_is_taken_from_its_readers(app, operator):
    world = make_results()
    publish(world)
    won = {award.entry_id for award in find_standing(world.contest.id).awards}
    entry = next(each for each in world.entries.values() if each.id not in won)
    if find_edition(entry.id) is None:
        approved(prepared(entry))
    prepared(entry)
    db.session.commit()
    at = world.contest.rules.official_at + timedelta(days=1)
    erase(entry.author, operator, at)
    db.session.expire_all()
    left = db.session.query(Edition).filter_by(entry_id=entry.id).all()
    assert left
    assert all(each.approved_at and each.withdrawn_at and not each.document and not each.title for each in left)
    assert find_edition(entry.id) is None


def test_a_photo_that_a_standing_entry_shares_with_a_draft_stays(app, client, clock, operator):
    world = make_results()
    publish(world)
    won = {award.entry_id for award in find_standing(world.contest.id).awards}
    entry = next(each for each in world.entries.values() if each.id in won)
    draft = make_draft(world.contest, entry.author)
    shared = draft.photos[0]
    photo = Photo(
        entry_id=entry.id, position=9, width=9, height=9, sha256=shared.sha256, small_key="", created_at=START
    )
    photo.large_key = shared.large_key = file_store().put(b"picture", "webp")
    draft.replaces_id = entry.id
    db.session.add(photo)
    db.session.commit()
    clock.instant = world.contest.rules.official_at + timedelta(days=400)
    key = photo.large_key
    _retain()
    assert db.session.get(Entry, draft.id) is None
    assert key_is_used(key)
    assert file_store().read(key) == b"picture"


def test_a_co_author_is_told_of_themselves_and_nothing_of_the_story(app, client):
    contest, leader = make_contest(), make_user("Người Dẫn Đầu")
    member = make_user("Lê Thị Kín", phone="+84912777888")
    entry = make_draft(contest, leader, body="zirkon " + words(600))
    save_coauthors(
        entry=entry,
        seen=group_state(entry),
        members=[Member(name="Lê Thị Kín", phone="0912 777 888")],
        now=START,
    )
    db.session.commit()
    # A number may be typed wrongly: a draft is shown to nobody but its author.
    assert entries_about(member) == []
    entry.state = "withdrawn"
    db.session.commit()
    told = entry_data(entry, member)
    assert told["as"] == "co-author"
    assert "zirkon" not in str(told)
    sign_in(client, member)
    assert b"zirkon" not in client.get("/tai-khoan/du-lieu/tai-ve").data


def test_an_erased_co_author_is_nowhere_in_others_entries(app, operator):
    contest, leader = make_contest(), make_user("Người Dẫn Đầu")
    member = make_user("Lê Thị Kín", phone="+84912777888")
    entry = make_draft(contest, leader)
    save_coauthors(
        entry=entry,
        seen=group_state(entry),
        members=[Member(name="Lê Thị Kín", phone="0912777888")],
        now=START,
    )
    entry.state = "withdrawn"
    erase(member, operator)
    assert found_in_tables("Lê Thị Kín", "0912777888") == []
    assert db.session.query(CoAuthor).count() == 1
    assert "kin" not in entry.author_key


def test_bundles_are_forgotten_in_time_and_not_before(app, operator):
    contest, unit = make_contest(), make_unit()

    def bundle(state, **values):
        made = Bundle(
            contest=contest, unit=unit, sent_by=operator, sent_at=START, name="goi.zip", size=1,
            sha256=f"{state:0<64}", state=state, key=f"aa/{state}", **values,
        )  # fmt: skip
        made.lines.append(BundleLine(number=2, state="ready", cells={"author": "Lê Thị Kín"}, problems=[], notes=[]))
        db.session.add(made)
        return made

    imported = bundle("imported", finished_at=START + timedelta(days=1))
    left, busy = bundle("read"), bundle("importing")
    db.session.commit()
    assert forget_old_bundles(START + KEPT - timedelta(seconds=1)) == []
    assert forget_old_bundles(START + KEPT) == ["aa/read"]
    assert (left.state, left.lines[0].cells) == ("given_up", {})
    assert forget_old_bundles(START + KEPT + timedelta(days=1)) == ["aa/imported"]
    assert (imported.state, imported.name, imported.lines[0].cells) == ("imported", "", {})
    assert busy.lines[0].cells
    assert forget_old_bundles(START + KEPT * 9) == []


def test_retention_reaches_contacts_of_others_than_the_author_and_messages(app):
    world = make_results()
    publish(world)
    contest = world.contest
    won = {award.entry_id for award in find_standing(contest.id).awards}
    entry = next(each for each in world.entries.values() if each.id not in won)
    entry.author_phone = entry.author_address = entry.guardian_phone = ""
    entry.author_birth_date = None
    entry.exemplar.contact = "0912777888"
    answer = db.session.query(Verification).filter_by(exemplar_id=entry.exemplar_id).first()
    db.session.add(
        VerificationDocument(
            verification_id=answer.id, key="aa/giay", name="giay.pdf", media_type="application/pdf", size=1,
            sha256="0" * 64, added_at=START,
        )
    )  # fmt: skip
    db.session.add(
        Message(
            channel="sms", address="+84912777888", locale="vi", template="vote_code_sms",
            params={"slug": contest.slug, "code": "123456"}, created_at=START, next_try_at=START,
        )
    )  # fmt: skip
    db.session.commit()
    due = months_after(contest.rules.official_at, contest.rules.privacy.erase_contacts_after_months)
    at = contest.rules.official_at.replace(year=due.year, month=due.month, day=due.day)
    assert "aa/giay" in run_retention(at)
    assert found_in_tables("0912777888", "+84912777888") == []


def test_only_announced_prizes_keep_a_story_and_no_certificate_of_another_names_anybody(app, operator):
    """Computed with the prize, approved, its certificate made; then it fell out and the results were computed anew."""
    world = make_results()
    entry = world.entries["Đồi cằn trổ hoa"]
    entry.author_name, entry.title = "Lê Thị Kín", "zirkon"
    db.session.commit()
    compute(world)
    decide(world)
    for person in (world.first, world.second):
        approve_as(world, person, world.ready_at)
    with writing():
        issued = issue(contest=world.contest, actor=world.first, now=world.ready_at)
        number = next(each.number for each in issued if each.words["work"] == "zirkon")
    db.session.scalars(select(Advancement).where(Advancement.entry_id == entry.id)).one().fell_out_at = world.ready_at
    db.session.commit()
    publish(world)
    now = world.official_at + timedelta(days=1)
    assert services.plan_erasure(entry.author, now).erased == (entry,)
    kept = world.entries["Chiếc ba lô màu xanh"]
    assert services.plan_erasure(kept.author, now).kept == (kept,)
    erase(entry.author, operator, now)
    assert [place for place in found_in_tables("zirkon", "Lê Thị Kín") if "certificate" in str(place)] == []
    [made] = [each for each in of_contest(world.contest.id) if each.number == number]
    assert (made.words["name"], made.words["work"]) == ("", "")
