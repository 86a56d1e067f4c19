"""The verbs: who works on a case, what it freezes, what is kept and forgotten."""

from __future__ import annotations

import threading
import time
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from contest.audit.models import AuditRow
from contest.complaints import queries, services
from contest.complaints.models import Complaint, ComplaintFile, ComplaintNote
from contest.complaints.personal import cases_of, forget_person
from contest.contests.models import Contest
from contest.core.db import db, writing
from contest.core.errors import Conflict, NotFound, Refused
from contest.exemplars.papers import make_paper
from contest.outbox.models import Message
from contest.outbox.runner import render
from contest.privacy.models import RetentionRun
from contest.privacy.retention import run_retention
from contest.privacy.rules import months_after
from contest.privacy.services import ask, erase_person
from tests.conftest import START, VIETNAM
from tests.factories import make_contest, make_staff, make_user, sign_in
from tests.factories.complaints import close_case, make_case
from tests.factories.entries import changed_contest, make_finalist
from tests.factories.results import make_results
from tests.factories.results import publish as publish_results

REMARKS = datetime(2027, 5, 3, 9, 0, tzinfo=VIETNAM)
LATE = datetime(2027, 5, 25, 9, 0, tzinfo=VIETNAM)
PDF = make_paper(b"%PDF-1.7\n%%EOF", "don.pdf")


@pytest.fixture
def contest(app):
    return make_contest()


@pytest.fixture
def staff(contest):
    return make_staff(contest, "secretary")


def test_clocks_run_in_working_days(contest):
    # Monday 3 May 2027 is given for Saturday 1 May; two and ten working days begin on the 4th.
    made = make_case(contest, datetime(2027, 4, 29, 23, 59, tzinfo=VIETNAM))
    assert made.acknowledge_by == date(2027, 5, 5)
    assert made.answer_by == date(2027, 5, 17)


def test_a_named_entry_or_prize_waits_when_the_rules_say_so(contest, staff):
    entry = make_finalist(contest, category=contest.rules.categories[0].id)
    prize = contest.rules.prizes[0].id
    other = contest.rules.prizes[1].id
    assert not queries.frozen_prizes(contest.id)
    make_case(contest, REMARKS, text="Chung")
    assert not queries.frozen_prizes(contest.id), "it names nothing"
    one = make_case(contest, REMARKS, text="Bài", entry=entry)
    two = make_case(contest, REMARKS, text="Giải", prize_id=prize)
    three = make_case(contest, REMARKS, text="Cả hai", prize_id=other, entry=entry)
    frozen = queries.frozen_prizes(contest.id)
    assert frozen.entries == {entry.id} and frozen.prizes == {prize} and frozen.pairs == {(entry.id, other)}
    assert frozen.holds(entry.id, "nothing") and frozen.holds(-1, prize) and not frozen.holds(-1, other)
    close_case(one, staff, REMARKS)
    services.withdraw(complaint=two, now=REMARKS)
    assert (one.freezes, two.freezes) == (False, False)
    two.freezes = True  # whatever its row says: a closed case holds nothing up
    assert prize not in queries.frozen_prizes(contest.id).prizes
    two.freezes = False
    assert not queries.frozen_prizes(make_contest(1).id), "nor anything in another contest"
    assert queries.frozen_prizes(contest.id).entries == frozenset()
    services.take(complaint=three, actor=staff, now=REMARKS)
    services.freeze(complaint=three, freezes=False, reason="Đã xem hồ sơ", actor=staff, now=REMARKS)
    assert not queries.frozen_prizes(contest.id)
    services.freeze(complaint=three, freezes=True, reason="Còn vướng", actor=staff, now=REMARKS)
    assert queries.frozen_prizes(contest.id).holds(entry.id, other)
    with pytest.raises(Refused, match="few words"):
        services.freeze(complaint=three, freezes=False, reason=" ", actor=staff, now=REMARKS)


