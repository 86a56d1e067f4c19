"""How many statements a page may send: a ceiling for each, and no more of them for more rows.

A page that asks once for each row is quick with the five rows of a test and slow with a province's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import event

from contest.core.db import db
from contest.entries.models import Photo
from contest.outbox.models import Message
from tests.conftest import START, VIETNAM
from tests.factories import judging, make_staff, make_unit, make_user, sign_in
from tests.factories.entries import make_submitted
from tests.factories.world import Side, World, make_world, named, publish

MOMENTS = {
    "submission": datetime(2027, 3, 20, 9, 0, tzinfo=VIETNAM),
    "marking": datetime(2027, 4, 15, 9, 0, tzinfo=VIETNAM),
    "vote": datetime(2027, 5, 20, 9, 0, tzinfo=VIETNAM),
    "announced": datetime(2027, 6, 12, 9, 0, tzinfo=VIETNAM),
}
# Address, whose page, when, at most how many statements. Signing in takes one or two of them.
PAGES = [
    ("/", "", "vote", 10),
    ("/cuoc-thi", "", "vote", 6),
    ("/cuoc-thi/{slug}", "", "vote", 6),
    ("/cuoc-thi/{slug}/the-le", "", "vote", 5),
    ("/cuoc-thi/{slug}/chung-khao", "", "vote", 9),
    ("/cuoc-thi/{slug}/binh-chon", "", "vote", 7),
    ("/cuoc-thi/{slug}/binh-chon/doc/{story}", "", "vote", 8),
    ("/cuoc-thi/{slug}/so-phieu", "", "vote", 11),
    ("/cuoc-thi/{slug}/so-phieu/log.jsonl", "", "vote", 6),
    ("/cuoc-thi/{slug}/so-phieu/checkpoints.txt", "", "vote", 6),
    ("/cuoc-thi/{slug}/so-phieu/tim?phieu=2222222222222222", "", "vote", 6),
    ("/cuoc-thi/{slug}/so-phieu/kiem", "", "vote", 4),
    ("/cuoc-thi/{slug}/ket-qua", "", "announced", 24),
    ("/cuoc-thi/{slug}/le-trao-giai", "", "announced", 14),
    ("/ket-qua", "", "announced", 6),
    ("/guong", "", "announced", 13),
    ("/guong?tim=chuyen", "", "announced", 13),
    ("/guong/nam/2027", "", "announced", 12),
    ("/guong/dip/thi-dua-ai-quoc", "", "announced", 13),
    ("/guong/don-vi", "", "announced", 6),
    ("/guong/don-vi/{unit}", "", "announced", 13),
    ("/api", "", "announced", 4),
    ("/api/v1/contests", "", "announced", 5),
    ("/api/v1/contests/{slug}", "", "announced", 5),
    ("/api/v1/contests/{slug}/rules", "", "announced", 3),
    ("/api/v1/contests/{slug}/timetable", "", "announced", 3),
    ("/api/v1/contests/{slug}/finalists", "", "announced", 9),
    ("/api/v1/contests/{slug}/results", "", "announced", 15),
    ("/api/v1/stories", "", "announced", 12),
    ("/api/v1/stories/{story}", "", "announced", 10),
    ("/api/v1/news", "", "announced", 3),
    ("/api/v1/calendar", "", "announced", 4),
    ("/api/v1/units", "", "announced", 3),
    ("/api/v1/units/{unit}", "", "announced", 6),
    ("/api/v1/openapi.json", "", "announced", 2),
    ("/tin.atom", "", "announced", 15),
    ("/cuoc-thi/{slug}/tin.json", "", "announced", 15),
    ("/nhung/{slug}", "", "announced", 15),
    ("/sitemap.xml", "", "announced", 8),
    ("/sitemap/{slug}/1.xml", "", "announced", 10),
    ("/cuoc-thi/{slug}/phan-anh", "", "announced", 12),
    ("/phan-anh/{case_code}", "", "vote", 7),
    ("/ban-to-chuc/{slug}/phan-anh", "secretary", "vote", 14),
    ("/ban-to-chuc/{slug}/phan-anh/{case}", "secretary", "vote", 18),
    ("/doc", "", "vote", 7),
    ("/bai/{story}", "", "vote", 7),
    ("/bien-nhan", "", "vote", 3),
    ("/bien-nhan/{receipt}", "", "vote", 7),
    ("/bien-nhan/{receipt}.pdf", "", "vote", 7),
    ("/bien-nhan/{receipt}/doi-chieu", "", "vote", 6),
    ("/cuoc-thi/{slug}/the-le.pdf", "", "vote", 5),
    ("/cuoc-thi/{slug}/mau/bai-du-thi.pdf", "", "vote", 5),
    ("/bai-cua-toi/{story}/lich-su", "writer", "submission", 9),
    ("/ban-to-chuc/{slug}/bai-du-thi/{sent}/lich-su", "secretary", "marking", 12),
    ("/cua-toi", "writer", "submission", 12),
    ("/bai-cua-toi", "writer", "submission", 12),
    ("/bai-cua-toi/{story}", "writer", "submission", 15),
    ("/viet/{draft}", "writer", "submission", 12),
    ("/viet/{draft}/anh", "writer", "submission", 12),
    ("/viet/{draft}/lay-tu-tep", "writer", "submission", 13),
    ("/viet/{draft}/thong-tin", "writer", "submission", 14),
    ("/viet/{draft}/kiem-tra", "writer", "submission", 14),
    ("/tai-khoan", "writer", "submission", 6),
    ("/don-vi/{unit}", "officer", "marking", 24),
    ("/don-vi/{unit}/viet-giup", "officer", "submission", 10),
    ("/don-vi/{unit}/bai-giay", "officer", "submission", 12),
    ("/don-vi/{unit}/bai/{paper}", "officer", "marking", 20),
    ("/don-vi/{unit}/bien-nhan", "officer", "marking", 10),
    ("/ban-to-chuc/{slug}/bai-giay", "secretary", "marking", 12),
    ("/ban-to-chuc/{slug}/bai-giay/{paper}", "secretary", "marking", 20),
    ("/bai-viet-giup", "writer", "submission", 8),
    ("/don-vi-hanh-chinh", "operator", "marking", 12),
    ("/don-vi-hanh-chinh/{unit}", "operator", "marking", 22),
    ("/don-vi/{unit}/xac-minh/{question}", "officer", "marking", 10),
    ("/cham/{slug}", "judge", "marking", 14),
    ("/cham/{slug}/quy-uoc", "judge", "marking", 8),
    ("/cham/{slug}/khai-bao", "judge", "marking", 18),
    ("/cham/{slug}/bai/{assignment}", "judge", "marking", 24),
    ("/cham/{slug}/doc-chung", "judge", "marking", 17),
    ("/cham/{slug}/doc-chung/{text}", "judge", "marking", 20),
    ("/cham/{slug}/doc-chung/{reading}/so-sanh", "judge", "marking", 17),
    ("/ban-to-chuc/{slug}/cham/prelim/{category}/doc-chung", "chair", "marking", 17),
    ("/ban-to-chuc/{slug}/cham/phieu-giay", "secretary", "marking", 10),
    ("/ban-to-chuc/{slug}/cham/phieu-giay?ma=ZZZZ", "secretary", "marking", 12),
    ("/ban-to-chuc/{slug}/cham/phieu-giay?giam-khao={judge}", "secretary", "marking", 16),
    ("/ban-to-chuc/{slug}/cham/phieu-giay/{assignment}", "secretary", "marking", 26),
    ("/ban-to-chuc/{slug}/cham/prelim/{category}/phieu-giay.pdf", "secretary", "marking", 14),
    ("/ban-to-chuc/{slug}/cham", "chair", "marking", 20),
    ("/ban-to-chuc/{slug}/cham/prelim/{category}", "chair", "marking", 24),
    ("/ban-to-chuc/{slug}/cham/prelim/{category}?sap-xep=total:down", "chair", "marking", 32),
    ("/ban-to-chuc/{slug}/cham/prelim/{category}/so-sanh", "chair", "marking", 20),
    ("/ban-to-chuc/{slug}/cham/prelim/{category}/giam-khao", "chair", "marking", 20),
    ("/ban-to-chuc/{slug}/cham/prelim/{category}/phan-cong?seed=3", "secretary", "marking", 24),
    ("/ban-to-chuc/{slug}/cham/prelim/{category}/phan-cong/bang-tinh", "secretary", "marking", 20),
    ("/ban-to-chuc/{slug}/cham/prelim/{category}/xung-dot", "secretary", "marking", 28),
    ("/ban-to-chuc/{slug}/ban-giao", "organiser", "marking", 12),
    ("/ban-to-chuc/{slug}/cham/xep-hang/{category}", "chair", "vote", 24),
    ("/ban-to-chuc/{slug}/cham/prelim/{category}/khoa-diem", "chair", "marking", 32),
    ("/ban-to-chuc/{slug}/hoi-dong", "chair", "vote", 14),
    ("/ban-to-chuc/{slug}/hoi-dong/{meeting}", "chair", "vote", 26),
    ("/cham/{slug}/phieu-kin", "judge", "vote", 14),
    ("/cham/{slug}/phieu-kin/{ballot}", "judge", "vote", 16),
    ("/ban-to-chuc/{slug}/binh-chon/ra-soat", "secretary", "vote", 15),
    ("/ban-to-chuc/{slug}/binh-chon/ra-soat?trang-thai=all", "organiser", "vote", 15),
    ("/ban-to-chuc/{slug}/binh-chon/ra-soat/phan-bo", "secretary", "vote", 10),
    ("/ban-to-chuc/{slug}/binh-chon/ra-soat/dot", "secretary", "vote", 12),
    ("/ban-to-chuc/{slug}/binh-chon/ra-soat/dau-hieu/{flag}", "secretary", "vote", 26),
    ("/ban-to-chuc/{slug}/binh-chon/ra-soat/dot/{setting}", "organiser", "vote", 14),
    ("/ban-to-chuc/{slug}/bai-du-thi", "secretary", "marking", 17),
    ("/ban-to-chuc/{slug}/bai-du-thi/{sent}", "secretary", "marking", 26),
    ("/ban-to-chuc/{slug}/nhan-vat", "secretary", "marking", 16),
    ("/ban-to-chuc/{slug}/nhan-vat/trung-nhau", "secretary", "marking", 13),
    ("/ban-to-chuc/{slug}/nhan-vat/{exemplar}", "secretary", "marking", 27),
    ("/ban-to-chuc/{slug}/bai-du-thi?tim=chuyen&phat-hien=any&xac-minh=cleared", "secretary", "marking", 16),
    ("/ban-to-chuc/{slug}/mau-ly-do", "organiser", "marking", 12),
    ("/ban-to-chuc/{slug}", "organiser", "marking", 18),
    ("/ban-to-chuc/{slug}/nhan-su", "organiser", "marking", 12),
    ("/ban-to-chuc/{slug}/the-le", "organiser", "marking", 12),
    ("/soan-the-le/{draft_id}", "organiser", "marking", 12),
    ("/soan-the-le/{draft_id}/thoi-gian", "organiser", "marking", 14),
    ("/soan-the-le/{draft_id}/giai-thuong", "organiser", "marking", 12),
    ("/soan-the-le/{draft_id}/xem", "organiser", "marking", 12),
    ("/cuoc-thi-moi", "operator", "marking", 12),
    ("/cuoc-thi-moi", "organiser", "marking", 12),
    ("/soan-the-le/{draft_id}/dieu-khoan", "organiser", "marking", 12),
    ("/lich-ky-niem?nam=2030", "", "marking", 5),
    ("/lich-ky-niem?nam=2031&noi=tat-ca", "", "marking", 5),
    ("/lich-ky-niem/thi-dua-ai-quoc", "", "marking", 5),
    ("/lich-ky-niem.ics", "", "marking", 5),
    ("/lich-ky-niem/them", "operator", "marking", 8),
    ("/lich-ky-niem/thi-dua-ai-quoc/sua", "operator", "marking", 8),
    ("/lich-ky-niem/ngay-nghi/2027", "operator", "marking", 8),
    ("/don-vi/{unit}/ngay-ky-niem", "officer", "marking", 8),
    ("/dia-chi-cu", "operator", "marking", 8),
    ("/ban-to-chuc/{slug}/binh-chon", "organiser", "vote", 16),
    ("/ban-to-chuc/{slug}/binh-chon/chi-phi", "secretary", "vote", 12),
    ("/ban-to-chuc/{slug}/binh-chon/danh-sach", "organiser", "vote", 10),
    ("/ban-to-chuc/{slug}/binh-chon/phieu-giay", "secretary", "vote", 8),
    ("/ban-to-chuc/{slug}/binh-chon/phieu-giay/{box}", "secretary", "vote", 10),
    ("/ban-to-chuc/{slug}/binh-chon/phieu-giay.pdf", "secretary", "vote", 8),
    ("/ban-to-chuc/{slug}/binh-chon/ap-phich", "secretary", "vote", 11),
    ("/cuoc-thi/{slug}/binh-chon/ap-phich/{story}.pdf", "", "vote", 8),
    ("/ban-to-chuc/{slug}/duyet-dang", "secretary", "marking", 14),
    ("/ban-to-chuc/{slug}/duyet-dang/{story}", "organiser", "marking", 24),
    ("/ban-to-chuc/{slug}/duyet-dang/{story}/lich-su", "organiser", "marking", 14),
    ("/ban-to-chuc/{slug}/ket-qua", "organiser", "vote", 45),
    ("/ban-to-chuc/{slug}/ket-qua/loi-binh", "organiser", "announced", 18),
    ("/ban-to-chuc/{slug}/bao-chi", "organiser", "vote", 10),
    ("/bao-chi/{slug}", "press", "vote", 10),
    ("/cuoc-thi/{slug}/tin", "", "vote", 6),
    ("/ban-to-chuc/{slug}/tin", "organiser", "vote", 9),
    ("/ban-to-chuc/{slug}/thu", "organiser", "vote", 9),
    ("/ban-to-chuc/{slug}/nhan-thuong", "organiser", "announced", 12),
    ("/giam-sat/{slug}", "observer", "vote", 16),
    ("/giam-sat/{slug}/nhat-ky", "observer", "vote", 8),
    ("/ban-to-chuc/{slug}/kiem-tra-cong-bo", "secretary", "vote", 16),
    ("/ban-to-chuc/{slug}/kiem-tra-cong-bo?luc=khi-nhan", "organiser", "vote", 16),
    ("/ban-to-chuc/{slug}/ket-qua/ban-quet", "organiser", "announced", 10),
    ("/ban-to-chuc/{slug}/ket-qua/giai-khac", "organiser", "announced", 24),
    ("/ban-to-chuc/{slug}/ket-qua/dieu-chinh", "organiser", "announced", 24),
    ("/ban-to-chuc/{slug}/ket-qua/thay-doi", "organiser", "announced", 14),
    ("/ban-to-chuc/{slug}/diem-goc", "organiser", "announced", 12),
    ("/ban-to-chuc/{slug}/giay-to", "organiser", "announced", 24),
    ("/ban-to-chuc/{slug}/giay-to/khach-moi.xlsx", "organiser", "announced", 14),
    ("/ban-to-chuc/{slug}/giay-to/mau-giay-chung-nhan", "organiser", "announced", 10),
    ("/ban-to-chuc/{slug}/giay-to/viec/{job}", "organiser", "announced", 10),
    ("/giay-chung-nhan/{certificate}", "", "announced", 12),
    ("/ban-to-chuc/{slug}/cham/giay", "secretary", "marking", 12),
    ("/ban-to-chuc/{slug}/cham/giay/pdf/phieu-theo-giam-khao", "secretary", "marking", 10),
    ("/ban-to-chuc/{slug}/cham/prelim/{category}/giay/xung-dot.pdf", "secretary", "marking", 18),
    ("/ban-to-chuc/{slug}/cham/prelim/{category}/bien-ban", "chair", "marking", 14),
    ("/ban-to-chuc/{slug}/cham/bien-ban/{minutes}", "chair", "marking", 16),
    ("/ban-to-chuc/{slug}/cham/bien-ban/{minutes}.pdf", "judge", "marking", 14),
    ("/cham/{slug}/in/prelim", "judge", "marking", 16),
    ("/cham/{slug}/in/prelim/tap-doc.pdf", "judge", "marking", 36),
    ("/cham/{slug}/bien-ban", "judge", "marking", 14),
]
# Pages whose rows grow with the contest.
LISTS = [
    "/",
    "/api/v1/stories",
    "/api/v1/contests/{slug}/finalists",
    "/api/v1/contests/{slug}/results",
    "/api/v1/units",
    "/tin.atom",
    "/sitemap/{slug}/1.xml",
    "/nhung/{slug}",
    "/doc",
    "/cuoc-thi/{slug}/chung-khao",
    "/cuoc-thi/{slug}/binh-chon",
    "/cuoc-thi/{slug}/ket-qua",
    "/cuoc-thi/{slug}/le-trao-giai",
    "/guong",
    "/guong?tim=chuyen",
    "/guong/nam/2027",
    "/guong/don-vi",
    "/guong/don-vi/{unit}",
    "/bai-cua-toi",
    "/cham/{slug}",
    "/cham/{slug}/khai-bao",
    "/don-vi/{unit}",
    "/ban-to-chuc/{slug}",
    "/ban-to-chuc/{slug}/nhan-su",
    "/giam-sat/{slug}",
    "/giam-sat/{slug}/nhat-ky",
    "/ban-to-chuc/{slug}/binh-chon",
    "/ban-to-chuc/{slug}/binh-chon/phieu-giay.pdf",
    "/ban-to-chuc/{slug}/binh-chon/ap-phich",
    "/ban-to-chuc/{slug}/duyet-dang",
    "/ban-to-chuc/{slug}/nhan-vat",
    "/ban-to-chuc/{slug}/nhan-vat/trung-nhau",
    "/ban-to-chuc/{slug}/bai-du-thi",
    "/cham/{slug}/doc-chung",
    "/ban-to-chuc/{slug}/cham/phieu-giay",
    "/ban-to-chuc/{slug}/cham/phieu-giay?giam-khao={judge}",
    "/ban-to-chuc/{slug}/cham/prelim/{category}/phieu-giay.pdf",
    "/ban-to-chuc/{slug}/cham",
    "/ban-to-chuc/{slug}/cham/prelim/{category}",
    "/ban-to-chuc/{slug}/cham/prelim/{category}/so-sanh",
    "/ban-to-chuc/{slug}/cham/prelim/{category}/giam-khao",
    "/ban-to-chuc/{slug}/cham/prelim/{category}/xung-dot",
    "/ban-to-chuc/{slug}/cham/prelim/{category}/khoa-diem",
    "/ban-to-chuc/{slug}/hoi-dong",
    "/ban-to-chuc/{slug}/cham/prelim/{category}/phan-cong?seed=3",
    "/ban-to-chuc/{slug}/cham/prelim/{category}/phan-cong/bang-tinh",
    "/ban-to-chuc/{slug}/ket-qua/loi-binh",
    "/ban-to-chuc/{slug}/kiem-tra-cong-bo",
    "/ban-to-chuc/{slug}/kiem-tra-cong-bo?luc=khi-nhan",
    "/ban-to-chuc/{slug}/ket-qua/giai-khac",
    "/ban-to-chuc/{slug}/ket-qua/dieu-chinh",
    "/ban-to-chuc/{slug}/ket-qua/thay-doi",
    "/ban-to-chuc/{slug}/cham/giay/pdf/phieu-theo-giam-khao",
    "/ban-to-chuc/{slug}/cham/prelim/{category}/giay/xung-dot.pdf",
    "/cham/{slug}/in/prelim",
]


@contextmanager
def statements() -> Iterator[list[str]]:
    """What reaches the database meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(" ".join(statement.split()))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def ask(client: Any, clock: Any, world: World, page: tuple[str, str, str, int]) -> list[str]:
    """The statements of one page, asked for a second time: what is kept after the first does not count."""
    template, role, moment, _ceiling = page
    side = world.here
    path = template.format(
        slug=side.contest.slug,
        category=side.judged.category,
        story=side.finalist.public_id,
        receipt=side.finalist.receipts[0].code,
        draft=side.draft.public_id,
        sent=side.sent.public_id,
        unit=side.unit.code,
        paper=side.scanned.public_id,
        question=side.question.public_id,
        exemplar=side.sent.exemplar.public_id,
        assignment=side.assignment.public_id,
        judge=side.staff["judge"].public_id,
        meeting=named(side, "meeting_id"),
        minutes=named(side, "minutes_id"),
        ballot=named(side, "question_id"),
        text=named(side, "text_id"),
        reading=named(side, "reading_id"),
        box=named(side, "batch_id"),
        flag=named(side, "flag_id"),
        setting=named(side, "setting_id"),
        draft_id=named(side, "draft_id"),
        case=named(side, "case_id"),
        job=named(side, "job_id"),
        certificate=named(side, "certificate"),
        case_code=named(side, "case_code"),
    )
    clock.instant = MOMENTS[moment]
    client.delete_cookie("session")
    if role:
        person = world.person(role)
        assert person is not None
        sign_in(client, person)
    client.get(path)
    db.session.remove()
    with statements() as sent:
        answer = client.get(path)
    assert answer.status_code == 200, f"{path} gives {answer.status_code}"
    return sent


