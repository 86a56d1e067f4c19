"""Pictures of the main pages, taken from a demonstration of its own.

    .venv/bin/python scripts/screenshots.py              # the few of the manual, into docs/images/
    .venv/bin/python scripts/screenshots.py --all DIR    # every page, person, width, language and theme

Starts a demonstration on a free port with data in a temporary folder, and walks with Chromium
through the tour: before the results, during the marking, after the announcement.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
FIRST = "guong-dien-hinh-tieu-bieu-xuat-sac-2027"
SECOND = "guong-nguoi-tot-viec-tot-2027"
WIDTHS = {"phone": (360, 740), "desk": (1280, 860)}
MOST_BYTES = 150_000
LONGEST = 16_000  # pixels; WebP ends a little above


@dataclass(frozen=True)
class Shot:
    """One page as one person sees it. `path` may name links to follow, as `/start > /part-of-link`.

    `chosen`: the picture of the manual, as (width, language, theme); None: only with --all. `marks`
    are typed into the fields of a score sheet first.
    """

    name: str
    path: str
    who: str = ""
    chosen: tuple[str, str, str] | None = None
    marks: tuple[str, ...] = ()


MANUAL = ("desk", "vi", "light")
PHONE = ("phone", "vi", "light")
MARKS = ("1,75", "2,5", "1,25", "2")
# Stops of the tour, each with what is looked at there; the first is where the tour begins.
STOPS: tuple[tuple[str, tuple[Shot, ...]], ...] = (
    (
        "",
        (
            Shot("home", "/", chosen=MANUAL),
            Shot("contests", "/cuoc-thi"),
            Shot("contest", f"/cuoc-thi/{FIRST}"),
            Shot("contest-open", f"/cuoc-thi/{SECOND}"),
            Shot("rules", f"/cuoc-thi/{FIRST}/the-le"),
            Shot("finalists", f"/cuoc-thi/{FIRST}/chung-khao", chosen=("desk", "vi", "dark")),
            Shot("story", f"/cuoc-thi/{FIRST}/chung-khao > /bai/", chosen=PHONE),
            Shot("vote", f"/cuoc-thi/{FIRST}/binh-chon", chosen=PHONE),
            Shot("sign-in", "/dang-nhap"),
            Shot("register", "/dang-ky"),
            Shot("help", "/huong-dan"),
            Shot("privacy", "/quyen-rieng-tu"),
            Shot("tour", "/demo", chosen=("desk", "en", "light")),
            Shot("tour-people", "/demo/nguoi"),
            Shot("tour-inbox", "/demo/hop-thu"),
            Shot("my-work-author", "/cua-toi", "thu.hau"),
            Shot("my-entries", "/bai-cua-toi", "thu.hau"),
            Shot("new-entry", f"/cuoc-thi/{SECOND}/viet", "thu.hau"),
            Shot("secretary-entries", f"/ban-to-chuc/{FIRST}/bai-du-thi", "thanh.van", MANUAL),
            Shot("secretary-entry", f"/ban-to-chuc/{FIRST}/bai-du-thi > /bai-du-thi/", "thanh.van"),
            Shot("organiser", f"/ban-to-chuc/{FIRST}", "ngoc.diep", MANUAL),
            Shot("organiser-people", f"/ban-to-chuc/{FIRST}/nhan-su", "ngoc.diep"),
            Shot("organiser-results", f"/ban-to-chuc/{FIRST}/ket-qua", "ngoc.diep"),
            Shot("chair", f"/ban-to-chuc/{FIRST}/cham", "quang.huan"),
            Shot("unit", "/don-vi/khe-ngon", "viet.tien"),
            Shot("account", "/tai-khoan", "thu.hau"),
            Shot("calendar", "/lich-ky-niem", chosen=MANUAL),
            Shot("commemoration", "/lich-ky-niem/tai-lap-an-lam"),
            Shot("next-season", "/cuoc-thi-moi > /soan-the-le/ > /thoi-gian", "ngoc.diep", MANUAL),
            Shot("remark", f"/cuoc-thi/{FIRST}/phan-anh"),
            Shot("cases", f"/ban-to-chuc/{FIRST}/phan-anh", "thanh.van"),
            Shot("case", f"/ban-to-chuc/{FIRST}/phan-anh > /phan-anh/", "thanh.van"),
            Shot("checks", f"/ban-to-chuc/{FIRST}/kiem-tra-cong-bo", "thanh.van"),
            Shot("observer", f"/giam-sat/{FIRST}", "duc.thang"),
            Shot("days-off", "/lich-ky-niem/ngay-nghi/2027", "bao.long"),
        ),
    ),
    (
        "2027-06-08T08:00:00+07:00",
        (
            Shot("organiser-results-steps", f"/ban-to-chuc/{FIRST}/ket-qua", "ngoc.diep", MANUAL),
            Shot("what-changed", f"/ban-to-chuc/{FIRST}/ket-qua/thay-doi", "ngoc.diep"),
        ),
    ),
    (
        "2027-06-10T14:40:00+07:00",
        (
            Shot("press", f"/bao-chi/{FIRST}", "minh.chau", PHONE),
            Shot("press-desk", f"/ban-to-chuc/{FIRST}/bao-chi", "ngoc.diep"),
        ),
    ),
    (
        "2027-06-11T08:00:00+07:00",
        (
            Shot("report-of-the-move", "/demo/da-lam"),
            Shot("home-results", "/"),
            Shot("honours", f"/cuoc-thi/{FIRST}/ket-qua", chosen=MANUAL),
            Shot("organiser-results-public", f"/ban-to-chuc/{FIRST}/ket-qua", "ngoc.diep"),
            Shot("ceremony", f"/cuoc-thi/{FIRST}/le-trao-giai", chosen=MANUAL),
            Shot("papers", f"/ban-to-chuc/{FIRST}/giay-to", "ngoc.diep"),
        ),
    ),
    (
        "2027-06-22T16:05:00+07:00",
        (
            Shot("honours-amended", f"/cuoc-thi/{FIRST}/ket-qua"),
            Shot("amendments", f"/ban-to-chuc/{FIRST}/ket-qua/dieu-chinh", "ngoc.diep"),
            Shot("letters", f"/ban-to-chuc/{FIRST}/thu", "ngoc.diep"),
            Shot("news", f"/cuoc-thi/{FIRST}/tin"),
        ),
    ),
    (
        "2027-08-18T10:00:00+07:00",
        (
            Shot("unit-asked", "/don-vi/ben-hac", "quang.khai"),
            Shot("unit-answer", "/don-vi/ben-hac > /xac-minh/", "quang.khai"),
        ),
    ),
    (
        "2027-08-25T09:00:00+07:00",
        (
            Shot("judge-queue", f"/cham/{SECOND}", "mai.lan"),
            Shot("judge-sheet", f"/cham/{SECOND} > /cham/{SECOND}/bai/", "mai.lan", MANUAL, MARKS),
            Shot("judge-sheet-phone", f"/cham/{SECOND} > /cham/{SECOND}/bai/", "mai.lan", PHONE, MARKS),
            Shot("chair-marking", f"/ban-to-chuc/{SECOND}/cham", "quang.huan"),
        ),
    ),
    ("2027-10-14T08:00:00+07:00", (Shot("honours-second", f"/cuoc-thi/{SECOND}/ket-qua"), Shot("home-end", "/"))),
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def demonstration() -> Iterator[str]:
    """A demonstration that serves; gives its address and ends it afterwards."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="demo-") as data:
        environment = {**os.environ, "CONTEST_DEMO": "1", "CONTEST_DATA": data, "PORT": str(port)}
        for name in ("CONTEST_CLOCK", "CONTEST_ENV", "DATABASE_URL", "REDIS_URL"):
            environment.pop(name, None)
        command = [sys.executable, str(ROOT / "scripts" / "serve.py")]
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(600):
                if server.poll() is not None:
                    raise SystemExit("the demonstration did not start")
                if answers(address):
                    break
                time.sleep(0.2)
            yield address
        finally:
            server.terminate()
            server.wait(timeout=30)


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/demo", timeout=5):  # noqa: S310 -- our own server
            return True
    except OSError:
        return False


