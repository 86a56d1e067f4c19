"""The jury's table: its outline says what the full arithmetic says, and what is hidden moves nothing on it."""

from __future__ import annotations

import re
from decimal import Decimal
from random import Random

import pytest

from contest.core.db import db
from contest.core.errors import Refused
from contest.entries.models import Entry
from contest.judging.advice import advice_for
from contest.judging.overview import overview
from contest.judging.reopening import unlock
from contest.judging.rounds import round_state
from contest.judging.services import decide_gap, finalise_sheet, record_conflict, seat_judge, set_aside, settle_gap
from contest.judging.table import FLAGS, Table, flag_for, rows_for
from contest.judging.waivers import waive
from tests.factories import make_staff, sign_in
from tests.factories.judged import judge_many
from tests.factories.judging import finalise, give, make_accepted, make_panel, mark_all, opening_of, spread_marks
from tests.factories.rules import make_contest_with

ACTIONS = ["third_judge", "reconcile_keep_original", "chair_decides"]
MEASURES = ["max_minus_min", "distance_from_mean"]


def tried(act, **given):
    """What the rules refuse in a world made at random does not happen there."""
    try:
        with db.session.begin_nested():
            act(**given)
    except Refused:
        pass


def random_world(contest, chair, seed, entries=14):
    """Entries in every state that a round knows."""
    chance, now = Random(seed), opening_of(contest, "prelim")
    judges = make_panel(contest, size=4)
    for _ in range(entries):
        entry = make_accepted(contest)
        mine = chance.sample([*judges, chair], chance.choice((0, 1, 2, 2, 2, 3, 3)))
        level = chance.randrange(30, 60)
        given = []
        for judge in mine:
            try:
                given.append(give(entry, judge))
            except Refused:  # has all its judges, and no gap asks for a third
                break
            if chance.random() < 0.8:
                finalise(given[-1], level + chance.choice((0, 3, 12, 38)))
        common = {"entry": entry, "round_id": "prelim", "actor": chair, "now": now}
        seen = {str(each.sheet.id): 1 for each in given if each.sheet and each.sheet.state == "final"}
        what = chance.choice(("", "", "", "settle", "decide", "waive", "gap", "judge", "aside", "unlock", "conflict"))
        if what == "settle":
            tried(settle_gap, note="Đã trao đổi.", **common)
        elif what == "decide":
            tried(decide_gap, total=lowest(entry), reason="Theo văn bản.", seen=seen, **common)
        elif what in ("waive", "gap", "judge"):
            late = next((each.judge for each in given if not each.sheet or each.sheet.state != "final"), None)
            tried(waive, what="sheet" if what == "waive" else what, judge=late, reason="Ốm.", **common)
        elif what == "aside":
            tried(set_aside, reason="Rút khỏi vòng.", **common)
        elif what == "unlock" and given:
            tried(unlock, assignment=given[0], reason="Nhầm bài.", actor=chair, now=now)
            if chance.random() < 0.5 and given[0].sheet and given[0].sheet.state == "open":
                tried(
                    finalise_sheet,
                    assignment=given[0],
                    marks=spread_marks(contest, level),
                    comment="",
                    version=given[0].sheet.version,
                    actor=given[0].judge,
                    now=now,
                )
        elif what == "conflict":
            tried(record_conflict, entry=entry, judge=chair, reason="Quen biết.", actor=chair, now=now)
    db.session.commit()


def lowest(entry):
    """The lowest total of its sheets, which a decision may take."""
    [state] = round_state(entry.contest, "prelim", "A", Entry.id == entry.id)
    low = min((sheet.total for sheet in state.sheets), default=0)
    return Decimal(int(low * 100)) / 100


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("action", ACTIONS)
def test_the_outline_says_what_the_full_arithmetic_says(app, action, measure):
    gap = {"type": measure, "threshold": 15, "action": action}
    if action == "third_judge":
        gap["then"] = "mean_of_two_closest_else_mean_of_three"
    contest = make_contest_with(prelim={"judges_per_entry": 2, "min_sheets": 1, "gap": gap, "aggregate": "mean"})
    chair = make_staff(contest, "chair")
    seat_judge(contest=contest, round_id="prelim", category="A", judge=chair, actor=None, now=contest.created_at)
    flags = set()
    for seed in range(2):
        random_world(contest, chair, seed)
        states = round_state(contest, "prelim", "A")
        for head in (True, False):
            full = rows_for(contest, states, chair.id, chair=head)
            table = Table(contest, "prelim", "A", chair.id, chair=head)
            lines = table.lines()
            assert [
                (row.state.entry.code, row.flag, row.hidden, row.shown, row.final, row.expected) for row in full
            ] == [
                (line.entry.code, line.flag, line.hidden, line.shown, line.entry.final, line.expected) for line in lines
            ]
            totals = [(row.state.entry.code, row.state.result.total) for row in full if row.shown]
            assert totals == [(line.entry.code, table.total(line)) for line in lines if line.shown]
            flags |= {line.flag for line in lines}
    assert {"own", "judges", "waiting", ""} <= flags
    assert ("gap" in flags) == (action != "third_judge")


