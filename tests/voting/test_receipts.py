"""Receipts: what is on them, that they hold against the log's key, and who gets them."""

from __future__ import annotations

import base64
import json
import re
from datetime import timedelta
from html import unescape
from importlib import util
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from sqlalchemy import select

from contest.core.db import db
from contest.core.web.keys import log_signer
from contest.outbox.models import Message
from contest.outbox.rules import without_secrets
from contest.outbox.runner import render
from contest.voting import queries
from contest.voting.ledger.leaves import commitment, promise_text
from contest.voting.ledger.merkle import leaf_hash
from contest.voting.models import Ballot
from contest.voting.models_log import Leaf
from contest.voting.receipts import receipt_of
from contest.voting.services import Sealed, cast_ballot
from tests.factories.voting import during, last_code, make_vote, make_voter, vote

pytestmark = pytest.mark.usefixtures("client")
ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "an@an-lam.example"


def verifier():
    """The program that anybody may run, as it lies in the repository."""
    spec = util.spec_from_file_location("verify_ballots", ROOT / "static" / "verify" / "verify_ballots.py")
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def contest(app, clock):
    found, _ = make_vote(1)  # voters are confirmed by mail
    clock.instant = during(found)
    return found


@pytest.fixture
def entries(contest):
    return list(queries.gallery(contest))


@pytest.fixture
def base(contest):
    return f"/cuoc-thi/{contest.slug}/binh-chon"


def receipt(contest, voter_id, scope="contest"):
    signer = log_signer(contest.slug, contest.public_id)
    return receipt_of(contest=contest, voter_id=voter_id, scope=scope, signer=signer)


def sealed(contest, picks, ballot, revision=1, salt="5a" * 32):
    made = commitment(contest.public_id, ballot=ballot, revision=revision, choices=picks, salt=salt)
    return Sealed(ballot, salt, made)


def enter(client, base, contact=ADDRESS):
    client.post(f"{base}/xac-thuc", data={"contact": contact})
    return client.post(f"{base}/ma", data={"code": last_code(contact)})


def words(response):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.text)))


def test_a_receipt_holds_what_was_cast_and_a_promise_that_anyone_can_check(contest, entries):
    voter = make_voter(contest, ADDRESS)
    assert receipt(contest, voter) is None
    vote(contest, entries[:2], voter)
    found = receipt(contest, voter)
    ballot = db.session.scalars(select(Ballot)).one()
    leaf = db.session.scalars(select(Leaf).where(Leaf.kind == "ballot")).one()
    assert found.ballot == ballot.ballot_id and found.revision == 1 and not found.sealed
    assert found.choices == tuple(sorted(entry.public_id for entry in entries[:2]))
    assert found.commitment == commitment(
        contest.public_id, ballot=found.ballot, revision=1, choices=found.choices, salt=found.salt
    )
    public = log_signer(contest.slug, contest.public_id).private.public_key()
    promised = promise_text(leaf_hash(leaf.content.encode()).hex(), found.at)
    public.verify(base64.b64decode(found.promise), promised)
    with pytest.raises(InvalidSignature):
        public.verify(base64.b64decode(found.promise), promised.replace(b"\n", b" "))
    assert found.at == int(during(contest).timestamp())


def test_whoever_asks_twice_gets_the_same_and_a_change_gives_another(contest, entries):
    voter = make_voter(contest, ADDRESS)
    vote(contest, entries[:1], voter)
    first = receipt(contest, voter)
    assert receipt(contest, voter) == first
    vote(contest, entries[:1], voter, now=during(contest) + timedelta(minutes=5))  # a retry
    assert receipt(contest, voter) == first
    vote(contest, entries[1:2], voter, now=during(contest) + timedelta(minutes=6))
    second = receipt(contest, voter)
    assert second.ballot == first.ballot and second.revision == 2
    assert second.promise != first.promise and second.salt != first.salt and second.at == first.at + 360


def test_the_verifier_takes_the_receipt(contest, entries):
    voter = make_voter(contest, ADDRESS)
    vote(contest, entries[:2], voter)
    found = receipt(contest, voter)
    program = verifier()
    assert (
        program.commitment_of(found.contest, found.ballot, found.revision, sorted(found.choices), found.salt)
        == found.commitment
    )
    assert set(found.said) == {"ballot", "choices", "commitment", "contest", "promise", "revision", "salt", "tag", "at"}
    assert set(found.said) - set(found.closed) == {"choices", "salt"}


# The page and the file


