"""A reader votes on a telephone, changes the ballot, finds it in the log; by keys alone; on several ballots."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from tests.journeys.acts import code_for
from tests.journeys.conftest import Laid, Meet
from tests.journeys.person import PHONE, Person
from tests.journeys.site import Site

# Seconds of a person, by the keystroke-level model (Card, Moran and Newell) for a thumb on glass: to
# look for the next thing and tap it, to type a figure, to scroll one screen, to read a code in a message.
TAP, FIGURE, SCREEN, MESSAGE = 2.2, 0.6, 1.2, 7.0
UNDER_A_MINUTE = 60.0


class Thumb:
    """Counts what a person does on a telephone."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.seconds = 0.0
        self.taps = 0

    def reach(self, what: str, nth: int = 0) -> None:
        """Scroll until it is in sight, as far as that is."""
        target = self.person.page.locator(what).nth(nth)
        box = target.bounding_box()
        assert box is not None
        height = self.person.page.viewport_size["height"]  # type: ignore[index]
        if not 0 <= box["y"] <= height - box["height"]:
            self.seconds += SCREEN * max(1.0, abs(box["y"]) / height)
        target.scroll_into_view_if_needed()

    def tap(self, what: str, nth: int = 0, leads: bool = False) -> None:
        self.reach(what, nth)
        target = self.person.page.locator(what).nth(nth)
        # A thumb covers 44 points; WCAG 2.2 asks for 24.
        box = target.bounding_box()
        assert box is not None and box["height"] >= 44, f"{what} is {box} high"
        if leads:
            self.person.press(target)
        else:
            target.click()
        self.seconds += TAP
        self.taps += 1

    def type(self, name: str, text: str) -> None:
        self.tap(f'main input[name="{name}"]')
        self.person.page.keyboard.type(text)
        self.seconds += FIGURE * len(text)


def booth_of(laid: Laid) -> tuple[Site, str]:
    site, facts = laid
    return site, f"/cuoc-thi/{facts['contest']}/binh-chon"


def choose(person: Person, number: int) -> None:
    person.page.locator("input[name=pick]").nth(number).check()


def checks(person: Person) -> str:
    """What the browser found out about the receipt by itself."""
    person.until("document.querySelector('[data-receipt]')?.dataset.checked !== undefined")
    return person.page.locator("[data-checks]").inner_text()


def test_on_a_telephone_in_under_a_minute(lay_once: Callable[[str], Laid], gather: Callable[[Site], Meet]) -> None:
    site, booth = booth_of(lay_once("vote"))
    voter = gather(site)("voter", width=PHONE)
    voter.go(booth)
    thumb = Thumb(voter)
    pages = 1
    for number in range(3):
        thumb.tap(".pick > label", number)
    voter.sees("Đã đủ 3 bài")
    assert voter.page.locator("[data-slots] i.full").count() == 3
    assert voter.page.locator("input[name=pick]:disabled").count() == 2
    voter.look("booth-filled", axe=True)
    thumb.tap(".ballot button", leads=True)
    thumb.type("contact", "0912345678")
    voter.look("identify", axe=True)
    thumb.tap(".form .btn.primary", leads=True)
    thumb.seconds += MESSAGE
    thumb.type("code", code_for(voter, "+84912345678"))
    voter.look("code", axe=True)
    thumb.tap(".form .btn.primary", leads=True)
    pages += 3
    assert voter.path == f"{booth}/da-gui"
    assert thumb.seconds < UNDER_A_MINUTE, f"{thumb.seconds:.0f} s of a person, {thumb.taps} taps"
    assert thumb.taps <= 8 and pages == 4

    # The receipt: this browser made the seal with the code, and finds it again.
    said = checks(voter)
    assert "trùng khớp" in said and "Đúng là dấu niêm phong mà trình duyệt này đã tạo" in said
    assert "Chữ ký trên lời cam kết" in said or "Ed25519" in said
    # A bystander sees no choice until the voter taps.
    titles = voter.page.locator(".choices-of-mine li")
    assert titles.count() == 3 and not titles.first.is_visible()
    voter.look("receipt", axe=True)
    thumb.tap(".choices-of-mine summary")
    assert titles.first.is_visible()
    voter.look("receipt-open", axe=True)

    # Its change, sealed by the browser too.
    voter.press(f'article a[href$="{booth}"]')
    assert voter.page.locator("input[name=pick]:checked").count() == 3
    voter.page.locator("input[name=pick]:checked").first.uncheck()
    voter.press(".ballot button")
    voter.sees("Phiếu của ông/bà đã được thay đổi")
    assert "Đúng là dấu niêm phong" in checks(voter)
    voter.page.reload()
    assert "Đúng là dấu niêm phong" in checks(voter)

    # In the log, by the number on the receipt.
    number = voter.page.locator("[data-copy-source]").first.inner_text().replace("-", "")
    voter.press('main a[href*="/so-phieu"]')
    assert number in re.sub(r"[\s-]", "", voter.said())
    assert "input[name=pick]" not in voter.page.content()
    for title in ("Đồi cằn", "Con kinh"):
        voter.does_not_see(title)