def test_a_third_judge_is_missing_until_somebody_has_the_entry(contest_of_two, chair_of_two):
    judges = make_panel(contest_of_two, size=2)
    entry = make_accepted(contest_of_two)
    mark_all(entry, judges, [30, 90])
    db.session.commit()

    def flags():
        table = Table(contest_of_two, "prelim", "A", chair_of_two.id, chair=True)
        return [(line.flag, line.shown) for line in table.lines()]

    assert flags() == [("third", False)]
    [third] = make_panel(contest_of_two, size=1)
    given = give(entry, third)
    assert flags() == [("waiting", False)]
    finalise(given, 60)
    assert flags() == [("", True)]


@pytest.fixture
def contest_of_two(app):
    gap = {"type": "max_minus_min", "threshold": 15, "action": "third_judge",
           "then": "mean_of_two_closest_else_mean_of_three"}  # fmt: skip
    return make_contest_with(prelim={"judges_per_entry": 2, "gap": gap})


@pytest.fixture
def chair_of_two(contest_of_two):
    return make_staff(contest_of_two, "chair")


def test_a_flag_is_one_that_the_page_can_ask_for():
    made = {
        flag_for(aside=a, hidden=h, lacking=m, needs_third=t, complete=c, gap_open=o, waiting=w)
        for a in (True, False)
        for h in ("", "own", "conflict")
        for m in (0, 1)
        for t in (True, False)
        for c in (True, False)
        for o in (True, False)
        for w in (True, False)
    }
    assert made == {"", *FLAGS}


@pytest.fixture
def contest(app):
    gap = {"type": "max_minus_min", "threshold": 40, "action": "reconcile_keep_original"}
    return make_contest_with(prelim={"judges_per_entry": 3, "gap": gap})


@pytest.fixture
def judges(contest):
    return make_panel(contest, size=3)


def page(client, contest, rest=""):
    answer = client.get(f"/ban-to-chuc/{contest.slug}/cham/prelim/A{rest}")
    return answer.status_code, answer.text


def test_what_the_chair_may_not_see_moves_no_count_and_no_judges_progress(client, contest, chair, judges, clock):
    """A conflict of interest, and an entry whose own sheet is open: whatever others do, every page stays the same."""
    clock.instant = now = opening_of(contest, "prelim")
    for _ in range(12):
        mark_all(make_accepted(contest), judges, [70, 72, 74])
    related, own = make_accepted(contest), make_accepted(contest)
    record_conflict(entry=related, judge=chair, reason="Quen biết.", actor=chair, now=now)
    seat_judge(contest=contest, round_id="prelim", category="A", judge=chair, actor=None, now=now)
    give(own, chair)
    others = [give(related, judge) for judge in judges] + [give(own, judge) for judge in judges[:2]]
    sign_in(client, chair)
    addresses = ["", "?show=waiting", "?show=conflict", "?sap-xep=total:down", "?sap-xep=range", "?sap-xep=progress",
                 "/so-sanh", f"/bai/{related.blind_code}"]  # fmt: skip

    def everything():
        db.session.commit()
        overall = client.get(f"/ban-to-chuc/{contest.slug}/cham").text
        return [re.sub(r'(csrf[^>]*?(?:value|content)=")[^"]+', r"\1", text) for _, text in
                ((200, overall), *(page(client, contest, rest) for rest in addresses))]  # fmt: skip

    before = everything()
    for assignment, total in zip(others, (20, 95, 60, 20, 95), strict=True):
        finalise(assignment, total)
        assert everything() == before


