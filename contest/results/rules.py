"""Pure rules of results: which prizes are worked out here, what a quotation may show."""

from __future__ import annotations

import re
from datetime import date, datetime

from contest.contests.ruleset import Localized, Prize, RuleSet
from contest.core.errors import N_
from contest.core.formats import local

PROVISIONAL_FIRST = "provisional_posted_then_official"
LONGEST_CITATION = 600

_SENTENCE = re.compile(r"[^.!?…]+[.!?…]+[”\"']?", re.DOTALL)
_SHORTEST_QUOTE, _LONGEST_QUOTE = 30, 170

# Said where results are prepared, of awarded entries whose exemplars may not be presented now.
NOT_CLEARED = N_(
    "These entries cannot be awarded now: %(entries)s. Each exemplar must be verified, must agree,"
    " and must not be on hold."
)


def ladder_prizes(rules: RuleSet) -> tuple[Prize, ...]:
    """The prizes won by rank in a category, in the order of the rules."""
    return tuple(prize for prize in rules.prizes if rules.is_ladder_prize(prize))


def computed_prizes(rules: RuleSet) -> tuple[Prize, ...]:
    """The prizes that this system works out: those of the ladders, and the readers' prize."""
    readers = rules.readers_prize
    return (*ladder_prizes(rules), *((readers,) if readers else ()))


def prizes_outside(rules: RuleSet) -> tuple[Prize, ...]:
    """The prizes that the organising committee decides outside the system for now."""
    computed = computed_prizes(rules)
    return tuple(prize for prize in rules.prizes if prize not in computed)


def names_outside(rules: RuleSet) -> tuple[Localized, ...]:
    """The names of what is decided outside."""
    return tuple(prize.name for prize in prizes_outside(rules))


def posts_first(rules: RuleSet) -> bool:
    """Whether provisional results are posted for remarks before the official ones."""
    return rules.announcement.mode == PROVISIONAL_FIRST


def remarks_until(rules: RuleSet) -> datetime | None:
    """Until when remarks on posted results are taken; None where nothing is posted first."""
    window = rules.window("provisional")
    return window.closes if posts_first(rules) and window else None


def council_day(rules: RuleSet) -> date | None:
    """The day on which the council meets."""
    meets = rules.instant("council")
    return local(meets).date() if meets else None


def _whole(sentence: str) -> str:
    """A sentence without the quotation marks whose other half stands in another sentence."""
    if sentence.count("“") != sentence.count("”") or sentence.count('"') % 2:
        sentence = sentence.strip('“”"')
    return sentence if sentence.count("“") == sentence.count("”") else ""


def quotation(story: str) -> str:
    """A sentence of a story to quote under its prize when no citation was written; "" when none fits.

    The last one of a fitting length: stories say at their end what they were told for.
    """
    sentences = [_whole(" ".join(found.split())) for found in _SENTENCE.findall(story)]
    fitting = [
        each for each in sentences if _SHORTEST_QUOTE <= len(each) <= _LONGEST_QUOTE and each.lstrip("“")[0].isupper()
    ]
    return fitting[-1] if fitting else ""
