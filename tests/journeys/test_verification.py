"""A unit verifies stories on a telephone: the message, the papers, the consent, the answer; and a reminder."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from datetime import time as hour
from pathlib import Path

import pytest

from contest.anniversaries.rules import add_working_days
from contest.core.formats import VIET_NAM, local
from contest.exemplars.rules import reminder_days
from tests.journeys.acts import move_clock, newest_message, tap
from tests.journeys.conftest import Meet
from tests.journeys.person import DESK, PHONE, Person
from tests.journeys.sample import photo_bytes
from tests.journeys.site import Site
from tests.journeys.test_pages import FIRST

PDF = {"name": "giay-xac-nhan.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\n1 0 obj\n%%EOF\n"}
# Contest 1 gives units seven working days.
WORKING_DAYS = 7


@pytest.fixture(scope="module")
def own_site(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demonstration in a copy of its own: questions asked here take stories off its public pages."""
    data = tmp_path_factory.mktemp("verification") / "data"
    shutil.copytree(demo_folder, data)
    site = Site(data)
    site.start()
    yield site
    site.stop()
    assert not site.complaints()


@pytest.fixture
def meet(own_site: Site, gather: Callable[[Site], Meet]) -> Meet:
    return gather(own_site)


def ask_unit(secretary: Person, unit: str, *, look: bool = False) -> tuple[str, str]:
    """Ask a unit about the first exemplar whose answer stands; returns the name and the page's address."""
    secretary.go(f"/ban-to-chuc/{FIRST}/nhan-vat?xac-minh=verified")
    if look:
        secretary.look("exemplars", axe=True)
    secretary.press("main table th a")
    name, address = secretary.page.locator("h1").inner_text(), secretary.path
    if look:
        secretary.look("exemplar", axe=True)
    details = secretary.page.locator("details", has=secretary.page.locator('form[action$="/hoi-don-vi"]'))
    details.locator("summary").click()
    secretary.fill(unit=unit)
    secretary.send("/hoi-don-vi")
    secretary.sees("Đã gửi")
    return name, address


@pytest.mark.parametrize(
    ("javascript", "unit", "officer_name", "mail"),
    [
        (True, "khe-ngon", "Hồ Viết Tiến", "viet.tien@an-lam.example"),
        (False, "thuong-khe", "Lô Văn Páo", "van.pao@an-lam.example"),
    ],
)
def test_a_unit_answers(meet: Meet, javascript: bool, unit: str, officer_name: str, mail: str) -> None:
    secretary = meet("secretary", width=DESK)
    tap(secretary, "Đinh Thị Thanh Vân")
    name, page = ask_unit(secretary, unit, look=javascript)

    officer = meet("officer", width=PHONE, javascript=javascript)
    message = newest_message(officer, mail)
    assert name in message
    assert f"/don-vi/{unit}" in message
    tap(officer, officer_name)
    officer.go(f"/don-vi/{unit}")
    officer.look("unit-asked", axe=True)
    officer.press(officer.page.locator("main table a.btn", has_text=name))
    question = officer.path
    officer.look("question", axe=True)
    assert len(officer.said()) > 500, "the story is there to be read"

    # A certificate and a photo of a signed paper, while half of the answer is typed already.
    officer.fill(note="Đã gặp nhân vật và trưởng thôn.")
    photo = {"name": "ban-dong-y.jpg", "mimeType": "image/jpeg", "buffer": photo_bytes(11)}
    officer.page.set_input_files("input[name=papers]", [PDF, photo])  # type: ignore[list-item]
    officer.press("button[name=act][value=attach]")
    officer.sees("giay-xac-nhan.pdf", "ban-dong-y.jpg")
    assert officer.page.locator("textarea[name=note]").first.input_value() == "Đã gặp nhân vật và trưởng thôn."

    # Silence is not consent: both questions are asked, and nothing is lost by answering one alone.
    officer.tick("outcome", "verified")
    officer.tick("consent", "1")
    officer.press("form.card button.primary", status=422)
    officer.look("answer-refused", axe=True)
    assert officer.page.locator("[name=consent][value='1']").is_checked()
    officer.tick("photos", "1")
    officer.press("form.card button.primary")
    assert officer.path == f"/don-vi/{unit}"
    officer.sees(name)

    secretary.go(page)
    secretary.sees("giay-xac-nhan.pdf", "Đã gặp nhân vật và trưởng thôn.")
    officer.go(question)
    officer.look("answered", axe=True)


def test_a_unit_is_reminded(meet: Meet) -> None:
    secretary = meet("secretary")
    tap(secretary, "Đinh Thị Thanh Vân")
    name, _ = ask_unit(secretary, "song-mo")
    today = local(secretary.site.now()).date()
    first = reminder_days(today, add_working_days(today, WORKING_DAYS))[0]
    move_clock(secretary, datetime.combine(first, hour(9, 0), VIET_NAM))
    limit = time.monotonic() + 60
    while "Nhắc việc" not in (message := newest_message(secretary, "thi.hien@an-lam.example")):
        assert time.monotonic() < limit, message
        time.sleep(1)
    assert name in message
    officer = meet("officer", width=PHONE)
    tap(officer, "Nghiêm Thị Hiền")
    officer.go("/don-vi/song-mo")
    officer.sees(name, "đã nhắc 1 lần")
    officer.look("unit-reminded", axe=True)


def test_duplicates_are_looked_at(meet: Meet) -> None:
    secretary = meet("secretary", width=PHONE)
    tap(secretary, "Đinh Thị Thanh Vân")
    secretary.go(f"/ban-to-chuc/{FIRST}/nhan-vat/trung-nhau")
    secretary.look("exemplars-alike", axe=True)
