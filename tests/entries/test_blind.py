"""What judges may see: nothing of the author, whatever was written where."""

from __future__ import annotations

import dataclasses
import json
from datetime import date

import pytest
from sqlalchemy import event

from contest.contests.ruleset import parse_rule_set
from contest.contests.services import load_rule_set
from contest.core.db import db
from contest.core.errors import NotFound
from contest.core.richtext import plain
from contest.entries import services
from contest.entries.blind import blind_entry, blind_lines, blind_photo_key, hide
from contest.entries.checks import find_phrase
from contest.screening.leaks import identity_leaks
from tests.conftest import START
from tests.factories import make_contest, make_unit, make_user, raw_rule_sets
from tests.factories.entries import make_accepted, make_draft, make_submitted, secretary_of

AUTHOR = {
    "author_name": "Canary Tên Thật",
    "pen_name": "Canary Bút Danh",
    "author_phone": "0987654321",
    "author_address": "Canary Địa Chỉ",
    "guardian_name": "Canary Mẹ",
    "guardian_phone": "0911222333",
    "guardian_relation": "canary mẹ",
    "birth_date": date(2012, 1, 1),
    "guardian_consent": True,
}


def accepted(**values):
    author = make_user("Canary Tài Khoản", email="canary@an-lam.example")
    contest = make_contest()
    return make_accepted(contest, author, author_unit=make_unit("xã Canary Quê"), **{**AUTHOR, **values})


def test_a_judge_sees_the_story_and_the_exemplar(app):
    unit = make_unit("xã Khe Ngọn")
    entry = accepted(unit=unit, body="Đoạn một.\n\nĐoạn hai.")
    seen = blind_entry(entry.id, "prelim")
    assert (seen.code, seen.title) == (entry.blind_code, entry.title)
    assert [block.text for block in seen.document.blocks] == ["Đoạn một.", "Đoạn hai."]
    assert (seen.exemplar.name, seen.exemplar.unit, seen.exemplar.address) == (
        "Trần Đình Sỹ",
        "xã Khe Ngọn",
        "thôn Đá Bạc",
    )
    assert seen.author is None
    assert seen.photos[0].alt == seen.photos[0].caption == "Một buổi sáng"


def test_nothing_of_the_author_is_rendered_or_even_loaded(app):
    entry_id = accepted().id
    db.session.commit()
    db.session.remove()
    statements: list[str] = []

    def listen(_connection, _cursor, statement, *_rest):
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", listen)
    try:
        seen = blind_entry(entry_id, "prelim")
        lines = blind_lines([entry_id])
    finally:
        event.remove(db.engine, "before_cursor_execute", listen)
    shown = repr(dataclasses.asdict(seen)) + repr(lines)
    for canary in ("Canary", "canary", "0987654321", "0911222333", "Người Chụp"):
        assert canary not in shown
    read = " ".join(statements)
    for column in (
        "author_name",
        "pen_name",
        "author_phone",
        "photographer",
        "guardian_name",
        "author_id",
        "submitted_at",
    ):
        assert column not in read
    assert '"user"' not in read


def test_in_full_blindness_the_exemplars_record_is_hidden_too(app):
    contest = make_contest(1)
    now = contest.rules.window("submission").opens
    entry = make_accepted(contest, category="C", photos=0, now=now, **{**AUTHOR, "birth_date": date(2013, 1, 1)})
    seen = blind_entry(entry.id, "prelim")
    assert seen.exemplar is None
    assert "Trần Đình Sỹ" not in repr(seen)


def test_open_categories_show_the_author(app):
    document = raw_rule_sets()[0] | {"slug": "mo", "id": "mo"}
    document = {**document, "categories": [{**document["categories"][0], "blind": "open"}, document["categories"][1]]}
    contest = load_rule_set(rules=parse_rule_set(json.dumps(document)), actor=None, now=START)
    entry = make_accepted(contest, pen_name="Bút Danh")
    assert blind_entry(entry.id, "prelim").author == "Bút Danh"


def test_only_valid_entries_have_a_rendering(app):
    contest = make_contest()
    for entry in (make_draft(contest), make_submitted(contest)):
        with pytest.raises(NotFound):
            blind_entry(entry.id, "prelim")
        with pytest.raises(NotFound):
            blind_photo_key(entry.id, "1", small=True)
        assert blind_lines([entry.id]) == {}


