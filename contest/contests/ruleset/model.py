"""The rule set: one document that says all that a contest is."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from contest.contests.ruleset.kinds import Localized, Many, Money, Part, Prefix, Slug
from contest.contests.ruleset.parts import (
    Anniversary,
    Bodies,
    Category,
    Criterion,
    Eligibility,
    EntryRules,
    LadderRung,
    Prize,
    Quota,
    Round,
    Rubric,
    Scoring,
    Sees,
    Step,
    Verification,
)
from contest.contests.ruleset.parts_after import Announcement, Article, Complaints, Privacy, Rights
from contest.contests.ruleset.vote import Voting
from contest.core.errors import NotFound
from contest.core.windows import Window


class RuleSet(Part):
    """A contest as data. Made by `parse_rule_set`, which also checks what the fields mean together.

    `find`-like helpers return None; `category`, `round` and `criterion` raise NotFound.
    """

    id: Slug
    slug: Slug
    code_prefix: Prefix
    family: Literal["writing", "press", "mixed"]
    title: Localized
    theme: Localized
    tenant: Localized
    bodies: Bodies
    legal_basis: Many[Localized]
    anniversary: Anniversary | None = None
    timeline: Many[Step]
    eligibility: Eligibility
    categories: Many[Category]
    entry_rules: EntryRules
    verification: Verification
    rounds: Many[Round]
    rubric: Rubric
    scoring: Scoring
    voting: Voting
    prizes: Many[Prize]
    quotas: Many[Quota] = ()
    announcement: Announcement
    complaints: Complaints
    rights: Rights
    privacy: Privacy
    rules_articles: Many[Article]
    budget_prizes_vnd: Money

    def category(self, category_id: str) -> Category:
        """The category with this id. Raises NotFound."""
        try:
            return self._categories[category_id]
        except KeyError:
            raise NotFound(category_id) from None

    def find_category(self, category_id: str) -> Category | None:
        """The category with this id."""
        return self._categories.get(category_id)

    def round(self, round_id: str) -> Round:
        """The round with this id. Raises NotFound."""
        for each in self.rounds:
            if each.id == round_id:
                return each
        raise NotFound(round_id)

    def find_round(self, round_id: str) -> Round | None:
        """The round with this id."""
        return next((each for each in self.rounds if each.id == round_id), None)

    def round_after(self, round_id: str) -> Round | None:
        """The round that follows; None after the last."""
        ids = [each.id for each in self.rounds]
        place = ids.index(self.round(round_id).id) + 1
        return self.rounds[place] if place < len(ids) else None

    def sees(self, round_id: str, category_id: str) -> Sees:
        """What judges of a round may see beside the text: the round's own word, else the category's blind mode.

        The one definition: every rendering, query, export and printed rule asks here. Raises NotFound.
        """
        said = self.round(round_id).sees
        if said is not None:
            return said
        blind = self.category(category_id).blind
        shown = blind != "full"
        return Sees(author=blind == "open", exemplar=shown, place=shown)

    def author_is_hidden(self, category_id: str) -> bool:
        """Whether judges of some round must not learn who wrote an entry of this category."""
        return not all(self.sees(each.id, category_id).author for each in self.rounds)

    def author_is_seen(self, category_id: str) -> bool:
        """Whether judges of some round see who wrote an entry of this category."""
        return any(self.sees(each.id, category_id).author for each in self.rounds)

    @property
    def last_round(self) -> Round:
        """The round whose totals are ranked."""
        return self.rounds[-1]

    def criterion(self, criterion_id: str) -> Criterion:
        """The criterion with this id. Raises NotFound."""
        found = self.rubric.criterion(criterion_id)
        if found is None:
            raise NotFound(criterion_id)
        return found

    def step(self, key: str) -> Step | None:
        """The line of the timetable with this key."""
        return self._steps.get(key)

    def window(self, key: str) -> Window | None:
        """The window of a step; None when there is no such step or it is an instant."""
        step = self._steps.get(key)
        return step.window if step else None

    def instant(self, key: str) -> datetime | None:
        """When a step happens, or begins."""
        step = self._steps.get(key)
        return step.starts if step else None

    def has_begun(self, key: str, now: datetime) -> bool:
        """Whether a step has happened or begun; what it made public stays so after its end."""
        begins = self.instant(key)
        return begins is not None and begins <= now

    def is_open(self, key: str, now: datetime) -> bool:
        """Whether `now` lies in the window of a step."""
        window = self.window(key)
        return window is not None and window.contains(now)

    def public_steps(self) -> tuple[Step, ...]:
        """The timetable as visitors see it, in the order of the document."""
        return tuple(step for step in self.timeline if step.public)

    def prizes_for(self, category_id: str | None) -> tuple[Prize, ...]:
        """The prizes of a category (None: those of the whole contest), in the order of the document."""
        return tuple(prize for prize in self.prizes if prize.category == category_id)

    def find_prize(self, prize_id: str) -> Prize | None:
        """The prize with this id."""
        return next((prize for prize in self.prizes if prize.id == prize_id), None)

    def ladder(self, category_id: str) -> tuple[LadderRung, ...]:
        """The rungs of a category from the top: (tier with its least total, prize)."""
        by_rung = {prize.rung: prize for prize in self.prizes_for(category_id)}
        return tuple((tier, by_rung[tier.rung]) for tier in self.scoring.tiers if tier.rung in by_rung)

    def is_ladder_prize(self, prize: Prize) -> bool:
        """Whether the prize is a rung, won by rank (and not beside the ladder)."""
        return prize.category is not None and prize.rung in {tier.rung for tier in self.scoring.tiers}

    @property
    def readers_prize(self) -> Prize | None:
        """The prize that the readers' vote decides; None when there is no vote or no prize for it."""
        if not self.voting.enabled or self.voting.prize is None:
            return None
        return self.find_prize(self.voting.prize)

    def voting_categories(self) -> tuple[Category, ...]:
        """The categories put to the readers' vote."""
        return tuple(category for category in self.categories if category.id in self.voting.categories)

    @property
    def results_at(self) -> datetime:
        """When the first results, provisional or official, become public."""
        return self.announcement.embargo_until

    @property
    def official_at(self) -> datetime:
        """When the official results become public."""
        return self.announcement.official_at or self.announcement.embargo_until

    def as_json(self) -> dict[str, Any]:
        """The rule set as JSON values: instants in UTC, marks as Decimals.

        Fields that the document left out stay out, so that a field which the system learns later
        does not give rules that nobody touched a new hash.
        """
        return self.model_dump(mode="python", by_alias=True, exclude_unset=True)

    @cached_property
    def _categories(self) -> dict[str, Category]:
        return {category.id: category for category in self.categories}

    @cached_property
    def _steps(self) -> dict[str, Step]:
        return {step.key: step for step in self.timeline}
