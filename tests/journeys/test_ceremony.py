"""The hall: a screen of 1920 × 1080 waits for the instant, then shows the prizes by keys, without a network."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.journeys.conftest import Laid, Meet
from tests.journeys.person import Person
from tests.journeys.site import Site

AT = datetime.fromisoformat("2027-06-11T08:00:00+07:00")
WINNER, SECOND = "Đồi cằn trổ hoa", "Chiếc ba lô màu xanh"


def move(site: Site, to: datetime) -> None:
    """Set the clock of the demonstration."""
    shift = int((site.data / "clock").read_text("ascii")) + (to - site.now()) / timedelta(microseconds=1)
    (site.data / "clock").write_text(str(int(shift)), "ascii")


def on_the_screen(person: Person) -> str:
    """The step that is shown, in words."""
    return re.sub(r"\s+", " ", person.page.locator("[data-act][data-on]").inner_text()).strip()


def at(person: Person) -> tuple[int, int]:
    step, steps = person.page.locator("[data-at]").inner_text().split("/")
    return int(step), int(steps)


def key(person: Person, name: str) -> str:
    person.page.keyboard.press(name)
    return on_the_screen(person)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_hall_waits_and_then_sees_the_prizes_from_the_last_one_up(
    lay: Callable[[str], Laid], gather: Callable[[Site], Meet], language: str
) -> None:
    site, facts = lay("announced")
    path = f"/cuoc-thi/{facts['contest']}/le-trao-giai"
    hall = gather(site)("hall", width=1920, language=language)
    hall.page.set_viewport_size({"width": 1920, "height": 1080})

    # A page that waits: the time that is left, and nothing of the results, in whatever form.
    move(site, AT - timedelta(minutes=2))
    hall.go(path)
    hall.assert_accessible("ceremony-waits")
    hall.does_not_see(*facts["titles"], "data-acts")
    assert re.search(r"00:0[12]:\d\d", hall.page.locator("[data-wait]").inner_text())
    # Three seconds before, opened anew: at the instant it opens by itself.
    move(site, AT - timedelta(seconds=3))
    hall.go(path)
    hall.does_not_see(*facts["titles"], "data-acts")
    hall.page.locator("[data-acts]").wait_for(timeout=60_000)
    assert site.now() >= AT
    hall.page.locator("[data-loaded]").wait_for()
    hall.assert_accessible("ceremony-begins")
    hall.assert_no_sideways("ceremony-begins")

    # From here on without a network.
    asked: list[str] = []
    hall.page.on("request", lambda request: asked.append(request.url))
    hall.context.set_offline(True)
    step, steps = at(hall)
    assert step == 1
    seen = [on_the_screen(hall)]
    for number in range(2, steps + 1):
        name = ("ArrowRight", " ", "Enter", "PageDown")[number % 4]
        seen.append(key(hall, name))
        assert at(hall)[0] == number
        visible = hall.page.locator("[data-act]").filter(visible=True).count()
        assert visible == 1, f"{visible} steps on the screen at once"
        # Names are at least a twentieth of the height of the screen, and nothing is cut off.
        for size in hall.page.evaluate(
            "() => [...document.querySelectorAll('[data-on] .name')].map(e => parseFloat(getComputedStyle(e).fontSize))"
        ):
            assert size >= 40, seen[-1]
        room = hall.page.evaluate(
            "() => { const act = document.querySelector('[data-on]'); return act.scrollHeight - act.clientHeight; }"
        )
        assert room <= 1, f"does not fit: {seen[-1]}"
        broken = hall.page.evaluate("() => [...document.images].filter(i => !i.complete || !i.naturalWidth).length")
        assert broken == 0
    hall.assert_accessible("ceremony-ends")
    first = next(number for number, said in enumerate(seen) if WINNER in said)
    second = next(number for number, said in enumerate(seen) if SECOND in said)
    assert second < first
    assert not any(title in seen[first - 1] for title in facts["titles"])
    # The other keys.
    assert key(hall, "End") == seen[-1] == key(hall, "ArrowRight")
    assert key(hall, "Home") == seen[0] == key(hall, "ArrowLeft")
    assert key(hall, "ArrowRight") == seen[1]
    assert key(hall, "PageUp") == seen[0]
    hall.page.keyboard.press("b")
    assert hall.page.locator("[data-act]").filter(visible=True).count() == 0
    hall.page.keyboard.press("ArrowRight")  # brings the picture back, no more
    assert on_the_screen(hall) == seen[0]
    hall.page.keyboard.press("?")
    assert hall.page.locator("dialog[open]").count() == 1
    hall.assert_accessible("ceremony-keys")
    hall.page.keyboard.press("ArrowRight")
    assert on_the_screen(hall) == seen[0]
    hall.page.keyboard.press("Escape")
    hall.page.keyboard.press("f")
    hall.until("!!document.fullscreenElement")
    assert key(hall, "ArrowRight") == seen[1]
    hall.page.keyboard.press("f")
    hall.until("!document.fullscreenElement")
    assert asked == []
    hall.context.set_offline(False)
    # Loaded again by mistake: it goes on where it was.
    before = on_the_screen(hall)
    hall.go(path)
    assert on_the_screen(hall) == before
    hall.assert_content()


def test_without_scripts_the_ceremony_is_a_list(lay: Callable[[str], Laid], gather: Callable[[Site], Meet]) -> None:
    site, facts = lay("announced")
    move(site, AT + timedelta(minutes=1))
    reader = gather(site)("reader", width=360, javascript=False)
    reader.go(f"/cuoc-thi/{facts['contest']}/le-trao-giai")
    reader.sees(WINNER, SECOND)
    assert reader.page.locator("[data-act]").filter(visible=True).count() > 4
