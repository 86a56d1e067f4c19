"""Ground for journeys that begin in the middle: `python -m tests.journeys.ground NAME` fills a site's database.

Run in a process of its own, with the environment of the site. What stands afterwards is printed as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from io import BytesIO
from typing import Any

from flask import current_app
from PIL import Image
from sqlalchemy import select

from contest.accounts.models import SiteRole, User
from contest.contests.models import Contest
from contest.contests.ruleset import parse_rule_set
from contest.contests.services import load_rule_set
from contest.core.db import db
from contest.core.richtext import from_plain, source_of
from contest.core.web.keys import log_signer
from contest.entries import services
from contest.entries.models import Entry, Photo
from contest.entries.second_look import ask_second_look
from contest.judging.services import seat_judge
from contest.screening.services import write_template
from contest.units.queries import get_unit
from contest.units.services import load_units
from contest.voting import distribution
from contest.voting.receipts import receipt_of
from tests.conftest import START
from tests.factories import judging, make_contest, make_officer, make_staff, make_user, raw_rule_sets
from tests.factories.counted import make_counted
from tests.factories.editions import publish_edition
from tests.factories.entries import make_finalist, make_submitted
from tests.factories.intake import add_scan, make_paper
from tests.factories.results import World, judge_finalists, make_results, publish
from tests.factories.review import make_ballot, make_finding
from tests.factories.rules import make_contest_voting, make_contest_with
from tests.factories.voting import during, start_log, voting_window
from tests.journeys.sample import DATA, stories
from wsgi import app

TELEPHONE = "+84900000201"  # of the officer who has no e-mail


PEOPLE = {
    "diep": ("Phan Thị Ngọc Diệp", "ngoc.diep@an-lam.example"),
    "son": ("Võ Hoàng Sơn", "hoang.son@an-lam.example"),
    "van": ("Đinh Thị Thanh Vân", "thanh.van@an-lam.example"),
    "tien": ("Hồ Viết Tiến", "viet.tien@an-lam.example"),
    "huan": ("Tạ Quang Huấn", "quang.huan@an-lam.example"),
    "lan": ("Trịnh Thị Mai Lan", "mai.lan@an-lam.example"),
    "loc": ("Huỳnh Tấn Lộc", "tan.loc@an-lam.example"),
    "nghi": ("Nguyễn Hữu Nghị", "huu.nghi@an-lam.example"),
    "chinh": ("Lò Văn Chính", "van.chinh@an-lam.example"),
    "cuc": ("Đặng Thị Kim Cúc", "kim.cuc@an-lam.example"),
    "thien": ("Bùi Đức Thiện", "duc.thien@an-lam.example"),
    "chau": ("Đoàn Thị Minh Châu", "minh.chau@an-lam.example"),
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


def _jury() -> tuple[Contest, dict[str, User], list[Entry]]:
    """A panel of two, a head of jury without a seat, an organiser, a secretary, and three entries with codes."""
    contest = make_contest()
    people = {
        "huan": make_staff(contest, "chair", _person("huan")),
        "diep": make_staff(contest, "organiser", _person("diep")),
        "van": make_staff(contest, "secretary", _person("van")),
        "lan": make_staff(contest, "judge", _person("lan")),
        "loc": make_staff(contest, "judge", _person("loc")),
    }
    for key in ("lan", "loc"):
        judge = people[key]
        judging.seat_judge(contest=contest, round_id="prelim", category="A", judge=judge, actor=None, now=START)
        judging.accept(contest, judge)
    told = stories()
    entries = [
        judging.make_accepted(
            contest, title=title, body=told[key]["body"], document=source_of(from_plain(told[key]["body"])), now=START
        )
        for key, title in (("DH-0001", "Đồi cằn trổ hoa"), ("DH-0002", "Chiếc ba lô màu xanh"), ("DH-0003", "Con kênh"))
    ]
    return contest, people, entries


def joint() -> dict[str, Any]:
    """A jury before its round opens."""
    contest, _people, entries = _jury()
    return {"contest": contest.slug, "codes": [entry.blind_code for entry in entries]}


def paper() -> dict[str, Any]:
    """A jury whose round is open: one judge marks three entries on paper."""
    contest, people, entries = _jury()
    now = judging.opening_of(contest, "prelim")
    given = [
        judging.assign_one(entry=entry, round_id="prelim", judge=people["lan"], actor=people["diep"], now=now)
        for entry in entries
    ]
    return {
        "contest": contest.slug,
        "codes": [entry.blind_code for entry in entries],
        "sheets": [each.public_id for each in given],
    }


def bench() -> dict[str, Any]:
    """A judge with five entries who has neither accepted the terms nor declared, an hour into the marking.

    The rules say what bands of marks mean, and ask for a comment on a low mark for C2.
    """
    document = deepcopy(raw_rule_sets()[0])
    first, second, *_others = document["rubric"]["criteria"]
    first["bands"] = [
        {"from": start, "text": {"vi": text, "en": text}}
        for start, text in ((0, "Khó kiểm chứng"), (8, "Kiểm chứng được một phần"), (15, "Kiểm chứng được hết"))
    ]
    second["comment"] = {"below": 10}
    contest = load_rule_set(rules=parse_rule_set(json.dumps(document)), actor=None, now=START)
    judge = make_staff(contest, "judge", _person("lan"))
    judging.seat_judge(contest=contest, round_id="prelim", category="A", judge=judge, actor=None, now=START)
    told = stories()
    titles = ("Đồi cằn trổ hoa", "Chiếc ba lô màu xanh", "Con kênh sạch", "Chợ phiên", "Bến đò đêm")
    for key, title in zip(("DH-0001", "DH-0002", "DH-0003", "DH-0005", "DH-0006"), titles, strict=True):
        body = told[key]["body"]
        entry = judging.make_accepted(contest, title=title, body=body, document=source_of(from_plain(body)), now=START)
        now = judging.opening_of(contest, "prelim")
        judging.assign_one(entry=entry, round_id="prelim", judge=judge, actor=judge, now=now)
    return {"contest": contest.slug}


def closing() -> dict[str, Any]:
    """A final round to be closed: two entries that no rule tells apart, one whose judges are far apart and wait.

    Its head of jury decides on gaps; of five sheets one may be let pass.
    """
    gap = {"type": "max_minus_min", "threshold": 20, "action": "chair_decides"}
    contest = make_contest_with(final={"gap": gap, "min_sheets": 4, "aggregate": "mean"})
    make_staff(contest, "chair", _person("huan"))
    make_staff(contest, "secretary", _person("van"))
    judges = [make_staff(contest, "judge", _person(key)) for key in ("nghi", "lan", "chinh", "cuc", "thien")]
    for judge in judges:
        seat_judge(contest=contest, round_id="final", category="A", judge=judge, actor=None, now=contest.created_at)
    titles = {"hill": "Đồi cằn trổ hoa", "boat": "Chiếc ba lô màu xanh", "well": "Giếng nước đầu làng"}
    entries = {key: judging.make_finalist(contest, title=title) for key, title in titles.items()}
    for key in ("hill", "boat"):
        judging.mark_all(entries[key], judges, [87] * 5, "final")
    judging.mark_all(entries["well"], judges[:4], [90, 88, 62, 86], "final")
    judging.give(entries["well"], judges[4], "final")
    return {"contest": contest.slug, "codes": {key: entry.blind_code for key, entry in entries.items()}}


def _put_to_vote(contest: Contest, categories: str) -> dict[str, Any]:
    """Finalists of the demonstration's first contest, put to the vote in these categories."""
    told = stories()
    keys = ("DH-0001", "DH-0002", "DH-0003", "DH-0005", "DH-0006", "DH-0007")
    for key, category in zip(keys, categories, strict=False):
        title, body = told[key]["title"], told[key]["body"]
        judging.make_finalist(contest, category, title=title, body=body, document=source_of(from_plain(body)))
    return {"contest": contest.slug}


