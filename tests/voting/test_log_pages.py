"""The public pages of the log: only what is sealed, nothing of choices, times or totals, and sent in pages."""

from __future__ import annotations

import base64
import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import event, select, update

from contest.core.db import db, writing
from contest.core.signing import BadKeyFile
from contest.core.web.keys import log_signer
from contest.core.web.pages import PageCache
from contest.voting import queries_log, views_log
from contest.voting.ledger import merkle
from contest.voting.ledger.notes import opened
from contest.voting.log import decide
from contest.voting.models import Ballot
from contest.voting.models_log import Checkpoint, Leaf, WitnessReport
from contest.voting.models_review import BallotDecision
from contest.voting.receipts import receipt_of
from contest.voting.tasks import tend
from tests.factories import make_contest
from tests.factories.voting import during, make_vote, make_voter, seal_log, vote, voting_window
from tests.voting.test_sealing import many_leaves


@pytest.fixture
def made(app, clock):
    contest, entries = make_vote()
    clock.instant = during(contest)
    return contest, entries


@pytest.fixture
def contest(made):
    return made[0]


@pytest.fixture
def entries(made):
    return made[1]


@pytest.fixture
def base(contest):
    return f"/cuoc-thi/{contest.slug}/so-phieu"


def words(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.get_data(as_text=True)))


def test_the_page_says_what_the_log_is(client, base, contest, entries):
    for _ in range(3):
        vote(contest, entries[:2])
    seal_log(contest)
    page = client.get(base)
    assert page.status_code == 200
    assert "Sổ phiếu" in words(page)
    signer = log_signer(contest.slug, contest.public_id)
    assert f"{signer.origin}+" in page.get_data(as_text=True)
    english = client.get("/en" + base)
    assert "What it does not prove" in words(english)


def test_before_the_vote_the_key_is_known_and_no_file_is(client, app, clock):
    contest = make_contest(0)
    db.session.commit()
    clock.instant = voting_window(contest)[0] - timedelta(days=1)
    base = f"/cuoc-thi/{contest.slug}/so-phieu"
    assert client.get(base).status_code == 200
    assert client.get(f"{base}/key.txt").text.startswith(f"localhost/{contest.slug}+")
    for name in ("log.jsonl", "checkpoints.txt", "checkpoint", "tile/0/0", "tim", "bang-chung.json"):
        assert client.get(f"{base}/{name}").status_code == 404


def test_a_key_that_cannot_be_read_is_no_page_of_errors(client, app, clock, monkeypatch):
    contest = make_contest(0)
    db.session.commit()

    def broken(*_):
        raise BadKeyFile("unreadable")

    monkeypatch.setattr(views_log, "log_signer", broken)
    clock.instant = voting_window(contest)[0] - timedelta(days=1)
    assert client.get(f"/cuoc-thi/{contest.slug}/so-phieu").status_code == 200
    assert client.get(f"/cuoc-thi/{contest.slug}/so-phieu/key.txt").status_code == 404


def test_the_files_are_what_the_specification_says(client, base, contest, entries):
    for _ in range(4):
        vote(contest, entries[:2])
    seal_log(contest)
    vote(contest, entries[:1])
    seal_log(contest)
    lines = client.get(f"{base}/log.jsonl").text.splitlines(keepends=True)
    assert all(line.endswith("\n") for line in lines)
    hashes = [merkle.leaf_hash(line.rstrip("\n").encode()) for line in lines]
    assert json.loads(lines[0])["kind"] == "open"
    assert json.loads(lines[0])["key"] + "\n" == client.get(f"{base}/key.txt").text
    notes = client.get(f"{base}/checkpoints.txt").text
    signer = log_signer(contest.slug, contest.public_id)
    found = [f"{part}\n" if not part.endswith("\n") else part for part in notes.split("\n\n")]
    pairs = [f"{text}\n{rest}" for text, rest in zip(found[::2], found[1::2], strict=True)]
    said = [opened(note, signer.origin, signer.public) for note in pairs]
    assert [each.size for each in said] == [1, 5, 6]
    assert [each.root for each in said] == [merkle.root_of(hashes[: each.size]) for each in said]
    last = db.session.scalars(select(Checkpoint.note).order_by(Checkpoint.size.desc()).limit(1)).one()
    assert client.get(f"{base}/checkpoint").text == last
    assert notes.endswith(last)


def test_what_waits_is_in_no_file(client, base, contest, entries):
    seal_log(contest)
    cast = vote(contest, entries[:2])
    for name in ("log.jsonl", "checkpoints.txt", "checkpoint"):
        assert cast.ballot_id not in client.get(f"{base}/{name}").text
    seal_log(contest)
    assert cast.ballot_id in client.get(f"{base}/log.jsonl").text