def test_what_is_sent_is_what_the_browser_sealed(
    lay_once: Callable[[str], Laid], gather: Callable[[Site], Meet]
) -> None:
    """A page that got other choices than it sent would be told so by its own browser."""
    site, booth = booth_of(lay_once("vote"))
    voter = gather(site)("voter", width=PHONE)
    prove(voter, booth, "0912345679", "+84912345679")
    choose(voter, 0)
    voter.press(".ballot button")
    with voter.page.expect_download() as download:
        voter.page.locator('a[href*="bien-nhan.json"]').click()
    receipt = json.loads(download.value.path().read_text("utf-8"))
    made = json.loads(
        voter.page.evaluate("sessionStorage.getItem(Object.keys(sessionStorage).find(k => k.startsWith('sealed:')))")
    )
    assert [receipt[name] for name in ("ballot", "salt", "commitment", "choices")] == [
        made[0][name] for name in ("ballot", "salt", "commitment", "choices")
    ]
    # The server's word against what the browser remembers.
    voter.page.evaluate(
        """() => {
          const key = Object.keys(sessionStorage).find(k => k.startsWith('sealed:'));
          const made = JSON.parse(sessionStorage.getItem(key));
          made[0].commitment = '0'.repeat(64);
          sessionStorage.setItem(key, JSON.stringify(made));
        }"""
    )
    voter.page.reload()
    assert "không phải dấu niêm phong mà trình duyệt này đã tạo" in checks(voter)


def prove(voter: Person, booth: str, number: str, sent_to: str) -> None:
    voter.go(f"{booth}/xac-thuc")
    voter.fill(contact=number)
    voter.send("/xac-thuc")
    voter.fill(code=code_for(voter, sent_to))
    voter.send("/ma")


def test_choices_of_two_telephones_meet_and_nothing_is_overwritten(
    lay_once: Callable[[str], Laid], gather: Callable[[Site], Meet]
) -> None:
    site, booth = booth_of(lay_once("vote"))
    meet = gather(site)
    first, second = meet("first", width=PHONE), meet("second", width=PHONE)
    prove(first, booth, "0912345670", "+84912345670")
    choose(first, 0)
    first.press(".ballot button")
    second.go(booth)
    for number in (1, 2):
        choose(second, number)
    second.send("/binh-chon")
    second.fill(contact="0912345670")
    second.send("/xac-thuc")
    second.fill(code=code_for(second, "+84912345670"))
    second.send("/ma")
    second.sees("các bài vừa chọn chưa được gửi", "Trên phiếu đã gửi", "Vừa chọn")
    second.look("booth-both", axe=True)
    second.press("form[data-vote] .ballot button")
    second.sees("Phiếu của ông/bà đã được thay đổi")
    assert "Đúng là dấu niêm phong" in checks(second)
    first.page.reload()
    assert "không nhớ đã tạo dấu" in checks(first)


