"""Pure rules of results: which prizes are worked out here, what a quotation may show."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from contest.contests.ruleset import Localized, Prize, RuleSet
from contest.core.errors import N_
from contest.core.formats import local

OLDEST, YOUNGEST = "cao_tuoi", "tre_tuoi"  # rungs of the prizes by age
PROVISIONAL_FIRST = "provisional_posted_then_official"
LONGEST_CITATION = 600

# When it is looked up whether an entry was published before: as it comes in, before the final, before the decision.
RECEIPT, FINAL, DECISION = "receipt", "final", "decision"
POINTS = {
    RECEIPT: N_("On receipt"),
    FINAL: N_("Before the final"),
    DECISION: N_("Before the decision"),
}
LONGEST_CHECK_NOTE = 2000

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


def beside_prizes(rules: RuleSet) -> tuple[Prize, ...]:
    """The prizes beside the ladder and the vote: by age, or chosen by the organising committee."""
    computed = computed_prizes(rules)
    return tuple(prize for prize in rules.prizes if prize not in computed)


def is_by_age(prize: Prize) -> bool:
    """Whether dates of birth decide a prize beside the ladder."""
    return prize.rung in (OLDEST, YOUNGEST) and prize.to == "author"


def names_outside(rules: RuleSet, report: Mapping[str, Any] | None = None) -> tuple[Localized, ...]:
    """The names of prizes for which nothing was chosen here; as a result set's report has them."""
    if report is None:
        return tuple(prize.name for prize in beside_prizes(rules) if not is_by_age(prize))
    outside = report.get("outside", ())
    return tuple(prize.name for prize in rules.prizes if prize.id in outside)


def asks_for_checks(rules: RuleSet, category_id: str) -> bool:
    """Whether entries of a category must not have been published, which is then looked up three times.

    Works that had to be published have shown where and when; where either will do, there is nothing to find.
    """
    category = rules.find_category(category_id)
    return category is not None and category.publication == "must_be_unpublished"


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


def on_the_minute(at: datetime) -> datetime:
    """The beginning of its minute: what is timed by hand shows on the minute (see queries.next_public_change)."""
    return at.replace(second=0, microsecond=0)
