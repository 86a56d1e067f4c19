"""Checks of the timetable, of what becomes public when, and of the anniversary."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import date, datetime
from typing import get_args
from zoneinfo import ZoneInfo

from contest.contests.ruleset.codes import StepKey
from contest.contests.ruleset.model import RuleSet
from contest.contests.ruleset.parts import Anniversary, Step
from contest.contests.ruleset.problems import Problem, join
from contest.core.errors import N_
from contest.core.formats import ENGLISH_MONTHS

AT_OR_WINDOW = N_("A step has either “at”, or both “opens” and “closes”.")
MUST_BE_INSTANT = N_("The step “%(key)s” happens at one instant: write “at”.")
MUST_BE_WINDOW = N_("The step “%(key)s” lasts: write “opens” and “closes”.")
OPENS_BEFORE_CLOSES = N_("“%(key)s” must open before it closes.")
OUT_OF_ORDER = N_("“%(first)s” (%(first_at)s) must not come after “%(second)s” (%(second_at)s, Vietnam time).")
STEP_NEEDED = N_("The timetable needs the step “%(key)s”.")
STEP_NOT_IN_TIMETABLE = N_("The timetable has no step “%(key)s”.")
MUST_BE_PUBLIC = N_("The step “%(key)s” must be public.")
VOTE_IS_OFF = N_("The timetable has a vote, but voting is not enabled.")
SAME_INSTANT = N_("This must be the same instant as “%(other)s” (%(at)s, Vietnam time).")
OFFICIAL_NEEDED = N_("When provisional results are posted first, the official instant must be given.")
PRESS_BEFORE_EMBARGO = N_("The press reads before the embargo lifts, not at that instant or after it.")
NAMES_BEFORE_FINAL = N_("Authors would be public before the final marking has closed, though it is blind.")
NAMES_BEFORE_VOTE_ENDS = N_("Authors would be public while the vote, which hides them, is open.")
NAMES_AFTER_VOTE_OPENS = N_("The vote shows authors, but they are public only later, from “%(key)s”.")
ORDINAL_WRONG = N_("From %(founded)s to %(year)s there are %(years)s years, not %(ordinal)s.")
NOT_COUNTED = N_("Without a founding year no anniversary is counted.")
YEAR_NEEDED = N_("Write the day, or the year where no day is known.")
YEAR_ELSEWHERE = N_("%(day)s does not lie in the year %(year)s.")
CLASS_WRONG = N_("Year %(ordinal)s is of the class “%(right)s”.")
WORDING_LACKS = N_("The wording must contain “%(words)s”.")
NOT_A_COMMEMORATION = N_("Outside a round year the ceremony is not called “Lễ kỷ niệm”.")

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_INSTANTS = frozenset({"issue", "launch", "shortlist", "decision", "announce"})
_EITHER = frozenset({"ceremony"})
_WINDOWS = frozenset(get_args(StepKey)) - _INSTANTS - _EITHER

# What a step's end (or start) must not come after. Only what cannot be meant otherwise: paper may
# reach the secretariat while screening goes on, readers may vote while the jury still marks.
_ORDER: tuple[tuple[str, str, str, str], ...] = (
    ("issue", "starts", "launch", "starts"),
    ("launch", "starts", "submission", "starts"),
    ("paper_postmark", "ends", "paper_arrival", "ends"),
    ("paper_postmark", "ends", "paper_keyed", "ends"),
    ("submission", "ends", "prelim", "starts"),
    ("submission", "ends", "final", "starts"),
    ("paper_arrival", "ends", "prelim", "ends"),
    ("paper_keyed", "ends", "prelim", "ends"),
    ("screening", "ends", "prelim", "ends"),
    ("prelim", "ends", "shortlist", "starts"),
    ("prelim", "ends", "final", "starts"),
    ("shortlist", "starts", "remarks", "starts"),
    ("shortlist", "starts", "final", "starts"),
    ("shortlist", "starts", "voting", "starts"),
    ("voting", "ends", "vote_audit", "starts"),
    ("final", "ends", "council", "starts"),
    ("vote_audit", "ends", "council", "starts"),
    ("voting", "ends", "council", "ends"),
    ("final", "ends", "provisional", "starts"),
    ("voting", "ends", "provisional", "starts"),
    ("council", "ends", "provisional", "starts"),
    ("council", "ends", "decision", "starts"),
    ("provisional", "ends", "decision", "starts"),
    ("final", "ends", "announce", "starts"),
    ("voting", "ends", "announce", "starts"),
    ("provisional", "ends", "announce", "starts"),
    ("decision", "starts", "announce", "starts"),
    ("announce", "starts", "ceremony", "starts"),
    ("announce", "starts", "complaints", "starts"),
)


def _field(step: Step, side: str) -> str:
    if step.at is not None:
        return "at"
    return "opens" if side == "starts" else "closes"


def _moment(step: Step | None, side: str) -> datetime | None:
    if step is None or not _is_complete(step):
        return None
    return step.starts if side == "starts" else step.ends


def _is_complete(step: Step) -> bool:
    if step.at is not None:
        return step.opens is None and step.closes is None
    return step.opens is not None and step.closes is not None


def _path(rules: RuleSet, key: str, field: str = "") -> str:
    place = max(place for place, step in enumerate(rules.timeline) if step.key == key)
    return join("timeline", place, *([field] if field else []))


def _shown(instant: datetime) -> str:
    return f"{instant.astimezone(VIETNAM):%d/%m/%Y %H:%M}"


def steps_are_complete(rules: RuleSet) -> Iterator[Problem]:
    """Each step has its time, of the right kind, and windows open before they close."""
    for place, step in enumerate(rules.timeline):
        path, key = join("timeline", place), {"key": step.key}
        if not _is_complete(step):
            yield Problem(path, AT_OR_WINDOW)
        elif step.at is None and step.key in _INSTANTS:
            yield Problem(path, MUST_BE_INSTANT, key)
        elif step.at is not None and step.key in _WINDOWS:
            yield Problem(path, MUST_BE_WINDOW, key)
        elif step.at is None and step.starts >= step.ends:
            yield Problem(join(path, "closes"), OPENS_BEFORE_CLOSES, key)


def steps_are_in_order(rules: RuleSet) -> Iterator[Problem]:
    """No step comes before one that it follows from."""
    for first, first_side, second, second_side in _ORDER:
        one, two = rules.step(first), rules.step(second)
        begins, ends = _moment(one, first_side), _moment(two, second_side)
        if one is None or two is None or begins is None or ends is None or begins <= ends:
            continue
        field = _field(one, first_side)
        yield Problem(
            _path(rules, first, field),
            OUT_OF_ORDER,
            {
                "first": f"{first}.{field}",
                "first_at": _shown(begins),
                "second": f"{second}.{_field(two, second_side)}",
                "second_at": _shown(ends),
            },
        )


def steps_that_are_needed(rules: RuleSet) -> Iterator[Problem]:
    """Nothing can run without these; what people are called to do or told is in the public timetable."""
    needed = ["submission", "announce"]
    if len(rules.rounds) > 1 or rules.voting.enabled:
        needed.append("shortlist")
    if rules.announcement.mode == "provisional_posted_then_official":
        needed.append("provisional")
    for key in needed:
        step = rules.step(key)
        if step is None:
            yield Problem("timeline", STEP_NEEDED, {"key": key})
        elif not step.public:
            yield Problem(_path(rules, key, "public"), MUST_BE_PUBLIC, {"key": key})


def rounds_have_their_time(rules: RuleSet) -> Iterator[Problem]:
    """The timetable has a window for each round."""
    for place, each in enumerate(rules.rounds):
        if rules.step(each.id) is None:
            yield Problem(join("rounds", place, "id"), STEP_NOT_IN_TIMETABLE, {"key": each.id})


def vote_has_its_time(rules: RuleSet) -> Iterator[Problem]:
    """A vote is in the public timetable, and only a vote that takes place."""
    step = rules.step("voting")
    if rules.voting.enabled:
        if step is None:
            yield Problem("timeline", STEP_NEEDED, {"key": "voting"})
        elif not step.public:
            yield Problem(_path(rules, "voting", "public"), MUST_BE_PUBLIC, {"key": "voting"})
    elif step is not None:
        yield Problem(_path(rules, "voting"), VOTE_IS_OFF)


def verification_ends_in_time(rules: RuleSet) -> Iterator[Problem]:
    """The steps that wait for verification are there, and come after it."""
    verification = rules.step("verification")
    ends = _moment(verification, "ends")
    for place, key in enumerate(rules.verification.required_before):
        step = rules.step(key)
        starts = _moment(step, "starts")
        if step is None:
            where = join("verification.required_before", place)
            yield Problem(where, STEP_NOT_IN_TIMETABLE, {"key": key})
        elif ends is not None and starts is not None and ends > starts:
            yield Problem(
                _path(rules, "verification", "closes"),
                OUT_OF_ORDER,
                {
                    "first": "verification.closes",
                    "first_at": _shown(ends),
                    "second": f"{key}.{_field(step, 'starts')}",
                    "second_at": _shown(starts),
                },
            )


def announcement_fits_the_timetable(rules: RuleSet) -> Iterator[Problem]:
    """Instants of the announcement are those of the timetable; two truths would one day differ."""
    told = rules.announcement
    announce = _moment(rules.step("announce"), "starts")
    if told.mode == "provisional_posted_then_official":
        provisional = _moment(rules.step("provisional"), "starts")
        yield from _same("announcement.embargo_until", told.embargo_until, "provisional.opens", provisional)
        if told.official_at is None:
            yield Problem("announcement.official_at", OFFICIAL_NEEDED)
    else:
        yield from _same("announcement.embargo_until", told.embargo_until, "announce.at", announce)
    if told.official_at is not None:
        yield from _same("announcement.official_at", told.official_at, "announce.at", announce)
    if told.press_early_access is not None and told.press_early_access >= told.embargo_until:
        yield Problem("announcement.press_early_access", PRESS_BEFORE_EMBARGO)
    if rules.step(told.author_names_public_from) is None:
        key = {"key": told.author_names_public_from}
        yield Problem("announcement.author_names_public_from", STEP_NOT_IN_TIMETABLE, key)


def _same(path: str, told: datetime, name: str, instant: datetime | None) -> Iterator[Problem]:
    if instant is not None and told != instant:
        yield Problem(path, SAME_INSTANT, {"other": name, "at": _shown(instant)})


def author_names_stay_hidden_while_they_must(rules: RuleSet) -> Iterator[Problem]:
    """Names are not public while judges mark blind, and agree with what the vote shows."""
    key = rules.announcement.author_names_public_from
    public_from = _moment(rules.step(key), "starts")
    if public_from is None:
        return
    path = "announcement.author_names_public_from"
    final_ends = _moment(rules.step("final"), "ends")
    blind = any(
        not rules.sees(round_.id, category.id).author for round_ in rules.rounds[-1:] for category in rules.categories
    )
    if blind and final_ends is not None and public_from < final_ends:
        yield Problem(path, NAMES_BEFORE_FINAL)
    vote = rules.step("voting")
    opens, closes = _moment(vote, "starts"), _moment(vote, "ends")
    if not rules.voting.enabled or opens is None or closes is None:
        return
    if rules.voting.author_names_shown:
        if public_from > opens:
            yield Problem("voting.author_names_shown", NAMES_AFTER_VOTE_OPENS, {"key": key})
    elif public_from < closes:
        yield Problem("voting.author_names_shown", NAMES_BEFORE_VOTE_ENDS)


def anniversary_is_counted_and_worded(rules: RuleSet) -> Iterator[Problem]:
    """The ordinal is the difference of years; wording and ceremony follow from it.

    Round years and years ending in 5: Nghị định 145/2013/NĐ-CP, điều 3. What has no founding year is not
    counted; Giỗ Tổ Hùng Vương is round where the year itself ends in 0.
    """
    day = rules.anniversary
    if day is None:
        return
    kept = day.year or (day.date.year if day.date else None)
    if kept is None:
        yield Problem("anniversary.date", YEAR_NEEDED)
    elif day.date and not 0 <= day.date.year - kept <= (day.calendar == "lunar"):
        yield Problem("anniversary.year", YEAR_ELSEWHERE, {"year": str(kept), "day": f"{day.date:%d/%m/%Y}"})
    if day.ordinal != day.years:
        yield Problem("anniversary.ordinal", *_miscounted(day, kept))
    counted = day.ordinal if day.ordinal is not None else kept or 1
    right = {0: "tron", 5: "le5"}.get(counted % 10, "khac")
    if day.class_ != right and (day.class_ is not None or day.ordinal is not None):
        yield Problem("anniversary.class", CLASS_WRONG, {"ordinal": counted, "right": right})
    yield from _wording(day)
    if day.class_ != "tron" and _is_commemoration(day.ceremony_title_ok.vi):
        yield Problem("anniversary.ceremony_title_ok.vi", NOT_A_COMMEMORATION)


def _miscounted(day: Anniversary, kept: int | None) -> tuple[str, dict[str, object]]:
    if day.years is None:
        return NOT_COUNTED, {}
    return ORDINAL_WRONG, {
        "founded": str((kept or 0) - day.years),
        "year": str(kept),
        "years": day.years,
        "ordinal": "–" if day.ordinal is None else day.ordinal,
    }


def _wording(day: Anniversary) -> Iterator[Problem]:
    if day.ordinal is not None:
        for language in ("vi", "en"):
            if str(day.ordinal) not in _numbers(getattr(day.wording, language)):
                yield Problem(f"anniversary.wording.{language}", WORDING_LACKS, {"words": day.ordinal})
    for each in filter(None, (day.founding_date, day.date)):
        if not any(spelling in day.wording.vi for spelling in _vietnamese(each)):
            yield Problem("anniversary.wording.vi", WORDING_LACKS, {"words": _vietnamese(each)[0]})
        if not any(spelling in day.wording.en for spelling in _english(each)):
            yield Problem("anniversary.wording.en", WORDING_LACKS, {"words": _english(each)[0]})


def _numbers(text: str) -> set[str]:
    """The numbers in a text, so that "79" is not found in "1979"."""
    return set("".join(char if char.isdecimal() else " " for char in text).split())


def _vietnamese(day: date) -> tuple[str, ...]:
    return f"{day.day}/{day.month}/{day.year}", f"{day:%d/%m/%Y}", f"{day.day:02}/{day.month}/{day.year}"


def _english(day: date) -> tuple[str, ...]:
    month = ENGLISH_MONTHS[day.month - 1]
    return f"{day.day} {month} {day.year}", f"{month} {day.day}, {day.year}", *_vietnamese(day)


def _is_commemoration(title: str) -> bool:
    return "lễ kỷ niệm" in " ".join(unicodedata.normalize("NFC", title).casefold().split())
