"""The honours page as data: prizes from the highest, by category, with what stands beside them.

The same for the public page and the preview on the results desk; who may see it when is decided in
`contest.results.queries` before anything here is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import defer, joinedload

from contest.contests.models import Contest
from contest.contests.ruleset import Category, Localized, Prize, RuleSet
from contest.core.db import db
from contest.editions.queries import named_once
from contest.editions.shown import Shown, ShownPhoto, authors_are_public, shown_all
from contest.entries.models import Entry
from contest.entries.shown import author_shown, is_child
from contest.exemplars.models import Exemplar
from contest.judging.scoring import Words
from contest.results.models import Award, ResultSet
from contest.results.models_after import Amendment, UnitAward
from contest.results.queries import PROMOTED, AwardAt, amendments_at, awards_at, unit_awards_at
from contest.results.rules import beside_prizes, ladder_prizes, names_outside, quotation
from contest.results.wording import told, told_all
from contest.units.models import Unit

__all__ = ["VOID", "Honours", "Laurel", "authors_are_public", "honours_of"]


@dataclass(frozen=True)
class Laurel:
    """One award as it is shown. `quoted`: `words` are taken from the story, nobody wrote a citation.

    `stands`: readers may have the entry's edition; of one that they may not, `title` is empty and the
    prize is told by the code. `named`: an edition that names the author was approved, now or once.
    `promoted`: an amendment brought it.
    """

    award: Award
    entry: Entry
    code: str
    title: str
    author: str
    author_unit: Unit | None
    about: str
    about_unit: Unit | None
    words: str
    quoted: bool
    photo: ShownPhoto | None
    score: Fraction | None
    why: tuple[Words, ...]
    stands: bool
    named: bool
    promoted: bool = False


@dataclass(frozen=True)
class NotGiven:
    """Seats of a prize that nobody gets; `whole`: none of it is given."""

    seats: int
    whole: bool
    why: Words


@dataclass(frozen=True)
class PassedOver:
    """An entry that its total would have brought a prize, had its author none yet."""

    prize: Prize
    code: str
    why: Words


@dataclass(frozen=True)
class Rung:
    """A prize with those who get it and what of it is not given. `minimum`: the least total for it."""

    prize: Prize
    minimum: Decimal | None
    laurels: tuple[Laurel, ...]
    not_given: tuple[NotGiven, ...]


@dataclass(frozen=True)
class UnitLaurel:
    """A prize to a unit as it is shown."""

    award: UnitAward
    unit: Unit
    words: str
    why: tuple[Words, ...]


@dataclass(frozen=True)
class UnitRung:
    """A prize to units with those who get it and what of it is not given."""

    prize: Prize
    laurels: tuple[UnitLaurel, ...]
    not_given: tuple[NotGiven, ...]


@dataclass(frozen=True)
class Correction:
    """A public amendment as the erratum tells it: the prize that it is about, by code, or by unit.

    `moved`: who moved up, prize and code.
    """

    amendment: Amendment
    prize: Prize
    code: str
    unit: Unit | None
    moved: tuple[tuple[Prize, str], ...]


@dataclass(frozen=True)
class Class:
    """A category: its prizes from the highest. `entries`: whether it had any valid entry in the final."""

    category: Category
    rungs: tuple[Rung, ...]
    entries: bool

    @property
    def leading(self) -> tuple[Rung, ...]:
        """The given prizes at the top that exist once: shown large, with picture and words."""
        top: list[Rung] = []
        for rung in self.rungs:
            if rung.laurels and (rung.prize.count > 1 or not all(each.stands for each in rung.laurels)):
                break
            top += [rung] if rung.laurels else []
        return tuple(top)


@dataclass(frozen=True)
class Votes:
    """Figures of the vote. `lines`: finalists with their votes, most first; `not_counted` by reason code."""

    cast: int
    valid: int
    not_counted: tuple[tuple[str, int], ...]
    lines: tuple[tuple[Shown, int], ...]


@dataclass(frozen=True)
class Ballot:
    """A secret ballot of the council: in which category, on which codes, how many were present."""

    category: str
    groups: list[list[str]]
    present: int


@dataclass(frozen=True)
class Honours:
    """Everything of a result set that is told."""

    result_set: ResultSet
    classes: tuple[Class, ...]
    readers: Rung | None
    skipped: tuple[PassedOver, ...]
    votes: Votes | None
    ballots: tuple[Ballot, ...]
    ranked: dict[str, int]
    outside: tuple[Localized, ...]
    beside: tuple[Rung, ...] = ()
    units: tuple[UnitRung, ...] = ()
    corrections: tuple[Correction, ...] = ()

    @property
    def amount(self) -> int:
        """The money of all prizes that stand, in đồng."""
        to_units = sum(each.award.amount_vnd for rung in self.units for each in rung.laurels)
        return sum(each.award.amount_vnd for each in self.laurels) + to_units

    @property
    def number(self) -> int:
        """How many prizes stand."""
        return len(self.laurels) + sum(len(rung.laurels) for rung in self.units)

    @property
    def laurels(self) -> tuple[Laurel, ...]:
        """Every award to an entry, in the order in which it is told."""
        rungs = [rung for each in self.classes for rung in each.rungs] + ([self.readers] if self.readers else [])
        rungs += self.beside
        return tuple(laurel for rung in rungs for laurel in rung.laurels)


VOID = "void"


def honours_of(contest: Contest, result_set: ResultSet, now: datetime) -> Honours:
    """The honours of a result set, read with a fixed number of queries."""
    rules = contest.rules
    current = awards_at(
        result_set,
        now,
        joinedload(Award.entry).options(
            joinedload(Entry.exemplar).joinedload(Exemplar.unit),
            joinedload(Entry.author_unit),
            defer(Entry.body),
            defer(Entry.body_key),
        ),
    )
    awards = [each for each in current if each.stands]
    report = result_set.report
    ladder = ladder_prizes(rules)
    readable = {each.entry_id: each for each in shown_all({each.award.entry for each in awards}, now)}
    given = _Given(rules, awards, readable, named_once([each.award.entry_id for each in awards]), report)
    classes = tuple(
        Class(
            category,
            tuple(_rung(given, prize) for prize in ladder if prize.category == category.id),
            bool(report["rankings"].get(category.id)),
        )
        for category in rules.categories
    )
    readers = rules.readers_prize
    return Honours(
        result_set,
        classes,
        _rung(given, readers) if readers else None,
        _passed_over(rules, report),
        _votes(rules, report["tally"], now),
        tuple(Ballot(*each) for each in report["ballots"]),
        {category: len(places) for category, places in report["rankings"].items()},
        names_outside(rules, report),
        tuple(
            rung
            for prize in beside_prizes(rules)
            if prize.to != "unit" and ((rung := _rung(given, prize)).laurels or rung.not_given)
        ),
        _units(rules, result_set, now),
        _corrections(rules, current, result_set, now),
    )


def _passed_over(rules: RuleSet, report: dict[str, Any]) -> tuple[PassedOver, ...]:
    """Each entry once, for the highest prize that it missed."""
    found: dict[str, PassedOver] = {}
    for each in report["skipped"]:
        prize = rules.find_prize(each["prize"])
        if prize is not None:
            found.setdefault(each["code"], PassedOver(prize, each["code"], told(each["why"])))
    return tuple(found.values())


class _Given(NamedTuple):
    """What a result set gives, with what readers may have of the entries."""

    rules: RuleSet
    awards: Sequence[AwardAt]
    readable: Mapping[int, Shown]
    named: Collection[int]
    report: dict[str, Any]


def _rung(given: _Given, prize: Prize) -> Rung:
    minimums = {tier.rung: tier.min for tier in given.rules.scoring.tiers}
    return Rung(
        prize,
        minimums.get(prize.rung),
        tuple(
            _laurel(given.rules, each, given.readable[each.award.entry_id], named=each.award.entry_id in given.named)
            for each in given.awards
            if each.award.prize_id == prize.id
        ),
        _not_given(given.report, prize),
    )


def _not_given(report: dict[str, Any], prize: Prize) -> tuple[NotGiven, ...]:
    return tuple(
        NotGiven(each["seats"], each["whole"], told(each["why"]))
        for each in report["withheld"]
        if each["prize"] == prize.id
    )


def _units(rules: RuleSet, result_set: ResultSet, now: datetime) -> tuple[UnitRung, ...]:
    standing = [each for each in unit_awards_at(result_set, now) if each.stands]
    rungs = [
        UnitRung(
            prize,
            tuple(
                UnitLaurel(each.award, each.award.unit, each.citation, told_all(each.award.why))
                for each in standing
                if each.award.prize_id == prize.id
            ),
            _not_given(result_set.report, prize),
        )
        for prize in rules.prizes
        if prize.to == "unit"
    ]
    return tuple(rung for rung in rungs if rung.laurels or rung.not_given)


def _corrections(
    rules: RuleSet, current: Sequence[AwardAt], result_set: ResultSet, now: datetime
) -> tuple[Correction, ...]:
    """The erratum, in the order of its instants; the awards that it names are read at once."""
    rows = [each for each in amendments_at(result_set.contest_id, now) if each.result_set_id == result_set.id]
    if not rows:
        return ()
    codes = {each.award.entry_id: each.award.entry.blind_code or "" for each in current}
    found = []
    for row in rows:
        mine = row.award or row.unit_award
        prize = rules.find_prize(mine.prize_id) if mine else None
        if prize is None:
            continue
        moved = tuple(
            (higher, codes.get(each["entry"], ""))
            for each in row.moves.get("comes", ())
            if (higher := rules.find_prize(each["prize"]))
        )
        code = codes.get(row.award.entry_id, "") if row.award else ""
        found.append(Correction(row, prize, code, row.unit_award.unit if row.unit_award else None, moved))
    return tuple(found)


def _laurel(rules: RuleSet, at: AwardAt, story: Shown, *, named: bool) -> Laurel:
    award = at.award
    entry = award.entry
    category = rules.category(entry.category)
    child = is_child(entry.author_birth_date, entry.submitted_at, category)
    words = at.citation or quotation(story.text)
    return Laurel(
        award=award,
        entry=entry,
        code=story.code,
        title=story.title,
        author=at.author or author_shown(entry),
        # A child's unit is a school, which stays hidden.
        author_unit=None if child else entry.author_unit,
        about=story.about,
        about_unit=story.unit,
        words=words if story.presented else "",
        quoted=not at.citation,
        photo=story.photos[0] if story.photos else None,
        score=Fraction(award.score) if award.score else None,
        why=told_all(award.why),
        stands=story.presented,
        named=named,
        promoted=at.state == PROMOTED,
    )


def _votes(rules: RuleSet, kept: dict[str, Any] | None, now: datetime) -> Votes | None:
    if kept is None:
        return None
    query = select(Entry).where(Entry.id.in_([entry_id for entry_id, _ in kept["votes"]]))
    query = query.options(
        joinedload(Entry.exemplar).joinedload(Exemplar.unit), defer(Entry.body), defer(Entry.body_key)
    )
    entries = {each.entry_id: each for each in shown_all(db.session.scalars(query), now, texts=False)}
    reasons: list[tuple[str, int]] = [(code, kept["set_aside"].get(code, 0)) for code in rules.voting.set_aside]
    reasons += [(code, count) for code, count in sorted(kept["set_aside"].items()) if code not in dict(reasons)]
    reasons.append((VOID, kept["void"]))
    return Votes(
        kept["cast"],
        kept["valid"],
        tuple((code, count) for code, count in reasons if count),
        tuple((entries[entry_id], count) for entry_id, count in kept["votes"]),
    )
