"""The pages of the review desk, and what a voter is told of a ballot that is set aside."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from zipfile import ZipFile

import pytest
from sqlalchemy import event, select, update

from contest.core.db import db
from contest.entries.models import Entry
from contest.results.models import ResultSet
from contest.results.outcome import missing_for_results
from contest.voting.models import Ballot, Choice
from contest.voting.models_log import BallotLog
from contest.voting.models_review import BallotDecision, Finding, Setting
from tests.factories import make_staff, sign_in
from tests.factories.review import ANSWER, WORDS, make_ballot, make_finding, make_setting
from tests.factories.voting import during, make_vote, seal_log, voting_window

REASON = "duplicate_identity"


@pytest.fixture
def desk(app, clock):
    contest, entries = make_vote()
    first, second = make_staff(contest, "secretary"), make_staff(contest, "organiser")
    finding = make_finding(contest, [make_ballot(contest, entries[:2]) for _ in range(4)])
    clock.instant = during(contest)
    base = f"/ban-to-chuc/{contest.slug}/binh-chon/ra-soat"
    return contest, finding, first, second, base


def test_two_people_from_the_finding_to_the_log_and_back(client, desk):
    _contest, finding, first, second, base = desk
    page = f"{base}/dau-hieu/{finding.public_id}"
    sign_in(client, first)
    assert client.get(base).status_code == 200
    assert client.get(page).status_code == 200
    sent = client.post(f"{page}/de-nghi", data={"reason": REASON, "words": WORDS})
    assert sent.status_code == 303
    batch = sent.headers["Location"]
    assert "/rut" in client.get(batch).text
    refused = client.post(f"{batch}/quyet-dinh", data={"answer": "yes", "words": ANSWER})
    assert refused.status_code == 422
    assert db.session.scalars(select(BallotDecision)).all() == []

    sign_in(client, second)
    assert WORDS in client.get(base).text
    assert client.post(f"{batch}/quyet-dinh", data={"words": ANSWER}).status_code == 422
    assert client.post(f"{batch}/quyet-dinh", data={"answer": "yes", "words": ""}).status_code == 422
    assert client.post(f"{batch}/rut").status_code == 303  # not theirs: said on the page it leads to
    assert client.post(f"{batch}/quyet-dinh", data={"answer": "yes", "words": ANSWER}).status_code == 303
    assert len(db.session.scalars(select(BallotDecision)).all()) == 4
    assert ANSWER in client.get(batch).text
    assert client.post(f"{batch}/quyet-dinh", data={"answer": "no", "words": ANSWER}).status_code == 422

    sent = client.post(f"{batch}/tro-lai", data={"tro-lai-reason": "mistake", "tro-lai-words": WORDS})
    assert sent.status_code == 303
    sign_in(client, first)
    again = client.post(f"{sent.headers['Location']}/quyet-dinh", data={"answer": "yes", "words": ANSWER})
    assert again.status_code == 303
    assert [row.kind for row in db.session.scalars(select(BallotDecision).order_by(BallotDecision.number))] == (
        ["void"] * 4 + ["admit"] * 4
    )


def test_what_was_typed_stays_when_it_is_refused(client, desk):
    _contest, finding, first, _second, base = desk
    sign_in(client, first)
    page = f"{base}/dau-hieu/{finding.public_id}"
    typed = {"reason": REASON, "words": "ngắn quá", "since": "hôm qua", "sample": "7"}
    answer = client.post(f"{page}/de-nghi", data=typed)
    assert answer.status_code == 422
    assert "ngắn quá" in answer.text
    assert "hôm qua" in answer.text
    assert client.post(f"{page}/de-nghi", data={**typed, "sample": "9" * 30}).status_code == 422
    assert client.post(f"{page}/de-nghi", data={}).status_code == 422
    for field in ("channel", "family", "domain", "unit", "since", "until", "reason", "words"):
        fine = {"reason": REASON, "words": WORDS}
        for typed in ("\x00", "' OR 1=1 --", "9999-99-99", "0001-01-01", "9" * 400):
            answer = client.post(f"{page}/de-nghi", data={**fine, field: typed})
            assert answer.status_code == (303 if field == "words" and len(typed) == 400 else 422), (field, typed)
    assert client.post(f"{page}/bo-qua", data={"bo-qua-words": "ngắn"}).status_code == 422
    answer = client.post(f"{base}/dot", data={"numbers": "ABC", "reason": "objection", "words": WORDS})
    assert answer.status_code == 422
    assert "ABC" in answer.text


def test_a_finding_is_closed_and_opened_again(client, desk):
    _contest, finding, first, _second, base = desk
    sign_in(client, first)
    page = f"{base}/dau-hieu/{finding.public_id}"
    assert client.post(f"{page}/bo-qua", data={"bo-qua-words": WORDS}).status_code == 303
    assert finding.public_id not in client.get(base).text
    assert finding.public_id in client.get(f"{base}?trang-thai=dismissed").text
    assert client.post(f"{page}/mo-lai").status_code == 303
    assert finding.public_id in client.get(base).text


def test_what_was_chosen_is_never_shown(client, desk, clock):
    contest, finding, first, _second, base = desk
    sign_in(client, first)
    page = f"{base}/dau-hieu/{finding.public_id}"
    names = _codes(db.session.scalars(select(Choice.entry_id)).all())
    _opens, closes = voting_window(contest)
    clock.instant = closes - timedelta(milliseconds=1)
    text = client.get(page).text
    assert not [name for name in names if name in text]
    clock.instant = closes
    text = client.get(page).text
    assert names and not [name for name in names if name in text]


def _codes(ids):
    return sorted(db.session.scalars(select(Entry.blind_code).where(Entry.id.in_(ids))))


def test_once_results_are_worked_out_the_desk_only_shows(client, desk):
    contest, finding, first, second, base = desk
    setting = make_setting(contest, finding, first)
    db.session.add(ResultSet(contest=contest, computed_at=during(contest), report={}, fingerprint="0" * 64))
    db.session.commit()
    sign_in(client, second)
    assert "/de-nghi" not in client.get(f"{base}/dau-hieu/{finding.public_id}").text
    assert "/quyet-dinh" not in client.get(f"{base}/dot/{setting.public_id}").text
    answer = client.post(f"{base}/dot/{setting.public_id}/quyet-dinh", data={"answer": "yes", "words": ANSWER})
    assert answer.status_code == 422
    typed = {"reason": REASON, "words": WORDS}
    assert client.post(f"{base}/dau-hieu/{finding.public_id}/de-nghi", data=typed).status_code == 422
    assert db.session.scalars(select(BallotDecision)).all() == []


def test_results_wait_for_batches_that_wait_and_for_the_review(desk):
    contest, finding, first, _second, _base = desk
    window, review = voting_window(contest), contest.rules.window("vote_audit")

    def endpoints(now):
        return [each.endpoint for each in missing_for_results(contest, now)].count("voting.review_desk")

    assert endpoints(window[1] - timedelta(seconds=1)) == 0
    assert endpoints(window[1]) == 2, "the review is going on, and a finding waits for people"
    assert endpoints(review.closes - timedelta(seconds=1)) == 2
    assert endpoints(review.closes) == 1
    finding.state = "dismissed"
    db.session.flush()
    assert endpoints(review.closes) == 0
    finding.state = "open"
    make_setting(contest, finding, first)
    assert endpoints(review.closes) == 2


def test_files_for_the_minutes_hold_no_formula(client, desk):
    contest, finding, first, second, base = desk
    setting = make_setting(contest, finding, first, words="=HYPERLINK(1) và vài chữ nữa")
    sign_in(client, second)
    client.post(f"{base}/dot/{setting.public_id}/quyet-dinh", data={"answer": "yes", "words": "@SUM(1) và vài chữ nữa"})
    db.session.execute(update(BallotLog).values(ballots=4))  # as sealing counts them
    db.session.commit()
    answer = client.get(f"{base}/tong-hop.csv")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert [row[1] for row in rows[1:5]] == ["4", "4", "4", "0"], "cast, by reason, in all, not set aside"
    with ZipFile(io.BytesIO(client.get(f"{base}/tong-hop.xlsx").data)) as book:
        sheets = b"".join(book.read(name) for name in book.namelist() if name.startswith("xl/worksheets/"))
    assert b"<f>" not in sheets
    assert b"<hyperlink" not in sheets


def test_lists_ask_the_same_for_few_and_for_many(client, desk):
    contest, finding, first, _second, base = desk

    def asked(path):
        client.get(path)
        sent = []

        def note(_connection, _cursor, statement, *_rest):
            sent.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            assert client.get(path).status_code == 200
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        return len(sent)

    make_setting(contest, finding, first)
    sign_in(client, first)
    paths = (base, f"{base}/dot", f"{base}?trang-thai=all", f"{base}/tong-hop.csv")
    few = [asked(path) for path in paths]
    for _ in range(12):
        make_finding(contest, [])
        make_setting(contest, finding, first)
    assert [asked(path) for path in paths] == few


def test_lists_are_read_in_pages(client, desk, monkeypatch):
    contest, finding, first, _second, base = desk
    for severity in (10, 20, 20, 20, 30):
        make_finding(contest, [], severity=severity)
    monkeypatch.setattr("contest.voting.review_lists.PAGE", 2)
    sign_in(client, first)
    seen, path = [], f"{base}?trang-thai=all"
    known = db.session.scalars(select(Finding).order_by(Finding.severity.desc(), Finding.id)).all()
    for _ in range(3):
        text = client.get(path).text
        seen += [each.public_id for each in known if f"/dau-hieu/{each.public_id}" in text]
        last = known[len(seen) - 1]
        path = f"{base}?trang-thai=all&sau={last.severity}-{last.id}"
    assert seen == [each.public_id for each in known]
    for _ in range(5):
        make_setting(contest, finding, first)
    settings = db.session.scalars(select(Setting).order_by(Setting.id.desc())).all()
    text = client.get(f"{base}/dot?sau={settings[1].id}").text
    assert [each.public_id for each in settings if f"/dot/{each.public_id}" in text] == [
        each.public_id for each in settings[2:4]
    ]


@pytest.mark.parametrize("after", ["x", "-", "1-", "9" * 40, "1-" + "9" * 40, "٣-٣"])
def test_a_key_that_is_none_begins_at_the_first(client, desk, after):
    _contest, finding, first, _second, base = desk
    sign_in(client, first)
    answer = client.get(base, query_string={"sau": after, "trang-thai": "all"})
    assert answer.status_code == 200
    assert finding.public_id in answer.text
    assert client.get(f"{base}/dot", query_string={"sau": after}).status_code == 200
    assert client.get(f"{base}/dau-hieu/{finding.public_id}", query_string={"mau": after}).status_code == 200


def test_whoever_has_a_receipt_sees_that_a_ballot_is_set_aside_and_how_to_object(client, desk):
    contest, finding, first, second, base = desk
    ballot = db.session.scalars(select(Ballot).order_by(Ballot.id)).first()
    page = f"/cuoc-thi/{contest.slug}/so-phieu/tim"
    seal_log(contest)
    told = "không được tính"
    assert told not in client.post(page, data={"phieu": ballot.ballot_id}).text
    setting = make_setting(contest, finding, first)
    sign_in(client, second)
    assert told not in client.post(page, data={"phieu": ballot.ballot_id}).text, "a proposal is nobody's business"
    client.post(f"{base}/dot/{setting.public_id}/quyet-dinh", data={"answer": "yes", "words": ANSWER})
    client.delete_cookie("session")
    text = client.post(page, data={"phieu": ballot.ballot_id}).text
    assert told in text
    assert "Một người bình chọn nhiều lần" in text
    assert WORDS not in text
    assert ANSWER not in text
