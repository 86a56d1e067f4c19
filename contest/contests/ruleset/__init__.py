"""Rule sets: the document that says all that a contest is, read, checked and compared.

Pure: no database, no request, no clock. `parse_rule_set` is the way in; what the fields mean is
written in docs/ruleset.md.
"""

from contest.contests.ruleset.canonical import Canonical, Difference, canonical, differences
from contest.contests.ruleset.codes import StepKey
from contest.contests.ruleset.kinds import Counts, Localized
from contest.contests.ruleset.model import RuleSet
from contest.contests.ruleset.parsing import (
    Sourced,
    parse_rule_set,
    parse_rule_sets,
    read_rule_set,
    read_rule_sets,
    rule_set_problems,
)
from contest.contests.ruleset.parts import (
    Advance,
    Anniversary,
    Bodies,
    Category,
    Criterion,
    Eligibility,
    EntryRules,
    Gap,
    Photos,
    Prize,
    PublishedWindow,
    Quota,
    Round,
    Rubric,
    Scoring,
    Sees,
    Step,
    TieBreak,
    Tier,
    Verification,
    Words,
)
from contest.contests.ruleset.parts_after import Announcement, Article, Complaints, Privacy, Rights
from contest.contests.ruleset.problems import Problem, RuleSetInvalid
from contest.contests.ruleset.reading import read_json
from contest.contests.ruleset.vote import VoteAudit, Voting

__all__ = [
    "Advance",
    "Anniversary",
    "Announcement",
    "Article",
    "Bodies",
    "Canonical",
    "Category",
    "Complaints",
    "Counts",
    "Criterion",
    "Difference",
    "Eligibility",
    "EntryRules",
    "Gap",
    "Localized",
    "Photos",
    "Privacy",
    "Prize",
    "Problem",
    "PublishedWindow",
    "Quota",
    "Rights",
    "Round",
    "Rubric",
    "RuleSet",
    "RuleSetInvalid",
    "Scoring",
    "Sees",
    "Sourced",
    "Step",
    "StepKey",
    "TieBreak",
    "Tier",
    "Verification",
    "VoteAudit",
    "Voting",
    "Words",
    "canonical",
    "differences",
    "parse_rule_set",
    "parse_rule_sets",
    "read_json",
    "read_rule_set",
    "read_rule_sets",
    "rule_set_problems",
]