def test_photos_are_found_by_their_own_entry_alone(app):
    one, other = accepted(), make_accepted(make_contest())
    photo = one.photos[0]
    assert blind_photo_key(one.id, "1", small=True) == photo.small_key
    assert blind_photo_key(one.id, "1", small=False) == photo.large_key
    for public_id in (photo.public_id, other.photos[0].public_id, "", "\x00", "0", "2", "01", "9" * 30):
        with pytest.raises(NotFound):
            blind_photo_key(one.id, public_id, small=True)


def test_hidden_words_reach_no_judge(app):
    contest = make_contest()
    entry = make_submitted(
        contest,
        make_user("Lê Thị Ẩn"),
        title="Chuyện của Lê Thị Ẩn",
        body="Tôi, Lê Thị  Ẩn, kể lại. Lê Thị Ẩnh thì không.",
    )
    entry.photos[0].caption = "Ảnh: Lê Thị Ẩn"
    actor = secretary_of(contest)
    services.redact(entry=entry, phrase="Lê Thị Ẩn", actor=actor, now=START)
    services.receive(entry=entry, actor=actor, now=START)
    services.accept(entry=entry, actor=actor, now=START)
    seen = blind_entry(entry.id, "prelim")
    assert seen.title == "Chuyện của […]"
    assert plain(seen.document) == "Tôi, […], kể lại. Lê Thị Ẩnh thì không."
    assert seen.photos[0].caption == seen.photos[0].alt == "Ảnh: […]"
    assert blind_lines([entry.id])[entry.id].title == "Chuyện của […]"
    assert "Lê Thị" in entry.body


def test_swapping_two_authors_changes_nothing_for_judges(app):
    contest = make_contest()
    unit = make_unit()
    names = ("Tác Giả Một", "Tác Giả Hai")
    entries = [make_accepted(contest, make_user(name), unit=unit, pen_name=name[::-1]) for name in names]

    def seen():
        db.session.flush()
        return [dataclasses.asdict(blind_entry(entry.id, "prelim")) for entry in entries]

    before = seen()
    one, other = entries
    for name in ("author_id", "author_name", "author_key", "pen_name", "author_phone", "author_unit_id"):
        first, second = getattr(one, name), getattr(other, name)
        setattr(one, name, second)
        setattr(other, name, first)
    assert seen() == before


@pytest.mark.parametrize(
    ("text", "phrases", "shown"),
    [
        ("Ông An kể. An nhiên.", ["An"], "Ông […] kể. […] nhiên."),
        ("Anh An", ["An"], "Anh […]"),
        ("Trần-Văn-Ba", ["Trần Văn Ba"], "[…]"),
        ("gọi 0900.000.001 nhé", ["0900.000.001"], "gọi […] nhé"),
        ("không có gì", [""], "không có gì"),
        ("Lê An và Lê An Bình", ["Lê An", "Lê An Bình"], "[…] và […]"),
    ],
)
def test_hiding(text, phrases, shown):
    assert hide(text, phrases) == shown


def test_places_that_give_the_author_away(app):
    entry = make_draft(
        make_contest(),
        make_user("Nguyễn Văn Bình"),
        title="Bài của NGUYEN VAN BINH",
        body="Bình minh lên. Gọi tôi: 0912.345.678 hoặc +84 912 345 678. Nguyễn  Văn Bình, bút danh Thu.",
        pen_name="Thu",
        author_phone="0912 345 678",
        author_unit=make_unit("xã Khe Ngọn"),
    )
    entry.photos[0].caption = "Ảnh chụp ở xã khe ngọn mùa thu"
    found = {(leak.what, leak.where, leak.phrase) for leak in identity_leaks(entry)}
    assert found == {
        ("name", "title", "NGUYEN VAN BINH"),
        ("name", "body", "Nguyễn Văn Bình"),
        ("phone", "body", "0912.345.678"),
        ("phone", "body", "+84 912 345 678"),
        ("pen_name", "body", "Thu"),
        ("unit", "caption", "xã khe ngọn"),
    }


def test_phrases_are_found_as_whole_words():
    assert find_phrase("Hoà và hòa", "hòa") == ["Hoà", "hòa"]
    assert find_phrase("Hoà và hòa", "hòa", exact=True) == ["hòa"]
    assert find_phrase("hoàng", "hoà") == []
    assert find_phrase("x", "") == []
