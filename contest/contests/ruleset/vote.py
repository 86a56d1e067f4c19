"""The part of a rule set about the readers' vote. What the fields mean is written in docs/ruleset.md."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictInt

from contest.contests.ruleset.codes import BarredVoter, Identity, SetAside
from contest.contests.ruleset.kinds import Flag, Ident, Localized, Many, Part, Whole


class VoteAudit(Part):
    """How the vote is reviewed and what of it is published."""

    two_person: Flag = True
    publish: Many[Literal["cast", "valid", "set_aside_by_reason", "anonymous_tally_file"]] = ()


class Voting(Part):
    """The readers' vote: one ballot for the contest, each entry at most once on it."""

    enabled: Flag
    categories: Many[Ident] = ()
    identity: Identity = "email_otp"
    choices_max: Annotated[StrictInt, Field(ge=1, le=20)] = 1
    choices_same_entry_max: Annotated[StrictInt, Field(ge=1, le=1)] = 1
    changeable_until_close: Flag = True
    show_running_totals: Flag = False
    order: Literal["random_per_visitor"] = "random_per_visitor"
    author_names_shown: Flag = False
    prize: Ident | None = None
    min_valid_voters_for_prize: Whole = 0
    unit_mobilisation: Localized | None = None
    set_aside: Many[SetAside] = ()
    audit: VoteAudit = VoteAudit()
    note: Localized | None = None
    ballot_scope: Literal["contest", "category", "day"] = "contest"
    """One ballot of a voter for the whole window, one for each category, or some for each day (in Vietnam)."""
    ballots_per_day: Annotated[StrictInt, Field(ge=1, le=10)] = 1
    ballots_max: Annotated[StrictInt, Field(ge=1, le=1000)] | None = None
    """How many ballots of one voter over all days, where there are ballots by the day."""
    choices_per_category: Annotated[StrictInt, Field(ge=1, le=20)] | None = None
    reading_required: Flag = False
    """Whether an entry can be chosen only after its page was opened."""
    barred: Many[BarredVoter] = ("judges", "staff", "own_entry")
    paper_ballots: Flag = False
    turnout_public: Flag = True
    publish_figures: Literal["with_results"] = "with_results"
    tie_break: Many[Literal["better_jury_rank", "joint_award_if_budget_allows"]] = ()
    on_finalist_withdrawn: Literal["choice_void_voter_may_choose_again"] = "choice_void_voter_may_choose_again"