def test_lists_are_narrowed_and_ordered_by_what_may_be_seen(client, contest, chair, judges, clock):
    clock.instant = opening_of(contest, "prelim")
    low, wide, high = (make_accepted(contest) for _ in range(3))
    for entry, totals in ((low, [50, 51, 52]), (wide, [55, 65, 66]), (high, [90, 91, 92])):
        mark_all(entry, judges, totals)
    begun = make_accepted(contest)
    mark_all(begun, judges[:1], [99])
    sign_in(client, chair)

    def codes(query):
        status, text = page(client, contest, query)
        assert status == 200
        return re.findall(r'<th scope="row"><a href="[^"]*" class="mono">(\w+)</a>', text)

    def code(*entries):
        return [entry.blind_code for entry in entries]

    assert codes("?sap-xep=total:down") == code(high, wide, low, begun)
    assert codes("?sap-xep=total") == code(low, wide, high, begun)
    assert codes("?sap-xep=range:down")[0] == wide.blind_code
    assert codes("?sap-xep=progress")[0] == begun.blind_code
    assert codes("") == sorted(code(low, wide, high, begun))
    assert codes("?show=judges") == code(begun)
    assert codes(f"?ma={high.blind_code.lower()}") == code(high)
    assert codes("?ma=ZZZZZ") == []
    for query in ("?show=none", "?sap-xep=author", "?sap-xep=total:up"):
        assert page(client, contest, query)[0] == 404
    for query in ("?trang=0", "?trang=999", "?trang=x", f"?ma={'9' * 500}"):
        assert page(client, contest, query)[0] == 200
    sign_in(client, make_staff(contest, "organiser"))
    assert page(client, contest, "?sap-xep=total")[0] == 404
    assert page(client, contest, "?sap-xep=progress")[0] == 200


def test_a_long_list_comes_in_pages(client, contest, chair, judges, clock):
    clock.instant = opening_of(contest, "prelim")
    judge_many(contest, judges, 120, unfinished=0, apart=0)
    sign_in(client, chair)
    found = []
    for number in (1, 2, 3):
        _, text = page(client, contest, f"?sap-xep=total:down&trang={number}")
        found += re.findall(r'class="mono">(\w+)</a>', text)
    assert len(found) == len(set(found)) == 120


def test_the_overview_counts_every_round_and_category(contest, chair, judges):
    mark_all(make_accepted(contest), judges, [70, 72, 74])
    make_accepted(contest)
    db.session.commit()
    [cell] = [cell for cell in overview(contest) if (cell.round_id, cell.category) == ("prelim", "A")]
    per_entry = contest.rules.round("prelim").judges_per_entry
    assert (cell.entries, cell.given, cell.final, cell.expected) == (2, 3, 3, max(3, 2 * per_entry))


# Judges compared


def test_the_comparison_is_for_the_head_of_jury_alone(client, contest, chair, judges, clock):
    clock.instant = opening_of(contest, "prelim")
    db.session.commit()
    address = f"/ban-to-chuc/{contest.slug}/cham/prelim/A/so-sanh"
    for role in ("organiser", "secretary", "judge"):
        sign_in(client, make_staff(contest, role))
        assert client.get(address).status_code == 404
    sign_in(client, chair)
    assert client.get(address).status_code == 200


def test_too_little_to_compare_says_what_will_be_here(client, contest, chair, judges, clock):
    clock.instant = opening_of(contest, "prelim")
    for _ in range(9):
        mark_all(make_accepted(contest), judges, [70, 72, 74])
    sign_in(client, chair)
    before = page(client, contest, "/so-sanh")[1]
    assert "Krippendorff" not in before and '<svg class="bars"' not in before
    mark_all(make_accepted(contest), judges, [60, 66, 70])
    db.session.commit()
    after = page(client, contest, "/so-sanh")[1]
    assert "Krippendorff" in after and all(judge.name in after for judge in judges)


