"""What follows when a prize is taken back, read from the results as they were announced. Nothing here writes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import select

from contest.contests.models import Contest
from contest.contests.ruleset import Prize
from contest.core.db import db
from contest.core.errors import N_, Refused
from contest.entries.models import Entry
from contest.entries.persons import people_behind
from contest.entries.queries import eligible_to_advance
from contest.judging.rounds import in_round
from contest.results.beside import by_age
from contest.results.beside_sources import finalists_of
from contest.results.cascade import Held, Move, Ranked, cascade, next_of_vote
from contest.results.ladder import held_seats
from contest.results.models import Award, ResultSet
from contest.results.outcome import withholdings
from contest.results.queries import REVOKED, AwardAt, awards_at
from contest.results.rules import is_by_age
from contest.results.wording import as_text

CASCADE, EMPTY = "cascade", "empty"


def knows_next(contest: Contest, prize: Prize) -> bool:
    """Whether the rules say who is next for a prize: by rank, by votes or by age."""
    rules = contest.rules
    return rules.is_ladder_prize(prize) or prize == rules.readers_prize or is_by_age(prize)


def follows_by_rule(contest: Contest, prize: Prize | None) -> str | None:
    """What the rules say follows when a prize is taken back: cascade or empty; None: they do not say."""
    if prize is None or not knows_next(contest, prize):
        return None
    return {"next_moves_up": CASCADE, "stays_empty": EMPTY}.get(contest.rules.scoring.prize_taken_back)


def moves_after(contest: Contest, result_set: ResultSet, award: Award, follow: str, now: datetime) -> dict[str, Any]:
    """What ends and what comes when `award` is taken back: ids of awards, and prizes to entries.

    `follow`: cascade, or empty. Raises Refused where nobody is next by the rules, or a tie is.
    """
    found: dict[str, Any] = {"ends": [award.id], "comes": []}
    if follow == EMPTY:
        return found
    prize = contest.rules.find_prize(award.prize_id)
    if prize is None or not knows_next(contest, prize):
        raise Refused(N_("The rules name nobody as next for this prize. Leave it empty."), code="nobody_next")
    current = awards_at(result_set, now)
    ids = {(each.award.prize_id, each.award.entry_id): each.award.id for each in current if each.stands}
    for move in _moves(contest, result_set, award, prize, current):
        given_up = ids.get((move.gives_up, move.entry)) if move.gives_up else None
        if given_up is not None:
            found["ends"].append(given_up)
        found["comes"].append(
            {
                "prize": move.prize_id,
                "entry": move.entry,
                "place": move.place,
                "score": as_text(move.total) if move.total is not None else None,
                "gives_up": given_up,
            }
        )
    return found


def _moves(
    contest: Contest, result_set: ResultSet, award: Award, prize: Prize, current: Sequence[AwardAt]
) -> list[Move]:
    rules = contest.rules
    report = result_set.report
    taken = Held(award.prize_id, award.entry_id)
    holders = [Held(each.award.prize_id, each.award.entry_id) for each in current if each.stands]
    fit = set(
        db.session.scalars(
            select(Entry.id).where(*in_round(contest, rules.last_round), Entry.id.in_(eligible_to_advance(contest.id)))
        )
    )
    if prize == rules.readers_prize:
        votes = [(entry, count) for entry, count in (report["tally"] or {}).get("votes", [])]
        places = {line.entry: line.place for each in rules.categories for line in ranked(contest, report, each.id)}
        return next_of_vote(votes, taken, holders, places, {entry for entry, _ in votes if entry not in fit})
    if is_by_age(prize):
        return _next_by_age(contest, prize, taken, holders, fit)
    lines = ranked(contest, report, prize.category or "")
    ladder = {each.id for _, each in rules.ladder(prize.category or "")}
    deprived = {each.award.entry_id for each in current if each.state == REVOKED and each.award.prize_id in ladder}
    return cascade(
        rules,
        taken,
        [each for each in holders if each.prize_id in ladder],
        lines,
        people_behind([line.entry for line in lines]),
        out={line.entry for line in lines} - fit,
        held={
            each.prize_id: held_seats(mine, each)
            for each in withholdings(contest.id)
            if (mine := rules.find_prize(each.prize_id))
        },
        deprived=deprived,
    )


def ranked(contest: Contest, report: dict[str, Any], category: str) -> list[Ranked]:
    """The ranking of a category as the results were computed from it. One query."""
    lines = report["rankings"].get(category, [])
    rows = db.session.execute(
        select(Entry.blind_code, Entry.id).where(
            Entry.contest_id == contest.id, Entry.blind_code.in_([code for _, code, _ in lines])
        )
    )
    ids = {row[0]: row[1] for row in rows}
    return [Ranked(ids[code], place, Fraction(total), code) for place, code, total in lines if code in ids]


def _next_by_age(contest: Contest, prize: Prize, taken: Held, holders: Sequence[Held], fit: set[int]) -> list[Move]:
    has = {each.entry for each in holders if each.prize_id == prize.id} | {taken.entry}
    entries = db.session.scalars(select(Entry).where(Entry.id.in_(fit | has))).all()
    ids = {each.public_id: each.id for each in entries}
    finalists = finalists_of(entries, people_behind(list(ids.values())), {})
    barred = [each.people for each in finalists if ids[each.entry] in has]
    free = [each for each in finalists if ids[each.entry] in fit and not any(each.people & mine for mine in barred)]
    line = by_age(prize, free)
    if not line:
        return []
    day = max if prize.rung == "tre_tuoi" else min
    born: list[date] = [day(each.born) for each in line[:2]]
    if len(born) > 1 and born[0] == born[1]:
        raise Refused(N_("Authors born on the same day come next. Leave the prize empty."), code="tied")
    return [Move(prize.id, ids[line[0].entry])]


def codes_of(entry_ids: Collection[int]) -> dict[int, str]:
    """The codes of entries by their ids."""
    rows = db.session.execute(select(Entry.id, Entry.blind_code).where(Entry.id.in_(entry_ids)))
    return {row[0]: row[1] or "" for row in rows}
