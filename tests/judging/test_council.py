"""The council: meetings, and secret ballots that nobody can tie to a voter."""

from __future__ import annotations

import json
import logging
import secrets
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations, product
from threading import Barrier

import pytest
from sqlalchemy import func, inspect, select, text

from contest.accounts.models import User
from contest.audit.models import AuditRow
from contest.contests.models import Contest, RoleGrant
from contest.contests.queries import standing_grants
from contest.contests.services import end_role
from contest.core.db import db, writing
from contest.core.errors import Conflict, NotFound, Refused
from contest.judging.council import category_ranking
from contest.judging.council_ballots import (
    call_off,
    cast,
    close_question,
    count_papers,
    electorate,
    has_voted,
    open_question,
    own_questions,
    papers_of,
    places_of,
    told,
    votes_in,
)
from contest.judging.meetings import (
    Presence,
    close_meeting,
    council_of,
    note_attendance,
    open_meeting,
    save_notes,
)
from contest.judging.models import RoundClosing
from contest.judging.models_council import CouncilBallot, CouncilPaper, CouncilQuestion, CouncilVoter
from contest.judging.services import close_round, record_conflict, record_council_ballot
from contest.outbox.models import Message
from tests.factories import make_staff, make_user, sign_in
from tests.factories.judging import make_finalist, make_panel, mark_all, opening_of

MANY = 50


@pytest.fixture
def now(contest):
    return opening_of(contest, "final")


def together(app, verbs):
    """Run every verb in a thread and a transaction of its own, all let go at once; what each came to."""
    barrier = Barrier(len(verbs))

    def run(verb):
        with app.app_context():
            barrier.wait(30)
            try:
                with writing():
                    return verb()
            except Refused as refused:
                return refused.code
            finally:
                db.session.remove()

    db.session.commit()
    with ThreadPoolExecutor(len(verbs)) as pool:
        return list(pool.map(run, verbs))


def code_of(verb, **given):
    with pytest.raises(Refused) as caught:
        verb(**given)
    return caught.value.code


def tied(contest, chair, now, count=2, size=5):
    """`count` finalists with equal sheets in a closed final round, and the panel that marked them."""
    judges = make_panel(contest, "final", size=size)
    entries = [make_finalist(contest) for _ in range(count)]
    for entry in entries:
        mark_all(entry, judges[:5], [87, 87, 87, 87, 87], "final")
    close_round(contest=contest, round_id="final", category="A", actor=chair, now=now)
    return entries, judges


def sit(contest, chair, now, absent=()):
    """A meeting at which everybody of the council is present but these."""
    meeting = open_meeting(contest=contest, held_at=now, place="Phòng họp 2", actor=chair, now=now)
    presence = {
        row.user.public_id: Presence(False, "Đi công tác") if row.user in absent else Presence(True)
        for row in meeting.attendance
    }
    return note_attendance(meeting=meeting, contest=contest, presence=presence, version=1, actor=chair, now=now)


def ask(contest, chair, now, entries, meeting=None):
    meeting = meeting or sit(contest, chair, now)
    codes = [entry.blind_code for entry in entries]
    return open_question(meeting=meeting, contest=contest, category="A", codes=codes, actor=chair, now=now)


def vote(question, contest, person, *order):
    """A paper that puts these codes in this order."""
    cast(question=question, contest=contest, places={code: at for at, code in enumerate(order, 1)}, actor=person)


# Meetings


def test_the_council_is_head_of_jury_final_panel_and_secretary(contest, chair, now):
    secretary = make_staff(contest, "secretary")
    judges = make_panel(contest, "final", size=3)
    make_panel(contest, "prelim", size=2)
    gone = make_panel(contest, "final", "B", size=1)[0]
    found = {person.id: capacity for person, capacity in council_of(contest)}
    assert found == {
        chair.id: "chair",
        secretary.id: "secretary",
        gone.id: "member",
        **{judge.id: "member" for judge in judges},
    }
    assert next(capacity for _person, capacity in council_of(contest)) == "chair"


