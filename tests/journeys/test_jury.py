"""A jury beside the bench: entries read jointly before the round, and score sheets that come on paper."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.journeys.acts import tap
from tests.journeys.conftest import Laid, Meet
from tests.journeys.ground import PEOPLE
from tests.journeys.person import DESK, PHONE, Person
from tests.journeys.site import Site


def look(person: Person, name: str) -> None:
    """Held to what every page must be, at both widths."""
    for width in (PHONE, DESK):
        person.at_width(width)
        person.look(f"{name}-{width}", axe=True)


def fill_marks(person: Person, *marks: str) -> None:
    fields = person.page.locator('input[name^="mark-"]')
    assert fields.count() == len(marks)
    for field, mark in zip(fields.all(), marks, strict=True):
        field.fill(mark)


def met(meet: Meet, key: str, **how: Any) -> Person:
    person = meet(key, **how)
    tap(person, PEOPLE[key][0])
    return person


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "plain"])
def test_a_secretary_keys_in_paper(
    lay: Callable[[str], Laid], gather: Callable[[Site], Meet], javascript: bool
) -> None:
    site, ground = lay("paper")
    meet = gather(site)
    papers = f"/ban-to-chuc/{ground['contest']}/cham/phieu-giay"
    first_sheet, second_sheet, _third = ground["sheets"]

    # The first types two sheets, and is interrupted in between.
    van = met(meet, "van", javascript=javascript)
    van.go(papers)
    van.sees(PEOPLE["lan"][0])
    look(van, "paper")
    van.fill(ma=f"{first_sheet[:4]}-{first_sheet[4:8]}".upper())
    van.press("form[role=search] button")
    assert van.path.endswith(first_sheet)
    look(van, "paper-first")
    fill_marks(van, "18", "17,5", "12", "11,5", "16", "4")
    van.press("button[name=act][value=save]")
    van.go(f"{papers}/{first_sheet}")
    assert van.page.locator('[name="mark-C2"]').input_value() == "17,5"
    van.press("button[name=act][value=done]", status=422)  # the declaration is not ticked
    look(van, "paper-unsigned")
    van.tick("signed")
    van.press("button[name=act][value=done]")
    assert van.page.locator('input[name^="mark-"]').count() == 0
    look(van, "paper-waits")
    van.go(f"{papers}/{second_sheet}")
    fill_marks(van, "10", "10", "10", "10", "5", "2,5")
    van.tick("signed")
    van.press("button[name=act][value=done]")

    # Another person, by telephone: sees nothing of it, agrees on one sheet and differs on the other.
    diep = met(meet, "diep", width=PHONE, javascript=javascript)
    diep.go(f"{papers}/{first_sheet}")
    diep.does_not_see("17,5")
    look(diep, "paper-second")
    fill_marks(diep, "18", "17,5", "12", "11,5", "16", "4")
    diep.tick("signed")
    diep.press("button[name=act][value=done]")
    look(diep, "paper-taken")
    diep.does_not_see("17,5")
    diep.go(f"{papers}/{second_sheet}")
    fill_marks(diep, "10", "10", "1", "10", "5", "2,5")
    diep.tick("signed")
    diep.press("button[name=act][value=done]")
    look(diep, "paper-differs")

    # The first takes the paper once more.
    van.go(papers)
    van.press("main table th a")
    look(van, "paper-judge")
    van.go(f"{papers}/{second_sheet}")
    van.tick("choose-mark-C3", "first")
    van.press("button[name=act][value=settle]")

    lan = met(meet, "lan", javascript=javascript)
    lan.go(f"/cham/{ground['contest']}")
    lan.sees("79", "47,5")


def test_blank_sheets_come_out_of_the_printer(lay: Callable[[str], Laid], gather: Callable[[Site], Meet]) -> None:
    site, ground = lay("paper")
    van = met(gather(site), "van")
    answer = van.context.request.get(f"/ban-to-chuc/{ground['contest']}/cham/prelim/A/phieu-giay.pdf")
    assert answer.status == 200 and answer.body().startswith(b"%PDF-")


def test_a_jury_reads_jointly(lay: Callable[[str], Laid], gather: Callable[[Site], Meet]) -> None:
    site, ground = lay("joint")
    meet = gather(site)
    table = f"/ban-to-chuc/{ground['contest']}/cham/prelim/A/doc-chung"
    joint = f"/cham/{ground['contest']}/doc-chung"

    huan = met(meet, "huan")
    huan.go(table)
    look(huan, "joint-table")
    huan.fill(codes=" ".join(ground["codes"][:2]))
    huan.press("button[name=act][value=open]")
    huan.sees(*ground["codes"][:2])

    given = {"lan": ("20", "18", "14,5", "13", "19", "5"), "loc": ("6", "17", "12", "15", "8", "5")}
    for key, how in (("lan", {"width": PHONE, "javascript": False}), ("loc", {"width": DESK})):
        judge = met(meet, key, **how)
        judge.go(joint)
        if key == "loc":
            look(judge, "joint")
        judge.press("main ol.queue a")
        if key == "loc":
            look(judge, "joint-declare")
        judge.press("button[name=act][value=begin]")
        judge.assert_no_sideways("joint text")
        if key == "loc":
            look(judge, "joint-text")
            # Saved as one goes.
            judge.page.locator('input[name^="mark-"]').first.fill("6")
            judge.until("document.querySelector('[name=version]').value !== '0'")
        fill_marks(judge, *given[key])
        judge.press("button[name=act][value=final]")
        judge.go(joint)
        judge.does_not_see("/so-sanh")
        judge.close()

    huan.go(table)
    huan.press('form[action$="/doc-chung"]:has([name=act][value=close]) button')
    huan.press('main a[href$="/so-sanh"]')
    huan.sees("20", "6")
    look(huan, "joint-compare")
    huan.go(table)
    huan.fill(agreed="Chi tiết thật hơn lời hay.")
    huan.press("button[name=act][value=agree]")

    lan = met(meet, "lan", width=PHONE)
    lan.go(joint)
    lan.sees("Chi tiết thật hơn lời hay.")
    lan.press('main a[href$="/so-sanh"]')
    lan.does_not_see(PEOPLE["loc"][0])
    look(lan, "joint-compare-judge")
