"""What a request to the booth is about: a contest with a vote, who is known here, and which of their ballots."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g

from contest.contests.models import Contest
from contest.contests.queries import get_issued_contest
from contest.contests.ruleset import RuleSet
from contest.core.errors import NotFound
from contest.voting import queries
from contest.voting import views_browser as browser
from contest.voting.channels import Channel, find_channel
from contest.voting.models import Voter
from contest.voting.queries import OwnBallot
from contest.voting.rules import parts_of, scope_of
from contest.voting.views_browser import Known


def vote_of(slug: str) -> Contest:
    """A contest with a vote, once its rules are issued. Raises NotFound."""
    contest = get_issued_contest(slug, g.now)
    if not contest.rules.voting.enabled:
        raise NotFound(slug)
    return contest


def channel_of(contest: Contest) -> Channel | None:
    """How voters are confirmed, while there is something to confirm them for."""
    return find_channel(contest.rules.voting.identity) if contest.rules.is_open("voting", g.now) else None


@dataclass(frozen=True)
class Part:
    """One of the ballots that a reader has now. `cast`: whether it is in already."""

    name: str
    scope: str
    cast: bool


@dataclass(frozen=True)
class Place:
    """Where a reader stands: the voter of this browser, if any, and one of the ballots."""

    contest: Contest
    known: Known | None
    voter: Voter | None
    parts: tuple[Part, ...]
    part: Part
    ballot: OwnBallot | None
    held: tuple[str, ...]  # scopes of all ballots of this voter, those of earlier days too

    @property
    def rules(self) -> RuleSet:
        return self.contest.rules

    @property
    def final(self) -> bool:
        """Whether the ballot is in and may not be changed."""
        return self.ballot is not None and not self.rules.voting.changeable_until_close

    @property
    def categories(self) -> list[str]:
        """The categories that this ballot may choose from."""
        voting = self.rules.voting
        return [self.part.name] if voting.ballot_scope == "category" else list(voting.categories)

    @property
    def own(self) -> list[int]:
        """Ids of entries that this voter wrote and may not choose."""
        return list(self.voter.own or []) if self.voter else []


def place(contest: Contest, asked: str | None, *, past: bool = False) -> Place:
    """Where this browser stands in a vote. `asked` names the ballot (`?phieu=`).

    What is not asked for, or is none of theirs, is the first that is not in yet. With `past` a
    ballot of an earlier day is found by its scope.
    """
    voting = contest.rules.voting
    known = browser.find_known(contest.slug)
    voter = queries.find_voter(contest.id, known.voter_id) if known else None
    several = voting.ballot_scope != "contest"
    held = tuple(queries.own_ballots(contest.id, voter.id)) if voter and several else ()
    scopes = {name: scope_of(voting, g.now, name) for name in parts_of(voting)}
    parts = tuple(Part(name, scope, scope in held) for name, scope in scopes.items())
    part = next((each for each in parts if each.name == asked), None)
    if part is None and past and held and not any(each.cast for each in parts):
        asked = asked if asked in held else held[-1]
    if part is None and past and asked in held:
        part = Part(asked, asked, True)
    if part is None:
        part = next((each for each in parts if each.cast == past), parts[0])
    ballot = queries.find_own_ballot(contest, voter.id, part.scope) if voter else None
    return Place(contest, known if voter else None, voter, parts, part, ballot, held)
