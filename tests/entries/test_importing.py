"""The text of a draft from a file: looked at first, then taken or left; what was there before comes back."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO

import pytest
from sqlalchemy import select

from contest.audit.models import AuditRow
from contest.core.db import db
from contest.core.errors import NotFound
from contest.core.richtext import parse
from contest.core.web.files import file_store
from contest.documents.legacy import to_legacy
from contest.entries import importing, services
from contest.entries.models import Attachment, Entry
from contest.entries.rules import EARLIER, SOURCE, WAITING
from contest.tasks import tick
from tests.conftest import START
from tests.documents.making import STORY, docx, docx_with_images, paragraph, picture
from tests.factories import make_contest, make_user, sign_in
from tests.factories.entries import make_draft, submit_draft

TITLED = paragraph("Người giữ bến", '<w:pStyle w:val="Title"/>')
STYLES = (
    '<?xml version="1.0"?><w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    '<w:style w:styleId="Title" w:type="paragraph"><w:name w:val="Title"/></w:style></w:styles>'
)


def text(response) -> str:
    return response.get_data(as_text=True)


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"no field {name}"
    return found[1]


@pytest.fixture
def draft(app, client) -> Entry:
    entry = make_draft(make_contest(), make_user(), body="Bản cũ viết tay.", title="", photos=0)
    sign_in(client, entry.author)
    return entry


def fresh(entry: Entry) -> Entry:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get(Entry, entry.id)


def kinds(entry: Entry) -> list[str]:
    return sorted(each.kind for each in fresh(entry).attachments)


def send(client, entry: Entry, content: bytes, name: str = "bài.docx"):
    return client.post(f"/viet/{entry.public_id}/lay-tu-tep", data={"document": (BytesIO(content), name)})


def take(client, entry: Entry, **changes: str):
    page = text(client.get(f"/viet/{entry.public_id}/lay-tu-tep"))
    values = {name: hidden(page, name) for name in ("sent", "version", "encoding")}
    return client.post(
        f"/viet/{entry.public_id}/lay-tu-tep/lay", data={**values, "title": "Người giữ bến", "photos": "1", **changes}
    )


def test_a_file_is_looked_at_and_then_taken_with_its_photos(app, client, draft):
    content = docx_with_images(
        {"a.jpg": picture(), "b.png": picture(500, 400, "PNG", "#00aa44")}, TITLED + "".join(map(paragraph, STORY))
    )
    address = f"/viet/{draft.public_id}/lay-tu-tep"
    assert send(client, draft, content).location == address
    page = text(client.get(address))
    assert "bài.docx" in page and STORY[0] in page and "Hình: 2" in page
    assert fresh(draft).body == "Bản cũ viết tay." and kinds(draft) == [WAITING]

    assert take(client, draft).location == f"/viet/{draft.public_id}"
    entry = fresh(draft)
    assert entry.title == "Người giữ bến"
    assert entry.body.endswith("\n\n".join(STORY))
    assert entry.version == 3 and entry.word_count == len(entry.body.split())
    assert [photo.public_id for photo in entry.photos] == list(parse(entry.document).photos)
    assert kinds(draft) == [EARLIER, SOURCE]
    source = importing.attachment_of(entry, SOURCE)
    assert file_store().read(source.key) == content and source.name == "bài.docx" and source.size == len(content)
    (row,) = db.session.scalars(select(AuditRow).where(AuditRow.verb == "entries.take_document"))
    assert row.details["sha256"] == source.sha256 and row.details["photos"] == 2


def test_the_text_before_comes_back_and_the_other_is_kept(app, client, draft):
    send(client, draft, docx())
    take(client, draft)
    address = f"/viet/{draft.public_id}/lay-tu-tep"
    for body in ("Bản cũ viết tay.", "\n\n".join(STORY), "Bản cũ viết tay."):
        page = text(client.get(address))
        sent = {name: hidden(page, name) for name in ("version", "kept")}
        assert client.post(f"{address}/lay-lai", data=sent).location == f"/viet/{draft.public_id}"
        assert fresh(draft).body == body
        assert kinds(draft) == [EARLIER, SOURCE]
    # The page of another window gives nothing back twice.
    client.post(f"{address}/lay-lai", data=sent)
    assert fresh(draft).body == "Bản cũ viết tay."


def test_what_is_left_changes_nothing_and_leaves_nothing(app, client, draft):
    send(client, draft, docx())
    key = importing.attachment_of(fresh(draft), WAITING).key
    client.post(f"/viet/{draft.public_id}/lay-tu-tep/bo")
    assert kinds(draft) == [] and fresh(draft).body == "Bản cũ viết tay."
    with pytest.raises(NotFound):
        file_store().read(key)


def test_another_window_is_never_overwritten(app, client, draft):
    send(client, draft, docx())
    page = text(client.get(f"/viet/{draft.public_id}/lay-tu-tep"))
    entry = fresh(draft)
    services.save_text(entry=entry, version=entry.version, title="", genre="", body="Viết thêm ở máy khác.", now=START)
    db.session.commit()
    values = {name: hidden(page, name) for name in ("sent", "version", "encoding")}
    answer = client.post(f"/viet/{draft.public_id}/lay-tu-tep/lay", data={**values, "title": "Tên"})
    assert answer.status_code == 409 and "ghi đè" in text(answer)
    assert fresh(draft).body == "Viết thêm ở máy khác." and kinds(draft) == [WAITING]
    # The page shows it again with the version of now, so that the writer may decide once more.
    assert (
        client.post(
            f"/viet/{draft.public_id}/lay-tu-tep/lay",
            data={name: hidden(text(answer), name) for name in ("sent", "version", "encoding")},
        ).status_code
        == 303
    )
    assert fresh(draft).body == "\n\n".join(STORY)


def test_another_file_sent_meanwhile_is_not_taken_unseen(app, client, draft):
    send(client, draft, docx())
    first = importing.attachment_of(fresh(draft), WAITING)
    key, sent = first.key, first.public_id
    send(client, draft, docx(paragraph("Một bài khác hẳn, dài hơn một chút.")), "khác.docx")
    assert take(client, draft, sent=sent).status_code == 409
    assert fresh(draft).body == "Bản cũ viết tay." and kinds(draft) == [WAITING]
    with pytest.raises(NotFound):
        file_store().read(key)


def test_old_letters_are_shown_both_ways_and_the_writer_decides(app, client, draft):
    old = "".join(paragraph(to_legacy(line, "tcvn3")) for line in STORY)
    send(client, draft, docx(old))
    address = f"/viet/{draft.public_id}/lay-tu-tep"
    page = text(client.get(address))
    assert "TCVN3" in page and STORY[0] in page and "S¸ng nµo" in page and hidden(page, "encoding") == "tcvn3"
    kept = text(client.get(f"{address}?bang_ma=keep"))
    assert hidden(kept, "encoding") == "keep"
    take(client, draft, encoding="keep")
    assert "S¸ng nµo" in fresh(draft).body
    send(client, draft, docx(old))
    take(client, draft)
    assert fresh(draft).body == "\n\n".join(STORY)


def test_pasted_text_is_converted_and_no_file_is_kept_of_it(app, client, draft):
    address = f"/viet/{draft.public_id}/lay-tu-tep"
    assert client.post(address, data={"pasted": to_legacy("\r\n\r\n".join(STORY), "vni")}).status_code == 303
    take(client, draft)
    assert fresh(draft).body == "\n\n".join(STORY)
    assert kinds(draft) == [EARLIER]


def test_refusals_say_what_to_do_and_keep_what_was_pasted(app, client, draft):
    address = f"/viet/{draft.public_id}/lay-tu-tep"
    for data in ({"document": (BytesIO(b""), "")}, {"document": (BytesIO(b""), "a.docx")}, {"pasted": ""}, {}):
        answer = client.post(address, data=data)
        assert answer.status_code == 422 and "trống" in text(answer)
    answer = send(client, draft, picture(), "ảnh.docx")
    assert answer.status_code == 422 and "Ảnh" in text(answer)
    answer = client.post(address, data={"pasted": "   "})
    assert answer.status_code == 422
    assert kinds(draft) == []


def test_the_bound_of_the_rules_is_kept(app, client, draft):
    most = draft.contest.rules.entry_rules.max_file_mb
    answer = send(client, draft, b"x" * (most * 1_000_000 + 1), "a.txt")
    assert answer.status_code == 422 and f"{most} MB" in text(answer)
    answer = send(client, draft, b"x" * (25 * 1024 * 1024), "a.txt")
    assert answer.status_code == 413


def test_photos_keep_to_their_number_and_are_made_anew(app, client, draft):
    most = draft.contest.rules.category("A").photos.max
    images = {f"{number}.png": picture(300, 300, "PNG", f"#{number * 9:02x}0000") for number in range(most + 2)}
    images["broken.png"] = b"\x89PNG\r\n\x1a\nnothing behind it"
    send(client, draft, docx_with_images(dict(sorted(images.items()))))
    take(client, draft)
    entry = fresh(draft)
    assert len(entry.photos) == most
    assert all(file_store().read(photo.large_key)[8:12] == b"WEBP" for photo in entry.photos)
    # Once more: the same pictures are placed, not added.
    send(client, draft, docx_with_images({"0.png": images["0.png"]}))
    take(client, draft)
    entry = fresh(draft)
    assert len(entry.photos) == most and len(parse(entry.document).photos) == 1


def test_pictures_can_be_left_out(app, client, draft):
    send(client, draft, docx_with_images({"a.jpg": picture()}))
    page = text(client.get(f"/viet/{draft.public_id}/lay-tu-tep"))
    values = {name: hidden(page, name) for name in ("sent", "version", "encoding")}
    client.post(f"/viet/{draft.public_id}/lay-tu-tep/lay", data={**values, "title": "Tên"})
    assert fresh(draft).photos == [] and "[photo:" not in fresh(draft).document


def test_nobody_else_and_nothing_submitted(app, client, draft):
    stranger = make_user()
    sign_in(client, stranger)
    for way in ("", "/lay", "/bo", "/lay-lai"):
        assert client.post(f"/viet/{draft.public_id}/lay-tu-tep{way}").status_code == 404
    assert client.get(f"/viet/{draft.public_id}/lay-tu-tep").status_code == 404
    sign_in(client, draft.author)
    entry = make_draft(draft.contest, draft.author)
    submit_draft(entry)
    db.session.commit()
    assert send(client, entry, docx()).location.endswith(f"/bai-cua-toi/{entry.public_id}")
    assert kinds(entry) == []


def test_files_left_lying_go_after_a_day(app, client, clock, draft):
    send(client, draft, docx())
    key = importing.attachment_of(fresh(draft), WAITING).key
    clock.instant = START + importing.WAITS - timedelta(microseconds=1)
    tick(app)
    assert kinds(draft) == [WAITING]
    clock.instant = START + importing.WAITS
    tick(app)
    assert kinds(draft) == []
    with pytest.raises(NotFound):
        file_store().read(key)


def test_what_only_a_draft_needs_goes_when_it_is_submitted(app, client, draft):
    entry = make_draft(draft.contest, make_user())
    for kind in (EARLIER, WAITING, SOURCE):
        kept = importing.keep_file(b"x", "a.docx", "text/plain", file_store())
        db.session.add(Attachment(entry_id=entry.id, kind=kind, added_at=START, **kept._asdict()))
    db.session.flush()
    db.session.expire(entry)
    submit_draft(entry)
    db.session.commit()
    assert [file["kind"] for file in entry.receipts[-1].files] == ["photo", SOURCE]
    tick(app)
    assert kinds(entry) == [SOURCE]


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\Users\\a\\bài.docx", "bài\u202excod.exe", "\0", "x" * 900])
def test_names_of_files_are_one_harmless_line(name):
    kept = importing.file_name(name)
    assert len(kept) <= 200 and "/" not in kept and "\\" not in kept and kept.isprintable()
