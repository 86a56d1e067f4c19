"""The pages of the wizard: which questions each asks, in which words. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from contest.contests import labels
from contest.core.errors import N_
from contest.setup.fields import Choices, Field, Section
from contest.setup.rules import INSTANTS, STEP_NAMES, new_round


@dataclass(frozen=True, slots=True)
class Page:
    """One step of the wizard. `parts`: the top-level fields of the rules that it is about."""

    key: str
    title: str
    about: str
    sections: Sequence[Section]
    parts: Sequence[str]


def _pair() -> dict[str, str]:
    return {"vi": "", "en": ""}


def _categories(document: Mapping[str, Any]) -> Choices:
    found = document.get("categories")
    ids = [each.get("id") for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []
    return {str(each): str(each) for each in ids if each}


def _categories_or_all(document: Mapping[str, Any]) -> Choices:
    return {"": N_("The whole contest"), **_categories(document)}


def _prizes(document: Mapping[str, Any]) -> Choices:
    found = document.get("prizes")
    ids = [each.get("id") for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []
    return {"": N_("– none –"), **{str(each): str(each) for each in ids if each}}


def _step_keys(document: Mapping[str, Any]) -> Choices:
    found = document.get("timeline")
    keys = [each.get("key") for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []
    return {key: STEP_NAMES[key][0] for key in keys if key in STEP_NAMES}


def _tie_breaks(document: Mapping[str, Any]) -> Choices:
    rubric = document.get("rubric")
    criteria = rubric.get("criteria") if isinstance(rubric, Mapping) else None
    ids = [each.get("id") for each in criteria if isinstance(each, Mapping)] if isinstance(criteria, list) else []
    words = labels.TIE_BREAKS["higher_mean_on"]
    higher = {f"higher_mean_on:{each}": (words, {"criterion": str(each)}) for each in ids if each}
    return {**higher, **{key: words for key, words in labels.TIE_BREAKS.items() if key != "higher_mean_on"}}


NAMES: Final = Page(
    "ten-goi",
    N_("Names and bodies"),
    N_("What the contest is called, where it is found, who leads it and on what ground."),
    (
        Section(
            N_("The contest"),
            (
                Field("title", "pair", N_("Name of the contest")),
                Field("theme", "pair", N_("Theme")),
                Field("tenant", "pair", N_("Place or organisation")),
                Field("family", "one", N_("Kind of contest"), choices=labels.FAMILIES),
                Field(
                    "slug", "line", N_("Address"), N_("Small letters, digits and hyphens, with the year at the end.")
                ),
                Field("id", "line", N_("Short name"), N_("For files and lists; small letters, digits and hyphens.")),
                Field("code_prefix", "line", N_("Letters of the codes"), N_("Two to six capital letters.")),
            ),
        ),
        Section(
            N_("Bodies"),
            (
                Field("governing", "pair", N_("Directed by")),
                Field("lead", "pair", N_("Led by")),
                Field("programme", "pair", N_("Programme"), optional=True),
                Field("observer", "pair", N_("Supervised by"), optional=True),
            ),
            path="bodies",
        ),
        Section(
            N_("Partners"),
            (Field("", "pair", N_("Partner")),),
            path="bodies.partners",
            many=True,
            item=N_("Partner"),
            new=lambda document: _pair(),
        ),
        Section(
            N_("Legal basis"),
            (Field("", "pair", N_("Document, number and date")),),
            path="legal_basis",
            many=True,
            item=N_("Document"),
            new=lambda document: _pair(),
        ),
    ),
    ("id", "slug", "code_prefix", "family", "title", "theme", "tenant", "bodies", "legal_basis"),
)


def _step_fields(document: Mapping[str, Any], item: Any, place: int) -> Sequence[Field]:
    key = item.get("key") if isinstance(item, Mapping) else ""
    times: tuple[Field, ...] = (
        Field("opens", "instant", N_("Opens")),
        Field("closes", "instant", N_("Closes")),
    )
    if key in INSTANTS or (isinstance(item, Mapping) and item.get("at")):
        times = (Field("at", "instant", N_("At")),)
    return (
        *times,
        Field("label", "pair", N_("As the timetable says it"), folded=True),
        Field("public", "flag", N_("Visitors see this step"), folded=True),
    )


TIMES: Final = Page(
    "thoi-gian",
    N_("Anniversary and timetable"),
    N_("Choose the day that the results are tied to, plan backwards from it, then adjust what you must."),
    (Section(N_("Timetable"), _step_fields, path="timeline", many=True, item=N_("Step")),),
    ("anniversary", "timeline"),
)

ENTRIES: Final = Page(
    "bai-du-thi",
    N_("Who enters what"),
    N_("Who may take part, the categories, and what an entry must look like."),
    (
        Section(
            N_("Who may enter"),
            (
                Field("open_to", "pair_text", N_("Open to")),
                Field("min_age", "whole", N_("Least age")),
                Field("group_max", "whole", N_("Authors of one entry at most"), N_("1: no groups."), optional=True),
                Field("barred", "many", N_("Who may not enter"), choices=labels.BARRED_ROLES),
                Field("barred_text", "pair_text", N_("The same in words")),
            ),
            path="eligibility",
        ),
        Section(
            N_("Categories"),
            (
                Field("id", "line", N_("Letter"), N_("A, B, C …: stands in codes and lists.")),
                Field("name", "pair", N_("Called")),
                Field("publication", "one", N_("Published before?"), choices=labels.PUBLICATIONS),
                Field("published_window.from", "day", N_("Published from"), optional=True),
                Field("published_window.before", "day", N_("Published before (this day left out)"), optional=True),
                Field("genres", "many", N_("Genres"), choices=labels.GENRES),
                Field("media", "many", N_("Media"), choices=labels.MEDIA, optional=True),
                Field("words.min", "whole", N_("Words at least"), optional=True),
                Field("words.max", "whole", N_("Words at most"), optional=True),
                Field("words.tolerance_over_pct", "whole", N_("May be passed by (%)"), optional=True),
                Field("photos.min", "whole", N_("Photos at least"), optional=True),
                Field("photos.max", "whole", N_("Photos at most"), optional=True),
                Field("max_entries_per_author", "whole", N_("Entries of one author at most")),
                Field("blind", "one", N_("What is hidden from judges"), choices=labels.BLIND_MODES),
                Field("guardian_consent", "flag", N_("For minors: a guardian must agree"), optional=True),
            ),
            path="categories",
            many=True,
            item=N_("Category"),
            new=lambda document: {
                "id": "ABCDEFGHIJ"[len(document["categories"])] if len(document["categories"]) < 10 else "",
                "name": _pair(),
                "publication": "must_be_unpublished",
                "genres": [],
                "words": {},
                "max_entries_per_author": 1,
                "blind": "author_hidden",
            },
            drops=("published_window", "photos"),
        ),
        Section(
            N_("What an entry must look like"),
            (
                Field("formats", "many", N_("Formats"), choices=labels.FORMATS),
                Field("max_file_mb", "whole", N_("A file at most (MB)")),
                Field("photo_max_mb", "whole", N_("A photo at most (MB)")),
                Field("required_fields", "many", N_("What must be filled in"), choices=labels.ENTRY_FIELDS),
                Field("word_counting", "pair_text", N_("How words are counted")),
                Field("exemplar_rule", "pair_text", N_("Who may be written about")),
            ),
            path="entry_rules",
        ),
        Section(
            N_("Verification"),
            (
                Field("by", "pair", N_("Verified by")),
                Field("deadline_working_days", "whole", N_("Working days for an answer")),
                Field("required_before", "many", N_("Must be done before"), choices=_step_keys),
            ),
            path="verification",
        ),
    ),
    ("eligibility", "categories", "entry_rules", "verification"),
)


def _round_fields(document: Mapping[str, Any], item: Any, place: int) -> Sequence[Field]:
    rounds = document.get("rounds")
    last = not isinstance(rounds, list) or place == len(rounds) - 1
    fields = [
        Field("name", "pair", N_("Called")),
        Field("judges_per_entry", "whole", N_("Judges for each entry")),
        Field("mode", "one", N_("How they mark"), choices=labels.ROUND_MODES),
        Field("aggregate", "one", N_("How the total is formed"), choices=labels.AGGREGATES),
        Field(
            "gap.type",
            "one",
            N_("Gap between judges"),
            choices={"": N_("– not looked at –"), **labels.GAP_TYPES},
            optional=True,
        ),
        Field("gap.threshold", "number", N_("More than (points)"), optional=True),
        Field("gap.action", "one", N_("Then"), choices={"": N_("– none –"), **labels.GAP_ACTIONS}, optional=True),
        Field(
            "gap.then",
            "one",
            N_("The total with a third judge"),
            choices={
                "": N_("– none –"),
                "mean_of_two_closest_else_mean_of_three": N_("Mean of the two closest, else of all three"),
            },
            optional=True,
        ),
    ]
    if not last:
        fields += [
            Field(f"advance.counts.{each}", "whole", (N_("Go on: category %(category)s"), {"category": each}))
            for each in _categories(document)
        ]
        fields.append(Field("advance.min_score", "number", N_("With a total of at least"), optional=True))
    return fields


JUDGING: Final = Page(
    "cham-diem",
    N_("Judging"),
    N_("Rounds, the scale and its criteria, and what parts equal totals."),
    (
        Section(
            N_("Rounds"),
            _round_fields,
            path="rounds",
            many=True,
            item=N_("Round"),
            drops=("gap",),
            new=new_round,
            most=2,
        ),
        Section(
            N_("Scale"),
            (
                Field("scale", "number", N_("Full marks"), N_("The maxima of the criteria add up to it.")),
                Field("step", "number", N_("Smallest step")),
            ),
            path="rubric",
        ),
        Section(
            N_("Criteria"),
            (
                Field("id", "line", N_("Code")),
                Field("name", "pair", N_("Called")),
                Field("max", "number", N_("At most")),
                Field("guide", "pair_text", N_("Guide for judges"), optional=True),
            ),
            path="rubric.criteria",
            many=True,
            item=N_("Criterion"),
            new=lambda document: {"id": f"C{len(document['rubric']['criteria']) + 1}", "name": _pair(), "max": ""},
        ),
        Section(
            N_("Equal totals are parted by"),
            (Field("rule", "one", N_("Rule"), choices=_tie_breaks),),
            path="scoring.tie_break",
            many=True,
            item=N_("Rule"),
            new=lambda document: {"rule": "joint_award_if_budget_allows"},
        ),
    ),
    ("rounds", "rubric"),
)

PRIZES: Final = Page(
    "giai-thuong",
    N_("Prizes"),
    N_("The ladder, how many of each prize, what they are worth, and the budget."),
    (
        Section(
            N_("Ladder"),
            (
                Field("rung", "line", N_("Rung"), N_("From the top; small letters and underscores.")),
                Field("min", "number", N_("Total of at least")),
            ),
            path="scoring.tiers",
            many=True,
            item=N_("Rung"),
            new=lambda document: {"rung": "", "min": ""},
        ),
        Section(
            N_("How prizes are given"),
            (
                Field("withhold_allowed", "flag", N_("Prizes may be withheld")),
                Field("one_prize_per_author_per_category", "flag", N_("One prize for an author in a category")),
                Field(
                    "prize_taken_back",
                    "one",
                    N_("When a prize is taken back later"),
                    choices=labels.PRIZE_TAKEN_BACK,
                    optional=True,
                ),
            ),
            path="scoring",
        ),
        Section(
            N_("Prizes"),
            (
                Field("id", "line", N_("Code")),
                Field("name", "pair", N_("Called")),
                Field("category", "one", N_("Category"), choices=_categories_or_all),
                Field("rung", "line", N_("Rung")),
                Field("count", "whole", N_("How many")),
                Field("amount_vnd", "money", N_("Each (đồng)")),
                Field("to", "one", N_("Given to"), choices=labels.RECIPIENTS),
                Field("paper", "one", N_("With"), choices=labels.PAPERS),
                Field("rule", "pair_text", N_("By which rule"), optional=True),
            ),
            path="prizes",
            many=True,
            item=N_("Prize"),
            new=lambda document: {
                "id": "",
                "category": None,
                "count": 1,
                "amount_vnd": 0,
                "name": _pair(),
                "paper": "giay_chung_nhan",
                "to": "author",
                "rung": "",
            },
        ),
        Section(N_("Budget"), (Field("budget_prizes_vnd", "money", N_("Budget for prizes (đồng)")),)),
    ),
    ("prizes", "scoring", "budget_prizes_vnd", "quotas"),
)

VOTE: Final = Page(
    "binh-chon",
    N_("Readers' vote"),
    N_("Whether readers vote, how they show who they are, and which prize they decide. Votes never count as marks."),
    (
        Section(
            N_("Readers' vote"),
            (
                Field("enabled", "flag", N_("Readers vote")),
                Field("categories", "many", N_("Categories"), choices=_categories, optional=True),
                Field("identity", "one", N_("Voters are known by"), choices=labels.IDENTITIES),
                Field("choices_max", "whole", N_("Choices at most"), optional=True),
                Field("prize", "one", N_("Prize that they decide"), choices=_prizes, optional=True),
                Field("min_valid_voters_for_prize", "whole", N_("Valid voters at least"), optional=True),
                Field("author_names_shown", "flag", N_("Authors are named"), optional=True),
                Field("paper_ballots", "flag", N_("Ballots on paper too"), optional=True),
                Field("note", "pair_text", N_("Note"), optional=True),
            ),
            path="voting",
        ),
    ),
    ("voting",),
)

RESULTS: Final = Page(
    "cong-bo",
    N_("Announcement and afterwards"),
    N_("What becomes public and when, complaints, rights and personal data."),
    (
        Section(
            N_("Announcement"),
            (
                Field("mode", "one", N_("How results become public"), choices=labels.ANNOUNCEMENT_MODES),
                Field("press_early_access", "instant", N_("The press reads from"), optional=True),
                Field("publish", "many", N_("Published with the results"), choices=labels.PUBLISHABLES),
                Field("author_names_public_from", "one", N_("Authors are named from"), choices=_step_keys),
            ),
            path="announcement",
        ),
        Section(
            N_("Complaints"),
            (
                Field("channels", "many", N_("Ways of sending"), choices=labels.CHANNELS),
                Field("acknowledge_working_days", "whole", N_("Acknowledged within (working days)")),
                Field("answer_working_days", "whole", N_("Answered within (working days)")),
                Field("freeze_award", "flag", N_("The prize concerned waits for the answer")),
            ),
            path="complaints",
        ),
        Section(
            N_("Rights and personal data"),
            (
                Field("rights.organiser_licence", "pair_text", N_("What the organiser may do with entries")),
                Field("privacy.retention", "pair_text", N_("How long data are kept")),
                Field("privacy.children", "pair_text", N_("About children"), optional=True),
            ),
        ),
    ),
    ("announcement", "complaints", "rights", "privacy"),
)

ARTICLES: Final = Page(
    "dieu-khoan",
    N_("Articles of the rules"),
    N_("The text that is printed and shown, article by article."),
    (
        Section(
            N_("Articles"),
            (
                Field("no", "whole", N_("Number")),
                Field("title", "pair", N_("Title")),
                Field("text", "pair_text", N_("Text")),
            ),
            path="rules_articles",
            many=True,
            item=N_("Article"),
            new=lambda document: {"no": len(document["rules_articles"]) + 1, "title": _pair(), "text": _pair()},
        ),
    ),
    ("rules_articles",),
)

PAGES: Final = {page.key: page for page in (NAMES, TIMES, ENTRIES, JUDGING, PRIZES, VOTE, RESULTS, ARTICLES)}


def page_of(path: str) -> Page:
    """The page on which the field at a path is asked; the first one for what none asks."""
    top = path.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0]
    if path.startswith("scoring.tie_break"):
        return JUDGING
    return next((page for page in PAGES.values() if top in page.parts), NAMES)