def test_a_meeting_from_the_call_to_the_close(contest, chair, now):
    secretary = make_staff(contest, "secretary")
    judges = make_panel(contest, "final", size=2)
    opening = {"contest": contest, "held_at": now, "actor": secretary, "now": now}
    assert code_of(open_meeting, **opening, place="  ") == "place_missing"
    assert code_of(open_meeting, **{**opening, "actor": judges[0]}, place="Hội trường") == "not_keeper"
    meeting = open_meeting(**opening, place="Hội trường")
    assert code_of(open_meeting, **opening, place="Hội trường") == "meeting_open"
    common = {"meeting": meeting, "contest": contest, "actor": secretary, "now": now}
    assert code_of(close_meeting, **common) == "attendance_missing"
    everybody = {row.user.public_id: Presence(True) for row in meeting.attendance}
    silent = {**everybody, judges[0].public_id: Presence(False, " ")}
    assert code_of(note_attendance, **common, presence=silent, version=1) == "absence_unexplained"
    db.session.refresh(meeting)
    said = {**everybody, judges[0].public_id: Presence(False, "Ốm")}
    assert note_attendance(**common, presence=said, version=1).version == 2
    assert {row.note for row in meeting.attendance if not row.present} == {"Ốm"}
    save_notes(**common, notes="Bàn về ba bài đầu.", version=2)
    with pytest.raises(Conflict) as caught:
        save_notes(**common, notes="Của cửa sổ khác", version=2)
    assert caught.value.code == "meeting_changed" and meeting.notes == "Bàn về ba bài đầu."
    assert code_of(save_notes, **common, notes="x" * 20_001, version=3) == "notes_too_long"
    close_meeting(**common)
    close_meeting(**common)
    assert code_of(save_notes, **common, notes="Sau", version=3) == "meeting_closed"
    assert code_of(note_attendance, **common, presence=said, version=3) == "meeting_closed"


# Counting


def test_places_are_one_more_than_those_put_before():
    codes = ["A", "B", "C"]
    assert places_of(codes, {"A": 1, "B": 3, "C": 3}) == {"A": 1, "B": 2, "C": 2}
    assert places_of(codes, {"A": 2, "B": 2, "C": 3}) == {"A": 1, "B": 1, "C": 3}
    for typed in ({"A": 1, "B": 2}, {"A": 0, "B": 1, "C": 2}, {"A": 1, "B": 2, "C": 4}, {"A": 1, "B": 2, "D": 3}):
        with pytest.raises(Refused):
            places_of(codes, typed)


def test_the_smallest_sum_is_best_and_equal_sums_are_equal():
    papers = [{"A": 1, "B": 2, "C": 3}, {"A": 2, "B": 1, "C": 3}, {"A": 3, "B": 3, "C": 1}]
    counted = count_papers(["C", "A", "B"], papers)
    assert counted == {"sums": {"A": 6, "B": 6, "C": 7}, "groups": [["A", "B"], ["C"]], "papers": 3}


def test_no_order_of_papers_and_no_name_of_entries_changes_the_count():
    papers = [places_of("AB", dict(zip("AB", typed, strict=True))) for typed in product((1, 2), repeat=2)]
    assert len({json.dumps(count_papers("AB", order)) for order in permutations(papers)}) == 1


def test_a_ballot_counts_in_the_ranking_and_is_told_in_words(contest, chair, now):
    (first, second), judges = tied(contest, chair, now)
    assert category_ranking(contest, "A").ranking.needs_ballot
    question = ask(contest, chair, now, [first, second])
    for judge in judges[:3]:
        vote(question, contest, judge, second.blind_code, first.blind_code)
    vote(question, contest, judges[3], first.blind_code, second.blind_code)
    assert votes_in(question) == 4 and question.counted is None and told(question) == []
    closing = {"question": question, "contest": contest, "actor": chair, "now": now}
    with pytest.raises(Conflict):  # the page was shown before the last vote came in
        close_question(**closing, missing=3)
    ballot = close_question(**closing, missing=2)
    assert close_question(**closing, missing=2).id == ballot.id
    assert ballot.groups == [[second.blind_code], [first.blind_code]] and ballot.question_id == question.id
    assert ballot.present == 6
    places = category_ranking(contest, "A").ranking.places
    assert places == {second.public_id: 1, first.public_id: 2}
    words = " ".join(message % params for message, params in told(question))
    assert "4 secret papers" in words and f"{second.blind_code}: sum of places 5" in words
    assert "did not: 2" in words


def test_equal_sums_share_the_place(contest, chair, now):
    entries, judges = tied(contest, chair, now)
    one, other = sorted(entry.blind_code for entry in entries)
    question = ask(contest, chair, now, entries)
    for judge, order in zip(judges, [(one, other), (other, one)] * 2, strict=False):
        vote(question, contest, judge, *order)
    ballot = close_question(question=question, contest=contest, missing=2, actor=chair, now=now)
    assert ballot.groups == [[one, other]]
    assert set(category_ranking(contest, "A").ranking.places.values()) == {1}


