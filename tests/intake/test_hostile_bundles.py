"""Bundles that would hurt others: given up half-way, impossible to open, or naming more than anybody needs."""

from __future__ import annotations

import io
import zipfile

import pytest

from contest.core.db import db, writing
from contest.core.errors import Refused
from contest.core.web.files import file_store
from contest.entries.models import Entry
from contest.intake import archive, bundles, tasks
from contest.intake.archive import Archive
from contest.intake.lines import prepare
from contest.intake.models import Bundle
from tests.factories import make_contest, make_officer, make_unit, make_user
from tests.intake.test_bundles import cells, send, work, zip_of


@pytest.fixture
def sent(app):
    contest, unit, officer = make_contest(), make_unit("xã Khe Ngọn"), make_user("Cán Bộ Xã")
    make_officer(unit, officer)
    db.session.commit()

    def sending(content):
        return send(contest, unit, officer, content), officer

    return sending


def test_what_is_given_up_while_it_is_read_is_not_imported(app, sent, monkeypatch):
    bundle_id, officer = sent(zip_of([cells(number) for number in (1, 2, 3)]))
    read_line, read = tasks._read_line, []

    def reading(line, *rest):
        read_line(line, *rest)
        read.append(line)
        if len(read) == 2:
            with writing() as now:
                bundles.give_up(bundle=db.session.get(Bundle, bundle_id), actor=officer, now=now)

    monkeypatch.setattr(tasks, "_read_line", reading)
    bundle = work(bundle_id)
    assert bundle.state == bundles.GIVEN_UP
    assert len(read) == 2
    assert db.session.query(Entry).count() == 0


def test_one_that_cannot_be_opened_lets_others_pass(app, sent):
    lost, _officer = sent(zip_of([cells(1)]))
    other, _officer = sent(zip_of([cells(2)]))
    file_store().remove(db.session.get(Bundle, lost).key)
    assert work(lost).state == bundles.UNREADABLE
    assert db.session.get(Bundle, other).state == bundles.READ


def test_a_directory_without_end_is_refused_before_it_is_read(monkeypatch):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for number in range(20):
            made.writestr(f"{number}.txt", "")
    monkeypatch.setattr(archive, "_SIGNATURES", 10)
    monkeypatch.setattr(archive.zipfile, "ZipFile", lambda *_: pytest.fail("read"))
    with pytest.raises(Refused) as refused:
        Archive(out.getvalue())
    assert refused.value.code == "zip_large"


def test_a_line_that_names_photos_without_end_decodes_none(app, monkeypatch):
    monkeypatch.setattr("contest.intake.lines.make_photo", lambda *_, **__: pytest.fail("decoded"))
    line = cells(1, photos="; ".join(["anh.jpg"] * 41))
    found = prepare(line, Archive(zip_of([cells(1)])), make_contest().rules)
    assert [problem.message for problem in found.problems] == ["At most %(most)s photos a line, please."]
