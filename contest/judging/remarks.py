"""Comments on single criteria: when the rules ask for one, and what keeps a sheet from being final without it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from contest.contests.ruleset import Criterion, Rubric
from contest.core.errors import N_, Refused
from contest.core.text import clean_text
from contest.judging.scoring import Problem

Remarks = Mapping[str, str]
LONGEST_REMARK = 2000

_ALWAYS = N_("Comment on “%(criterion)s”: the rules ask for it with every mark.")
_BELOW = N_("Comment on “%(criterion)s”: the rules ask for it with a mark below %(limit)s.")
_ABOVE = N_("Comment on “%(criterion)s”: the rules ask for it with a mark above %(limit)s.")


def wanted(criterion: Criterion, mark: Decimal | None) -> Problem | None:
    """What is said to a judge who leaves out a comment that this mark needs; None where it needs none."""
    rule = criterion.comment
    if rule is None or mark is None:
        return None
    if rule.always:
        return Problem(criterion.id, _ALWAYS, {"criterion": criterion.name})
    if rule.below is not None and mark < rule.below:
        return Problem(criterion.id, _BELOW, {"criterion": criterion.name, "limit": rule.below})
    if rule.above is not None and mark > rule.above:
        return Problem(criterion.id, _ABOVE, {"criterion": criterion.name, "limit": rule.above})
    return None


def missing_remarks(rubric: Rubric, marks: Mapping[str, Decimal | None], remarks: Remarks) -> list[Problem]:
    """The comments that the rules ask for with these marks and that are not there."""
    found = (
        wanted(criterion, marks.get(criterion.id)) for criterion in rubric.criteria if not remarks.get(criterion.id)
    )
    return [problem for problem in found if problem is not None]


def clean_remarks(rubric: Rubric, remarks: Remarks) -> dict[str, str]:
    """Remarks as they are kept; "" takes one away. Raises Refused for one that is too long or not on the sheet."""
    cleaned = {}
    for criterion_id, text in remarks.items():
        if rubric.criterion(criterion_id) is None:
            raise Refused(
                N_("“%(criterion)s” is not a criterion of this contest."), code="marks", criterion=criterion_id
            )
        remark = clean_text(text)
        if len(remark) > LONGEST_REMARK:
            raise Refused(
                N_("The comment has %(length)s characters; at most %(most)s are kept."),
                code="comment_too_long",
                length=len(remark),
                most=LONGEST_REMARK,
            )
        cleaned[criterion_id] = remark
    return cleaned
