"""How results stand, in the words of practice: told from what is recorded and the clock, stored nowhere. Pure.

dự kiến → niêm yết → quyết định → công bố → đã điều chỉnh / thu hồi. Where the rules post nothing first, the
second is left out.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final, NamedTuple

from contest.contests.ruleset import RuleSet
from contest.core.errors import N_
from contest.results.models import ResultSet
from contest.results.rules import posts_first

EXPECTED: Final = "expected"
POSTED: Final = "posted"
DECIDED: Final = "decided"
ANNOUNCED: Final = "announced"
ADJUSTED: Final = "adjusted"
REVOKED: Final = "revoked"
STATES = {
    EXPECTED: N_("Expected results"),
    POSTED: N_("Posting for remarks"),
    DECIDED: N_("Decision taken"),
    ANNOUNCED: N_("Announcement"),
    ADJUSTED: N_("Amended since"),
    REVOKED: N_("Prizes taken back since"),
}


class State(NamedTuple):
    """A state on the way: whether it has been reached, and since when (None: not reached, or nobody noted it)."""

    key: str
    label: str
    reached: bool
    since: datetime | None
    now: bool


def states_of(
    rules: RuleSet, result_set: ResultSet | None, now: datetime, amended: Collection[tuple[str, datetime]] = ()
) -> list[State]:
    """The way of a contest's results, each state with whether it has been reached at `now`.

    `result_set` stands, or is None. `amended`: kind and instant of the amendments that are public at `now`.
    What has been approved and waits for its instant has not been announced.
    """
    reached: dict[str, datetime | None] = {}
    if result_set is not None:
        reached[EXPECTED] = result_set.computed_at
        if result_set.posted_by_id is not None and result_set.post_from is not None and result_set.post_from <= now:
            reached[POSTED] = result_set.post_from
        if result_set.decision_number is not None:
            reached[DECIDED] = None
        if _is_announced(result_set, now):
            reached[ANNOUNCED] = result_set.visible_from
            for kind, key in (("correct", ADJUSTED), ("revoke", REVOKED)):
                instants = [at for each, at in amended if each == kind and at <= now]
                if instants:
                    reached[key] = max(instants)
    ways = [EXPECTED, *([POSTED] if posts_first(rules) else []), DECIDED, ANNOUNCED]
    ways += [key for key in (ADJUSTED, REVOKED) if key in reached]
    last = next((key for key in reversed(ways) if key in reached), None)
    return [State(key, STATES[key], key in reached, reached.get(key), key == last) for key in ways]


def _is_announced(result_set: ResultSet, now: datetime) -> bool:
    """As queries.is_official, of a row that stands."""
    return (
        result_set.superseded_at is None
        and result_set.first_approver_id is not None
        and result_set.second_approver_id is not None
        and result_set.decision_number is not None
        and result_set.visible_from is not None
        and result_set.visible_from <= now
    )
