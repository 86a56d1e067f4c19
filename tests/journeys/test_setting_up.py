"""Next season: made from the last one, planned anew, looked over, issued; its organiser invited and at work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.journeys.acts import link_for, tap
from tests.journeys.conftest import Laid, Meet
from tests.journeys.ground import PEOPLE
from tests.journeys.person import DESK, PHONE
from tests.journeys.site import Site

WAYS = [
    pytest.param({"width": DESK, "theme": "light"}, id="desk"),
    pytest.param({"width": PHONE, "theme": "dark", "javascript": False}, id="phone-without-scripts"),
]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("how", WAYS)
def test_the_next_season_is_cloned_planned_and_issued(
    lay: Callable[[str], Laid], gather: Callable[[Site], Meet], how: dict[str, Any]
) -> None:
    site, ground = lay("season")
    meet = gather(site)
    operator = meet("operator", **how)
    tap(operator, PEOPLE["diep"][0])
    operator.go("/cuoc-thi-moi")
    operator.look("new-contest", axe=True)
    operator.tick("origin", f"contest:{ground['contest']}")
    operator.fill(day="hoi-nong-dan", year="2028")
    operator.send("/cuoc-thi-moi")
    operator.sees("lần thứ hai, năm 2028")
    operator.look("rules-names", axe=True)
    base = operator.path.rsplit("/", 1)[0]

    # A fault is said beside its field, and what was typed stays.
    operator.go(f"{base}/cham-diem")
    operator.fill(**{"rubric.step": "một phần tư"})
    operator.press('button.primary[name="act"]')
    operator.go(f"{base}/cham-diem")
    assert operator.page.locator('[name="rubric.step"]').input_value() == "một phần tư"
    assert operator.page.locator("#f-rubric-step-error").is_visible()
    operator.look("rules-judging", axe=True)
    operator.fill(**{"rubric.step": "0,25"})
    operator.press('button.primary[name="act"]')

    # Planned backwards: the eve of the anniversary, since 14 October 2028 is a Saturday.
    operator.go(f"{base}/thoi-gian")
    operator.look("rules-times", axe=True)
    operator.fill(day="hoi-nong-dan", year="2028", announce_on="2028-10-13", announce_hour="08:00")
    operator.send(f"{base}/lich")
    operator.sees("kỷ niệm 98 năm")
    operator.look("rules-planned")
    operator.go(f"{base}/xem")
    operator.sees("13/10/2028")
    operator.look("rules-printed", axe=True)

    operator.go(base)
    operator.sees("Không có gì: thể lệ đầy đủ", "lần thứ nhất", "lần thứ hai")
    operator.look("rules-check", axe=True)
    name, address = PEOPLE["chinh"]
    operator.fill(organiser_name=name, organiser_email=address)
    operator.send(f"{base}/ban-hanh", 422)
    operator.tick("looked_over")
    operator.send(f"{base}/ban-hanh")
    operator.sees("Đã ban hành")
    operator.look("rules-issued")

    link = link_for(operator, address)
    chinh = meet("organiser", **how)
    tap(chinh, name)
    chinh.go(link)
    chinh.press('main form[method="post"] button:not([type=button])')
    chinh.go(f"/ban-to-chuc/{ground['contest'].replace('2027', '2028')}/the-le")
    chinh.look("rules-of-contest", axe=True)
    chinh.press('form[action$="/the-le"] button')
    chinh.sees("lần thứ hai, năm 2028")
