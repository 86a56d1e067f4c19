"""What judges of a round may see is said once, and every page, list, paper and printed rule follows it."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from contest.contests.ruleset import parse_rule_set
from contest.contests.services import load_rule_set
from contest.core.db import db
from contest.entries.blind import blind_about, blind_entry
from contest.judging.declarations import undeclared
from contest.judging.models import RoundClosing
from contest.judging.services import assign_one
from contest.judging.sight import WHAT, earlier_results, matrix, sees
from tests.conftest import START
from tests.factories import make_staff, make_unit, raw_rule_sets, sign_in
from tests.factories.judging import accept, finalise, give, make_finalist, make_panel, opening_of

ROOT = Path(__file__).parents[2] / "contest"
AUTHOR, EXEMPLAR, PLACE = "Tác Giả Lộ Diện", "Điển Hình Lộ Diện", "xã Lộ Diện"
FLAGS = ("author", "exemplar", "place", "other_rounds")


def contest_with(sight, *, blind=None, both=True):
    """A contest whose final round (and the first, with `both`) says what its judges see."""
    document = json.loads(json.dumps(raw_rule_sets()[0])) | {"slug": "thay", "id": "thay"}
    for round_ in document["rounds"]:
        if sight is not None and (both or round_["id"] == "final"):
            round_["sees"] = sight
    if blind is not None:
        for category in document["categories"]:
            category["blind"] = blind
    return load_rule_set(rules=parse_rule_set(json.dumps(document)), actor=None, now=START)


def entry_of(contest):
    unit = make_unit(PLACE)
    return make_finalist(contest, author_name=AUTHOR, exemplar_name=EXEMPLAR, exemplar_unit=unit)


@pytest.mark.parametrize(
    ("blind", "expected"),
    [
        ("full", (False, False, False, False)),
        ("author_hidden", (False, True, True, False)),
        ("open", (True, True, True, False)),
    ],
)
def test_without_a_word_of_the_round_the_categorys_blind_mode_decides(app, blind, expected):
    rules = contest_with(None, blind=blind).rules
    found = sees(rules, "final", "A")
    assert tuple(getattr(found, flag) for flag in FLAGS) == expected


def test_the_rounds_own_word_comes_first(app):
    rules = contest_with({"place": True}, blind="open", both=False).rules
    assert sees(rules, "prelim", "A").author is True
    assert sees(rules, "final", "A").model_dump() == {
        "author": False,
        "exemplar": False,
        "place": True,
        "other_rounds": False,
    }
    assert rules.author_is_seen("A")
    assert rules.author_is_hidden("A")


@pytest.mark.parametrize("flag", ["author", "exemplar", "place"])
@pytest.mark.parametrize("allowed", [True, False])
def test_each_page_of_a_judge_shows_what_is_allowed_and_nothing_else(app, client, clock, flag, allowed):
    sight = dict.fromkeys(("author", "exemplar", "place"), not allowed) | {flag: allowed}
    contest = contest_with(sight)
    clock.instant = opening_of(contest, "final")
    entry = entry_of(contest)
    [judge] = make_panel(contest, "final", size=1)
    assignment = assign_one(entry=entry, round_id="final", judge=judge, actor=judge, now=opening_of(contest, "final"))
    sign_in(client, judge)
    word = {"author": AUTHOR, "exemplar": EXEMPLAR, "place": PLACE}[flag]
    before = [f"/cham/{contest.slug}/khai-bao?round=final", f"/cham/{contest.slug}/bai/{assignment.public_id}/khai-bao"]
    for address in before:
        assert (word in client.get(address).text) is allowed, address
    client.post(before[1], data={"say": "none"})
    pages = [
        f"/cham/{contest.slug}/bai/{assignment.public_id}",
        f"/cham/{contest.slug}/bai/{assignment.public_id}/xung-dot",
    ]
    assert (word in client.get(pages[0]).text) is allowed
    for address in (*pages, f"/cham/{contest.slug}?round=final"):
        answer = client.get(address)
        assert answer.status_code == 200
        assert allowed or word not in answer.text, address
    chair = make_staff(contest, "chair")
    sign_in(client, chair)
    text = client.get(f"/ban-to-chuc/{contest.slug}/cham/final/A/bai/{entry.blind_code}").text
    assert allowed or word not in text


@pytest.mark.parametrize("flag", ["author", "exemplar", "place"])
def test_what_is_hidden_is_not_even_loaded(app, flag):
    contest = contest_with({flag: True})
    entry = entry_of(contest)
    [judge] = make_panel(contest, "final", size=1)
    assign_one(entry=entry, round_id="final", judge=judge, actor=judge, now=opening_of(contest, "final"))
    words = {"author": AUTHOR, "exemplar": EXEMPLAR, "place": PLACE}
    rows = (
        blind_entry(entry.id, "final"),
        blind_about([entry.id], sees(contest.rules, "final", "A"))[entry.id],
        undeclared(contest, "final", judge.id, opening_of(contest, "final"))[0],
    )
    for row in rows:
        assert {name for name, word in words.items() if word in repr(row)} - {"exemplar"} <= {flag}
        assert words[flag] in repr(row)
    assert flag == "exemplar" or EXEMPLAR not in repr(rows[0])


@pytest.mark.parametrize(("allowed", "closed"), [(True, True), (True, False), (False, True)])
def test_results_of_earlier_rounds_show_only_where_allowed_and_once_closed(app, client, clock, allowed, closed):
    contest = contest_with({"other_rounds": allowed}, both=False)
    entry = entry_of(contest)
    judges = make_panel(contest, "prelim", size=2)
    for judge, total in zip(judges, ("81", "82"), strict=True):
        finalise(give(entry, judge), total)
    [reader] = make_panel(contest, "final", size=1)
    if closed:
        db.session.add(RoundClosing(contest_id=contest.id, round="prelim", category="A", by_id=reader.id, at=START))
        db.session.flush()
    clock.instant = opening_of(contest, "final")
    assignment = give(entry, reader, "final")
    shown = allowed and closed
    assert [str(each.total) for each in earlier_results(entry, "final")] == (["163/2"] if shown else [])
    assert earlier_results(entry, "prelim") == []
    sign_in(client, reader)
    page = client.get(f"/cham/{contest.slug}/bai/{assignment.public_id}").text
    assert ("81,5" in page) is shown


def test_the_matrix_stands_on_the_jurys_page_and_in_the_rules_for_everybody(app, client, clock):
    contest = contest_with({"author": True, "place": True}, both=False)
    lines = matrix(contest.rules)
    assert {(line.round_id, tuple(line.seen[what] for what in WHAT)) for line in lines} >= {
        ("final", (True, False, True, False))
    }
    clock.instant = opening_of(contest, "prelim")
    chair = make_staff(contest, "chair")
    accept(contest, chair)
    for person, address in (
        (chair, f"/ban-to-chuc/{contest.slug}/cham"),
        (None, f"/cuoc-thi/{contest.slug}/the-le"),
    ):
        if person:
            sign_in(client, person)
        page = client.get(address).text
        assert "Giám khảo được thấy gì" in page
        assert page.count(">ẩn<") + page.count("hiện") >= len(lines) * len(WHAT)
    assert client.get(f"/cuoc-thi/{contest.slug}/the-le.pdf").status_code == 200


def test_nobody_asks_a_categorys_blind_mode_but_the_one_definition():
    """Whoever reads `.blind` decides for themselves what judges see: only RuleSet.sees may."""
    found = [
        path.relative_to(ROOT).as_posix()
        for path in sorted(ROOT.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "blind"
    ]
    # The other only tells that a rule has changed.
    assert set(found) == {"contests/ruleset/model.py", "entries/changes.py"}
    templates = ROOT.parent / "templates"
    assert [path.name for path in templates.rglob("*.html") if ".blind " in path.read_text("utf-8")] == []
    assert [path.name for path in templates.rglob("*.html") if ".blind]" in path.read_text("utf-8")] == []
