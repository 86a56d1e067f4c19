"""Two people review a vote: one proposes to set ballots aside, the other decides, and it is taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.journeys.acts import move_clock, tap
from tests.journeys.conftest import Laid, Meet
from tests.journeys.ground import PEOPLE
from tests.journeys.person import DESK, PHONE, Person
from tests.journeys.site import Site

CLOSED = datetime(2027, 5, 24, 18, 0, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
WAYS = [
    pytest.param({"width": DESK, "theme": "light", "language": "vi"}, id="desk"),
    pytest.param({"width": PHONE, "theme": "dark", "language": "vi"}, id="phone"),
]
SAW = "Hai mươi bốn phiếu trong bốn phút từ một thiết bị, mã gõ sau hai giây."
AGREED = "Đã xem mẫu và số đo: không người nào gõ nhanh như vậy."


def drawn(person: Person, desk: str) -> None:
    """Once the background work has drawn the pictures."""
    for _attempt in range(60):
        person.go(f"{desk}/phan-bo")
        if person.page.locator("svg polyline").count():
            return
        person.page.wait_for_timeout(500)
    raise AssertionError("nothing was drawn")


@pytest.mark.parametrize("way", WAYS)
def test_two_people_review_a_vote(
    lay: Callable[[str], Laid], gather: Callable[[Site], Meet], way: dict[str, Any]
) -> None:
    site, facts = lay("review")
    meet = gather(site)
    desk = f"/ban-to-chuc/{facts['contest']}/binh-chon/ra-soat"
    finding = f"{desk}/dau-hieu/{facts['finding']}"
    van, diep = meet("van", **way), meet("diep", **way)
    tap(van, PEOPLE["van"][0])
    van.go(desk)
    van.sees("Dấu hiệu cần xem", "Mã được nhập nhanh hơn sức người")
    van.look("review-desk", axe=True)
    drawn(van, desk)
    van.sees("không được giao chỉ tiêu bình chọn")
    van.look("review-pictures", axe=True)

    van.go(finding)
    van.sees("24 phiếu", "Nội dung phiếu không bao giờ hiện ở đây")
    van.look("review-finding", axe=True)
    van.fill(reason="automated", words="ngắn")
    van.send("/de-nghi", status=422)
    assert van.page.locator('main [name="words"]').first.input_value() == "ngắn"
    van.look("review-refused", axe=True)
    van.fill(reason="automated", words=SAW)
    van.send("/de-nghi")
    batch = van.path
    van.sees("Chờ người thứ hai", "người khác", SAW)
    van.look("review-batch-mine", axe=True)

    tap(diep, PEOPLE["diep"][0])
    diep.go(desk)
    diep.sees(SAW)
    diep.press(f'main a[href$="{batch}"]')
    diep.tick("answer", "yes")
    diep.fill(words=AGREED)
    diep.look("review-batch-decide", axe=True)
    diep.send("/quyet-dinh")
    diep.sees("24 phiếu", AGREED, "Đã thực hiện")
    diep.look("review-batch-made", axe=True)

    van.go(desk)
    van.sees("Do chương trình tự động thực hiện", "24")
    van.go(f"{desk}/dau-hieu/{facts['school']}")
    van.fill(**{"bo-qua-words": "Một nhà văn hóa thôn dùng chung máy tính."})
    van.send("/bo-qua")
    van.look("review-desk-later", axe=True)

    # Somebody with a receipt objects, and is right.
    van.go(f"{desk}/dot")
    van.fill(numbers=facts["number"], words="Người gửi chứng minh đã tự gõ mã tại nhà.")
    van.tick("reason", "objection")
    van.look("review-batches", axe=True)
    van.send("/dot")
    objection = van.path
    diep.go(objection)
    diep.tick("answer", "yes")
    diep.fill(words="Đã xem biên nhận, đồng ý tính lại.")
    diep.send("/quyet-dinh")
    diep.go(batch)
    diep.sees("23")

    # After the close neither.
    move_clock(van, CLOSED)
    van.go(finding)
    van.sees("Nội dung phiếu không bao giờ hiện ở đây")
    van.look("review-finding-closed", axe=True)
    for person in (van, diep):
        person.assert_content()
