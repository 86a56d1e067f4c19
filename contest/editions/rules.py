"""Where an edition stands, what its approver confirms, and who may approve. No database, no request."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from contest.core.errors import N_

NOT_PREPARED: Final = "not_prepared"
PREPARED: Final = "prepared"
APPROVED: Final = "approved"
WITHDRAWN: Final = "withdrawn"
CHANGED: Final = "changed"

# In the order in which the desk lists them: what needs work comes first.
STATES = {
    CHANGED: N_("Changed since it was approved"),
    WITHDRAWN: N_("Withdrawn from the public"),
    NOT_PREPARED: N_("Not prepared yet"),
    PREPARED: N_("Being prepared"),
    APPROVED: N_("Approved"),
}

# What the approver confirms. A wording never changes: a new one gets a new version, and an edition
# keeps the versions that were ticked.
CHECKS: dict[str, dict[str, str]] = {
    "proofread": {"2027-1": N_("I have read the whole text, the captions and the credits as they will appear.")},
    "private": {
        "2027-1": N_(
            "Private details are hidden: telephone numbers, addresses of homes, and for children the full name,"
            " the class and the school."
        )
    },
    "exemplar": {"2027-1": N_("The person or collective written about is verified and agrees to be presented.")},
    "photos": {"2027-1": N_("Everyone who can be recognised in a photo that is shown agrees to it.")},
    "abridged": {
        "2027-1": N_("What was left out does not change what the story says; readers see that it is abridged.")
    },
}
CHECK_VERSION = "2027-1"


def checks_for(*, photos: bool, abridged: bool) -> dict[str, str]:
    """What must be ticked on approval, with the wordings, in the order to show them."""
    names = ["proofread", "private", "exemplar"]
    if photos:
        names.append("photos")
    if abridged:
        names.append("abridged")
    return {name: CHECKS[name][CHECK_VERSION] for name in names}


def may_be_shown(*, recognised: str, consent: bool) -> bool:
    """Whether a photo may be shown to everyone: nobody can be recognised in it, or who can be agrees."""
    return consent or recognised == "nobody"


def may_approve(*, preparer_id: int | None, approver_id: int, organisers: Collection[int]) -> bool:
    """Whether this organiser may approve what `preparer_id` prepared.

    Two people see every text before the public does. Where a contest has one organiser alone, they
    may approve what they prepared themselves: the audit row says that it was one person.
    """
    if approver_id not in organisers:
        return False
    return preparer_id != approver_id or set(organisers) == {approver_id}
