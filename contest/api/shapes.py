"""What the API answers with: every answer is checked against these, and openapi.json is made from them.

A field is never taken away and never changes its meaning within /api/v1; new ones may be added.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
CURSOR = r"^[A-Za-z0-9_-]{1,200}$"

Uri = Annotated[str, Field(json_schema_extra={"format": "uri"})]
Item = TypeVar("Item", bound="Shape")


class Shape(BaseModel):
    """Base of all answers: nothing unknown, nothing changed after it was checked."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Both(Shape):
    """A text in Vietnamese and English. English repeats Vietnamese where nobody translated."""

    vi: str
    en: str


class Pages(Shape):
    """The address of a page for people in each language."""

    vi: Uri
    en: Uri


class Ref(Shape):
    """A unit by its stable code, with the name it bears now."""

    code: str
    name: Both


# Contests


class Phase(Shape):
    """Where a contest stands."""

    key: str
    """soon, submission, screening, prelim, final, voting, vote_audit, council, provisional, between, announced."""
    label: Both
    until: AwareDatetime | None
    """When it ends, or what comes next begins; null where no end is set."""
    running: bool


class Occasion(Shape):
    """The anniversary that the announcement is tied to."""

    on: date | None
    """Null where the day is not known."""
    founding_date: date | None
    """Null where it is known to the month or the year alone, or told by the lunar calendar."""
    ordinal: int | None
    """Null for what has no founding year, such as Tết."""
    kind: Literal["tron", "le5", "khac"] | None
    """Round year, year ending in 5, other (Decree 145/2013/ND-CP, article 3)."""
    wording: Both


class ContestShape(Shape):
    """One season of a contest whose rules have been issued."""

    id: str
    slug: Annotated[str, Field(pattern=SLUG)]
    title: Both
    theme: Both
    organiser: Both
    governing_body: Both
    anniversary: Occasion | None
    issued_at: AwareDatetime
    phase: Phase
    results: Literal["none", "provisional", "official"]
    results_expected_at: AwareDatetime
    """When the first results are due by the rules; they show once two people have approved them too."""
    updated_at: AwareDatetime
    page: Pages


class Step(Shape):
    """A line of the timetable: an instant (`at`), or a window that holds `opens` and not `closes`."""

    key: str
    label: Both
    at: AwareDatetime | None
    opens: AwareDatetime | None
    closes: AwareDatetime | None


class Timetable(Shape):
    """The public timetable of a contest."""

    contest: str
    steps: tuple[Step, ...]


class Article(Shape):
    """An article of the printed rules."""

    number: int
    title: Both
    text: Both


class CategoryShape(Shape):
    """A class of entries."""

    id: str
    name: Both
    words_min: int | None
    words_max: int | None
    put_to_vote: bool


class CriterionShape(Shape):
    """What judges mark, and with how many points at most (a decimal)."""

    id: str
    name: Both
    most: Annotated[str, Field(pattern=r"^\d+(\.\d+)?$")]


class PrizeShape(Shape):
    """A prize of the rules: at most `count` of `amount_vnd` đồng each."""

    id: str
    category: str | None
    name: Both
    count: int
    amount_vnd: int


class RulesShape(Shape):
    """The rules in force, as they are printed."""

    contest: str
    version: int
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    in_force_since: AwareDatetime
    legal_basis: tuple[Both, ...]
    articles: tuple[Article, ...]
    categories: tuple[CategoryShape, ...]
    criteria: tuple[CriterionShape, ...]
    prizes: tuple[PrizeShape, ...]
    page: Pages
    paper: Pages
    """The same as PDF."""


class Finalist(Shape):
    """A finalist as the public list shows it: what the contest still hides is null."""

    code: str
    category: str
    story: str | None
    """Id of the story, once everyone may read it."""
    title: str | None
    author: str | None
    place: Ref | None


# Results


class Decision(Shape):
    """The decision that the official results rest on."""

    number: str
    signed_on: date
    signer: str
    title: str | None


class AwardShape(Shape):
    """One prize to one entry, as it stands now."""

    id: str
    """Stays the same for as long as the prize stands."""
    prize: str
    name: Both
    category: str | None
    code: str
    rank: int | None
    score: str | None
    """Decimal, rounded as on the page; null where the prize is not won by score."""
    votes: int | None
    amount_vnd: int
    story: str | None
    """Id of the story, while everyone may read it."""
    title: str | None
    author: str | None
    author_unit: Ref | None
    about: str | None
    about_unit: Ref | None
    citation: str | None
    """What the council wrote; null where it wrote nothing."""
    promoted: bool
    """Whether an amendment brought it after the announcement."""


