"""What a unit may answer, what an exemplar agrees to, and when an exemplar may be presented."""

from __future__ import annotations

from datetime import date, timedelta

from contest.anniversaries.rules import add_working_days, is_working_day
from contest.core.errors import N_

INDIVIDUAL, COLLECTIVE, HOUSEHOLD, MODEL = KINDS = ("individual", "collective", "household", "model")
VERIFIED, UNVERIFIABLE, ON_HOLD, REFUTED = "verified", "unverifiable", "on_hold", "refuted"
OUTCOMES = {
    VERIFIED: N_("Verified"),
    UNVERIFIABLE: N_("Could not be verified"),
    ON_HOLD: N_("On hold"),
    REFUTED: N_("Found untrue"),
}
HOLD_REASONS = {
    "discipline_under_review": N_("Disciplinary action is under review"),
    "investigation_or_inspection": N_("An investigation or inspection is under way"),
    "complaint_or_press_report_being_checked": N_("A complaint or press report is being checked"),
}

# What an exemplar agrees to, each by itself: being presented, and being recognised in photos.
PRESENT, PHOTOS = PURPOSES = ("present", "photos")
PURPOSE_NAMES = {PRESENT: N_("being presented by name and story"), PHOTOS: N_("being recognised in photos")}
BY_EXEMPLAR, BY_GUARDIAN, BY_BOTH = GIVERS = ("exemplar", "guardian", "both")
GIVER_NAMES = {
    BY_EXEMPLAR: N_("by the exemplar"),
    BY_GUARDIAN: N_("by the legal representative of a child under 7"),
    BY_BOTH: N_("by the child and the legal representative"),
}

# Wordings are never changed: a new one gets a new version, and a consent keeps the one it was
# given to. The first asked for everything at once.
CONSENT_VERSION = "2027-2"
_ALL_AT_ONCE = N_(
    "The exemplar has been told about this contest and agrees that their story, name and photos"
    " may be judged, published and honoured in it. They may withdraw this consent at any time."
)
CONSENT_TEXTS = {
    "2027-1": {PRESENT: _ALL_AT_ONCE, PHOTOS: _ALL_AT_ONCE},
    "2027-2": {
        PRESENT: N_(
            "The exemplar has been told about this contest and agrees that their name and story may be judged,"
            " published and honoured in it. They may withdraw this consent at any time, without giving a reason."
        ),
        PHOTOS: N_(
            "The exemplar agrees that photos in which they can be recognised are published with the story."
            " They may withdraw this at any time, and the story stays."
        ),
    },
}
_GUARDIAN = N_(
    "The legal representative of the child agrees to the same; a child from the age of 7 has also agreed in person."
)
GUARDIAN_CONSENT_TEXTS = {"2027-1": _GUARDIAN, "2027-2": _GUARDIAN}


def is_late(due_on: date, today: date) -> bool:
    """Whether the last day for an answer has passed; on the day itself there is still time."""
    return today > due_on


def speaks_for(given_by: str, *, is_child: bool) -> bool:
    """Whether a consent given by these people is enough: for a child, the representative must be among them."""
    return not is_child or given_by != BY_EXEMPLAR


def is_cleared(*, outcome: str | None, agreed: bool, held: bool) -> bool:
    """Whether an exemplar may be presented in a contest: verified, agreeing, and nothing being cleared up.

    `agreed`: a consent to be presented stands (see `speaks_for`). The SQL twin is
    exemplars.queries.cleared.
    """
    return outcome == VERIFIED and agreed and not held


# Reminding units

REMIND_BEFORE = 2  # working days before the last day
REMIND_AGAIN = 3  # working days after the first reminder past the last day
MOST_REMINDERS = 3


def reminder_days(asked_on: date, due_on: date) -> list[date]:
    """The days on which a unit that has not answered is reminded, never on the day of the question.

    Some working days before the last day, on the first working day after it, and once more.
    """
    before = due_on
    for _ in range(REMIND_BEFORE):
        before -= timedelta(days=1)
        while not is_working_day(before):
            before -= timedelta(days=1)
    after = add_working_days(due_on, 1)
    return [day for day in (before, after, add_working_days(after, REMIND_AGAIN)) if day > asked_on]


def reminders_wanted(asked_on: date, due_on: date, today: date) -> int:
    """How many reminders a unit should have had by the end of `today`; 0 on a day off, which is left in peace."""
    if not is_working_day(today):
        return 0
    return sum(day <= today for day in reminder_days(asked_on, due_on))
