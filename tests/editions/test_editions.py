"""Preparing, approving and withdrawing what readers get of an entry."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from contest.audit.models import AuditRow
from contest.core.db import db
from contest.core.errors import Conflict, Refused
from contest.editions import queries
from contest.editions.rules import APPROVED, CHANGED, CHECKS, NOT_PREPARED, PREPARED, WITHDRAWN
from contest.editions.services import (
    PhotoText,
    approve,
    discard,
    hide_details,
    prepare,
    save,
    suggestions_for,
    withdraw,
)
from contest.entries.blind import blind_entry
from contest.exemplars.models import Verification
from tests.conftest import START
from tests.factories import make_contest, make_staff, make_user
from tests.factories.editions import approved, as_saved, prepared
from tests.factories.entries import make_eligible, make_finalist

LATER = START + timedelta(days=1)


def finalist(**values):
    return make_finalist(make_contest(), published=False, **values)


def people(contest):
    return make_staff(contest, "secretary"), make_staff(contest, "organiser"), make_staff(contest, "organiser")


def test_an_edition_goes_from_a_copy_to_the_readers_and_leaves_the_entry_alone(app):
    entry = finalist(title="Ông lái đò", body="Gọi 0912 345 678 nhé.\n\nĐoạn hai dài hơn.")
    secretary, organiser, _ = people(entry.contest)
    db.session.flush()
    before = (entry.title, entry.document, entry.body, entry.photos[0].caption, entry.version, entry.updated_at)
    judges = blind_entry(entry.id, "prelim")
    assert queries.edition_state(entry) == NOT_PREPARED and queries.find_edition(entry.id) is None
    edition = prepared(entry, secretary, document="Gọi nhé.", title="Ông lái đò sông Vệ", abridged=True)
    assert queries.edition_state(entry) == PREPARED and queries.find_edition(entry.id) is None
    approved(edition, organiser, LATER)
    assert queries.edition_state(entry) == APPROVED
    assert queries.find_edition(entry.id).title == "Ông lái đò sông Vệ"
    assert edition.checks.keys() == {"proofread", "private", "exemplar", "photos", "abridged"}
    db.session.expire_all()
    assert before == (entry.title, entry.document, entry.body, entry.photos[0].caption, entry.version, entry.updated_at)
    assert blind_entry(entry.id, "prelim") == judges
    verbs = [row.verb for row in db.session.scalars(select(AuditRow).where(AuditRow.verb.like("editions.%")))]
    assert verbs == ["editions.prepare", "editions.save", "editions.approve"]


def test_only_finalists_that_stand_have_editions_for_readers(app):
    entry = make_eligible(make_contest())
    approved(prepared(entry, make_user()))
    assert queries.find_edition(entry.id) is None  # it never reached the final round


def test_whoever_prepared_it_does_not_approve_it(app):
    entry = finalist()
    _, one, other = people(entry.contest)
    edition = prepared(entry, one)
    with pytest.raises(Refused) as refused:
        approved(edition, one)
    assert refused.value.code == "same_person"
    approved(edition, other)


def test_a_contests_only_organiser_may_approve_what_they_prepared(app):
    entry = finalist()
    alone = make_staff(entry.contest, "organiser")
    approved(prepared(entry, alone), alone)
    row = db.session.scalars(select(AuditRow).where(AuditRow.verb == "editions.approve")).one()
    assert row.details["alone"] is True


def test_who_saves_last_is_the_preparer(app):
    entry = finalist()
    secretary, one, other = people(entry.contest)
    edition = prepared(entry, secretary)
    save(**as_saved(edition) | {"title": "Chữa lại"}, actor=one, now=LATER)
    with pytest.raises(Refused, match="yourself"):
        approved(edition, one)
    approved(edition, other)


@pytest.mark.parametrize("role", ["secretary", "judge", "chair"])
def test_only_organisers_approve_and_withdraw(app, role):
    entry = finalist()
    person = make_staff(entry.contest, role)
    organiser = make_staff(entry.contest, "organiser")
    edition = prepared(entry, make_user())
    with pytest.raises(Refused) as refused:
        approved(edition, person)
    assert refused.value.code == "not_organiser"
    approved(edition, organiser)
    with pytest.raises(Refused):
        withdraw(entry=entry, reason="Vì", actor=person, now=LATER)


@pytest.mark.parametrize("left_out", ["proofread", "private", "exemplar", "photos", "abridged"])
def test_each_point_of_the_list_has_to_be_ticked(app, left_out):
    entry = finalist()
    edition = prepared(entry, make_user(), abridged=True)
    organiser = make_staff(entry.contest, "organiser")
    with pytest.raises(Refused) as refused:
        approve(edition=edition, version=edition.version, ticked=set(CHECKS) - {left_out}, actor=organiser, now=LATER)
    assert refused.value.params["names"] == [left_out]


def test_two_windows_never_overwrite_each_other(app):
    entry = finalist()
    edition = prepared(entry, make_user())
    opened = as_saved(edition)
    save(**opened | {"title": "Cửa sổ một"}, actor=make_user(), now=LATER)
    for act in (
        lambda: save(**opened | {"title": "Cửa sổ hai"}, actor=make_user(), now=LATER),
        lambda: discard(edition=edition, version=opened["version"], actor=make_user(), now=LATER),
        lambda: approve(
            edition=edition,
            version=opened["version"],
            ticked=set(CHECKS),
            actor=make_staff(entry.contest, "organiser"),
            now=LATER,
        ),
    ):
        with pytest.raises(Conflict):
            act()
    assert edition.title == "Cửa sổ một"


def test_what_is_approved_changes_by_a_new_number_only(app):
    entry = finalist()
    edition = approved(prepared(entry, make_user()))
    with pytest.raises(Conflict):
        save(**as_saved(edition) | {"title": "Sửa lén"}, actor=make_user(), now=LATER)
    second = prepared(entry, make_user(), title="Bản hai")
    assert second.number == 2 and queries.find_edition(entry.id) is edition
    approved(second, now=LATER)
    assert queries.find_edition(entry.id) is second
    assert edition.withdrawn_at == LATER and edition.withdrawn_because is None
    assert queries.edition_state(entry) == APPROVED


def test_withdrawing_takes_it_from_readers_and_needs_a_reason(app):
    entry = finalist()
    edition = approved(prepared(entry, make_user(), title="Bản một"))
    organiser = edition.approved_by
    with pytest.raises(Refused):
        withdraw(entry=entry, reason="  ", actor=organiser, now=LATER)
    withdraw(entry=entry, reason="Gia đình xin gỡ", actor=organiser, now=LATER)
    assert queries.find_edition(entry.id) is None and queries.edition_state(entry) == WITHDRAWN
    assert queries.was_withdrawn(entry.id)
    with pytest.raises(Conflict):
        withdraw(entry=entry, reason="Lần nữa", actor=organiser, now=LATER)
    again = prepare(entry=entry, actor=make_user(), now=LATER)
    assert (again.number, again.title) == (2, "Bản một")  # what was prepared is not lost
    approved(again, organiser, LATER)
    assert queries.find_edition(entry.id) is again


def test_an_edition_whose_source_changed_asks_for_another_look(app):
    entry = finalist()
    approved(prepared(entry, make_user()))
    entry.redactions = ["Trần Đình"]
    db.session.flush()
    assert queries.edition_state(entry) == CHANGED
    assert prepare(entry=entry, actor=None, now=LATER).title == entry.title


def test_without_the_exemplars_consent_nothing_is_approved_or_shown(app):
    entry = finalist()
    edition = approved(prepared(entry, make_user()))
    assert queries.find_edition(entry.id) is edition
    verification = db.session.scalars(select(Verification).where(Verification.exemplar_id == entry.exemplar_id)).one()
    verification.outcome = "on_hold"
    db.session.flush()
    assert queries.find_edition(entry.id) is None
    with pytest.raises(Refused) as refused:
        approved(prepared(entry, make_user()))
    assert refused.value.code == "exemplar"


def test_a_photo_without_consent_is_left_out_and_cannot_be_shown(app):
    entry = finalist(photos=2)
    entry.photos[0].consent, entry.photos[0].recognised = False, "people"
    entry.photos[1].consent, entry.photos[1].recognised = False, "nobody"
    db.session.flush()
    edition = prepared(entry, make_user())
    assert [each.shown for each in edition.photos] == [False, True]
    forced = {entry.photos[0].public_id: PhotoText("", "", "", shown=True)}
    with pytest.raises(Refused) as refused:
        save(**as_saved(edition) | {"photos": forced}, actor=make_user(), now=LATER)
    assert refused.value.code == "photo_consent"
    db.session.rollback()


def test_consent_that_is_taken_back_between_preparing_and_approving_is_noticed(app):
    entry = finalist()
    edition = prepared(entry, make_user())
    entry.photos[0].consent, entry.photos[0].recognised = False, "people"
    db.session.flush()
    with pytest.raises(Refused) as refused:
        approved(edition)
    assert refused.value.code == "photo_consent"


def test_suggested_details_are_hidden_in_the_edition_alone(app):
    entry = finalist(title="Nhà ở số nhà 12 đường Trần Phú", body="Gọi **0912.345.678**. Gọi 0912.345.678 nữa.")
    entry.photos[0].caption = "Máy 0912.345.678"
    db.session.flush()
    edition = prepare(entry=entry, actor=make_user(), now=START)
    found = {suggestion.phrase: suggestion.count for suggestion in suggestions_for(edition)}
    assert found == {"0912.345.678": 3, "số nhà 12": 1, "đường Trần Phú": 1}
    with pytest.raises(Refused):
        hide_details(edition=edition, version=edition.version, phrases=["Gọi"], actor=make_user(), now=LATER)
    hide_details(edition=edition, version=edition.version, phrases=["0912.345.678"], actor=make_user(), now=LATER)
    assert "0912" not in edition.document + edition.photos[0].caption and "[…]" in edition.photos[0].caption
    assert "0912.345.678" in entry.body and entry.photos[0].caption == "Máy 0912.345.678"
    rows = db.session.scalars(select(AuditRow).where(AuditRow.verb == "editions.hide")).all()
    assert rows and "0912" not in str([row.details for row in rows])


def test_an_empty_edition_is_refused(app):
    entry = finalist()
    edition = prepared(entry, make_user())
    for change in ({"title": " "}, {"document": "  \n "}, {"document": "[photo:abcdefghijklmn]"}):
        with pytest.raises(Refused):
            save(**as_saved(edition) | change, actor=make_user(), now=LATER)


def test_a_discarded_edition_leaves_what_readers_have(app):
    entry = finalist()
    standing = approved(prepared(entry, make_user()))
    edition = prepared(entry, make_user(), title="Thôi")
    discard(edition=edition, version=edition.version, actor=make_user(), now=LATER)
    assert queries.find_edition(entry.id) is standing and queries.find_prepared(entry.id) is None
