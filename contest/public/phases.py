"""Where a contest stands, in words and acts. Derived from its windows, never stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from contest.contests.models import Contest
from contest.contests.ruleset import RuleSet
from contest.core.errors import N_
from contest.results.queries import find_public_results

# In the order in which a visitor should hear of them, when several are open at once.
_OPEN_STEPS = (
    ("submission", N_("Taking entries")),
    ("voting", N_("Readers are voting")),
    ("provisional", N_("Provisional results posted")),
    ("final", N_("Final judging")),
    ("prelim", N_("Preliminary judging")),
    ("screening", N_("Entries are being checked")),
    ("vote_audit", N_("Votes are being reviewed")),
    ("council", N_("The council meets")),
)


@dataclass(frozen=True, slots=True)
class Phase:
    """One line about a contest: what is going on and until when (None: no end is set)."""

    key: str
    label: str
    until: datetime | None
    running: bool


@dataclass(frozen=True, slots=True)
class Act:
    """The one thing that a visitor can do now: an endpoint that takes the contest's slug."""

    endpoint: str
    label: str
    until: datetime | None


def _next_public(rules: RuleSet, now: datetime) -> datetime | None:
    return min((step.starts for step in rules.public_steps() if step.starts > now), default=None)


def phase_of(contest: Contest, now: datetime, *, announced: bool | None = None) -> Phase:
    """What a visitor may know of where `contest` stands at `now`. `announced`: whether results are public, if known."""
    rules = contest.rules
    if now >= rules.official_at:
        if announced is None:
            announced = find_public_results(contest.id, now) is not None
        if not announced:  # two people have not approved them yet
            return Phase("between", N_("The results are being prepared"), None, running=True)
        return Phase("announced", N_("Results announced"), None, running=False)
    for key, label in _OPEN_STEPS:
        window = rules.window(key)
        if window and window.contains(now):
            return Phase(key, label, window.closes, running=True)
    submission = rules.window("submission")
    if submission and now < submission.opens:
        return Phase("soon", N_("Entries open soon"), submission.opens, running=True)
    return Phase("between", N_("The next step is being prepared"), _next_public(rules, now), running=True)


def current_act(contest: Contest, now: datetime) -> Act | None:
    """What a visitor can do in `contest` at `now`; None when there is only reading."""
    rules = contest.rules
    if rules.is_open("submission", now):
        window = rules.window("submission")
        return Act("entries.new", N_("Write an entry"), window.closes if window else None)
    if rules.voting.enabled and rules.is_open("voting", now):
        window = rules.window("voting")
        return Act("voting.booth", N_("Vote"), window.closes if window else None)
    if now >= rules.results_at and find_public_results(contest.id, now) is not None:
        return Act("results.honours", N_("See the results"), None)
    return None