def vote() -> dict[str, Any]:
    """Five finalists put to the vote: three choices on one ballot, voters confirmed by telephone."""
    return _put_to_vote(make_contest(0), "AAAAA")


def ballots() -> dict[str, Any]:
    """A ballot for each of two categories, an entry to be read before it is chosen, voters confirmed by mail."""
    rules = {"ballot_scope": "category", "categories": ["A", "B"], "choices_max": 2, "reading_required": True}
    return _put_to_vote(make_contest_voting(0, identity="email_otp", **rules), "AAABBB")


def review() -> dict[str, Any]:
    """A vote of sixty ballots: thirty-six by the people of two units, twenty-four within minutes from one device."""
    contest = make_contest(0)
    laid = _put_to_vote(contest, "AAAAA")
    make_staff(contest, "secretary", _person("van"))
    make_staff(contest, "organiser", _person("diep"))
    db.session.commit()
    start_log(contest)
    entries = list(db.session.scalars(select(Entry).where(Entry.contest_id == contest.id).order_by(Entry.id)))
    units = [get_unit(code) for code in ("ben-hac", "vuon-cau")]
    opens = during(contest)
    for number in range(36):
        make_ballot(
            contest,
            entries[number % 4 : number % 4 + 2],
            opens + timedelta(hours=number % 30, minutes=number),
            channel="vn_mobile_otp",
            network=f"{number // 3:016x}",
            device=f"{number:016x}",
            family=f"{number % 5:016x}",
            unit_id=units[number % 3 == 0].id,
            code_seconds=20 + number,
        )
    at = opens + timedelta(hours=20)
    quick = [
        make_ballot(
            contest,
            entries[4:],
            at + timedelta(seconds=9 * number),
            channel="vn_mobile_otp",
            network="f" * 16,
            device="b0a7" * 4,
            family="09f1" * 4,
            code_seconds=2,
        )
        for number in range(24)
    ]
    said = {"seen_percent": 100, "usual_percent": 1, "seconds": "2", "networks": 1, "devices": 1, "agents": 1}
    times = {"first_seen": at, "last_seen": at + timedelta(minutes=4)}
    made = make_finding(contest, quick, kind="fast_code", subject="2-0a1b2c3d", severity=85, measures=said, **times)
    school = make_finding(contest, quick[:3], kind="shared_device", subject="0001", severity=30, **times)
    return laid | {"finding": made.public_id, "school": school.public_id, "number": quick[0].ballot_id}