def test_the_page_and_the_file_are_for_their_voter_alone(app, client, contest, base, entries):
    picks = [entry.public_id for entry in entries[:2]]
    client.post(base, data={"pick": picks})
    enter(client, base)
    page = client.get(f"{base}/da-gui")
    ballot = db.session.scalars(select(Ballot)).one()
    assert ballot.ballot_id in page.text and page.headers["Cache-Control"] == "private, no-store"
    # What a bystander could read is behind a tap.
    shown, closed = re.subn(r'<details class="more choices-of-mine">.*?</details>', "", page.text, flags=re.DOTALL)
    assert closed == 1 and not any(entry.title in shown or entry.blind_code in shown for entry in entries)
    file = client.get(f"{base}/bien-nhan.json")
    assert file.headers["Cache-Control"] == "private, no-store"
    assert file.headers["Content-Disposition"] == f'attachment; filename="bien-nhan-{ballot.ballot_id}.json"'
    assert json.loads(file.text)["choices"] == sorted(picks)
    assert json.loads(file.text) == receipt(contest, ballot.voter_id).said
    stranger = app.test_client()
    assert stranger.get(f"{base}/bien-nhan.json").status_code == 404
    assert stranger.get(f"{base}/da-gui").location == base
    assert stranger.post(f"{base}/gui-bien-nhan", data={"contact": ADDRESS}).location == base


def test_who_made_the_seal_is_said(client, contest, base, entries):
    enter(client, base)
    picks = [entries[0].public_id]
    client.post(base, data={"pick": picks, "revision": "0"})
    page = words(client.get(f"{base}/da-gui"))
    assert "Dấu niêm phong do máy chủ của chúng tôi tạo" in page
    ballot = db.session.scalars(select(Ballot)).one().ballot_id
    picks = sorted(entry.public_id for entry in entries[1:3])
    made = sealed(contest, picks, ballot, revision=2)
    form = {"pick": picks, "revision": "1", "ballot": made.ballot, "salt": made.salt, "commitment": made.commitment}
    assert client.post(base, data=form).status_code == 303
    page = words(client.get(f"{base}/da-gui"))
    assert "do trình duyệt gửi phiếu tạo ra" in page and made.commitment in page
    assert json.loads(client.get(f"{base}/bien-nhan.json").text)["salt"] == made.salt


@pytest.mark.parametrize("wrong", ["commitment", "salt", "ballot"])
def test_a_seal_that_does_not_fit_is_refused_with_all_choices_kept(client, contest, base, entries, wrong):
    enter(client, base)
    picks = [entries[0].public_id]
    made = sealed(contest, picks, "ABCDEFGH23456789")
    form = {"ballot": made.ballot, "salt": made.salt, "commitment": made.commitment}
    form[wrong] = {"commitment": "0" * 64, "salt": "x", "ballot": "HGFEDCBA23456789"}[wrong]
    page = client.post(base, data={"pick": picks, "revision": "0", **form})
    assert page.status_code == 422 and f'value="{picks[0]}" checked' in page.text
    db.session.rollback()
    assert db.session.scalars(select(Ballot)).all() == []


def test_the_seal_of_a_first_ballot_comes_with_the_code(client, contest, base, entries):
    picks = sorted(entry.public_id for entry in entries[:2])
    client.post(base, data={"pick": picks})
    client.post(f"{base}/xac-thuc", data={"contact": ADDRESS})
    page = client.get(f"{base}/ma")
    waiting = json.loads(unescape(re.search(r'data-waiting="([^"]+)"', page.text)[1]))
    assert {part: (scope, sorted(chosen)) for part, (scope, chosen) in waiting.items()} == {"": ("contest", picks)}
    assert f'data-contest="{contest.public_id}"' in page.text
    made = sealed(contest, picks, "ABCDEFGH23456789")
    form = {"ballot-": made.ballot, "salt-": made.salt, "commitment-": made.commitment}
    client.post(f"{base}/ma", data={"code": last_code(ADDRESS), **form})
    leaf = db.session.scalars(select(Leaf).where(Leaf.kind == "ballot")).one()
    assert (leaf.salt, leaf.committed_by) == (made.salt, "browser") and made.ballot in leaf.content


# By mail


