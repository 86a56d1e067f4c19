"""One contest from its rules to its honours, by everybody who takes part, in a real browser.

The stories, the marks and what comes of them are those that docs/decisions and tests/judging hold
the arithmetic to: a third judge, a tie broken on a criterion, a readers' prize that too few voted for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Locator

from tests.journeys.acts import (
    code_for,
    link_for,
    move_clock,
    ready_to_judge,
    register,
    sign_in_first,
    tap,
    write_entry,
)
from tests.journeys.conftest import Meet
from tests.journeys.person import DESK as DESK_WIDE
from tests.journeys.person import PHONE, Person
from tests.journeys.sample import DATA, SLUG, Sheet, spoken, stories
from tests.journeys.site import Site

DESK = f"/ban-to-chuc/{SLUG}"
PUBLIC = f"/cuoc-thi/{SLUG}"
WRITERS = {"hau": "DH-0001", "dat": "DH-0002", "tao": "DH-0003"}
CHAIR = ("Tạ Quang Huấn", "quang.huan@an-lam.example")
JUDGES = {
    "nghi": ("Nguyễn Hữu Nghị", "huu.nghi@an-lam.example"),
    "lan": ("Trịnh Thị Mai Lan", "mai.lan@an-lam.example"),
    "loc": ("Huỳnh Tấn Lộc", "tan.loc@an-lam.example"),
    "nga": ("Cao Thị Bích Ngà", "bich.nga@an-lam.example"),
    "thien": ("Bùi Đức Thiện", "duc.thien@an-lam.example"),
    "suong": ("Hồ Thị Thu Sương", "thu.suong@an-lam.example"),
    "truong": ("Mai Xuân Trường", "xuan.truong@an-lam.example"),
    "phung": ("Châu Minh Phụng", "minh.phung@an-lam.example"),
}
DECISION = "1408/QĐ-UBND"
# Both end on 87,00; the mean of the second criterion over all five sheets tells them apart.
TIE_IN_WORDS = "tiêu chí C2: trung bình 22,90 so với 20,90"
PRELIM = ("nghi", "lan", "loc")
FINAL = ("nga", "thien", "suong", "truong", "phung")
# Name, address, unit and the exemplar whom the unit knows.
OFFICERS = {
    "tien": ("Hồ Viết Tiến", "viet.tien@an-lam.example", "khe-ngon", "Trần Đình Sỹ"),
    "ut": ("Quách Thị Út", "thi.ut@an-lam.example", "vam-duoc-doi", "Tổ tự quản Năm Nhà"),
    "pao": ("Lô Văn Páo", "van.pao@an-lam.example", "thuong-khe", "Vi Thị Hoan"),
}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site on which nothing has happened yet."""
    site = Site(tmp_path / "data", clock="2027-03-20T09:00:00+07:00")
    site.flask("db", "upgrade")
    site.start()
    yield site
    site.stop()
    assert not site.complaints()


class Cast:
    """Who takes part, each with a browser of their own."""

    def __init__(self, site: Site, meet: Meet) -> None:
        self.site = site
        self.meet = meet
        self.people: dict[str, Person] = {}
        self.entries: dict[str, str] = {}  # DH-0001 as the samples call it -> public id
        self.codes: dict[str, str] = {}  # … -> the code under which judges and readers know it

    def __getitem__(self, name: str) -> Person:
        return self.people[name]

    def enter(self, name: str, **how: object) -> Person:
        self.people[name] = self.meet(name, **how)
        return self.people[name]

    def leave(self, *names: str) -> None:
        for name in names:
            self.people.pop(name).close()

    def clock(self, instant: str) -> None:
        move_clock(self["visitor"], datetime.fromisoformat(instant))


@pytest.mark.timeout(900)
def test_a_contest_from_its_rules_to_its_honours(site: Site, gather: Callable[[Site], Meet]) -> None:
    cast = Cast(site, gather(site))
    for chapter in CHAPTERS:
        chapter(cast)


