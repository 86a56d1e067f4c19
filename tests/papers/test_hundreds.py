"""Hundreds of certificates with the longest names and every mark: each holds what it must, in the same memory."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from itertools import cycle, islice
from pathlib import Path

import pypdfium2
import pytest
from sqlalchemy import select

from contest.core.db import db
from contest.core.qr import QUIET, qr_path
from contest.core.web.files import file_store
from contest.papers import certificates
from contest.results.models import ResultSet
from contest.results.models_after import UnitAward
from tests.factories import make_unit
from tests.factories.results import make_results, publish
from tests.papers.test_papers import ADDRESS, ask, find

ROOT = Path(__file__).parents[2]
PAPERS = int(os.environ.get("PAPERS", "150"))
KEEP = os.environ.get("PAPERS_KEEP")  # a folder to look at what was made
MARKS = "ẮẰẲẴẶẤẦẨẪẬẾỀỂỄỆỐỒỔỖỘỚỜỞỠỢỨỪỬỮỰỲỴỶỸĐ"
NAMES = (
    "A Ỷ",
    f"Xã {MARKS[:18]} {MARKS[18:]}",
    f"xã {MARKS.lower()[:18]} {MARKS.lower()[18:]}",
    "H’Hen Niê Ksơr Êban Ayũn Kbuôr Mlô",
    "Công Tằng Tôn Nữ Thị Ngọc Bảo Quỳnh Trâm Anh Thùy Dương",
    "Ủy ban Mặt trận Tổ quốc Việt Nam và các tổ chức chính trị – xã hội xã Mường Khương Lùng Khấu Nhin, huyện Vị Xuyên",
    "Trung tâm Văn hóa, Thể thao, Truyền thông và Cung ứng dịch vụ sự nghiệp công đặc khu Bạch Long Vĩ " * 2,
)


@pytest.fixture
def made(app):
    """A finished job with `PAPERS` certificates beyond those of the authors, and how much memory its maker had."""
    world = make_results()
    publish(world)
    result_set = db.session.scalars(select(ResultSet)).one()
    prize = next(each for each in world.contest.rules.prizes if each.to == "unit")
    for place, name in enumerate(islice(cycle(NAMES), PAPERS)):
        unit = make_unit(f"{name.strip()} {place}")
        db.session.add(
            UnitAward(
                result_set_id=result_set.id, position=100 + place, prize_id=prize.id, unit=unit, amount_vnd=0, why=[]
            )
        )
    db.session.commit()
    public_id = ask(world)
    settings = app.config["SETTINGS"]
    arguments = [str(settings.data_dir), app.config["SQLALCHEMY_DATABASE_URI"], world.ready_at.isoformat(), "--memory"]
    told = subprocess.run(
        [sys.executable, "-m", "tests.papers.paper_worker", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
        text=True,
        timeout=300,
    ).stdout
    memory = [(int(done), int(kilobytes)) for done, kilobytes in re.findall(r"(\d+) papers, (\d+) kB", told)]
    return world, find(public_id), memory


def test_all_of_them_say_whose_they_are_and_memory_stays(made):
    world, job, memory = made
    assert (job.state, job.done) == ("done", PAPERS + len(certificates.of_contest(world.contest.id)) - PAPERS)
    issued = iter(certificates.of_contest(world.contest.id))
    for number, key in enumerate(job.parts):
        content = file_store().read(key)
        if KEEP:
            Path(KEEP, f"{number:02}.pdf").write_bytes(content)
        document = pypdfium2.PdfDocument(content)
        for page in document:
            certificate = next(issued)
            told = " ".join(page.get_textpage().get_text_range().split())
            # Letters come out as they went in, marks and all: the fonts inside say which signs they draw.
            assert certificate.words["name"].strip() in told
            assert f"Số: {certificates.numbered(certificate)}" in told
            _check_on_page(page)
        if number in (0, len(job.parts) - 1):
            _check_code(document[len(document) - 1], certificate)
    assert next(issued, None) is None
    # The first piece loads fonts and templates; those after it take no more than a little.
    assert len(memory) > 5
    assert max(kilobytes for _, kilobytes in memory) - memory[0][1] < 30_000, memory


def _check_on_page(page) -> None:
    """Every sign is on the paper, none of them cut off at its edge."""
    width, height = page.get_size()
    text = page.get_textpage()
    for place in range(text.count_rects()):
        left, bottom, right, top = text.get_rect(place)
        assert 0 < left < right < width and 0 < bottom < top < height


def _check_code(page, certificate) -> None:
    """The QR code as it is printed is that of the page that confirms this certificate, module by module."""
    expected = qr_path(f"{ADDRESS}{certificate.code}")
    dark = {
        (int(x) + run, int(y))
        for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1", expected.path)
        for run in range(int(length))
    }
    scale = 300 / 72
    picture = page.render(scale=scale, grayscale=True).to_numpy()
    picture = picture[:, :, 0] if picture.ndim == 3 else picture
    # The code stands at the lower left: found by the first dark rows and columns of its corners.
    side = 22 / 25.4 * 300
    found = _square(picture, expected.size, side)
    assert found == dark


def _square(picture, size: int, side: float) -> set[tuple[int, int]]:
    """Which modules of the code are dark: looked for where the template places it."""
    module = side / size
    height, width = picture.shape
    area = picture[int(height * 0.6) :, : int(width * 0.32)]
    # The three large squares are the only solid dark blocks of 7 modules beside a light ring.
    rows = [y for y in range(area.shape[0]) if _finder(area[y], module)]
    assert rows, "no code on the page"
    y0 = rows[0]
    x0 = _finder(area[y0 + int(module * 0.3)], module)
    assert x0 is not None
    inner = size - 2 * QUIET
    return {
        (x + QUIET, y + QUIET)
        for x in range(inner)
        for y in range(inner)
        if area[int(y0 + (y + 0.5) * module), int(x0[0] + (x + 0.5) * module)] < 128
    }


def _finder(row, module: float):
    """Where a dark run of seven modules begins in a row, twice: the tops of two corners."""
    runs, start = [], None
    for x, value in enumerate([*row, 255]):
        if value < 128 and start is None:
            start = x
        elif value >= 128 and start is not None:
            if abs((x - start) - 7 * module) < module * 0.6:
                runs.append(start)
            start = None
    return runs if len(runs) >= 2 else None
