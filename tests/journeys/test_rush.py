"""In a rush of codes: the browser works in a worker, and a browser without scripts waits in the line."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime

from tests.journeys.acts import code_for
from tests.journeys.conftest import Laid, Meet
from tests.journeys.person import PHONE
from tests.journeys.site import Site


def rush(site: Site, slug: str) -> None:
    """Far more codes were asked for in these ten minutes than is usual."""
    wall = datetime.now(UTC)
    slot = wall.replace(minute=wall.minute // 10 * 10, second=0, microsecond=0, tzinfo=None)
    with sqlite3.connect(site.data / "contest.sqlite3", timeout=30) as connection:
        connection.execute(
            "INSERT OR REPLACE INTO vote_asked (contest_id, kind, subject, slot, asked)"
            " SELECT id, 'all', '0', ?, 9000 FROM contest WHERE slug = ?",
            (slot.isoformat(" ", "microseconds"), slug),
        )
    connection.close()


def test_a_rush(lay_once: Callable[[str], Laid], gather: Callable[[Site], Meet]) -> None:
    site, facts = lay_once("vote")
    slug = str(facts["contest"])
    booth = f"/cuoc-thi/{slug}/binh-chon"
    rush(site, slug)
    meet = gather(site)

    voter = meet("voter", width=PHONE)
    voter.go(f"{booth}/xac-thuc")
    # It begins by itself, before anything is typed.
    voter.until("document.querySelector('[data-work]').hidden === false")
    voter.look("identify-work", axe=True)
    voter.fill(contact="0912345671")
    voter.press(".form .btn.primary")
    assert voter.path == f"{booth}/ma"
    voter.fill(code=code_for(voter, "+84912345671"))
    voter.press(".form .btn.primary")
    assert voter.path == booth

    patient = meet("patient", width=PHONE, javascript=False)
    patient.go(f"{booth}/xac-thuc")
    patient.fill(contact="0912345672")
    patient.press(".form .btn.primary")
    assert patient.path == f"{booth}/cho"
    patient.sees("hàng chờ")
    patient.look("line")