def test_nothing_waits_by_itself_when_it_is_late_or_the_rules_do_not_say_so(app):
    contest = changed_contest(lambda raw: raw["complaints"].update(freeze_award=False))
    make_case(contest, REMARKS, prize_id=contest.rules.prizes[0].id)
    assert not queries.frozen_prizes(contest.id)
    other = make_contest(1)
    make_case(other, datetime(2027, 10, 7, tzinfo=VIETNAM), prize_id=other.rules.prizes[0].id)
    assert not queries.frozen_prizes(other.id)


def test_open_objections_concern_an_entry_a_prize_or_anything(contest, staff):
    category = contest.rules.categories[0].id
    one, two = (make_finalist(contest, category=category) for _ in range(2))
    prize = contest.rules.prizes[0].id
    about_one = make_case(contest, REMARKS, text="1", entry=one)
    about_prize = make_case(contest, REMARKS, text="2", prize_id=prize)
    about_none = make_case(contest, REMARKS, text="3")
    late = make_case(contest, LATE, text="4", entry=two)
    elsewhere = make_case(make_contest(1), datetime(2027, 10, 1, tzinfo=VIETNAM))

    def ids(**chosen):
        return {each.id for each in queries.open_objections(contest.id, **chosen)}

    assert ids() == {about_one.id, about_prize.id, about_none.id, late.id}
    assert ids(entry_id=one.id) == {about_one.id, about_none.id}
    assert ids(prize_id=prize) == {about_prize.id, about_none.id}
    assert ids(entry_id=two.id, prize_id=prize) == {late.id, about_prize.id, about_none.id}
    assert ids(kinds=("objection",)) == set()
    assert [each.id for each in queries.open_objections(contest.id)][-1] == late.id, "what is due first comes first"
    close_case(about_none, staff, REMARKS)
    services.withdraw(complaint=late, now=REMARKS)
    assert ids() == {about_one.id, about_prize.id}
    assert queries.open_objections(elsewhere.contest_id)


def test_a_case_found_right_asks_for_results_anew(contest, staff):
    upheld = close_case(make_case(contest, REMARKS, text="1"), staff, REMARKS, "upheld")
    close_case(make_case(contest, REMARKS, text="2"), staff, REMARKS, "rejected")
    partly = close_case(make_case(contest, REMARKS, text="3"), staff, LATE, "partly")
    assert list(queries.upheld_since(contest.id, START)) == [upheld, partly]
    assert list(queries.upheld_since(contest.id, REMARKS)) == [partly]


def test_an_owner_answers_and_a_closed_case_stays_as_it_is(contest, staff):
    made, other = make_case(contest, REMARKS), make_staff(contest, "organiser")

    def answer(actor):
        services.answer(complaint=made, outcome="upheld", reply="Đúng.", actor=actor, now=LATE)

    with pytest.raises(Refused, match="Take the case first"):
        answer(staff)
    services.take(complaint=made, actor=staff, now=REMARKS)
    assert made.acknowledged_at == REMARKS and made.state == "taken"
    services.hand_over(complaint=made, to=other, actor=staff, now=LATE)
    assert made.owner is other and made.acknowledged_at == REMARKS
    with pytest.raises(Refused, match="Take the case first"):
        answer(staff)
    answer(other)
    for act in (
        lambda: answer(other),
        lambda: services.take(complaint=made, actor=staff, now=LATE),
        lambda: services.withdraw(complaint=made, now=LATE),
        lambda: services.concern(complaint=made, entry=None, prize_id="", actor=staff, now=LATE),
        lambda: services.freeze(complaint=made, freezes=True, reason="Vì", actor=staff, now=LATE),
        lambda: services.add_words(complaint=made, text="Nữa", papers=(), files=None, now=LATE),
    ):
        with pytest.raises(Conflict):
            act()
    told = [message.params.get("what") for message in db.session.query(Message).order_by(Message.id)]
    assert told == [None, "taken", "answered"]


