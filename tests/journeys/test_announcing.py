"""From locked scores to a prize taken back: two organisers, the secretary, and somebody who objects in the middle."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests.journeys.acts import move_clock, tap
from tests.journeys.conftest import Laid, Meet
from tests.journeys.ground import PEOPLE
from tests.journeys.person import DESK, PHONE, Person
from tests.journeys.site import Site

NUMBER, SECOND_NUMBER = "2093/QĐ-BTC", "2140/QĐ-BTC"
FIRST, OBJECTED, THIRD, FOURTH = "Đồi cằn trổ hoa", "Bến đò đêm", "Giếng nước đầu làng", "Chợ phiên"
WAYS = [
    pytest.param({"width": DESK, "theme": "light"}, id="desk"),
    pytest.param({"width": PHONE, "theme": "dark"}, id="phone"),
]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text + "+07:00")


def waits(organiser: Person, desk: str) -> int:
    """Open the results desk; how many of its steps are not done."""
    organiser.go(desk)
    return organiser.page.locator(".stages > li:not(.done)").count()


def look_up(person: Person, slug: str, point: str) -> None:
    """Record that nothing was found about all entries that nobody has looked up at this point."""
    person.go(f"/ban-to-chuc/{slug}/kiem-tra-cong-bo?luc={point}")
    person.tick("found", "0")
    person.fill(note="Đã tra nhan đề và ba câu trong bài.")
    person.press("main button[name=lacking]")
    assert person.page.locator("main button[name=lacking]").count() == 0


@pytest.mark.timeout(600)
@pytest.mark.parametrize("how", WAYS)
def test_from_locked_scores_to_a_revoked_prize(
    lay: Callable[[str], Laid], gather: Callable[[Site], Meet], how: dict[str, Any]
) -> None:
    site, ground = lay("announcing")
    meet = gather(site)
    slug = ground["contest"]
    desk, public = f"/ban-to-chuc/{slug}/ket-qua", f"/cuoc-thi/{slug}"
    diep, son, van = (meet(key, **how) for key in ("diep", "son", "van"))
    for person in (diep, son, van):
        tap(person, PEOPLE[person.name][0])
    resident = meet("resident", width=PHONE, theme="dark")

    the_results_are_posted(diep, van, resident, slug)
    code = somebody_objects(resident, public, ground["entries"][OBJECTED])
    nothing_goes_on_before_it_is_answered(diep, desk, code)
    the_objection_is_sustained(van, resident, slug, code, ground["entries"][OBJECTED])
    the_results_are_worked_out_anew(diep, resident, slug)
    two_people_publish(diep, son, resident, slug)
    paper = certificates_are_made(diep, resident, slug)
    a_prize_is_taken_back(diep, son, resident, slug, paper)


def the_results_are_posted(diep: Person, van: Person, resident: Person, slug: str) -> None:
    """The list of what is missing gets shorter with each act, and leads to where it is done."""
    desk = f"/ban-to-chuc/{slug}/ket-qua"
    before = waits(diep, desk)
    diep.look("results-nothing-computed", axe=True)
    diep.press('form[action$="/ket-qua/tinh"] button')
    diep.sees(FIRST, OBJECTED, THIRD)
    computed = waits(diep, desk)
    assert computed < before
    # Not before it was looked up twice whether these entries had been published.
    assert diep.page.locator('form[action$="/ket-qua/niem-yet"]').count() == 0
    assert diep.page.locator('.stages > li.todo a[href$="/kiem-tra-cong-bo"]').count()
    diep.look("results-gates", axe=True)
    for point in ("khi-nhan", "truoc-chung-khao"):
        look_up(van, slug, point)
    van.look("publication-checks", axe=True)
    assert waits(diep, desk) < computed
    diep.press('form[action$="/ket-qua/niem-yet"] button')
    resident.go(f"/cuoc-thi/{slug}/ket-qua", status=404)
    move_clock(resident, at("2027-09-30T08:00:00"))
    resident.go(f"/cuoc-thi/{slug}/ket-qua")
    resident.sees("dự kiến", FIRST, OBJECTED, THIRD)
    resident.look("posted", axe=True)


def somebody_objects(resident: Person, public: str, entry: str) -> str:
    """Anybody may, without an account; returns the code of the receipt."""
    move_clock(resident, at("2027-10-01T08:40:00"))
    resident.go(f"{public}/phan-anh?bai={entry}")
    resident.look("objection", axe=True)
    resident.fill(wanted="Đề nghị xem lại.")
    resident.send("/phan-anh", 422)
    assert resident.page.locator('main [name="wanted"]').input_value() == "Đề nghị xem lại."
    resident.fill(
        text="Bài đã đăng trên trang tin của trường ngày 20/7/2027, trước khi gửi dự thi.",
        name="Vũ Thị Hoài Thương",
        contact="hoai.thuong@an-lam.example",
    )
    resident.send("/phan-anh")
    resident.look("objection-receipt", axe=True)
    found = re.fullmatch(r"/phan-anh/([2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4})", resident.path)
    assert found
    resident.sees(found[1], "08/10/2027" if "08/10/2027" in resident.said() else "15/10/2027")
    return found[1]


def nothing_goes_on_before_it_is_answered(diep: Person, desk: str, code: str) -> None:
    """The window is over, the case is open: the decision is refused, and every reason is told."""
    move_clock(diep, at("2027-10-06T17:30:00"))
    diep.go(desk)
    assert diep.page.locator('.stages > li.todo a[href$="/phan-anh"]').count()
    diep.sees(code)
    enter_decision(diep, NUMBER, status=422)
    diep.sees(code, "chưa")
    assert diep.page.locator('main [name="number"]').first.input_value() == NUMBER
    diep.look("decision-refused", axe=True)


def enter_decision(diep: Person, number: str, status: int = 200) -> None:
    form = diep.page.locator('form[action*="/ket-qua/quyet-dinh"]')
    for name, value in (("number", number), ("on", "2027-10-08"), ("signer", "Phó Chủ tịch Lê Thị Minh Nguyệt")):
        form.locator(f"[name={name}]").fill(value)
    diep.press(form.locator("button"), status)


def the_objection_is_sustained(van: Person, resident: Person, slug: str, code: str, entry: str) -> None:
    van.go(f"/ban-to-chuc/{slug}/phan-anh")
    van.look("cases", axe=True)
    van.press("main table th a")
    van.sees(code, "Vũ Thị Hoài Thương")
    van.look("case", axe=True)
    van.press('form[action$="/nhan"] button')
    van.fill(note="Đã mở trang tin, lưu bản chụp; tác giả xác nhận.")
    van.press('form[action$="/ghi"] button')
    van.tick("outcome", "upheld")
    van.fill(reply="Bài đã đăng trước khi gửi dự thi nên không được xét giải. Danh sách được tính lại.")
    van.press('form[action$="/dap"] button')
    van.look("case-answered", axe=True)
    van.go(f"/ban-to-chuc/{slug}/bai-du-thi/{entry}")
    van.page.locator("details", has=van.page.locator("#reason-refuse")).locator("summary").first.click()
    van.page.locator("#reason-refuse").fill("Bài đã công bố trước khi gửi dự thi, trái thể lệ.")
    van.press('form[action*="/khong-hop-le"] button')
    resident.go(f"/phan-anh/{code}")
    resident.sees("không được xét giải")
    resident.look("case-followed", axe=True)


def the_results_are_worked_out_anew(diep: Person, resident: Person, slug: str) -> None:
    desk = f"/ban-to-chuc/{slug}/ket-qua"
    diep.go(desk)
    diep.look("results-out-of-date", axe=True)
    diep.press('form[action$="/ket-qua/tinh"] button')
    diep.sees(FIRST, THIRD)
    assert OBJECTED not in diep.page.locator("#giai table").inner_text()
    diep.press('form[action$="/ket-qua/niem-yet"] button')
    # A copy of a public page lives for fifteen seconds; another address has none.
    resident.go(f"/cuoc-thi/{slug}/ket-qua?")
    resident.go(f"/cuoc-thi/{slug}/ket-qua?lai=1")
    resident.sees("dự kiến", THIRD)
    assert OBJECTED not in resident.said()


def two_people_publish(diep: Person, son: Person, resident: Person, slug: str) -> None:
    """Looked up once more, decided, approved by one and another; then the clock alone brings it."""
    desk = f"/ban-to-chuc/{slug}/ket-qua"
    move_clock(diep, at("2027-10-08T09:00:00"))
    look_up(diep, slug, "truoc-quyet-dinh")
    diep.go(desk)
    enter_decision(diep, NUMBER)
    approve(diep, NUMBER)
    assert diep.page.locator('form[action*="/phe-duyet"]').count() == 0
    son.go(desk)
    approve(son, "1/QĐ-BTC", status=422)
    approve(son, NUMBER)
    assert waits(son, desk) == 0
    son.look("results-all-done", axe=True)
    move_clock(diep, at("2027-10-14T07:59:00"))
    resident.go(f"/cuoc-thi/{slug}/ket-qua?truoc=1")
    resident.sees("dự kiến")
    move_clock(diep, at("2027-10-14T08:00:00"))
    resident.go(f"/cuoc-thi/{slug}/ket-qua?sau=1")
    resident.sees(NUMBER, FIRST, THIRD)
    assert "kết quả dự kiến" not in resident.said().casefold()
    resident.look("official", axe=True)


def approve(organiser: Person, number: str, status: int = 200) -> None:
    form = organiser.page.locator('form[action*="/phe-duyet"]')
    form.locator("[name=number]").fill(number)
    organiser.press(form.locator("button"), status)


def certificates_are_made(diep: Person, resident: Person, slug: str) -> str:
    """Each gets a number and a code; anybody checks it. Returns the address of the first prize's check page."""
    papers = f"/ban-to-chuc/{slug}/ket-qua/van-ban"
    diep.go(f"/ban-to-chuc/{slug}/ket-qua")
    diep.press("main a:has-text('Giấy tờ'), main a:has-text('Văn bản')")
    papers = diep.path
    diep.press('form[action*="/giay-chung-nhan"] button')
    diep.go(papers)
    diep.page.locator("details", has=diep.page.locator('a[href*="/giay-chung-nhan/"]')).locator("summary").first.click()
    link = diep.page.locator('main details a[href*="/giay-chung-nhan/"]').first.get_attribute("href")
    assert link
    resident.go(link)
    resident.sees("Giải Nhất")
    assert resident.page.locator("main .notice.ok").count() == 1
    resident.look("certificate", axe=True)
    return link


