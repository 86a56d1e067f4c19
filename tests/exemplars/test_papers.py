"""Papers of a unit: what is taken, what is left of it, who sees it, and consent as the unit records it."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select

from contest.core.db import db
from contest.core.errors import Refused
from contest.exemplars.models import Consent, Verification, VerificationDocument
from contest.exemplars.papers import MOST_BYTES, MOST_PAPERS, make_paper
from contest.exemplars.queries import is_presentable, is_withdrawn, may_show_photos
from contest.exemplars.services import state_seen
from tests.exemplars.test_verification import ask, exemplar
from tests.factories import make_contest, make_officer, make_unit, sign_in

PDF = b"%PDF-1.7\n1 0 obj\n%%EOF\n"


def picture(kind="JPEG", size=(400, 300), **how):
    out = BytesIO()
    Image.new("RGB", size, "#8a5a2b").save(out, kind, **how)
    return out.getvalue()


def test_a_pdf_is_kept_as_it_is():
    paper = make_paper(PDF, "C:\\Users\\Lan\\Giấy xác nhận.PDF")
    assert (paper.content, paper.extension, paper.media_type) == (PDF, "pdf", "application/pdf")
    assert paper.name == "Giấy xác nhận.pdf"


def test_of_a_picture_the_pixels_are_kept():
    exif = Image.Exif()
    exif[0x010E] = "nhà bà Lan, 0900 000 001"
    sent = picture(exif=exif, comment=b"bi mat") + b"PK\x03\x04 zip behind"
    paper = make_paper(sent, "anh.png")
    assert paper.name == "anh.jpg"
    for secret in (b"0900", b"bi mat", b"PK\x03\x04"):
        assert secret not in paper.content
    assert Image.open(BytesIO(make_paper(picture("PNG", (4000, 100)), "x").content)).size == (2400, 60)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "paper_empty"),
        (b"%PDF-1.7 cut off", "paper_cut"),
        (PDF + b"x" * MOST_BYTES, "paper_large"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "paper_unreadable"),
        (b"PK\x03\x04docx", "paper_unreadable"),
        (picture()[:200], "paper_unreadable"),
        (picture("GIF"), "paper_unreadable"),
        (picture("PNG", (6000, 5000)), "paper_pixels"),
        (b"\x00" * 40, "paper_unreadable"),
    ],
)
def test_anything_else_is_refused_in_words(content, code):
    with pytest.raises(Refused) as refused:
        make_paper(content, "tep")
    assert refused.value.code == code


@pytest.mark.parametrize("name", ["", "\x00", "../../etc/passwd", "a\u202eb.pdf", "/", "." * 300])
def test_names_are_made_harmless(name):
    found = make_paper(PDF, name).name
    assert found.endswith(".pdf")
    assert "/" not in found
    assert "\\" not in found
    assert len(found) < 150


# On the unit's page


@pytest.fixture
def asked(app, client):
    contest, unit = make_contest(), make_unit()
    (question,) = ask(contest, exemplar(unit))
    sign_in(client, make_officer(unit))
    db.session.commit()
    return question


def page(question):
    return f"/don-vi/{question.unit.code}/xac-minh/{question.public_id}"


def send(client, question, *files, **data):
    papers = [(BytesIO(content), name) for content, name in files]
    standing = db.session.scalars(select(Verification).where(Verification.superseded_at.is_(None))).one()
    seen = state_seen(standing)
    return client.post(
        page(question), data={"papers": papers, "seen": seen, **data}, content_type="multipart/form-data"
    )


AGREED = {"outcome": "verified", "consent": "1", "photos": "1"}


def test_attached_now_keeps_what_was_typed(asked, client):
    answer = send(client, asked, (PDF, "xac-nhan.pdf"), act="attach", outcome="unverifiable", note="Đang hỏi thêm")
    assert answer.status_code == 200
    assert "Đang hỏi thêm" in answer.text
    assert "xac-nhan.pdf" in answer.text
    assert send(client, asked, act="attach").status_code == 422
    kept = db.session.scalars(select(VerificationDocument)).one()
    got = client.get(f"{page(asked)}/giay-to/{kept.public_id}")
    assert got.data == PDF
    assert got.headers["Content-Disposition"].startswith("attachment")
    assert got.headers["X-Content-Type-Options"] == "nosniff"


def test_a_refused_answer_loses_no_paper(asked, client):
    refused = send(client, asked, (PDF, "xac-nhan.pdf"), outcome="verified")
    assert refused.status_code == 422
    assert "xac-nhan.pdf" in refused.text
    assert send(client, asked, (PDF, "lan-nua.pdf"), **AGREED).status_code == 303
    assert len(db.session.scalars(select(VerificationDocument)).all()) == 1, "the same bytes are kept once"


def test_a_paper_can_be_taken_back_until_the_answer(app, asked, client):
    send(client, asked, (PDF, "nham.pdf"), act="attach")
    kept = db.session.scalars(select(VerificationDocument)).one()
    key = kept.key
    assert client.post(f"{page(asked)}/giay-to/{kept.public_id}").status_code == 303
    assert db.session.scalars(select(VerificationDocument)).all() == []
    assert client.get(f"{page(asked)}/giay-to/{kept.public_id}").status_code == 404
    assert not (app.config["SETTINGS"].data_dir / "files" / key).exists()
    send(client, asked, (PDF, "dung.pdf"), **AGREED)
    kept = db.session.scalars(select(VerificationDocument)).one()
    client.post(f"{page(asked)}/giay-to/{kept.public_id}")
    assert len(db.session.scalars(select(VerificationDocument)).all()) == 1


def test_not_without_end(asked, client):
    files = [(PDF.replace(b"1 0", f"{number} 0".encode()), f"{number}.pdf") for number in range(MOST_PAPERS)]
    send(client, asked, *files, act="attach")
    assert len(db.session.scalars(select(VerificationDocument)).all()) == MOST_PAPERS
    assert send(client, asked, (PDF + b"\n", "mot-nua.pdf"), act="attach").status_code == 422


# Consent, as the unit hears it


def test_consent_is_recorded_for_each_purpose(asked, client):
    assert send(client, asked, outcome="verified", consent="1").status_code == 422, "silence is not consent"
    send(client, asked, outcome="verified", consent="1", photos="0")
    assert is_presentable(asked.exemplar)
    assert not may_show_photos(asked.exemplar)
    rows = db.session.scalars(select(Consent)).all()
    assert [(row.purpose, row.version, row.given_by, row.withdrawn_at) for row in rows] == [
        ("present", "2027-2", "exemplar", None)
    ]
    assert rows[0].verification_id == asked.id


def test_a_young_child_is_spoken_for(app, client):
    contest, unit = make_contest(), make_unit()
    (question,) = ask(contest, exemplar(unit, is_child=True))
    sign_in(client, make_officer(unit))
    assert "alone" in client.get(page(question)).text
    send(client, question, outcome="verified", consent="alone", guardian_consent="1", photos="1")
    assert {row.given_by for row in db.session.scalars(select(Consent))} == {"guardian"}
    assert is_presentable(question.exemplar)


def test_withdrawn_at_the_unit(asked, client):
    send(client, asked, **AGREED)
    client.post(page(asked) + "/rut-dong-y", data={"purpose": "photos"})
    db.session.expire_all()
    assert (is_presentable(asked.exemplar), may_show_photos(asked.exemplar)) == (True, False)
    client.post(page(asked) + "/rut-dong-y", data={"purpose": "present", "because": "Không muốn lên báo."})
    db.session.expire_all()
    assert is_withdrawn(asked.exemplar)
    assert client.post(page(asked) + "/rut-dong-y", data={"purpose": "money"}).status_code == 303
    # The same answer once more is a new consent, not "nothing changed".
    standing = db.session.scalars(select(Verification).where(Verification.superseded_at.is_(None))).one()
    assert send(client, standing, **AGREED).status_code == 303
    db.session.expire_all()
    assert is_presentable(asked.exemplar)
    assert len(db.session.scalars(select(Consent)).all()) == 4
