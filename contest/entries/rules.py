"""States of an entry, what each allows, and what authors declare. No database, no request."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Final

from contest.core.errors import N_

DRAFT: Final = "draft"
SUBMITTED: Final = "submitted"
RECEIVED: Final = "received"
COMPLETION_REQUESTED: Final = "completion_requested"
ACCEPTED: Final = "accepted"
REFUSED: Final = "refused"
WITHDRAWN: Final = "withdrawn"

STATES = {
    DRAFT: N_("Draft"),
    SUBMITTED: N_("Submitted"),
    RECEIVED: N_("Received"),
    COMPLETION_REQUESTED: N_("Completion requested"),
    ACCEPTED: N_("Valid"),
    REFUSED: N_("Not valid"),
    WITHDRAWN: N_("Withdrawn"),
}

# From each state, the states that a person may move an entry to. Submitting again before the
# close, or when completion was asked for, leads back to `submitted`. A refusal made in error is
# taken back to `received`. A withdrawal is final: the author may enter anew.
TRANSITIONS: dict[str, frozenset[str]] = {
    DRAFT: frozenset({SUBMITTED}),
    SUBMITTED: frozenset({SUBMITTED, RECEIVED, COMPLETION_REQUESTED, REFUSED, WITHDRAWN}),
    RECEIVED: frozenset({SUBMITTED, COMPLETION_REQUESTED, ACCEPTED, REFUSED, WITHDRAWN}),
    COMPLETION_REQUESTED: frozenset({SUBMITTED, COMPLETION_REQUESTED, ACCEPTED, REFUSED, WITHDRAWN}),
    ACCEPTED: frozenset({REFUSED, WITHDRAWN}),
    REFUSED: frozenset({RECEIVED}),
    WITHDRAWN: frozenset(),
}

# What the secretariat sees at all, what counts against the limit of entries per author, and what
# its author may still replace while the window is open.
SCREENED = (SUBMITTED, RECEIVED, COMPLETION_REQUESTED, ACCEPTED, REFUSED)
COUNTED = SCREENED
REPLACEABLE = (SUBMITTED, RECEIVED)
WITHDRAWABLE = (SUBMITTED, RECEIVED, COMPLETION_REQUESTED, ACCEPTED)

# How an entry came: written here, imported from a unit's bundle, or typed from paper.
WEB: Final = "web"
BUNDLE: Final = "bundle"
PAPER: Final = "paper"

# `Entry.medium` of what has not been published, where a category asks; otherwise a medium of the rule set.
NOT_PUBLISHED: Final = "unpublished"
BROADCAST = ("radio", "tv")
PROOF: Final = "proof"  # kind of an attachment
SOURCE: Final = "source"
WAITING: Final = "waiting"
EARLIER: Final = "earlier"
PARTS_MAX = 20  # a bound, not a rule of a contest

ADULT_AGE = 18
TITLE_MAX = 200
# Four times the longest story that a rule set here asks for; a bound, not a rule of a contest.
BODY_MAX = 100_000


def may_move(old: str, new: str) -> bool:
    """Whether an entry in state `old` may be moved to `new`."""
    return new in TRANSITIONS.get(old, frozenset())


def age_on(birth_date: date, day: date) -> int:
    """Completed years on `day`; negative before the birth. 29 February comes of age on 1 March."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def needs_guardian(birth_date: date | None, day: date, *, always: bool = False) -> bool:
    """Whether a legal representative must consent: under 18 on `day`, or the category says so."""
    return always or (birth_date is not None and age_on(birth_date, day) < ADULT_AGE)


# Whether anybody can be recognised in a photo; empty while its author has not said.
NOBODY, PEOPLE = "nobody", "people"


# What an author declares when submitting. A wording never changes: a new one gets a new version,
# and an entry keeps the versions that its author agreed to.
DECLARATIONS: dict[str, dict[str, str]] = {
    "originality": {
        "2027-1": N_(
            "I wrote this entry myself. It is about real people and real events, is not fiction, copies nobody,"
            " and has not been published, broadcast or posted anywhere, social networks included."
        ),
    },
    "originality_published": {
        "2027-1": N_(
            "I wrote this entry myself. It is about real people and real events, is not fiction, and copies nobody."
        ),
    },
    "exemplar_consent": {
        "2027-1": N_(
            "The person or collective that I write about knows of this entry and agrees to it,"
            " and so does everyone who can be recognised in the photos (for a child: the legal representative too)."
        ),
    },
    "group": {
        "2027-1": N_(
            "Everyone named as a co-author wrote this entry with me, knows of it, and agrees that I lead the group"
            " and send it for us all (for a child: the legal representative too)."
        ),
    },
    "rules": {
        "2027-1": N_("I have read the rules of the contest and accept them."),
    },
    "privacy": {
        "2027-1": N_(
            "I agree that the organisers process the personal data given here to run this contest:"
            " checking my eligibility, reaching me, verifying the story, and naming me when results are public."
            " I may see, correct or withdraw it."
        ),
    },
}
DECLARATION_VERSION = "2027-1"


def declarations_for(*, publication: str, required: Collection[str], group: bool = False) -> dict[str, str]:
    """The declarations that a submission needs, with their wordings, in the order to show them.

    `group`: it has co-authors, for whom its leader answers.
    """
    names = ["originality" if publication == "must_be_unpublished" else "originality_published"]
    if group:
        names.append("group")
    if "exemplar_consent_declared" in required:
        names.append("exemplar_consent")
    names += ["rules", "privacy"]
    return {name: DECLARATIONS[name][DECLARATION_VERSION] for name in names}


GUARDIAN_CONSENT = N_(
    "I am the legal representative of the author and agree that the author takes part in this contest"
    " and that the organisers process the data given here for it."
)
