"""Formatted texts on their way: written, submitted, replaced, judged. The body follows the document."""

from __future__ import annotations

import pytest

from contest.core.db import db
from contest.core.errors import Conflict
from contest.core.richtext import parse, plain
from contest.core.text import count_words
from contest.entries import services
from contest.entries.blind import blind_entry
from contest.entries.drafting import content_digest
from tests.conftest import START
from tests.factories import make_contest, make_user
from tests.factories.entries import make_draft, secretary_of, submit_draft

TEXT = "## Bến đò\n\nBà **Năm** chèo đò,\nkhông *công*.\n\n{photo}\n\n* một việc\n* hai việc"
BODY = "Bến đò\n\nBà Năm chèo đò,\nkhông công.\n\nmột việc\nhai việc"


def save(entry, document, version=None):
    services.save_text(
        entry=entry,
        version=version or entry.version,
        title=entry.title,
        genre=entry.genre,
        document=document,
        now=START,
    )


def test_the_body_is_the_text_without_its_formatting(app):
    draft = make_draft(make_contest())
    photo = draft.photos[0]
    placed = TEXT.format(photo=f"[photo:{photo.public_id}]")
    save(draft, f"  {placed}\r\n\r\n[photo:abcdefghijklmn]\r\n")
    assert draft.document == placed
    assert draft.body == plain(parse(draft.document)) == BODY
    assert draft.word_count == count_words(BODY) == 12
    assert "ben do" in draft.body_key


def test_formatting_alone_is_a_change_and_saving_it_again_is_none(app):
    draft = make_draft(make_contest(), body="Bà Năm chèo đò.")
    digest, version = content_digest(draft), draft.version
    save(draft, "Bà **Năm** chèo đò.")
    assert (draft.body, draft.version) == ("Bà Năm chèo đò.", version + 1)
    assert content_digest(draft) != digest
    save(draft, "Bà **Năm** chèo  đò. ", version=version)
    assert draft.version == version + 1
    with pytest.raises(Conflict):
        save(draft, "Bà *Năm* chèo đò.", version=version)


def test_plain_text_is_kept_as_it_is(app):
    draft = make_draft(make_contest(), body="- Bà ơi!\n* * *\n1. Không phải **danh sách**\n\n\n## Hết")
    assert draft.body == "- Bà ơi!\n* * *\n1. Không phải **danh sách**\n\n## Hết"
    assert plain(parse(draft.document)) == draft.body


def test_a_receipt_and_a_replacement_keep_the_formatting_and_the_places_of_photos(app):
    contest, author = make_contest(), make_user()
    draft = make_draft(contest, author)
    save(draft, TEXT.format(photo=f"[photo:{draft.photos[0].public_id}]"))
    submit_draft(draft)
    entry = draft
    assert entry.receipts[0].document == entry.document
    assert entry.receipts[0].text == BODY
    again = services.start_replacing(entry=entry, actor=author, now=START)
    assert again.photos[0].public_id != entry.photos[0].public_id
    assert parse(again.document).photos == (again.photos[0].public_id,)
    first = entry.photos[0].public_id
    submit_draft(again)
    db.session.expire_all()
    assert parse(entry.document).photos == (entry.photos[0].public_id,) != (first,)
    assert entry.receipts[-1].document == entry.document


def test_judges_read_the_formatting_without_the_hidden_words(app):
    contest, author = make_contest(), make_user()
    draft = make_draft(contest, author)
    save(draft, f"Tôi, Lê **Thị** Ẩn.\n\n[photo:{draft.photos[0].public_id}]\n\n> Lê Thị\n> Ẩn nói.")
    submit_draft(draft)
    secretary = secretary_of(contest)
    services.redact(entry=draft, phrase="Lê Thị Ẩn", actor=secretary, now=START)
    services.receive(entry=draft, actor=secretary, now=START)
    services.accept(entry=draft, actor=secretary, now=START)
    seen = blind_entry(draft.id, "prelim")
    assert plain(seen.document) == "Tôi, […].\n\n[…] nói."
    assert seen.document.photos == (seen.photos[0].number,)
