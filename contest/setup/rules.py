"""Rules in the making: the sets that the software brings, what is still wrong with a document. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

from contest.contests.ruleset import Problem, RuleSet, RuleSetInvalid, read_rule_set
from contest.core.errors import N_
from contest.core.formats import VIET_NAM
from contest.setup.cloning import read_instant, spell_instant
from contest.setup.planning import Plan, Slot
from contest.setup.texts import move_days, placeholders

RULE_SETS: Final = Path(__file__).with_name("data") / "rule_sets.json"
TO_FILL_IN: Final = N_("“%(words)s” is still to be filled in.")
STEP_NAMES: Final = {
    "issue": (N_("Rules issued"), "Ban hành thể lệ", "Rules issued"),
    "launch": (N_("Launch"), "Phát động", "Launch"),
    "submission": (N_("Submission"), "Nhận bài dự thi (trực tuyến)", "Submission (online)"),
    "paper_postmark": (N_("On paper: postmarked"), "Bài gửi bưu điện: dấu bưu điện", "Paper entries: postmarked by"),
    "paper_arrival": (N_("On paper: received"), "Bài gửi bưu điện: đến nơi", "Paper entries: received by"),
    "paper_keyed": (N_("On paper: keyed in"), "Nhập bài viết tay vào hệ thống", "Handwritten entries keyed in"),
    "screening": (N_("Screening"), "Sơ loại", "Screening"),
    "verification": (N_("Verification"), "Xác minh người thật, việc thật", "Verification"),
    "prelim": (N_("Preliminary marking"), "Chấm sơ khảo", "Preliminary marking"),
    "shortlist": (N_("Finalists published"), "Công bố danh sách vào chung khảo", "Shortlist published"),
    "remarks": (N_("Remarks on finalists"), "Tiếp nhận phản ánh về bài vào chung khảo", "Remarks on finalists"),
    "final": (N_("Final marking"), "Chấm chung khảo", "Final marking"),
    "voting": (N_("Readers' vote"), "Bạn đọc bình chọn", "Readers' vote"),
    "vote_audit": (N_("Review of the vote"), "Rà soát lượt bình chọn", "Review of the vote"),
    "council": (N_("Meeting of the council"), "Họp Hội đồng chung khảo", "Meeting of the council"),
    "provisional": (N_("Posting of provisional results"), "Công khai kết quả dự kiến", "Provisional results posted"),
    "decision": (N_("Decision of recognition"), "Quyết định công nhận kết quả", "Decision of recognition"),
    "announce": (N_("Announcement"), "Công bố kết quả", "Results announced"),
    "ceremony": (N_("Ceremony"), "Lễ tổng kết và trao giải", "Closing and award ceremony"),
    "complaints": (N_("Complaints"), "Tiếp nhận khiếu nại về kết quả", "Complaints about the results"),
}
STEP_ORDER: Final = tuple(STEP_NAMES)
_TOLD_TO_ALL: Final = frozenset({"submission", "remarks", "voting", "provisional", "ceremony", "complaints"})
INSTANTS: Final = frozenset({"issue", "launch", "shortlist", "decision", "announce"})


@dataclass(frozen=True, slots=True)
class ShippedSet:
    """A rule set that the software brings, in neutral words, with brackets where names belong."""

    code: str
    name: Mapping[str, str]
    about: Mapping[str, str]
    document: Mapping[str, Any]


@cache
def shipped_sets() -> Mapping[str, ShippedSet]:
    """The rule sets that the software brings, by code."""
    document = json.loads(RULE_SETS.read_text("utf-8"))
    return {row["code"]: ShippedSet(**row) for row in document["sets"]}


def blank_document() -> dict[str, Any]:
    """The shortest document that the pages can begin with: one category, one round, nothing named."""
    shipped = next(iter(shipped_sets().values())).document
    kept = ("entry_rules", "verification", "complaints", "rights", "privacy", "eligibility")
    document: dict[str, Any] = {key: deepcopy(shipped[key]) for key in kept}
    pair = {"vi": "", "en": ""}
    document |= {key: dict(pair) for key in ("title", "theme", "tenant")}
    document |= {"id": "", "slug": "", "code_prefix": "", "family": "writing"}
    document["bodies"] = {"governing": dict(pair), "lead": dict(pair)}
    document["legal_basis"] = []
    document["timeline"] = [
        {"key": key, "label": dict(zip(("vi", "en"), STEP_NAMES[key][1:], strict=True)), "public": key != "final"}
        for key in ("submission", "final", "announce")
    ]
    document["verification"]["required_before"] = ["announce"]
    category = deepcopy(shipped["categories"][0])
    document["categories"] = [{**category, "id": "A", "name": dict(pair)}]
    final = {**deepcopy(shipped["rounds"][-1]), "judges_per_entry": 2, "aggregate": "mean"}
    final.pop("gap", None)  # in points of another scale
    document["rounds"] = [final]
    document["rubric"] = {"scale": 10, "step": 0.5, "criteria": [{"id": "C1", "max": 10, "name": dict(pair)}]}
    document["scoring"] = {
        **deepcopy(shipped["scoring"]),
        "tiers": [{"rung": "nhat", "min": 8}],
        "tie_break": [{"rule": "joint_award_if_budget_allows"}],
    }
    document["voting"] = {"enabled": False}
    document["prizes"] = [{**deepcopy(shipped["prizes"][1]), "id": "A-nhat", "category": "A", "amount_vnd": 0}]
    document["quotas"] = []
    document["announcement"] = {
        "mode": "shortlist_open_ranks_embargoed",
        "publish": ["list_by_prize"],
        "author_names_public_from": "announce",
    }
    document["rules_articles"] = [{"no": 1, "title": {"vi": "Mục đích", "en": "Purpose"}, "text": dict(pair)}]
    document["budget_prizes_vnd"] = 0
    return document


def place_in_english(place: str) -> str:
    """“tỉnh Hà Tĩnh” as “Hà Tĩnh province”; other words as they are."""
    kinds = {"tỉnh ": "province", "thành phố ": "city", "xã ": "commune", "phường ": "ward", "đặc khu ": "special zone"}
    for kind, english in kinds.items():
        if place.casefold().startswith(kind):
            return f"{place[len(kind) :].strip()} {english}"
    return place


def plain(value: Any) -> Any:
    """A document in the values of JSON: decimals as whole numbers or floats, instants as text."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def read_draft(document: Mapping[str, Any]) -> tuple[RuleSet | None, list[Problem]]:
    """The rule set that a document makes, or all that is wrong with it, by path."""
    unfilled = [Problem(path, TO_FILL_IN, {"words": words}) for path, words in placeholders(document)]
    try:
        made = read_rule_set(json.dumps(plain(document), ensure_ascii=False)).rule_set
    except RuleSetInvalid as error:
        return None, [*error.problems, *unfilled]
    return (None if unfilled else made), unfilled


