"""Checks of ranks, prizes and the readers' vote."""

from __future__ import annotations

from collections.abc import Iterator

from contest.contests.ruleset.codes import HIGHER_MEAN_ON, TIE_RULES
from contest.contests.ruleset.kinds import spell_number
from contest.contests.ruleset.model import RuleSet
from contest.contests.ruleset.problems import Problem, join, quote
from contest.contests.ruleset.shape import FEW_ITEMS, MISSING, unknown_code
from contest.core.errors import N_

TIERS_MUST_FALL = N_("The minimum of a rung must be less than that of the rung above it (%(above)s).")
CRITERION_NEEDED = N_("“higher_mean_on” needs a criterion behind it, such as higher_mean_on:%(example)s.")
NO_CRITERION_WANTED = N_("“%(name)s” takes nothing behind a colon.")
VOTE_HAS_NO_WEIGHT = N_("The readers' vote has no weight in the ranking: write 0.")
RESERVED_RUNG = N_("“%(rung)s” is beside the ladder and cannot be one of its rungs.")
RUNG_TAKEN = N_("Category “%(category)s” already has a prize on the rung “%(rung)s”.")
LADDER_NEEDS_CATEGORY = N_("A prize on the ladder belongs to one category.")
LADDER_GOES_TO_AUTHORS = N_("A prize on the ladder goes to an author.")
VOTED_PRIZE_BESIDE_LADDER = N_("The readers' prize stands beside the ladder: give it the rung “ban_doc”.")
VOTED_PRIZE_FOR_AUTHORS = N_("The readers' prize goes to an author.")
VOTED_PRIZE_CATEGORY = N_("The readers' prize is for a category that is not put to the vote.")
NOBODY_DECIDES = N_("No vote decides this prize: name it in voting.prize, or take it out.")
RUNNING_TOTALS = N_("Figures for each entry appear with the results only: write false.")
OVER_BUDGET = N_("All prizes together come to %(total)s đồng; the budget is %(budget)s đồng.")

READERS_RUNG = "ban_doc"
EXTRA_RUNGS = ("tap_the", READERS_RUNG, "nhan_vat", "cao_tuoi")
"""Prizes beside the ladder: for units, by the readers, for exemplars, for the oldest author."""


def scoring_can_rank(rules: RuleSet) -> Iterator[Problem]:
    """Rungs fall strictly; every tie rule is one that somebody can apply."""
    above = None
    for place, tier in enumerate(rules.scoring.tiers):
        path = join("scoring.tiers", place)
        if tier.rung in EXTRA_RUNGS:
            yield Problem(join(path, "rung"), RESERVED_RUNG, {"rung": tier.rung})
        if above is not None and tier.min >= above:
            yield Problem(join(path, "min"), TIERS_MUST_FALL, {"above": spell_number(above)})
        above = tier.min
    criteria = [each.id for each in rules.rubric.criteria]
    for place, tie in enumerate(rules.scoring.tie_break):
        path = join("scoring.tie_break", place, "rule")
        if tie.name not in TIE_RULES:
            yield unknown_code(path, tie.name, TIE_RULES)
        elif tie.name != HIGHER_MEAN_ON:
            if tie.rule != tie.name:
                yield Problem(path, NO_CRITERION_WANTED, {"name": tie.name})
        elif tie.criterion is None:
            yield Problem(path, CRITERION_NEEDED, {"example": criteria[0]})
        elif tie.criterion not in criteria:
            yield unknown_code(path, tie.criterion, criteria)
    if rules.scoring.vote_weight_in_rank != 0:
        yield Problem("scoring.vote_weight_in_rank", VOTE_HAS_NO_WEIGHT)


def prizes_hang_on_rungs(rules: RuleSet) -> Iterator[Problem]:
    """A prize has a known category and rung; a category has one prize on each rung at most."""
    tiers = [tier.rung for tier in rules.scoring.tiers]
    categories = [category.id for category in rules.categories]
    taken: set[tuple[str, str]] = set()
    for place, prize in enumerate(rules.prizes):
        path = join("prizes", place)
        if prize.category is not None and prize.category not in categories:
            yield unknown_code(join(path, "category"), prize.category, categories)
        if prize.rung not in tiers:
            if prize.rung not in EXTRA_RUNGS:
                yield unknown_code(join(path, "rung"), prize.rung, [*tiers, *EXTRA_RUNGS])
            continue
        if prize.to != "author":
            yield Problem(join(path, "to"), LADDER_GOES_TO_AUTHORS)
        if prize.category is None:
            yield Problem(join(path, "category"), LADDER_NEEDS_CATEGORY)
        elif (prize.category, prize.rung) in taken:
            values = {"category": prize.category, "rung": prize.rung}
            yield Problem(join(path, "rung"), RUNG_TAKEN, values)
        else:
            taken.add((prize.category, prize.rung))


def prizes_within_budget(rules: RuleSet) -> Iterator[Problem]:
    """All that may be given does not cost more than there is."""
    total = sum(prize.total_vnd for prize in rules.prizes)
    if total > rules.budget_prizes_vnd:
        sums = {"total": _money(total), "budget": _money(rules.budget_prizes_vnd)}
        yield Problem("budget_prizes_vnd", OVER_BUDGET, sums)


def vote_is_for_known_categories(rules: RuleSet) -> Iterator[Problem]:
    """The vote is about categories that there are, and shows nothing early."""
    known = [category.id for category in rules.categories]
    for place, category in enumerate(rules.voting.categories):
        if category not in known:
            yield unknown_code(join("voting.categories", place), category, known)
    if rules.voting.enabled and not rules.voting.categories:
        yield Problem("voting.categories", FEW_ITEMS, {"limit": 1})
    if rules.voting.show_running_totals:
        yield Problem("voting.show_running_totals", RUNNING_TOTALS)


def readers_vote_decides_a_prize(rules: RuleSet) -> Iterator[Problem]:
    """The vote names its prize, and a readers' prize has its vote."""
    voting = rules.voting
    if voting.enabled and voting.prize is None:
        yield Problem("voting.prize", MISSING)
    prizes = {prize.id: prize for prize in rules.prizes}
    if voting.prize is not None and voting.prize not in prizes:
        yield unknown_code("voting.prize", voting.prize, list(prizes))
    elif voting.prize is not None:
        prize = prizes[voting.prize]
        if prize.rung in {tier.rung for tier in rules.scoring.tiers}:
            yield Problem("voting.prize", VOTED_PRIZE_BESIDE_LADDER)
        if prize.to != "author":
            yield Problem("voting.prize", VOTED_PRIZE_FOR_AUTHORS)
        if prize.category is not None and prize.category not in voting.categories:
            yield Problem("voting.prize", VOTED_PRIZE_CATEGORY)
    for place, prize in enumerate(rules.prizes):
        if prize.rung == READERS_RUNG and not (voting.enabled and voting.prize == prize.id):
            yield Problem(join("prizes", place, "id"), NOBODY_DECIDES, {"id": quote(prize.id)})


def _money(amount: int) -> str:
    return f"{amount:,}".replace(",", ".")
