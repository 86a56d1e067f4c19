"""Forty things that say whose an entry is, planted in it; a judge who goes everywhere finds none.

The crawl asks for every GET route there is, with the judge's own objects and with the author's, the
photos in each size, what a browser sends again (304), refused forms, and both languages; it looks
through bytes and headers.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from io import BytesIO

import pytest
from PIL import Image, PngImagePlugin
from sqlalchemy import select
from werkzeug.routing import BuildError

from contest.core.db import db
from contest.core.text import fold
from contest.core.web.access import access_of
from contest.entries import services
from contest.entries.models import Attachment, CoAuthor, Entry
from contest.exemplars.models import Verification
from contest.judging.models import Assignment
from contest.screening.leaks import identity_leaks
from contest.units.models import Unit
from tests.factories import entries as entry_factory
from tests.factories import make_contest, make_staff, make_unit, make_user, sign_in
from tests.factories.judging import give, opening_of, seat_judge

STORY = "Sáng nào ông cũng chèo đò qua sông. Không ai phải trả tiền. Mùa nước lũ ông vẫn chèo."
MODES = {"author_hidden": (0, "A"), "full": (1, "C")}
_TOKEN = re.compile(r"[\w-]{20,}\.[\w-]{5,}\.[\w-]{20,}")


@dataclass
class Planted:
    """An entry under one judge's eyes, and every string that would tell whose it is, by what it is."""

    entry: Entry
    judge: object
    assignment: Assignment
    canaries: dict[str, str] = field(default_factory=dict)


def jpeg_with_everything(mark: str) -> bytes:
    """EXIF (author, description, software, GPS note), a comment, XMP and an IPTC block."""
    exif = Image.Exif()
    exif[0x013B] = f"qzexifauthor{mark}"
    exif[0x010E] = f"qzexifdescription{mark}"
    exif[0x8298] = f"qzexifcopyright{mark}"
    exif.get_ifd(0x8825)[0x001D] = f"qzexifgps{mark}"
    out = BytesIO()
    image = Image.effect_noise((640, 480), 60).convert("RGB")
    image.save(out, "JPEG", exif=exif, comment=f"qzjpegcomment{mark}".encode(), xmp=f"<x>qzxmp{mark}</x>".encode())
    content = out.getvalue()
    iptc = b"Photoshop 3.0\x008BIM\x04\x04\x00\x00" + f"qziptc{mark}".encode()
    return content[:2] + b"\xff\xed" + (len(iptc) + 2).to_bytes(2, "big") + iptc + content[2:]


def png_with_everything(mark: str) -> bytes:
    told = PngImagePlugin.PngInfo()
    told.add_text("Author", f"qzpngtext{mark}")
    told.add_itxt("Comment", f"qzpngitxt{mark}")
    out = BytesIO()
    Image.effect_noise((640, 480), 60).convert("RGB").save(out, "PNG", pnginfo=told)
    return out.getvalue()


