"""Where an entry stands, in words, and what happens next and when: for its author."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contest.core.errors import N_
from contest.entries.models import Advancement, Entry
from contest.entries.rules import ACCEPTED, COMPLETION_REQUESTED, DRAFT, RECEIVED, REFUSED, STATES, SUBMITTED

FINALIST = N_("In the final round")
_KINDS = {ACCEPTED: "ok", RECEIVED: "ok", COMPLETION_REQUESTED: "warn", REFUSED: "bad", SUBMITTED: "info"}


@dataclass(frozen=True, slots=True)
class Outlook:
    """`state` and `next` are messages; `kind` is the colour of the tag; `due` what the author must do by."""

    state: str
    kind: str
    next: str
    params: dict[str, Any] = field(default_factory=dict)
    due: datetime | None = None


def outlook(entry: Entry, advancement: Advancement | None, now: datetime) -> Outlook:
    """What its author may know at `now`: advancement is told from the shortlist on, never before."""
    if entry.state == DRAFT:
        return _of_draft(entry, now)
    if entry.state == ACCEPTED:
        return _of_valid(entry, advancement, now)
    rules = entry.contest.rules
    said, params = N_("It will not be judged."), dict[str, Any]()
    due = None
    if entry.state in (SUBMITTED, RECEIVED):
        screening = rules.window("screening")
        if screening is not None and now < screening.closes:
            said = N_("The secretariat checks it by %(at)s and writes to you.")
            params = {"at": screening.closes}
        else:
            said = N_("The secretariat is checking it and will write to you.")
    elif entry.state == COMPLETION_REQUESTED:
        due = entry.completion_due
        if due is not None and now < due:
            said, params = N_("Complete it and submit again by %(at)s."), {"at": due}
        else:
            said = N_("The time to complete it has passed. The secretariat decides on what you submitted.")
            due = None
    return Outlook(STATES[entry.state], _KINDS.get(entry.state, ""), said, params, due)


def _of_draft(entry: Entry, now: datetime) -> Outlook:
    window = entry.contest.rules.window("submission")
    if window is not None and window.contains(now):
        return Outlook(
            STATES[DRAFT], "", N_("Not submitted yet: submit it by %(at)s."), {"at": window.closes}, window.closes
        )
    return Outlook(STATES[DRAFT], "", N_("Submission has closed. This draft was not submitted."))


def _of_valid(entry: Entry, advancement: Advancement | None, now: datetime) -> Outlook:
    rules = entry.contest.rules
    shortlist = rules.instant("shortlist")
    if rules.results_at <= now:
        return Outlook(STATES[ACCEPTED], "ok", N_("The awards stand on the results page from the announcement on."))
    if shortlist is None or now < shortlist:
        return Outlook(
            STATES[ACCEPTED],
            "ok",
            N_("The judges read it under a code, without your name. Finalists are announced at %(at)s."),
            {"at": shortlist or rules.results_at},
        )
    if advancement is not None and advancement.fell_out_at is None:
        return Outlook(FINALIST, "gold", N_("Results are announced at %(at)s."), {"at": rules.official_at})
    words = N_("It is not among the finalists. Results are announced at %(at)s.")
    return Outlook(STATES[ACCEPTED], "", words, {"at": rules.official_at})