# Who may


def test_who_is_absent_outside_or_partial_does_not_vote(contest, chair, now):
    (first, second), judges = tied(contest, chair, now, size=6)
    secretary, outsider = make_staff(contest, "secretary"), make_staff(contest, "judge")
    record_conflict(entry=first, judge=judges[0], reason="Họ hàng", actor=judges[0], now=now)
    question = ask(contest, chair, now, [first, second], sit(contest, chair, now, absent=[judges[5]]))
    who = electorate(contest, question.meeting, question.codes)
    assert {each.id for each in who.voters} == {chair.id, *(judge.id for judge in judges[1:5])}
    assert who.barred == (judges[0],)
    for person in (judges[0], judges[5], secretary, outsider, make_user()):
        with pytest.raises(NotFound):
            vote(question, contest, person, *question.codes)
        assert own_questions(contest, person) == []
    assert own_questions(contest, judges[1]) == [question]
    for judge in judges[1:5]:
        vote(question, contest, judge, *question.codes)
    vote(question, contest, chair, *question.codes)
    close_question(question=question, contest=contest, missing=0, actor=chair, now=now)
    assert judges[0].name in " ".join(message % params for message, params in told(question))


def test_a_conflict_learnt_while_the_ballot_is_open_counts_at_once(contest, chair, now):
    (first, second), judges = tied(contest, chair, now)
    question = ask(contest, chair, now, [first, second])
    record_conflict(entry=second, judge=judges[1], reason="Bạn thân", actor=judges[1], now=now)
    with pytest.raises(NotFound):
        vote(question, contest, judges[1], *question.codes)


def test_a_partial_head_of_jury_opens_and_closes_no_ballot(contest, chair, now):
    (first, second), judges = tied(contest, chair, now)
    other = make_staff(contest, "chair")
    meeting = sit(contest, chair, now)
    record_conflict(entry=first, judge=chair, reason="Họ hàng", actor=chair, now=now)
    opening = {"meeting": meeting, "contest": contest, "category": "A", "now": now}
    opening["codes"] = [first.blind_code, second.blind_code]
    assert code_of(open_question, **opening, actor=chair) == "conflict_of_interest"
    assert code_of(open_question, **opening, actor=judges[0]) == "not_chair"
    question = open_question(**opening, actor=other)
    for judge in judges:
        vote(question, contest, judge, *question.codes)
    closing = {"question": question, "contest": contest, "missing": 1, "now": now}
    assert code_of(close_question, **closing, actor=chair) == "conflict_of_interest"


def test_two_voters_have_no_secret_and_record_a_paper_ballot(contest, chair, now):
    entries, judges = tied(contest, chair, now)
    meeting = sit(contest, chair, now, absent=judges[1:])
    codes = [entry.blind_code for entry in entries]
    opening = {"meeting": meeting, "contest": contest, "category": "A", "codes": codes, "actor": chair, "now": now}
    assert code_of(open_question, **opening) == "too_few_voters"
    record_council_ballot(
        contest=contest, category="A", groups=[[codes[0]], [codes[1]]], present=2, note="", actor=chair, now=now
    )
    assert category_ranking(contest, "A").ranking.places[entries[0].public_id] == 1


def test_two_papers_are_not_counted_and_are_destroyed_when_called_off(contest, chair, now):
    entries, judges = tied(contest, chair, now)
    question = ask(contest, chair, now, entries)
    for judge in judges[:2]:
        vote(question, contest, judge, *question.codes)
    closing = {"question": question, "contest": contest, "actor": chair, "now": now}
    assert code_of(close_question, **closing, missing=4) == "too_few_papers"
    call_off(**closing)
    call_off(**closing)
    assert papers_of(question) == [] and "uncounted" in told(question)[0][0]
    assert db.session.scalar(select(func.count(CouncilBallot.id))) == 0
    assert code_of(cast, question=question, contest=contest, places={}, actor=judges[3]) == "ballot_closed"
    # The tie is open to another ballot.
    assert ask(contest, chair, now, entries, question.meeting).public_id != question.public_id


