"""What the minutes of a category say of its prizes: given, joint, withheld and why, still to be decided.

As the council had them: minutes are of the day they tell of. What an amendment changed later has its own decision.
"""

from __future__ import annotations

from collections.abc import Callable

from contest.contests.models import Contest
from contest.core.errors import N_
from contest.core.formats import loc, money, number
from contest.judging.minutes_sources import PrizeLines
from contest.results.outcome import withholdings
from contest.results.queries import find_standing
from contest.results.wording import told

Say = Callable[..., str]


def prizes_in_words(contest: Contest, category: str, say: Say) -> PrizeLines:
    """Lines by code, as the standing computation has them; before there is one, what the council withholds."""
    rules = contest.rules
    mine = {prize.id: prize for prize in rules.prizes if prize.category in (category, None)}
    standing = find_standing(contest.id)
    if standing is None:
        held = []
        for each in withholdings(contest.id):
            if (prize := mine.get(each.prize_id)) is not None:
                seats = each.seats if each.seats is not None else prize.count
                held.append(_withheld(loc(prize.name), seats, each.reason, say))
        return PrizeLines((), tuple(held), ())
    given = []
    for award in standing.awards:
        if award.prize_id in mine and award.entry.category == category:
            why = " ".join(say(*told(each)) for each in award.why)
            line = f"{loc(mine[award.prize_id].name)}: {award.entry.blind_code}, {money(award.amount_vnd)}."
            given.append(f"{line} {why}".strip())
    report = standing.report
    withheld = [
        _withheld(loc(mine[each["prize"]].name), each["seats"], say(*told(each["why"])), say)
        for each in report["withheld"]
        if each["prize"] in mine and mine[each["prize"]].category == category
    ]
    undecided = [
        f"{loc(mine[each['prize']].name)}: {say(*told(each['why']))}"
        for each in report["undecided"]
        if each["prize"] in mine and mine[each["prize"]].category == category
    ]
    skipped = [
        f"{each['code']}, {loc(mine[each['prize']].name)}: {say(*told(each['why']))}"
        for each in report["skipped"]
        if each["prize"] in mine and mine[each["prize"]].category == category
    ]
    return PrizeLines(tuple(given), tuple(withheld), tuple(undecided), tuple(skipped))


def _withheld(name: str, seats: int, why: str, say: Say) -> str:
    told_ = N_("%(prize)s, %(count)s of it: %(why)s")
    return say(told_, {"prize": name, "count": number(seats), "why": why})
