"""Somebody at a browser: goes to pages, presses, types, and is annoyed by anything that is broken.

Every page that a person opens is watched: no error in the console (a breach of the security policy
is one), no failed request, no answer of 400 or more that was not expected. `look` holds a page
against WCAG 2.2 AA by axe and against sideways scrolling. With JOURNEY_SHOTS in the environment it
also takes pictures, into the folder that it names.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, Response

from tests.journeys.site import ROOT, Site

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PHONE, DESK = 360, 1280
HEIGHTS = {PHONE: 760, DESK: 900}
Theme = Literal["light", "dark"]
SHOTS = os.environ.get("JOURNEY_SHOTS", "")
# Every act of a page answers in this time, on a machine that has other things to do.
PATIENCE = 15_000


@cache
def _axe() -> str:
    return (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8") + "\n;null"


class Person:
    """One browser profile: cookies of its own, a width, a colour scheme, a language."""

    def __init__(
        self,
        browser: Browser,
        site: Site,
        name: str = "",
        *,
        width: int = DESK,
        theme: Theme = "light",
        language: str = "vi",
        javascript: bool = True,
    ) -> None:
        self.site = site
        self.name = name
        self.prefix = "/en" if language == "en" else ""
        self.javascript = javascript
        self.problems: list[str] = []
        self.closed = False
        self._allowed: set[int] = set()
        self.context = browser.new_context(
            base_url=site.url,
            viewport={"width": width, "height": HEIGHTS.get(width, 900)},
            color_scheme=theme,
            locale="vi-VN",
            timezone_id="Asia/Ho_Chi_Minh",
            java_script_enabled=javascript,
            reduced_motion="reduce",
        )
        self.context.set_default_timeout(PATIENCE)
        self.page: Page = self.context.new_page()
        self.watch(self.page)

    # What is wrong

    def watch(self, page: Page) -> None:
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self._note(f"script error on {page.url}: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)
        # A page that asks before a destructive act is answered yes.
        page.on("dialog", lambda dialog: dialog.accept())

    def _note(self, problem: str) -> None:
        self.problems.append(problem)

    def _heard(self, message: ConsoleMessage) -> None:
        # Answers of 400 and more are reported with their address by `_answered`.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self._note(f"console on {message.page.url if message.page else '?'}: {message.text}")

    def _failed(self, request: Request) -> None:
        if "ERR_ABORTED" not in (request.failure or ""):
            self._note(f"request failed: {request.method} {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self._allowed:
            self._note(f"{response.status} for {response.request.method} {response.url}")

    @contextmanager
    def expecting(self, *statuses: int) -> Iterator[None]:
        """Answers with these statuses are what is wanted, for a while."""
        before = self._allowed
        self._allowed = before | set(statuses)
        try:
            yield
        finally:
            self._allowed = before

    def assert_content(self) -> None:
        """Nothing has annoyed this person so far."""
        assert not self.problems, f"{self.name or 'somebody'}:\n" + "\n".join(self.problems)

    # Moving about

    def go(self, path: str, status: int = 200) -> Page:
        """Open an address of the site, in this person's language; the answer must be `status`."""
        address = path if path.startswith("http") else self.prefix + path
        with self.expecting(status):
            answer = self.page.goto(address, wait_until="load")
        assert answer is not None
        assert answer.status == status, f"{answer.status} instead of {status} for {path}\n{self.said()[:600]}"
        return self.page

    def press(self, what: str | Locator, status: int = 200) -> Page:
        """Press a link or button that leads to another page, and wait for it."""
        target = self.page.locator(what) if isinstance(what, str) else what
        with self.expecting(status), self.page.expect_navigation(wait_until="load") as navigation:
            target.first.click()
        answer = navigation.value
        assert answer is not None
        assert answer.status == status, f"{answer.status} instead of {status} at {self.page.url}\n{self.said()[:1500]}"
        return self.page

    def send(self, form: str, status: int = 200) -> Page:
        """Press the button of the form whose address ends so."""
        return self.press(f'form[action$="{form}"] button:not([type=button])', status)

    def fill(self, **values: str) -> None:
        """Type into fields by their names; `__` stands for the dash of a name."""
        for name, value in values.items():
            field = self.page.locator(f'main [name="{name.replace("__", "-")}"]').first
            if name == "body" and self.javascript:
                # The editor stands in for the textarea as soon as it has come.
                self.page.locator("trix-editor").fill(value)
            elif field.evaluate("element => element.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)

    def tick(self, name: str, value: str = "") -> None:
        """Tick a box or choose an option by its name and value."""
        wanted = f'main [name="{name}"]' + (f'[value="{value}"]' if value else "")
        self.page.locator(wanted).first.check()

    def until(self, condition: str, page: Page | None = None) -> None:
        """Wait until an expression holds on the page (asked from outside, which its policy allows)."""
        page = page or self.page
        limit = time.monotonic() + PATIENCE / 1000
        while not page.evaluate(condition):
            assert time.monotonic() < limit, f"never on {page.url}: {condition}"
            time.sleep(0.05)

    @property
    def path(self) -> str:
        """Where the person is, without host and query."""
        return re.sub(r"^https?://[^/]+", "", self.page.url).partition("?")[0]

    def said(self) -> str:
        """The words of the main part of the page, blanks made one."""
        main = self.page.locator("main")
        text = main.inner_text() if main.count() else self.page.locator("body").inner_text()
        flashes = self.page.locator(".flashes")
        if flashes.count():
            text = flashes.inner_text() + "\n" + text
        return re.sub(r"[ \t\u00a0\u202f]+", " ", text)

    def sees(self, *phrases: str) -> None:
        """Each phrase stands on the page."""
        text = re.sub(r"\s+", " ", self.said())
        missing = [phrase for phrase in phrases if phrase.casefold() not in text.casefold()]
        assert not missing, f"not on {self.page.url}: {missing}\n{text[:3000]}"

    def does_not_see(self, *phrases: str) -> None:
        content = re.sub(r"\s+", " ", self.page.content())
        found = [phrase for phrase in phrases if phrase in content]
        assert not found, f"on {self.page.url}: {found}"

    # Looking closely

    def look(self, name: str, *, axe: bool = False) -> None:
        """Hold the page to what every page must be; `name` names it in reports and pictures.

        `axe` takes longer than all the rest: for pages that no sweep (test_pages.py) comes to.
        """
        self.assert_content()
        self.assert_no_sideways(name)
        if axe and self.javascript:
            self.assert_accessible(name)
        if SHOTS:
            self._pictures(name)
        self.assert_content()

    def assert_accessible(self, name: str, rules: list[str] | None = None) -> None:
        """No breach of WCAG 2.2 AA that axe can find; `rules` limits what it looks at."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(_axe())
        only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": WCAG}
        found: dict[str, Any] = self.page.evaluate(
            "only => axe.run(document, {runOnly: only, resultTypes: ['violations']})", only
        )
        told = [
            f"{violation['id']} ({violation['impact']}): {node['target']} {node['html'][:200]}"
            for violation in found["violations"]
            for node in violation["nodes"][:4]
        ]
        assert not told, f"axe on {name} ({self.page.url}):\n" + "\n".join(told)

    def assert_no_sideways(self, name: str) -> None:
        wide = self.page.evaluate(
            """() => {
              const page = document.documentElement, room = page.clientWidth;
              if (page.scrollWidth <= room) return null;
              const guilty = [...document.body.querySelectorAll('*')]
                .filter(e => e.getBoundingClientRect().right > room + 1)
                .slice(0, 6).map(e => e.outerHTML.slice(0, 120));
              return [page.scrollWidth, room, ...guilty];
            }"""
        )
        assert wide is None, f"{name} ({self.page.url}) scrolls sideways: {wide}"

    def at_width(self, width: int) -> None:
        self.page.set_viewport_size({"width": width, "height": HEIGHTS.get(width, 900)})

    def in_theme(self, theme: Theme) -> None:
        self.page.emulate_media(color_scheme=theme)

    def _pictures(self, name: str) -> None:
        folder = Path(SHOTS)
        folder.mkdir(parents=True, exist_ok=True)
        before = self.page.viewport_size
        for width in (PHONE, DESK):
            self.at_width(width)
            self.page.screenshot(path=folder / f"{name}-{width}-light.png", full_page=True)
        other = self.page.locator('link[rel="alternate"][hreflang]').first
        address = other.get_attribute("href") if other.count() else None
        if address and self.page.evaluate("() => performance.getEntriesByType('navigation')[0].responseStatus") == 200:
            second = self.context.new_page()
            second.emulate_media(color_scheme="dark")
            answer = second.goto(address)
            if answer is not None and answer.status == 200:
                for width in (PHONE, DESK):
                    second.set_viewport_size({"width": width, "height": HEIGHTS[width]})
                    second.screenshot(path=folder / f"{name}-{width}-dark-other.png", full_page=True)
            second.close()
        if before:
            self.page.set_viewport_size(before)

    def close(self) -> None:
        """Leave; a browser profile that nobody needs any more costs time."""
        if not self.closed:
            self.closed = True
            self.context.close()
