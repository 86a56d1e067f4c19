"""The demonstration three months on: the first contest is decided, the second is being marked."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.journeys.acts import move_clock, ready_to_judge, tap
from tests.journeys.conftest import MadeOnce, Meet
from tests.journeys.person import PHONE, Person
from tests.journeys.site import Site
from tests.journeys.test_pages import FIRST, SECOND, links, sweep

MARKING = datetime.fromisoformat("2027-08-24T09:00:00+07:00")
BENCH = f"/cham/{SECOND}"


@pytest.fixture(scope="module")
def later_site(
    demo_folder: Path, made_once: MadeOnce, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The tour moved on to the first days of the second contest's preliminary round."""

    def make(folder: Path) -> None:
        shutil.copytree(demo_folder, folder)
        site = Site(folder)
        site.start()
        guide = Person(browser, site, "guide")
        guide.context.set_default_timeout(120_000)
        move_clock(guide, MARKING)
        guide.sees("24/08/2027")
        guide.close()
        site.stop()
        assert not site.complaints()

    data = tmp_path_factory.mktemp("later") / "data"
    shutil.copytree(made_once("marking", make), data)
    site = Site(data)
    site.start()
    yield site
    site.stop()
    assert not site.complaints()


@pytest.fixture
def later(later_site: Site, gather: Callable[[Site], Meet]) -> Meet:
    return gather(later_site)


def test_pages_of_a_decided_contest(later: Meet) -> None:
    visitor = later("visitor")
    sweep(visitor, [f"/cuoc-thi/{FIRST}/ket-qua", "/ket-qua", "/", f"/cuoc-thi/{FIRST}/binh-chon"])


def test_pages_of_a_running_round(later: Meet) -> None:
    judge = later("judge")
    tap(judge, "Trịnh Thị Mai Lan")
    ready_to_judge(judge, SECOND)
    sweep(judge, [BENCH, links(judge, BENCH, "/bai/")[0]])
    chair = later("chair")
    tap(chair, "Tạ Quang Huấn")
    prelim = f"/ban-to-chuc/{SECOND}/cham/prelim/A"
    sweep(chair, [prelim, f"{prelim}/giam-khao", f"{prelim}/phan-cong", f"{prelim}/khoa-diem"])


def test_pages_of_those_who_verify(later: Meet) -> None:
    officer = later("officer")
    tap(officer, "Triệu Đình Lực")
    unit = next(unit for unit in links(officer, "/cua-toi", "/don-vi/") if links(officer, unit, "/xac-minh/"))
    sweep(officer, [unit, links(officer, unit, "/xac-minh/")[0]])
    organiser = later("organiser")
    tap(organiser, "Võ Hoàng Sơn")
    sweep(organiser, [f"/ban-to-chuc/{SECOND}", f"/ban-to-chuc/{SECOND}/ket-qua", f"/ban-to-chuc/{FIRST}/ket-qua"])


def test_scoring_without_scripts(later: Meet) -> None:
    judge = later("judge", javascript=False, width=PHONE)
    tap(judge, "Huỳnh Tấn Lộc")
    ready_to_judge(judge, SECOND)
    sheet = links(judge, BENCH, f"{BENCH}/bai/")[0]
    judge.go(sheet)
    judge.assert_no_sideways("sheet")
    marks = judge.page.locator('input[name^="mark-T"]')
    assert marks.count() == 5
    # What fits is kept when something does not: nothing typed is lost.
    marks.nth(0).fill("1,5")
    marks.nth(1).fill("rất hay")
    judge.press("button[name=act][value=save]", status=422)
    assert [field.input_value() for field in judge.page.locator('input[name^="mark-T"]').all()][:2] == [
        "1,5",
        "rất hay",
    ]
    for field, mark in zip(
        judge.page.locator('input[name^="mark-T"]').all(), ["1,5", "2,5", "1,25", "2", "0,75"], strict=True
    ):
        field.fill(mark)
    judge.press("button[name=act][value=later]")
    assert judge.path != sheet
    judge.go(sheet)
    assert judge.page.locator('input[name="mark-T3"]').input_value() == "1,25"
    judge.press("button[name=act][value=final]")
    judge.go(sheet)
    judge.sees("8")
    assert judge.page.locator('input[name^="mark-T"]').count() == 0, "a final sheet cannot be written on"


def test_a_half_filled_sheet_outlives_the_session(later: Meet) -> None:
    judge = later("judge")
    page = judge.go("/dang-nhap")
    judge.fill(address="kim.cuc@an-lam.example", password="guong-sang-2027")
    judge.send("/dang-nhap")
    ready_to_judge(judge, SECOND)
    sheet = links(judge, BENCH, f"{BENCH}/bai/")[0]
    judge.go(sheet)
    judge.fill(mark__T1="1,5")
    judge.until("document.querySelector('[name=version]').value !== '0'")

    judge.context.clear_cookies(name="session")
    with judge.expecting(401):
        judge.fill(mark__T2="2,75", comment="Chi tiết đắt, giọng kể tự nhiên.")
        page.locator("[data-saved] a").wait_for()
    judge.press("[data-saved] a")
    assert judge.path == "/dang-nhap"
    judge.fill(address="kim.cuc@an-lam.example", password="guong-sang-2027")
    judge.send("/dang-nhap")
    assert judge.path == sheet
    assert page.locator('[name="mark-T1"]').input_value() == "1,5"
    assert page.locator('[name="mark-T2"]').input_value() == "2,75"
    assert page.locator("[name=comment]").input_value() == "Chi tiết đắt, giọng kể tự nhiên."
    # And it reaches the server by itself.
    judge.until("localStorage.length === 0")
    judge.go(sheet)
    assert page.locator('[name="mark-T2"]').input_value() == "2,75"
