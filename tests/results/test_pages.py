"""The results desk and the honours page as people meet them."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from contest.core.db import db
from contest.entries.models import Photo
from contest.exemplars.consents import withdraw_consent
from contest.outbox.models import Message
from contest.outbox.runner import render
from contest.results.queries import find_standing
from contest.results.services import release_posting, set_citation, withhold_prize
from tests.conftest import START, Client
from tests.factories import make_staff, make_unit, make_user, sign_in
from tests.factories.editions import republish
from tests.factories.results import (
    NUMBER,
    approve_as,
    cast_votes,
    compute,
    decide,
    judge_finalists,
    make_checks,
    make_results,
    make_world,
    publish,
)


@pytest.fixture
def world(app, clock):
    found = make_results()
    clock.instant = found.ready_at
    return found


@pytest.fixture
def organiser(world, client):
    sign_in(client, world.first)
    return client


def desk(world, *rest):
    return "/".join((f"/ban-to-chuc/{world.contest.slug}/ket-qua", *rest))


def honours(world):
    return f"/cuoc-thi/{world.contest.slug}/ket-qua"


DECISION = {"number": NUMBER, "on": "2027-06-08", "signer": "Chủ tịch", "title": "Công nhận kết quả"}


# Who


@pytest.mark.parametrize("path", ["", "loi-binh"])
def test_the_desk_is_for_organisers_of_the_contest(world, app, path):
    address = desk(world, *([path] if path else []))
    for person in (
        make_user(),
        world.chair,
        make_staff(world.contest, "judge"),
        make_staff(world.contest, "secretary"),
        make_staff(make_world(1).contest, "organiser"),
    ):
        someone = Client(app, app.response_class)
        sign_in(someone, person)
        assert someone.get(address).status_code == 404
    assert Client(app, app.response_class).get(address).status_code == 302


@pytest.mark.parametrize("act", ["tinh", "khong-trao", "trao-lai", "niem-yet", "quyet-dinh", "phe-duyet", "loi-binh"])
def test_nobody_else_acts(world, app, act):
    for person in (make_user(), world.chair, make_staff(world.contest, "secretary")):
        someone = Client(app, app.response_class)
        sign_in(someone, person)
        assert someone.post(desk(world, act), data={**DECISION, "prize": "A-nhi", "reason": "x"}).status_code == 404
    assert find_standing(world.contest.id) is None


# The desk


def test_what_is_missing_is_listed(app, client, clock):
    world = make_world()
    judge_finalists(world, {"Một": 90}, close=False)
    clock.instant = world.contest.rules.window("voting").opens
    sign_in(client, world.first)
    page = client.get(desk(world)).text
    assert "hạng mục A chưa khóa" in page
    assert "Bạn đọc bình chọn đến" in page
    answer = client.post(desk(world, "tinh"))
    assert answer.status_code == 422
    assert "Chưa tính được kết quả" in answer.text


def test_from_computing_to_publishing_in_pages(world, app, organiser, clock):
    assert "Tính giải" in organiser.get(desk(world)).text
    assert organiser.post(desk(world, "tinh")).status_code == 303
    page = organiser.get(desk(world)).text
    for words in ("Đồi cằn trổ hoa", "Hạng 1 với 90,00 điểm", "120 lượt bình chọn", "còn 13 ngày", "Giải tập thể"):
        assert words in page
    early = organiser.post(desk(world, "quyet-dinh"), data=DECISION)
    assert (early.status_code, early.text.count("Chưa có ai ghi")) == (422, 6), "each line in the steps and in the form"
    make_checks(world.contest, by=world.first, at=world.ready_at)
    db.session.commit()
    assert organiser.post(desk(world, "quyet-dinh"), data=DECISION).status_code == 303
    assert organiser.post(desk(world, "phe-duyet"), data={"number": NUMBER}).status_code == 303
    again = organiser.post(desk(world, "phe-duyet"), data={"number": NUMBER})
    assert (again.status_code, "Cần người thứ hai" in again.text) == (422, True)
    second = Client(app, app.response_class)
    sign_in(second, world.second)
    assert "Đây là phê duyệt thứ hai" in second.get(desk(world)).text
    wrong = second.post(desk(world, "phe-duyet"), data={"number": "1/QĐ"})
    assert (wrong.status_code, "Số quyết định nhập vào không đúng" in wrong.text) == (422, True)
    assert second.post(desk(world, "phe-duyet"), data={"number": NUMBER.lower()}).status_code == 303
    page = second.get(desk(world)).text
    assert "trang tự mở" in page
    clock.instant = world.official_at
    assert "Đã công khai" in second.get(desk(world)).text
    assert second.get(honours(world)).status_code == 200
    late = second.post(desk(world, "tinh"))
    assert (late.status_code, "không sửa ở đây được nữa" in late.text) == (422, True)


def test_a_form_that_is_refused_keeps_what_was_typed(world, organiser):
    organiser.post(desk(world, "tinh"))
    early = organiser.post(desk(world, "quyet-dinh"), data={**DECISION, "on": "2027-05-01"})
    assert early.status_code == 422
    for typed in (NUMBER, "2027-05-01", "Chủ tịch"):
        assert f'value="{typed}"' in early.text
    for broken in ({**DECISION, "on": "31/02/2027"}, {**DECISION, "on": ""}, {}, {**DECISION, "number": "x" * 61}):
        assert organiser.post(desk(world, "quyet-dinh"), data=broken).status_code == 422
    refused = organiser.post(desk(world, "khong-trao"), data={"prize": "A-nhi", "seats": "9", "reason": "Lý do dài"})
    assert (refused.status_code, "Lý do dài" in refused.text) == (422, True)
    for broken in ({}, {"prize": "nope", "reason": "x"}, {"prize": "A-nhi", "seats": "\x00", "reason": "x"}):
        assert organiser.post(desk(world, "khong-trao"), data=broken).status_code == 422


def test_withholding_and_lifting_in_pages(world, organiser):
    organiser.post(desk(world, "tinh"))
    answer = organiser.post(desk(world, "khong-trao"), data={"prize": "A-nhi", "seats": "", "reason": "Chưa xứng"})
    assert answer.status_code == 303
    page = organiser.get(desk(world)).text
    assert "Chưa xứng" in page
    assert "Có thay đổi sau khi tính kết quả" in page
    organiser.post(desk(world, "tinh"))
    assert "Hội đồng quyết định không trao: Chưa xứng" in organiser.get(desk(world)).text
    organiser.post(desk(world, "trao-lai"), data={"prize": "A-nhi"})
    again = organiser.post(desk(world, "trao-lai"), data={"prize": "A-nhi"}, follow_redirects=True)
    assert "Giải này không thuộc diện không trao" in again.text


def test_a_tie_for_the_council_is_named_and_blocks(app, client, clock):
    world = make_world()
    judge_finalists(world, {"Một": 89, "Hai": 89})
    clock.instant = world.ready_at
    sign_in(client, world.first)
    client.post(desk(world, "tinh"))
    page = client.get(desk(world)).text
    assert "Hội đồng cần quyết định: Giải Nhất" in page
    assert world.entries["Một"].blind_code in page
    assert "Số quyết định" not in page
    assert client.post(desk(world, "quyet-dinh"), data=DECISION).status_code == 422


def test_citations_are_written_all_or_none(world, organiser):
    organiser.post(desk(world, "tinh"))
    awards = find_standing(world.contest.id).awards
    first, second = (f"loi-binh-{award.prize_id}-{award.entry.public_id}" for award in awards[:2])
    assert "Đất không phụ người" in organiser.get(desk(world, "loi-binh")).text
    bad = organiser.post(desk(world, "loi-binh"), data={first: "Hay", second: "x" * 601})
    assert (bad.status_code, "x" * 601 in bad.text, ">Hay</textarea>" in bad.text) == (422, True, True)
    assert {award.citation for award in find_standing(world.contest.id).awards} == {""}
    assert organiser.post(desk(world, "loi-binh"), data={first: "Hay", "loi-binh-nope": "?"}).status_code == 303
    assert [award.citation for award in find_standing(world.contest.id).awards[:2]] == ["Hay", ""]


def test_without_results_the_pages_of_the_desk_say_so(world, organiser):
    assert "Chưa tính kết quả" in organiser.get(desk(world, "loi-binh")).text
    assert organiser.post(desk(world, "niem-yet")).status_code == 422


# The honours page


def test_the_honours_page_tells_everything(world, client, clock):
    withhold_prize(
        contest=world.contest,
        prize_id="A-nhi",
        seats=1,
        reason="Chưa đều tay",
        actor=world.first,
        now=world.ready_at,
    )
    compute(world)
    publish(world)
    clock.instant = world.official_at
    page = client.get(honours(world)).text
    for words in (
        "Công bố lúc Thứ Sáu, 11/06/2027, 08:00",
        "Nhân dịp kỷ niệm 79 năm",
        "Theo Quyết định số 1408/QĐ-UBND ngày 08/06/2027; người ký: Phó Chủ tịch Lê Thị Hòa An",
        "Giải Đặc biệt",
        "Không có bài nào đạt từ 92,00 điểm.",
        "Đất không phụ người, chỉ sợ người bỏ đất.",
        "Hội đồng quyết định không trao: Chưa đều tay",
        "Giải do bạn đọc bình chọn",
        "120 lượt bình chọn",
        "Mỗi bài do 5 giám khảo chấm độc lập",
        "Giải tập thể",
    ):
        assert words in page, words
    assert "Lễ kỷ niệm" not in page
    english = client.get(f"/en{honours(world)}").text
    for words in ("First Prize", "Announced at Friday, 11 June 2027, 08:00", "120 votes", "No entry reached 92.00."):
        assert words in english, words


def test_a_citation_and_a_photo_stand_with_the_first_prize(world, client, clock):
    entry = world.entries["Đồi cằn trổ hoa"]
    photo = Photo(
        entry=entry,
        position=1,
        large_key="aa/1.webp",
        small_key="ab/1.webp",
        width=1600,
        height=1000,
        sha256="0" * 64,
        caption="Đồi Đá Bạc",
        alt="Một ngọn đồi xanh",
        consent=True,
        created_at=START,
    )
    db.session.add(photo)
    republish(entry)
    set_citation(award=compute(world).awards[0], text="Viết như kể bên bếp lửa.", actor=world.first, now=world.ready_at)
    publish(world)
    clock.instant = world.official_at
    page = client.get(honours(world)).text
    assert "Viết như kể bên bếp lửa." in page
    assert f"/anh/{photo.public_id}/lon" in page
    assert 'alt="Một ngọn đồi xanh"' in page


def test_too_few_voters_is_said_with_the_numbers(app, client, clock):
    world = make_world()
    judge_finalists(world, {"Một": 90})
    cast_votes(world, {"Một": 3})
    publish(world)
    clock.instant = world.official_at
    page = client.get(honours(world)).text
    assert "Số người bình chọn hợp lệ: 3; để trao giải cần ít nhất 200." in page


def test_children_are_shown_by_pen_name_or_given_name_and_never_with_their_school(app, client, clock):
    world = make_world(1)
    school = make_unit("Trường THCS Khe Ngọn")
    given = {"author": make_user("Lò Thị Xuân Mai"), "author_unit": school}
    judge_finalists(world, {"Chuyện của Mai": 9}, "C", **given)
    publish(world)
    clock.instant = world.official_at
    page = client.get(honours(world)).text
    assert "<b>Mai</b>" in page
    assert "Lò Thị" not in page
    assert "Khe Ngọn" not in page


def test_an_exemplar_who_takes_consent_back_is_no_longer_presented(world, client, clock):
    publish(world)
    entry = world.entries["Đồi cằn trổ hoa"]
    withdraw_consent(exemplar=entry.exemplar, actor=make_user(), now=START)
    db.session.commit()
    clock.instant = world.official_at
    page = client.get(honours(world)).text
    assert entry.exemplar.name not in page
    assert f"/bai/{entry.public_id}" not in page
    assert "Không còn giới thiệu" in page


def test_posted_results_are_labelled_and_say_where_remarks_go(app, client, clock):
    world = make_world(1)
    judge_finalists(world, {"Một": 9.25})
    compute(world)
    release_posting(contest=world.contest, actor=world.first, now=world.ready_at)
    db.session.commit()
    window = world.contest.rules.window("provisional")
    clock.instant = window.opens
    page = client.get(honours(world)).text
    assert "Đây là kết quả dự kiến" in page
    assert "Tiếp nhận phản ánh đến Thứ Tư, 06/10/2027, 17:00" in page
    assert "Quyết định số" not in page
    clock.instant = window.closes
    assert "Đã tiếp nhận phản ánh đến" in client.get(honours(world)).text
    decide(world, window.closes)
    approve_as(world, world.first, window.closes)
    approve_as(world, world.second, window.closes)
    clock.instant = world.official_at
    page = client.get(honours(world)).text
    assert "Đây là kết quả dự kiến" not in page
    assert "Nhân dịp kỷ niệm 97 năm" in page


def test_the_number_of_queries_does_not_grow_with_the_prizes(app, client, clock):
    counts = []
    statements = []

    def note(connection, cursor, statement, *rest):
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    for index, number in ((0, 3), (1, 6)):
        world = make_world(index)
        scale = 10 if index else 1
        judge_finalists(world, {f"Chuyện {at}": (90 - at) / scale for at in range(number)})
        publish(world)
        clock.instant = world.official_at
        client.get(honours(world))
        statements.clear()
        assert client.get(honours(world)).status_code == 200
        counts.append(len(statements))
    event.remove(db.engine, "before_cursor_execute", note)
    assert counts[0] == counts[1]


# The letter


@pytest.mark.parametrize("locale", ["vi", "en"])
def test_the_letter_to_a_winner(world, locale):
    world.entries["Bến đò đêm"].author.locale = locale
    publish(world)
    message = db.session.query(Message).filter_by(address=world.entries["Bến đò đêm"].author.email).one()
    rendered = render(message)
    assert world.contest.rules.title.get(locale).split("“")[1].split("”")[0] in rendered.subject
    assert rendered.body.count("“Bến đò đêm”") == 2
    assert rendered.body.count(f"/cuoc-thi/{world.contest.slug}/ket-qua") == 1
    assert ("Readers' Choice Prize" if locale == "en" else "Giải do bạn đọc bình chọn") in rendered.body


def test_the_text_message_to_a_winner_is_one_line(world):
    author = world.entries["Bến đò đêm"].author
    author.email, author.phone = None, "+84900000077"
    publish(world)
    rendered = render(db.session.query(Message).filter_by(channel="sms").one())
    assert rendered.subject == ""
    assert "Giải Ba" in rendered.body
    assert len(rendered.body.splitlines()) == 1
