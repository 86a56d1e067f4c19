"""The next stops of the tour: every instant at which a timetable opens or closes something."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from contest.contests.models import Contest
from contest.contests.ruleset import Localized
from contest.core.errors import N_

# What happens on paper alone has nothing to look at here.
_ON_PAPER = {"paper_postmark", "paper_arrival", "paper_keyed"}
BEGINS, ENDS = "begins", "ends"
# What a visitor would rather hear of first, when several things happen at once.
_FIRST = ("announce", "provisional", "voting", "submission", "shortlist", "council", "final", "prelim", "verification")
CLOSES = N_("%(step)s: closes")


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing at a milestone; `kind` is begins (or happens) or ends."""

    contest: Localized
    slug: str
    key: str
    label: Localized
    kind: str


@dataclass(frozen=True, slots=True)
class Milestone:
    """An instant of the timetables, and all that happens then."""

    at: datetime
    happenings: tuple[Happening, ...]

    @property
    def just_before(self) -> datetime:
        return self.at - timedelta(minutes=1)


def milestones(contests: Iterable[Contest], after: datetime) -> list[Milestone]:
    """Milestones later than `after`, the nearest first; what matters most is named first."""
    found: defaultdict[datetime, list[Happening]] = defaultdict(list)
    for contest in contests:
        rules = contest.rules
        for step in rules.timeline:
            if step.key in _ON_PAPER:
                continue
            found[step.starts].append(Happening(rules.title, rules.slug, step.key, step.label, BEGINS))
            if step.ends != step.starts:
                found[step.ends].append(Happening(rules.title, rules.slug, step.key, step.label, ENDS))
    return [
        Milestone(instant, tuple(sorted(found[instant], key=_weight))) for instant in sorted(found) if instant > after
    ]


def _weight(happening: Happening) -> tuple[int, str]:
    return (_FIRST.index(happening.key) if happening.key in _FIRST else len(_FIRST), happening.kind)
