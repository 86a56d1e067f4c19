"""Every file of the corpus: read within its bounds, or refused with a sentence that says what to do."""

from __future__ import annotations

import functools
import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest

from contest.core.errors import Refused
from contest.core.richtext import plain
from contest.documents import bounded, office
from contest.documents.rules import LIMITS, NOTES, TROUBLES, Read, Sheet
from contest.documents.services import read_document
from contest.entries import views_import
from contest.entries.models import Entry
from tests.documents.corpus import Odd, corpus, sheets, write_to
from tests.documents.making import docx
from tests.documents.watching import Outcome, Watched, read_watched
from tests.factories import make_contest, make_user, sign_in
from tests.factories.entries import make_draft

SECONDS = 5.0
GROWTH = 150_000_000
# Words with which a person is told what to do next.
WAYS_OUT = ("send", "choose", "paste", "shorten", "use the template", "type", "unpack", "wait", "added in", "replace")


@functools.cache
def outcomes() -> tuple[Outcome, ...]:
    """Each file read once, a few at a time, watched; done once for all tests here.

    As where LibreOffice is not installed: what is converted by it has bounds of its own.
    """
    original, bounded.subprocess.Popen = bounded.subprocess.Popen, Watched
    found, office.find_office = office.find_office, lambda: None
    try:
        with ThreadPoolExecutor(bounded.CHILDREN) as pool:
            texts = pool.map(read_watched, corpus())
            lists = pool.map(functools.partial(read_watched, sheet=True), sheets())
            return (*texts, *lists)
    finally:
        bounded.subprocess.Popen = original
        office.find_office = found


@functools.cache
def baseline() -> int:
    """What a child holds that reads next to nothing."""
    return min(each.peak for each in outcomes() if each.peak)


def test_there_are_more_than_two_hundred():
    assert len(corpus()) >= 200
    assert len({odd.name for odd in corpus()}) == len(corpus())


def test_nothing_breaks_the_reader():
    for each in outcomes():
        assert isinstance(each.result, Read | Sheet) != isinstance(each.refused, Refused), each.odd.name


def test_each_takes_less_than_five_seconds():
    slow = {each.odd.name: each.seconds for each in outcomes() if each.seconds > SECONDS}
    assert not slow


def test_each_takes_less_than_150_megabytes_beyond_the_start():
    assert baseline() < 60_000_000
    heavy = {each.odd.name: each.peak for each in outcomes() if each.peak - baseline() > GROWTH}
    assert not heavy


def test_every_refusal_says_what_to_do():
    for message in TROUBLES.values():
        assert any(word in message.lower() for word in WAYS_OUT), message
    for each in outcomes():
        if each.refused is not None:
            assert each.refused.message in TROUBLES.values(), each.odd.name
            assert "%(" not in str(each.refused), each.odd.name


def test_what_is_taken_is_plain_and_bounded():
    for each in outcomes():
        if isinstance(each.result, Read):
            body = plain(each.result.document)
            assert body.strip() and len(body) <= LIMITS.characters, each.odd.name
            assert body.replace("\n", "").isprintable(), each.odd.name
            assert "root:" not in body, each.odd.name  # /etc/passwd
            assert len(each.result.images) <= LIMITS.images
            for note in each.result.report:
                assert (note.kind, note.message) == NOTES[note.code]
                assert "%(" not in (note.message % note.params if note.params else note.message)


SAID = {
    "password.docx": "password",
    "password.odt": "password",
    "password.pdf": "password",
    "encrypted-flag.docx": "password",
    "old.doc": "doc",
    "other-rtf.doc": "rtf",
    "other-html.doc": "html",
    "other-saved.mht": "html",
    "other-picture.heic": "picture",
    "pictures.pdf": "pdf_pictures",
    "pages-500.pdf": "pages",
    "empty.docx": "empty",
    "one-byte.docx": "broken",
    "too-large.txt": "too_large",
    "flat-bomb-250.docx": "bomb",
    "overlapping-bomb.docx": "bomb",
    "laughs.docx": "unsafe",
    "xxe-file.odt": "unsafe",
    "name-1.docx": "unsafe",
    "doubled-main.docx": "unsafe",
    "pdf-and-zip.pdf": "mixed",
    "html-and-docx.docx": "mixed",
    "cut-50.docx": "broken",
    "wrong-crc.docx": "broken",
    "plain.zip": "zip",
    "slides.pptx": "slides",
    "sheet.docx": "sheet",
    "program.docx": "program",
    "noise.docx": "broken",
    "noise.txt": "unknown",
    "text-koi8.txt": "charset",
    "no-words.docx": "no_text",
    "lines-1000000.txt": "too_long",
    "sheet-rows.csv": "rows",
    "sheet-wide.xlsx": "columns",
    "sheet-formula-bare.xlsx": "no_values",
    "sheet-old.xls": "old_sheet",
    "sheet-is-docx.xlsx": "not_sheet",
}
LEFT_OUT = {
    "macro.docm": "macros",
    "outside-image.docx": "linked_images",
    "unc-image.docx": "linked_images",
    "hidden.docx": "hidden",
    "object-link.docx": "objects",
    "picture-svg.docx": "odd_images",
    "pictures-60.docx": "large_images",
    "docx-as.pdf": "named_otherwise",
    "text-bidi.txt": "characters",
}


