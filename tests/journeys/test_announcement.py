"""The minute of the announcement: a reader who waits for it, and the press that read before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.journeys.acts import move_clock, tap
from tests.journeys.conftest import Laid, Meet
from tests.journeys.ground import PEOPLE
from tests.journeys.person import DESK, PHONE, Person
from tests.journeys.site import Site

T = datetime.fromisoformat("2027-06-11T08:00:00+07:00")
PRESS = datetime.fromisoformat("2027-06-10T14:00:00+07:00")
FIRST_PRIZE = "Đồi cằn trổ hoa"
WAYS = [
    pytest.param({"width": PHONE, "theme": "light"}, id="phone"),
    pytest.param({"width": PHONE, "theme": "dark", "language": "en", "javascript": False}, id="phone-without-scripts"),
]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("how", WAYS)
def test_a_reader_at_the_minute(
    lay: Callable[[str], Laid], gather: Callable[[Site], Meet], how: dict[str, Any]
) -> None:
    site, ground = lay("announced")
    meet = gather(site)
    public = f"/cuoc-thi/{ground['contest']}"
    reader = meet("reader", **how)
    # Nothing before, on any page that leads there.
    for page in ("/", public, public + "/chung-khao"):
        reader.go(page)
        assert reader.page.locator(f'a[href$="{public}/ket-qua"]').count() == 0
    reader.go(public)
    reader.look("contest-before-the-minute", axe=True)
    reader.go(public + "/ket-qua", status=404)
    reader.does_not_see(*ground["titles"])

    guide = meet("guide")
    move_clock(guide, T - timedelta(seconds=4))
    guide.close()
    reader.page.bring_to_front()
    the_minute_comes(reader, site, public + "/ket-qua")
    reader.go(public + "/ket-qua")
    reader.sees(FIRST_PRIZE, "1408/QĐ-UBND")
    reader.look("results-at-the-minute", axe=True)
    # Whoever waits on the page of the contest reads the way there when loading it again.
    reader.go(public)
    reader.press(reader.page.locator(f'main a[href$="{public}/ket-qua"]'))
    reader.sees(FIRST_PRIZE)
    reader.look("results-from-the-contest")


def the_minute_comes(reader: Person, site: Site, address: str) -> None:
    """Loaded again and again: never there before T, always there from T on."""
    while True:
        before = site.now()
        with reader.expecting(404):
            answer = reader.page.goto(reader.prefix + address, wait_until="commit")
        after = site.now()
        assert answer is not None
        assert answer.status in (200, 404)
        if answer.status == 200:
            assert after >= T
            return
        assert before < T, f"not there at {before:%H:%M:%S.%f}"
        assert FIRST_PRIZE not in answer.text()


@pytest.mark.timeout(600)
def test_the_press_reads_under_the_embargo(lay: Callable[[str], Laid], gather: Callable[[Site], Meet]) -> None:
    site, ground = lay("announced")
    meet = gather(site)
    slug = ground["contest"]
    reporter, diep = meet("reporter", width=PHONE), meet("diep", width=DESK)
    tap(reporter, PEOPLE["chau"][0])
    tap(diep, PEOPLE["diep"][0])
    page = f"/bao-chi/{slug}"
    reporter.go(page)
    reporter.look("press-terms", axe=True)
    reporter.does_not_see(FIRST_PRIZE)
    reporter.press('form[action$="/dieu-khoan"] button')
    reporter.look("press-before-its-instant", axe=True)
    reporter.does_not_see(FIRST_PRIZE)

    move_clock(reporter, PRESS)
    reporter.go(page)
    reporter.sees(FIRST_PRIZE)
    reporter.look("press-under-embargo", axe=True)
    copy = reporter.context.request.get(site.url + page + "/ket-qua.pdf")
    assert copy.ok
    assert copy.body().startswith(b"%PDF")
    # The mark on the page is the one that organisers have against this name.
    diep.go(f"/ban-to-chuc/{slug}/bao-chi")
    diep.look("press-desk", axe=True)
    row = diep.page.locator("main table tr", has_text=PEOPLE["chau"][0])
    mark = row.locator("td").last.inner_text().strip()
    assert len(mark) == 8
    reporter.sees(mark)
    diep.go(f"/cuoc-thi/{slug}/ket-qua", status=404)

    move_clock(reporter, T)
    reporter.go(page)
    reporter.press(f'main a[href$="/cuoc-thi/{slug}/ket-qua"]')
    reporter.sees(FIRST_PRIZE)
    reporter.does_not_see(mark)
