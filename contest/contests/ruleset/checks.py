"""What the fields of a rule set mean together: everything that a class alone cannot say.

Each check reads only the parts it names, so that it can be made while other parts are still
broken. A check yields problems; it never raises and never repairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from contest.contests.ruleset.checks_awards import (
    prizes_hang_on_rungs,
    prizes_within_budget,
    readers_vote_decides_a_prize,
    scoring_can_rank,
    vote_is_for_known_categories,
)
from contest.contests.ruleset.checks_time import (
    anniversary_is_counted_and_worded,
    announcement_fits_the_timetable,
    author_names_stay_hidden_while_they_must,
    rounds_have_their_time,
    steps_are_complete,
    steps_are_in_order,
    steps_that_are_needed,
    verification_ends_in_time,
    vote_has_its_time,
)
from contest.contests.ruleset.kinds import Part, spell_number
from contest.contests.ruleset.model import RuleSet
from contest.contests.ruleset.parts import Round, is_multiple
from contest.contests.ruleset.problems import Problem, join, quote
from contest.contests.ruleset.shape import FEW_ITEMS, MISSING, unknown_code
from contest.core.errors import N_

TWICE_IN_LIST = N_("“%(value)s” stands twice in this list.")
SMALLEST_ABOVE_LARGEST = N_("The least (%(min)s) is more than the most (%(max)s).")
WINDOW_NEEDED = N_("Works that must be published need a window of publication.")
WINDOW_NOT_WANTED = N_("A window of publication has no meaning for unpublished works.")
WINDOW_EMPTY = N_("The window is empty: it must begin before it ends.")
MORE_THAN_NOTHING = N_("This must be more than 0.")
SUM_IS_NOT_SCALE = N_("The maxima of the criteria add up to %(sum)s, but the scale is %(scale)s.")
NOT_A_MULTIPLE = N_("%(value)s is not a multiple of the step %(step)s.")
ABOVE_SCALE = N_("%(value)s is above the scale of %(scale)s.")
TRIMMING_NEEDS_THREE = N_("Leaving out the highest and the lowest needs at least 3 judges for each entry.")
GAP_NEEDS_TWO = N_("A gap needs at least 2 judges for each entry.")
THIRD_JUDGE_NEEDS_TWO = N_("A third judge comes where 2 judges mark each entry; here there are %(count)s.")
THIRD_JUDGE_NEEDS_THEN = N_("With a third judge, “then” must say how the total is formed.")
THEN_NOT_WANTED = N_("“then” belongs to the action “third_judge” only.")
SHARE_ABOVE_ONE = N_("A share of the scale is from 0 to 1; %(value)s is more than all of it.")
MORE_THAN_JUDGES = N_("At least %(min)s sheets are asked for, but only %(count)s judges mark each entry.")
BANDS_MUST_RISE = N_("Each band begins above the one before it (%(below)s).")
ABOVE_CRITERION = N_("%(value)s is above the %(max)s points of this criterion.")
COMMENT_NEVER = N_("This asks for a comment never: write always, below or above.")
NEVER_BELOW = N_("No mark is below %(value)s.")
NEVER_ABOVE = N_("No mark is above %(value)s.")
ADVANCE_NEEDED = N_("A round before the last must say who advances.")
ADVANCE_NOT_WANTED = N_("After the last round nobody advances: write null.")
ROUNDS_OUT_OF_ORDER = N_("The preliminary round stands before the final one.")
NO_COUNT = N_("It is not said how many advance in category “%(category)s”.")
VERIFIED_NEEDED = N_("“verified” must be among the outcomes.")
ANSWER_BEFORE_RECEIPT = N_("A complaint is answered later than it is acknowledged: %(days)s days at least.")
YEAR_NEEDED = N_("A floor per year must say which year, or until when it held.")
YEAR_NOT_WANTED = N_("A floor per contest has no year.")
WRONG_STATE = N_("For %(counts)s the state must be “%(state)s”.")

_NAMES = ("id", "key", "rung", "no", "rule")
_STATES = {"entries": "accepted", "exemplars": "publicised"}


def check(rule_set: RuleSet, present: frozenset[str]) -> list[Problem]:
    """The problems of meaning of `rule_set`, of which only the parts in `present` are there."""
    problems: list[Problem] = []
    for name in RuleSet.model_fields:
        if name in present:
            problems.extend(nothing_stands_twice(getattr(rule_set, name), name))
    for needed, made in CHECKS:
        if present.issuperset(needed):
            problems.extend(made(rule_set))
    return problems


def nothing_stands_twice(value: Any, path: str) -> Iterator[Problem]:
    """No list holds two equal codes, nor two items with the same id, key, rung or number."""
    if isinstance(value, Part):
        for name, field in type(value).model_fields.items():
            yield from nothing_stands_twice(getattr(value, name), join(path, field.alias or name))
    elif isinstance(value, tuple):
        seen: set[object] = set()
        for place, each in enumerate(value):
            yield from nothing_stands_twice(each, join(path, place))
            known_as = next((name for name in _NAMES if hasattr(each, name)), None)
            if isinstance(each, str):
                known_by, where = each, join(path, place)
            elif known_as is not None:
                known_by, where = getattr(each, known_as), join(path, place, known_as)
            else:
                continue
            if known_by in seen:
                yield Problem(where, TWICE_IN_LIST, {"value": quote(known_by)})
            seen.add(known_by)


def categories_are_possible(rules: RuleSet) -> Iterator[Problem]:
    """There is a category; its limits leave something; press works have a window of publication."""
    if not rules.categories:
        yield Problem("categories", FEW_ITEMS, {"limit": 1})
    for place, category in enumerate(rules.categories):
        path = join("categories", place)
        for name, limits in (("words", category.words), ("photos", category.photos)):
            if limits and limits.min is not None and limits.max is not None and limits.min > limits.max:
                where = {"min": limits.min, "max": limits.max}
                yield Problem(join(path, name, "min"), SMALLEST_ABOVE_LARGEST, where)
        window = category.published_window
        if category.publication == "must_be_published" and window is None:
            yield Problem(join(path, "published_window"), WINDOW_NEEDED)
        if category.publication == "must_be_unpublished" and window is not None:
            yield Problem(join(path, "published_window"), WINDOW_NOT_WANTED)
        if window is not None and window.from_ >= window.before:
            yield Problem(join(path, "published_window", "from"), WINDOW_EMPTY)


def lists_that_must_hold_something(rules: RuleSet) -> Iterator[Problem]:
    """An entry comes in some format; verification can end well."""
    if not rules.entry_rules.formats:
        yield Problem("entry_rules.formats", FEW_ITEMS, {"limit": 1})
    if "verified" not in rules.verification.outcomes:
        yield Problem("verification.outcomes", VERIFIED_NEEDED)


def rubric_adds_up(rules: RuleSet) -> Iterator[Problem]:
    """The maxima add up to the scale, and all are multiples of the step."""
    rubric = rules.rubric
    if rubric.step <= 0:
        yield Problem("rubric.step", MORE_THAN_NOTHING)
    if rubric.scale <= 0:
        yield Problem("rubric.scale", MORE_THAN_NOTHING)
    total = sum((each.max for each in rubric.criteria), Decimal(0))
    if total != rubric.scale:
        sums = {"sum": spell_number(total), "scale": spell_number(rubric.scale)}
        yield Problem("rubric.criteria", SUM_IS_NOT_SCALE, sums)
    for place, criterion in enumerate(rubric.criteria):
        path = join("rubric.criteria", place, "max")
        if criterion.max <= 0:
            yield Problem(path, MORE_THAN_NOTHING)
        elif rubric.step > 0 and not is_multiple(criterion.max, rubric.step):
            values = {"value": spell_number(criterion.max), "step": spell_number(rubric.step)}
            yield Problem(path, NOT_A_MULTIPLE, values)


def bands_and_comments_fit(rules: RuleSet) -> Iterator[Problem]:
    """Bands rise, on marks that can be given; a comment is asked for at marks that can be given."""
    step = rules.rubric.step
    for place, criterion in enumerate(rules.rubric.criteria):
        path = join("rubric.criteria", place)
        below: Decimal | None = None
        for at, band in enumerate(criterion.bands):
            where = join(path, "bands", at, "from")
            if below is not None and band.from_ <= below:
                yield Problem(where, BANDS_MUST_RISE, {"below": spell_number(below)})
            yield from _mark_that_can_be_given(where, band.from_, criterion.max, step)
            below = band.from_
        rule = criterion.comment
        if rule is None:
            continue
        if not rule.always and rule.below is None and rule.above is None:
            yield Problem(join(path, "comment"), COMMENT_NEVER)
        for name, mark, never, message in (
            ("below", rule.below, Decimal(0), NEVER_BELOW),
            ("above", rule.above, criterion.max, NEVER_ABOVE),
        ):
            where = join(path, "comment", name)
            if mark is not None and mark == never:
                yield Problem(where, message, {"value": spell_number(mark)})
            elif mark is not None:
                yield from _mark_that_can_be_given(where, mark, criterion.max, step)


def _mark_that_can_be_given(where: str, mark: Decimal, highest: Decimal, step: Decimal) -> Iterator[Problem]:
    if mark > highest:
        yield Problem(where, ABOVE_CRITERION, {"value": spell_number(mark), "max": spell_number(highest)})
    elif step > 0 and not is_multiple(mark, step):
        yield Problem(where, NOT_A_MULTIPLE, {"value": spell_number(mark), "step": spell_number(step)})


def rounds_can_be_closed(rules: RuleSet) -> Iterator[Problem]:
    """Each round has judges enough for the way it forms totals and settles gaps."""
    if not rules.rounds:
        yield Problem("rounds", FEW_ITEMS, {"limit": 1})
    if [each.id for each in rules.rounds] == ["final", "prelim"]:
        yield Problem("rounds", ROUNDS_OUT_OF_ORDER)
    for place, each in enumerate(rules.rounds):
        path = join("rounds", place)
        if each.aggregate == "trimmed_mean_drop_high_low" and each.judges_per_entry < 3:
            yield Problem(join(path, "judges_per_entry"), TRIMMING_NEEDS_THREE)
        if each.min_sheets is not None and each.min_sheets > each.judges_per_entry:
            values = {"min": each.min_sheets, "count": each.judges_per_entry}
            yield Problem(join(path, "min_sheets"), MORE_THAN_JUDGES, values)
        yield from _gap_can_be_settled(each, path)
        last = place == len(rules.rounds) - 1
        if last and each.advance is not None:
            yield Problem(join(path, "advance"), ADVANCE_NOT_WANTED)
        if not last and each.advance is None:
            yield Problem(join(path, "advance"), ADVANCE_NEEDED)


def _gap_can_be_settled(each: Round, path: str) -> Iterator[Problem]:
    if each.gap is None:
        return
    if each.judges_per_entry < 2:
        yield Problem(join(path, "judges_per_entry"), GAP_NEEDS_TWO)
    if each.gap.action == "third_judge":
        if each.judges_per_entry > 2:
            count = {"count": each.judges_per_entry}
            yield Problem(join(path, "gap", "action"), THIRD_JUDGE_NEEDS_TWO, count)
        if each.gap.then is None:
            yield Problem(join(path, "gap", "then"), THIRD_JUDGE_NEEDS_THEN)
    elif each.gap.then is not None:
        yield Problem(join(path, "gap", "then"), THEN_NOT_WANTED)


def rounds_use_the_scale(rules: RuleSet) -> Iterator[Problem]:
    """Thresholds are points that can be given, or shares; minimum scores can be reached."""
    scale, step = rules.rubric.scale, rules.rubric.step
    for place, each in enumerate(rules.rounds):
        path = join("rounds", place)
        if each.gap is not None:
            where, value = join(path, "gap", "threshold"), each.gap.threshold
            if each.gap.unit == "share_of_scale":
                if value > 1:
                    yield Problem(where, SHARE_ABOVE_ONE, {"value": spell_number(value)})
            elif value > scale:
                yield above_scale(where, value, scale)
            elif step > 0 and not is_multiple(value, step):
                values = {"value": spell_number(value), "step": spell_number(step)}
                yield Problem(where, NOT_A_MULTIPLE, values)
        least = each.advance.min_score if each.advance is not None else None
        if least is not None and least > scale:
            yield above_scale(join(path, "advance", "min_score"), least, scale)


def tiers_use_the_scale(rules: RuleSet) -> Iterator[Problem]:
    """Every rung of the ladder can be reached."""
    for place, tier in enumerate(rules.scoring.tiers):
        if tier.min > rules.rubric.scale:
            yield above_scale(join("scoring.tiers", place, "min"), tier.min, rules.rubric.scale)


def above_scale(path: str, value: Decimal, scale: Decimal) -> Problem:
    """`value` can never be reached."""
    return Problem(path, ABOVE_SCALE, {"value": spell_number(value), "scale": spell_number(scale)})


def advancement_names_the_categories(rules: RuleSet) -> Iterator[Problem]:
    """It is said for every category, and for no other, how many advance."""
    known = [each.id for each in rules.categories]
    for place, each in enumerate(rules.rounds):
        if each.advance is None:
            continue
        path = join("rounds", place, "advance", "counts")
        for category in each.advance.counts:
            if category not in known:
                yield unknown_code(join(path, category), category, known)
        for category in dict.fromkeys(known):
            if category not in each.advance.counts:
                yield Problem(path, NO_COUNT, {"category": category})


def quotas_are_complete(rules: RuleSet) -> Iterator[Problem]:
    """A floor says what counts, and for which year."""
    for place, quota in enumerate(rules.quotas):
        path = join("quotas", place)
        if quota.per == "year" and quota.year is None and quota.valid_to is None:
            yield Problem(join(path, "year"), YEAR_NEEDED)
        if quota.per == "contest" and quota.year is not None:
            yield Problem(join(path, "year"), YEAR_NOT_WANTED)
        state = _STATES[quota.counts]
        if quota.state_required is None and quota.valid_to is None:
            yield Problem(join(path, "state_required"), MISSING)
        elif quota.state_required not in (None, state):
            values = {"counts": quota.counts, "state": state}
            yield Problem(join(path, "state_required"), WRONG_STATE, values)


def complaints_are_answered_after_receipt(rules: RuleSet) -> Iterator[Problem]:
    """The answer has at least as many days as the acknowledgement."""
    complaints = rules.complaints
    if complaints.answer_working_days < complaints.acknowledge_working_days:
        days = {"days": complaints.acknowledge_working_days}
        yield Problem("complaints.answer_working_days", ANSWER_BEFORE_RECEIPT, days)


Check = Callable[[RuleSet], Iterator[Problem]]

CHECKS: tuple[tuple[tuple[str, ...], Check], ...] = (
    (("anniversary",), anniversary_is_counted_and_worded),
    (("timeline",), steps_are_complete),
    (("timeline",), steps_are_in_order),
    (("timeline", "rounds", "voting", "announcement"), steps_that_are_needed),
    (("timeline", "rounds"), rounds_have_their_time),
    (("timeline", "voting"), vote_has_its_time),
    (("timeline", "verification"), verification_ends_in_time),
    (("categories",), categories_are_possible),
    (("entry_rules", "verification"), lists_that_must_hold_something),
    (("rounds",), rounds_can_be_closed),
    (("rounds", "rubric"), rounds_use_the_scale),
    (("rounds", "categories"), advancement_names_the_categories),
    (("rubric",), rubric_adds_up),
    (("rubric",), bands_and_comments_fit),
    (("scoring", "rubric"), scoring_can_rank),
    (("scoring", "rubric"), tiers_use_the_scale),
    (("voting", "categories"), vote_is_for_known_categories),
    (("voting", "prizes", "scoring"), readers_vote_decides_a_prize),
    (("prizes", "categories", "scoring"), prizes_hang_on_rungs),
    (("prizes", "budget_prizes_vnd"), prizes_within_budget),
    (("quotas",), quotas_are_complete),
    (("announcement", "timeline"), announcement_fits_the_timetable),
    (("announcement", "timeline", "voting", "categories", "rounds"), author_names_stay_hidden_while_they_must),
    (("complaints",), complaints_are_answered_after_receipt),
)
"""The parts that a check reads, and the check."""
