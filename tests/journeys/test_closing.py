"""The head of jury from a gap to signed minutes, with the council's secret ballot on the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from playwright.sync_api import Locator

from tests.journeys.acts import move_clock, tap
from tests.journeys.conftest import Laid, Meet
from tests.journeys.ground import PEOPLE
from tests.journeys.person import DESK, PHONE, Person
from tests.journeys.site import Site

COUNCIL_DAY = datetime.fromisoformat("2027-05-09T09:00:00+07:00")
VOTES = {"nghi": (1, 2), "lan": (1, 2), "chinh": (2, 1), "huan": (1, 2)}


def thing(person: Person, code: str) -> Locator:
    """What the closing page says of one entry."""
    return person.page.locator(".todo-list > li", has_text=code).first


def way(person: Person, code: str, label: str) -> Locator:
    """Open one of the ways to deal with an entry; returns its form."""
    place = thing(person, code).locator("details", has=person.page.locator("summary", has_text=label)).first
    place.locator("summary").click()
    return place.locator("form")


@pytest.mark.timeout(600)
def test_the_head_of_jury_from_a_gap_to_signed_minutes(
    lay: Callable[[str], Laid], gather: Callable[[Site], Meet]
) -> None:
    site, ground = lay("closing")
    meet = gather(site)
    slug, codes = ground["contest"], ground["codes"]
    guide = meet("guide")
    move_clock(guide, COUNCIL_DAY)
    guide.close()
    chair = meet("chair", width=DESK)
    tap(chair, PEOPLE["huan"][0])

    the_round_is_closed(chair, f"/ban-to-chuc/{slug}/cham/final/A", codes)
    the_council_meets(chair, meet, slug, codes)
    the_minutes_are_signed(chair, meet, slug, codes)


def the_round_is_closed(chair: Person, round_: str, codes: dict[str, str]) -> None:
    """One sheet never comes and the others are far apart: remind, let pass, decide, close."""
    chair.go(f"{round_}/khoa-diem")
    chair.sees("1 việc", PEOPLE["thien"][0], codes["well"])
    chair.look("closing-list", axe=True)
    chair.press(chair.page.locator("form:has(input[name=judge]) button[value=remind]"))
    chair.sees("Đã nhắc 1 giám khảo", "Đã nhắc hôm nay")

    form = way(chair, codes["well"], "Cho qua")
    form.locator("textarea").fill("Ông Thiện nằm viện từ ngày 3/5, có giấy xác nhận.")
    chair.press(form.locator("button"))
    chair.sees("Đã cho qua, bài " + codes["well"], "Ông Thiện nằm viện", "chưa được xử lý")

    form = way(chair, codes["well"], "Quyết định điểm")
    form.locator("[name=total]").fill("95")
    form.locator("textarea").fill("Đọc lại cả bốn phiếu: phiếu thấp chấm nhầm cột.")
    chair.press(form.locator("button"), status=422)
    chair.sees("giữa phiếu thấp nhất 62,00 và phiếu cao nhất 90,00")
    chair.look("closing-refused", axe=True)
    form = thing(chair, codes["well"]).locator("form:has([name=total])")
    assert form.locator("textarea").input_value().startswith("Đọc lại")
    form.locator("[name=total]").fill("86,5")
    chair.press(form.locator("button"))
    chair.sees("Đã quyết định điểm của bài " + codes["well"])

    chair.look("closing-ready", axe=True)
    chair.press("main button[name=act][value=close]")
    chair.sees("Đã khóa vòng")
    chair.go(f"{round_}/khoa-diem")
    chair.sees("Điểm không thay đổi được nữa", "Ông Thiện nằm viện")
    assert chair.page.locator("main button[name=act]").count() == 0


def the_council_meets(chair: Person, meet: Meet, slug: str, codes: dict[str, str]) -> None:
    """Attendance and notes, then a ballot on the tie: each votes on a phone, the system counts."""
    chair.go(f"/ban-to-chuc/{slug}/hoi-dong")
    chair.look("council", axe=True)
    chair.fill(place="Phòng họp số 2")
    chair.press("main form button")
    for box in chair.page.locator('main input[type=checkbox][name^="present-"]').all():
        box.check()
    row = chair.page.locator("tr", has_text=PEOPLE["thien"][0])
    row.locator("input[type=checkbox]").uncheck()
    chair.press("main button[value=attendance]", status=422)
    chair.sees(f"vì sao {PEOPLE['thien'][0]} vắng")
    chair.page.locator("tr", has_text=PEOPLE["thien"][0]).locator("input[name^=note-]").fill("Nằm viện")
    chair.press("main button[value=attendance]")
    chair.fill(notes="Hội đồng thảo luận hai bài bằng điểm; không ai có ý kiến khác về bài bị lệch điểm.")
    chair.press("main button[value=notes]")
    chair.look("meeting", axe=True)
    chair.press("main button[value=open-ballot]")
    meeting = chair.path

    first, second = sorted((codes["hill"], codes["boat"]))
    members = {key: chair if key == "huan" else meet(key, width=PHONE) for key in VOTES}
    for key, places in VOTES.items():
        member = members[key]
        if member is not chair:
            tap(member, PEOPLE[key][0])
        member.go(f"/cham/{slug}/phieu-kin")
        if key == "nghi":
            member.look("secret-ballots", axe=True)
        member.press("main .todo-list a")
        if key == "nghi":
            member.look("secret-ballot", axe=True)
        for code, place in zip((first, second), places, strict=True):
            member.page.locator(f'[name="place-{code}"]').select_option(str(place))
        member.press("main form button")
        member.sees("Phiếu đã bỏ", "Đã bỏ phiếu")
        if member is not chair:
            member.close()

    chair.go(meeting)
    chair.sees("4/5")
    chair.does_not_see("tổng thứ hạng")
    chair.look("ballot-open", axe=True)
    chair.press("main button[value=close-ballot]")
    chair.sees(f"{first} > {second}", f"{first}: tổng thứ hạng 5", f"{second}: tổng thứ hạng 7", "không bỏ: 1")
    chair.look("ballot-counted", axe=True)
    chair.press("main button[value=close]")
    chair.go(f"/ban-to-chuc/{slug}/cham/xep-hang/A")
    places = [row.inner_text() for row in chair.page.locator("main table tbody tr").all()]
    assert all(code in row for code, row in zip((first, second, codes["well"]), places, strict=True))


def the_minutes_are_signed(chair: Person, meet: Meet, slug: str, codes: dict[str, str]) -> None:
    """Made from what is on record; signed by the head of jury and the secretary; printed."""
    chair.go(f"/ban-to-chuc/{slug}/cham/final/A/bien-ban")
    chair.fill(number="12/BB-BGK", place="An Lam", conclusions="Hội đồng nhất trí thứ hạng và chuyển Ban Tổ chức.")
    chair.press(chair.page.locator("main form.form button").last)
    chair.press(chair.page.locator("main .queue a.what"))
    chair.look("minutes-made", axe=True)
    version = chair.path
    chair.press('main form[action$="/ky"] button')
    chair.sees("Đã ký")
    secretary = meet("secretary", width=DESK)
    tap(secretary, PEOPLE["van"][0])
    secretary.go(version)
    secretary.press('main form[action$="/ky"] button')
    assert secretary.page.locator("main table .tag.ok").count() == 2
    secretary.look("minutes-signed", axe=True)
    paper = secretary.context.request.get(f"{secretary.site.url}{version}.pdf")
    assert paper.ok and paper.body().startswith(b"%PDF") and codes["well"]