def test_by_keys_alone(lay_once: Callable[[str], Laid], gather: Callable[[Site], Meet]) -> None:
    site, booth = booth_of(lay_once("vote"))
    voter = gather(site)("voter")
    page = voter.go(booth)

    def tab_to(what: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("what => document.activeElement.matches(what)", what):
                # What has the focus is not under the ballot that stays at the foot of the page.
                clear = page.evaluate(
                    """() => {
                      const box = document.activeElement.getBoundingClientRect();
                      const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
                      return document.activeElement.contains(top) || top.contains(document.activeElement);
                    }"""
                )
                assert clear, f"{what} is covered"
                return
        raise AssertionError(f"no way by Tab to {what}")

    for _ in range(3):
        tab_to("input[name=pick]")
        page.keyboard.press("Space")
    assert page.locator("input[name=pick]:checked").count() == 3
    tab_to(".ballot button")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    tab_to("input[name=contact]")
    page.keyboard.type("0912345671")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    tab_to("input[name=code]")
    page.keyboard.type(code_for(voter, "+84912345671"))
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert voter.path == f"{booth}/da-gui"
    tab_to(".choices-of-mine summary")
    page.keyboard.press("Enter")
    assert page.locator(".choices-of-mine li").first.is_visible()


def test_two_ballots_and_reading_first(lay_once: Callable[[str], Laid], gather: Callable[[Site], Meet]) -> None:
    site, booth = booth_of(lay_once("ballots"))
    voter = gather(site)("voter", width=PHONE)
    voter.go(booth)
    assert voter.page.locator("input[name=pick]").count() == 0
    voter.look("booth-unread", axe=True)
    for _ in range(2):
        voter.press(".to-read")
        voter.look("reading", axe=True)
        voter.press("form[data-choose] button")
    assert voter.page.locator("input[name=pick]:checked").count() == 2
    voter.look("booth-read", axe=True)
    voter.press(".ballot button")
    voter.fill(contact="an@an-lam.example")
    voter.send("/xac-thuc")
    voter.fill(code=code_for(voter, "an@an-lam.example"))
    voter.send("/ma")
    voter.sees("Tiếp theo")
    assert "Đúng là dấu niêm phong" in checks(voter)
    voter.look("receipt-of-two", axe=True)
    voter.press('article .btn.primary[href*="phieu="]')
    voter.press(".to-read")
    voter.press("form[data-choose] button")
    voter.press(".ballot button")
    assert "Đúng là dấu niêm phong" in checks(voter)
    voter.look("receipt-last", axe=True)
    # By mail, to nobody else.
    voter.fill(contact="binh@an-lam.example")
    with voter.expecting(422):
        voter.send("/gui-bien-nhan?phieu=B", status=422)
    voter.fill(contact="an@an-lam.example")
    voter.send("/gui-bien-nhan?phieu=B")
    voter.sees("Biên nhận đang được gửi")


def test_reading_first_without_scripts(lay_once: Callable[[str], Laid], gather: Callable[[Site], Meet]) -> None:
    site, booth = booth_of(lay_once("ballots"))
    voter = gather(site)("voter", width=PHONE, javascript=False)
    voter.go(booth)
    voter.press(".to-read")
    voter.press("form[data-choose] button")
    voter.press(".ballot button")
    voter.fill(contact="binh@an-lam.example")
    voter.send("/xac-thuc")
    voter.fill(code=code_for(voter, "binh@an-lam.example"))
    voter.send("/ma")
    # The server made the seal, and says so.
    voter.sees("không chạy JavaScript", "do máy chủ của chúng tôi tạo")
    voter.look("receipt-without-scripts")