def the_rules_are_loaded(cast: Cast) -> None:
    site = cast.site
    assert "version 1" in site.flask("contest", "load", str(DATA / "contests.json"))
    site.flask("units", "load", str(DATA / "units.json"))
    site.flask("contest", "grant", SLUG, "organiser", "ngoc.diep@an-lam.example", "--name", "Phan Thị Ngọc Diệp")
    visitor = cast.enter("visitor", width=PHONE)
    visitor.go("/")
    visitor.look("home")
    visitor.go(PUBLIC)
    visitor.look("contest")
    visitor.go(PUBLIC + "/the-le")
    visitor.look("rules")


def people_are_invited(cast: Cast) -> None:
    diep = cast.enter("diep")
    diep.go(DESK)
    assert diep.path == "/dang-nhap"
    diep.look("sign-in")
    sign_in_first(diep, "ngoc.diep@an-lam.example", look=True)
    diep.look("my-work-organiser")
    diep.go(DESK)
    diep.look("organiser-empty")
    diep.go(DESK + "/nhan-su")
    invite(diep, "Võ Hoàng Sơn", "hoang.son@an-lam.example", "organiser")
    diep.look("people", axe=True)
    invite(diep, "Đinh Thị Thanh Vân", "thanh.van@an-lam.example", "secretary")
    for name, email, unit, _exemplar in OFFICERS.values():
        invite(diep, name, email, "officer", unit)

    # A second organiser: by the mailed link, an account opened on the way, back to the invitation.
    son = cast.enter("son")
    son.go(link_for(son, "hoang.son@an-lam.example"))
    assert son.path == "/dang-nhap"
    son.press('main a[href*="/dang-ky"]')
    register(son, "Võ Hoàng Sơn", "hoang.son@an-lam.example", look=True)
    assert son.path.startswith("/loi-moi/")
    son.look("invitation", axe=True)
    son.send(son.path)
    assert son.path == "/cua-toi"
    son.go(DESK + "/nhan-su")
    son.sees("Võ Hoàng Sơn", "Phan Thị Ngọc Diệp")


def invite(organiser: Person, name: str, email: str, role: str, unit: str = "") -> None:
    organiser.fill(name=name, email=email, role=role, unit=unit)
    organiser.send("/nhan-su")
    organiser.sees(email)


def three_stories_are_written(cast: Cast) -> None:
    for key, name in WRITERS.items():
        story = stories()[name]
        author = story["author"]
        by_phone = key == "dat"
        writer = cast.enter(key, width=DESK_WIDE if key == "tao" else PHONE)
        writer.go(PUBLIC + "/viet")
        assert writer.path == "/dang-nhap"
        writer.press('main a[href*="/dang-ky"]')
        typed = "0" + author["phone"][3:] if by_phone else author["email"]
        register(writer, author["name"], typed, author["phone"] if by_phone else "")
        assert writer.path == PUBLIC + "/viet"
        cast.entries[name] = write_entry(writer, story, look=key == "hau")


def the_secretariat_accepts(cast: Cast) -> None:
    """Receives and accepts one entry by hand, the others as a batch, and asks the units."""
    cast.clock("2027-04-02T09:00:00+07:00")
    van = cast.enter("van")
    van.go(link_for(van, "thanh.van@an-lam.example"))
    van.press('main a[href*="/dang-ky"]')
    register(van, "Đinh Thị Thanh Vân", "thanh.van@an-lam.example")
    van.send(van.path)
    van.go(DESK + "/bai-du-thi")
    van.look("secretariat")
    first = cast.entries["DH-0001"]
    van.go(f"{DESK}/bai-du-thi/{first}")
    van.sees("Trần Đình Sỹ", "Nguyễn Thị Thu Hậu")
    van.look("secretariat-entry")
    van.press('form[action*="/tiep-nhan"] button')
    van.go(f"{DESK}/bai-du-thi/{first}")
    van.press('form[action*="/hop-le"] button')
    for act, done in (("receive", 2), ("accept", 2), ("ask", 3)):
        van.go(DESK + "/bai-du-thi")
        for box in van.page.locator("input[name=chosen]").all():
            box.check()
        van.press(f"button[name=act][value={act}]")
        van.sees(f": {done} bài")  # what would be done, before it is
        if act == "accept":
            van.look("secretariat-batch", axe=True)
        van.press('form[action*="/nhieu-bai"] .actions button')
        van.sees(f"{done} ")
    van.look("secretariat-accepted", axe=True)
    look_up(van, "khi-nhan")
    hau = cast["hau"]
    hau.go(f"/bai-cua-toi/{first}")
    hau.sees("Đồi cằn trổ hoa", "217")
    hau.look("own-entry")


