"""The secretary at the queue, by keyboard alone: J K X O, letters for acts, Tab and Enter for the rest."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Locator

from tests.journeys.acts import tap
from tests.journeys.conftest import Laid, Meet
from tests.journeys.ground import PEOPLE
from tests.journeys.person import DESK, PHONE, Person
from tests.journeys.site import Site

WAYS = [
    pytest.param({"width": DESK, "theme": "dark", "language": "vi"}, id="desk"),
    pytest.param({"width": PHONE, "theme": "light", "language": "en"}, id="phone"),
]
_FOCUSED = "element => element === document.activeElement"


class Keys:
    """A person who touches no mouse."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.page = person.page

    def type(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def leave_by(self, *keys: str) -> None:
        """Press keys of which the last leads to another page."""
        self.type(*keys[:-1])
        with self.page.expect_navigation(wait_until="load"):
            self.page.keyboard.press(keys[-1])

    def tab_to(self, target: str | Locator) -> Locator:
        """Go forward with Tab until the focus is there."""
        wanted = (self.page.locator(target) if isinstance(target, str) else target).first
        wanted.wait_for()
        for _step in range(250):
            if wanted.evaluate(_FOCUSED):
                return wanted
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab never comes to {wanted} on {self.page.url}")

    def enter(self, target: str | Locator) -> None:
        """Tab there, then Enter, which leads to another page."""
        self.tab_to(target)
        self.leave_by("Enter")

    def row(self, title: str) -> None:
        """J until the row with this title has the focus."""
        wanted = self.page.locator("[data-row-link]", has_text=title).first
        for _step in range(20):
            if wanted.evaluate(_FOCUSED):
                return
            self.page.keyboard.press("j")
        raise AssertionError(f"no row {title}")

    def open(self, title: str) -> None:
        self.row(title)
        self.leave_by("o")


def screened(van: Person, desk: str) -> None:
    """The queue, once the background work has looked through what came."""
    for _attempt in range(40):
        van.go(desk)
        if (
            van.page.locator(".finding-count.near_copy").count() >= 2
            and van.page.locator(".finding-count.leak").count()
        ):
            return
        van.page.wait_for_timeout(500)
    raise AssertionError("nothing was found")


def hide_a_name(van: Person, keys: Keys, desk: str) -> None:
    """The author's name at the end of a text is hidden from the judges."""
    van.go(desk)
    keys.open("Đồi cằn trổ hoa")
    van.sees("Nguyễn Thị Thu Hậu")
    van.look("entry-with-a-leak", axe=True)
    keys.leave_by("h", "h")
    assert van.page.locator("#an-danh .tag").count() == 1
    van.look("entry-hidden", axe=True)


def compare_two(van: Person, keys: Keys, desk: str) -> None:
    """Two texts beside each other; the finding at the first is set aside, the copy is refused."""
    van.go(desk)
    keys.open("Chiếc ba lô màu xanh")
    keys.leave_by("v")
    assert van.page.locator(".passages li").count() >= 1
    van.look("near-copy", axe=True)
    keys.enter("article h3 a")
    van.sees("Chiếc ba lô màu xanh")
    standing = van.page.locator("#phat-hien > .findings > li").count()
    keys.leave_by("s", "s")
    assert van.page.locator("#phat-hien > .findings > li").count() == standing - 1

    van.go(desk)
    keys.open("Ba lô xanh trên dốc")
    keys.type("r", "ArrowDown", "Tab")
    reason = van.page.locator("#reason-refuse")
    assert reason.input_value() == "Bài đã đăng trước khi gửi, trái Điều 4 thể lệ."
    keys.type("End", "Control+End")
    van.page.keyboard.type(" Trùng với một bài đã nhận.")
    van.look("refusing", axe=True)
    keys.enter('form[action*="/khong-hop-le"] button')
    van.go(f"{desk}?trang-thai=refused")
    van.sees("Ba lô xanh trên dốc")


def ask_to_complete(van: Person, keys: Keys, desk: str) -> None:
    van.go(desk)
    keys.open("Chợ phiên")
    keys.type("c", "ArrowDown", "Tab")
    assert "Xin bổ sung" in van.page.locator("#reason-bo-sung").input_value()
    keys.enter('form[action*="/bo-sung"] button')
    van.sees("Xin bổ sung nơi và thời gian")


def accept_many(van: Person, keys: Keys, desk: str) -> None:
    """Receive, then accept in a batch; the one from paper stays, since nobody has compared it."""
    titles = ("Đồi cằn trổ hoa", "Con kênh sạch", "Người giữ bến đò")
    for key, left in (("t", 0), ("a", 1)):
        van.go(desk)
        for title in titles:
            keys.row(title)
            keys.type("x", *["k"] * 12)
        keys.leave_by(key, key)
        assert van.page.locator("main tbody tr").count() == 3 - left
        van.look(f"batch-{key}", axe=True)
        keys.enter("main form.form button")
    van.go(f"{desk}?trang-thai=accepted")
    van.sees("Đồi cằn trổ hoa", "Con kênh sạch")
    van.does_not_see("Người giữ bến đò")


def keep_a_view(van: Person, keys: Keys, desk: str) -> None:
    van.go(desk)
    keys.type("/")
    van.page.keyboard.type("ma van kien")
    keys.leave_by("Enter")
    assert van.page.locator("[data-row]").count() == 1
    keys.tab_to(".views details summary")
    keys.type("Enter")
    keys.tab_to("#view-name")
    van.page.keyboard.type("Bài của Kiên")
    keys.leave_by("Enter")
    van.look("kept-view", axe=True)
    van.go(desk)
    keys.enter(".views a.chip")
    assert van.page.locator("[data-row]").count() == 1


def take_the_list(van: Person, keys: Keys, desk: str) -> None:
    van.go(desk)
    keys.tab_to('form[action*="/bang-tinh"] button')
    with van.page.expect_download() as download:
        keys.type("Enter")
    path = download.value.path()
    assert path is not None
    sheet = openpyxl.load_workbook(BytesIO(Path(path).read_bytes())).worksheets[0]
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert {"Đồi cằn trổ hoa", "Người giữ lửa nhà sàn"} <= {str(cell.value) for cell in cells}


def answer_a_second_look(van: Person, keys: Keys, desk: str) -> None:
    van.go(f"{desk}?trang-thai=refused")
    keys.open("Bến đò đêm")
    van.sees("Tôi đã đếm lại")
    van.look("second-look", axe=True)
    keys.tab_to("input[name=outcome]")
    # The radios of a group are one stop of Tab; arrows choose.
    keys.type("ArrowDown")
    assert van.page.locator("input[name=outcome][value=taken_back]").is_checked()
    keys.tab_to("#answer")
    van.page.keyboard.type("Đã đếm lại, bài trong giới hạn.")
    keys.enter('form[action*="/xem-lai-lan-hai"] button')
    van.sees("Đã đếm lại, bài trong giới hạn.")


def approve_an_edition(van: Person, organiser: Person, slug: str) -> None:
    """The secretary prepares it, an organiser reads and approves it."""
    page = f"/ban-to-chuc/{slug}/duyet-dang"
    title = "Người giữ lửa nhà sàn"
    van.go(page)
    van.look("editions", axe=True)
    keys = Keys(van)
    keys.open(title)
    keys.enter('form[action$="/soan"] button')
    van.look("edition-begun", axe=True)
    keys.tab_to(van.page.locator("#chi-tiet-rieng input[value='0912 345 678']"))
    keys.type(" ")
    keys.enter("#chi-tiet-rieng button")
    assert "0912 345 678" not in van.page.locator("#xem-truoc").inner_text()

    tap(organiser, PEOPLE["diep"][0])
    organiser.go(page)
    theirs = Keys(organiser)
    theirs.open(title)
    for box in organiser.page.locator("#duyet input[name=chosen]").all():
        theirs.tab_to(box)
        theirs.type(" ")
    organiser.look("edition-approval", axe=True)
    theirs.enter("#duyet form button")
    assert organiser.page.locator("main tbody tr", has_text=title).locator(".tag.ok").count() == 1
    organiser.look("editions-approved", axe=True)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("how", WAYS)
def test_the_secretary_by_keyboard(
    lay: Callable[[str], Laid], gather: Callable[[Site], Meet], how: dict[str, Any]
) -> None:
    site, ground = lay("screening")
    slug = ground["contest"]
    desk = f"/ban-to-chuc/{slug}/bai-du-thi"
    meet = gather(site)
    van = meet("secretary", **how)
    tap(van, PEOPLE["van"][0])
    screened(van, desk)
    van.look("queue", axe=True)
    keys = Keys(van)
    keys.type("?")
    assert re.search("J.*K.*X", van.page.locator("[data-keys-help] dl").inner_text(), re.DOTALL)
    hide_a_name(van, keys, desk)
    compare_two(van, keys, desk)
    ask_to_complete(van, keys, desk)
    accept_many(van, keys, desk)
    keep_a_view(van, keys, desk)
    take_the_list(van, keys, desk)
    answer_a_second_look(van, keys, desk)
    approve_an_edition(van, meet("organiser", **how), slug)