def test_a_ballot_is_on_one_tie_after_the_lock_and_once(contest, chair, now):
    entries, _judges = tied(contest, chair, now, count=3)
    meeting = sit(contest, chair, now)
    codes = [entry.blind_code for entry in entries]
    opening = {"meeting": meeting, "contest": contest, "category": "A", "actor": chair, "now": now}
    for wrong in (codes[:2], [*codes, codes[0]], [], ["ZZZZ"]):
        assert code_of(open_question, **opening, codes=wrong) == "not_a_tie"
    open_question(**opening, codes=codes)
    assert code_of(open_question, **opening, codes=codes[::-1]) == "ballot_open"
    common = {"meeting": meeting, "contest": contest, "actor": chair, "now": now}
    assert code_of(close_meeting, **common) == "ballot_open"
    assert code_of(note_attendance, **common, presence={}, version=2) == "ballot_open"
    db.session.execute(RoundClosing.__table__.delete())
    assert code_of(open_question, **opening, codes=codes) == "round_open"


# One vote each


def test_fifty_presses_of_one_member_are_one_paper(app, contest, chair, now):
    entries, judges = tied(contest, chair, now)
    question = ask(contest, chair, now, entries)
    question_id, contest_id, judge_id, codes = question.id, contest.id, judges[0].id, question.codes

    def verb():
        cast(
            question=db.session.get_one(CouncilQuestion, question_id),
            contest=db.session.get_one(Contest, contest_id),
            places={code: at for at, code in enumerate(codes, 1)},
            actor=db.session.get_one(User, judge_id),
        )

    answers = Counter(together(app, [verb] * MANY))
    assert answers == {None: 1, "voted": MANY - 1}
    assert db.session.scalar(select(func.count()).select_from(CouncilPaper)) == 1
    assert db.session.scalar(select(func.count(CouncilVoter.id))) == 1


def test_all_members_at_once_lose_no_paper(app, contest, chair, now):
    entries, judges = tied(contest, chair, now, size=12)
    question = ask(contest, chair, now, entries)
    question_id, contest_id, codes = question.id, contest.id, question.codes

    def voting(judge_id):
        return lambda: cast(
            question=db.session.get_one(CouncilQuestion, question_id),
            contest=db.session.get_one(Contest, contest_id),
            places=dict.fromkeys(codes, 1),
            actor=db.session.get_one(User, judge_id),
        )

    assert together(app, [voting(judge.id) for judge in judges]) == [None] * 12
    assert db.session.scalar(select(func.count()).select_from(CouncilPaper)) == 12


def test_fifty_presses_close_a_round_once(app, contest, chair, now):
    judges = make_panel(contest, "final", size=5)
    mark_all(make_finalist(contest), judges, [80, 81, 82, 83, 84], "final")
    contest_id, chair_id = contest.id, chair.id

    def verb():
        return close_round(
            contest=db.session.get_one(Contest, contest_id),
            round_id="final",
            category="A",
            actor=db.session.get_one(User, chair_id),
            now=now,
        ).id

    assert len(set(together(app, [verb] * MANY))) == 1
    assert db.session.scalar(select(func.count(RoundClosing.id))) == 1
    rows = select(func.count(AuditRow.id)).where(AuditRow.verb == "judging.close_round")
    assert db.session.scalar(rows) == 1


# The secret


def everything():
    """Every row of every table, as text, in the order in which the database gives them."""
    found = {}
    for table in inspect(db.engine).get_table_names():
        quoted = db.engine.dialect.identifier_preparer.quote(table)
        found[table] = [tuple(map(str, row)) for row in db.session.execute(text(f"SELECT * FROM {quoted}"))]
    return found


