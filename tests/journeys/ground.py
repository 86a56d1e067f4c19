"""Ground for journeys that begin in the middle: `python -m tests.journeys.ground NAME` fills a site's database.

Run in a process of its own, with the environment of the site. What stands afterwards is printed as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

from flask import current_app
from PIL import Image

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.core.db import db
from contest.entries import services
from contest.entries.models import Entry, Photo
from contest.entries.second_look import ask_second_look
from contest.screening.services import write_template
from contest.units.queries import get_unit
from contest.units.services import load_units
from tests.conftest import START
from tests.factories import make_contest, make_officer, make_staff, make_user
from tests.factories.entries import make_finalist, make_submitted
from tests.factories.intake import add_scan, make_paper
from tests.journeys.sample import DATA, stories
from wsgi import app

TELEPHONE = "+84900000201"  # of the officer who has no e-mail


PEOPLE = {
    "diep": ("Phan Thị Ngọc Diệp", "ngoc.diep@an-lam.example"),
    "son": ("Võ Hoàng Sơn", "hoang.son@an-lam.example"),
    "van": ("Đinh Thị Thanh Vân", "thanh.van@an-lam.example"),
    "tien": ("Hồ Viết Tiến", "viet.tien@an-lam.example"),
}


def _person(key: str) -> User:
    """Somebody whom the demonstration's bar can sign in."""
    name, email = PEOPLE[key]
    return make_user(name, email=email)


def unit() -> dict[str, Any]:
    """A commune with two officers, one of whom has a telephone only; nothing has been sent."""
    contest = make_contest()
    commune = get_unit("khe-ngon")
    make_officer(commune, make_user("Hà Thị Nguyệt", email=None, phone=TELEPHONE))
    make_officer(commune, _person("tien"))
    return {"contest": contest.slug}


def screening() -> dict[str, Any]:
    """Eight entries for the secretary: two leaks, a near-copy pair, one from paper, a second look, a finalist."""
    contest = make_contest()
    organiser = make_staff(contest, "organiser", _person("diep"))
    make_staff(contest, "secretary", _person("van"))
    other = make_staff(contest, "organiser", _person("son"))
    commune = get_unit("khe-ngon")
    for verb, name, text in (
        ("refuse", "Bài đã đăng báo", "Bài đã đăng trước khi gửi, trái Điều 4 thể lệ."),
        ("complete", "Thiếu nơi xảy ra", "Xin bổ sung nơi và thời gian việc làm trong bài."),
    ):
        write_template(contest=contest, template=None, verb=verb, name=name, text=text, actor=organiser, now=START)

    told = stories()
    hill, boat, well = (told[key]["body"] for key in ("DH-0001", "DH-0002", "DH-0003"))
    entries = {
        "leak": _sent(contest, "Nguyễn Thị Thu Hậu", "Đồi cằn trổ hoa", f"{hill}\n\nTôi là Nguyễn Thị Thu Hậu.", 1),
        "first": _sent(contest, "Trần Quốc Đạt", "Chiếc ba lô màu xanh", boat, 2),
        "copy": _sent(contest, "Mã Văn Kiên", "Ba lô xanh trên dốc", f"{boat}\n\nTôi ghi lại chuyện này tháng Ba.", 3),
        "plain": _sent(contest, "Lương Văn Tạo", "Con kênh sạch", well, 4),
        "published": _sent(contest, "Đỗ Thị Hiên", "Chợ phiên", told["DH-0005"]["body"], 5),
    }
    paper = make_paper(contest, commune, make_officer(commune, _person("tien")))
    add_scan(paper, paper.helper or organiser)
    refused = _sent(contest, "Bùi Thị Mơ", "Bến đò đêm", told["DH-0006"]["body"], 6)
    services.receive(entry=refused, actor=other, now=START)
    services.refuse(entry=refused, reason="Bài quá số chữ của Điều 3.", actor=other, now=START)
    ask_second_look(entry=refused, text="Tôi đã đếm lại: bài vừa đủ chữ.", actor=refused.author, now=START)
    finalist = make_finalist(
        contest,
        make_user("Cầm Thị Lả"),
        published=False,
        title="Người giữ lửa nhà sàn",
        body=told["DH-0007"]["body"] + "\n\nGọi bà qua số 0912 345 678.",
        unit=commune,
        exemplar_name="Bà Cầm Thị Pành",
    )
    entries |= {"paper": paper, "refused": refused, "finalist": finalist}
    _draw_photos()
    return {
        "contest": contest.slug,
        "entries": {key: entry.public_id for key, entry in entries.items()},
    }


def _sent(contest: Contest, author: str, title: str, body: str, number: int) -> Entry:
    return make_submitted(
        contest,
        make_user(author),
        title=title,
        body=body,
        unit=get_unit("khe-ngon"),
        exemplar_name=f"Người trong {title}",
        now=START + timedelta(minutes=number),
    )


def _draw_photos() -> None:
    """Files behind the photos that the factories made, so that pages show them."""
    for number, photo in enumerate(db.session.query(Photo)):
        stream = BytesIO()
        Image.new("RGB", (1600, 1200), (90 + number * 15 % 120, 130, 110)).save(stream, "WEBP")
        photo.large_key = current_app.extensions["files"].put(stream.getvalue(), "webp")
        photo.middle_key = photo.small_key = photo.large_key


GROUNDS: dict[str, Callable[[], dict[str, Any]]] = {"unit": unit, "screening": screening}

if __name__ == "__main__":
    with app.app_context():
        load_units(rows=json.loads((DATA / "units.json").read_text("utf-8")), actor=None, now=START)
        laid = GROUNDS[sys.argv[1]]()
        db.session.commit()
    sys.stdout.write(json.dumps(laid))
