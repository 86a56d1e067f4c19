"""Drafts: two windows, hidden characters, bounds, what is kept of people."""

from __future__ import annotations

from datetime import date

import pytest

from contest.core.db import db
from contest.core.errors import Conflict, Refused
from contest.entries import services
from contest.entries.checks import missing
from contest.entries.drafting import today_of
from contest.entries.eligibility import relatives_of
from contest.entries.rules import BODY_MAX, TITLE_MAX, age_on, needs_guardian
from tests.conftest import START
from tests.factories import make_contest, make_unit, make_user
from tests.factories.entries import add_photo, facts, make_draft, make_submitted, stored_photo


@pytest.fixture
def draft(app):
    return services.start_draft(contest=make_contest(), category_id="A", actor=make_user(), now=START)


def save(entry, version, body, title="Nhan đề", genre="ghi_chep"):
    services.save_text(entry=entry, version=version, title=title, genre=genre, body=body, now=START)


def test_two_windows_never_overwrite_each_other(draft):
    save(draft, 1, "Bản thứ nhất")
    assert draft.version == 2
    with pytest.raises(Conflict) as caught:
        save(draft, 1, "Bản của cửa sổ kia")
    assert caught.value.code == "version"
    assert draft.body == "Bản thứ nhất"
    save(draft, 2, "Bản của cửa sổ kia")
    assert (draft.body, draft.version) == ("Bản của cửa sổ kia", 3)


def test_saving_what_is_saved_is_no_conflict(draft):
    save(draft, 1, "Một bản")
    save(draft, 1, "  Một bản \r\n")
    assert draft.version == 2


def test_people_and_text_do_not_disturb_each_other(draft):
    save(draft, 1, "Bản thứ nhất")
    services.save_facts(entry=draft, version=1, facts=facts(draft), now=START)
    save(draft, 2, "Bản thứ hai")
    assert (draft.version, draft.facts_version) == (3, 2)
    with pytest.raises(Conflict):
        services.save_facts(entry=draft, version=1, facts=facts(draft, exemplar_name="Người khác"), now=START)


@pytest.mark.parametrize("hidden", ["\x00", "\u202e", "\u2066", "\x1b", "\ue000", "\ud800"])
def test_hidden_characters_are_refused(draft, hidden):
    for fields in ({"title": f"Nhan{hidden}đề"}, {"body": f"Nội{hidden}dung"}):
        with pytest.raises(Refused) as caught:
            save(draft, 1, **{"body": "x", **fields})
        assert caught.value.code == "hidden_character"
    with pytest.raises(Refused):
        services.save_facts(entry=draft, version=1, facts=facts(draft, author_name=f"An{hidden}"), now=START)
    db.session.rollback()


def test_bounds(draft):
    with pytest.raises(Refused):
        save(draft, 1, "x", title="x" * (TITLE_MAX + 1))
    with pytest.raises(Refused):
        save(draft, 1, "x" * (BODY_MAX + 1))
    save(draft, 1, "x" * BODY_MAX, title="x" * TITLE_MAX)
    for name, limit in (("exemplar_name", 200), ("author_address", 300), ("author_phone", 30), ("deed_time", 200)):
        with pytest.raises(Refused) as caught:
            services.save_facts(entry=draft, version=1, facts=facts(draft, **{name: "đ" * (limit + 1)}), now=START)
        assert caught.value.code == "too_long"
    db.session.rollback()


def test_a_genre_of_another_category_is_not_taken(draft):
    save(draft, 1, "x", genre="ky")
    assert draft.genre == ""


@pytest.mark.parametrize("born", [date(1899, 12, 31), date(2027, 3, 21), date(9999, 1, 1)])
def test_dates_of_birth_that_cannot_be(draft, born):
    with pytest.raises(Refused):
        services.save_facts(entry=draft, version=1, facts=facts(draft, birth_date=born), now=START)


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(2012, 3, 20), date(2027, 3, 19), 14),
        (date(2012, 3, 20), date(2027, 3, 20), 15),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2027, 3, 20), date(2027, 3, 20), 0),
        (date(2027, 3, 20), date(2027, 3, 19), -1),
    ],
)
def test_ages(born, day, age):
    assert age_on(born, day) == age
    assert needs_guardian(born, day) is (age < 18)


