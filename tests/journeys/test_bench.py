"""A judge at the bench: on a telephone held in one hand, and at a desk by the keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Locator

from tests.journeys.acts import tap
from tests.journeys.conftest import Laid, Meet
from tests.journeys.ground import PEOPLE
from tests.journeys.person import DESK, PHONE, Person
from tests.journeys.site import Site

MARKS = {"C1": "16", "C2": "9", "C3": "12,5", "C4": "11", "C5": "17", "C6": "4"}
# The smallest thing a thumb is asked to hit, in CSS pixels (WCAG 2.2, 2.5.8 asks for 24).
THUMB = 40


def looked_at(person: Person, name: str) -> None:
    """By axe and for sideways scrolling in both colour schemes."""
    for theme in ("light", "dark"):
        person.in_theme(theme)
        person.look(f"bench-{name}-{theme}", axe=True)
    person.in_theme("light")


def saved(person: Person, version: int) -> None:
    person.until(f"Number(document.querySelector('[name=version]').value) >= {version}")


def code_on(person: Person) -> str:
    return person.page.locator("article .chip").first.inner_text()


def easily_hit(person: Person, *buttons: Locator) -> None:
    for button in buttons:
        box = button.bounding_box()
        assert box is not None and min(box["width"], box["height"]) >= THUMB, f"{button}: {box}"


def test_a_judge_with_a_telephone(lay: Callable[[str], Laid], gather: Callable[[Site], Meet]) -> None:
    site, ground = lay("bench")
    judge = gather(site)("lan", width=PHONE)
    page = judge.page
    tap(judge, PEOPLE["lan"][0])

    # Terms, then a word on every entry, then the queue.
    judge.go(f"/cham/{ground['contest']}")
    assert judge.path.endswith("/quy-uoc")
    looked_at(judge, "terms")
    judge.press("main form .btn.primary")
    assert judge.path.endswith("/khai-bao")
    looked_at(judge, "declarations")
    for radio in page.locator("input[type=radio][value=none]").all():
        radio.check()
    judge.press("main form .btn.primary")
    looked_at(judge, "queue")
    easily_hit(judge, page.locator("main .btn.primary").first, page.locator(".queue .what").first)
    judge.press("main .card .btn.primary")
    code = code_on(judge)

    # A note on words of the text, and one beside a passage.
    page.locator("#doan-1").evaluate(
        "block => { const range = document.createRange(); range.setStart(block.firstChild, 0);"
        " range.setEnd(block.firstChild, 12); getSelection().removeAllRanges(); getSelection().addRange(range); }"
    )
    page.locator("button.offer").click()
    page.locator("#note-text").fill("Hỏi lại năm.")
    judge.look("bench-note", axe=True)
    page.locator("[data-note-new] button").click()
    page.locator('[data-notes="1"] [data-quote]').wait_for()
    page.locator("[data-note-open]").click()
    page.locator("#note-text").fill("Mở bài hay.")
    page.locator("[data-note-new] button").click()
    judge.until("document.querySelectorAll('[data-note]').length === 2")
    page.locator("[data-note] summary").first.click()
    page.locator("[data-note] textarea").first.fill("Hỏi lại năm và nơi.")
    page.locator("[data-note] button[value=change]").first.click()
    judge.until("document.querySelector('#text').innerText.includes('Hỏi lại năm và nơi.')")

    # To the sheet and back to the line where one was.
    page.locator("[data-to-sheet]").click()
    where = page.evaluate("scrollY")
    page.locator("[data-to-text]").click()
    judge.until(f"scrollY < {where}")
    page.locator("[data-to-sheet]").click()
    slider = page.locator('[data-slider="mark-C1"]')
    slider.evaluate("input => { input.value = 7.5; input.dispatchEvent(new Event('input', {bubbles: true})); }")
    assert page.locator("#mark-C1-band").inner_text() == "Khó kiểm chứng"
    for criterion, mark in MARKS.items():
        page.locator(f'[name="mark-{criterion}"]').fill(mark)
    assert page.locator("#mark-C1-band").inner_text() == "Kiểm chứng được hết"
    saved(judge, 1)
    easily_hit(judge, *page.locator(".sheet-foot .btn:visible").all())

    # The rules ask for a comment on so low a mark.
    judge.press("[data-final]", status=422)
    judge.sees("Hãy nhận xét tiêu chí")
    looked_at(judge, "remark")
    page.locator('[name="remark-C2"]').fill("Kết quả chưa đo được.")
    judge.press("[data-final]")
    judge.sees("69,5", "Rút lại được đến")
    looked_at(judge, "next")

    # Second thoughts, in time; the earlier marks stay readable.
    judge.press("[data-undo] button")
    assert code_on(judge) == code
    page.locator('[name="mark-C2"]').fill("12")
    judge.press("[data-final]")
    judge.press(".bench-head a.btn")
    judge.press(page.locator(".queue .what", has_text=code))
    judge.sees("Các lần chốt của phiếu này", "69,5", "72,5", "Hỏi lại năm và nơi.")
    looked_at(judge, "final")

    # One is put off; the others are filled in and finished together.
    judge.press(".bench-head a.btn")
    judge.press("main .card .btn.primary")
    late = code_on(judge)
    judge.press("button[name=act][value=later]")
    for _ in range(3):
        for criterion in MARKS:
            page.locator(f'[name="mark-{criterion}"]').fill("4")
        page.locator('[name="remark-C2"]').fill("Chưa rõ.")
        saved(judge, 1)
        judge.until("document.querySelector('[data-saved]').textContent.includes('Đã lưu')")
        if page.locator("a[rel=next]").count():
            judge.press("a[rel=next]")
    assert code_on(judge) == late, "what was put off is the last one"
    judge.go(f"/cham/{ground['contest']}")
    page.locator("[data-pick-all]").check()
    looked_at(judge, "many")
    easily_hit(judge, page.locator(".many-foot .btn"), page.locator(".pick-one").first)
    judge.press(".many-foot .btn")
    judge.sees("Đã chốt 3 phiếu", "Còn 1 phiếu")
    looked_at(judge, "nearly")


def test_a_judge_by_the_keyboard_alone(lay: Callable[[str], Laid], gather: Callable[[Site], Meet]) -> None:
    site, ground = lay("bench")
    judge = gather(site)("lan", width=DESK)
    page, keys = judge.page, judge.page.keyboard
    tap(judge, PEOPLE["lan"][0])

    def reach(selector: str) -> None:
        """By Tab, as far as it takes."""
        for _ in range(120):
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
                assert ring != "none" or page.evaluate("document.activeElement.type") == "radio", selector
                return
            keys.press("Tab")
        raise AssertionError(f"Tab never came to {selector}")

    def strike(key: str) -> None:
        with page.expect_navigation(wait_until="load"):
            keys.press(key)

    judge.go(f"/cham/{ground['contest']}")
    reach("main form .btn.primary")
    strike("Enter")
    for radio in page.locator("input[type=radio][value=none]").all():
        reach(f'input[name="{radio.get_attribute("name")}"]')
        keys.press("Space")
    assert page.locator("input[value=none]:checked").count() == 5
    reach("main form .btn.primary")
    strike("Enter")
    reach("main .card .btn.primary")
    strike("Enter")
    code = code_on(judge)

    # Marks one after the other, each with Enter; the remark where it is asked for.
    keys.press("1")
    for mark in MARKS.values():
        keys.type(mark)
        keys.press("Enter")
    keys.type("Đọc một mạch.")
    saved(judge, 1)
    assert page.locator('[name="mark-C6"]').input_value() == "4"
    keys.press("Control+Enter")
    page.locator(".errors").wait_for()
    judge.problems = [problem for problem in judge.problems if not problem.startswith("422")]
    reach('[name="remark-C2"]')
    keys.type("Kết quả chưa đo được.")

    # A note beside a passage; Ctrl+Enter keeps the note and finishes nothing.
    reach("[data-to-text], [data-note-open], summary")
    keys.press("m")
    reach("#note-text")
    keys.type("Hỏi lại năm.")
    keys.press("Control+Enter")
    page.locator("[data-note]").wait_for()
    assert page.locator("[data-final]").count() == 1
    reach("[data-note] summary")
    keys.press("t")
    assert page.evaluate("document.activeElement.closest('#sheet') !== null")
    strike("Control+Enter")
    assert code_on(judge) != code

    # Taken back, and made final again.
    reach("[data-undo] button")
    strike("Enter")
    assert code_on(judge) == code
    strike("Control+Enter")
    second = code_on(judge)

    # Next, previous, put off, the list of keys.
    strike("n")
    third = code_on(judge)
    strike("p")
    assert code_on(judge) == second != third
    strike("l")
    assert code_on(judge) == third
    keys.press("?")
    assert page.locator(".keys details[open]").count() == 1
    judge.look("bench-keys", axe=True)
    keys.press("1")
    for _ in MARKS:
        keys.type("4")
        keys.press("Enter")
    reach('[name="remark-C2"]')
    keys.type("Chưa rõ.")
    judge.until("document.querySelector('[data-saved]').textContent.includes('Đã lưu')")

    # From the queue, by its box.
    reach(".bench-head a.btn")
    strike("Enter")
    reach('.queue input[name="sheet"]')
    keys.press("Space")
    reach(".many-foot .btn")
    strike("Enter")
    judge.sees("Đã chốt 1 phiếu")
    assert len(re.findall(r"Để sau", judge.said())) >= 1


def test_two_windows_of_one_sheet_lose_nothing(lay: Callable[[str], Laid], gather: Callable[[Site], Meet]) -> None:
    site, ground = lay("bench")
    judge = gather(site)("lan", width=DESK)
    page = judge.page
    tap(judge, PEOPLE["lan"][0])
    judge.go(f"/cham/{ground['contest']}")
    judge.press("main form .btn.primary")
    page.locator("input[type=radio][value=none]").first.check()
    judge.press("main form .btn.primary")
    judge.go(f"/cham/{ground['contest']}")
    judge.press("main .card .btn.primary")
    other = judge.context.new_page()
    other.goto(page.url)
    page.locator('[name="mark-C1"]').fill("16")
    saved(judge, 1)
    with judge.expecting(409):
        other.locator('[name="mark-C1"]').fill("11")
        other.locator("[name=comment]").fill("Đọc ở cửa sổ kia.")
        other.locator("[data-saved] a").wait_for()
    # What is saved stands; what was typed in the other window is shown, and goes in when asked.
    other.locator("[data-saved] a").click()
    other.locator(".other").wait_for()
    assert other.locator('[name="mark-C1"]').input_value() == "16"
    assert "Đọc ở cửa sổ kia." in other.locator(".other").inner_text()
    other.locator(".other button").first.click()
    judge.until("Number(document.querySelector('[name=version]').value) >= 2", other)
    other.reload()
    assert other.locator('[name="mark-C1"]').input_value() == "11"
    assert other.locator("[name=comment]").input_value() == "Đọc ở cửa sổ kia."
    other.close()