def look_up(person: Person, point: str) -> None:
    """Record that nothing was found of entries that might have been published before."""
    person.go(f"{DESK}/kiem-tra-cong-bo?luc={point}")
    person.tick("found", "0")
    person.fill(note="Đã tra nhan đề và ba câu trong bài.")
    person.press("main button[name=lacking]")


def the_units_verify(cast: Cast) -> None:
    """Each commune answers for its exemplar, with consent."""
    cast.clock("2027-04-06T09:00:00+07:00")
    for key, (name, email, unit, exemplar) in OFFICERS.items():
        officer = cast.enter(key)
        officer.go(link_for(officer, email))
        officer.press('main a[href*="/dang-ky"]')
        register(officer, name, email)
        officer.send(officer.path)
        officer.go(f"/don-vi/{unit}")
        officer.sees(exemplar)
        look = key == "tien"
        if look:
            officer.look("unit")
        officer.press('main a[href*="/xac-minh/"]')
        officer.does_not_see("Nguyễn Thị Thu Hậu", "Lương Văn Tạo")
        if look:
            officer.look("verification", axe=True)
        officer.tick("outcome", "verified")
        officer.tick("consent", "1")
        officer.tick("photos", "1")
        officer.press(officer.page.get_by_role("button", name="Gửi câu trả lời"))
        officer.sees(exemplar)
    cast.leave(*OFFICERS)


def judges_are_seated(cast: Cast) -> None:
    """The head of jury and eight judges; three for the preliminary round, five for the final."""
    cast.clock("2027-04-13T09:00:00+07:00")
    people = {"huan": CHAIR, **JUDGES}
    cast.site.flask_all(
        *(
            ("contest", "grant", SLUG, "chair" if key == "huan" else "judge", email, "--name", name)
            for key, (name, email) in people.items()
        )
    )
    for key, (name, _email) in people.items():
        tap(cast.enter(key), name)
    huan = cast["huan"]
    huan.go(DESK + "/cham")
    huan.look("jury-table")
    seat(huan, "prelim", PRELIM)
    seat(huan, "final", FINAL)
    huan.look("panel")


def seat(chair: Person, round_id: str, keys: tuple[str, ...]) -> None:
    chair.go(f"{DESK}/cham/{round_id}/A/giam-khao")
    for key in keys:
        chair.page.locator("main select[name=judge]").select_option(label=JUDGES[key][0])
        chair.press("main form:has(select[name=judge]) button")
    chair.sees(*(JUDGES[key][0] for key in keys))


