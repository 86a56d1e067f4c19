"""What is typed into the wizard's fields: kept, never taken for something else, never an error."""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from contest.contests.ruleset import rule_set_problems
from contest.setup.fields import (
    Field,
    Section,
    act_on_lists,
    drop_at,
    full_path,
    put_at,
    put_typed,
    questions,
    shown,
    value_at,
)
from contest.setup.pages import PAGES, page_of
from contest.setup.rules import agreed, blank_document, days_known, read_draft, slots_of, with_rounds, with_step
from contest.setup.texts import left_behind
from tests.factories import raw_rule_sets

odd = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["", "0", "-1", "1e9", "NaN", "9" * 30, "2027-06-11T08:00", "31/02/2027 08:00", "null", "[x]", "A"]
    ),
)


def as_shown(document, page) -> MultiDict:
    """The form that a page shows, sent back untouched."""
    form: MultiDict = MultiDict()
    for section in page.sections:
        for place, asked in questions(section, document):
            for each in asked:
                path = full_path(section, place, each.path)
                value = value_at(document, path)
                if each.kind in {"pair", "pair_text"}:
                    for language in ("vi", "en"):
                        form[f"{path}.{language}"] = (value or {}).get(language, "")
                elif each.kind == "many":
                    form.setlist(path, value or [])
                elif each.kind == "flag":
                    if value:
                        form[path] = "1"
                else:
                    form[path] = shown(value, each.kind)
    return form


@pytest.mark.parametrize("key", PAGES)
@pytest.mark.parametrize("index", [0, 1])
def test_a_page_sent_back_untouched_changes_nothing(index, key):
    document = raw_rule_sets()[index]
    assert put_typed(document, PAGES[key].sections, as_shown(document, PAGES[key])) == document


@settings(deadline=None, max_examples=120)
@given(st.sampled_from(sorted(PAGES)), st.booleans(), st.data())
def test_whatever_is_typed_is_answered_in_words(key, blank, data):
    document = blank_document() if blank else deepcopy(raw_rule_sets()[0])
    page = PAGES[key]
    form = as_shown(document, page)
    names = sorted(form)
    for name in data.draw(st.lists(st.sampled_from(names), max_size=6)):
        form[name] = data.draw(odd)
    act = data.draw(st.sampled_from(["save", "add:prizes", "drop:prizes[99]", "up:rounds[0]", "add:rounds", "x"]))
    made = agreed(with_rounds(act_on_lists(put_typed(document, page.sections, form), page.sections, act)))
    _rules, problems = read_draft(made)
    for each in problems:
        assert each.text() and page_of(each.path)
    slots_of(made)
    left_behind(made, days_known(made))
    again = agreed(with_rounds(put_typed(made, page.sections, as_shown(made, page))))
    assert {each.path for each in read_draft(again)[1]} == {each.path for each in problems}


def test_numbers_are_read_as_people_write_them():
    section = Section("", (Field("money", "money", ""), Field("mark", "number", ""), Field("at", "instant", "")))
    form = MultiDict({"money": "5.000.000", "mark": "0,25", "at": "17:00 31/03/2027"})
    made = put_typed({}, [section], form)
    assert made == {"money": 5_000_000, "mark": 0.25, "at": "2027-03-31T17:00:00+07:00"}
    assert [shown(made["money"], "money"), shown(made["mark"], "number")] == ["5.000.000", "0,25"]


def test_paths_lead_nowhere_beyond_the_document():
    document = {"a": [{"b": 1}]}
    put_at(document, "a[7].b", 2)
    drop_at(document, "a[7]")
    drop_at(document, "x.y")
    assert document == {"a": [{"b": 1}]}
    put_at(document, "a[0].c.d", 3)
    assert value_at(document, "a[0].c.d") == 3


def test_a_preliminary_round_is_added_before_the_final_one():
    document = act_on_lists(blank_document(), PAGES["cham-diem"].sections, "add:rounds")
    made = with_rounds(document)
    assert [each["id"] for each in made["rounds"]] == ["prelim", "final"]
    assert made["rounds"][0]["advance"] is not None and made["rounds"][1]["advance"] is None
    assert not [each for each in rule_set_problems(made) if "ROUNDS" in each.message]


def test_a_step_comes_once_and_where_it_belongs():
    made = with_step(with_step(blank_document(), "prelim"), "prelim")
    assert [each["key"] for each in made["timeline"]] == ["submission", "prelim", "final", "announce"]
    assert with_step(made, "nothing") == made
