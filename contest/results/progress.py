"""How far the results of a contest are: the steps to their announcement, as the results desk lists them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from contest.contests.ruleset import RuleSet
from contest.core.errors import N_
from contest.judging.scoring import Words
from contest.results.models import ResultSet
from contest.results.outcome import Missing
from contest.results.rules import NOT_CLEARED, posts_first, remarks_until
from contest.results.wording import told

DONE, TODO, LATER = "done", "todo", "later"


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
    rules: RuleSet,
    result_set: ResultSet | None,
    missing: Sequence[Missing],
    *,
    fresh: bool,
    now: datetime,
    blocked: Sequence[str] = (),
) -> list[Step]:
    """The steps in their order; whatever comes after the first that is not done waits for it.

    `fresh`: whether the result set is what would come out now. `blocked`: codes of awarded entries
    whose exemplars are not verified, do not agree or are on hold.
    """
    found = [
        _inputs(missing),
        _computed(result_set, fresh=fresh),
        _council(result_set),
        _cleared(result_set, blocked),
        *([_posted(result_set)] if posts_first(rules) else []),
        _decision(result_set),
        *_approvals(rules, result_set, now),
    ]
    steps = []
    ready = True
    for step in found:
        state = step.state if step.state == DONE else TODO if ready else LATER
        ready = ready and step.state == DONE
        steps.append(Step(step.key, step.label, state, step.notes, step.by, step.at))
    return steps


def _state(*, done: bool) -> str:
    return DONE if done else LATER


def _inputs(missing: Sequence[Missing]) -> Step:
    return Step("inputs", N_("Scores locked, votes in"), _state(done=not missing), tuple(missing))


def _computed(result_set: ResultSet | None, *, fresh: bool) -> Step:
    label = N_("Prizes computed")
    if result_set is None:
        return Step("compute", label, LATER)
    changed: Words = (N_("Something has changed since the results were computed. Compute them again."), {})
    notes = () if fresh else (Missing(changed, None),)
    by = result_set.computed_by.name if result_set.computed_by else ""
    return Step("compute", label, _state(done=fresh), notes, by, result_set.computed_at)


def _council(result_set: ResultSet | None) -> Step:
    undecided = result_set.report["undecided"] if result_set else []
    notes = tuple(Missing(told(each["why"]), "judging.chair") for each in undecided)
    return Step("council", N_("No tie left for the council"), _state(done=result_set is not None and not notes), notes)


def _cleared(result_set: ResultSet | None, blocked: Sequence[str]) -> Step:
    label = N_("Exemplars of the awarded entries verified, agreeing and not on hold")
    notes = (Missing((NOT_CLEARED, {"entries": ", ".join(sorted(blocked))}), "desk.exemplars"),) if blocked else ()
    return Step("cleared", label, _state(done=result_set is not None and not notes), notes)


def _posted(result_set: ResultSet | None) -> Step:
    label = N_("Provisional results released for posting")
    if result_set is None or result_set.posted_by is None:
        return Step("post", label, LATER)
    return Step("post", label, DONE, (), result_set.posted_by.name, result_set.posted_at)


def _decision(result_set: ResultSet | None) -> Step:
    label = N_("Decision entered")
    if result_set is None or result_set.decision_number is None:
        return Step("decision", label, LATER)
    said: Words = (
        N_("No. %(number)s of %(day)s, signed by %(signer)s"),
        {
            "number": result_set.decision_number,
            "day": result_set.decision_date,
            "signer": result_set.decision_signer,
        },
    )
    return Step("decision", label, DONE, (Missing(said, None),))


def _approvals(rules: RuleSet, result_set: ResultSet | None, now: datetime) -> list[Step]:
    until = remarks_until(rules)
    notes: tuple[Missing, ...] = ()
    if until is not None and now < until:
        waiting: Words = (
            N_("Remarks on the provisional results are taken until %(at)s; approve after that."),
            {"at": until},
        )
        notes = (Missing(waiting, None),)
    first = result_set.first_approver if result_set else None
    second = result_set.second_approver if result_set else None
    return [
        Step(
            "approve",
            N_("Approved by one organiser"),
            _state(done=first is not None),
            notes,
            first.name if first else "",
            result_set.first_approved_at if result_set else None,
        ),
        Step(
            "publish",
            N_("Approved by a second organiser, and thereby published"),
            _state(done=second is not None),
            (),
            second.name if second else "",
            result_set.second_approved_at if result_set else None,
        ),
    ]
