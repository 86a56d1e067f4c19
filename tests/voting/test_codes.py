"""Codes that prove a contact: how long, how often, for whom; and what is kept of the contact."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from contest.core import clock as clocks
from contest.core.db import db
from contest.core.errors import Refused
from contest.outbox.models import Message
from contest.voting.codes import forget_old_codes
from contest.voting.models import VoteCode, VoteKey, Voter
from contest.voting.rules import passing_seed, shuffled, tag_of
from contest.voting.services import admit_voter, confirm_code, request_code
from tests.conftest import START
from tests.factories.voting import during, last_code, make_vote, voting_window

NUMBER, KEPT = "0912 345 678", "+84912345678"
WALL = clocks.wall()
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def contest(app):
    found, _ = make_vote()
    return found


def ask(contest, typed=NUMBER, *, now=None, wall=WALL, locale="vi"):
    found = request_code(contest=contest, typed=typed, locale=locale, now=now or during(contest), wall=wall)
    db.session.commit()
    return found


def answer(contest, code, typed=NUMBER, *, now=None, wall=WALL):
    found = confirm_code(contest=contest, typed=typed, code=code, now=now or during(contest), wall=wall)
    db.session.commit()
    return found


def sent(address=KEPT):
    return db.session.scalars(select(Message).where(Message.address == address).order_by(Message.id)).all()


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06d}"


def test_the_right_code_makes_a_voter_and_the_same_one_again_later(contest):
    ask(contest)
    voter = answer(contest, last_code(KEPT))
    assert voter is not None
    ask(contest, "+84 912 345 678", wall=WALL + MINUTE)
    assert answer(contest, last_code(KEPT), wall=WALL + MINUTE) == voter
    assert len(db.session.scalars(select(Voter)).all()) == 1


def test_a_code_is_read_with_the_blanks_that_phones_put_in(contest):
    ask(contest)
    code = last_code(KEPT)
    assert answer(contest, f" {code[:3]}-{code[3:]} ") is not None


def test_a_wrong_code_is_refused_and_the_right_one_still_works(contest):
    ask(contest)
    code = last_code(KEPT)
    assert answer(contest, wrong(code)) is None
    assert answer(contest, code) is not None


@pytest.mark.parametrize("typed", ["", "0", "1234567", "abcdef", "\x00", "９９９９９９", "1" * 5000, "đ"])
def test_what_is_no_code_is_only_wrong(contest, typed):
    ask(contest)
    assert answer(contest, typed) is None


def test_a_code_works_once(contest):
    ask(contest)
    code = last_code(KEPT)
    assert answer(contest, code) is not None
    assert answer(contest, code) is None


def test_a_code_lapses_after_ten_minutes_of_the_machines_time(contest):
    ask(contest)
    assert answer(contest, last_code(KEPT), wall=WALL + 10 * MINUTE) is None
    assert answer(contest, last_code(KEPT), wall=WALL + 10 * MINUTE - timedelta(microseconds=1)) is not None


def test_contest_time_that_jumps_forward_does_not_touch_a_code(contest):
    """The demonstration moves contest time; a code lives by the machine's."""
    ask(contest)
    assert answer(contest, last_code(KEPT), now=during(contest) + timedelta(days=5)) is not None


def test_five_tries_and_then_even_the_right_code_is_dead(contest):
    ask(contest)
    code = last_code(KEPT)
    for _ in range(5):
        assert answer(contest, wrong(code)) is None
    assert answer(contest, code) is None


def test_the_fifth_try_may_be_right(contest):
    ask(contest)
    code = last_code(KEPT)
    for _ in range(4):
        answer(contest, wrong(code))
    assert answer(contest, code) is not None


def test_a_new_code_voids_the_one_before(contest):
    ask(contest)
    old = last_code(KEPT)
    ask(contest, wall=WALL + MINUTE)
    new = last_code(KEPT)
    if old != new:
        assert answer(contest, old, wall=WALL + MINUTE) is None
    assert answer(contest, new, wall=WALL + MINUTE) is not None


def test_a_contact_gets_three_codes_an_hour_and_five_a_day(contest):
    for minute in range(10):
        ask(contest, wall=WALL + minute * MINUTE)
    assert len(sent()) == 3
    ask(contest, wall=WALL + 2 * HOUR)
    ask(contest, wall=WALL + 4 * HOUR)
    assert len(sent()) == 5
    ask(contest, wall=WALL + 6 * HOUR)
    assert len(sent()) == 5
    ask(contest, wall=WALL + 30 * HOUR)
    assert len(sent()) == 6


def test_spelling_a_contact_differently_does_not_give_it_more_codes(app):
    contest, _ = make_vote(1)
    for typed in ("an.ha@gmail.com", "anha+1@gmail.com", "anha@googlemail.com", "a.n.h.a+2@gmail.com"):
        ask(contest, typed)
    assert len(db.session.scalars(select(Message)).all()) == 3


def test_a_contact_over_its_share_is_answered_alike_and_keeps_its_last_code(contest):
    for _ in range(3):
        ask(contest)
    code = last_code(KEPT)
    assert ask(contest).address == KEPT
    assert answer(contest, code) is not None


def test_one_contacts_share_is_nobody_elses(contest):
    for _ in range(4):
        ask(contest)
    ask(contest, "0987 654 321")
    assert len(sent("+84987654321")) == 1


