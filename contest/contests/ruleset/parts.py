"""The parts of a rule set, one class for each object of the document.

What the fields mean to an organiser is written in docs/ruleset.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PlainSerializer, StrictInt

from contest.contests.ruleset.codes import (
    Aggregate,
    AnniversaryClass,
    BarredRole,
    Blind,
    EntryField,
    Format,
    GapAction,
    GapType,
    GapUnit,
    Genre,
    HoldReason,
    Medium,
    NotCollected,
    Outcome,
    Paper,
    PhotoFormat,
    Publication,
    Recipient,
    RoundId,
    RoundMode,
    StepKey,
    UnitLevel,
)
from contest.contests.ruleset.kinds import (
    Code,
    Count,
    Day,
    Flag,
    Ident,
    Instant,
    Localized,
    Many,
    Mark,
    Money,
    Number,
    Part,
    Slug,
    Text,
    Whole,
    freeze_counts,
    plain,
)
from contest.core.windows import Window

AnniversaryYear = Annotated[StrictInt, Field(ge=1, le=2200)]


class Bodies(Part):
    """Who directs, who leads, who takes part, who watches."""

    governing: Localized
    lead: Localized
    partners: Many[Localized] = ()
    programme: Localized | None = None
    observer: Localized | None = None


class Anniversary(Part):
    """The day that the announcement is tied to, and the words for it.

    A day of the lunar calendar is counted by lunar years (`year`, `founding_year`); of one that is known
    to the month or the year alone, `year` says which one is kept. What has no founding year is not counted.
    """

    id: Slug
    calendar: Literal["solar", "lunar"] = "solar"
    date: Day | None = None
    """The day in the year of the announcement; null where sources do not name it."""
    year: AnniversaryYear | None = None
    """The year that is counted, where it is not the one of `date`."""
    founding_date: Day | None = None
    founding_year: AnniversaryYear | None = None
    """Where the founding day is not known, is told by the lunar calendar, or is kept on another day."""
    ordinal: Count | None = None
    class_: AnniversaryClass | None = Field(alias="class", default=None)
    """tron: the ordinal ends in 0; le5: in 5; khac: any other (Nghị định 145/2013/NĐ-CP, điều 3)."""
    wording: Localized
    ceremony_title_ok: Localized
    ceremony_title_avoid: Localized | None = None

    @property
    def years(self) -> int | None:
        """How many years lie between the founding and the year that is kept; None for what is not counted."""
        kept = self.year or (self.date.year if self.date else None)
        founded = self.founding_year or (self.founding_date.year if self.founding_date else None)
        return None if kept is None or founded is None else kept - founded


class Step(Part):
    """One line of the timetable: an instant (`at`) or a half-open window (`opens <= t < closes`)."""

    key: StepKey
    label: Localized
    at: Instant | None = None
    opens: Instant | None = None
    closes: Instant | None = None
    public: Flag
    """Whether visitors see the step in the timetable."""

    @property
    def starts(self) -> datetime:
        """The instant itself, or the opening of the window."""
        start = self.at or self.opens
        if start is None:
            raise ValueError(f"step {self.key} has no time")
        return start

    @property
    def ends(self) -> datetime:
        """The instant itself, or the close of the window (no longer part of it)."""
        end = self.at or self.closes
        if end is None:
            raise ValueError(f"step {self.key} has no time")
        return end

    @cached_property
    def window(self) -> Window | None:
        """The window; None for a step that is an instant."""
        if self.opens is None or self.closes is None:
            return None
        return Window(self.opens, self.closes)


class Eligibility(Part):
    """Who may enter."""

    open_to: Localized
    min_age: Annotated[StrictInt, Field(ge=0, le=100)]
    """In completed years on the day of submission."""
    barred: Many[BarredRole]
    barred_text: Localized
    fee: Annotated[StrictInt, Field(ge=0, le=0)]
    """Always 0: taking part costs nothing."""
    group_max: Annotated[StrictInt, Field(ge=1, le=20)] = 5
    """How many authors an entry may have, its leader included; 1 is no groups."""


class Words(Part):
    """The length of the body, in syllables separated by white space; null is no limit."""

    min: Count | None = None
    max: Count | None = None
    tolerance_over_pct: Annotated[StrictInt, Field(ge=0, le=100)] = 0
    """The share of the maximum by which it may be passed; never below the minimum."""
    series_max_parts: Count | None = None

    @property
    def max_with_tolerance(self) -> int | None:
        """The most that is taken: 2000 with 5 % is 2100; a broken syllable does not count."""
        if self.max is None:
            return None
        return self.max + self.max * self.tolerance_over_pct // 100

    def allows(self, count: int) -> bool:
        """Whether a body of `count` syllables is within the limits."""
        if self.min is not None and count < self.min:
            return False
        most = self.max_with_tolerance
        return most is None or count <= most


class Photos(Part):
    """How many photos go with an entry."""

    min: Whole
    max: Whole

    def allows(self, count: int) -> bool:
        """Whether `count` photos are within the limits."""
        return self.min <= count <= self.max


class PublishedWindow(Part):
    """The days within which a work must have come out: `from <= date < before`."""

    from_: Day = Field(alias="from")
    before: Day

    def contains(self, day: date) -> bool:
        """Whether `day` is within the window."""
        return self.from_ <= day < self.before


class Category(Part):
    """One class of entries, with its own limits, prizes and places."""

    id: Ident
    name: Localized
    publication: Publication
    published_window: PublishedWindow | None = None
    genres: Many[Genre]
    """Empty: the genre is not asked."""
    media: Many[Medium] = ()
    words: Words
    photos: Photos | None = None
    duration_minutes_max: Count | None = None
    max_entries_per_author: Count
    blind: Blind
    guardian_consent: Flag = False
    note: Localized | None = None

    @property
    def series_max(self) -> int:
        """How many parts a published work may have: 1 where the rules speak of no series."""
        return self.words.series_max_parts or 1


class EntryRules(Part):
    """What an entry must look like, whatever its category."""

    language: Literal["vi"]
    formats: Many[Format]
    max_file_mb: Annotated[StrictInt, Field(ge=1, le=200)]
    photo_formats: Many[PhotoFormat]
    photo_max_mb: Annotated[StrictInt, Field(ge=1, le=100)]
    strip_metadata: Flag
    word_counting: Localized
    exemplar_rule: Localized
    required_fields: Many[EntryField]
    not_collected: Many[NotCollected]


class Verification(Part):
    """Checking that the person and the deed are real."""

    by: Localized
    outcomes: Many[Outcome]
    required_before: Many[StepKey]
    hold_reasons: Many[HoldReason]
    deadline_working_days: Annotated[StrictInt, Field(ge=1, le=100)]


class Gap(Part):
    """When judges differ too much: strictly more than `threshold`, in points or as a share of the scale."""

    type: GapType
    threshold: Mark
    """In points of the scale; with `unit` share_of_scale from 0 to 1 (0.2 of a scale of 100 is 20 points)."""
    unit: GapUnit = "points"
    action: GapAction
    then: Literal["mean_of_two_closest_else_mean_of_three"] | None = None


class Advance(Part):
    """Who goes on to the next round."""

    counts: Annotated[
        Mapping[Ident, Count],
        AfterValidator(freeze_counts),
        PlainSerializer(plain, return_type=dict[str, int]),
    ]
    """How many by category."""
    min_score: Mark | None = None
    ties_at_line: Literal["all_advance"]


class Sees(Part):
    """What judges of a round may see beside the text: one definition for every query, page and export."""

    author: Flag = False
    exemplar: Flag = False
    """The exemplar's record; the story itself is what it is."""
    place: Flag = False
    """The unit and place of the exemplar."""
    other_rounds: Flag = False
    """What earlier, closed rounds gave the entry."""


