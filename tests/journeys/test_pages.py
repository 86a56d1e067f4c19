"""The pages of the demonstration: for everybody, at every width, in both languages and colour schemes."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest

from tests.journeys.acts import tap
from tests.journeys.conftest import Meet
from tests.journeys.person import DESK, PHONE, Person
from tests.journeys.site import ROOT

FIRST = "guong-dien-hinh-tieu-bieu-xuat-sac-2027"
SECOND = "guong-nguoi-tot-viec-tot-2027"


def sweep(person: Person, addresses: Iterable[str]) -> None:
    """Hold each page to WCAG in both languages and schemes, and against sideways scrolling.

    Vietnamese as on a phone, English as on a desk; in the dark only what colours decide is looked
    at again.
    """
    for address in addresses:
        name = address.partition("?")[0].strip("/").replace("/", "-") or "home"
        for language, width in (("vi", PHONE), ("en", DESK)):
            person.prefix = "/en" if language == "en" else ""
            person.at_width(width)
            person.in_theme("light")
            person.go(address)
            person.look(f"{name} {language}", axe=True)
            person.in_theme("dark")
            person.assert_accessible(f"{name} {language} dark", rules=["color-contrast", "link-in-text-block"])
            if language == "en":
                person.at_width(PHONE)
                person.assert_no_sideways(f"{name} en on a phone")
    person.prefix = ""
    person.in_theme("light")


def links(person: Person, address: str, part: str) -> list[str]:
    """Paths of links on a page whose address holds `part`, each once, in their order."""
    person.go(address)
    found = [link.get_attribute("href") or "" for link in person.page.locator(f'main a[href*="{part}"]').all()]
    return list(dict.fromkeys(found))


def test_pages_for_everyone(demo: Meet) -> None:
    visitor = demo("visitor")
    story = links(visitor, f"/cuoc-thi/{FIRST}/chung-khao", "/bai/")[0]
    sweep(
        visitor,
        ["/", "/cuoc-thi", f"/cuoc-thi/{FIRST}", f"/cuoc-thi/{FIRST}/the-le", f"/cuoc-thi/{FIRST}/chung-khao", story],
    )


def test_more_pages_for_everyone(demo: Meet) -> None:
    visitor = demo("visitor")
    sweep(visitor, [f"/cuoc-thi/{SECOND}", "/doc", "/ket-qua", "/huong-dan", "/quyen-rieng-tu"])


def test_pages_of_the_vote_and_of_signing_in(demo: Meet) -> None:
    visitor = demo("visitor")
    booth = f"/cuoc-thi/{FIRST}/binh-chon"
    sweep(visitor, [booth, booth + "/xac-thuc", "/dang-nhap", "/dang-ky", "/quen-mat-khau", "/demo", "/demo/nguoi"])


def test_an_unknown_address(demo: Meet) -> None:
    visitor = demo("visitor", width=PHONE)
    for address in ("/khong-co", f"/cuoc-thi/{FIRST}/ket-qua", "/en/bai/khongcobainay1"):
        with visitor.expecting(404):
            visitor.go(address, status=404)
            visitor.look("404", axe=True)


def test_pages_of_a_writer(demo: Meet) -> None:
    writer = demo("writer")
    tap(writer, "Nguyễn Thị Thu Hậu")
    [own] = links(writer, "/bai-cua-toi", "/bai-cua-toi/")[:1]
    receipt = links(writer, "/bai-cua-toi", "/bien-nhan/")[0]
    writer.go(f"/cuoc-thi/{SECOND}/viet")
    writer.press("form:has([name=category][value=B]) button")
    draft = writer.path
    pages = [draft, *(f"{draft}/{part}" for part in ("anh", "thong-tin", "kiem-tra"))]
    sweep(
        writer, ["/cua-toi", "/bai-cua-toi", own, receipt, receipt + "/doi-chieu", f"/cuoc-thi/{SECOND}/viet", *pages]
    )


def test_pages_of_a_unit_and_of_ones_account(demo: Meet) -> None:
    officer = demo("officer")
    tap(officer, "Hồ Viết Tiến")
    answer = links(officer, "/don-vi/khe-ngon", "/xac-minh/")[0]
    sweep(officer, ["/don-vi/khe-ngon", answer, "/tai-khoan", "/tai-khoan/mat-khau", "/tai-khoan/hai-buoc"])


def test_pages_of_the_secretariat(demo: Meet) -> None:
    secretary = demo("secretary")
    tap(secretary, "Đinh Thị Thanh Vân")
    desk = f"/ban-to-chuc/{FIRST}/bai-du-thi"
    entry = links(secretary, desk, "/bai-du-thi/")[0]
    sweep(secretary, [desk, entry, f"/ban-to-chuc/{FIRST}", f"/ban-to-chuc/{FIRST}/cham"])


def test_pages_of_a_judge_and_the_head_of_jury(demo: Meet) -> None:
    judge = demo("judge")
    tap(judge, "Nguyễn Hữu Nghị")
    sweep(judge, [f"/cham/{FIRST}", links(judge, f"/cham/{FIRST}", "/bai/")[0]])
    chair = demo("chair")
    tap(chair, "Tạ Quang Huấn")
    final = f"/ban-to-chuc/{FIRST}/cham/final/A"
    gap = links(chair, final, "/bai/")[0]
    ranking = f"/ban-to-chuc/{FIRST}/cham/xep-hang/A"
    sweep(chair, [f"/ban-to-chuc/{FIRST}/cham", final, gap, f"{final}/giam-khao", f"{final}/khoa-diem", ranking])


def test_pages_of_an_organiser(demo: Meet) -> None:
    organiser = demo("organiser")
    tap(organiser, "Phan Thị Ngọc Diệp")
    desk = f"/ban-to-chuc/{FIRST}"
    sweep(organiser, [desk, f"{desk}/nhan-su", f"{desk}/ket-qua", "/demo/hop-thu", "/demo/lam-lai"])


def test_the_keyboard_alone(demo: Meet) -> None:
    """Past the header by the skip link; signing in without a pointer."""
    person = demo("keyboard")
    page = person.go("/dang-nhap")
    page.keyboard.press("Tab")
    skip = page.evaluate("document.activeElement.getAttribute('href')")
    assert skip == "#main"
    assert page.locator("a.skip").is_visible()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    page.keyboard.type("ngoc.diep@an-lam.example")
    page.keyboard.press("Tab")
    page.keyboard.type("guong-sang-2027")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert person.path == "/cua-toi"
    # The menu of the account opens, closes by Escape and gives the focus back.
    summary = page.locator("header details.drop summary").first
    summary.focus()
    page.keyboard.press("Enter")
    assert page.locator("header details.drop").first.evaluate("details => details.open")
    page.keyboard.press("Escape")
    assert not page.locator("header details.drop").first.evaluate("details => details.open")
    assert summary.evaluate("element => element === document.activeElement")


def test_every_stop_of_the_keyboard_is_seen(demo: Meet) -> None:
    """Whatever Tab reaches on the home page lies in view and shows its focus."""
    person = demo("keyboard")
    page = person.go("/")
    for _ in range(25):
        page.keyboard.press("Tab")
        shown = page.evaluate(
            """() => {
              // A card whose title is its link wears the outline itself.
              const marked = [document.activeElement, document.activeElement.closest('li, article')];
              return marked.some(element => element && getComputedStyle(element).outlineStyle !== 'none');
            }"""
        )
        assert shown, page.evaluate("document.activeElement.outerHTML.slice(0, 200)")


def test_words_are_counted_in_the_browser_as_on_the_server(demo: Meet) -> None:
    vectors = json.loads((ROOT / "tests" / "vectors" / "words.json").read_text("utf-8"))["vectors"]
    page = demo("counter").go("/")
    counted = page.evaluate(
        """async texts => {
          const { countWords } = await import('/static/js/words.js');
          return texts.map(countWords);
        }""",
        [text for text, _count in vectors],
    )
    assert [[text, number] for (text, _), number in zip(vectors, counted, strict=True)] == vectors


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_other_language_is_one_press_away(demo: Meet, language: str) -> None:
    person = demo("visitor", language=language)
    person.go(f"/cuoc-thi/{FIRST}/the-le")
    assert person.page.locator("html").get_attribute("lang") == language
    other = "vi" if language == "en" else "en"
    person.press(f'header a[hreflang="{other}"]')
    assert person.page.locator("html").get_attribute("lang") == other
    assert person.path.endswith(f"/cuoc-thi/{FIRST}/the-le")


def test_a_half_written_entry_outlives_the_session(demo: Meet) -> None:
    writer = demo("writer")
    page = writer.go(f"/dang-nhap?next=/cuoc-thi/{SECOND}/viet")
    writer.fill(address="quoc.dat@an-lam.example", password="guong-sang-2027")
    writer.send("/dang-nhap")
    writer.press("form:has([name=category][value=B]) button")
    draft = writer.path
    writer.fill(title="Một câu chuyện dở dang", body="Câu thứ nhất đã lưu.")
    page.locator("[data-saved].pending").wait_for()
    page.locator("[data-saved]:not(.pending):not(.failed)").wait_for()

    writer.context.clear_cookies(name="session")
    with writer.expecting(400):
        writer.fill(body="Câu thứ nhất đã lưu. Câu thứ hai thì chưa.")
        page.locator("[data-saved].failed").wait_for()
    writer.go(draft)
    assert writer.path == "/dang-nhap"
    writer.fill(address="quoc.dat@an-lam.example", password="guong-sang-2027")
    writer.send("/dang-nhap")
    assert writer.path == draft
    # What the server has stands in the field; what only this device has is offered, not put in by itself.
    assert page.locator("trix-editor").inner_text().strip() == "Câu thứ nhất đã lưu."
    page.locator("[data-local-use]").click()
    assert page.locator("trix-editor").inner_text().strip() == "Câu thứ nhất đã lưu. Câu thứ hai thì chưa."
    writer.press("button[name=go][value=stay]")
    writer.go(draft)
    assert page.locator("trix-editor").inner_text().strip() == "Câu thứ nhất đã lưu. Câu thứ hai thì chưa."
    assert page.locator("[data-local-copy]").is_hidden()