def the_preliminary_round(cast: Cast) -> None:
    """Two judges an entry, each alone; one gap, which a third judge closes; three entries advance."""
    huan = cast["huan"]
    huan.go(f"{DESK}/cham/prelim/A/phan-cong")
    huan.look("assignment")
    huan.press("main form:has([name=seed]) button")
    huan.go(f"{DESK}/cham/prelim/A")
    for name in cast.entries:
        row = huan.page.locator("main table tbody tr", has_text=stories()[name]["title"])
        cast.codes[name] = row.locator("th").inner_text().strip()
    # Who screens knows the author and never the code; the organiser sees the code and no title.
    van = cast["van"]
    van.go(f"{DESK}/bai-du-thi/{cast.entries['DH-0001']}")
    van.does_not_see(*cast.codes.values())
    van.go(f"{DESK}/cham/prelim/A")
    van.sees(*cast.codes.values())
    van.does_not_see(*(stories()[name]["title"] for name in cast.entries))
    waiting = {name: list(stories()[name]["prelim_sheets"]) for name in cast.entries}
    for key in PRELIM:
        mark_all(cast, cast[key], waiting, look=key == "nghi")
    assert not any(waiting.values())

    # 86 and 69 are 17 apart, more than 15: the entry has gone to a third judge by itself.
    huan.go(f"{DESK}/cham/prelim/A")
    code = cast.codes["DH-0001"]
    huan.look("round-with-a-gap", axe=True)
    huan.press(f'main a[href$="/bai/{code}"]')
    huan.sees("chấm lần thứ ba")
    assert "86" not in huan.said()
    huan.look("third-judge", axe=True)
    waiting["DH-0001"] = [stories()["DH-0001"]["third_sheet"]]
    for key in PRELIM:
        mark_all(cast, cast[key], waiting)
    assert not any(waiting.values())
    huan.go(f"{DESK}/cham/prelim/A/bai/{code}")
    huan.sees("86", "69", "84", "17", "85")
    huan.look("gap", axe=True)

    cast.clock("2027-04-27T09:00:00+07:00")
    huan.go(f"{DESK}/cham/prelim/A/khoa-diem")
    huan.sees(*cast.codes.values())
    huan.look("closing-prelim")
    huan.press("main form[method=post] button")
    cast.leave(*PRELIM)
    assert huan.path == f"{DESK}/cham/prelim/A"
    huan.look("round-closed", axe=True)


def mark_all(cast: Cast, judge: Person, waiting: dict[str, list[Sheet]], *, look: bool = False) -> None:
    """The judge fills in and finishes the sheets of the queue for which there are marks."""
    ready_to_judge(judge, SLUG)
    if look:
        judge.look("bench")
    while name := next_sheet(cast, judge, waiting):
        judge.does_not_see(stories()[name]["author"]["name"])
        judge.fill(**{f"mark__{criterion}": spoken(mark) for criterion, mark in waiting[name].pop(0).items()})
        if look:
            judge.look("sheet")
            look = False
        judge.press("main button[name=act][value=final]")
        judge.sees(cast.codes[name])


def next_sheet(cast: Cast, judge: Person, waiting: dict[str, list[Sheet]]) -> str:
    """Which entry the judge has in front of them: making a sheet final leads on to the next by itself."""
    if judge.path != f"/cham/{SLUG}":
        heading = judge.page.locator("h1").inner_text()
        here = next(name for name in cast.entries if stories()[name]["title"] == heading)
        if waiting[here]:
            return here
    judge.go(f"/cham/{SLUG}?show=todo")
    for name, sheets in waiting.items():
        link = judge.page.locator(f'main .queue a[href*="/cham/{SLUG}/bai/"]', has_text=stories()[name]["title"])
        if sheets and link.count():
            judge.press(link)
            return name
    return ""


def the_texts_are_approved(cast: Cast) -> None:
    """The secretary prepares what readers get, an organiser approves it; until then they see codes alone."""
    cast.clock("2027-04-28T10:00:00+07:00")
    titles = [stories()[name]["title"] for name in cast.entries]
    visitor = cast["visitor"]
    visitor.go(PUBLIC + "/chung-khao")
    visitor.sees(*cast.codes.values())
    visitor.does_not_see(*titles)
    van, son = cast["van"], cast["son"]
    van.go(DESK + "/duyet-dang")
    for box in van.page.locator("input[name=chosen]").all():
        box.check()
    van.press('main form[action$="/duyet-dang"] button.primary')
    van.look("editions", axe=True)
    first = cast.entries["DH-0001"]
    van.go(f"{DESK}/duyet-dang/{first}")
    van.look("edition", axe=True)
    van.press("#bien-tap button.primary")
    van.sees("Đồi cằn trổ hoa")
    for entry in cast.entries.values():
        son.go(f"{DESK}/duyet-dang/{entry}")
        form = son.page.locator('form[action$="/duyet"]')
        if entry == first:
            son.press(form.locator("button"), status=422)  # nothing is ticked
            son.look("edition-unticked", axe=True)
            form = son.page.locator('form[action$="/duyet"]')
        for box in form.locator("input[name=chosen]").all():
            box.check()
        son.press(form.locator("button"))
    son.go(f"{DESK}/duyet-dang/{first}/lich-su")
    son.look("edition-history", axe=True)
    look_up(van, "truoc-chung-khao")
    # A page that was kept is kept for 15 seconds; the next minute shows the titles.
    cast.clock("2027-04-28T10:05:00+07:00")
    visitor.go(PUBLIC + "/chung-khao?")
    cast.leave("van")


