"""All that a ranking follows from, as one document that anybody can work out again: see docs/verify-ranking.md.

Entries by their codes, judges as J1, J2 …, people behind entries as P1, P2 …; no name, no text of anybody, and
nothing of when somebody judged but the order. The same records give the same bytes, so that the SHA-256 of a
file says whether it is what the contest gave out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from contest.contests.models import Contest
from contest.contests.ruleset import Round
from contest.core.db import db
from contest.core.errors import N_, Refused
from contest.entries.models import Entry
from contest.entries.persons import people_behind
from contest.judging.council import category_ranking
from contest.judging.models_council import CouncilBallot
from contest.judging.queries import opened_categories
from contest.judging.records import EntryRecord, SheetRecord, closings_of, round_record
from contest.judging.rounds import round_state
from contest.judging.scoring import display
from contest.results.models import ResultSet
from contest.results.models_after import UnitAward
from contest.results.outcome import accepted_by_category, withholdings
from contest.results.queries import find_standing
from contest.results.rules import beside_prizes

SCHEMA = "guong-sang/raw-scores/1"


@dataclass(frozen=True)
class RawExport:
    """The document in its one spelling, and the SHA-256 of these bytes."""

    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def spelled(document: Any) -> bytes:
    """A document in its one spelling: UTF-8, keys sorted, no blanks. Raises TypeError for a binary float."""
    _no_floats(document)
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode()


def _no_floats(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError("decimals are written as text")
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _no_floats(each)


def exportable(contest: Contest) -> list[str]:
    """The categories whose scores are locked in the last round."""
    closed, last = closings_of(contest), contest.rules.last_round.id
    return [each.id for each in contest.rules.categories if (last, each.id) in closed]


def is_whole(contest: Contest) -> bool:
    """Whether the scores of all categories that have entries are locked, so that prizes can be worked out."""
    accepted = accepted_by_category(contest.id)
    locked = exportable(contest)
    return bool(locked) and all(each.id in locked for each in contest.rules.categories if accepted.get(each.id))


def raw_export(contest: Contest, category: str | None = None, *, prizes: bool = True) -> RawExport:
    """The raw scores of a category, or of the whole contest, once they are locked.

    With `prizes` (of the whole contest alone): the people behind entries, the vote, what is withheld and the
    results as computed, so far as there are. Without, nothing that the head of jury does not see before the
    announcement. Raises Refused while scores are not locked.
    """
    rules = contest.rules
    locked = exportable(contest)
    wanted = [category] if category is not None else locked
    if not set(wanted) <= set(locked) or (category is None and not is_whole(contest)):
        raise Refused(N_("Raw scores are given out once the scores are locked."), code="not_locked")
    whole, closed = category is None, closings_of(contest)
    result_set = find_standing(contest.id) if whole and prizes else None
    as_of = result_set.computed_at if result_set else None
    rounds = [
        (round_, each, round_record(contest, round_, each, closed[round_.id, each]), closed[round_.id, each].at)
        for round_ in rules.rounds
        for each in wanted
        if (round_.id, each) in closed
    ]
    named = _judges(record for _, _, entries, _ in rounds for entry in entries for record in entry.sheets)
    version = contest.current_version
    if version is None:
        raise LookupError(contest.slug)
    document = {
        "schema": SCHEMA,
        "contest": {"slug": contest.slug, "title": rules.title.model_dump()},
        "categories": wanted,
        "whole": whole,
        "as_of": _instant(as_of),
        "rules": {"number": version.number, "text": version.document, "sha256": version.sha256},
        "rounds": [
            {
                "round": round_.id,
                "category": each,
                "closed_at": _instant(closed_at),
                "entries": [_entry(entry, round_, named, as_of, last=round_ == rules.last_round) for entry in entries],
            }
            for round_, each, entries, closed_at in rounds
        ],
        "ballots": _ballots(contest, wanted, as_of),
        "people": _people(contest, rounds, as_of) if whole and prizes else None,
        "votes": _votes(result_set),
        "withheld": _withheld(contest) if whole and prizes else None,
        "published": {
            "totals": {
                round_.id: {
                    each: _totals(contest, round_, each, result_set) for other, each, _, _ in rounds if other == round_
                }
                for round_ in rules.rounds
            },
            "places": {each: _places(contest, each, result_set) for each in wanted},
            "results": _results(result_set),
        },
    }
    return RawExport(spelled(document))


def _instant(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None


def exact_text(value: Fraction) -> str:
    """A fraction as it is written in the document: 109/12, 87."""
    return str(value)


def _judges(records: Iterable[SheetRecord]) -> dict[int, str]:
    """J1, J2 … by judge, in an order that says nothing: that of the random names of their work."""
    least: dict[int, str] = {}
    for record in records:
        least[record.judge_id] = min(least.get(record.judge_id, record.public_id), record.public_id)
    ordered = sorted(least, key=lambda judge: hashlib.sha256(least[judge].encode()).digest())
    return {judge: f"J{at}" for at, judge in enumerate(ordered, start=1)}


# One entry of a round


def _entry(
    entry: EntryRecord, round_: Round, named: dict[int, str], as_of: datetime | None, *, last: bool
) -> dict[str, Any]:
    order = {
        revision.order: at
        for at, revision in enumerate(
            sorted((each for sheet in entry.sheets for each in sheet.revisions), key=lambda each: each.order), start=1
        )
    }
    of_sheet = {str(sheet.sheet_id): named[sheet.judge_id] for sheet in entry.sheets if sheet.sheet_id is not None}
    return {
        "code": entry.code,
        "sheets": [
            _sheet(sheet, named, order) for sheet in sorted(entry.sheets, key=lambda each: named[each.judge_id])
        ],
        "settlements": [_seen(seen, of_sheet) for _, seen in entry.settlements],
        "decisions": [{"total": str(total), "seen": _seen(seen, of_sheet)} for _, total, seen in entry.decisions],
        "waivers": [
            {"what": what, "judge": named.get(judge) if judge is not None else None, "lifted": lifted is not None}
            for _, what, judge, lifted in entry.waivers
        ],
        "set_aside": entry.set_aside,
        "advanced": entry.advanced if not last else None,
        "fell_out": _fell_out(entry.fell_out_at, as_of) if last else None,
    }


def _fell_out(fell_out_at: datetime | None, as_of: datetime | None) -> bool:
    return fell_out_at is not None and (as_of is None or fell_out_at <= as_of)


def _seen(seen: dict[str, int], of_sheet: dict[str, str]) -> dict[str, int]:
    return {of_sheet.get(sheet_id, f"?{at}"): number for at, (sheet_id, number) in enumerate(sorted(seen.items()))}


def _sheet(sheet: SheetRecord, named: dict[int, str], order: dict[int, int]) -> dict[str, Any]:
    return {
        "judge": named[sheet.judge_id],
        "kind": sheet.kind,
        "counts": sheet.standing and sheet.state == "final",
        "standing": sheet.standing,
        "ended_because": sheet.ended_because,
        "state": sheet.state,
        "revisions": [
            {
                "number": revision.number,
                "order": order[revision.order],
                "marks": {criterion: str(mark) for criterion, mark in revision.marks.items()},
                "source": revision.source,
            }
            for revision in sheet.revisions
        ],
        "reopenings": [{"revision": revision, "kind": kind} for revision, kind, _ in sheet.reopenings],
    }


# Beside the rounds


def _ballots(contest: Contest, categories: Sequence[str], as_of: datetime | None) -> list[dict[str, Any]]:
    rows = db.session.scalars(
        select(CouncilBallot)
        .where(CouncilBallot.contest_id == contest.id, CouncilBallot.category.in_(categories))
        .order_by(CouncilBallot.id)
    )
    return [
        {"category": row.category, "groups": [sorted(group) for group in row.groups], "present": row.present}
        for row in rows
        if as_of is None or row.at <= as_of
    ]


_Rounds = Sequence[tuple[Round, str, list[EntryRecord], datetime]]


def _people(contest: Contest, rounds: _Rounds, as_of: datetime | None) -> dict[str, list[str]] | None:
    """The people behind each finalist, the same person by the same tag; None while the codes are sealed."""
    if not {category for _, category, _, _ in rounds} <= opened_categories(contest.id):
        return None
    last = contest.rules.last_round
    finalists = {
        entry.id: entry.code
        for round_, _, entries, _ in rounds
        if round_ == last
        for entry in entries
        if not _fell_out(entry.fell_out_at, as_of)
    }
    behind = people_behind(finalists)
    tags: dict[str, str] = {}
    for id_ in sorted(finalists, key=lambda id_: finalists[id_]):
        for person in sorted(behind.get(id_, ())):
            tags.setdefault(person, f"P{len(tags) + 1}")
    return {code: sorted(tags[person] for person in behind.get(id_, ())) for id_, code in finalists.items()}


def _votes(result_set: ResultSet | None) -> dict[str, Any] | None:
    """The count of the vote as the results were computed from it."""
    count = result_set.report["tally"] if result_set else None
    if count is None:
        return None
    ids = [entry_id for entry_id, _ in count["votes"]]
    codes = dict(db.session.execute(select(Entry.id, Entry.blind_code).where(Entry.id.in_(ids))).all())
    return {
        "cast": count["cast"],
        "valid": count["valid"],
        "void": count["void"],
        "set_aside": count["set_aside"],
        "votes": {codes[entry_id]: votes for entry_id, votes in count["votes"]},
    }


def _withheld(contest: Contest) -> list[dict[str, Any]]:
    return [{"prize": each.prize_id, "seats": each.seats} for each in withholdings(contest.id)]


# What was published


def _totals(contest: Contest, round_: Round, category: str, result_set: ResultSet | None) -> dict[str, Any]:
    totals = {
        state.entry.code: state.result.total
        for state in round_state(contest, round_.id, category)
        if state.result.total is not None
    }
    if result_set is not None and round_ == contest.rules.last_round:
        # Who fell out after the results were computed was ranked in them.
        for _, code, total in result_set.report["rankings"].get(category, []):
            totals.setdefault(code, Fraction(total))
    decimals = contest.rules.scoring.display_decimals
    return {
        code: {"exact": exact_text(total), "shown": str(display(total, decimals))} for code, total in totals.items()
    }


def _places(contest: Contest, category: str, result_set: ResultSet | None) -> list[dict[str, Any]]:
    """The places with the rules that parted equal totals; as the results have them, where there are results."""
    found = category_ranking(contest, category)
    code = {public_id: state.entry.code for public_id, state in found.states.items()}
    rows: list[dict[str, Any]] = [
        {
            "place": placed.place,
            "code": placed.standing.code,
            "exact": exact_text(placed.standing.total),
            "tied_with": sorted(code[entry] for entry in placed.tied_with),
            "parted_by": list(placed.parted_by),
        }
        for placed in found.ranking
    ]
    if result_set is None:
        return rows
    told = result_set.report["rankings"].get(category, [])
    by_code = {row["code"]: row for row in rows}
    published = []
    for place, name, total in told:
        now = by_code.get(name)
        same = now is not None and (now["place"], Fraction(now["exact"])) == (place, Fraction(total))
        row = {"place": place, "code": name, "exact": exact_text(Fraction(total))}
        # What has changed since the results were computed is not what they were computed from.
        rest = {key: now[key] if same and now else None for key in ("tied_with", "parted_by")}
        published.append({**row, **rest})
    return published


def _results(result_set: ResultSet | None) -> dict[str, Any] | None:
    if result_set is None:
        return None
    report = result_set.report
    rules = result_set.contest.rules
    aside = {prize.id for prize in beside_prizes(rules)}
    units = db.session.scalars(
        select(UnitAward)
        .where(UnitAward.result_set_id == result_set.id)
        .options(joinedload(UnitAward.unit))
        .order_by(UnitAward.position)
    ).all()
    return {
        "computed_at": _instant(result_set.computed_at),
        "fingerprint": result_set.fingerprint,
        "decision": result_set.decision_number,
        "awards": [
            {
                "prize": award.prize_id,
                "code": award.entry.blind_code,
                "place": award.place,
                "exact": exact_text(Fraction(award.score)) if award.score else None,
                "votes": award.votes,
                "amount": award.amount_vnd,
            }
            for award in result_set.awards
            if award.prize_id not in aside
        ],
        "beside": {
            "awards": [
                {"prize": award.prize_id, "code": award.entry.blind_code, "amount": award.amount_vnd}
                for award in result_set.awards
                if award.prize_id in aside
            ],
            "units": [{"prize": each.prize_id, "unit": each.unit.code, "amount": each.amount_vnd} for each in units],
            "final": sorted(report.get("beside", ())),
        },
        "not_given": [
            {"prize": each["prize"], "seats": each["seats"], "whole": each["whole"]} for each in report["withheld"]
        ],
        "passed_over": [{"prize": each["prize"], "code": each["code"]} for each in report["skipped"]],
        "undecided": [
            {key: each[key] for key in ("prize", "codes", "vote_on", "seats", "reason")}
            for each in report["undecided"]
            if each["prize"] not in aside
        ],
        "open": report["open"],
        "left": report["left"],
    }