class Round(Part):
    """One round of marking; its times are the step of the timetable with the same key."""

    id: RoundId
    name: Localized
    judges_per_entry: Annotated[StrictInt, Field(ge=1, le=25)]
    min_sheets: Annotated[StrictInt, Field(ge=1, le=25)] | None = None
    """The fewest final sheets with which an entry may be closed when a missing one is let pass by name and
    reason; null: all of them."""
    undo_minutes: Annotated[StrictInt, Field(ge=0, le=1440)] = 15
    """How long a judge may take back the finishing of a sheet."""
    sees: Sees | None = None
    """null: what the category's blind mode says."""
    mode: RoundMode
    aggregate: Aggregate
    gap: Gap | None = None
    advance: Advance | None = None
    """null in the last round."""


class Band(Part):
    """What a mark of at least `from_` means; the band goes up to the next one."""

    from_: Mark = Field(alias="from")
    text: Localized


class CommentRule(Part):
    """When a mark needs a comment of its own: always, or strictly below or above a mark."""

    always: Flag = False
    below: Mark | None = None
    above: Mark | None = None


class Criterion(Part):
    """One thing that is marked, from 0 to `max`."""

    id: Ident
    max: Mark
    name: Localized
    guide: Localized | None = None
    bands: Many[Band] = ()
    """Guide texts of the bands, from the lowest."""
    comment: CommentRule | None = None


