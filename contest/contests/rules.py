"""Roles in a contest, and which of them one person may hold together."""

from __future__ import annotations

from contest.core.errors import N_

ORGANISER, SECRETARY, JUDGE, CHAIR, OFFICER = "organiser", "secretary", "judge", "chair", "officer"
# The press reads results before the public does, under an embargo; an observer looks on and changes nothing.
PRESS, OBSERVER = "press", "observer"
ROLES = {
    ORGANISER: N_("Organising committee"),
    SECRETARY: N_("Secretariat"),
    JUDGE: N_("Judge"),
    CHAIR: N_("Head of jury"),
    PRESS: N_("Press"),
    OBSERVER: N_("Observer"),
}
# Who sees authors must not score, and who scores must not see authors: the blind code would be
# worth nothing. The head of jury judges too.
SEES_AUTHORS = {ORGANISER, SECRETARY}
_SCORES = {JUDGE, CHAIR}

# `eligibility.barred` of a rule set -> the roles that it means.
BARRED_ROLES = {
    "organising_committee": {ORGANISER},
    "secretariat": {SECRETARY},
    "jury": {JUDGE, CHAIR},
}


def clash(held: set[str], wanted: str) -> bool:
    """Whether `wanted` may not be held together with the roles already `held`."""
    together = held | {wanted}
    return bool(together & SEES_AUTHORS) and bool(together & _SCORES)


def watches_itself(held: set[str], wanted: str) -> bool:
    """Whether somebody would observe what they take part in."""
    together = held | {wanted}
    return OBSERVER in together and bool(together & (SEES_AUTHORS | _SCORES))