def test_no_choice_no_salt_and_no_time_is_in_anything(client, base, contest, entries):
    casts = [vote(contest, entries[:2]) for _ in range(3)]
    seal_log(contest)
    salts = db.session.scalars(select(Leaf.salt).where(Leaf.salt.is_not(None))).all()
    year = str(voting_window(contest)[0].year)
    for name in ("log.jsonl", "checkpoints.txt", "checkpoint", f"bang-chung.json?phieu={casts[0].ballot_id}"):
        text = client.get(f"{base}/{name}").text
        assert not any(salt in text for salt in salts)
        for line in text.splitlines()[1:]:
            assert not any(entry.public_id in line for entry in entries)
        assert f"{year}-" not in text.replace("closes", "").split("\n", 1)[-1]
    page = client.get(f"{base}/tim?phieu={casts[0].ballot_id}").text
    assert not any(entry.public_id in page or entry.title in page for entry in entries)
    assert not any(salt in page for salt in salts)


def test_the_log_is_sent_in_pages_and_from_where_one_wants(client, base, contest, clock, monkeypatch):
    many_leaves(contest, 25, clock.instant)
    seal_log(contest)
    whole = client.get(f"{base}/log.jsonl").text
    monkeypatch.setattr(queries_log, "PAGE", 4)
    assert client.get(f"{base}/log.jsonl").text == whole
    assert len(whole.splitlines()) == 26
    lines = whole.splitlines(keepends=True)
    assert client.get(f"{base}/log.jsonl?from=20").text == "".join(lines[20:])
    assert client.get(f"{base}/log.jsonl?from=3&to=7").text == "".join(lines[3:7])
    assert client.get(f"{base}/log.jsonl?from=26").text == ""
    assert client.get(f"{base}/log.jsonl?from=999999999999").text == ""
    assert client.get(f"{base}/log.jsonl").headers["Log-Size"] == "26"
    for wrong in ("x", "-1", "1.5", "9" * 13, "٣"):
        assert client.get(f"{base}/log.jsonl", query_string={"from": wrong}).status_code == 400
    assert client.get(f"{base}/checkpoints.txt?from=1").text == client.get(f"{base}/checkpoint").text


