"""What a case is, when it comes in time, and which of its clocks runs. No database, no request."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from contest.contests.ruleset import RuleSet
from contest.core.errors import N_
from contest.core.windows import Window

REMARK: Final = "remark"
OBJECTION: Final = "objection"
COMPLAINT: Final = "complaint"
KINDS = {
    REMARK: N_("Remark on an entry"),
    OBJECTION: N_("Objection to provisional results"),
    COMPLAINT: N_("Complaint about results"),
}

RECEIVED: Final = "received"
TAKEN: Final = "taken"
ANSWERED: Final = "answered"
WITHDRAWN: Final = "withdrawn"
OPEN = (RECEIVED, TAKEN)
STATES = {
    RECEIVED: N_("Received"),
    TAKEN: N_("Being looked into"),
    ANSWERED: N_("Answered"),
    WITHDRAWN: N_("Withdrawn by its sender"),
}

UPHELD: Final = "upheld"
PARTLY: Final = "partly"
OUTCOMES = {
    UPHELD: N_("It was right"),
    PARTLY: N_("It was right in part"),
    "rejected": N_("It was not right"),
    "not_ours": N_("It is for another body to decide"),
}
# Outcomes after which entries or prizes are looked at once more.
CHANGES = (UPHELD, PARTLY)

ONLINE: Final = "online_desk"
OUTCOMES_PUBLIC: Final = "complaint_outcomes"

TEXT_MAX = 10_000
NOTE_MAX = 5_000
FILES_AT_ONCE = 3
FILES_MAX = 10
# As on the receipt: three groups of four, without letters that are read for others.
CODE = re.compile(r"[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}")
PUBLIC_ID = re.compile(r"[0-9a-z]{14}")

# Kind, the step that opens it, its window, in the order of time.
_STAGES = (
    (REMARK, "remarks", "remarks"),
    (OBJECTION, "provisional", "provisional"),
    (COMPLAINT, "announce", "complaints"),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """What something that arrives at an instant is: its kind, the window that the rules set for it, if it is past."""

    kind: str
    window: Window | None
    late: bool


def stage_at(rules: RuleSet, at: datetime) -> Stage:
    """What arrives at `at` is, by the timetable alone: the last kind whose time has begun, a remark before any has.

    Nothing is turned away for its time. What comes after its window is late; so is what comes while the
    rules have no window for it (after the remarks, say, where no provisional results are posted).
    """
    found, window = REMARK, rules.window("remarks")
    for kind, step, name in _STAGES:
        if rules.has_begun(step, at):
            found, window = kind, rules.window(name)
    begun = any(rules.has_begun(step, at) for _, step, _ in _STAGES)
    return Stage(found, window, late=begun and not (window is not None and window.contains(at)))


def coming_windows(rules: RuleSet, now: datetime) -> list[tuple[str, Window]]:
    """The windows of the rules that are not over, with the kind that each is for."""
    windows = ((kind, rules.window(name)) for kind, _, name in _STAGES)
    return [(kind, window) for kind, window in windows if window is not None and now < window.closes]


def clean_code(typed: str) -> str | None:
    """A code as people type it (spaces, small letters, dashes or none) in its one form; None for what cannot be one."""
    bare = re.sub(r"[\s.–—-]", "", typed[:60]).upper()
    code = "-".join((bare[:4], bare[4:8], bare[8:]))
    return code if CODE.fullmatch(code) else None


def due_on(state: str, acknowledged: bool, acknowledge_by: date, answer_by: date) -> date | None:
    """The last day of the clock that runs: to acknowledge, then to answer; None once it is closed."""
    if state not in OPEN:
        return None
    return answer_by if acknowledged else min(acknowledge_by, answer_by)