def test_the_sender_is_told_of_what_they_may_read(contest, staff):
    made = make_case(contest, REMARKS)
    services.note(complaint=made, text="Hỏi toà soạn.", inside=True, actor=staff, now=REMARKS)
    assert db.session.query(Message).filter_by(template="complaint_news").count() == 0
    services.note(complaint=made, text="Chúng tôi đang hỏi.", inside=False, actor=staff, now=REMARKS)
    mail = db.session.query(Message).filter_by(template="complaint_news").one()
    assert mail.params["what"] == "note" and "toà soạn" not in str(mail.params)
    assert [note.text for note in queries.notes_of(made, for_sender=True)] == ["Chúng tôi đang hỏi."]


@pytest.mark.parametrize("role", ["judge", "chair", "press", "observer"])
def test_a_case_is_given_to_those_alone_who_may_see_it(contest, staff, role):
    made = make_case(contest, REMARKS)
    with pytest.raises(Refused, match="secretariat"):
        services.hand_over(complaint=made, to=make_staff(contest, role), actor=staff, now=REMARKS)


def test_who_sent_a_case_does_not_work_on_it(contest, staff):
    made, other = (
        make_case(contest, REMARKS, person=staff, prize_id=contest.rules.prizes[0].id),
        make_staff(contest, "secretary"),
    )
    for act in (
        lambda: services.take(complaint=made, actor=staff, now=REMARKS),
        lambda: services.hand_over(complaint=made, to=staff, actor=other, now=REMARKS),
        lambda: services.hand_over(complaint=made, to=other, actor=staff, now=REMARKS),
        lambda: services.note(complaint=made, text="a", inside=True, actor=staff, now=REMARKS),
        lambda: services.concern(complaint=made, entry=None, prize_id="", actor=staff, now=REMARKS),
        lambda: services.freeze(complaint=made, freezes=False, reason="a", actor=staff, now=REMARKS),
        lambda: services.answer(complaint=made, outcome="upheld", reply="a", actor=staff, now=REMARKS),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.code == "own_case"


def test_what_is_about_another_contest_is_refused(contest, staff):
    other = make_contest(1)
    entry = make_finalist(other, category=other.rules.categories[0].id, now=datetime(2027, 6, 1, tzinfo=VIETNAM))
    with pytest.raises(Refused, match="no such prize"):
        make_case(contest, REMARKS, prize_id="khong-co")
    with pytest.raises(Refused, match="not in this contest"):
        make_case(contest, REMARKS, entry=entry)
    made = make_case(contest, REMARKS)
    with pytest.raises(Refused, match="not in this contest"):
        services.concern(complaint=made, entry=entry, prize_id="", actor=staff, now=REMARKS)
    with pytest.raises(NotFound):
        queries.get_case(other.id, made.public_id)


def test_files_are_bounded(contest):
    papers = [make_paper(b"%PDF-1.7\n" + bytes([65 + number]) + b"\n%%EOF", f"{number}.pdf") for number in range(11)]
    made = make_case(contest, REMARKS, papers=[PDF, PDF])
    store = {"files": _Store()}
    assert len(queries.files_of(made)) == 1, "the same file is kept once"
    with pytest.raises(Refused, match="at a time"):
        services.add_words(complaint=made, text="", papers=papers[:4], now=REMARKS, **store)
    for start in (0, 3, 6):
        services.add_words(complaint=made, text="", papers=papers[start : start + 3], now=REMARKS, **store)
    assert len(queries.files_of(made)) == 10
    with pytest.raises(Refused, match="kept with a case"):
        services.add_words(complaint=made, text="", papers=papers[9:10], now=REMARKS, **store)


class _Store:
    def __init__(self):
        self.number = 0

    def put(self, content, extension):
        self.number += 1
        return f"aa/{self.number:030x}.{extension}"


def test_a_file_is_found_with_its_own_case_alone(contest):
    one, two = make_case(contest, REMARKS, text="1", papers=[PDF]), make_case(contest, REMARKS, text="2")
    kept = queries.files_of(one)[0]
    assert queries.get_file(one, kept.public_id) is kept
    with pytest.raises(NotFound):
        queries.get_file(two, kept.public_id)


def test_a_person_has_a_copy_and_is_forgotten(contest, staff):
    person = make_user("Bà Sáu")
    done = close_case(make_case(contest, REMARKS, person=person, text="Một", name="Bà Sáu", papers=[PDF]), staff, LATE)
    still = make_case(contest, REMARKS, person=person, text="Hai", name="Bà Sáu", papers=[PDF])
    assert [each["text"] for each in cases_of(person)] == ["Một", "Hai"]
    from_other = make_case(contest, REMARKS, text="Ba", name="Ông Tư")
    keys = forget_person(person, LATE)
    assert len(keys) == 1
    db.session.expire_all()
    assert (done.text, done.name, done.contact, done.user_id, done.reply) == ("", "", "", None, None)
    assert done.outcome == "rejected" and done.forgotten_at == LATE
    assert (still.text, still.name, still.contact, still.user_id) == ("Hai", "", "", None)
    assert len(queries.files_of(still)) == 1, "an open case is still looked into"
    assert from_other.name == "Ông Tư"
    assert cases_of(person) == []


def test_retention_forgets_closed_cases_when_it_is_due(app, clock):
    world = make_results()
    contest, result_set = world.contest, publish_results(world)
    staff = make_staff(contest, "secretary")
    closed = close_case(make_case(contest, REMARKS, text="Một", name="Bà Sáu", papers=[PDF]), staff, LATE)
    services.note(complaint=closed, text="Nội bộ.", inside=True, actor=staff, now=LATE)
    services.note(complaint=closed, text="Bà Sáu đã đến.", inside=False, actor=staff, now=LATE)
    still = make_case(contest, REMARKS, text="Hai", name="Bà Sáu")
    elsewhere = close_case(make_case(make_contest(1), LATE, name="Ông Tư"), staff, LATE)
    due = months_after(result_set.visible_from, contest.rules.privacy.erase_contacts_after_months)

    def run(day):
        with writing():
            return run_retention(datetime(day.year, day.month, day.day, 9, tzinfo=VIETNAM))

    run(due - timedelta(days=1))
    assert db.session.get(Complaint, closed.id).name == "Bà Sáu"
    keys = run(due)
    assert any(key.endswith(".pdf") for key in keys)
    db.session.expire_all()
    assert db.session.get(Complaint, closed.id).name == "" and db.session.get(Complaint, still.id).name == "Bà Sáu"
    assert db.session.get(Complaint, elsewhere.id).name == "Ông Tư", "that contest has no results yet"
    assert db.session.query(ComplaintFile).count() == 0
    assert [note.text for note in db.session.query(ComplaintNote)] == ["Nội bộ."]
    runs = db.session.query(RetentionRun).filter_by(rule="complaints").all()
    assert [each.counts for each in runs] == [{"cases": 1}]
    run(due + timedelta(days=1))
    assert db.session.query(RetentionRun).filter_by(rule="complaints").count() == 1, "nothing twice"


def test_an_answer_and_a_withdrawal_at_once_are_one_of_the_two(app, contest, staff, clock, monkeypatch):
    clock.instant = REMARKS
    made = make_case(contest, REMARKS)
    services.take(complaint=made, actor=staff, now=REMARKS)
    db.session.commit()
    desk = f"/ban-to-chuc/{contest.slug}/phan-anh/{made.public_id}/dap"
    asks = [
        (desk, {"outcome": "upheld", "reply": "Đúng."}),
        (f"/phan-anh/{made.code}/rut", {}),
        (desk, {"outcome": "x"}),
    ]
    for name in ("answer", "withdraw"):
        monkeypatch.setattr(services, name, _slowly(getattr(services, name)))
    clients = [app.test_client() for _ in asks]
    for client in clients:
        sign_in(client, staff)
    gate, made_id = threading.Barrier(len(asks)), made.id
    db.session.remove()

    def run(client, path, data):
        gate.wait()
        client.post(path, data=data)

    threads = [threading.Thread(target=run, args=(client, *ask)) for client, ask in zip(clients, asks, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = select(AuditRow.verb).where(AuditRow.verb.in_(["complaints.answer", "complaints.withdraw"]))
    verbs = db.session.scalars(done).all()
    state = db.session.get(Complaint, made_id).state
    assert [*verbs] == [{"answered": "complaints.answer", "withdrawn": "complaints.withdraw"}[state]]


def _slowly(act):
    """The same, long enough after the case was read for another to have read it, too."""

    def slow(**given):
        time.sleep(0.4)
        return act(**given)

    return slow


def test_erasing_a_person_takes_them_out_of_their_cases(contest):
    person, operator = make_user("Bà Sáu"), make_user()
    made = make_case(contest, REMARKS, person=person, name="Bà Sáu")
    with writing():
        asked = ask(person=person, kind="erase", text="", now=REMARKS)
        erase_person(request=asked, actor=operator, now=LATE)
    db.session.expire_all()
    assert (made.name, made.contact, made.user_id) == ("", "", None)


@pytest.mark.parametrize("locale", ["vi", "en"])
@pytest.mark.parametrize("template", ["complaint_receipt", "complaint_news"])
def test_messages_can_be_written(sqlite_app, template, locale):
    said = {
        "contest": {"vi": "Cuộc thi", "en": "The contest"},
        "code": "7K2P-9QXR-4TWZ",
        "at": REMARKS.isoformat(),
        "acknowledge_by": "2027-05-05",
        "answer_by": "2027-05-17",
    }
    with sqlite_app.app_context():
        for late in (True, False):
            for what in ("taken", "note", "answered"):
                for channel in ("email", "sms"):
                    name = f"{template}_sms" if channel == "sms" else template
                    params = {**said, "late": late, "what": what, "reply": "Đúng." if what == "answered" else ""}
                    sent = render(Message(channel=channel, template=name, locale=locale, params=params, scope=""))
                    assert f"/phan-anh/{said['code']}" in sent.body
                    if template == "complaint_receipt":
                        assert "17/05/2027" in sent.body or "17 May 2027" in sent.body
                    elif channel == "email":
                        assert ("Đúng." in sent.body) == (what == "answered")


def test_a_letter_cannot_have_come_before_the_rules_or_after_now(contest, staff):
    def key_in(received_at, channel="post"):
        return services.key_in(
            contest=contest,
            told=services.Told(text="Thư tay."),
            channel=channel,
            received_at=received_at,
            papers=(),
            files=None,
            actor=staff,
            now=REMARKS,
        )

    issued = contest.rules.instant("issue")
    tick = timedelta(microseconds=1)
    for refused in (issued - tick, REMARKS + tick):
        with pytest.raises(Refused) as error:
            key_in(refused)
        assert error.value.code == "received_at"
    assert key_in(issued).received_at == issued
    made = key_in(REMARKS)
    assert (made.keyed_by_id, made.user_id) == (staff.id, None)
    with pytest.raises(Refused, match="Choose how it came"):
        key_in(REMARKS, "online_desk")


def test_pressed_many_times_at_once_it_is_one_case(app, contest):
    contest_id, gate, codes = contest.id, threading.Barrier(4), []

    def run():
        with app.app_context():
            gate.wait()
            with writing():
                made = services.receive(
                    contest=db.session.get(Contest, contest_id),
                    told=services.Told(text="Một lần thôi."),
                    papers=(),
                    files=None,
                    person=None,
                    locale="vi",
                    now=REMARKS,
                )
                codes.append(made.code)
            db.session.remove()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(codes) == 4 and len(set(codes)) == 1
    # Later, the same words are another case.
    make_case(contest, REMARKS + timedelta(minutes=11), text="Một lần thôi.", contact="")
    assert db.session.query(Complaint).count() == 2


def test_what_was_told_stays_with_who_sent_it(contest):
    """The same words from somebody else are another case: nobody gets another's receipt."""
    person = make_user()
    made = {
        make_case(contest, REMARKS, person=person).code,
        make_case(contest, REMARKS).code,
        make_case(contest, REMARKS, contact="khac@an-lam.example").code,
        make_case(contest, REMARKS, person=make_user()).code,
    }
    assert len(made) == 4
