"""Where winners want their money: theirs alone, sealed, shown after a fresh proof, and really deleted."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta

import openpyxl
import pytest
from sqlalchemy import func, select, text

from contest.audit.models import AuditRow
from contest.core import clock as core_clock
from contest.core.db import db, writing
from contest.core.errors import NotFound, Refused
from contest.core.web.keys import bank_secret
from contest.privacy.retention import run_retention
from contest.results import bank
from contest.results.models_after import BankDetail
from tests.conftest import Client
from tests.factories import make_user, sign_in
from tests.factories.results import make_results, publish

ACCOUNT = "0071000123456"
GIVEN = bank.Payee(bank.TRANSFER, "=cmd|' /C calc'!A0", ACCOUNT, "Ngân hàng An Lam")
STORY = "Đồi cằn trổ hoa"


@pytest.fixture
def world(app, clock):
    world = make_results()
    publish(world)
    clock.instant = world.official_at
    return world


@pytest.fixture
def winner(world):
    return world.entries[STORY].author


def sealer():
    return bank.box(bank_secret())


def give(world, person, now=None, payee=GIVEN, consent=bank.CONSENT_VERSION):
    made = bank.give(
        contest=world.contest,
        person=person,
        payee=payee,
        consent=consent,
        sealer=sealer(),
        now=now or world.official_at,
    )
    db.session.commit()
    return made


def left():
    return db.session.scalar(select(func.count()).select_from(BankDetail))


def test_only_winners_and_only_once_it_is_public(world, winner):
    with pytest.raises(NotFound):
        give(world, winner, world.official_at - timedelta(milliseconds=1))
    with pytest.raises(NotFound):
        give(world, make_user())
    with pytest.raises(Refused):
        give(world, winner, consent="")
    give(world, winner)
    give(world, winner)
    assert left() == 1


@pytest.mark.parametrize(
    "payee",
    [
        bank.Payee("transfer", "", ACCOUNT, "X"),
        bank.Payee("transfer", "A", "12", "X"),
        bank.Payee("transfer", "A", "12345678<b>", "X"),
        bank.Payee("transfer", "A", ACCOUNT, ""),
        bank.Payee("gold", "A", ACCOUNT, "X"),
    ],
)
def test_nonsense_is_refused(world, winner, payee):
    with pytest.raises(Refused):
        give(world, winner, payee=payee)
    assert left() == 0


def test_the_database_alone_tells_nothing(world, winner):
    detail = give(world, winner)
    everything = str(db.session.execute(text("SELECT * FROM bank_detail")).all())
    audit = str([row.details for row in db.session.scalars(select(AuditRow))])
    for secret in (ACCOUNT, "calc", "An Lam Bank", GIVEN.bank):
        assert secret not in everything
        assert secret not in audit
    assert bank.opened(detail, sealer()) == GIVEN
    assert bank.opened(detail, bank.box(b"0" * 32)) is None


def test_it_is_deleted_on_its_day(world, winner):
    detail = give(world, winner)
    day = detail.delete_on
    assert day == (world.official_at + timedelta(days=bank.KEPT_DAYS)).date()
    run_retention(world.official_at + timedelta(days=bank.KEPT_DAYS - 1))
    assert left() == 1
    run_retention(world.official_at + timedelta(days=bank.KEPT_DAYS))
    assert left() == 0


def test_it_is_deleted_when_the_prize_no_longer_stands(world, winner, monkeypatch):
    give(world, winner)
    assert bank.forget_due(world.official_at) == {}
    stands = bank.awards_at
    monkeypatch.setattr(bank, "awards_at", lambda *args: [e for e in stands(*args) if e.award.entry.title != STORY])
    assert bank.forget_due(world.official_at) == {world.contest.id: 1}
    assert left() == 0


def test_a_winner_gives_changes_and_takes_back(app, world, winner):
    client = Client(app, app.response_class)
    sign_in(client, winner)
    here = f"/giai-thuong/{world.contest.slug}/nhan-thuong"
    assert here in client.get("/cua-toi").text
    form = {"way": "transfer", "holder": "NGUYEN VAN A", "number": "0071 0001 23456", "bank": "An Lam", "agree": "y"}
    assert client.post(here, data={**form, "agree": ""}).status_code == 422
    refused = client.post(here, data={**form, "number": "1"})
    assert refused.status_code == 422
    assert "NGUYEN VAN A" in refused.text
    assert client.post(here, data=form).status_code == 303
    assert ACCOUNT in client.get(here).text
    copy = zipfile.ZipFile(io.BytesIO(client.get("/tai-khoan/du-lieu/tai-ve").data))
    assert json.loads(copy.read("data.json"))["bank_details"][0]["number"] == ACCOUNT
    assert client.post(f"{here}/bo").status_code == 303
    assert left() == 0
    stranger = Client(app, app.response_class)
    sign_in(stranger, make_user())
    assert stranger.get(here).status_code == 404


def looks():
    return db.session.scalar(select(func.count()).where(AuditRow.verb == "results.see_bank_details"))


def test_organisers_see_it_after_a_fresh_code_and_each_look_is_recorded(app, world, winner, clock):
    give(world, winner)
    authenticator = app.extensions["authenticator"]
    client = Client(app, app.response_class)
    here = f"/ban-to-chuc/{world.contest.slug}/nhan-thuong"
    sign_in(client, world.first)
    assert ACCOUNT not in client.get(here).text
    with writing():
        world.first.totp_secret = secret = authenticator.new_secret()
    assert ACCOUNT not in client.get(here).text
    assert client.get(f"{here}/danh-sach.xlsx").status_code == 303
    assert client.post(f"{here}/mo", data={"code": "000000"}).status_code == 303
    assert ACCOUNT not in client.get(here).text
    assert looks() == 0
    code = authenticator.code(secret, core_clock.wall())
    assert client.post(f"{here}/mo", data={"code": code}).status_code == 303
    assert ACCOUNT in client.get(here).text
    assert looks() == 1
    client.get(here)
    assert looks() == 2
    sheet = openpyxl.load_workbook(io.BytesIO(client.get(f"{here}/danh-sach.xlsx").data)).active
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert ACCOUNT in {cell.value for cell in cells}
    assert "'" + GIVEN.holder in {cell.value for cell in cells}


def test_what_one_winner_gave_is_nobody_elses(world, winner):
    """Who can write to the database alone cannot have another's prize paid to their own account."""
    other = next(
        each.person
        for each in bank.payments_of(world.contest, sealer(), world.official_at)
        if each.person.id != winner.id
    )
    mine, theirs = give(world, winner), give(world, other, payee=bank.Payee("transfer", "B", "999999999", "B"))
    theirs.sealed = mine.sealed
    db.session.commit()
    assert bank.opened(mine, sealer()) == GIVEN
    assert bank.opened(theirs, sealer()) is None
    paid = {each.person.id: each.payee for each in bank.payments_of(world.contest, sealer(), world.official_at)}
    assert (paid[winner.id], paid[other.id]) == (GIVEN, None)
    assert "number" not in bank.given_by(other, sealer())[0]
