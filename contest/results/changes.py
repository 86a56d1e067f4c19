"""What computing anew changed: two computations of a contest's results, prize by prize and place by place.

Reads, never writes. The older one is on record as it was; nothing here asks whether anyone but organisers
may see either of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import defer, joinedload

from contest.contests.models import Contest
from contest.contests.ruleset import Prize, RuleSet
from contest.core.db import db
from contest.core.errors import N_
from contest.core.formats import loc, money
from contest.entries.models import Entry
from contest.judging.scoring import Words
from contest.results.models import Award, ResultSet
from contest.results.models_after import UnitAward
from contest.results.queries import amendments_at, find_public_results, find_standing
from contest.results.wording import told, told_all

Say = Callable[..., str]


@dataclass(frozen=True)
class Moved:
    """An entry, or a unit, that has other prizes than before. `why`: of the prizes that it has now.

    `code` is the entry's, or the unit's name. `out`: the entry is not in the ranking any more.
    """

    code: str
    before: tuple[Prize, ...]
    after: tuple[Prize, ...]
    why: tuple[Words, ...] = ()
    out: bool = False


@dataclass(frozen=True)
class Placed:
    """A place and a total, None where an entry is not ranked."""

    code: str
    category: str
    before: tuple[int, Fraction] | None
    after: tuple[int, Fraction] | None


@dataclass(frozen=True)
class Seats:
    """How many of a prize are not given, before and now; `why` they are not."""

    prize: Prize
    before: int
    after: int
    why: Words | None


@dataclass(frozen=True)
class Changes:
    """The difference between two computations; `before` is the older one. Amounts in đồng."""

    before: ResultSet
    after: ResultSet
    prizes: tuple[Moved, ...]
    places: tuple[Placed, ...]
    not_given: tuple[Seats, ...]
    undecided: tuple[Words, ...]
    money: tuple[int, int]

    def __bool__(self) -> bool:
        """Whether anything that is given, or to whom, differs."""
        return bool(self.prizes or self.places or self.not_given or self.money[0] != self.money[1])


@dataclass(frozen=True)
class _Given:
    """What one computation gives: prizes by who has them, the reasons, the sum."""

    prizes: dict[tuple[str, str], list[str]]
    why: dict[tuple[str, str], list[Words]]
    money: int


_ENTRY, _UNIT = "entry", "unit"
# A history that is longer is told by the audit log.
MOST = 10


def history(contest: Contest) -> list[Changes]:
    """Each computation against the one before it, the newest first. Three queries."""
    sets = db.session.scalars(
        select(ResultSet)
        .where(ResultSet.contest_id == contest.id)
        .options(joinedload(ResultSet.computed_by))
        .order_by(ResultSet.id.desc())
        .limit(MOST + 1)
    ).all()
    given = _given(sets)
    rules = contest.rules
    return [_between(rules, older, newer, given[older.id], given[newer.id]) for newer, older in pairwise(sets)]


def changes_since(contest: Contest, at: datetime) -> Changes | None:
    """What stands now against what stood at `at`; None when nothing was superseded since. Three queries."""
    sets = db.session.scalars(
        select(ResultSet)
        .where(ResultSet.contest_id == contest.id, (ResultSet.superseded_at > at) | ResultSet.superseded_at.is_(None))
        .options(joinedload(ResultSet.computed_by))
        .order_by(ResultSet.id)
    ).all()
    if len(sets) < 2 or sets[0].computed_at > at:
        return None
    given = _given([sets[0], sets[-1]])
    return _between(contest.rules, sets[0], sets[-1], given[sets[0].id], given[sets[-1].id])


def _given(sets: Sequence[ResultSet]) -> dict[int, _Given]:
    """What these computations give, as they were decided: what amendments brought later is left out."""
    ids = [each.id for each in sets]
    found = {each: _Given({}, {}, 0) for each in ids}
    awards = db.session.scalars(
        select(Award)
        .where(Award.result_set_id.in_(ids), Award.since_amendment_id.is_(None))
        .options(joinedload(Award.entry).options(defer(Entry.body), defer(Entry.body_key)))
        .order_by(Award.position)
    )
    units = db.session.scalars(
        select(UnitAward)
        .where(UnitAward.result_set_id.in_(ids))
        .options(joinedload(UnitAward.unit))
        .order_by(UnitAward.position)
    )
    for each in awards:
        _add(found, each, (_ENTRY, each.entry.blind_code or each.entry.public_id))
    for row in units:
        _add(found, row, (_UNIT, row.unit.name))
    return found


def _add(found: dict[int, _Given], award: Award | UnitAward, who: tuple[str, str]) -> None:
    mine = found[award.result_set_id]
    mine.prizes.setdefault(who, []).append(award.prize_id)
    mine.why.setdefault(who, []).extend(told_all(award.why))
    found[award.result_set_id] = _Given(mine.prizes, mine.why, mine.money + award.amount_vnd)


def _between(rules: RuleSet, before: ResultSet, after: ResultSet, old: _Given, new: _Given) -> Changes:
    places = _places(before.report, after.report)
    ranked = {code for lines in after.report["rankings"].values() for _, code, _ in lines}
    return Changes(
        before,
        after,
        _prizes(rules, old, new, ranked),
        places,
        _not_given(rules, before.report, after.report),
        tuple(told(each["why"]) for each in after.report["undecided"]),
        (old.money, new.money),
    )


def _prizes(rules: RuleSet, old: _Given, new: _Given, ranked: set[str]) -> tuple[Moved, ...]:
    """Who has other prizes, in the order of the prizes that they have now, those with none last."""
    order = {prize.id: at for at, prize in enumerate(rules.prizes)}
    found = []
    for who in {**old.prizes, **new.prizes}:
        was, now = old.prizes.get(who, []), new.prizes.get(who, [])
        if sorted(was) == sorted(now):
            continue
        kind, code = who
        out = kind == _ENTRY and not now and code not in ranked
        found.append(Moved(code, _named(rules, was), _named(rules, now), tuple(new.why.get(who, ())), out))
    return tuple(sorted(found, key=lambda each: min((order[prize.id] for prize in each.after), default=len(order))))


def _named(rules: RuleSet, ids: Iterable[str]) -> tuple[Prize, ...]:
    return tuple(prize for each in ids if (prize := rules.find_prize(each)) is not None)


def _places(before: dict[str, Any], after: dict[str, Any]) -> tuple[Placed, ...]:
    """Entries with another place or total, in the order in which they are ranked now, those who fell out last."""
    found = []
    for category in {**before["rankings"], **after["rankings"]}:
        old, new = _by_code(before, category), _by_code(after, category)
        changed = [code for code in {**new, **old} if old.get(code) != new.get(code)]
        found += [Placed(code, category, old.get(code), new.get(code)) for code in changed]
    return tuple(found)


def _by_code(report: dict[str, Any], category: str) -> dict[str, tuple[int, Fraction]]:
    return {code: (place, Fraction(total)) for place, code, total in report["rankings"].get(category, [])}


def _not_given(rules: RuleSet, before: dict[str, Any], after: dict[str, Any]) -> tuple[Seats, ...]:
    old, new = _seats(before), _seats(after)
    why = {each["prize"]: told(each["why"]) for each in after["withheld"]}
    return tuple(
        Seats(prize, old.get(prize.id, 0), new.get(prize.id, 0), why.get(prize.id))
        for prize in rules.prizes
        if old.get(prize.id, 0) != new.get(prize.id, 0)
    )


def _seats(report: dict[str, Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in report["withheld"]:
        found[each["prize"]] = found.get(each["prize"], 0) + each["seats"]
    return found


# In words, and what became of a case that was found right

SAME, CHANGED, TO_COMPUTE, TO_AMEND = "same", "changed", "to_compute", "to_amend"


@dataclass(frozen=True)
class FollowUp:
    """What an answered case led to. `state` is one of the four above; `at`: when it was computed anew.

    `lines`: what changed, in words. `endpoint`: the page where it is seen to.
    """

    state: str
    at: datetime | None
    lines: tuple[str, ...]
    endpoint: str


def follow_up(contest: Contest, answered_at: datetime, now: datetime, say: Say) -> FollowUp | None:
    """What came of the results after a case was found right at `answered_at`; None while there are none.

    Tells who has which prize: for those alone who may see that at `now`.
    """
    public = find_public_results(contest.id, answered_at)
    if public is not None and public.standing == "official":
        amended = [each for each in amendments_at(contest.id, now) if (each.visible_from or now) > answered_at]
        said = N_("Decision No. %(number)s of %(day)s: %(reason)s")
        lines = tuple(
            say(said, {"number": each.decision_number, "day": each.decision_date, "reason": each.reason})
            for each in amended
        )
        return FollowUp(TO_AMEND, None, lines, "results.amendments")
    standing = find_standing(contest.id)
    if standing is None:
        return None
    if standing.computed_at <= answered_at:
        return FollowUp(TO_COMPUTE, None, (), "results.desk")
    found = changes_since(contest, answered_at)
    lines = in_words(found, say) if found else ()
    return FollowUp(CHANGED if lines else SAME, standing.computed_at, lines, "results.changes")


def in_words(found: Changes, say: Say) -> tuple[str, ...]:
    """A difference in sentences: prizes first, then what is not given, then the money. Places are not told."""
    lines = [_moved_in_words(each, say) for each in found.prizes]
    lines += [
        say(
            N_("%(prize)s: %(after)s are not given, %(before)s before."),
            {"prize": _names([each.prize]), "after": each.after, "before": each.before},
        )
        for each in found.not_given
    ]
    if found.money[0] != found.money[1]:
        sums = {"after": money(found.money[1]), "before": money(found.money[0])}
        lines.append(say(N_("All prizes come to %(after)s, %(before)s before."), sums))
    lines += [say(message, params) for message, params in found.undecided]
    return tuple(lines)


def _moved_in_words(each: Moved, say: Say) -> str:
    """What somebody no longer has, and has now; what they keep is not told."""
    gone = [prize for prize in each.before if prize not in each.after]
    come = [prize for prize in each.after if prize not in each.before]
    words = {"code": each.code, "before": _names(gone), "after": _names(come)}
    if each.out:
        return say(N_("%(code)s fell out of the ranking (before: %(before)s)."), words)
    if not come:
        return say(N_("%(code)s: no longer %(before)s."), words)
    if not gone:
        return say(N_("%(code)s: now %(after)s."), words)
    return say(N_("%(code)s: now %(after)s, before: %(before)s."), words)


def _names(prizes: Sequence[Prize]) -> str:
    return ", ".join(f"{prize.category} – {loc(prize.name)}" if prize.category else loc(prize.name) for prize in prizes)
