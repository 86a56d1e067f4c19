"""How far the results of a contest are: the steps to their announcement, as the results desk lists them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from contest.contests.ruleset import RuleSet
from contest.core.errors import N_
from contest.judging.scoring import Words
from contest.results.gates import Facts, Missing, lacks_of
from contest.results.models import ResultSet
from contest.results.rules import asks_for_checks, posts_first

DONE, TODO, LATER = "done", "todo", "later"
_LABELS = {
    "inputs": N_("Scores locked, votes in and reviewed"),
    "compute": N_("Prizes computed"),
    "council": N_("No tie left for the council"),
    "cleared": N_("Exemplars of the awarded entries verified, agreeing and not on hold"),
    "checks": N_("Looked up on receipt and before the final whether awarded entries had been published"),
    "frozen": N_("No open case holds a prize"),
    "post": N_("Provisional results released for posting"),
    "cases": N_("Remarks and objections answered"),
    "last_check": N_("Looked up once more before the decision"),
    "decision": N_("Decision entered"),
}
_LATE = N_("%(count)s cases that came late are open. They hold nothing up.")


@dataclass(frozen=True)
class Step:
    """One step. `state`: done, todo (it can be done now), later. `notes` say what is missing."""

    key: str
    label: str
    state: str
    notes: tuple[Missing, ...] = ()
    by: str = ""
    at: datetime | None = None


def steps_to_announcement(
    rules: RuleSet, result_set: ResultSet | None, facts: Facts, *, announced: bool, now: datetime
) -> list[Step]:
    """The steps in their order; whatever comes after the first that is not done waits for it.

    What is in the way is said of every step, also of those that wait. Once announced, all of it is past.
    """
    found = [_gate(key, rules, result_set, facts, announced=announced, now=now) for key in _keys(rules)]
    steps = []
    ready = True
    for step in [*found, *_approvals(result_set)]:
        state = step.state if step.state == DONE else TODO if ready else LATER
        ready = ready and step.state == DONE
        steps.append(Step(step.key, step.label, state, step.notes, step.by, step.at))
    return steps


def _keys(rules: RuleSet) -> list[str]:
    """The steps that the rules of a contest know."""
    left_out = set()
    if not any(asks_for_checks(rules, each.id) for each in rules.categories):
        left_out |= {"checks", "last_check"}
    if not posts_first(rules):
        left_out |= {"frozen", "post"}
    return [key for key in _LABELS if key not in left_out]


def _gate(
    key: str, rules: RuleSet, result_set: ResultSet | None, facts: Facts, *, announced: bool, now: datetime
) -> Step:
    label = _LABELS[key]
    by, at, said = _who(key, result_set)
    if announced:
        return Step(key, label, DONE, said, by, at)
    lacks = lacks_of(key, facts, rules, now)
    # Before anything is computed there is nothing to say of what comes after.
    begun = result_set is not None or key in {"inputs", "compute"}
    notes = tuple(each.missing for each in lacks if begun and each.code not in _SAID_BY_LABEL)
    if key == "cases" and facts.late:
        notes = (*notes, Missing((_LATE, {"count": facts.late}), "complaints.desk"))
    return Step(key, label, DONE if begun and not lacks else LATER, (*said, *notes), by, at)


# What the step itself says: it has not been done.
_SAID_BY_LABEL = {"nothing_computed", "not_posted", "no_decision"}


def _who(key: str, result_set: ResultSet | None) -> tuple[str, datetime | None, tuple[Missing, ...]]:
    """Who did a step and when, or what was entered."""
    if result_set is None:
        return "", None, ()
    if key == "compute":
        return (result_set.computed_by.name if result_set.computed_by else ""), result_set.computed_at, ()
    if key == "post" and result_set.posted_by is not None:
        return result_set.posted_by.name, result_set.posted_at, ()
    if key == "decision" and result_set.decision_number is not None:
        words: Words = (
            N_("No. %(number)s of %(day)s, signed by %(signer)s"),
            {
                "number": result_set.decision_number,
                "day": result_set.decision_date,
                "signer": result_set.decision_signer,
            },
        )
        return "", None, (Missing(words, None),)
    return "", None, ()


def _approvals(result_set: ResultSet | None) -> list[Step]:
    first = result_set.first_approver if result_set else None
    second = result_set.second_approver if result_set else None
    return [
        Step(
            "approve",
            N_("Approved by one organiser"),
            DONE if first is not None else LATER,
            (),
            first.name if first else "",
            result_set.first_approved_at if result_set else None,
        ),
        Step(
            "publish",
            N_("Approved by a second organiser, and thereby published"),
            DONE if second is not None else LATER,
            (),
            second.name if second else "",
            result_set.second_approved_at if result_set else None,
        ),
    ]