def test_the_receipt_goes_to_ones_own_address_alone_and_without_the_choices(client, contest, base, entries):
    client.post(base, data={"pick": [entry.public_id for entry in entries[:2]]})
    enter(client, base)
    before = len(db.session.scalars(select(Message)).all())
    page = client.post(f"{base}/gui-bien-nhan", data={"contact": "binh@an-lam.example"})
    assert page.status_code == 422 and "không phải địa chỉ đã dùng" in words(page).replace("Đây ", "")
    assert client.post(f"{base}/gui-bien-nhan", data={"contact": ""}).status_code == 422
    assert len(db.session.scalars(select(Message)).all()) == before
    # Another spelling of the same mailbox is the same.
    assert client.post(f"{base}/gui-bien-nhan", data={"contact": " AN@An-Lam.example "}).status_code == 303
    message = db.session.scalars(select(Message).order_by(Message.id.desc()).limit(1)).one()
    found = receipt(contest, db.session.scalars(select(Ballot)).one().voter_id)
    text = render(message).body
    assert message.address == ADDRESS and found.ballot in text and found.promise in text
    assert found.salt not in text and not any(choice in text for choice in found.choices)
    assert not any(entry.title in text or entry.blind_code in text for entry in entries)


def test_the_table_of_messages_does_not_keep_whose_ballot_it_was(client, contest, base, entries):
    """Once it has gone out: an address beside a ballot's number would tie the two without any key."""
    client.post(base, data={"pick": [entries[0].public_id]})
    enter(client, base)
    client.post(f"{base}/gui-bien-nhan", data={"contact": ADDRESS})
    message = db.session.scalars(select(Message).order_by(Message.id.desc()).limit(1)).one()
    ballot = db.session.scalars(select(Ballot)).one()
    assert ballot.ballot_id in json.dumps(message.params)
    assert ballot.ballot_id not in json.dumps(without_secrets(message.params))


def test_no_mail_where_voters_are_confirmed_by_phone(app, client, clock):
    contest, entries = make_vote(0)
    clock.instant = during(contest)
    base = f"/cuoc-thi/{contest.slug}/binh-chon"
    client.post(base, data={"pick": [entries[0].public_id]})
    client.post(f"{base}/xac-thuc", data={"contact": "0912 345 678"})
    client.post(f"{base}/ma", data={"code": last_code("+84912345678")})
    assert "gui-bien-nhan" not in client.get(f"{base}/da-gui").text
    assert client.post(f"{base}/gui-bien-nhan", data={"contact": ADDRESS}).status_code == 422


# Two ballots meet


def test_choices_made_before_the_code_overwrite_no_ballot_that_is_in(app, client, contest, base, entries):
    first, second = (sorted(entry.public_id for entry in part) for part in (entries[:2], entries[2:4]))
    client.post(base, data={"pick": first})
    enter(client, base)
    other = app.test_client()
    other.post(base, data={"pick": second})
    assert enter(other, base).location == base
    ballot = db.session.scalars(select(Ballot)).one()
    assert ballot.revision == 1
    page = other.get(base)
    text = words(page)
    assert "các bài vừa chọn chưa được gửi" in text
    both = text.partition("Trên phiếu đã gửi:")[2]
    mine, now = both.partition("Vừa chọn:")[::2]
    titles = {entry.public_id: entry.title for entry in queries.gallery(contest)}
    assert all((titles.get(each) or "") in mine for each in first)
    assert set(re.findall(r'value="(\w{14})" checked', page.text)) == set(second) and now
    # Left as it is, or changed on purpose.
    kept = other.post(base, data={"keep": "1"})
    assert kept.location == f"{base}/da-gui" and "chưa được gửi" not in words(other.get(base))
    assert other.post(base, data={"pick": second, "revision": "1"}).status_code == 303
    db.session.rollback()
    assert db.session.scalars(select(Ballot)).one().revision == 2


def test_the_same_choices_again_after_a_code_are_a_retry(app, client, contest, base, entries):
    picks = [entry.public_id for entry in entries[:2]]
    client.post(base, data={"pick": picks})
    enter(client, base)
    other = app.test_client()
    other.post(base, data={"pick": picks[::-1]})
    assert enter(other, base).location == f"{base}/da-gui"
    assert db.session.scalars(select(Ballot)).one().revision == 1


def test_a_ballot_cast_by_the_service_with_a_browsers_seal(contest, entries):
    voter = make_voter(contest, ADDRESS)
    picks = [entries[0].public_id]
    made = sealed(contest, picks, "ABCDEFGH23456789")
    cast = cast_ballot(slug=contest.slug, voter_id=voter, picks=picks, now=during(contest), sealed=made)
    db.session.commit()
    assert cast.ballot_id == made.ballot and receipt(contest, voter).by_browser