def the_final_round(cast: Cast) -> None:
    """Five judges an entry; two entries end on 87,00 and the second criterion tells them apart."""
    cast.clock("2027-04-29T09:00:00+07:00")
    visitor = cast["visitor"]
    visitor.go(PUBLIC + "/chung-khao")
    visitor.sees(*cast.codes.values(), *(stories()[name]["title"] for name in cast.entries))
    visitor.does_not_see(*(stories()[name]["author"]["name"] for name in cast.entries))
    visitor.look("finalists", axe=True)
    huan = cast["huan"]
    huan.go(f"{DESK}/cham/final/A/phan-cong")
    huan.press("main form:has([name=seed]) button")
    waiting = {name: list(stories()[name]["final_sheets"]) for name in cast.entries}
    for key in FINAL:
        mark_all(cast, cast[key], waiting)
    assert not any(waiting.values())

    cast.clock("2027-05-09T17:30:00+07:00")
    huan.go(f"{DESK}/cham/final/A/khoa-diem")
    huan.press("main form[method=post] button")
    huan.go(f"{DESK}/cham/xep-hang/A")
    huan.sees("87,00", "85,50")
    huan.look("ranking", axe=True)
    huan.page.locator("main table details > summary").first.click()
    huan.sees(TIE_IN_WORDS)
    places = [row.inner_text() for row in huan.page.locator("main table tbody tr").all()]
    order = ("DH-0003", "DH-0002", "DH-0001")
    assert all(cast.codes[name] in row for name, row in zip(order, places, strict=True))


def the_readers_vote(cast: Cast) -> None:
    """Five readers vote by a code sent to their phone; one of them changes the ballot."""
    cast.clock("2027-05-12T10:00:00+07:00")
    for number in range(5):
        voter = cast.enter(f"voter{number}", width=PHONE)
        look = number == 0
        voter.go(PUBLIC + "/binh-chon")
        if look:
            voter.look("booth")
        picks = voter.page.locator("input[name=pick]")
        assert picks.count() == 3
        for box in picks.all()[: 1 + number % 3]:
            box.check()
        voter.send("/binh-chon")
        if look:
            voter.look("identify")
        voter.fill(contact=f"0900 000 2{number:02}")
        voter.send("/xac-thuc")
        if look:
            voter.look("vote-code", axe=True)
        voter.fill(code=code_for(voter, f"+849000002{number:02}"))
        voter.send("/ma")
        assert voter.path == PUBLIC + "/binh-chon/da-gui"
        if look:
            voter.look("vote-done", axe=True)
    voter.go(PUBLIC + "/binh-chon")
    for box in voter.page.locator("input[name=pick]").all():
        box.uncheck()
    voter.page.locator(f'input[name=pick][value="{cast.entries["DH-0002"]}"]').check()
    voter.send("/binh-chon")
    voter.page.locator(".choices-of-mine summary").click()
    voter.sees("Con kinh sạch của tổ Năm Nhà")
    voter.does_not_see("Đồi cằn trổ hoa")
    voter.look("vote-changed", axe=True)
    cast.leave(*(f"voter{number}" for number in range(5)))


