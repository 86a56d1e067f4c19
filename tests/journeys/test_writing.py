"""Writing on a telephone: formatted, offline, in two windows at once, and with no script at all."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page

from tests.journeys.acts import tap
from tests.journeys.conftest import Meet
from tests.journeys.person import PHONE, Person
from tests.journeys.test_pages import SECOND

WRITER = "Lương Văn Tạo"


def begin(writer: Person) -> str:
    tap(writer, WRITER)
    writer.go(f"/cuoc-thi/{SECOND}/viet")
    writer.press("form:has([name=category][value=B]) button")
    return writer.path


def saved(writer: Person) -> None:
    writer.page.locator("[data-saved].pending").wait_for()
    writer.page.locator("[data-saved]:not(.pending):not(.failed)").wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_writing_with_formatting(demo: Meet, theme: str) -> None:
    writer = demo("writer", width=PHONE, theme=theme)
    draft = begin(writer)
    page = writer.page
    editor = page.locator("trix-editor")
    editor.wait_for()
    # Each tool is a button that can be pressed with a thumb and has a name.
    for tool in page.locator("#editor-tools button").all():
        box = tool.bounding_box()
        assert box is not None and min(box["width"], box["height"]) >= 44
        assert tool.get_attribute("aria-label") or tool.inner_text().strip()
    writer.fill(title="Cái cổng trường")
    editor.click()
    page.get_by_role("button", name="Tiêu đề mục").click()
    page.keyboard.type("Buổi sáng")
    page.keyboard.press("Enter")
    page.keyboard.type("Bà Tư ")
    # By keyboard too.
    page.get_by_role("button", name="Chữ đậm").focus()
    page.keyboard.press("Enter")
    editor.focus()
    page.keyboard.type("quét sân")
    page.get_by_role("button", name="Chữ đậm").click()
    page.keyboard.type(" trường.")
    page.keyboard.press("Enter")
    page.keyboard.type("– Bà ơi!")
    saved(writer)
    assert page.locator("[data-word-count]").inner_text() == "10"
    assert page.locator("[data-deadline] b").inner_text().startswith("còn")
    writer.look(f"writing-{theme}", axe=True)
    page.reload()
    editor.wait_for()
    assert [each.inner_text() for each in editor.locator("h2, p").all()] == [
        *("Buổi sáng", "Bà Tư quét sân trường.", "– Bà ơi!")
    ]
    assert editor.locator("strong").inner_text() == "quét sân"
    writer.go(f"{draft}/kiem-tra")
    assert writer.page.locator(".prose h2").inner_text() == "Buổi sáng"


def test_the_network_drops_and_comes_back(demo: Meet) -> None:
    writer = demo("writer", width=PHONE)
    begin(writer)
    page = writer.page
    writer.fill(body="Câu viết khi có mạng.")
    saved(writer)
    before = len(writer.problems)
    writer.context.set_offline(True)
    writer.fill(body="Câu viết khi có mạng. Câu viết khi mất mạng.")
    page.locator("[data-saved].failed").wait_for()
    assert "mất mạng" in page.evaluate("Object.values(localStorage).join()")
    writer.context.set_offline(False)
    page.locator("[data-saved]:not(.pending):not(.failed)").wait_for()
    del writer.problems[before:]  # the requests that failed meanwhile
    page.reload()
    page.locator("trix-editor").wait_for()
    assert page.locator("trix-editor").inner_text().strip() == "Câu viết khi có mạng. Câu viết khi mất mạng."
    assert page.locator("[data-local-copy]").is_hidden()


def typed(writer: Person, page: Page, *paragraphs: str) -> None:
    """Type into the editor as a person does: in the window in front (one behind draws no frames, and the
    editor takes the cursor's place from a frame), Enter beginning a paragraph."""
    page.bring_to_front()
    page.locator("trix-editor").click()
    text = ""
    for paragraph in paragraphs:
        if text:
            page.keyboard.press("Enter")
            text += "\n"
            writer.until(HOLDS % json.dumps(text + "\n"), page)
        page.keyboard.insert_text(paragraph)
        text += paragraph
        writer.until(HOLDS % json.dumps(text + "\n"), page)


HOLDS = "document.querySelector('trix-editor').editor.getDocument().toString() === %s"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_two_windows_are_made_one(demo: Meet, theme: str) -> None:
    writer = demo("writer", width=PHONE, theme=theme)
    draft = begin(writer)
    one = writer.page
    two = writer.context.new_page()
    writer.watch(two)
    two.goto(draft)
    two.locator("trix-editor").wait_for()
    typed(writer, one, "Đoạn chung.", "Đoạn của cửa sổ một.", "Đoạn cuối.")
    saved(writer)
    typed(writer, two, "Đoạn chung.", "Đoạn của cửa sổ hai.", "Đoạn cuối.")
    with writer.expecting(409):
        two.locator("[data-saved].failed").wait_for()
        two.get_by_role("button", name="Lưu nháp").click()
        two.get_by_role("heading", name="Hai bản của bài này").wait_for()
    writer.page = two
    assert two.locator("ins").first.inner_text().strip() in {"hai.", "một."}
    with writer.expecting(409):
        writer.look(f"merging-{theme}", axe=True)
    two.get_by_label("Giữ cả hai").check()
    writer.press(two.get_by_role("button", name="Lưu thành một bản"))
    two.locator("trix-editor").wait_for()
    assert [line for line in two.locator("trix-editor").inner_text().split("\n") if line.strip()] == [
        *("Đoạn chung.", "Đoạn của cửa sổ hai.", "Đoạn của cửa sổ một.", "Đoạn cuối.")
    ]
    assert two.evaluate("localStorage.length") == 0
    one.close()


def test_without_scripts_light_markup_is_typed_and_two_windows_are_made_one(demo: Meet) -> None:
    writer = demo("writer", width=PHONE, javascript=False)
    draft = begin(writer)
    writer.sees("cách đánh dấu")
    stale = writer.context.new_page()
    stale.goto(draft)
    writer.fill(title="Cái cổng", body="## Buổi sáng\n\nBà **Tư** quét sân.\n\n* một\n* hai")
    writer.press("button[name=go][value=stay]")
    stale.locator("[name=body]").fill("## Buổi sáng\n\nBà **Tư** quét cổng.\n\n* một\n* hai")
    stale.get_by_role("button", name="Lưu nháp").click()
    stale.get_by_label("Bản của cửa sổ này").last.check()
    stale.get_by_role("button", name="Lưu thành một bản").click()
    assert "quét cổng" in stale.locator("[name=body]").input_value()
    writer.go(f"{draft}/kiem-tra")
    assert writer.page.locator(".prose strong").inner_text() == "Tư"
    assert writer.page.locator(".prose li").count() == 2


def test_signed_out_without_scripts_the_words_come_back(demo: Meet) -> None:
    writer = demo("writer", width=PHONE, javascript=False)
    draft = begin(writer)
    writer.fill(title="Cái cổng", body="Câu viết sau khi hết phiên. " * 5)
    writer.context.clear_cookies()
    with writer.expecting(400, 401):
        writer.page.locator("button[name=go][value=stay]").click()
        writer.sees("không mất chữ nào")
        assert "Câu viết sau khi hết phiên." in writer.page.locator("textarea[name=body]").input_value()
        kept = writer.page
        writer.page = writer.context.new_page()
        tap(writer, WRITER)
        writer.page = kept
        kept.get_by_role("button", name="Gửi lại").click()
        # The form's token was of the session that ended: the words come once more, and go through.
        kept.get_by_role("heading", name="Trang đã mở quá lâu").wait_for()
        kept.get_by_role("button", name="Gửi lại").click()
        kept.wait_for_url(f"**{draft}")
    assert writer.path == draft
    assert "Câu viết sau khi hết phiên." in kept.locator("[name=body]").input_value()