def slots_of(document: Mapping[str, Any]) -> list[Slot]:
    """The steps of a timetable whose times can be read, by their beginning."""
    found = []
    for step in _steps(document):
        opens = read_instant(step.get("at") or step.get("opens"))
        closes = read_instant(step.get("at") or step.get("closes"))
        if opens and closes and isinstance(step.get("key"), str):
            found.append(Slot(step["key"], opens, closes, 0))
    return sorted(found, key=lambda slot: slot.opens)


def marks_are_locked_first(document: Mapping[str, Any]) -> bool:
    """Whether authors are named when the vote opens, so that marking must have closed by then."""
    announcement = document.get("announcement")
    return isinstance(announcement, Mapping) and announcement.get("author_names_public_from") == "voting"


def days_known(document: Mapping[str, Any]) -> set[date]:
    """The days that the articles of the rules may tell: of the timetable, the occasion, and publication."""
    days: set[date] = set()
    for slot in slots_of(document):
        last = slot.closes - timedelta(microseconds=1) if slot.closes > slot.opens else slot.closes
        days |= {at.astimezone(VIET_NAM).date() for at in (slot.opens, slot.closes, last)}
    told = [document.get("anniversary"), *(_window(each) for each in document.get("categories") or ())]
    for each in told:
        for value in each.values() if isinstance(each, Mapping) else ():
            try:
                day = date.fromisoformat(value)
            except (TypeError, ValueError):
                continue
            days |= {day, day - timedelta(days=1)}
    return days


