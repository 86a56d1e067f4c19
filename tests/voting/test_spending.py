"""What codes by text message cost: parts, caps that hold when many come at once, alarms, the organisers' page."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from flask import render_template
from flask_babel import force_locale
from sqlalchemy import select, update

from contest.core import clock as clocks
from contest.core.config import SmsLimits
from contest.core.db import db, writing
from contest.core.errors import Refused
from contest.core.formats import local
from contest.outbox.models import Message
from contest.outbox.runner import render
from contest.voting import spending
from contest.voting.alarms import costs, look_at_spending, low_ranges
from contest.voting.codes import confirm_code, forget_old_codes, request_code
from contest.voting.models import VoteCode
from contest.voting.models_review import CodeRate, SmsAlarm, SmsCost, SmsSpending
from contest.voting.spending import charge, count_request, length_of
from tests.factories import make_staff, make_user, sign_in
from tests.factories.voting import during, last_code, make_vote

WALL = clocks.wall().replace(minute=30)
HOUR = timedelta(hours=1)
TOGETHER = 50
UNGUARDED = 10  # within one pool of connections, since they wait for each other
PREFIX = "+84912"


@pytest.fixture
def contest(app):
    found, _ = make_vote()
    return found


def number(at: int, prefix: str = "0912") -> str:
    return f"{prefix}{at:06d}"


def ask(contest, typed="0912345678", *, limits=None, address="203.0.113.7", parts=2, wall=WALL, now=None):
    request_code(
        contest=contest,
        typed=typed,
        locale="vi",
        now=now or during(contest),
        wall=wall,
        address=address,
        limits=limits or SmsLimits(part_vnd=500),
        parts=parts,
    )
    db.session.commit()


def refusal(*arguments, **more):
    with pytest.raises(Refused) as raised:
        ask(*arguments, **more)
    db.session.rollback()
    return raised.value.code


def messages():
    return db.session.scalars(select(Message).where(Message.channel == "sms").order_by(Message.id)).all()


def spent(contest):
    db.session.rollback()
    row = db.session.get(SmsSpending, contest.id)
    return (row.spent_vnd, row.day_vnd) if row else (0, 0)


# Parts


@pytest.mark.parametrize(
    ("text", "letters", "places", "parts"),
    [
        ("", "GSM-7", 0, 1),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("à è é ì ò ù £ @ _ Ø Ω\n", "GSM-7", 22, 1),
        ("{" * 80, "GSM-7", 160, 1),
        ("{" * 81, "GSM-7", 162, 2),
        ("a" * 152 + "{" * 5, "GSM-7", 162, 2),
        # An escaped letter is not parted: 152 and then 2, so that a third part begins earlier.
        ("a" * 152 + "{" + "a" * 152, "GSM-7", 306, 3),
        ("đ" * 70, "UCS-2", 70, 1),
        ("đ" * 71, "UCS-2", 71, 2),
        ("a" * 69 + "ạ", "UCS-2", 70, 1),
        ("a" * 134 + "ạ", "UCS-2", 135, 3),
        ("a" * 133 + "ạ", "UCS-2", 134, 2),
        ("😀" * 35, "UCS-2", 70, 1),
        ("😀" * 36, "UCS-2", 72, 2),
        ("a" * 66 + "😀" + "a" * 66, "UCS-2", 134, 3),
        ("`", "UCS-2", 1, 1),
        ("ả", "UCS-2", 1, 1),
        ("a\u0309", "UCS-2", 2, 1),
    ],
)
def test_a_text_is_counted_as_operators_count_it(text, letters, places, parts):
    found = length_of(text)
    assert (found.letters, found.places, found.parts) == (letters, places, parts)


def test_the_message_with_a_code_is_as_long_as_it_is_reckoned(app, client, clock):
    """The request counts the parts of the very text that the runner sends."""
    contest, _ = make_vote()
    clock.instant = during(contest)
    for prefix in ("", "/en"):
        client.post(f"{prefix}/cuoc-thi/{contest.slug}/binh-chon/xac-thuc", data={"contact": number(len(prefix))})
    lengths = [length_of(render(message).body.strip()) for message in messages()]
    assert [each.letters for each in lengths] == [
        "GSM-7",
        "GSM-7",
    ]  # Vietnamese goes without marks here
    row = db.session.scalars(select(SmsCost)).one()
    assert (row.messages, row.parts) == (2, sum(each.parts for each in lengths))
    assert row.cost_vnd == row.parts * SmsLimits().part_vnd
    with app.test_request_context(), force_locale("vi"):
        assert length_of(render_template("outbox/vote_code_sms.txt", code="000000").strip()) == lengths[0]


# What is counted


def test_cost_and_confirmations_are_kept_by_day_and_range(contest):
    ask(contest, number(1))
    ask(contest, number(2), parts=1)
    ask(contest, number(1, "0987"))
    assert spent(contest) == (2500, 2500)
    code = last_code("+84912000001")
    confirm_code(contest=contest, typed=number(1), code=code, now=during(contest), wall=WALL + timedelta(minutes=2))
    db.session.commit()
    rows = db.session.scalars(select(SmsCost).order_by(SmsCost.prefix)).all()
    assert [(row.prefix, row.messages, row.parts, row.cost_vnd, row.confirmed) for row in rows] == [
        (PREFIX, 2, 3, 1500, 1),
        ("+84987", 1, 2, 1000, 0),
    ]
    assert {row.day for row in rows} == {local(during(contest)).date()}


def test_a_code_typed_after_midnight_counts_for_the_day_on_which_it_was_sent(contest):
    evening = local(during(contest)).replace(hour=23, minute=58)
    ask(contest, now=evening)
    later = timedelta(minutes=5)
    confirm_code(
        contest=contest, typed="0912345678", code=last_code("+84912345678"), now=evening + later, wall=WALL + later
    )
    assert [(row.day, row.confirmed) for row in db.session.scalars(select(SmsCost))] == [(evening.date(), 1)]


def test_mail_costs_nothing(app):
    contest, _ = make_vote(1)
    ask(contest, "an@an-lam.example", limits=SmsLimits(contest_vnd=0))
    assert not db.session.scalars(select(SmsCost)).all() and spent(contest) == (0, 0)


def test_a_contact_beyond_its_share_costs_nothing(contest):
    for _ in range(5):
        ask(contest)
    assert (len(messages()), spent(contest)[0]) == (3, 3000)


# Caps


def test_a_cap_is_used_up_to_the_last_dong_and_not_beyond(contest):
    limits = SmsLimits(part_vnd=500, contest_vnd=3000)
    for at in range(3):
        ask(contest, number(at), limits=limits)
    assert refusal(contest, number(9), limits=limits) == "sms_budget"
    assert (spent(contest)[0], len(messages())) == (3000, 3)
    assert refusal(contest, number(9), limits=limits, parts=1) == "sms_budget"
    ask(contest, number(9), limits=replace(limits, contest_vnd=3500), parts=1)


def test_beyond_a_cap_known_and_unknown_contacts_are_told_the_same(contest):
    """Else the refusal would say whether somebody had asked before."""
    limits = SmsLimits(part_vnd=500, contest_vnd=3000)
    for _ in range(4):
        ask(contest, number(1), limits=replace(limits, contest_vnd=10**9))
    assert refusal(contest, number(1), limits=limits) == refusal(contest, number(2), limits=limits) == "sms_budget"


def test_a_day_has_a_cap_of_its_own_and_the_next_one_a_new_one(contest):
    limits = SmsLimits(part_vnd=500, day_vnd=2000)
    now = during(contest)
    for at in range(2):
        ask(contest, number(at), limits=limits)
    assert refusal(contest, number(7), limits=limits) == "sms_budget"
    midnight = local(now).replace(hour=0, minute=0) + timedelta(days=1)
    assert refusal(contest, number(7), limits=limits, now=midnight - timedelta(microseconds=1)) == "sms_budget"
    ask(contest, number(7), limits=limits, now=midnight)
    assert spent(contest) == (3000, 1000)
    # One that began before midnight counts for the day that has begun.
    ask(contest, number(8), limits=limits, now=now)
    assert spent(contest) == (4000, 2000)


@pytest.mark.parametrize(("limit", "code"), [("prefix_hour", "prefix_limit"), ("network_hour", "network_limit")])
def test_a_range_and_a_network_have_limits_by_the_hour(contest, limit, code):
    limits = replace(SmsLimits(), **{limit: 3})
    for at in range(3):
        ask(contest, number(at), limits=limits)
    assert refusal(contest, number(9), limits=limits) == code
    # The rest of the world goes on.
    ask(contest, number(9, "0987"), limits=limits, address="198.51.100.1")
    ask(contest, number(9), limits=limits, wall=WALL + HOUR)


def test_a_network_is_a_24_or_a_48(contest):
    limits = SmsLimits(network_hour=1)
    ask(contest, number(1), limits=limits, address="203.0.113.7")
    assert refusal(contest, number(2), limits=limits, address="203.0.113.250") == "network_limit"
    ask(contest, number(2), limits=limits, address="203.0.114.7")
    ask(contest, number(3), limits=limits, address="2001:db8:1:2::3")
    assert refusal(contest, number(4), limits=limits, address="2001:db8:1:ffff::9") == "network_limit"
    ask(contest, number(4), limits=limits, address="2001:db8:2::3")


def test_a_school_behind_one_address_is_not_turned_away(contest):
    for at in range(600):
        count_request(contest_id=contest.id, network="n", prefix=f"+849{at % 100:02d}", limits=SmsLimits(), wall=WALL)


def test_what_is_refused_counts_nowhere(contest):
    limits = SmsLimits(contest_vnd=0)
    assert refusal(contest, limits=limits) == "sms_budget"
    assert not db.session.scalars(select(CodeRate)).all()
    assert not db.session.scalars(select(VoteCode)).all() and not messages()


def test_hours_past_are_forgotten(contest):
    ask(contest)
    forget_old_codes(wall=WALL + timedelta(hours=25))
    assert not db.session.scalars(select(CodeRate)).all()


# Many at once


def together(app, act, count=TOGETHER):
    """Call `act(at)` so often at one instant, each in a transaction of its own; which ones were let through."""
    barrier = Barrier(count)

    def one(at):
        with app.app_context():
            barrier.wait(60)
            try:
                with writing():
                    act(at)
            except Refused:
                return False
            return True

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


CAPPED = SmsLimits(part_vnd=500, contest_vnd=10_000)


def charging(contest_id, now, limits=CAPPED):
    return lambda at: charge(contest_id=contest_id, prefix=f"+849{at:02d}", parts=2, limits=limits, now=now)


def test_fifty_at_once_never_pass_a_cap(app, contest):
    now = during(contest)
    for limits in (CAPPED, replace(CAPPED, contest_vnd=10**9, day_vnd=20_000)):
        let = together(app, charging(contest.id, now, limits))
        assert sum(let) == 10
    assert spent(contest)[0] == 20_000
    assert sum(db.session.scalars(select(SmsCost.cost_vnd))) == 20_000


@contextmanager
def without_the_guard(monkeypatch):
    """Look first, then write: what counting would be without the condition in the statement."""

    def spend(contest_id, cost, added, today, limits):
        row = select(SmsSpending.spent_vnd).where(SmsSpending.contest_id == contest_id)
        if (db.session.scalar(row) or 0) + cost > limits.contest_vnd:
            return False
        Barrier.wait(gate)
        db.session.execute(
            update(SmsSpending)
            .where(SmsSpending.contest_id == contest_id)
            .values(spent_vnd=SmsSpending.spent_vnd + added)
            .execution_options(synchronize_session=False)
        )
        return True

    gate = Barrier(UNGUARDED, timeout=30)
    with monkeypatch.context() as patched:
        patched.setattr(spending, "_spend", spend)
        yield


def test_without_the_condition_in_the_statement_several_at_once_pass_the_cap(app, contest, monkeypatch):
    """The test above holds because of it. SQLite has one writer at a time and would hold without."""
    if db.engine.dialect.name == "sqlite":
        pytest.skip("one writer at a time")
    charge(contest_id=contest.id, prefix=PREFIX, parts=0, limits=CAPPED, now=during(contest))
    db.session.commit()
    limits = replace(CAPPED, contest_vnd=3000)
    with without_the_guard(monkeypatch):
        assert sum(together(app, charging(contest.id, during(contest), limits), UNGUARDED)) == UNGUARDED
    assert spent(contest)[0] == UNGUARDED * 1000 > limits.contest_vnd


def test_fifty_at_once_never_pass_the_limits_of_an_hour(app, contest):
    for limits in (SmsLimits(prefix_hour=7), SmsLimits(network_hour=7)):
        network = f"n{limits.prefix_hour}"

        def count(at, limits=limits, network=network):
            prefix = PREFIX if limits.prefix_hour == 7 else f"+849{at:02d}"
            count_request(contest_id=contest.id, network=network, prefix=prefix, limits=limits, wall=WALL)

        assert sum(together(app, count)) == 7


# Alarms


def look(contest, limits, *, now=None, wall=WALL):
    told = look_at_spending(limits=limits, now=now or during(contest), wall=wall)
    db.session.commit()
    return told


def alarms():
    return set(db.session.scalars(select(SmsAlarm.name)))


def mails():
    return db.session.scalars(select(Message).where(Message.template == "sms_alarm").order_by(Message.id)).all()


@pytest.fixture
def organisers(contest):
    first = make_staff(contest, "organiser", make_user(email="mot@an-lam.example"))
    make_staff(contest, "organiser", make_user(email="hai@an-lam.example", locale="en"))
    make_staff(contest, "secretary", make_user(email="ba@an-lam.example"))
    db.session.commit()
    return first


def test_organisers_are_told_once_at_each_threshold(contest, organisers):
    limits = SmsLimits(part_vnd=500, contest_vnd=10_000)
    for count, told in ((4, 0), (5, 2), (6, 0), (7, 0), (8, 2), (9, 0), (10, 2)):
        while len(messages()) < count:
            ask(contest, number(len(messages())), limits=limits)
        assert look(contest, limits) == told, count
        assert look(contest, limits) == 0
    assert alarms() == {"total:50", "total:80", "total:100"}
    assert [message.address for message in mails()][:2] == ["mot@an-lam.example", "hai@an-lam.example"]
    assert [message.params["percent"] for message in mails()] == [50, 50, 80, 80, 100, 100]


def test_a_leap_over_thresholds_is_one_message(contest, organisers):
    limits = SmsLimits(part_vnd=500, contest_vnd=10_000)
    for at in range(9):
        ask(contest, number(at), limits=limits)
    assert look(contest, limits) == 2
    assert alarms() == {"total:50", "total:80"} and mails()[0].params["percent"] == 80


def test_a_cap_into_which_no_message_fits_any_more_is_reached(contest, organisers):
    limits = SmsLimits(part_vnd=500, contest_vnd=10_900)
    for at in range(10):
        ask(contest, number(at), limits=limits)
    look(contest, limits)
    assert "total:100" in alarms()


def test_each_day_has_alarms_of_its_own(contest, organisers):
    limits = SmsLimits(part_vnd=500, day_vnd=4000)
    for at in range(2):
        ask(contest, number(at), limits=limits)
    look(contest, limits)
    day = local(during(contest)).date()
    tomorrow = during(contest) + timedelta(days=1)
    assert look(contest, limits, now=tomorrow) == 0, "nothing was spent today"
    for at in range(2, 4):
        ask(contest, number(at), limits=limits, now=tomorrow)
    look(contest, limits, now=tomorrow)
    assert alarms() == {f"{day}:50", f"{day + timedelta(days=1)}:50"}


def codes_to(contest, prefix, codes, typed, age=timedelta(minutes=15)):
    db.session.add_all(
        VoteCode(
            contest_id=contest.id,
            tag=f"{prefix}{at}",
            code_hash="x",
            prefix=prefix,
            sent_at=WALL - age,
            expires_at=WALL,
            used_at=WALL if at < typed else None,
        )
        for at in range(codes)
    )
    db.session.commit()


def test_a_range_in_which_few_codes_are_typed_raises_an_alarm_once(contest, organisers):
    limits = SmsLimits(confirm_percent=30)
    ask(contest, limits=limits)
    codes_to(contest, "+84900", 40, 11)  # 27 %
    codes_to(contest, "+84901", 40, 12)  # 30 %
    codes_to(contest, "+84902", 39, 0)  # too few to say anything
    codes_to(contest, "+84903", 400, 0, timedelta(minutes=9))  # people may be about to type them
    codes_to(contest, "+84904", 400, 0, timedelta(hours=25))
    assert [tuple(each) for each in low_ranges(contest.id, limits, WALL)] == [("+84900", 40, 11)]
    assert look(contest, limits) == 2 and look(contest, limits) == 0
    assert alarms() == {f"{local(during(contest)).date()}:+84900"}


def test_who_is_answered_and_not_sent_anything_does_not_count_as_a_code_that_was_not_typed(contest, organisers):
    for _ in range(60):
        ask(contest)
    assert not low_ranges(contest.id, SmsLimits(), WALL + HOUR)


@pytest.mark.parametrize("locale", ["vi", "en"])
@pytest.mark.parametrize(
    "params",
    [
        {"kind": "total", "percent": 80, "spent": 80_000, "cap": 100_000},
        {"kind": "day", "percent": 100, "spent": 99_000, "cap": 100_000},
        {"kind": "prefix", "prefix": PREFIX, "codes": 50, "typed": 3},
    ],
)
def test_the_alarm_says_what_and_where(app, locale, params):
    shared = {"contest": {"vi": "Gương", "en": "Mirror"}, "slug": "mau"}
    letter = render(
        Message(channel="email", template="sms_alarm", locale=locale, scope="", params={**shared, **params})
    )
    assert letter.subject and "binh-chon/chi-phi" in letter.body
    shown = PREFIX if params["kind"] == "prefix" else f"{params['percent']} %"
    assert shown in letter.subject and "%%" not in letter.subject + letter.body


# The organisers' page


def test_the_page_of_costs_shows_days_ranges_and_what_is_left(app, client, clock, contest, organisers):
    now = clock.instant = during(contest)
    for at in range(3):
        ask(contest, number(at), now=now)
    ask(contest, number(1, "0987"), now=now + timedelta(days=1))
    code = last_code("+84912000001")
    confirm_code(contest=contest, typed=number(1), code=code, now=now, wall=WALL)
    db.session.commit()
    found = costs(contest.id, now)
    assert [(row.day, row.messages, row.confirmed) for row in found.days] == [
        (local(now).date() + timedelta(days=1), 1, 0),
        (local(now).date(), 3, 1),
    ]
    assert [(row.prefix, row.messages) for row in found.ranges] == [(PREFIX, 3), ("+84987", 1)]
    sign_in(client, organisers)
    page = client.get(f"/ban-to-chuc/{contest.slug}/binh-chon/chi-phi")
    text = page.get_data(as_text=True)
    assert page.status_code == 200 and "4.000" in text and PREFIX in text and "33" in text


def test_the_page_of_costs_without_a_message(client, clock, contest, organisers):
    clock.instant = during(contest)
    sign_in(client, organisers)
    assert client.get(f"/ban-to-chuc/{contest.slug}/binh-chon/chi-phi").status_code == 200


def test_beyond_a_cap_the_page_says_so_plainly_and_keeps_the_choices(app, client, clock, contest, monkeypatch):
    clock.instant = during(contest)
    settings = app.config["SETTINGS"]
    monkeypatch.setitem(app.config, "SETTINGS", replace(settings, sms_limits=SmsLimits(contest_vnd=0)))
    base = f"/cuoc-thi/{contest.slug}/binh-chon"
    answer = client.post(f"/en{base}/xac-thuc", data={"contact": "0912345678"})
    assert answer.status_code == 422
    assert "used up for the moment" in answer.get_data(as_text=True)
    assert "0912345678" in answer.get_data(as_text=True)