def plant(client, clock, mode: str, mark: str, judge=None) -> Planted:
    """An entry sent through the pages and services, with a canary wherever something can be written."""
    index, category = MODES[mode]
    contest = make_contest(index) if judge is None else judge[0]
    window = contest.rules.window("submission")
    clock.instant = now = max(window.opens, contest.created_at) + timedelta(days=1, minutes=17, seconds=43)
    said: dict[str, str] = {}

    def canary(what: str) -> str:
        said[what] = f"qz{what}{mark}"
        return said[what]

    def phone(what: str, digits: str) -> str:
        said[what] = digits
        return digits

    number = {"a": "7", "b": "8"}[mark]
    writer = make_user(f"Người {canary('accountname')}", email=f"{canary('accountmail')}@an-lam.example")
    helper = make_user(f"Người {canary('helpername')}", email=f"{canary('helpermail')}@an-lam.example")
    draft = entry_factory.make_draft(
        contest,
        writer,
        category,
        now=now,
        title=f"Ông lái đò thứ {number}",
        body=" ".join([STORY] * 12),
        photos=0,
        unit=make_unit(f"xã Bến Đò {number}"),
        exemplar_name="Lê Văn Đò",
        exemplar_contact=canary("exemplarcontact"),
        author_name=f"Người {canary('authorname')}",
        pen_name=f"Bút {canary('penname')}",
        author_phone=phone("phone", f"09311111{number}1"),
        author_address=canary("address"),
        author_unit=make_unit(f"trường {canary('unit')}", code=canary("unitcode")),
        birth_date=date(2014, 7, 1) if category == "C" else date(2010, 7, 1),
        guardian_name=canary("guardian"),
        guardian_phone=phone("guardianphone", f"09322222{number}2"),
        guardian_relation=canary("relation"),
        guardian_consent=True,
    )
    sign_in(client, writer)
    for name, content in (("jpg", jpeg_with_everything(mark)), ("png", png_with_everything(mark))):
        said[f"filename-{name}"] = f"qzfilename{mark}.{name}"
        said[f"file-{name}"] = hashlib.sha256(content).hexdigest()
        sent = client.post(
            f"/viet/{draft.public_id}/anh", data={"photo": (BytesIO(content), f"qzfilename{mark}.{name}")}
        )
        assert sent.status_code == 303
    db.session.expire_all()
    for what in ("exifauthor", "exifdescription", "exifcopyright", "exifgps", "jpegcomment", "xmp", "iptc"):
        canary(what)
    for what in ("pngtext", "pngitxt"):
        canary(what)
    for photo in draft.photos:
        services.describe_photo(
            entry=draft,
            photo=photo,
            now=now,
            caption="Bến đò buổi sớm",
            photographer=canary("credit"),
            alt="",
            recognised="people",
            people=canary("photopeople"),
            consent=True,
        )
        said[f"photo id {photo.position}"] = photo.public_id
        for size in ("large_key", "middle_key", "small_key"):
            said[f"{size} {photo.position}"] = getattr(photo, size)
    draft.helper, draft.sent_by_unit = helper, make_unit(f"phường {canary('sentby')}")
    for kind in ("source", "scan", "proof"):
        db.session.add(
            Attachment(
                entry=draft,
                kind=kind,
                key="aa/" + "0" * 30 + ".webp",
                name=f"{canary(f'{kind}name')}.docx",
                media_type="application/octet-stream",
                size=1,
                sha256="0" * 64,
                added_at=now,
            )
        )
    db.session.flush()
    entry_factory.submit_draft(draft, now)
    secretary = entry_factory.secretary_of(contest)
    services.receive(entry=draft, actor=secretary, now=now)
    services.accept(entry=draft, actor=secretary, now=now)
    # A group would have to be told in full before it may enter; what judges read asks nobody's leave.
    db.session.add(
        CoAuthor(
            entry=draft,
            position=1,
            name=f"Bạn {canary('coauthor')}",
            name_key="",
            pen_name=canary("coauthorpen"),
            phone=phone("coauthorphone", f"09333333{number}3"),
        )
    )
    db.session.flush()
    question = entry_factory.verify(draft, now=now, note=canary("verificationnote"))
    said |= {
        "public id": draft.public_id,
        "author id": writer.public_id,
        "helper id": helper.public_id,
        "secretary id": secretary.public_id,
        "exemplar id": draft.exemplar.public_id,
        "receipt": draft.receipts[0].code,
        "text hash": draft.receipts[0].text_sha256,
        "question id": question.public_id,
        "attachment id": draft.attachments[0].public_id,
        "submitted": f"{draft.submitted_at:%H:%M:%S}",
    }
    if mode == "full":
        said["exemplar name"] = draft.exemplar.name
        said["exemplar address"] = draft.exemplar.address
        said["exemplar unit"] = draft.exemplar.unit.name
    person = make_staff(contest, "judge") if judge is None else judge[1]
    if judge is None:
        seat_judge(contest=contest, round_id="prelim", category=category, judge=person, actor=None, now=now)
    assignment = give(draft, person)
    db.session.commit()
    return Planted(draft, person, assignment, said)