def test_who_has_a_file_already_is_told_so_and_nothing_is_read(client, base, contest, entries):
    seal_log(contest)
    for name in ("log.jsonl", "checkpoints.txt", "checkpoint", "key.txt"):
        first = client.get(f"{base}/{name}")
        assert first.headers["Cache-Control"] == "public, max-age=10"
        sent = []

        def note(*args, sent=sent):
            sent.append(args[2])

        event.listen(db.engine, "before_cursor_execute", note)
        again = client.get(f"{base}/{name}", headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert client.head(f"{base}/{name}").status_code == 200
        event.remove(db.engine, "before_cursor_execute", note)
        assert not any("leaf.content" in each for each in sent)
    vote(contest, entries[:1])
    seal_log(contest)
    etag = client.get(f"{base}/log.jsonl").headers["ETag"]
    assert client.get(f"{base}/checkpoint", headers={"If-None-Match": etag}).status_code == 200


def test_a_file_is_sent_as_it_is_read(client, base, contest, clock, monkeypatch):
    """Not gathered first: the log of two million ballots is 600 MB."""
    many_leaves(contest, 30, clock.instant)
    seal_log(contest)
    monkeypatch.setattr(queries_log, "PAGE", 5)
    read = []
    lines = queries_log.leaf_lines

    def noted(*arguments):
        for part in lines(*arguments):
            read.append(part)
            yield part

    monkeypatch.setattr(queries_log, "leaf_lines", noted)
    answer = client.get(f"{base}/log.jsonl", buffered=False)
    parts = answer.iter_encoded()
    next(parts)
    assert len(read) <= 2
    assert len(b"".join(parts).splitlines()) >= 25
    answer.close()


def test_a_growing_log_keeps_what_was_sent_before(client, base, contest, entries):
    seal_log(contest)
    before = client.get(f"{base}/log.jsonl").text
    for _ in range(5):
        vote(contest, entries[:1])
    seal_log(contest)
    assert client.get(f"{base}/log.jsonl").text.startswith(before)
    assert client.get(f"{base}/log.jsonl?to=1").text == before


def test_tiles_are_given_out_when_they_are_full(client, base, contest, clock):
    many_leaves(contest, 300, clock.instant)
    seal_log(contest)
    tile = client.get(f"{base}/tile/0/0")
    assert len(tile.data) == 256 * 32
    assert tile.headers["Cache-Control"] == "public, max-age=86400"
    lines = client.get(f"{base}/log.jsonl?to=256").text.splitlines()
    assert tile.data == b"".join(merkle.leaf_hash(line.encode()) for line in lines)
    for missing in ("0/1", "1/0", "2/0", "64/0", "9223372036854775807/9223372036854775807"):
        assert client.get(f"{base}/tile/{missing}").status_code == 404


def test_the_page_may_be_shared_for_a_short_time(client, base, contest, app):
    seal_log(contest)
    assert client.get(base).headers["Cache-Control"] == "public, max-age=10"
    assert client.get(f"{base}/tim").headers["Cache-Control"] == "private, no-store"
    app.extensions["pages"] = PageCache()
    try:
        client.get(f"{base}/log.jsonl")
        assert app.extensions["pages"]._pages == {}  # a file is never kept in memory
    finally:
        del app.extensions["pages"]


# One's own ballot


def test_a_ballot_is_found_by_its_number(client, base, contest, entries):
    seal_log(contest)
    cast = vote(contest, entries[:2])
    assert "đang chờ" in words(client.get(f"{base}/tim?phieu={cast.ballot_id}"))
    seal_log(contest)
    grouped = "-".join(cast.ballot_id[at : at + 4] for at in range(0, 16, 4)).lower()
    for page in (
        client.get(f"{base}/tim", query_string={"phieu": grouped}),
        client.post(f"{base}/tim", data={"phieu": f" {grouped} "}),
    ):
        assert "đã có trong sổ" in words(page)
        assert "dòng 2 trên 2" in words(page)
    assert "Không có" in words(client.get(f"{base}/tim?phieu={'2' * 16}"))
    assert client.get(f"{base}/tim?phieu=12").status_code == 422
    found = client.get(f"{base}?phieu={cast.ballot_id}")
    assert found.status_code == 303
    assert found.location.endswith(f"/so-phieu/tim?phieu={cast.ballot_id}")


def test_a_changed_ballot_is_found_by_its_latest_version(client, base, contest, entries):
    voter = make_voter(contest)
    vote(contest, entries[:2], voter)
    seal_log(contest)
    cast = vote(contest, entries[:1], voter)
    assert "đang chờ" in words(client.get(f"{base}/tim?phieu={cast.ballot_id}"))
    seal_log(contest)
    assert "lần thứ 2" in words(client.get(f"{base}/tim?phieu={cast.ballot_id}"))


def test_a_ballot_of_another_vote_is_unknown(client, base, contest, entries):
    other, theirs = make_vote(1)
    cast = vote(other, theirs[:1], now=during(other))
    seal_log(other)
    seal_log(contest)
    assert "Không có" in words(client.get(f"{base}/tim?phieu={cast.ballot_id}"))
    assert client.get(f"{base}/bang-chung.json?phieu={cast.ballot_id}").status_code == 404


def test_the_proof_of_a_ballot_holds(client, base, contest, entries, clock):
    many_leaves(contest, 300, clock.instant)
    cast = vote(contest, entries[:2])
    seal_log(contest)
    proof = client.get(f"{base}/bang-chung.json?phieu={cast.ballot_id}").get_json()
    signer = log_signer(contest.slug, contest.public_id)
    checkpoint = opened(proof["checkpoint"], signer.origin, signer.public)
    leaf = merkle.leaf_hash(proof["leaf"].encode())
    steps = [base64.b64decode(step) for step in proof["proof"]]
    assert merkle.includes(checkpoint.root, checkpoint.size, proof["index"], leaf, steps)
    assert json.loads(proof["leaf"])["ballot"] == cast.ballot_id


def test_the_proof_that_the_log_continues_an_earlier_one_holds(client, base, contest, entries, clock):
    many_leaves(contest, 300, clock.instant)
    seal_log(contest)
    vote(contest, entries[:2])
    seal_log(contest)
    proof = client.get(f"{base}/bang-chung.json?tu=301&den=302").get_json()
    signer = log_signer(contest.slug, contest.public_id)
    old, new = (opened(proof[f"{which}_checkpoint"], signer.origin, signer.public) for which in ("first", "second"))
    steps = [base64.b64decode(step) for step in proof["proof"]]
    assert merkle.continues(old.root, old.size, new.root, new.size, steps)
    assert client.get(f"{base}/bang-chung.json?tu=301").get_json()["second"] == 302
    for query in ("tu=0&den=302", "tu=7&den=302", "tu=302&den=301", "tu=301&den=400", ""):
        assert client.get(f"{base}/bang-chung.json?{query}").status_code == 404


def receipt(contest, voter):
    found = receipt_of(
        contest=contest, voter_id=voter, scope="contest", signer=log_signer(contest.slug, contest.public_id)
    )
    db.session.rollback()
    return found


def test_the_promise_on_a_receipt_is_checked(client, base, contest, entries):
    voter = make_voter(contest)
    vote(contest, entries[:2], voter)
    seal_log(contest)
    said = receipt(contest, voter).closed
    page = client.post(f"{base}/tim", data={"receipt": json.dumps(said)})
    assert "Biên nhận này là thật" in words(page)
    assert "đã có trong sổ" in words(page)
    for name, wrong in (
        ("at", said["at"] + 1),
        ("promise", base64.b64encode(bytes(64)).decode()),
        ("commitment", "0" * 64),
        ("contest", "another"),
    ):
        page = client.post(f"{base}/tim", data={"receipt": json.dumps({**said, name: wrong})})
        assert "không ký biên nhận này" in words(page), name


def test_a_promise_that_was_not_kept_is_said_loudly(client, base, contest, entries):
    voter = make_voter(contest)
    vote(contest, entries[:2], voter)
    seal_log(contest)
    said = receipt(contest, voter).closed
    db.session.execute(update(Leaf).where(Leaf.kind == "ballot").values(hash="0" * 64))
    db.session.commit()
    page = client.post(f"{base}/tim", data={"receipt": json.dumps(said)})
    assert "nhưng sổ không có dòng" in words(page)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        "null",
        "x",
        "[" * 9000,
        '{"ballot": 1}',
        '{"ballot":"\\ud800","commitment":1,"contest":[],"revision":1e999,"tag":0,"promise":"","at":0}',
    ],
)
def test_what_is_no_receipt_is_told_so(client, base, contest, text):
    seal_log(contest)
    assert client.post(f"{base}/tim", data={"receipt": text}).status_code == 422