def a_prize_is_taken_back(diep: Person, son: Person, resident: Person, slug: str, paper: str) -> None:
    """One proposes, another approves; the page of honours and the check page follow at once."""
    changes = f"/ban-to-chuc/{slug}/ket-qua/dieu-chinh"
    move_clock(diep, at("2027-10-20T09:00:00"))
    diep.go(changes)
    diep.look("amendments", axe=True)
    diep.press(diep.page.locator("main table tr", has_text=FIRST).locator("a"))
    diep.look("amend", axe=True)
    diep.fill(reason="Tác phẩm sao chép, trái thể lệ.", number=SECOND_NUMBER, on="2027-10-20", signer="Lê Thị Hòa An")
    diep.press("main form.form.section button")
    diep.sees(SECOND_NUMBER)
    # Nobody sees a proposal, and who proposed does not approve.
    assert diep.page.locator('form[action*="/phe-duyet"]').count() == 0
    resident.go(f"/cuoc-thi/{slug}/ket-qua?de-nghi=1")
    assert SECOND_NUMBER not in resident.page.content()
    son.go(changes)
    son.look("amendment-waits", axe=True)
    approve(son, SECOND_NUMBER)
    son.look("amendment-public", axe=True)
    resident.go(f"/cuoc-thi/{slug}/ket-qua?thu-hoi=1")
    resident.sees(SECOND_NUMBER, "sao chép")
    resident.look("honours-amended", axe=True)
    resident.go(paper)
    resident.sees("thu hồi", SECOND_NUMBER)
    assert resident.page.locator("main .notice.ok").count() == 0
    resident.look("certificate-revoked", axe=True)
