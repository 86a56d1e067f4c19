"""The focal point of a commune: many entries in one bundle, one for a neighbour, one from paper."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.intake.test_bundles import cells, zip_of
from tests.journeys.acts import PASSWORD, code_for, fill_draft, tap
from tests.journeys.conftest import Laid, Meet
from tests.journeys.ground import PEOPLE, TELEPHONE
from tests.journeys.person import DESK, PHONE, Person
from tests.journeys.sample import photo_bytes, stories
from tests.journeys.site import Site

UNIT = "/don-vi/khe-ngon"
WAYS = [
    pytest.param({"width": DESK, "theme": "light", "language": "vi"}, id="desk"),
    pytest.param({"width": PHONE, "theme": "dark", "language": "en"}, id="phone"),
]


def sign_in_by_telephone(officer: Person) -> None:
    """The first sign-in of somebody who has no e-mail: the code comes as a message to the telephone."""
    officer.go("/quen-mat-khau")
    officer.fill(address="0900 000 201")
    officer.send("/quen-mat-khau")
    officer.fill(code=code_for(officer, TELEPHONE), password=PASSWORD)
    officer.send("/mat-khau-moi")
    officer.fill(address="0900 000 201", password=PASSWORD)
    officer.send("/dang-nhap")
    officer.tick("terms")
    officer.send("/tai-khoan/dong-y")


def bundle_file() -> Any:
    """Three lines, the last of which has a birthday that is none."""
    lines = [cells(1), cells(2), cells(3, birth_date="hôm qua")]
    return {"name": "goi-bai-khe-ngon.zip", "mimeType": "application/zip", "buffer": zip_of(lines)}


def take_the_template(officer: Person, slug: str) -> None:
    with officer.page.expect_download() as download:
        officer.page.locator(f'a[href$="/mau/{slug}"]').click()
    path = download.value.path()
    assert path is not None
    book = openpyxl.load_workbook(BytesIO(Path(path).read_bytes()))
    assert book["Danh sách"].cell(1, 1).value == "Hạng mục *"


def wait_for(officer: Person, selector: str) -> None:
    """Until the work behind the page has come so far; without scripts one looks again."""
    if officer.javascript:
        officer.page.locator(selector).first.wait_for()
        return
    for _attempt in range(40):
        if officer.page.locator(selector).count():
            return
        officer.page.wait_for_timeout(500)
        officer.press('main [role=status] a[href*="/goi-bai/"]')
    raise AssertionError(f"never on {officer.page.url}: {selector}")


def send_a_bundle(officer: Person, slug: str) -> None:
    officer.go(UNIT)
    officer.press('main a[href$="/goi-bai"]')
    officer.look("bundles", axe=True)
    take_the_template(officer, slug)
    # Sent without a file, the page says what to do.
    officer.send("/goi-bai", status=422)
    with officer.expecting(422):
        officer.look("bundles-refused", axe=True)
    officer.page.set_input_files("input[name=bundle]", [bundle_file()])
    officer.send("/goi-bai")
    officer.assert_no_sideways("a bundle being read")
    wait_for(officer, 'form[action$="/nhap"]')
    assert officer.page.locator("main tbody tr").count() == 3
    faulty = officer.page.locator("main tbody tr", has_text="Người giữ rừng 3")
    assert "Ngày sinh tác giả" in faulty.inner_text()
    officer.look("bundle-report", axe=True)
    officer.send("/nhap")
    wait_for(officer, 'a[href*="/bien-nhan/"]')
    wait_for(officer, "main:not(:has([role=status]))")
    receipts = officer.page.locator('main tbody a[href*="/bien-nhan/DH-"]')
    assert receipts.count() == 2
    officer.look("bundle-imported", axe=True)
    officer.press(receipts)
    officer.sees("Người giữ rừng 1")


def help_a_neighbour(officer: Person, slug: str) -> None:
    story = stories()["DH-0003"]
    officer.go(UNIT)
    officer.press('main a[href$="/viet-giup"]')
    officer.look("help", axe=True)
    officer.fill(category=f"{slug} A", name=story["author"]["name"])
    officer.fill(phone="0" + story["author"]["phone"][3:])
    officer.press("main form.form button")
    officer.look("helped-write", axe=True)
    fill_draft(officer, story)


def type_from_paper(officer: Person, slug: str) -> None:
    story = stories()["DH-0002"]
    officer.go(UNIT)
    officer.press('main a[href$="/bai-giay"]')
    officer.look("paper-empty", axe=True)
    officer.fill(category=f"{slug} A", name=story["author"]["name"], phone="0" + story["author"]["phone"][3:])
    officer.fill(postmarked_on="15/03/2027", arrived_on="18/03/2027", arrived_hour="14:30")
    officer.press("main form.form button")
    officer.look("paper-sheet-empty", axe=True)
    scan = {"name": "trang-1.jpg", "mimeType": "image/jpeg", "buffer": photo_bytes(3)}
    officer.page.set_input_files("input[name=scan]", [scan])  # type: ignore[list-item]
    officer.press("main form[enctype] button")
    assert officer.page.locator("figure.scan").count() == 1
    officer.press('main a[href*="/viet/"]')
    fill_draft(officer, story)


def compare(second: Person) -> None:
    """Another officer of the unit holds what was typed against the scan."""
    title = stories()["DH-0002"]["title"]
    tap(second, PEOPLE["tien"][0])
    second.go(UNIT)
    second.press(second.page.locator("main a", has_text=title))
    second.look("paper-compare", axe=True)
    second.press("button[name=act][value=confirm]")
    assert second.page.locator("button[name=act]").count() == 0
    second.look("paper-compared", axe=True)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("how", WAYS)
def test_the_focal_point_of_a_commune(
    lay: Callable[[str], Laid], gather: Callable[[Site], Meet], how: dict[str, Any]
) -> None:
    site, ground = lay("unit")
    slug = ground["contest"]
    meet = gather(site)
    officer = meet("officer", **how)
    sign_in_by_telephone(officer)
    officer.go(UNIT)
    officer.look("unit-empty", axe=True)
    send_a_bundle(officer, slug)
    help_a_neighbour(officer, slug)
    type_from_paper(officer, slug)
    compare(meet("second", **how))
    officer.go(UNIT)
    officer.sees(*(stories()[key]["title"] for key in ("DH-0002", "DH-0003")), "Người giữ rừng 1", "0/3")
    officer.look("unit-full", axe=True)
    officer.go(f"{UNIT}/bien-nhan")
    assert officer.page.locator('main a[href*="/bien-nhan/DH-"]').count() == 4
    officer.look("unit-receipts", axe=True)


def test_a_bundle_without_scripts(lay: Callable[[str], Laid], gather: Callable[[Site], Meet]) -> None:
    site, ground = lay("unit")
    officer = gather(site)("officer", width=PHONE, javascript=False)
    sign_in_by_telephone(officer)
    send_a_bundle(officer, ground["contest"])