class Rubric(Part):
    """The scale and how it is divided; every mark is a multiple of `step`."""

    scale: Mark
    step: Number
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1, max_length=50)]

    def criterion(self, criterion_id: str) -> Criterion | None:
        """The criterion with this id."""
        return next((each for each in self.criteria if each.id == criterion_id), None)


class Tier(Part):
    """A rung of the prize ladder and the least total that reaches it (exact, unrounded)."""

    rung: Code
    min: Mark


class TieBreak(Part):
    """One way to part equal totals, e.g. `higher_mean_on:C2`."""

    rule: Annotated[Text, Field(max_length=100)]

    @property
    def name(self) -> str:
        """The rule without its criterion: `higher_mean_on`."""
        return self.rule.partition(":")[0]

    @property
    def criterion(self) -> str | None:
        """The criterion that the rule compares, for `higher_mean_on` alone."""
        return self.rule.partition(":")[2] or None


class Scoring(Part):
    """How totals are kept, shown, ranked and turned into prizes.

    `prize_taken_back`: what follows when a prize is taken back after the announcement.
    """

    internal: Literal["exact_rational"]
    display_decimals: Annotated[StrictInt, Field(ge=0, le=6)]
    decimal_separator: Literal[",", "."]
    rounding: Literal["half_up_display_only"]
    rank_on: Literal["unrounded"]
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1, max_length=20)]
    tier_rule: Literal["rank_within_count_and_min_score"]
    withhold_allowed: Flag
    tie_break: Many[TieBreak]
    one_prize_per_author_per_category: Flag
    prize_taken_back: Literal["next_moves_up", "stays_empty", "organiser_decides"] = "organiser_decides"
    vote_weight_in_rank: Number


class Prize(Part):
    """A prize: at most `count` of `amount_vnd` each."""

    id: Ident
    category: Ident | None
    count: Count
    amount_vnd: Money
    name: Localized
    paper: Paper
    to: Recipient
    rung: Code
    rule: Localized | None = None

    @property
    def total_vnd(self) -> int:
        """What it costs when all of it is given."""
        return self.count * self.amount_vnd


class Quota(Part):
    """A floor for units of a level; nobody is obliged, nothing caps."""

    id: Ident
    counts: Literal["entries", "exemplars"]
    scope_level: UnitLevel
    min: Count
    per: Literal["contest", "year"]
    year: Annotated[StrictInt, Field(ge=2000, le=2200)] | None = None
    state_required: Literal["accepted", "publicised"] | None = None
    valid_to: Day | None = None
    """The last day on which it is in force."""
    status: Code | None = None
    note: Localized | None = None

    def in_force(self, day: date) -> bool:
        """Whether the floor still holds on `day`."""
        return self.valid_to is None or day <= self.valid_to


LadderRung = tuple[Tier, Prize]


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """Whether `value` is a whole number of `step`s; a step of nothing has no multiples."""
    return step > 0 and value % step == 0