def test_another_persons_code_does_not_open_a_contact(contest):
    ask(contest)
    ask(contest, "0987 654 321")
    mine, theirs = last_code(KEPT), last_code("+84987654321")
    if mine != theirs:
        assert answer(contest, theirs) is None


def test_a_code_of_one_contest_opens_no_other(app):
    first, _ = make_vote(0)
    ask(first)
    key = db.session.get_one(VoteKey, first.id).secret
    assert tag_of(key, KEPT) != tag_of("00" * 32, KEPT)
    other, _ = make_vote(1)
    with pytest.raises(Refused):
        answer(other, last_code(KEPT))


@pytest.mark.parametrize("offset", [timedelta(microseconds=-1), timedelta(0)])
def test_codes_are_sent_from_the_opening_to_before_the_close(contest, offset):
    opens, closes = voting_window(contest)
    if offset:
        with pytest.raises(Refused, match="not opened"):
            ask(contest, now=opens + offset)
        assert ask(contest, now=closes + offset)
    else:
        assert ask(contest, now=opens)
        with pytest.raises(Refused, match="closed"):
            ask(contest, now=closes)


def test_a_code_typed_after_the_close_admits_nobody(contest):
    ask(contest)
    with pytest.raises(Refused, match="closed"):
        answer(contest, last_code(KEPT), now=voting_window(contest)[1])


def test_what_cannot_be_a_contact_sends_nothing(contest):
    with pytest.raises(Refused, match="mobile number"):
        ask(contest, "an@gmail.com")
    assert not db.session.scalars(select(VoteCode)).all()


def test_a_way_that_this_site_does_not_offer_is_said(contest, monkeypatch):
    monkeypatch.setattr("contest.voting.channels.CHANNELS", {})
    with pytest.raises(Refused, match="does not offer"):
        ask(contest)


def test_mail_goes_to_mail_contests_and_text_messages_to_the_others(app):
    first, _ = make_vote(0)
    second, _ = make_vote(1)
    ask(first, locale="en")
    ask(second, "an@an-lam.example")
    messages = db.session.scalars(select(Message).order_by(Message.id)).all()
    assert [(message.channel, message.template, message.locale) for message in messages] == [
        ("sms", "vote_code_sms", "en"),
        ("email", "vote_code", "vi"),
    ]


def test_no_table_of_the_vote_holds_a_contact_or_a_code(app):
    contest, _ = make_vote(1)
    ask(contest, "Kin.Dao@an-lam.example")
    code = last_code("kin.dao@an-lam.example")
    answer(contest, code, "kin.dao@an-lam.example")
    held = ""
    for table in ("vote_key", "voter", "vote_code", "ballot", "choice", "leaf"):
        held += repr(db.session.execute(text(f"SELECT * FROM {table}")).all())
    assert "kin" not in held.lower() and "an-lam" not in held
    assert f"'{code}'" not in held


def test_the_key_of_a_contest_is_made_once_and_is_its_own(app):
    first, _ = make_vote(0)
    second, _ = make_vote(1)
    for _ in range(3):
        admit_voter(contest=first, typed=NUMBER, now=during(first))
        admit_voter(contest=second, typed="an@an-lam.example", now=during(second))
    keys = db.session.scalars(select(VoteKey.secret)).all()
    assert len(set(keys)) == 2 and all(len(key) == 64 for key in keys)


def test_a_voter_is_dated_to_the_hour_only(contest):
    admit_voter(contest=contest, typed=NUMBER, now=during(contest) + timedelta(minutes=17, seconds=3))
    assert db.session.scalars(select(Voter.created_at)).one() == during(contest)


def test_old_codes_are_forgotten_once_they_count_for_nothing(contest):
    ask(contest)
    assert forget_old_codes(wall=WALL + timedelta(hours=23)) == 0
    assert forget_old_codes(wall=WALL + timedelta(hours=25)) == 1
    assert not db.session.scalars(select(VoteCode)).all()


# The order of finalists


def test_the_order_is_stable_for_a_seed_and_differs_between_seeds():
    names = [f"bai{number}" for number in range(20)]
    assert shuffled(names, "a", str) == shuffled(reversed(names), "a", str)
    assert len({tuple(shuffled(names, str(seed), str)) for seed in range(50)}) == 50


def test_when_one_falls_out_the_others_keep_their_order():
    names = [f"bai{number}" for number in range(20)]
    before = shuffled(names, "a", str)
    assert shuffled([name for name in names if name != "bai7"], "a", str) == [n for n in before if n != "bai7"]


def test_every_place_is_as_likely():
    """2,000 voters, 10 entries: each entry stands first about 200 times."""
    names = [f"bai{number}" for number in range(10)]
    firsts = [shuffled(names, f"voter {seed}", str)[0] for seed in range(2000)]
    assert all(140 < firsts.count(name) < 260 for name in names)


def test_the_order_of_visitors_changes_each_minute_and_not_within_it():
    start = START.replace(second=0, microsecond=0)
    assert passing_seed("a", start) == passing_seed("a", start + timedelta(seconds=59.9))
    assert passing_seed("a", start) != passing_seed("a", start + MINUTE)
    assert passing_seed("a", start) != passing_seed("b", start)
