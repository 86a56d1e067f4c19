"""The rules and blank forms as printed papers: archival PDF, whole Vietnamese, nothing read as markup."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from contest.contests.models import Contest
from tests.conftest import START
from tests.factories import make_contest

FORMS = ("bai-du-thi", "nguoi-dai-dien", "dien-hinh", "xac-minh")
A4 = (595, 842)


def words_of(text: str) -> str:
    return " ".join(text.replace("\ufffe", "").replace("\x02", "").split())


def read(content: bytes, name: str = "") -> str:
    """The text of a paper; every page is A4 and nothing runs over its edges."""
    assert content.startswith(b"%PDF-1.7")
    assert b"<pdfaid:part>2</pdfaid:part>" in content
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in content
    document = pypdfium2.PdfDocument(content)
    texts, feet = list[str](), list[str]()
    for number, page in enumerate(document):
        assert tuple(round(side) for side in page.get_size()) == A4
        for thing in page.get_objects():
            left, bottom, right, top = thing.get_bounds()
            assert left >= 20
            assert right <= A4[0] - 20
            assert bottom >= 15
            assert top <= A4[1] - 15
        texts.append(page.get_textpage().get_text_bounded(bottom=50))
        feet.append(page.get_textpage().get_text_bounded(top=50))
        if folder := os.environ.get("SHOW_PAPERS"):
            page.render(scale=1.2).to_pil().save(Path(folder) / f"{name}-{number}.png")
    return words_of(" ".join([*texts, *feet]))


def issued(index: int, clock: Any) -> Contest:
    contest = make_contest(index)
    clock.instant = max(START, contest.rules.official_at)
    return contest


@pytest.mark.parametrize("index", [0, 1])
def test_the_rules_are_printed_in_full(app, client, clock, index):
    contest = issued(index, clock)
    for language in ("vi", "en"):
        answer = client.get(("" if language == "vi" else "/en") + f"/cuoc-thi/{contest.slug}/the-le.pdf")
        assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
        text = read(answer.data, f"rules-{index}-{language}")
        rules = contest.rules
        said = [rules.title, *(article.text for article in rules.rules_articles)]
        said += [step.label for step in rules.public_steps()]
        said += [each.name for each in (*rules.categories, *rules.rubric.criteria, *rules.prizes)]
        for each in said:
            # A line may break after a dash, which reads as a space.
            assert "".join(getattr(each, language).split()) in "".join(text.split())
        assert rules.bodies.governing.vi.upper() in text or language == "en"
        assert contest.current_version.sha256 in text.replace(" ", "")


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("name", FORMS)
def test_blank_forms(app, client, clock, name, index):
    contest = issued(index, clock)
    answer = client.get(f"/cuoc-thi/{contest.slug}/mau/{name}.pdf")
    text = read(answer.data, f"{name}-{index}")
    assert words_of(contest.rules.title.vi) in text
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in text
    assert "Độc lập – Tự do – Hạnh phúc" in text
    assert not re.search(r"căn cước(?! )|CCCD|CMND", text)
    english = read(client.get(f"/en/cuoc-thi/{contest.slug}/mau/{name}.pdf").data, f"{name}-{index}-en")
    assert "Independence – Freedom – Happiness" in english


def test_there_are_no_other_forms(app, client):
    contest = make_contest()
    assert client.get(f"/cuoc-thi/{contest.slug}/mau/giay-khen.pdf").status_code == 404
    assert client.get("/cuoc-thi/khong-co/the-le.pdf").status_code == 404


def test_the_page_of_the_rules_leads_to_them(app, client):
    contest = make_contest()
    page = client.get(f"/cuoc-thi/{contest.slug}/the-le").get_data(as_text=True)
    for name in FORMS:
        assert f"/cuoc-thi/{contest.slug}/mau/{name}.pdf" in page
    assert f"/cuoc-thi/{contest.slug}/the-le.pdf" in page