def become(page: Page, address: str, who: str) -> None:
    """Sign in as somebody by the demonstration's own page."""
    page.goto(f"{address}/demo/nguoi")
    page.evaluate("document.querySelectorAll('details.more').forEach(each => { each.open = true })")
    people = page.locator(".demo-people form")
    names = {"thanh.van": "Đinh Thị Thanh Vân", "ngoc.diep": "Phan Thị Ngọc Diệp", "quang.huan": "Tạ Quang Huấn"}
    names |= {"viet.tien": "Hồ Viết Tiến", "quang.khai": "Lưu Quang Khải", "mai.lan": "Trịnh Thị Mai Lan"}
    names |= {"minh.chau": "Đoàn Thị Minh Châu", "duc.thang": "Kiều Đức Thắng", "bao.long": "Phùng Bảo Long"}
    people.filter(has_text=names.get(who, f"{who}@")).first.locator("button").click()
    page.wait_for_load_state()


def move(page: Page, address: str, target: str) -> None:
    """Go to a stop of the tour by its button, or by the same form with another time."""
    page.goto(f"{address}/demo")
    form = page.locator("main form[action$='/demo/toi']").filter(has=page.locator("input[name=to]")).first
    form.locator("input[name=to]").evaluate("(field, value) => { field.value = value }", target)
    form.locator("button").click(timeout=120_000)
    page.wait_for_url("**/demo/da-lam", timeout=120_000)


