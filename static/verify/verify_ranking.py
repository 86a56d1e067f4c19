#!/usr/bin/env python3
"""Tính lại kết quả chấm từ tệp điểm gốc. · Work a ranking out again from a file of raw scores.

    python3 verify_ranking.py diem-goc.json                     so với kết quả đã công bố · compare with what was published
    python3 verify_ranking.py diem-goc.json --sha256 3f8a…      trước hết so mã SHA-256 · check the file's SHA-256 first
    python3 verify_ranking.py diem-goc.json --explain 7K2M      giải thích điểm của một bài · one entry's arithmetic

Mã thoát · exit code: 0 khớp · equal; 1 có điểm khác · something differs; 2 không đọc được tệp · the file cannot be read.

Chỉ cần Python 3.11, không cần thư viện nào; tệp này không dùng mã nguồn của trang cuộc thi. Đặc tả: docs/verify-ranking.md.
Python 3.11 and nothing else; not a line of the contest site's own code is used. Specification: docs/verify-ranking.md.
"""

import argparse
import hashlib
import json
import re
import sys
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, groupby
from pathlib import Path

SCHEMA = "guong-sang/raw-scores/1"
MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 16
MAX_SHOWN = 200


class Unreadable(Exception):
    """The file is not what the specification says. Args: Vietnamese, English."""


# --- Reading: bounds first, nothing is believed ---------------------------------------------------------------


def refuse(path, vi, en):
    raise Unreadable(f"{path}: {vi}", f"{path}: {en}")


def no_duplicates(pairs):
    found = {}
    for key, value in pairs:
        if key in found:
            refuse("JSON", f"khóa “{key[:40]}” lặp lại", f"the key “{key[:40]}” stands twice")
        found[key] = value
    return found


def whole_number(text):
    if len(text) > 15:
        refuse("JSON", "số quá dài", "a number is too long")
    return int(text)


def no_float(text):
    refuse("JSON", f"số lẻ phải viết dạng chữ ({text[:20]})", f"decimals are written as text ({text[:20]})")


def rules_decimal(text):
    if len(text) > 30 or "e" in text.lower():
        refuse("rules", "số quá dài", "a number is too long")
    return Decimal(text)