def prepared(world: World) -> World:
    publish(world.here)
    db.session.commit()
    return world


def most(sent: list[str]) -> str:
    """The statements that came more than once, for the message of a failure."""
    return "\n".join(f"{times} × {statement[:300]}" for statement, times in Counter(sent).most_common(8))


def test_no_page_asks_more_than_it_may(app, client, clock):
    world = prepared(make_world())
    over = []
    for page in PAGES:
        sent = ask(client, clock, world, page)
        if len(sent) > page[3]:
            over.append(f"{page[0]}: {len(sent)} > {page[3]}\n{most(sent)}")
    assert not over, "\n\n".join(over)


def present(side: Side) -> Side:
    """The side as rows of the session that is open now; a page asked for closes the one before."""
    merge = db.session.merge
    return replace(
        side,
        contest=merge(side.contest),
        unit=merge(side.unit),
        writer=merge(side.writer),
        judged=merge(side.judged),
        staff={role: merge(person) for role, person in side.staff.items()},
    )


def add_rows(world: World, number: int) -> None:
    """As many more of everything that lists show."""
    side = present(world.here)
    contest, category = side.contest, side.judged.category
    judge, awarded = side.staff["judge"], []
    for _ in range(number):
        finalist = judging.make_finalist(
            contest, category, author=make_user(), exemplar_unit=side.unit, author_unit_id=make_unit().id, now=START
        )
        judging.give(finalist, judge)
        db.session.add(
            Photo(
                entry=finalist,
                position=1,
                large_key="aa/0.webp",
                small_key="aa/1.webp",
                width=4,
                height=3,
                sha256="0" * 64,
                created_at=START,
            )
        )
        awarded.append(finalist)
        make_staff(contest, "judge")
        judging.make_accepted(contest, category, author=side.writer, exemplar_unit=side.unit, now=START)
        make_submitted(contest, make_user(), category, unit=make_unit())
    if (results := side.results()) is not None:
        results.superseded_at = START
        db.session.flush()
    publish(side, awarded)
    db.session.query(Message).delete()
    db.session.commit()


def test_lists_ask_the_same_for_five_rows_and_for_fifty(app, client, clock):
    world = make_world()
    add_rows(world, 5)
    pages = [page for page in PAGES if page[0] in LISTS]
    assert len(pages) == len(LISTS)
    few = {page[0]: ask(client, clock, world, page) for page in pages}
    add_rows(world, 45)
    more = {page[0]: ask(client, clock, world, page) for page in pages}
    grown = [
        f"{path}: {len(few[path])} → {len(more[path])}\n{most(more[path])}"
        for path in few
        if len(more[path]) > len(few[path])
    ]
    assert not grown, "\n\n".join(grown)


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_static_files_and_the_sign_in_page_ask_nothing(app, client):
    with statements() as sent:
        assert client.get("/static/css/look.css").status_code == 200
        assert client.get("/dang-nhap").status_code == 200
    assert sent == []