def open_page(page: Page, address: str, prefix: str, path: str) -> int:
    """Open a page, following the first link to each further part of `path`; the status of the last."""
    first, *links = path.split(" > ")
    response = page.goto(f"{address}{prefix}{first}")
    if links and first.startswith("/cham/"):
        begin_judging(page, f"{address}{prefix}{first}")
        response = page.goto(f"{address}{prefix}{first}")
    for part in links:
        inside = page.locator(f"main a[href*='{part}']")
        links_there = inside if inside.count() else page.locator(f"a[href*='{part}']")
        target = links_there.first.get_attribute("href", timeout=5_000)
        response = page.goto(f"{address}{target}")
    page.wait_for_load_state("networkidle")
    return response.status if response else 0


def begin_judging(page: Page, bench: str) -> None:
    """Accept the terms of judging, and declare to have no conflict of interest with what waits."""
    for step in ("quy-uoc", "khai-bao"):
        page.goto(f"{bench}/{step}")
        choices = page.locator("input[type=radio][value=none]")
        for each in choices.all():
            each.check()
        if choices.count() or step == "quy-uoc":
            send = page.locator("main form .btn.primary")
            if send.count():
                send.first.click()
                page.wait_for_load_state()


def take(page: Page, target: Path, *, whole: bool) -> None:
    """A WebP of the page, small enough for a manual unless it is one of all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    image = Image.open(io.BytesIO(page.screenshot(full_page=whole, animations="disabled"))).convert("RGB")
    image = image.crop((0, 0, image.width, min(image.height, LONGEST)))
    for quality in (86, 76, 66, 50, 35):
        image.save(target, "WEBP", quality=quality, method=6)
        if whole or target.stat().st_size <= MOST_BYTES:
            return


def context_for(browser: Browser, width: str, theme: str) -> BrowserContext:
    across, down = WIDTHS[width]
    return browser.new_context(
        viewport={"width": across, "height": down},
        device_scale_factor=2 if width == "phone" else 1,
        color_scheme="dark" if theme == "dark" else "light",
        locale="vi-VN",
    )


def walk(browser: Browser, address: str, target: Path, *, everything: bool) -> list[str]:
    """Take the pictures of every stop; returns what went wrong."""
    wrong: list[str] = []
    variants = [
        (width, language, theme) for width in WIDTHS for language in ("vi", "en") for theme in ("light", "dark")
    ]
    for instant, shots in STOPS:
        if instant:
            with context_for(browser, "desk", "light") as context:
                move(context.new_page(), address, instant)
        for variant in variants:
            wanted = [shot for shot in shots if everything or shot.chosen == variant]
            by_person: dict[str, list[Shot]] = {}
            for shot in wanted:
                by_person.setdefault(shot.who, []).append(shot)
            for who, theirs in by_person.items():
                with context_for(browser, variant[0], variant[2]) as context:
                    page = context.new_page()
                    if who:
                        become(page, address, who)
                    for shot in theirs:
                        wrong += one(page, address, shot, variant, target, everything=everything)
    return wrong


def one(
    page: Page, address: str, shot: Shot, variant: tuple[str, str, str], target: Path, *, everything: bool
) -> list[str]:
    """One picture; returns what is wrong with the page."""
    width, language, theme = variant
    name = f"{shot.name}-{width}-{language}-{theme}" if everything else shot.name
    try:
        status = open_page(page, address, "/en" if language == "en" else "", shot.path)
    except Exception as error:  # noqa: BLE001 -- one page must not keep the others from being taken
        return [f"{name}: {str(error).splitlines()[0]}"]
    for field, mark in zip(page.locator(".score input[type='text']").all(), shot.marks, strict=False):
        field.fill(mark)
        field.blur()
    take(page, target / f"{name}.webp", whole=everything)
    wrong = [] if status == 200 else [f"{name}: HTTP {status}"]
    across = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [*wrong, f"{name}: {across}px wider than the screen"] if across > 0 else wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", metavar="DIR", type=Path, help="every page in every variant, into DIR")
    options = parser.parse_args()
    executable = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with demonstration() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        wrong = walk(browser, address, options.all or IMAGES, everything=options.all is not None)
        browser.close()
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