def counted() -> dict[str, Any]:
    """A vote whose results are announced and whose ballots are opened; the receipt of one of them."""
    world = make_counted(more=190)
    contest = world.contest
    signer = log_signer(contest.slug, contest.public_id)
    receipt = receipt_of(contest=contest, voter_id=world.voters[5], scope="contest", signer=signer)
    assert receipt is not None
    content = distribution.look(contest, voting_window(contest)[1])
    assert content is not None
    distribution.keep(contest.id, content, voting_window(contest)[1] + timedelta(hours=1))
    publish(world)
    return {"contest": contest.slug, "receipt": receipt.said, "cast": 216}


def announcing() -> dict[str, Any]:
    """The second contest before its results: category A judged and locked, nothing looked up, nothing computed."""
    contest = make_contest(1)
    people = {key: _person(key) for key in ("diep", "son", "van", "huan")}
    for key, role in (("diep", "organiser"), ("son", "organiser"), ("van", "secretary"), ("huan", "chair")):
        make_staff(contest, role, people[key])
    world = World(contest, people["diep"], people["son"], people["huan"])
    marks = {"Đồi cằn trổ hoa": 9.2, "Bến đò đêm": 8.8, "Giếng nước đầu làng": 8.5, "Chợ phiên": 8.1, "Con kênh": 7.8}
    judge_finalists(world, marks, body=stories()["DH-0001"]["body"])
    for entry in world.entries.values():
        publish_edition(entry)
    return {"contest": contest.slug, "entries": {title: entry.public_id for title, entry in world.entries.items()}}


def announced() -> dict[str, Any]:
    """The first contest decided and approved by two; its announcement is still ahead."""
    world = make_results()
    for entry in world.entries.values():
        publish_edition(entry)
    make_staff(world.contest, "organiser", _person("diep"))
    publish(world)
    make_staff(world.contest, "press", _person("chau"))
    return {"contest": world.contest.slug, "titles": list(world.entries)}


def season() -> dict[str, Any]:
    """The second contest as last season's, an operator, and somebody who will organise the next one."""
    contest = make_contest(1)
    operator = _person("diep")
    role = db.session.scalar(select(SiteRole).where(SiteRole.name == "operator"))
    operator.roles.append(role or SiteRole(name="operator"))
    _person("chinh")
    return {"contest": contest.slug}


GROUNDS: dict[str, Callable[[], dict[str, Any]]] = {
    "bench": bench,
    "closing": closing,
    "unit": unit,
    "screening": screening,
    "joint": joint,
    "paper": paper,
    "vote": vote,
    "ballots": ballots,
    "review": review,
    "counted": counted,
    "season": season,
    "announcing": announcing,
    "announced": announced,
}

if __name__ == "__main__":
    with app.app_context():
        load_units(rows=json.loads((DATA / "units.json").read_text("utf-8")), actor=None, now=START)
        laid = GROUNDS[sys.argv[1]]()
        db.session.commit()
    sys.stdout.write(json.dumps(laid))
