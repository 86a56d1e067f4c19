"""Everything that matters works in a browser that runs no scripts."""

from __future__ import annotations

import pytest

from tests.journeys.acts import code_for, tap
from tests.journeys.conftest import Meet
from tests.journeys.person import PHONE
from tests.journeys.sample import photo_bytes
from tests.journeys.test_pages import FIRST, SECOND

TEXT = "\n\n".join(
    [
        "Sáng nào bà Tư cũng quét sân trường trước khi trống điểm, rồi ngồi ở cổng đợi từng đứa vào lớp. " * 4,
        "Hỏi bà có mệt không, bà cười, bảo nghe trẻ con chào là hết mệt. " * 6,
    ]
)


def test_reading(demo: Meet) -> None:
    reader = demo("reader", javascript=False, width=PHONE)
    reader.go("/")
    reader.press(f'main a[href$="/cuoc-thi/{FIRST}"]')
    reader.press('a[href$="/chung-khao"]')
    reader.press('main a[href*="/bai/"]')
    reader.assert_no_sideways("a story")
    assert len(reader.said()) > 500
    # The menu is a <details>: it opens by itself.
    reader.page.locator("details.menu summary").click()
    assert reader.page.locator("details.menu nav").is_visible()
    # What needs a script is not offered without one.
    assert reader.page.locator("[data-scripted-only]:visible").count() == 0


def test_writing_and_submitting(demo: Meet) -> None:
    writer = demo("writer", javascript=False, width=PHONE)
    tap(writer, "Lương Văn Tạo")
    writer.go(f"/cuoc-thi/{SECOND}/viet")
    writer.press("form:has([name=category][value=B]) button")
    draft = writer.path
    writer.fill(title="Cái cổng trường bà Tư giữ", body=TEXT)
    writer.press("button[name=go][value=next]")
    assert writer.path == f"{draft}/anh"
    picture = {"name": "cong.jpg", "mimeType": "image/jpeg", "buffer": photo_bytes(7)}
    writer.page.set_input_files("input[name=photo]", [picture])  # type: ignore[list-item]
    writer.send(f"{draft}/anh")
    form = writer.page.locator("ol.photos form")
    form.locator('[name$="-caption"]').fill("Bà Tư ở cổng trường")
    form.locator('[name$="-photographer"]').fill("Lương Văn Tạo")
    form.locator('[name$="-recognised"][value=people]').check()
    form.locator('[name$="-people"]').fill("Bà Tư")
    form.locator('[name$="-consent"]').check()
    writer.press(form.locator("button[name=act][value=save]"))

    # Submitted too early, it says what is missing, each line with the way there.
    writer.go(f"{draft}/kiem-tra")
    writer.sees("còn thiếu")
    writer.press('main .errors a[href*="/thong-tin"]')
    writer.tick("exemplar_kind", "individual")
    writer.fill(
        exemplar_name="Bà Tư", exemplar_unit="thuong-khe", deed_place="Trường tiểu học Nà Khoáng", deed_time="Từ 2019"
    )
    writer.fill(author_phone="0900 000 103", birth_date__day="25", birth_date__month="1", birth_date__year="1978")
    writer.press("button[name=go][value=next]")
    for box in writer.page.locator("input[name=declared]").all():
        box.check()
    writer.send(f"{draft}/nop")
    writer.sees("Cái cổng trường bà Tư giữ", str(len(TEXT.split())))
    receipt = writer.path
    assert receipt.startswith("/bien-nhan/NT-")
    writer.go("/bai-cua-toi")
    writer.sees("Cái cổng trường bà Tư giữ", receipt.rpartition("/")[2])


def test_voting(demo: Meet) -> None:
    voter = demo("voter", javascript=False, width=PHONE)
    booth = f"/cuoc-thi/{FIRST}/binh-chon"
    voter.go(booth)
    picks = voter.page.locator("input[name=pick]")
    for box in picks.all()[:4]:
        box.check()
    # One too many: nothing is lost, all four are still ticked.
    voter.send("/binh-chon", status=422)
    assert voter.page.locator("input[name=pick]:checked").count() == 4
    voter.page.locator("input[name=pick]:checked").first.uncheck()
    voter.send("/binh-chon")
    voter.fill(contact="0912 345 678")
    voter.send("/xac-thuc")
    voter.fill(code="000000")
    voter.send("/ma", status=422)
    voter.fill(code=code_for(voter, "+84912345678"))
    voter.send("/ma")
    assert voter.path == booth + "/da-gui"
    assert voter.page.locator("main ol li").count() >= 3
    voter.send("/xong")
    voter.go(booth + "/da-gui")
    assert voter.path == booth, "the device has forgotten who voted"


@pytest.mark.parametrize(
    "address", ["/", f"/cuoc-thi/{FIRST}", f"/cuoc-thi/{FIRST}/binh-chon", "/dang-ky", "/huong-dan"]
)
def test_nothing_scrolls_sideways(demo: Meet, address: str) -> None:
    reader = demo("reader", javascript=False, width=PHONE)
    reader.go(address)
    reader.assert_no_sideways(address)