def check_depth(value, deepest):
    level = [value]
    for _ in range(deepest):
        level = [
            inner
            for each in level
            for inner in (each.values() if isinstance(each, dict) else each if isinstance(each, list) else ())
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    refuse("JSON", "lồng quá sâu", "too deeply nested")


def parse(text, parse_float, deepest):
    try:
        value = json.loads(
            text,
            object_pairs_hook=no_duplicates,
            parse_int=whole_number,
            parse_float=parse_float,
            parse_constant=no_float,
        )
    except RecursionError:
        refuse("JSON", "lồng quá sâu", "too deeply nested")
    except ValueError as error:
        refuse("JSON", f"sai cú pháp: {error}", f"bad syntax: {error}")
    check_depth(value, deepest)
    return value


def text(pattern, longest=80):
    known = re.compile(pattern)

    def check(value, path):
        if not isinstance(value, str) or len(value) > longest or not known.fullmatch(value):
            refuse(path, f"không đúng dạng: {str(value)[:60]!r}", f"not of the right form: {str(value)[:60]!r}")

    return check


def integer(least, most):
    def check(value, path):
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            refuse(path, f"phải là số nguyên từ {least} đến {most}", f"must be a whole number from {least} to {most}")

    return check


def number(least, most):
    def check(value, path):
        if isinstance(value, bool) or not isinstance(value, int | Decimal) or not least <= value <= most:
            refuse(path, f"phải là số từ {least} đến {most}", f"must be a number from {least} to {most}")

    return check


def flag(value, path):
    if not isinstance(value, bool):
        refuse(path, "phải là true hoặc false", "must be true or false")


def anything(_value, _path):
    """What the arithmetic does not read; its depth and size are bounded by the file."""


def one_of(*known):
    def check(value, path):
        if value not in known:
            refuse(path, f"không biết {str(value)[:60]!r}", f"unknown: {str(value)[:60]!r}")

    return check


def maybe(inner):
    return lambda value, path: None if value is None else inner(value, path)


def listed(inner, most=100_000):
    def check(value, path):
        if not isinstance(value, list) or len(value) > most:
            refuse(path, f"phải là danh sách, nhiều nhất {most} mục", f"must be a list of at most {most}")
        for at, each in enumerate(value):
            inner(each, f"{path}[{at}]")

    return check


def keyed(key, inner, most=100_000):
    def check(value, path):
        if not isinstance(value, dict) or len(value) > most:
            refuse(path, f"phải là đối tượng, nhiều nhất {most} mục", f"must be an object of at most {most}")
        for name, each in value.items():
            key(name, f"{path} → {name[:40]}")
            inner(each, f"{path}.{name}")

    return check


def fields(needed, left_out=None, extra=False):
    """An object with exactly these fields; `left_out`: those that may be missing. `extra`: others may stand beside."""
    optional = left_out or {}

    def check(value, path):
        if not isinstance(value, dict):
            refuse(path, "phải là đối tượng", "must be an object")
        for name, inner in needed.items():
            if name not in value:
                refuse(f"{path}.{name}", "thiếu", "is missing")
            inner(value[name], f"{path}.{name}")
        for name, each in value.items():
            if name in optional:
                optional[name](each, f"{path}.{name}")
            elif name not in needed and not extra:
                refuse(f"{path}.{name[:40]}", "không có trong đặc tả", "is not in the specification")

    return check


IDENT = text(r"[A-Za-z0-9][A-Za-z0-9_-]*", 60)
CODE = text(r"[A-Za-z0-9-]+", 40)
JUDGE = text(r"J[1-9][0-9]{0,5}")
SEEN = keyed(text(r"(J|\?)[0-9]{1,6}"), integer(1, 100_000), 1000)
PERSON = text(r"P[1-9][0-9]{0,6}")
MARK = text(r"[0-9]{1,6}(\.[0-9]{1,6})?")
EXACT = text(r"[0-9]{1,60}(/[1-9][0-9]{0,59})?", 130)
SHOWN = text(r"[0-9]{1,30}(\.[0-9]{1,6})?")
INSTANT = text(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}Z")
HASH = text(r"[0-9a-f]{64}")
COUNT = integer(0, 10_000_000)
MONEY = integer(-1_000_000_000_000, 1_000_000_000_000)

SHEET = fields(
    {
        "judge": JUDGE,
        "kind": one_of("regular", "third"),
        "counts": flag,
        "standing": flag,
        "ended_because": maybe(one_of("conflict", "removed")),
        "state": maybe(one_of("open", "final")),
        "revisions": listed(
            fields(
                {
                    "number": integer(1, 100_000),
                    "order": integer(1, 10_000_000),
                    "marks": keyed(IDENT, MARK, 50),
                    "source": one_of("screen", "paper"),
                }
            ),
            1000,
        ),
        "reopenings": listed(fields({"revision": integer(1, 100_000), "kind": one_of("undo", "unlock")}), 1000),
    }
)
ENTRY = fields(
    {
        "code": CODE,
        "sheets": listed(SHEET, 1000),
        "settlements": listed(SEEN, 1000),
        "decisions": listed(fields({"total": MARK, "seen": SEEN}), 1000),
        "waivers": listed(
            fields(
                {
                    "what": one_of("sheet", "judge", "gap", "declaration", "verification"),
                    "judge": maybe(JUDGE),
                    "lifted": flag,
                }
            ),
            1000,
        ),
        "set_aside": flag,
        "advanced": maybe(flag),
        "fell_out": maybe(flag),
    }
)
PLACE = fields(
    {
        "place": integer(1, 1_000_000),
        "code": CODE,
        "exact": EXACT,
        "tied_with": maybe(listed(CODE)),
        "parted_by": maybe(listed(text(r"[a-z_]+(:[A-Za-z0-9_-]+)?", 100), 50)),
    }
)
RESULTS = fields(
    {
        "computed_at": INSTANT,
        "fingerprint": HASH,
        "decision": maybe(text(r"[^\x00-\x1f]*", 100)),
        "awards": listed(
            fields(
                {
                    "prize": IDENT,
                    "code": CODE,
                    "place": maybe(integer(1, 1_000_000)),
                    "exact": maybe(EXACT),
                    "votes": maybe(COUNT),
                    "amount": MONEY,
                }
            )
        ),
        "not_given": listed(fields({"prize": IDENT, "seats": COUNT, "whole": flag})),
        "passed_over": listed(fields({"prize": IDENT, "code": CODE})),
        "undecided": listed(
            fields(
                {
                    "prize": IDENT,
                    "codes": listed(CODE),
                    "vote_on": listed(CODE),
                    "seats": COUNT,
                    "reason": one_of("ballot", "shared_author", "no_joint_award", "money"),
                }
            )
        ),
        "open": listed(IDENT),
        "left": MONEY,
    },
    {
        "beside": fields(
            {
                "awards": listed(fields({"prize": IDENT, "code": CODE, "amount": MONEY}), 1000),
                "units": listed(fields({"prize": IDENT, "unit": IDENT, "amount": MONEY}), 1000),
                "final": listed(IDENT, 200),
            }
        )
    },
)
DOCUMENT = fields(
    {
        "schema": one_of(SCHEMA),
        "contest": fields({"slug": text(r"[a-z0-9-]+", 80), "title": fields({"vi": anything, "en": anything})}),
        "categories": listed(IDENT, 200),
        "whole": flag,
        "as_of": maybe(INSTANT),
        "rules": fields({"number": integer(1, 1_000_000), "text": text(r"(?s:.+)", 2_000_000), "sha256": HASH}),
        "rounds": listed(
            fields({"round": IDENT, "category": IDENT, "closed_at": INSTANT, "entries": listed(ENTRY)}), 1000
        ),
        "ballots": listed(
            fields({"category": IDENT, "groups": listed(listed(CODE, 10_000), 10_000), "present": COUNT}), 10_000
        ),
        "people": maybe(keyed(CODE, listed(PERSON, 100))),
        "votes": maybe(
            fields(
                {
                    "cast": COUNT,
                    "valid": COUNT,
                    "void": COUNT,
                    "set_aside": keyed(IDENT, COUNT, 100),
                    "votes": keyed(CODE, COUNT),
                }
            )
        ),
        "withheld": maybe(listed(fields({"prize": IDENT, "seats": maybe(COUNT)}), 1000)),
        "published": fields(
            {
                "totals": keyed(
                    IDENT, keyed(IDENT, keyed(CODE, fields({"exact": EXACT, "shown": SHOWN})), 200), 10
                ),
                "places": keyed(IDENT, listed(PLACE), 200),
                "results": maybe(RESULTS),
            }
        ),
    }
)
TIE_RULE = text(
    r"higher_mean_on:[A-Za-z0-9_-]+|smaller_spread_between_judges|secret_ballot_of_final_council"
    r"|joint_award_if_budget_allows",
    100,
)
RULES = fields(
    {
        "categories": listed(fields({"id": IDENT}, extra=True), 200),
        "budget_prizes_vnd": MONEY,
        "rounds": listed(
            fields(
                {
                    "id": IDENT,
                    "judges_per_entry": integer(1, 25),
                    "aggregate": one_of("mean", "trimmed_mean_drop_high_low", "median"),
                },
                {
                    "min_sheets": maybe(integer(1, 25)),
                    "gap": maybe(
                        fields(
                            {
                                "type": one_of("max_minus_min", "distance_from_mean"),
                                "threshold": number(0, 1000),
                                "action": one_of("third_judge", "reconcile_keep_original", "chair_decides"),
                            },
                            {"unit": one_of("points", "share_of_scale")},
                            extra=True,
                        )
                    ),
                    "advance": maybe(
                        fields(
                            {"counts": keyed(IDENT, COUNT, 200)}, {"min_score": maybe(number(0, 1000))}, extra=True
                        )
                    ),
                },
                extra=True,
            ),
            10,
        ),
        "rubric": fields(
            {
                "scale": number(0, 1000),
                "step": number(Decimal("0.000001"), 1000),
                "criteria": listed(fields({"id": IDENT, "max": number(0, 1000)}, extra=True), 50),
            },
            extra=True,
        ),
        "scoring": fields(
            {
                "display_decimals": integer(0, 6),
                "tiers": listed(fields({"rung": IDENT, "min": number(0, 1000)}, extra=True), 20),
                "tie_break": listed(fields({"rule": TIE_RULE}), 200),
                "one_prize_per_author_per_category": flag,
                "withhold_allowed": flag,
            },
            extra=True,
        ),
        "prizes": listed(
            fields(
                {"id": IDENT, "category": maybe(IDENT), "count": integer(1, 1_000_000), "amount_vnd": MONEY, "rung": IDENT},
                extra=True,
            ),
            200,
        ),
        "voting": fields(
            {"enabled": flag},
            {
                "prize": maybe(IDENT),
                "min_valid_voters_for_prize": COUNT,
                "tie_break": listed(one_of("better_jury_rank", "joint_award_if_budget_allows"), 10),
            },
            extra=True,
        ),
    },
    extra=True,
)


def read(content):
    """The document and its rules, in shape and in bounds. Raises Unreadable."""
    if len(content) > MAX_BYTES:
        refuse("JSON", "tệp quá lớn", "the file is too large")
    try:
        decoded = content.decode("utf-8")
    except UnicodeDecodeError:
        refuse("JSON", "không phải UTF-8", "not UTF-8")
    document = parse(decoded, no_float, MAX_DEPTH)
    DOCUMENT(document, "$")
    rules = parse(document["rules"]["text"], rules_decimal, 40)
    RULES(rules, "rules")
    known = {each["id"] for each in rules["rounds"]}
    categories = {each["id"] for each in rules["categories"]}
    for part in document["rounds"]:
        if part["round"] not in known or part["category"] not in categories:
            refuse("rounds", "vòng hoặc hạng mục không có trong thể lệ", "a round or category that the rules do not have")
    if not set(document["categories"]) <= categories:
        refuse("categories", "hạng mục không có trong thể lệ", "a category that the rules do not have")
    criteria = {each["id"] for each in rules["rubric"]["criteria"]}
    for tie in rules["scoring"]["tie_break"]:
        if ":" in tie["rule"] and tie["rule"].partition(":")[2] not in criteria:
            refuse("rules", "tiêu chí phụ không có trong thang điểm", "a tie rule names a criterion that there is not")
    return document, rules


# --- Arithmetic -----------------------------------------------------------------------------------------------


def mean(values):
    return sum(values, Fraction(0)) / len(values)


def spread(values):
    return max(values) - min(values)


def half_up(value, decimals):
    """A value of 0 or more as it is shown: 109/12 is 9.08, 8.995 is 9.00."""
    units = (value * 10**decimals * 2 + 1) // 2
    digits = str(units).rjust(decimals + 1, "0")
    return f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits


def told(value):
    """A value for people: in full when it is a short decimal, else as a fraction with what it is about."""
    for places in range(7):
        if (value * 10**places).denominator == 1:
            return half_up(value, places)
    return f"{value} (≈ {half_up(value, 4)})"


def kept_by(aggregate, totals):
    """The totals that an aggregate averages."""
    ordered = sorted(totals)
    if aggregate == "trimmed_mean_drop_high_low" and len(ordered) >= 3:
        return ordered[1:-1]
    if aggregate == "median":
        half = (len(ordered) - 1) // 2
        return ordered[half : len(ordered) - half]
    return ordered


def two_closest(totals):
    """The two closest totals; all of them when two pairs are equally close."""
    pairs = sorted((high - low, low, high) for low, high in combinations(sorted(totals), 2))
    if len(pairs) > 1 and pairs[0][0] == pairs[1][0]:
        return sorted(totals)
    return list(pairs[0][1:])


def distance(gap, totals):
    if gap["type"] == "max_minus_min":
        return spread(totals)
    centre = mean(totals)
    return max(abs(total - centre) for total in totals)


def threshold(gap, scale):
    value = Fraction(gap["threshold"])
    return value * Fraction(scale) if gap.get("unit", "points") == "share_of_scale" else value


class Sheet:
    """A judge's sheet as it stands, worked out from what the file says of it."""

    def __init__(self, raw):
        self.judge = raw["judge"]
        self.raw = raw
        self.counts = raw["standing"] and raw["state"] == "final" and bool(raw["revisions"])
        self.marks = {}
        if raw["revisions"]:
            self.marks = {name: Fraction(mark) for name, mark in raw["revisions"][-1]["marks"].items()}
        self.total = sum(self.marks.values(), Fraction(0))
        self.undone = {each["revision"] for each in raw["reopenings"] if each["kind"] == "undo"}


class Outcome:
    """What a round makes of an entry: its total, whether it may be closed, and the arithmetic in words."""

    def __init__(self):
        self.total = None
        self.complete = False
        self.waits = False
        self.words = []
        self.sheets = []

    def say(self, vi, en):
        self.words.append((vi, en))


def dialogue(rule, sheets, settlements, needed, limit):
    """Whether the judges' talk is open or settled: the revisions gone through in their order once more."""
    events = []
    for sheet in sheets:
        for revision in sheet.raw["revisions"]:
            if revision["number"] in sheet.undone:
                continue
            after = len(settlements)
            for at, seen in enumerate(settlements):
                if revision["number"] <= seen.get(sheet.judge, 0):
                    after = at
                    break
            total = sum((Fraction(mark) for mark in revision["marks"].values()), Fraction(0))
            events.append((after, revision["order"], sheet.judge, total))
    state, totals, settled = "none", {}, 0
    for after, _, judge, total in sorted(events):
        if after > settled:
            settled = after
            state = "settled" if state == "open" else state
        totals[judge] = total
        if len(totals) >= needed and distance(rule["gap"], list(totals.values())) > limit:
            state = "open"
    if settled < len(settlements) and state == "open":
        state = "settled"
    return state


def outcome_of(rule, scale, entry):
    """The total of an entry in a round: see the specification, "The total of an entry"."""
    found = Outcome()
    every = [Sheet(raw) for raw in entry["sheets"]]
    sheets = found.sheets = [sheet for sheet in every if sheet.counts]
    waivers = [each for each in entry["waivers"] if not each["lifted"]]
    missing_ones = {sheet.judge for sheet in every if sheet.raw["standing"] and not sheet.counts}
    waived = len({each["judge"] for each in waivers if each["what"] == "sheet"} & missing_ones)
    waived += sum(each["what"] == "judge" for each in waivers)
    asked = rule["judges_per_entry"]
    fewest = rule.get("min_sheets") or asked
    needed = max(min(len(sheets), asked), fewest, asked - waived)
    totals = [sheet.total for sheet in sheets]
    for sheet in sheets:
        found.say(f"Phiếu {sheet.judge}: {told(sheet.total)}.", f"Sheet of {sheet.judge}: {told(sheet.total)}.")
    for sheet in every:
        if not sheet.counts:
            why = sheet.raw["ended_because"] or "open"
            vi = {"conflict": "giám khảo không được chấm bài này", "removed": "giám khảo đã rời hội đồng"}
            en = {"conflict": "the judge is recused", "removed": "the judge has left the panel"}
            found.say(
                f"Phiếu {sheet.judge} không tính: {vi.get(why, 'chưa hoàn tất')}.",
                f"The sheet of {sheet.judge} does not count: {en.get(why, 'not final')}.",
            )
    if needed < asked:
        found.say(f"Được miễn {asked - needed} trên {asked} phiếu.", f"Of {asked} sheets {asked - needed} were let pass.")
    if len(sheets) < needed:
        found.say(f"Còn thiếu {needed - len(sheets)} phiếu.", f"Sheets still missing: {needed - len(sheets)}.")
    gap, apart, third = rule.get("gap"), False, False
    limit = threshold(gap, scale) if gap else None
    if gap and totals and len(sheets) >= needed:
        far = distance(gap, totals)
        apart = far > limit
        sign = (">", "quá") if apart else ("≤", "trong")
        found.say(
            f"Độ lệch {told(far)} {sign[0]} {told(limit)}: {sign[1]} mức cho phép.",
            f"The gap is {told(far)} {sign[0]} {told(limit)}: {'more than' if apart else 'within what'} is allowed.",
        )
    talk = "none"
    if gap and gap["action"] == "reconcile_keep_original":
        talk = dialogue(rule, sheets, entry["settlements"], needed, limit)
    kept = kept_by(rule["aggregate"], totals)
    decided = None
    if any(each["what"] == "gap" for each in waivers) and (apart or talk == "open"):
        found.say("Độ lệch được bỏ qua có lý do.", "The gap was let pass with a reason.")
    elif talk == "open" or (gap and gap["action"] == "reconcile_keep_original" and apart and talk != "settled"):
        found.waits = True
        found.say("Chờ Trưởng Ban ghi nhận kết quả trao đổi.", "The head of jury has yet to record the talk.")
    elif apart and gap["action"] == "third_judge":
        if len(sheets) > asked:
            kept = two_closest(totals)
            if len(kept) == 2:
                found.say(
                    f"Lấy hai phiếu gần nhau nhất: {told(kept[0])} và {told(kept[1])}.",
                    f"The two closest count: {told(kept[0])} and {told(kept[1])}.",
                )
            else:
                found.say("Hai cặp gần nhau như nhau: tính tất cả.", "Two pairs are equally close: all count.")
        else:
            found.waits = third = True
            found.say("Cần giám khảo thứ ba.", "A third judge is needed.")
    elif apart and gap["action"] == "chair_decides":
        now = {sheet.judge: sheet.raw["revisions"][-1]["number"] for sheet in sheets}
        made = [Fraction(each["total"]) for each in entry["decisions"] if each["seen"] == now]
        if made and min(totals) <= made[-1] <= max(totals):
            decided = made[-1]
            found.say(
                f"Trưởng Ban quyết định: {told(decided)}, giữa {told(min(totals))} và {told(max(totals))}.",
                f"The head of jury set {told(decided)}, between {told(min(totals))} and {told(max(totals))}.",
            )
        else:
            found.waits = True
            found.say("Chờ Trưởng Ban quyết định.", "The head of jury has yet to decide.")
    found.complete = len(sheets) >= needed and not third
    if decided is not None:
        found.total = decided
    elif totals:
        found.total = mean(kept)
        found.say(
            f"({' + '.join(told(each) for each in kept)}) : {len(kept)} = {told(found.total)}.",
            f"({' + '.join(told(each) for each in kept)}) / {len(kept)} = {told(found.total)}.",
        )
    return found


def line_of(totals, count):
    """The total of the last of `count` places, None where all advance; best first."""
    ordered = sorted(totals, reverse=True)
    return ordered[count - 1] if 0 < count <= len(ordered) else None


class Placed:
    """An entry with its place; `joint`: the rules know a joint award, `unvoted`: the council has yet to vote."""

    def __init__(self, place, code, total, group, parted_by, joint, unvoted):
        self.place, self.code, self.total = place, code, total
        self.tied_with = sorted(other for other in group if other != code)
        self.parted_by, self.joint, self.unvoted = parted_by, joint, unvoted


BALLOT, JOINT = "secret_ballot_of_final_council", "joint_award_if_budget_allows"


def part(rule, group, sheets, ballots):
    """A tie parted by one rule: groups from the best down; None when the council has not voted on it."""
    name, _, criterion = rule.partition(":")
    if name == BALLOT:
        named = [each for each in ballots if sorted(code for place in each for code in place) == sorted(group)]
        return [list(place) for place in named[-1] if place] if named else None
    if name == "higher_mean_on":
        worth = {code: mean([sheet.marks[criterion] for sheet in sheets[code]]) for code in group}
    else:
        worth = {code: -spread([sheet.total for sheet in sheets[code]]) for code in group}
    ordered = sorted(group, key=lambda code: -worth[code])
    return [list(level) for _, level in groupby(ordered, key=lambda code: worth[code])]


def settle(group, rules, sheets, ballots, asks, parted, joint=False):
    """A group of equal totals as lists of (codes that stay level, joint, unvoted), from the best down."""
    if len(group) == 1:
        return [(group, False, False)]
    for at, rule in enumerate(rules):
        if rule == JOINT:
            joint = True
            continue
        levels = part(rule, group, sheets, ballots)
        if levels is None:
            if asks and not joint:
                return [(group, JOINT in rules[at:], True)]
            continue
        if len(levels) == 1:
            continue
        for code in group:
            parted[code].append(rule)
        return [
            each
            for level in levels
            for each in settle(level, rules[at + 1 :], sheets, ballots, asks, parted, joint)
        ]
    return [(group, joint, False)]


def places_of(totals, sheets, tie_break, ballots):
    """The places of one category. `totals` and `sheets` by code."""
    asks = BALLOT in tie_break
    rules = list(tie_break) if asks else [*tie_break, BALLOT]
    parted = {code: [] for code in totals}
    ordered = sorted(totals, key=lambda code: (-totals[code], code))
    placed = []
    for _, level in groupby(ordered, key=lambda code: totals[code]):
        for group, joint, unvoted in settle(list(level), rules, sheets, ballots, asks, parted):
            place = len(placed) + 1
            placed += [
                Placed(place, code, totals[code], group, parted[code], joint and len(group) > 1, unvoted)
                for code in sorted(group)
            ]
    return placed


# --- Prizes ---------------------------------------------------------------------------------------------------


class Path_:
    """A category's ladder, or the readers' prize, walked with a number of joint awards granted."""

    def __init__(self):
        self.awards, self.not_given, self.passed_over, self.waiting = [], [], [], []
        self.undecided, self.balance = None, 0

    @property
    def claims(self):
        return self.undecided is not None and self.undecided["reason"] == "money"

    def leave_open(self, prizes, held):
        for prize in prizes:
            if held.get(prize["id"], 0) == prize["count"]:
                self.not_given.append((prize["id"], prize["count"], True))
                self.balance += prize["count"] * prize["amount_vnd"]
            else:
                self.waiting.append(prize["id"])


def undecided(prize, codes, vote_on, seats, reason):
    return {"prize": prize["id"], "codes": sorted(codes), "vote_on": sorted(vote_on), "seats": seats, "reason": reason}


def ladder(rules, category):
    """(least total, prize) from the top rung down."""
    return [
        (Fraction(tier["min"]), prize)
        for tier in rules["scoring"]["tiers"]
        for prize in rules["prizes"]
        if prize["category"] == category and prize["rung"] == tier["rung"]
    ]


def walk(rules, category, placed, people, held, joints):
    """The ladder of a category with the first `joints` joint awards on the way granted."""
    path, once = Path_(), rules["scoring"]["one_prize_per_author_per_category"]
    groups = [list(group) for _, group in groupby(placed, key=lambda each: each.place)]
    won = set()
    rungs = ladder(rules, category)
    for at, (least, prize) in enumerate(rungs):
        seats = prize["count"] - held.get(prize["id"], 0)
        given = 0
        while given < seats and groups:
            group = groups[0]
            if once and group[0].total >= least:
                blocked = [each for each in group if won & set(people.get(each.code, ()))]
                path.passed_over += [(prize["id"], each.code) for each in blocked]
                group = [each for each in group if each not in blocked]
                if not group:
                    groups.pop(0)
                    continue
            if group[0].total < least:
                break
            free = seats - given
            fits = len(group) <= free
            behind = [person for each in group for person in people.get(each.code, ())]
            shared = once and len(set(behind)) < len(behind)
            reason = None
            if shared or not fits:
                first = group[0]
                reason = "ballot" if first.unvoted else "shared_author" if shared else None
                reason = reason or ("money" if first.joint else "no_joint_award")
            if reason == "money" and joints > 0:
                joints, reason = joints - 1, None
            if reason is not None:
                codes = [each.code for each in group]
                path.undecided = undecided(prize, codes, {codes[0], *group[0].tied_with}, free, reason)
                path.undecided["needed"] = (len(group) - free) * prize["amount_vnd"]
                path.leave_open([each for _, each in rungs[at:]], held)
                return path
            for each in group:
                path.awards.append((prize["id"], each.code, each.place, each.total, None, prize["amount_vnd"]))
                won |= set(people.get(each.code, ()))
            given += len(group)
            groups.pop(0)
        path.balance += (prize["count"] - given) * prize["amount_vnd"]
        kept = held.get(prize["id"], 0)
        if kept:
            path.not_given.append((prize["id"], kept, given == 0))
        if prize["count"] - kept - given > 0:
            path.not_given.append((prize["id"], prize["count"] - kept - given, given == 0))
    return path


def readers_prize(rules, votes, places, seats):
    """(winners, tied for the last seats, seats left) of the vote; None: withheld for want of voters or votes."""
    voting = rules["voting"]
    if votes["valid"] < voting.get("min_valid_voters_for_prize", 0) or not any(votes["votes"].values()):
        return None
    last = max(places.values(), default=0) + 1
    by_rank = "better_jury_rank" in voting.get("tie_break", [])

    def worth(code):
        return -votes["votes"][code], places.get(code, last) if by_rank else 0

    winners = []
    for _, level in groupby(sorted((each for each, count in votes["votes"].items() if count), key=worth), key=worth):
        level, free = sorted(level), seats - len(winners)
        if free <= 0:
            break
        if len(level) > free:
            return winners, level, free
        winners += level
    return winners, [], 0


def readers_path(rules, prize, votes, places, held, joints):
    path = Path_()
    kept = held.get(prize["id"], 0)
    if votes is None or kept == prize["count"]:
        path.leave_open([prize], held)
        return path
    found = readers_prize(rules, votes, places, prize["count"] - kept)
    if found is None:
        path.not_given.append((prize["id"], prize["count"], True))
        path.balance = prize["count"] * prize["amount_vnd"]
        return path
    winners, tied, free = found
    if tied:
        joint = JOINT in rules["voting"].get("tie_break", [])
        if not joint or joints == 0:
            path.awards = [(prize["id"], code, None, None, votes["votes"][code], prize["amount_vnd"]) for code in winners]
            path.undecided = undecided(prize, tied, tied, free, "money" if joint else "no_joint_award")
            path.waiting = [prize["id"]]
            return path
        winners = [*winners, *tied]
    path.awards = [(prize["id"], code, None, None, votes["votes"][code], prize["amount_vnd"]) for code in winners]
    empty = prize["count"] - len(winners)
    path.balance = empty * prize["amount_vnd"]
    if empty > 0:
        path.not_given.append((prize["id"], empty, False))
    return path


def every_path(walk_with):
    """With no joint award granted, with the first, the first two … until none stops it."""
    paths = [walk_with(0)]
    while paths[-1].claims:
        paths.append(walk_with(len(paths)))
    return paths


def prizes_of(rules, placed, people, votes, withheld, elsewhere=None):
    """Awards, what is not given, who is passed over, what the council decides, what is open, the money left.

    `elsewhere`: how many are given of each prize beside the ladder whose number is final.
    """
    elsewhere = elsewhere or {}
    prizes = {prize["id"]: prize for prize in rules["prizes"]}
    held = {
        each["prize"]: prizes[each["prize"]]["count"] if each["seats"] is None else each["seats"]
        for each in withheld
        if each["prize"] in prizes
    }
    rungs = {tier["rung"]: at for at, tier in enumerate(rules["scoring"]["tiers"])}
    rank_of = {prize["id"]: rungs.get(prize["rung"], len(rungs)) for prize in rules["prizes"]}
    choices = [
        every_path(lambda joints, name=each["id"]: walk(rules, name, placed.get(each["id"], []), people, held, joints))
        if each["id"] in placed
        else [unranked(rules, each["id"], held)]
        for each in rules["categories"]
    ]
    readers = prizes.get(rules["voting"].get("prize")) if rules["voting"]["enabled"] else None
    if readers is not None:
        places = {each.code: each.place for found in placed.values() for each in found}
        choices.append(every_path(lambda joints: readers_path(rules, readers, votes, places, held, joints)))
    beside = [
        prize for prize in rules["prizes"] if prize["rung"] not in rungs and (readers is None or prize is not readers)
    ]
    not_given, base = [], 0
    for prize in beside:
        kept = held.get(prize["id"], 0)
        given = elsewhere.get(prize["id"])
        most = prize["count"] - kept
        if kept:
            not_given.append((prize["id"], kept, not given and (given == 0 or not most)))
        base += kept * prize["amount_vnd"]
        if given is not None and given < most:
            not_given.append((prize["id"], most - given, given == 0))
            base += (most - given) * prize["amount_vnd"]
    taken, left = grant(choices, base, rank_of)
    paths = [paths[at] for paths, at in zip(choices, taken, strict=True)]
    waiting = {each for path in paths for each in path.waiting}
    return {
        "awards": [each for path in paths for each in path.awards],
        "not_given": [*(each for path in paths for each in path.not_given), *not_given],
        "passed_over": [each for path in paths for each in path.passed_over],
        "undecided": [path.undecided for path in paths if path.undecided is not None],
        "open": [prize["id"] for prize in rules["prizes"] if prize["id"] in waiting],
        "left": left,
    }


def unranked(rules, category, held):
    path = Path_()
    path.leave_open([prize for _, prize in ladder(rules, category)], held)
    return path


def grant(choices, base, rank_of):
    """How many joint awards each path gets: those that cost nothing first, then from the top rung down."""
    taken = [0] * len(choices)
    left = base + sum(paths[0].balance for paths in choices)
    while True:
        waiting = sorted(
            (rank_of[paths[at].undecided["prize"]], which)
            for which, (paths, at) in enumerate(zip(choices, taken, strict=True))
            if paths[at].claims
        )
        options = [
            (which, more, choices[which][more].balance - choices[which][taken[which]].balance)
            for _, which in waiting
            for more in range(taken[which] + 1, len(choices[which]))
        ]
        chosen = next((each for each in options if each[2] >= 0), None)
        chosen = chosen or next((each for each in options if left + each[2] >= 0), None)
        if chosen is None:
            return taken, left
        taken[chosen[0]], left = chosen[1], left + chosen[2]


# --- Comparing ------------------------------------------------------------------------------------------------


class Check:
    """The whole contest worked out again; `differences` are pairs of Vietnamese and English."""

    def __init__(self, document, rules):
        self.document, self.rules = document, rules
        self.differences = []
        self.rounds = {}  # (round, category) -> {code: (entry, Outcome)}
        self.placed = {}
        self.prizes = None

    def differ(self, vi, en):
        self.differences.append((vi, en))

    def compare(self, what_vi, what_en, published, derived):
        if published != derived:
            self.differ(
                f"{what_vi}: công bố {told_any(published)}, tính lại {told_any(derived)}",
                f"{what_en}: published {told_any(published)}, worked out {told_any(derived)}",
            )

    def run(self):
        self.check_rules()
        last = self.rules["rounds"][-1]["id"]
        for rule in self.rules["rounds"]:
            for each in self.document["rounds"]:
                if each["round"] == rule["id"]:
                    self.check_round(rule, each)
        self.check_coverage(last)
        for category in self.document["categories"]:
            if (last, category) in self.rounds:
                self.check_places(last, category)
        self.check_published_names(last)
        self.check_people(last)
        self.check_votes(last)
        self.check_prizes()
        return self.differences

    def check_rules(self):
        given = self.document["rules"]
        sha = hashlib.sha256(given["text"].encode()).hexdigest()
        self.compare("SHA-256 của thể lệ", "SHA-256 of the rules", given["sha256"], sha)

    def check_coverage(self, last):
        """Every category that is covered has its last round, once; nothing else is there."""
        found = Counter((each["round"], each["category"]) for each in self.document["rounds"])
        for key, times in found.items():
            if times > 1:
                self.differ(f"Vòng {key} lặp lại", f"Round {key} stands twice")
            if key[1] not in self.document["categories"]:
                self.differ(f"Vòng {key} không thuộc tệp này", f"Round {key} is not of this file")
        for category in self.document["categories"]:
            if (last, category) not in found:
                self.differ(f"Thiếu vòng cuối của {category}", f"The last round of {category} is missing")
            ids = [each["id"] for each in self.rules["rounds"]]
            for before, after in zip(ids, ids[1:], strict=False):
                if (before, category) in self.rounds and (after, category) in self.rounds:
                    advanced = {
                        code for code, (entry, _) in self.rounds[before, category].items() if entry["advanced"]
                    }
                    there = set(self.rounds[after, category])
                    self.compare(
                        f"Bài của vòng {after}, hạng mục {category}",
                        f"Entries of round {after}, category {category}",
                        sorted(there),
                        sorted(advanced),
                    )

    # Rounds

    def check_round(self, rule, given):
        scale = self.rules["rubric"]["scale"]
        last = rule["id"] == self.rules["rounds"][-1]["id"]
        found = {}
        where = f"{rule['id']} {given['category']}"
        for entry in given["entries"]:
            code = entry["code"]
            if code in found:
                self.differ(f"{where}: bài {code} lặp lại", f"{where}: entry {code} stands twice")
                continue
            if self.check_sheets(where, entry):
                found[code] = (entry, outcome_of(rule, scale, entry))
            if (entry["advanced"] is None) != last or (entry["fell_out"] is None) == last:
                self.differ(f"{where}: bài {code} ghi sai vòng", f"{where}: entry {code} is marked for another round")
        self.rounds[given["round"], given["category"]] = found
        decimals = self.rules["scoring"]["display_decimals"]
        published = self.document["published"]["totals"].get(rule["id"], {}).get(given["category"], {})
        for code, (entry, outcome) in found.items():
            out = entry["set_aside"] or entry["fell_out"]
            if not out and (not outcome.complete or outcome.waits):
                self.differ(
                    f"{where}: vòng đã đóng nhưng bài {code} chưa đủ phiếu hoặc còn lệch điểm",
                    f"{where}: the round is closed, but entry {code} lacks sheets or has an open gap",
                )
            if code not in published:
                if last and not entry["fell_out"] and outcome.total is not None:
                    self.differ(f"{where}: bài {code} thiếu tổng điểm", f"{where}: no total is given for entry {code}")
                continue
            self.compare(
                f"{where}: tổng điểm bài {code}",
                f"{where}: total of entry {code}",
                Fraction(published[code]["exact"]),
                outcome.total,
            )
            shown = half_up(outcome.total, decimals) if outcome.total is not None else None
            self.compare(
                f"{where}: điểm hiển thị bài {code}", f"{where}: total of {code} as shown", published[code]["shown"], shown
            )
        for code in published:
            if code not in found:
                self.differ(f"{where}: công bố điểm bài lạ {code}", f"{where}: a total for an unknown entry {code}")
        if not last:
            self.check_line(rule, given["category"], found)

    def check_sheets(self, where, entry):
        """Whether the sheets hang together; what does not is told, and the entry is left out."""
        before = len(self.differences)
        code = entry["code"]
        criteria = {each["id"]: Fraction(each["max"]) for each in self.rules["rubric"]["criteria"]}
        step = Fraction(self.rules["rubric"]["step"])
        judges = Counter(raw["judge"] for raw in entry["sheets"])
        orders = Counter(each["order"] for raw in entry["sheets"] for each in raw["revisions"])
        if any(times > 1 for times in judges.values()):
            self.differ(f"{where} {code}: một giám khảo có hai phiếu", f"{where} {code}: a judge has two sheets")
        if sorted(orders) != list(range(1, sum(orders.values()) + 1)):
            self.differ(f"{where} {code}: thứ tự các lần chấm sai", f"{where} {code}: the order of revisions is broken")
        for raw in entry["sheets"]:
            name = f"{where} {code} {raw['judge']}"
            numbers = [each["number"] for each in raw["revisions"]]
            reopened = [each["revision"] for each in raw["reopenings"]]
            made = [each["order"] for each in raw["revisions"]]
            if numbers != list(range(1, len(numbers) + 1)) or made != sorted(made):
                self.differ(f"{name}: số lần chấm sai", f"{name}: revisions are not numbered in order")
            if len(set(reopened)) < len(reopened) or not set(reopened) <= set(numbers):
                self.differ(f"{name}: mở lại phiếu không khớp", f"{name}: reopenings do not match revisions")
            if raw["state"] == "final" and (not numbers or numbers[-1] in reopened):
                self.differ(f"{name}: phiếu đã mở lại mà vẫn tính", f"{name}: final, but its last revision was reopened")
            if raw["state"] == "open" and numbers and numbers[-1] not in reopened:
                self.differ(f"{name}: phiếu chưa mở lại", f"{name}: open, but its last revision was never reopened")
            if raw["state"] is None and (numbers or reopened):
                self.differ(f"{name}: phiếu chưa bắt đầu mà có điểm", f"{name}: not begun, but it has marks")
            if raw["standing"] != (raw["ended_because"] is None):
                self.differ(f"{name}: không rõ còn hiệu lực", f"{name}: standing and ended at once")
            if raw["counts"] != (raw["standing"] and raw["state"] == "final"):
                self.differ(f"{name}: ghi sai phiếu được tính", f"{name}: whether it counts is wrong")
            for revision in raw["revisions"]:
                marks = revision["marks"]
                if set(marks) != set(criteria):
                    self.differ(f"{name}: thiếu hoặc thừa tiêu chí", f"{name}: criteria are missing or unknown")
                    continue
                for criterion, mark in marks.items():
                    value = Fraction(mark)
                    if value > criteria[criterion] or value % step:
                        self.differ(
                            f"{name}: điểm {mark} của {criterion} không hợp lệ",
                            f"{name}: the mark {mark} on {criterion} cannot be given",
                        )
        known = set(judges)
        latest = {raw["judge"]: len(raw["revisions"]) for raw in entry["sheets"]}
        for seen in [*entry["settlements"], *(each["seen"] for each in entry["decisions"])]:
            if any(number > latest.get(judge, 0) for judge, number in seen.items()):
                self.differ(f"{where} {code}: ghi nhận lần chấm không có", f"{where} {code}: a record saw what is not there")
        for waiver in entry["waivers"]:
            if waiver["judge"] is not None and waiver["judge"] not in known:
                self.differ(f"{where} {code}: miễn cho giám khảo lạ", f"{where} {code}: a waiver for an unknown judge")
        return len(self.differences) == before

    def check_line(self, rule, category, found):
        """Who advances: the count, the minimum, and everyone with the total of the line."""
        advance = rule.get("advance") or {"counts": {}}
        least = Fraction(advance.get("min_score") or 0)
        able = {
            code: outcome.total
            for code, (entry, outcome) in found.items()
            if not entry["set_aside"] and outcome.total is not None and outcome.total >= least
        }
        count = advance["counts"].get(category, 0)
        line = line_of(able.values(), count)
        derived = sorted(code for code, total in able.items() if count > 0 and (line is None or total >= line))
        marked = sorted(code for code, (entry, _) in found.items() if entry["advanced"])
        told_line = told(line) if line is not None else "–"
        self.compare(
            f"{rule['id']} {category}: vào vòng sau (vạch {told_line})",
            f"{rule['id']} {category}: advancing (line {told_line})",
            marked,
            derived,
        )

    # Places

    def check_places(self, last, category):
        standing = {
            code: outcome
            for code, (entry, outcome) in self.rounds[last, category].items()
            if not entry["fell_out"] and not entry["set_aside"] and outcome.total is not None and outcome.complete
        }
        ballots = []
        for each in self.document["ballots"]:
            named = [code for group in each["groups"] for code in group]
            if len(set(named)) < len(named):
                self.differ("Một lá phiếu của hội đồng ghi một bài hai lần", "A ballot of the council names an entry twice")
            elif each["category"] == category:
                ballots.append(each["groups"])
        self.placed[category] = places_of(
            {code: outcome.total for code, outcome in standing.items()},
            {code: outcome.sheets for code, outcome in standing.items()},
            [each["rule"] for each in self.rules["scoring"]["tie_break"]],
            ballots,
        )
        published = self.document["published"]["places"].get(category)
        if published is None:
            self.differ(f"{category}: thiếu thứ hạng", f"{category}: the places are missing")
            return
        derived = {each.code: each for each in self.placed[category]}
        given = Counter(row["code"] for row in published)
        for code in derived:
            if given[code] != 1:
                self.differ(
                    f"{category}: bài {code} có {given[code]} thứ hạng", f"{category}: entry {code} has {given[code]} places"
                )
        for row in published:
            code = row["code"]
            if code not in derived:
                self.differ(f"{category}: bài {code} không được xếp hạng", f"{category}: entry {code} is not ranked")
                continue
            placed, name = derived[code], f"{category} {code}"
            self.compare(f"{name}: hạng", f"{name}: place", row["place"], placed.place)
            self.compare(f"{name}: điểm xếp hạng", f"{name}: total ranked by", Fraction(row["exact"]), placed.total)
            if row["tied_with"] is not None:
                self.compare(f"{name}: đồng hạng với", f"{name}: level with", sorted(row["tied_with"]), placed.tied_with)
            if row["parted_by"] is not None:
                self.compare(f"{name}: tiêu chí phụ", f"{name}: tie rules", row["parted_by"], placed.parted_by)

    def check_published_names(self, last):
        published = self.document["published"]
        for round_id, by_category in published["totals"].items():
            for category in by_category:
                if (round_id, category) not in self.rounds:
                    self.differ(
                        f"Công bố điểm vòng lạ {round_id} {category}", f"Totals of an unknown round {round_id} {category}"
                    )
        for category in published["places"]:
            if (last, category) not in self.rounds:
                self.differ(f"Công bố thứ hạng lạ {category}", f"Places of an unknown category {category}")

    # Prizes

    def finalists(self, last):
        return {
            code
            for (round_id, _), found in self.rounds.items()
            if round_id == last
            for code, (entry, _) in found.items()
            if not entry["fell_out"]
        }

    def check_people(self, last):
        people = self.document["people"]
        if people is not None:
            self.compare("Bài có tác giả", "Entries with people", sorted(people), sorted(self.finalists(last)))
            for code, persons in people.items():
                if not persons or len(set(persons)) < len(persons):
                    self.differ(f"Bài {code} ghi sai tác giả", f"The people of entry {code} are wrong")

    def check_votes(self, last):
        votes = self.document["votes"]
        if votes is None:
            return
        self.compare(
            "Số phiếu bình chọn đã nhận",
            "Ballots cast",
            votes["cast"],
            votes["valid"] + votes["void"] + sum(votes["set_aside"].values()),
        )
        most = self.rules["voting"].get("choices_max", 1)
        chosen = sum(votes["votes"].values())
        if not votes["valid"] <= chosen <= votes["valid"] * (most if isinstance(most, int) else 1):
            self.differ("Số lượt bình chọn không khớp số phiếu", "The votes do not fit the number of ballots")
        if any(count > votes["valid"] for count in votes["votes"].values()):
            self.differ("Một bài có nhiều lượt hơn số phiếu", "An entry has more votes than there are ballots")
        for code in sorted(set(votes["votes"]) - self.finalists(last)):
            self.differ(f"Bình chọn cho bài lạ {code}", f"Votes for an unknown entry {code}")

    def check_prizes(self):
        published, people = self.document["published"]["results"], self.document["people"]
        if published is None:
            return
        self.compare("Thời điểm tính", "Instant of computing", self.document["as_of"], published["computed_at"])
        if people is None or self.document["withheld"] is None or not self.document["whole"]:
            self.differ("Có giải nhưng thiếu dữ liệu để tính giải", "There are prizes, but not what they follow from")
            return
        withheld = self.document["withheld"]
        known = {prize["id"]: prize["count"] for prize in self.rules["prizes"]}
        for each in withheld:
            if each["prize"] not in known or not 0 < (each["seats"] or known[each["prize"]]) <= known[each["prize"]]:
                self.differ(f"Không trao {each['prize']}: sai", f"Withholding of {each['prize']} is wrong")
        if withheld and not self.rules["scoring"]["withhold_allowed"]:
            self.differ("Thể lệ không cho phép không trao giải", "The rules do not let a prize be withheld")
        if len({each["prize"] for each in withheld}) < len(withheld):
            self.differ("Một giải bị ghi không trao hai lần", "A prize is withheld twice")
        # A category without any entry is ranked too: nobody is left to receive its prizes.
        placed = {each["id"]: self.placed.get(each["id"], []) for each in self.rules["categories"]}
        beside = published.get("beside") or {"awards": [], "units": [], "final": []}
        elsewhere = self.check_beside(beside, withheld)
        found = self.prizes = prizes_of(self.rules, placed, people, self.document["votes"], withheld, elsewhere)
        self.compare_awards(published["awards"], found["awards"])
        self.compare(
            "Giải không trao",
            "Prizes not given",
            sorted((each["prize"], each["seats"], each["whole"]) for each in published["not_given"]),
            sorted(found["not_given"]),
        )
        self.compare(
            "Bài bị bỏ qua vì tác giả đã có giải",
            "Passed over since the author has a prize",
            sorted((each["prize"], each["code"]) for each in published["passed_over"]),
            sorted(found["passed_over"]),
        )
        self.compare(
            "Hội đồng còn phải quyết định",
            "Left to the council",
            sorted(told_tie(each) for each in published["undecided"]),
            sorted(told_tie(each) for each in found["undecided"]),
        )
        self.compare("Giải còn để ngỏ", "Prizes still open", sorted(published["open"]), sorted(found["open"]))
        self.compare("Tiền còn lại", "Money left", published["left"], found["left"])
        spent = sum(each[5] for each in found["awards"])
        spent += sum(each["amount"] for each in (*beside["awards"], *beside["units"]))
        if spent > self.rules["budget_prizes_vnd"]:
            self.differ(f"Tiền thưởng {spent} vượt kinh phí", f"Prizes of {spent} are above the budget")

    def check_beside(self, beside, withheld):
        """How many of each prize beside the ladder are given, where that is final. Who gets them follows from no score;
        counts, amounts, and that nobody gets one twice, are checked."""
        prizes = {prize["id"]: prize for prize in self.rules["prizes"]}
        rungs = {tier["rung"] for tier in self.rules["scoring"]["tiers"]}
        readers = self.rules["voting"].get("prize") if self.rules["voting"]["enabled"] else None
        aside = {name for name, prize in prizes.items() if prize["rung"] not in rungs and name != readers}
        held = {each["prize"]: each["seats"] for each in withheld}
        given, seen = Counter(), set()
        for each in (*beside["awards"], *beside["units"]):
            name, who = each["prize"], each.get("code") or each.get("unit")
            if name not in aside or each["amount"] != prizes[name]["amount_vnd"]:
                self.differ(f"Giải ngoài xếp hạng {name} sai", f"The prize beside the ranking {name} is wrong")
            if (name, who) in seen:
                self.differ(f"{name}: {who} được trao hai lần", f"{name}: {who} gets it twice")
            seen.add((name, who))
            given[name] += 1
        for name in aside:
            kept = held.get(name, 0)
            most = 0 if kept is None else prizes[name]["count"] - kept
            if given[name] > most:
                self.differ(f"{name}: trao {given[name]}, nhiều nhất {most}", f"{name}: {given[name]} given, at most {most}")
        people = self.document["people"] or {}
        for name in aside:
            if prizes[name].get("to") != "author":
                continue
            behind = [one for each in beside["awards"] if each["prize"] == name for one in people.get(each["code"], ())]
            if len(set(behind)) < len(behind):
                self.differ(f"{name}: một tác giả hai lần", f"{name}: an author gets it twice")
        return {name: given[name] for name in beside["final"] if name in aside}

    def compare_awards(self, published, derived):
        given = Counter(
            (
                each["prize"],
                each["code"],
                each["place"],
                Fraction(each["exact"]) if each["exact"] is not None else None,
                each["votes"],
                each["amount"],
            )
            for each in published
        )
        worked_out = Counter(derived)
        for each in sorted((given - worked_out).elements(), key=str):
            self.differ(f"Công bố trao {told_award(each)}, tính lại không có", f"Published but not worked out: {told_award(each)}")
        for each in sorted((worked_out - given).elements(), key=str):
            self.differ(f"Tính lại có {told_award(each)}, công bố không có", f"Worked out but not published: {told_award(each)}")


def told_award(award):
    prize, code, place, total, votes, amount = award
    rest = f"#{place}, {told(total)}" if total is not None else f"{votes} ★"
    return f"{prize} → {code} ({rest}, {amount} đ)"


def told_tie(tie):
    return f"{tie['prize']} ({tie['seats']}): {sorted(tie['codes'])} {sorted(tie['vote_on'])} {tie['reason']}"


def told_any(value):
    if isinstance(value, Fraction):
        return told(value)
    shown = "–" if value is None else str(value)
    return shown if len(shown) <= 300 else shown[:300] + "…"


# --- One entry explained --------------------------------------------------------------------------------------


def explain(check, code):
    """The arithmetic of one entry, round by round, and its place and prize; False when it is not in the file."""
    there = False
    for (round_id, category), found in check.rounds.items():
        if code not in found:
            continue
        there = True
        entry, outcome = found[code]
        print(f"\n{code} · {round_id} · {category}")
        for vi, en in outcome.words:
            print(f"  {vi}\n    {en}")
        if entry["set_aside"]:
            print("  Bài bị để ngoài danh sách, có lý do.\n    The entry was set aside by name and reason.")
        if entry["advanced"]:
            print("  Vào vòng sau.\n    Goes on to the next round.")
        if entry["fell_out"]:
            print("  Bài đã ra khỏi cuộc thi.\n    The entry has fallen out.")
    for placed in (each for found in check.placed.values() for each in found if each.code == code):
        print(f"  Hạng {placed.place}.\n    Place {placed.place}.")
        for rule in placed.parted_by:
            print(f"  Bằng điểm, phân định bằng: {rule}\n    Equal totals, parted by: {rule}")
        if placed.tied_with:
            others = ", ".join(placed.tied_with)
            print(f"  Đồng hạng với {others}.\n    Shares the place with {others}.")
    for award in (check.prizes or {}).get("awards", ()):
        if award[1] == code:
            print(f"  Giải: {told_award(award)}\n    Prize: {told_award(award)}")
    return there


def main(arguments=None):
    options = argparse.ArgumentParser(
        prog="verify_ranking.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("file", help="tệp điểm gốc · the file of raw scores")
    options.add_argument("--sha256", help="mã SHA-256 đã công bố của tệp · the SHA-256 given out for the file")
    options.add_argument("--explain", metavar="CODE", help="giải thích điểm của một bài · explain one entry")
    given = options.parse_args(arguments)
    try:
        path = Path(given.file)
        if path.stat().st_size > MAX_BYTES:
            refuse("JSON", "tệp quá lớn", "the file is too large")
        content = path.read_bytes()
        document, rules = read(content)
        check = Check(document, rules)
        differences = check.run()
    except OSError as error:
        print(f"Không mở được tệp · The file cannot be opened: {error}")
        return 2
    except Unreadable as error:
        print(f"Không đọc được tệp: {error.args[0]}\nThe file cannot be read: {error.args[1]}")
        return 2
    sha = hashlib.sha256(content).hexdigest()
    print(f"SHA-256 {sha}")
    if given.sha256 is not None and given.sha256.strip().lower() != sha:
        differences.insert(0, ("SHA-256 của tệp không khớp", "The SHA-256 of the file is not the one given"))
    entries = sum(len(found) for found in check.rounds.values())
    ranked = sum(len(found) for found in check.placed.values())
    print(f"Đã tính lại {entries} bài theo từng vòng, {ranked} thứ hạng.")
    print(f"Worked out {entries} entries round by round and {ranked} places again.")
    for vi, en in differences[:MAX_SHOWN]:
        print(f"- {vi}\n  {en}")
    if len(differences) > MAX_SHOWN:
        print(f"… +{len(differences) - MAX_SHOWN}")
    if given.explain is not None and not explain(check, given.explain):
        print(f"Không có bài {given.explain} trong tệp.\nThere is no entry {given.explain} in the file.")
        return 2
    if differences:
        print(f"KHÁC: {len(differences)} điểm không khớp.\nDIFFERENT: {len(differences)} things do not agree.")
        return 1
    print("KHỚP: tính lại ra đúng kết quả đã công bố.\nEQUAL: working it out again gives what was published.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