def test_a_category_for_children_always_asks_for_a_representative():
    assert needs_guardian(None, date(2027, 3, 20), always=True)
    assert not needs_guardian(None, date(2027, 3, 20))


def test_submitted_text_is_never_edited_in_place(app):
    entry = make_submitted(make_contest())
    for act in (
        lambda: save(entry, entry.version, "Khác"),
        lambda: services.save_facts(entry=entry, version=entry.facts_version, facts=facts(entry), now=START),
        lambda: services.add_photo(entry=entry, stored=stored_photo(), now=START),
        lambda: services.remove_photo(entry=entry, photo=entry.photos[0], now=START),
        lambda: services.move_photo(entry=entry, photo=entry.photos[0], up=True, now=START),
    ):
        with pytest.raises(Conflict):
            act()


def test_photos_have_an_order_a_limit_and_no_twins(draft):
    photos = [add_photo(draft, caption=str(number)) for number in range(5)]
    with pytest.raises(Refused) as caught:
        add_photo(draft)
    assert caught.value.code == "too_many_photos"
    services.move_photo(entry=draft, photo=photos[4], up=True, now=START)
    services.move_photo(entry=draft, photo=photos[0], up=True, now=START)
    assert [photo.caption for photo in draft.photos] == ["0", "1", "2", "4", "3"]
    services.remove_photo(entry=draft, photo=photos[0], now=START)
    with pytest.raises(Refused) as caught:
        services.add_photo(entry=draft, stored=stored_photo(sha256=photos[1].sha256), now=START)
    assert caught.value.code == "photo_twice"
    services.move_photo(entry=draft, photo=photos[1], up=False, now=START)
    assert [photo.caption for photo in draft.photos] == ["2", "1", "4", "3"]


def test_the_checklist_names_what_is_missing(draft):
    lacking = {item.field for item in missing(draft, today_of(START))}
    assert lacking == {
        "title",
        "genre",
        "body",
        "photos",
        "exemplar_name",
        "exemplar_unit",
        "exemplar_address",
        "exemplar_contact",
        "birth_date",
        "author_phone",
    }


def test_a_second_contest_asks_other_things(app):
    contest = make_contest(1)
    now = contest.rules.window("submission").opens
    entry = services.start_draft(contest=contest, category_id="C", actor=make_user(), now=now)
    assert entry.genre == "ghi_chep"  # the only one of its category
    lacking = {item.field for item in missing(entry, today_of(now))}
    assert {"deed_place", "deed_time", "guardian_name", "guardian_consent"} <= lacking
    assert "exemplar_contact" not in lacking
    assert "photos" not in lacking


def test_photos_lack_captions_and_consent(app):
    entry = make_draft(make_contest(), photos=0)
    add_photo(entry, caption="", consent=False)
    assert [item.message[:4] for item in missing(entry, today_of(START))] == ["Give", "Say "]


def test_names_on_an_appointment():
    assert relatives_of("Nguyễn Văn An (con trai), Lê B;\n Trần C ") == ["Nguyễn Văn An", "Lê B", "Trần C"]
    assert relatives_of(None) == []


def test_too_many_drafts(app):
    contest, author = make_contest(), make_user()
    for _ in range(20):
        services.start_draft(contest=contest, category_id="A", actor=author, now=START)
    with pytest.raises(Refused) as caught:
        services.start_draft(contest=contest, category_id="A", actor=author, now=START)
    assert caught.value.code == "too_many_drafts"


def test_units_are_remembered_by_the_draft(draft):
    unit = make_unit()
    services.save_facts(entry=draft, version=1, facts=facts(draft, exemplar_unit=unit, author_unit=unit), now=START)
    db.session.commit()
    db.session.expire_all()
    assert (draft.exemplar.unit, draft.author_unit) == (unit, unit)
    services.save_facts(
        entry=draft,
        version=2,
        facts=facts(draft, exemplar_unit=None, author_unit=None)._replace(exemplar_unit=None),
        now=START,
    )
    db.session.commit()
    db.session.expire_all()
    assert (draft.exemplar.unit, draft.author_unit) == (None, None)