def places(app, planted: Planted) -> list[str]:
    """Every address that a judge can think of: each GET route with what is theirs, and with what is the author's."""
    entry, assignment = planted.entry, planted.assignment
    theirs = {"slug": entry.contest.slug, "public_id": assignment.public_id, "category": entry.category}
    theirs |= {
        "round_id": "prelim",
        "code": entry.blind_code,
        "size": "lon",
        "photo_id": "1",
        "filename": "css/look.css",
    }
    verification = db.session.scalars(select(Verification).where(Verification.exemplar_id == entry.exemplar_id)).one()
    ids = {
        "judging": [assignment.public_id, entry.public_id],
        "exemplars": [verification.public_id],
        "desk": [entry.exemplar.public_id],
        "public": [entry.public_id, entry.photos[0].public_id],
    }
    codes = [entry.blind_code, db.session.get_one(Unit, entry.author_unit_id).code]
    found = set()
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.endpoint == "static" or access_of(app, rule.endpoint).kind == "demo":
            continue
        if rule.rule.startswith("/api/v1/units"):
            continue  # the register of all units, which tells nothing of any entry
        if rule.rule.startswith("/bien-nhan/"):
            continue  # whoever holds a receipt's code may read it: it is not the judge's to hold
        named = ids.get(rule.endpoint.partition(".")[0], [entry.public_id])
        for public_id in named if "public_id" in rule.arguments else [""]:
            for code in codes if "code" in rule.arguments else [""]:
                values = {name: theirs.get(name, public_id) for name in rule.arguments}
                values |= {"public_id": public_id} if public_id else {}
                values |= {"code": code} if code else {}
                try:
                    path = app.url_map.bind("localhost").build(rule.endpoint, values, method="GET")
                except (BuildError, ValueError):  # a converter that takes none of these names
                    continue
                found.add(path)
    sheet = f"/cham/{entry.contest.slug}/bai/{assignment.public_id}"
    bench = f"/cham/{entry.contest.slug}"
    found |= {f"{sheet}/anh/{number}/{size}" for number in (1, 2, 3) for size in ("lon", "vua", "nho")}
    found |= {f"{bench}?show={show}&round=prelim" for show in ("all", "todo", "open", "final", "x")}
    found |= {f"/en{path}" for path in (sheet, bench, f"{sheet}/xung-dot")}
    return sorted(found)


def answers(client, planted: Planted, paths: list[str], *, forms: bool = True):
    """(what was asked, its answer) for each address, forms and repetitions included."""
    for path in paths:
        answer = client.get(path)
        yield path, answer
        if tag := answer.headers.get("ETag"):
            yield f"304 {path}", client.get(path, headers={"If-None-Match": tag})
    sheet = next(path for path in paths if path.startswith("/cham/") and path.endswith("/xung-dot"))[
        : -len("/xung-dot")
    ]
    if not forms:
        return
    for path, data in ((sheet, {"act": "final"}), (f"{sheet}/luu", {"version": "x"}), (f"{sheet}/trao-doi", {})):
        yield f"POST {path}", client.post(path, data=data)


def leaks(planted: Planted, path: str, answer, own: str) -> list[str]:
    """Names of the canaries in an answer; what the asker typed into the address is theirs already."""
    body = answer.get_data()
    head = "\n".join(f"{name}: {value}" for name, value in answer.headers if name != "Set-Cookie")
    text = (body.decode("utf-8", "replace") + head).replace(own, "")
    for part in path.split("?", maxsplit=1)[0].split("/"):
        if len(part) > 6:
            text = text.replace(part, "")
    folded = fold(text)
    return [
        what
        for what, canary in planted.canaries.items()
        if canary
        and (canary in text or canary.encode() in body.replace(own.encode(), b"") or fold(canary) in folded)
        and canary not in path
    ]


@pytest.mark.parametrize("mode", MODES)
def test_a_judge_who_goes_everywhere_finds_no_canary(app, client, clock, mode):
    planted = plant(client, clock, mode, "a")
    assert len(planted.canaries) >= 40
    clock.instant = opening_of(planted.entry.contest, "prelim")
    client.delete_cookie("session")
    sign_in(client, planted.judge)
    found, seen = {}, 0
    for path, answer in answers(client, planted, places(app, planted)):
        assert answer.status_code < 500, path
        seen += answer.status_code == 200
        if told := leaks(planted, path, answer, planted.assignment.public_id):
            found[path] = told
        # When something public became so; of an entry that nobody may read yet, no such answer knows.
        assert "Last-Modified" not in answer.headers or path.startswith(("/static", "/api/v1/", "/tin.")), path
    assert not found
    assert seen > 15


