"""Comments on single criteria: asked for where the rules say so, when the sheet is made final."""

from __future__ import annotations

from decimal import Decimal

import pytest

from contest.contests.ruleset.parts import Band, CommentRule
from contest.core.db import db
from contest.core.errors import Conflict, Refused
from contest.judging.remarks import missing_remarks
from contest.judging.services import finalise_sheet, rescore, save_sheet
from contest.judging.sheets import BadMarks
from contest.judging.views_sheet import bands_of
from tests.factories import sign_in
from tests.factories.judging import finalise, give, make_accepted, make_panel, opening_of, spread_marks


@pytest.fixture
def asked(contest, monkeypatch):
    """The rules ask: C1 below 10, C2 with every mark, C3 above 14."""
    told = {
        "C1": CommentRule(below=Decimal(10)),
        "C2": CommentRule(always=True),
        "C3": CommentRule(above=Decimal(14)),
    }
    rules = contest.rules
    bands = tuple(
        Band.model_validate({"from": start, "text": {"vi": f"Mức {start}", "en": f"Level {start}"}})
        for start in (0, 8, 16)
    )
    criteria = tuple(
        each.model_copy(update={"comment": told.get(each.id), "bands": bands if each.id == "C1" else ()})
        for each in rules.rubric.criteria
    )
    changed = rules.model_copy(update={"rubric": rules.rubric.model_copy(update={"criteria": criteria})})
    monkeypatch.setattr(type(contest), "rules", property(lambda _self: changed))
    return changed.rubric


@pytest.fixture
def assignment(contest, asked):
    return give(make_accepted(contest), make_panel(contest)[0])


def verb(save, assignment, marks, remarks, version=0):
    return save(
        assignment=assignment,
        marks=marks,
        comment="",
        remarks=remarks,
        version=version,
        actor=assignment.judge,
        now=opening_of(assignment.entry.contest, "prelim"),
    )


@pytest.mark.parametrize(
    ("marks", "wanted"),
    [
        ({"C1": "9.5"}, ["C1"]),
        ({"C1": 10}, []),
        ({"C1": 0, "C3": 14}, ["C1"]),
        ({"C3": "14.5"}, ["C3"]),
        ({"C2": 25}, ["C2"]),
        ({"C2": None}, []),
        ({"C4": 0}, []),
    ],
)
def test_a_comment_is_asked_for_strictly_below_strictly_above_or_always(asked, marks, wanted):
    given = {criterion: None if mark is None else Decimal(str(mark)) for criterion, mark in marks.items()}
    assert [problem.criterion for problem in missing_remarks(asked, given, {})] == wanted
    assert missing_remarks(asked, given, dict.fromkeys(("C1", "C2", "C3"), "Vì sao")) == []


def test_a_sheet_is_final_only_with_the_comments_that_the_rules_ask_for(assignment):
    marks = spread_marks(assignment.entry.contest, 86)  # C1 20, C2 25, C3 15, C4 15, C5 11
    sheet = verb(save_sheet, assignment, marks, {"C3": "  "})
    assert sheet.remarks == {} and sheet.version == 1, "kept without them while saving"
    with pytest.raises(BadMarks) as caught:
        verb(finalise_sheet, assignment, marks, {}, 1)
    assert [problem.criterion for problem in caught.value.remarks] == ["C2", "C3"] and caught.value.marks == ()
    assert assignment.sheet.state == "open"
    revision = verb(finalise_sheet, assignment, marks, {"C2": " Có số liệu ", "C3": "Mới"}, 1)
    assert revision.remarks == {"C2": "Có số liệu", "C3": "Mới"}
    # The same again, and without sending them: what is saved counts.
    assert verb(finalise_sheet, assignment, marks, {}, 1) is revision
    with pytest.raises(Conflict, match="final"):
        verb(finalise_sheet, assignment, marks, {"C3": "Khác"}, 1)


def test_remarks_are_under_the_sheets_version_and_removed_by_emptying(assignment):
    verb(save_sheet, assignment, {}, {"C2": "Có số liệu"})
    with pytest.raises(Conflict, match="another window"):
        verb(save_sheet, assignment, {}, {"C2": "Không có số liệu"})
    assert assignment.sheet.remarks == {"C2": "Có số liệu"}
    verb(save_sheet, assignment, {"C1": Decimal(3)}, {}, 1)
    assert assignment.sheet.remarks == {"C2": "Có số liệu"}
    verb(save_sheet, assignment, {}, {"C2": ""}, 2)
    assert assignment.sheet.remarks == {}


def test_a_remark_is_bounded_and_about_a_criterion(assignment):
    with pytest.raises(Refused, match="characters"):
        verb(save_sheet, assignment, {}, {"C2": "a" * 2001})
    with pytest.raises(Refused, match="not a criterion"):
        verb(save_sheet, assignment, {}, {"T1": "Hay"})


def test_scoring_again_asks_for_them_too(contest, assignment):
    verb(finalise_sheet, assignment, spread_marks(contest, 86), {"C2": "a", "C3": "b"})
    with pytest.raises(BadMarks):
        rescore(
            assignment=assignment,
            marks={"C1": Decimal(3)},
            comment="",
            reason="Nhìn lại",
            actor=assignment.judge,
            now=opening_of(contest, "prelim"),
        )


def test_the_page_says_it_beside_the_field_and_keeps_all_that_was_typed(client, contest, assignment, clock):
    clock.instant = opening_of(contest, "prelim")
    db.session.commit()
    sign_in(client, assignment.judge)
    address = f"/cham/{contest.slug}/bai/{assignment.public_id}"
    marks = {f"mark-{criterion}": str(mark) for criterion, mark in spread_marks(contest, 86).items()}
    answer = client.post(address, data={**marks, "remark-C3": "Góc nhìn mới", "version": "0", "act": "final"})
    assert answer.status_code == 422
    assert 'id="remark-C2-error"><p class="error">' in answer.text and 'href="#remark-C2"' in answer.text
    assert 'id="remark-C3-error"></div>' in answer.text and ">\r\nGóc nhìn mới</textarea>" in answer.text
    # It was all kept on the server too.
    db.session.expire_all()
    assert assignment.sheet.remarks == {"C3": "Góc nhìn mới"}
    answer = client.post(address, data={**marks, "remark-C2": "Rõ", "remark-C3": "Mới", "version": "1", "act": "final"})
    assert answer.status_code == 303
    shown = client.get(address).text
    assert "Rõ" in shown and "Mới" in shown


def test_bands_run_to_the_step_before_the_next(asked):
    assert [(low, high) for low, high, _ in bands_of(asked.criterion("C1"), asked.step)] == [
        (0, Decimal("7.5")),
        (8, Decimal("15.5")),
        (16, 20),
    ]
    assert bands_of(asked.criterion("C2"), asked.step) == []


def test_the_page_shows_the_bands_and_the_one_of_the_saved_mark(client, contest, assignment, clock):
    clock.instant = opening_of(contest, "prelim")
    verb(save_sheet, assignment, {"C1": Decimal("15.5")}, {})
    db.session.commit()
    sign_in(client, assignment.judge)
    shown = client.get(f"/cham/{contest.slug}/bai/{assignment.public_id}").text
    assert 'data-from="16"' in shown and 'aria-live="polite">Mức 8</p>' in shown
    assert "bắt buộc khi dưới 10 điểm" in shown


def test_without_a_rule_nothing_is_asked(contest):
    assignment = give(make_accepted(contest), make_panel(contest)[0])
    assert finalise(assignment, 0).remarks == {}