# What was set aside


def set_aside(contest, cast, reason, kind="void"):
    with writing() as now:
        number = decide(contest, now, kind, ballot=cast.ballot_id, reason=reason, role="vote_review")
        ballot = db.session.scalars(select(Ballot.id).where(Ballot.ballot_id == cast.ballot_id)).one()
        db.session.add(
            BallotDecision(contest_id=contest.id, ballot_id=ballot, number=number, kind=kind, reason=reason, at=now)
        )


def test_numbers_by_reason_are_shown_after_the_close_only(client, base, contest, entries, clock):
    casts = [vote(contest, entries[:2]) for _ in range(3)]
    seal_log(contest)
    assert "Đến nay chưa có phiếu nào" in words(client.get(base))
    for cast in casts:
        set_aside(contest, cast, "automated")
    set_aside(contest, casts[0], "error", kind="admit")
    seal_log(contest)
    page = words(client.get(base))
    assert "không được tính. Mỗi phiếu vẫn" in page
    assert "2 ·" not in page
    assert "Phiếu này đã bị loại" in words(client.get(f"{base}/tim?phieu={casts[1].ballot_id}"))
    assert "Phiếu này đã bị loại" not in words(client.get(f"{base}/tim?phieu={casts[0].ballot_id}"))
    clock.instant = voting_window(contest)[1]

    tend(contest.id, lambda contest_id, now: None)
    assert "2 ·" in words(client.get(base))


def test_the_turnout_is_not_shown_where_the_rules_keep_it(client, base, contest, entries, monkeypatch):
    vote(contest, entries[:2])
    seal_log(contest)
    rules = contest.rules
    assert ("phiếu" in words(client.get(base))) is True
    hidden = rules.voting.model_copy(update={"turnout_public": False})
    monkeypatch.setattr(type(contest), "rules", property(lambda self: rules.model_copy(update={"voting": hidden})))
    page = client.get(base)
    assert page.status_code == 200
    assert "số phiếu đã vào sổ" not in words(page)


def test_witnesses_are_shown_without_their_addresses(client, base, contest, clock):
    seal_log(contest)
    for witness, error in (("mail:nhabao@bao.example", None), ("git:https://git.example/log", "refused")):
        db.session.add(WitnessReport(contest_id=contest.id, witness=witness, size=1, at=clock.instant, error=error))
    db.session.commit()
    page = client.get(base).get_data(as_text=True)
    assert "bao.example" in page
    assert "nhabao" not in page
    assert 'href="https://git.example/log"' in page
    assert "refused" not in page