def test_the_comparison_leaves_out_what_the_chair_may_not_see(contest, chair, judges, clock):
    clock.instant = now = opening_of(contest, "prelim")
    entries = [make_accepted(contest) for _ in range(14)]
    for number, entry in enumerate(entries[:12]):
        mark_all(entry, judges, [60 + number, 62 + number, 64 + number])
    mark_all(entries[12], judges, [20, 60, 99])
    record_conflict(entry=entries[12], judge=chair, reason="Quen biết.", actor=chair, now=now)
    mark_all(entries[13], judges[:2], [20, 99])
    db.session.commit()
    found = advice_for(contest, "prelim", "A", chair.id)
    assert (found.in_conflict, found.unfinished, found.ready) == (1, 1, 12)
    assert {ranked.code for ranked in found.comparison.places} == {entry.blind_code for entry in entries[:12]}
    assert found.comparison.rest == pytest.approx(0, abs=1e-9)


# Acts on the page of an entry


def act(client, contest, entry, **form):
    return client.post(f"/ban-to-chuc/{contest.slug}/cham/prelim/A/bai/{entry.blind_code}", data=form)


def test_a_sheet_is_unlocked_with_a_reason_and_never_one_that_is_hidden(client, contest, chair, judges, clock):
    clock.instant = now = opening_of(contest, "prelim")
    entry, related, own = (make_accepted(contest) for _ in range(3))
    given, theirs, other = (mark_all(each, judges[:1], [70])[0] for each in (entry, related, own))
    record_conflict(entry=related, judge=chair, reason="Quen biết.", actor=chair, now=now)
    seat_judge(contest=contest, round_id="prelim", category="A", judge=chair, actor=None, now=now)
    give(own, chair)
    sign_in(client, chair)
    assert act(client, contest, entry, act="unlock", sheet=given.public_id, reason=" ").status_code == 422
    assert act(client, contest, entry, act="unlock", sheet=theirs.public_id, reason="Nhầm.").status_code == 404
    assert act(client, contest, related, act="unlock", sheet=theirs.public_id, reason="Nhầm.").status_code == 404
    assert act(client, contest, own, act="unlock", sheet=other.public_id, reason="Nhầm.").status_code == 404
    assert act(client, contest, entry, act="unlock", sheet=given.public_id, reason="Chấm nhầm bài.").status_code == 303
    db.session.expire_all()
    assert (given.sheet.state, theirs.sheet.state, other.sheet.state) == ("open", "final", "final")
    assert "Chấm nhầm bài." in page(client, contest, f"/bai/{entry.blind_code}")[1]
    sign_in(client, make_staff(contest, "organiser"))
    assert act(client, contest, related, act="unlock", sheet=theirs.public_id, reason="Nhầm.").status_code == 404


def test_a_gap_is_decided_and_a_missing_sheet_let_pass_on_the_page(client, app, clock):
    gap = {"type": "max_minus_min", "threshold": 20, "action": "chair_decides"}
    contest = make_contest_with(prelim={"judges_per_entry": 3, "min_sheets": 2, "gap": gap})
    chair, judges = make_staff(contest, "chair"), make_panel(contest, size=3)
    clock.instant = opening_of(contest, "prelim")
    entry = make_accepted(contest)
    mark_all(entry, judges[:2], [50, 80])
    late = give(entry, judges[2])
    sign_in(client, chair)
    address = f"/bai/{entry.blind_code}"
    passing = {"act": "waive", "what": "sheet", "judge": judges[2].public_id}
    assert act(client, contest, entry, **passing, reason="").status_code == 422
    assert act(client, contest, entry, **passing, reason="Ốm dài ngày.").status_code == 303
    text = page(client, contest, address)[1]
    assert "Ốm dài ngày." in text and 'value="decide"' in text
    seen = re.search(r'name="seen" value="([^"]*)"', text)[1]
    decide = {"act": "decide", "reason": "Theo văn bản.", "seen": seen}
    for total in ("", "chín", "99", "49,99"):
        answer = act(client, contest, entry, **decide, total=total)
        assert answer.status_code == 422 and "Theo văn bản." in answer.text
    assert act(client, contest, entry, **decide, total="64,5").status_code == 303
    assert "64,5" in page(client, contest, address)[1]
    assert late.sheet is None
    number = re.search(r'name="waiver" value="(\d+)"', page(client, contest, address)[1])[1]
    assert act(client, contest, entry, act="demand", waiver="999999").status_code == 404
    assert act(client, contest, entry, act="demand", waiver=number).status_code == 303
    assert "Ốm dài ngày." not in page(client, contest, address)[1]