class UnitAwardShape(Shape):
    """A prize to a unit."""

    id: str
    prize: str
    name: Both
    unit: Ref
    amount_vnd: int
    citation: str | None


class Moved(Shape):
    """Who moved up to a prize."""

    prize: str
    code: str


class CorrectionShape(Shape):
    """A change of announced results, by a decision of its own."""

    id: str
    kind: Literal["revoke", "correct"]
    at: AwareDatetime
    decision_number: str
    decision_date: date
    decision_signer: str
    reason: str
    prize: str
    code: str | None
    """Of the entry; null for a prize to a unit."""
    unit: Ref | None
    moved: tuple[Moved, ...]
    """Who moved up when a prize was taken back; empty where it stays empty."""
    before: str | None
    after: str | None
    """The words before and after, where words were corrected."""


class VoteShape(Shape):
    """The readers' vote, counted."""

    cast: int
    valid: int


class ResultsShape(Shape):
    """Results of a contest that everyone may see now.

    What was revoked is gone from `awards` and told in `corrections`.
    """

    contest: str
    standing: Literal["provisional", "official"]
    announced_at: AwareDatetime
    updated_at: AwareDatetime
    decision: Decision | None
    awards: tuple[AwardShape, ...]
    unit_awards: tuple[UnitAwardShape, ...]
    corrections: tuple[CorrectionShape, ...]
    vote: VoteShape | None
    page: Pages


# Stories


class PhotoShape(Shape):
    """A photo of a story. `credit` is empty while authors are not named."""

    id: str
    caption: str
    alt: str
    credit: str
    width: int
    height: int
    small: Uri
    medium: Uri
    large: Uri


class StoryShape(Shape):
    """A published story, as its approved edition tells it; always in Vietnamese."""

    id: str
    code: str
    contest: str
    category: str
    title: str
    author: str | None
    """Null until the rules of the contest let authors be named, and where the edition names none."""
    about: str
    unit: Ref | None
    opening: str
    words: int
    abridged: bool
    photos: tuple[PhotoShape, ...]
    published_at: AwareDatetime
    updated_at: AwareDatetime
    page: Pages


class BlockShape(Shape):
    """A piece of the text. `photo`: the id of the photo that stands here, for that kind alone."""

    kind: Literal["paragraph", "heading", "quote", "bullet", "number", "photo"]
    text: str
    photo: str | None


class WholeStory(StoryShape):
    """A published story with its text."""

    blocks: tuple[BlockShape, ...]


# News, calendar, units


class NewsShape(Shape):
    """News of a contest by its organisers."""

    id: str
    contest: str
    title: Both
    text: Both
    published_at: AwareDatetime
    updated_at: AwareDatetime
    page: Pages


class Kept(Shape):
    """A commemoration as it falls in the year that was asked for."""

    code: str
    name: Both
    on: date | None
    """Null where the day is not known."""
    calendar: Literal["solar", "lunar"]
    lunar: Annotated[str, Field(pattern=r"^\d{1,2}/\d{1,2}$")] | None
    """Day and month of the lunar calendar, for a lunar commemoration."""
    number: int | None
    """Which anniversary it is."""
    kind: Literal["tron", "le5", "khac"] | None
    national: bool


class YearShape(Shape):
    """What is commemorated in a year."""

    year: int
    items: tuple[Kept, ...]
    page: Pages
    calendar: Pages
    """The same as iCalendar, for some years around this one."""


class UnitShape(Shape):
    """A unit: where it stands in the territory, and what it belongs to since it ended."""

    code: str
    name: Both
    kind: str
    level: str
    parent: str | None
    successor: str | None
    valid_from: date
    valid_to: date | None


class FormerName(Shape):
    """A name that a unit bore until a day."""

    name: Both
    valid_from: date
    valid_to: date


class WholeUnit(UnitShape):
    """A unit with the names it bore."""

    former_names: tuple[FormerName, ...]


# Pages of lists


class PageOf(Shape, Generic[Item]):
    """A page of a list. `next` is null on the last one."""

    items: tuple[Item, ...]
    next: Uri | None
    next_cursor: Annotated[str, Field(pattern=CURSOR)] | None


class ContestPage(PageOf[ContestShape]):
    """Contests, the latest first."""


class FinalistPage(PageOf[Finalist]):
    """Finalists of a contest by category and code, which say nothing of merit."""


class StoryPage(PageOf[StoryShape]):
    """Published stories in the order of their ids, which says nothing of merit."""


class NewsPage(PageOf[NewsShape]):
    """News, the latest first."""


class UnitPage(PageOf[UnitShape]):
    """Units of today by code."""
