"""The writing desk in a browser: saved as one types, two windows, no network, a session that ended."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from contest.core.db import db
from contest.entries.models import Entry
from tests.factories import make_contest, make_user, sign_in
from tests.factories.entries import make_draft

pytestmark = pytest.mark.browser
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SOON = 8_000


@pytest.fixture
def app(sqlite_app: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The application on SQLite alone: what is tried here is the script."""
    data: Path = sqlite_app.config["SETTINGS"].data_dir
    with sqlite_app.app_context():
        db.engine.dispose()
        for suffix in ("-wal", "-shm"):
            (data / f"contest.sqlite3{suffix}").unlink(missing_ok=True)
        shutil.copy(data / "template.sqlite3", data / "contest.sqlite3")
        yield sqlite_app
        db.session.remove()


@pytest.fixture
def entry(app: Any) -> Entry:
    return make_draft(make_contest(), make_user("Nguyễn Thị Thu Hậu"), body="Mùa này.")


@pytest.fixture
def desk(app: Any, client: Any, entry: Entry) -> Iterator[Any]:
    """Opens the page of writing in a window of the author's one browser."""
    sync_api = pytest.importorskip("playwright.sync_api")
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        if os.environ.get("REQUIRE_SERVERS") == "1":
            pytest.fail("no Chromium")
        pytest.skip("no Chromium")
    sign_in(client, entry.author)
    cookie = client.get_cookie("session").value
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    base = f"http://localhost:{server.port}"
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        context = browser.new_context()

        class Desk:
            def __init__(self) -> None:
                self.context = context
                self.problems: list[str] = []
                self.sign_in()

            def sign_in(self) -> None:
                context.add_cookies([{"name": "session", "value": cookie, "url": base}])

            def open(self) -> Any:
                page = context.new_page()
                page.on("pageerror", lambda error: self.problems.append(str(error)))
                page.on("console", self.heard)
                page.goto(f"{base}/viet/{entry.public_id}")
                page.locator("trix-editor").wait_for(timeout=SOON)
                return page

            def heard(self, message: Any) -> None:
                if message.type == "error" and "Failed to load resource" not in message.text:
                    self.problems.append(message.text)

        made = Desk()
        yield made
        browser.close()
        assert made.problems == []
    server.shutdown()
    thread.join()


def kept(entry: Entry) -> str:
    db.session.rollback()
    db.session.expire_all()
    return entry.body


def type_(page: Any, text: str) -> None:
    page.locator("trix-editor").fill(text)


def text_of(page: Any) -> str:
    return page.locator("trix-editor").inner_text().strip()


def says(page: Any, words: str) -> None:
    page.locator("[data-saved]", has_text=words).wait_for(timeout=SOON)


def test_saved_and_counted_as_one_types(desk, entry):
    page = desk.open()
    type_(page, "một hai ba bốn")
    assert page.locator("[data-word-count]").inner_text() == "4"
    says(page, "Chưa lưu")
    says(page, "Đã lưu lúc 09:00")
    assert kept(entry) == "một hai ba bốn"
    type_(page, " ".join(["từ"] * 2101))
    assert "vượt 1" in page.locator("[data-word-note]").inner_text()
    assert page.locator("[data-word-count]").inner_text() == "2.101"
    # The checklist follows.
    page.locator(".checklist .todo", has_text="2.000").or_(
        page.locator(".checklist .todo", has_text="2100")
    ).first.wait_for(timeout=SOON)
    assert page.evaluate("localStorage.length") == 0


def test_two_windows_are_told_of_each_other(desk, entry):
    one, other = desk.open(), desk.open()
    type_(one, "bản của cửa sổ một")
    says(one, "Đã lưu lúc")
    type_(other, "bản của cửa sổ hai")
    says(other, "cửa sổ khác")
    assert kept(entry) == "bản của cửa sổ một"
    other.get_by_role("button", name="Lưu nháp").click()
    other.get_by_role("heading", name="Hai bản của bài này").wait_for(timeout=SOON)
    pair = other.locator(".pair > div")
    assert "bản của cửa sổ hai" in pair.nth(0).inner_text()
    assert "bản của cửa sổ một" in pair.nth(1).inner_text()
    other.get_by_label("Bản của cửa sổ này").check()
    other.get_by_role("button", name="Lưu thành một bản").click()
    other.locator("trix-editor").wait_for(timeout=SOON)
    assert kept(entry) == "bản của cửa sổ hai"
    assert other.evaluate("localStorage.length") == 0


def test_without_a_network_the_device_keeps_the_text(desk, entry):
    page = desk.open()
    desk.context.set_offline(True)
    type_(page, "viết khi mất mạng")
    says(page, "Mất kết nối")
    assert "mất mạng" in page.evaluate("Object.values(localStorage).join()")
    desk.context.set_offline(False)
    says(page, "Đã lưu lúc")
    assert kept(entry) == "viết khi mất mạng"
    assert page.evaluate("localStorage.length") == 0


def test_what_the_device_kept_is_offered_again(desk, entry):
    page = desk.open()
    # Cut inside the page: what a browser sends while it leaves a page passes by routes and "offline".
    page.evaluate("() => { window.fetch = () => Promise.reject(new TypeError('no network')); }")
    type_(page, "chưa kịp lưu")
    says(page, "Mất kết nối")
    page.goto("about:blank")
    page = desk.open()
    assert text_of(page) == "Mùa này."
    page.get_by_role("button", name="Lấy lại").click()
    assert text_of(page) == "chưa kịp lưu"
    says(page, "Đã lưu lúc")
    assert kept(entry) == "chưa kịp lưu"
    again = desk.open()
    assert again.locator("[data-local-copy]").is_hidden()


def test_a_session_that_ended_loses_nothing(desk, entry):
    page = desk.open()
    desk.context.clear_cookies()
    type_(page, "viết sau khi hết phiên")
    says(page, "Phiên đăng nhập đã hết")
    assert kept(entry) == "Mùa này."
    desk.sign_in()
    page.reload()
    page.get_by_role("button", name="Lấy lại").click()
    says(page, "Đã lưu lúc")
    assert kept(entry) == "viết sau khi hết phiên"