def the_results(cast: Cast) -> None:
    """Computed, decided, approved by one, then by two; and nobody sees them before their minute."""
    cast.clock("2027-05-28T14:00:00+07:00")
    diep, son, huan = cast["diep"], cast["son"], cast["huan"]
    huan.go(DESK + "/cham/phach/A")
    huan.fill(reason="Điểm đã khóa, ghép phách trước khi xét giải")
    huan.press("main form[method=post] button")
    huan.look("codes-asked", axe=True)
    assert huan.page.locator('form[action$="/phach/A/mo"]').count() == 0  # whoever asked does not open
    diep.go(DESK + "/cham/phach/A")
    diep.press('form[action$="/phach/A/mo"] button')
    diep.press('form[action$="/phach/A/doc"] button')
    diep.sees(*cast.codes.values(), *(stories()[name]["author"]["name"] for name in cast.entries))
    diep.look("codes-open", axe=True)
    diep.go(DESK + "/ket-qua")
    diep.look("results-desk")
    diep.press('form[action$="/ket-qua/tinh"] button')
    diep.sees("87,00", "85,50", "Chiếc ba lô màu xanh", "Con kinh sạch của tổ Năm Nhà")
    diep.look("results-computed", axe=True)

    cast.clock("2027-06-08T09:00:00+07:00")
    look_up(diep, "truoc-quyet-dinh")
    diep.go(DESK + "/ket-qua")
    diep.fill(number=DECISION, on="2027-06-08", signer="Phó Chủ tịch Lê Thị Minh Nguyệt")
    diep.press('form[action*="/ket-qua/quyet-dinh"] button')
    diep.press(approval(diep, DECISION))
    diep.look("approved-by-one", axe=True)
    # One alone cannot publish: there is no second button for the same person.
    assert diep.page.locator('form[action*="/phe-duyet"]').count() == 0

    son.go(DESK + "/ket-qua")
    son.press(approval(son, "1/QĐ-UBND"), status=422)
    son.press(approval(son, "1408/qđ-ubnd"))
    son.look("approved-by-two", axe=True)

    cast.clock("2027-06-11T07:58:00+07:00")
    for key in ("visitor", "hau", "nga", "diep"):
        cast[key].go(PUBLIC + "/ket-qua", status=404)


def approval(organiser: Person, number: str) -> Locator:
    form = organiser.page.locator('form[action*="/phe-duyet"]')
    form.locator("[name=number]").fill(number)
    return form.locator("button")


def the_honours(cast: Cast) -> None:
    """At 08:00 the page stands, for everyone."""
    cast.clock("2027-06-11T08:00:00+07:00")
    for key in ("visitor", "hau"):
        reader = cast[key]
        reader.go(PUBLIC + "/ket-qua")
        reader.sees(
            "Nhân dịp kỷ niệm 79 năm Ngày Chủ tịch Hồ Chí Minh ra Lời kêu gọi thi đua ái quốc (11/6/1948 - 11/6/2027)",
            DECISION,
            "08/06/2027",
            "Giải Nhì",
            "Giải Ba",
            "87,00",
            "85,50",
            TIE_IN_WORDS,
            "10.000.000 đồng",
            # Nobody reached the two highest prizes; five readers voted where 200 are asked for.
            "Không có bài nào đạt từ 92,00 điểm",
            "Không có bài nào đạt từ 88,00 điểm",
            "Số người bình chọn hợp lệ: 5; để trao giải cần ít nhất 200",
        )
        reader.look("honours" if key == "visitor" else "honours-signed-in")
    visitor = cast["visitor"]
    text = visitor.page.content()
    assert (
        text.index("Chiếc ba lô màu xanh") < text.index("Con kinh sạch của tổ Năm Nhà") < text.index("Đồi cằn trổ hoa")
    )


CHAPTERS = (
    the_rules_are_loaded,
    people_are_invited,
    three_stories_are_written,
    the_secretariat_accepts,
    the_units_verify,
    judges_are_seated,
    the_preliminary_round,
    the_texts_are_approved,
    the_final_round,
    the_readers_vote,
    the_results,
    the_honours,
)
