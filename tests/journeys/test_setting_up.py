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


NAMES = {
    "title": ("Cuộc thi viết “Người tốt quanh ta” năm 2028", "Writing contest “Good People around Us”, 2028"),
    "theme": ("Việc tốt mỗi ngày", "A good deed a day"),
    "tenant": ("tỉnh An Lam", "An Lam province"),
    "bodies.governing": ("Ủy ban nhân dân tỉnh An Lam", "People's Committee of An Lam province"),
    "bodies.lead": ("Sở Nội vụ tỉnh An Lam", "Department of Home Affairs of An Lam province"),
}


def pairs(**answers: tuple[str, str]) -> dict[str, str]:
    """Answers in both languages, as the fields of a page."""
    return {
        f"{name}.{language}": text
        for name, both in answers.items()
        for language, text in zip(("vi", "en"), both, strict=True)
    }


@pytest.mark.timeout(600)
@pytest.mark.parametrize("how", WAYS)
def test_a_contest_is_made_from_nothing_and_issued(
    lay: Callable[[str], Laid], gather: Callable[[Site], Meet], how: dict[str, Any]
) -> None:
    """Step by step, as somebody does it who has never seen the pages; what is forgotten is said."""
    site, _ground = lay("season")
    meet = gather(site)
    operator = meet("operator", **how)
    tap(operator, PEOPLE["diep"][0])
    operator.go("/cuoc-thi-moi")
    operator.tick("origin", "blank")
    operator.fill(day="thi-dua-ai-quoc", year="2028")
    operator.send("/cuoc-thi-moi")
    operator.sees("chỗ chưa điền")
    assert not operator.page.locator(".field.bad").count()  # nobody is scolded before they answered
    operator.look("blank-names", axe=True)
    base = operator.path.rsplit("/", 1)[0]
    operator.fill(**pairs(**NAMES), slug="nguoi-tot-quanh-ta-2028", id="ntqt-2028", code_prefix="nt")
    if how.get("javascript", True):
        operator.until("document.querySelector('[data-printed]').innerText.includes('Việc tốt mỗi ngày')")
    operator.press('button[name="act"][value="save"]:not([tabindex])')
    operator.sees("chữ in hoa")  # the letters of the codes
    operator.fill(code_prefix="NT")
    operator.press('button.primary[name="act"]')

    # The timetable comes from the anniversary: 11 June 2028 is a Sunday, which is said.
    operator.look("blank-times", axe=True)
    operator.fill(day="thi-dua-ai-quoc", year="2028", announce_hour="08:00")
    operator.send(f"{base}/lich")
    operator.sees("11/06/2028 (Chủ Nhật) không phải ngày làm việc", "kỷ niệm 80 năm")
    operator.press('button.primary[name="act"]')

    operator.fill(**pairs(**{"categories[0].name": ("Bài viết", "Writing")}))
    operator.press('button.primary[name="act"]')
    operator.fill(**pairs(**{"rubric.criteria[0].name": ("Nội dung", "Content")}))
    operator.press('button.primary[name="act"]')
    operator.fill(**{"prizes[0].amount_vnd": "5.000.000", "budget_prizes_vnd": "1.000.000"})
    operator.press('button[name="act"][value="save"]:not([tabindex])')
    operator.look("blank-prizes", axe=True)
    assert operator.page.locator(".field.bad").count()  # more than the budget
    operator.fill(budget_prizes_vnd="5.000.000")
    operator.press('button.primary[name="act"]')
    operator.press('button.primary[name="act"]')  # no vote
    operator.press('button.primary[name="act"]')
    text = ("Phát hiện và giới thiệu người tốt, việc tốt.", "To find good people and good deeds and tell of them.")
    operator.fill(**pairs(**{"rules_articles[0].text": text}))
    operator.press('button.primary[name="act"]')

    operator.sees("Không có gì: thể lệ đầy đủ", "không phải ngày làm việc")
    operator.look("blank-check", axe=True)
    name, address = PEOPLE["chinh"]
    operator.fill(organiser_name=name, organiser_email=address)
    operator.tick("looked_over")
    operator.send(f"{base}/ban-hanh")
    operator.sees("Đã ban hành")
    operator.go(f"{base}/dieu-khoan")
    operator.sees("Thể lệ này đã được ban hành")