def test_the_right_thing_is_said():
    told = {each.odd.name: each for each in outcomes()}
    wrong = [
        (name, code, told[name].refused and told[name].refused.code)
        for name, code in SAID.items()
        if not told[name].refused or told[name].refused.code != f"file_{code}"
    ]
    assert not wrong
    missing = [
        name
        for name, code in LEFT_OUT.items()
        if told[name].result is None or code not in {note.code for note in told[name].result.report}
    ]
    assert not missing


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_the_upload_page_answers_every_one_of_them(app, client, monkeypatch):
    """What the reader gave or said, through the page; reading itself was tried above and is not done twice."""
    known = {id(each.odd.content): each for each in outcomes()[: len(corpus())]}
    reading: list[Outcome] = []

    def read(content: bytes, name: str, **options: object) -> Read:
        each = reading[-1]
        if each.refused is not None:
            raise each.refused
        assert isinstance(each.result, Read)
        return each.result

    monkeypatch.setattr(views_import, "read_document", read)
    draft: Entry = make_draft(make_contest(), make_user(), photos=0)
    sign_in(client, draft.author)
    address = f"/viet/{draft.public_id}/lay-tu-tep"
    for odd in corpus():
        reading.append(known[id(odd.content)])
        answer = client.post(address, data={"document": (BytesIO(odd.content), odd.name)})
        assert answer.status_code in {303, 422}, odd.name
        if answer.status_code == 303:
            shown = client.get(address)
            assert shown.status_code == 200, odd.name
            assert b"<script>alert" not in shown.data
        else:
            assert 'role="alert"' in answer.get_data(as_text=True), odd.name


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_some_go_the_whole_way_through_the_page(app, client):
    draft: Entry = make_draft(make_contest(), make_user(), photos=0)
    sign_in(client, draft.author)
    address = f"/viet/{draft.public_id}/lay-tu-tep"
    wanted = ("whole.docx", "laughs.docx", "flat-bomb-250.docx", "deep-200000.docx", "stream-bomb.pdf", "macro.docm")
    for odd in (each for each in corpus() if each.name in wanted):
        answer = client.post(address, data={"document": (BytesIO(odd.content), odd.name)})
        assert answer.status_code == (303 if odd.name in {"whole.docx", "macro.docm"} else 422), odd.name


def test_the_corpus_can_be_written_to_a_folder(tmp_path, monkeypatch):
    few = (Odd("../a b.docx", docx()), Odd("", b"x"))
    monkeypatch.setattr("tests.documents.corpus.corpus", lambda: few)
    monkeypatch.setattr("tests.documents.corpus.sheets", tuple)
    assert write_to(tmp_path / "out") == 2
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["001-_a_b.docx", "002-"]


@pytest.mark.skipif(office.find_office() is None, reason="LibreOffice is not installed")
@pytest.mark.parametrize(
    "odd", [odd for odd in corpus() if odd.name.endswith((".doc", ".rtf"))], ids=lambda odd: odd.name
)
def test_libreoffice_reads_it_or_says_what_to_do(odd: Odd):
    """Also the hostile ones: within the converter's own time, and never with an error of ours."""
    begun = time.monotonic()
    told = WAYS_OUT[0]
    try:
        read_document(odd.content, odd.name)
    except Refused as refused:
        told = refused.message.lower()
    assert any(way in told for way in WAYS_OUT)
    assert time.monotonic() - begun < office.SECONDS + SECONDS
