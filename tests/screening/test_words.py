"""The words of entries follow whatever is written, by whichever way."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, update

from contest.core.db import db
from contest.core.text import fold
from contest.entries import services
from contest.entries.models import CoAuthor, Entry
from contest.exemplars.models import Exemplar
from contest.screening.search import Wanted, find_entries
from tests.conftest import START
from tests.factories import make_contest
from tests.factories.entries import make_accepted, make_draft, make_submitted


def found(contest, text):
    db.session.flush()
    return [entry.title for entry in find_entries(contest.id, Wanted(text=text), START).entries]


def test_a_change_of_each_part_is_followed(app):
    contest = make_contest()
    entry = make_submitted(contest, title="Một", body="chuyện vườn")
    assert found(contest, "vườn") == ["Một"]
    db.session.execute(update(Entry).where(Entry.id == entry.id).values(body_key=fold("Một chuyện rừng")))
    assert (found(contest, "vườn"), found(contest, "rừng")) == ([], ["Một"])
    db.session.execute(update(Entry).where(Entry.id == entry.id).values(author_key="le thi buoi"))
    assert found(contest, "bưởi rừng") == ["Một"]
    db.session.execute(update(Exemplar).where(Exemplar.id == entry.exemplar_id).values(name_key="ong cam"))
    assert found(contest, "cam") == ["Một"]
    # Who knows authors must not learn codes, nor find by them.
    db.session.execute(update(Entry).where(Entry.id == entry.id).values(blind_code="7KQZ"))
    assert found(contest, "7kqz") == []
    member = CoAuthor(entry_id=entry.id, position=1, name="Ngô Quýt", name_key="ngo quyt")
    db.session.add(member)
    assert found(contest, "quýt cam bưởi") == ["Một"]
    member.name_key = "ngo mit"
    assert (found(contest, "quýt"), found(contest, "mít")) == ([], ["Một"])
    db.session.execute(delete(CoAuthor).where(CoAuthor.id == member.id))
    assert found(contest, "mít") == []
    assert found(contest, "rừng") == ["Một"]


def test_drafts_and_what_is_erased_cannot_be_found(app):
    contest = make_contest()
    draft = make_draft(contest, title="Nháp", body="bí mật")
    assert found(contest, "bí mật") == []
    gone = make_submitted(contest, title="Xoá", body="bí mật")
    services.withdraw(entry=gone, actor=gone.author, now=START)
    assert found(contest, "bí mật") == []
    db.session.execute(update(Entry).where(Entry.id == gone.id).values(body_key="", author_key="", state="submitted"))
    assert found(contest, "bí mật") == []
    assert draft.state == "draft"


@pytest.mark.parametrize(
    "text", ["...", '"', "AND", "OR NOT", "NEAR", "words:", "một*", "'|'", "a" * 3000, "\\", "()", "&|!"]
)
def test_signs_of_query_languages_are_signs(app, text):
    contest = make_contest()
    make_accepted(contest, title="Một", body="AND or near words")
    for exact in (False, True):
        find_entries(contest.id, Wanted(text=text, exact=exact), START)
    assert found(contest, "and near or") == ["Một"]
