"""What a unit may answer, and when an exemplar may be presented."""

from __future__ import annotations

from datetime import date

from contest.core.errors import N_

KINDS = ("individual", "collective", "household", "model")
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

# Wordings are never changed: a new one gets a new version, and a consent keeps the one it was
# given to.
CONSENT_VERSION = "2027-1"
CONSENT_TEXTS = {
    "2027-1": N_(
        "The exemplar has been told about this contest and agrees that their story, name and photos"
        " may be judged, published and honoured in it. They may withdraw this consent at any time."
    ),
}
GUARDIAN_CONSENT_TEXTS = {
    "2027-1": N_(
        "The legal representative of the child agrees to the same; a child from the age of 7 has also agreed in person."
    ),
}


def is_late(due_on: date, today: date) -> bool:
    """Whether the last day for an answer has passed; on the day itself there is still time."""
    return today > due_on


def is_cleared(*, outcome: str | None, consent: bool | None, guardian_consent: bool | None, is_child: bool) -> bool:
    """Whether an exemplar may be presented: verified, and agreeing (for a child, the guardian too).

    The SQL twin is exemplars.queries.cleared.
    """
    return outcome == VERIFIED and consent is True and (guardian_consent is True or not is_child)