def with_plan(document: Mapping[str, Any], plan: Plan) -> dict[str, Any]:
    """A copy of a document whose timetable is `plan`; the articles tell the new days."""
    made: dict[str, Any] = deepcopy(dict(document))
    before = {slot.key: slot for slot in slots_of(document)}
    moved: dict[date, date] = {}
    for step in _steps(made):
        slot = plan.slots.get(str(step.get("key")))
        if slot is None:
            continue
        for name in ("at", "opens", "closes"):
            step.pop(name, None)
        if slot.key in INSTANTS:
            step["at"] = spell_instant(slot.opens)
        else:
            step |= {"opens": spell_instant(slot.opens), "closes": spell_instant(slot.closes)}
        if old := before.get(slot.key):
            for was, now in ((old.closes, slot.closes), (old.opens, slot.opens)):
                back = timedelta(microseconds=was == old.closes > old.opens)
                moved[(was - back).astimezone(VIET_NAM).date()] = (now - back).astimezone(VIET_NAM).date()
    announced = before.get("announce"), plan.slots.get("announce")
    press = read_instant((made.get("announcement") or {}).get("press_early_access"))
    if announced[0] and announced[1] and press:
        made["announcement"]["press_early_access"] = spell_instant(press + (announced[1].opens - announced[0].opens))
    # The occasion keeps its day when the results are announced on another one.
    wording = (made.get("anniversary") or {}).get("wording") or {}
    kept = {text: text for text in wording.values() if isinstance(text, str)}
    return agreed(dict(move_days(made, {old: new for old, new in moved.items() if old != new}, kept)))


def agreed(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the instants of its announcement taken from its timetable: there is one truth.

    Where readers do not vote, nobody need say how they are known.
    """
    voting = document.get("voting")
    if isinstance(voting, dict) and voting.get("enabled") is not True and not voting.get("identity"):
        voting.pop("identity", None)
    announcement = document.get("announcement")
    if not isinstance(announcement, dict):
        return document
    steps = {step.get("key"): step for step in _steps(document)}
    announce = (steps.get("announce") or {}).get("at")
    if announcement.get("mode") == "provisional_posted_then_official":
        first = (steps.get("provisional") or {}).get("opens")
        announcement["official_at"] = announce
    else:
        first = announce
        announcement.pop("official_at", None)
    announcement["embargo_until"] = first
    return document


def with_step(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    """A copy of a document with one more step in its timetable, where it belongs; its time is to be given."""
    made: dict[str, Any] = deepcopy(dict(document))
    steps = _steps(made)
    if key not in STEP_NAMES or any(step.get("key") == key for step in steps):
        return made
    label = dict(zip(("vi", "en"), STEP_NAMES[key][1:], strict=True))
    steps.append({"key": key, "label": label, "public": key in INSTANTS - {"decision"} or key in _TOLD_TO_ALL})
    order = {each: place for place, each in enumerate(STEP_ORDER)}
    made["timeline"] = sorted(steps, key=lambda step: order.get(str(step.get("key")), len(order)))
    return made


def with_rounds(document: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a document whose preliminary round stands first, and whose last round sends nobody on."""
    made: dict[str, Any] = deepcopy(dict(document))
    rounds = made.get("rounds")
    if not isinstance(rounds, list):
        return made
    rounds.sort(key=lambda each: each.get("id") != "prelim" if isinstance(each, dict) else True)
    categories = [each for each in made.get("categories") or () if isinstance(each, dict) and each.get("id")]
    counts = {str(each["id"]): "" for each in categories}  # to be filled in
    for each in rounds:
        if isinstance(each, dict):
            last = each is rounds[-1]
            each["advance"] = None if last else each.get("advance") or {"counts": counts, "ties_at_line": "all_advance"}
    return made


def new_round(document: Mapping[str, Any]) -> dict[str, Any]:
    """Another round like the first one: the preliminary one where there is none yet."""
    rounds = [each for each in document.get("rounds") or () if isinstance(each, dict)]
    known = {each.get("id") for each in rounds}
    names = {"prelim": {"vi": "Sơ khảo", "en": "Preliminary"}, "final": {"vi": "Chung khảo", "en": "Final"}}
    key = "final" if "prelim" in known else "prelim"
    like: dict[str, Any] = deepcopy(rounds[0]) if rounds else {"judges_per_entry": 2, "mode": "independent"}
    return {"aggregate": "mean", **like, "id": key, "name": names[key], "judges_per_entry": 2}


def _steps(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    timeline = document.get("timeline")
    return [step for step in timeline if isinstance(step, dict)] if isinstance(timeline, list) else []


def _window(category: Any) -> Any:
    return category.get("published_window") if isinstance(category, Mapping) else None


def announcement_of(document: Mapping[str, Any]) -> datetime | None:
    """When a document announces the results; None as long as it does not say."""
    return next((slot.opens for slot in slots_of(document) if slot.key == "announce"), None)