def test_the_crawl_sees_a_canary(app, client, clock):
    """Where a category is open its judges do see the author: the same crawl says so."""
    planted = plant(client, clock, "author_hidden", "a")
    planted.canaries = {"story": "chèo đò qua sông", "title": planted.entry.title}
    clock.instant = opening_of(planted.entry.contest, "prelim")
    client.delete_cookie("session")
    sign_in(client, planted.judge)
    bench = [path for path in places(app, planted) if "/cham/" in path]
    told = {what for path, answer in answers(client, planted, bench) for what in leaks(planted, path, answer, "\0")}
    assert told == {"story", "title"}


def test_names_planted_in_text_and_captions_are_flagged(app):
    entry = entry_factory.make_draft(
        make_contest(),
        make_user("Nguyễn Văn Cảnh"),
        title="Chuyện do Nguyễn Văn Cảnh kể",
        body="Tôi, nguyen van canh, bút danh Bến Sông, gọi 0912 345 678.",
        pen_name="Bến Sông",
        author_phone="0912345678",
        author_unit=make_unit("xã Khe Ngọn"),
    )
    entry.photos[0].caption = "Ảnh: Nguyễn Văn Cảnh, xã Khe Ngọn"
    found = {(leak.what, leak.where) for leak in identity_leaks(entry)}
    assert found >= {
        ("name", "title"),
        ("name", "body"),
        ("name", "caption"),
        ("pen_name", "body"),
        ("phone", "body"),
        ("unit", "caption"),
    }


def test_a_judges_photo_has_an_address_and_a_tag_that_no_public_page_has(app, client, clock):
    planted = plant(client, clock, "author_hidden", "a")
    clock.instant = opening_of(planted.entry.contest, "prelim")
    sign_in(client, planted.judge)
    contest = planted.entry.contest
    mine = client.get(f"/cham/{contest.slug}/bai/{planted.assignment.public_id}/anh/1/lon")
    assert mine.status_code == 200
    own = f"/cham/{contest.slug}/bai/{planted.assignment.public_id}/anh/{planted.entry.photos[0].public_id}/lon"
    assert client.get(own).status_code == 404
    sign_in(client, planted.entry.author)
    sent = client.get(f"/viet/{planted.entry.public_id}/anh/{planted.entry.photos[0].public_id}/lon")
    assert sent.headers.get("ETag") != mine.headers["ETag"]


def swap_authors(first: Entry, second: Entry) -> None:
    """Exchange all that says who wrote the two entries, and when and how they came."""
    for name in ("author_id", "author_name", "author_key", "pen_name", "author_phone", "author_address",
                 "author_birth_date", "author_unit_id", "guardian_name", "guardian_phone", "guardian_relation",
                 "helper_id", "sent_by_unit_id", "submitted_at", "created_at"):  # fmt: skip
        mine, theirs = getattr(first, name), getattr(second, name)
        setattr(first, name, theirs)
        setattr(second, name, mine)
    for photo, twin in zip(first.photos, second.photos, strict=True):
        photo.photographer, twin.photographer = twin.photographer, photo.photographer
        photo.people, twin.people = twin.people, photo.people
        photo.sha256, twin.sha256 = twin.sha256, photo.sha256
    for mine, theirs in zip(first.coauthors, second.coauthors, strict=True):
        mine.name, theirs.name = theirs.name, mine.name


def test_swapping_two_authors_leaves_every_byte_that_a_judge_gets(app, client, clock):
    """All of the judge's pages and photos, with everything of the two authors exchanged in the database."""
    one = plant(client, clock, "author_hidden", "a")
    other = plant(client, clock, "author_hidden", "b", judge=(one.entry.contest, one.judge))
    clock.instant = opening_of(one.entry.contest, "prelim")
    client.delete_cookie("session")
    sign_in(client, one.judge)

    pages = [(each, [path for path in places(app, each) if "/cham/" in path]) for each in (one, other)]

    def all_bytes():
        told = []
        for planted, paths in pages:
            for path, answer in answers(client, planted, paths, forms=False):
                heads = sorted((k, v) for k, v in answer.headers if k not in {"Set-Cookie", "Date"})
                body = answer.get_data()
                if answer.mimetype == "text/html":
                    body = _TOKEN.sub("*", body.decode()).encode()
                    heads = [(k, v) for k, v in heads if k != "Content-Length"]
                told.append((path, answer.status_code, heads, body))
        return told

    before = all_bytes()
    swap_authors(one.entry, other.entry)
    db.session.commit()
    assert all_bytes() == before