def test_no_table_message_audit_row_or_log_ties_a_paper_to_its_voter(client, app, contest, chair, now, clock, caplog):
    """Each member votes differently, on their own page; then everything is searched for who voted what."""
    caplog.set_level(logging.DEBUG)
    entries, judges = tied(contest, chair, now, count=3)
    clock.instant = now
    question = ask(contest, chair, now, entries)
    orders = list(permutations(question.codes))
    slug, public_id, codes = contest.slug, question.public_id, question.codes
    before = everything()
    messages = db.session.scalar(select(func.count(Message.id)))
    for judge, order in zip(judges, orders, strict=False):
        sign_in(client, judge)
        data = {f"place-{code}": str(order.index(code) + 1) for code in codes}
        answer = client.post(f"/cham/{slug}/phieu-kin/{public_id}", data=data)
        assert answer.status_code == 303, answer.text
        # not even to the voter is it shown again
        page = client.get(f"/cham/{slug}/phieu-kin/{public_id}").text
        assert "place-" not in page and 'name="place' not in page
    db.session.expire_all()
    after = everything()
    changed = {table for table in after if after[table] != before[table]}
    sessions = {table for table in changed if table not in {"council_paper", "council_voter"}}
    # Beside the papers and the list of voters a vote leaves nothing but the sign-ins made above.
    assert {"council_paper", "council_voter"} <= changed
    for table in sessions:
        new = [row for row in after[table] if row not in before[table]]
        assert not any(code in value for row in new for value in row for code in codes), table
    assert db.session.scalar(select(func.count(Message.id))) == messages
    assert not db.session.scalars(select(AuditRow).where(AuditRow.verb.contains("cast"))).all()
    names = {name for judge in judges for name in (str(judge.id), judge.public_id, judge.name)}
    for row in after["council_paper"]:
        assert len(row) == 3 and len(row[0]) == 32 and not names & {value for value in row if value != str(question.id)}
    # No log line holds a place together with a code of the paper.
    for line in caplog.messages:
        assert "place" not in line or not any(code in line for code in codes), line


def test_neither_the_order_of_rows_nor_what_was_written_last_tells_who_voted_how(app, contest, chair, now, monkeypatch):
    """All papers are written anew with every vote: the order found is that of random keys, not of votes."""
    entries, judges = tied(contest, chair, now, count=3, size=6)
    question = ask(contest, chair, now, entries)
    orders = list(permutations(question.codes))
    keys = set()
    for judge, order in zip(judges, orders, strict=True):
        vote(question, contest, judge, *order)
        found = set(db.session.scalars(select(CouncilPaper.key)))
        assert not keys & found, "a paper kept its key: the new one is the voter's"
        keys = found
        db.session.commit()
    stored = [row[0] for row in db.session.execute(text("SELECT key FROM council_paper"))]
    assert stored == sorted(stored)
    if db.engine.dialect.name == "postgresql":
        written = db.session.execute(text("SELECT DISTINCT xmin::text FROM council_paper")).all()
        assert len(written) == 1, "the transactions of votes can be told apart"
    else:
        with pytest.raises(Exception, match="no such column"):
            db.session.execute(text("SELECT rowid FROM council_paper"))
        db.session.rollback()
    # Six members, six different papers: were they kept in order, this would hold each time.
    hits = 0
    for _ in range(20):
        question.closed_at = None
        db.session.execute(CouncilPaper.__table__.delete())
        db.session.execute(CouncilVoter.__table__.delete())
        for judge, order in zip(judges, orders, strict=True):
            vote(question, contest, judge, *order)
        cast_in_order = [{code: order.index(code) + 1 for code in question.codes} for order in orders]
        hits += papers_of(question) == cast_in_order
    assert hits <= 2


def test_nobody_sees_a_count_before_the_ballot_is_closed(client, contest, chair, now, clock):
    entries, judges = tied(contest, chair, now)
    clock.instant = now
    question = ask(contest, chair, now, entries)
    address = f"/ban-to-chuc/{contest.slug}/hoi-dong/{question.meeting.public_id}"
    one, other = question.codes
    for judge in judges[:3]:
        vote(question, contest, judge, one, other)
    sign_in(client, chair)
    first = client.get(address).text
    question_id = question.id
    db.session.execute(CouncilPaper.__table__.delete())
    for _ in range(3):
        db.session.add(CouncilPaper(key=secrets.token_hex(16), question_id=question_id, places={one: 2, other: 1}))
    db.session.commit()
    second = client.get(address).text

    def clean(page):
        return [line for line in page.splitlines() if "csrf" not in line and "nonce" not in line]

    assert clean(first) == clean(second)
    assert "3/6" in first


def test_the_voters_are_a_list_and_who_left_keeps_the_vote(contest, chair, now):
    entries, judges = tied(contest, chair, now)
    question = ask(contest, chair, now, entries)
    for judge in judges[:4]:
        vote(question, contest, judge, *question.codes)
    assert has_voted(question, judges[0]) and not has_voted(question, judges[4])

    grant = db.session.scalars(standing_grants(contest.id).where(RoleGrant.user_id == judges[0].id)).one()
    end_role(grant=grant, actor=chair, now=now)
    ballot = close_question(question=question, contest=contest, missing=1, actor=chair, now=now)
    assert question.counted["papers"] == 4 and ballot.groups == [[code] for code in question.codes]
