"""Posters: what stands on them, for which entries, until when, and that they fit their sheet."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pypdfium2
import pytest

from contest.core.db import db
from contest.core.qr import qr_path
from contest.voting import views_posters
from tests.conftest import Client
from tests.factories import make_staff, sign_in
from tests.factories.editions import publish_edition, unpublish
from tests.factories.voting import during, let_fall_out, make_vote, voting_window

LONGEST = (
    "Người phụ nữ Ẫm Ỡm nuôi dưỡng nghị lực vượt khó giữa đồng nước mênh mông: chuyện những đứa trẻ mồ côi ở ấp Kỷ"
    " Nguyễn tìm thấy mái nhà, bếp lửa và con chữ nhờ tấm lòng của bà giáo già nghỉ hưu Đoàn Thị Ngọc Ẩn"
)
DIACRITICS = "Ặ Ẵ Ẳ Ắ Ằ Ễ Ể Ế Ề Ệ Ỗ Ổ Ố Ồ Ộ Ỡ Ở Ớ Ờ Ợ Ữ Ử Ứ Ừ Ự Ỹ Ỷ Ý Ỳ Ỵ ẵ ẳ ễ ể ỗ ổ ỡ ở ữ ử ỹ ỷ đ Đ"


@pytest.fixture
def shown(app, clock):
    contest, entries = make_vote(finalists=3)
    for entry in entries:
        publish_edition(entry, title=f"Nhan đề {entry.blind_code}")
    db.session.commit()
    clock.instant = during(contest)
    return contest, entries


def path_of(contest, entry):
    return f"/cuoc-thi/{contest.slug}/binh-chon/ap-phich/{entry.public_id}.pdf"


def opened(answer):
    assert answer.status_code == 200
    assert answer.mimetype == "application/pdf"
    return pypdfium2.PdfDocument(BytesIO(answer.data))


def text_of(answer):
    document = opened(answer)
    assert len(document) == 1
    return " ".join(document[0].get_textpage().get_text_range().split())


def test_a_poster_says_what_it_must_and_asks_for_nothing(client, shown):
    contest, entries = shown
    text = text_of(client.get(path_of(contest, entries[0])))
    assert f"Nhan đề {entries[0].blind_code}" in text
    assert f"Mã số {entries[0].blind_code}" in text
    assert "Mỗi bạn đọc có một phiếu. Chọn tối đa 3 bài." in text
    assert "Bình chọn không mất tiền. Đóng lúc Thứ Hai, 24/05/2027, 17:00 (giờ Việt Nam)." in text
    assert f"localhost/cuoc-thi/{contest.slug}/binh-chon" in text
    assert entries[0].author_name not in text
    for word in ("chia sẻ", "hãy bình chọn cho", "ủng hộ"):
        assert word not in text.lower()


def test_posters_differ_by_their_entry_alone(client, shown):
    contest, entries = shown
    texts = {
        text_of(client.get(path_of(contest, entry)))
        .replace(entry.blind_code, "····")
        .replace(entry.exemplar.name, "…")
        .replace(entry.exemplar.unit.name if entry.exemplar.unit else "…", "…")
        for entry in entries
    }
    assert len(texts) == 1


def test_the_code_leads_to_the_booth_with_the_entry_in_view(client, shown, monkeypatch):
    contest, entries = shown
    asked = []
    monkeypatch.setattr("contest.voting.views_print.qr_path", lambda text: asked.append(text) or qr_path(text))
    for prefix in ("", "/en"):
        client.get(prefix + path_of(contest, entries[0]))
    assert set(asked) == {f"http://localhost/cuoc-thi/{contest.slug}/binh-chon#bai-{entries[0].public_id}"}
    assert f'id="bai-{entries[0].public_id}"' in client.get(f"/cuoc-thi/{contest.slug}/binh-chon").text


@pytest.mark.parametrize("size", ["a4", "a3"])
@pytest.mark.parametrize("title", ["Đò", LONGEST, DIACRITICS, "Nghiêng" * 8])
def test_every_title_fits_one_sheet(client, shown, title, size):
    contest, entries = shown
    publish_edition(entries[0], title=title)
    db.session.commit()
    document = opened(client.get(f"{path_of(contest, entries[0])}?kho={size}"))
    assert len(document) == 1
    wide, high = document[0].get_size()
    assert (round(wide), round(high)) == ((595, 842) if size == "a4" else (842, 1191))
    page = document[0].get_textpage()
    found = "".join(page.get_text_range().split())
    if title != "Nghiêng" * 8:  # a word longer than the sheet is parted; it is no word
        assert "".join(title.split()) in found
    for at in range(page.count_chars()):
        left, bottom, right, top = page.get_charbox(at)
        assert left >= -1 and right <= wide + 1 and bottom >= -1 and top <= high + 1


def test_before_the_vote_and_after_it_there_is_none_for_the_public(client, shown, clock):
    contest, entries = shown
    opens, closes = voting_window(contest)
    for instant, status in (
        (opens - timedelta(microseconds=1), 404),
        (opens, 200),
        (closes - timedelta(microseconds=1), 200),
        (closes, 404),
    ):
        clock.instant = instant
        assert client.get(path_of(contest, entries[0])).status_code == status


def test_only_entries_that_readers_have_and_that_stand(client, shown):
    contest, entries = shown
    unpublish(entries[0])
    let_fall_out(entries[1])
    db.session.commit()
    assert client.get(path_of(contest, entries[0])).status_code == 404
    assert client.get(path_of(contest, entries[1])).status_code == 404
    assert client.get(path_of(contest, entries[2])).status_code == 200
    assert client.get(f"/cuoc-thi/{contest.slug}/binh-chon/ap-phich/zzzzzzzzzzzzzz.pdf").status_code == 404
    assert client.get(f"{path_of(contest, entries[2])}?kho=a0").status_code == 404


def test_caches_keep_a_poster_a_minute_at_most(client, shown):
    contest, entries = shown
    kept = client.get(path_of(contest, entries[0])).headers["Cache-Control"]
    assert kept.startswith("public, max-age=")
    assert int(kept.rpartition("=")[2]) <= 60 == views_posters._MINUTE


def test_the_page_of_a_story_leads_to_its_poster_while_the_vote_is_open(client, shown, clock):
    contest, entries = shown
    assert path_of(contest, entries[0]) in client.get(f"/bai/{entries[0].public_id}").text
    clock.instant = voting_window(contest)[1]
    assert "ap-phich" not in client.get(f"/bai/{entries[0].public_id}").text


def test_organisers_have_them_by_code_before_the_vote(app, shown, clock):
    contest, entries = shown
    unpublish(entries[0])
    clock.instant = voting_window(contest)[0] - timedelta(days=2)
    client = Client(app, app.response_class)
    sign_in(client, make_staff(contest, "secretary"))
    page = client.get(f"/ban-to-chuc/{contest.slug}/binh-chon/ap-phich")
    places = [page.text.index(f">{code}<") for code in sorted(entry.blind_code for entry in entries)]
    assert places == sorted(places)
    assert "chưa duyệt đăng" in page.text
    base = f"/ban-to-chuc/{contest.slug}/binh-chon/ap-phich"
    assert text_of(client.get(f"{base}/{entries[1].public_id}.pdf"))
    assert client.get(f"{base}/{entries[0].public_id}.pdf").status_code == 404
