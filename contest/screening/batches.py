"""One act on many entries: first what would happen, entry by entry, then doing it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.core.errors import N_, NotFound, Refused
from contest.entries import services
from contest.entries.models import Entry
from contest.entries.paper import NOT_COMPARED, is_compared
from contest.entries.rules import ACCEPTED, RECEIVED, REFUSED, STATES, SUBMITTED, may_move
from contest.exemplars.queries import standing_verifications

RECEIVE: Final = "receive"
ACCEPT: Final = "accept"
REFUSE: Final = "refuse"
COMPLETE: Final = "complete"
ASK: Final = "ask"
ACTS = {
    RECEIVE: N_("Receive"),
    ACCEPT: N_("Accept as valid"),
    COMPLETE: N_("Ask the authors to complete"),
    REFUSE: N_("Refuse"),
    ASK: N_("Ask units to verify"),
}
# What becomes of each entry, for the page that asks once more.
EFFECTS = {
    RECEIVE: N_("The entries become “Received”, and their authors are told."),
    ACCEPT: N_("Each entry gets its code and goes to the judges, and its author is told."),
    COMPLETE: N_("Each author is asked to complete the entry by the time limit, and reads the reason."),
    REFUSE: N_("The entries are refused, and each author reads the reason."),
    ASK: N_("The unit of each exemplar gets one message that names all the entries it is asked about."),
}
WITH_REASON = (COMPLETE, REFUSE)
_IN_STATE = N_("Its state does not allow it: %(state)s.")


@dataclass(frozen=True, slots=True)
class Plan:
    """Which entries an act would change, and why it would not change the others (a message, its parameters)."""

    will: tuple[Entry, ...]
    wont: tuple[tuple[Entry, str, dict[str, Any]], ...]


def plan(*, contest: Contest, entries: Sequence[Entry], act: str, now: datetime) -> Plan:
    """What `act` would do to these entries of `contest` at `now`. Raises NotFound for an act that is none."""
    if act not in ACTS:
        raise NotFound(act)
    why_not = _reasons(contest, act, now)
    will, wont = [], []
    for entry in entries:
        reason = why_not(entry)
        if reason is None:
            will.append(entry)
        else:
            wont.append((entry, *reason))
    return Plan(tuple(will), tuple(wont))


Reason = tuple[str, dict[str, Any]]


def _reasons(contest: Contest, act: str, now: datetime) -> Callable[[Entry], Reason | None]:
    rules = contest.rules
    late: Reason | None = None
    if act in {ACCEPT, COMPLETE} and rules.has_begun("shortlist", now):
        late = N_("The shortlist has been published: entries can no longer be admitted or sent back."), {}
    elif act == REFUSE and rules.official_at <= now:
        late = N_("The results are public. What was awarded can only be revoked, with a decision."), {}
    judging = rules.has_begun(rules.rounds[0].id, now)
    asked = standing_verifications(contest.id) if act == ASK else {}

    def why_not(entry: Entry) -> Reason | None:
        if late is not None:
            return late
        allowed = {
            RECEIVE: entry.state == SUBMITTED,
            ACCEPT: entry.state == RECEIVED,
            COMPLETE: may_move(entry.state, "completion_requested"),
            REFUSE: may_move(entry.state, REFUSED),
            ASK: entry.state == ACCEPTED,
        }[act]
        if not allowed:
            return _IN_STATE, {"state": STATES[entry.state]}
        if act == ACCEPT and not is_compared(entry):
            return NOT_COMPARED, {}
        if act == COMPLETE and entry.blind_code is not None and judging:
            return N_("The judges have begun to read this entry, so its text can no longer change."), {}
        if act == ASK and entry.exemplar.unit_id is None:
            return N_("The entry names no unit for its exemplar: ask the author to complete it first."), {}
        if act == ASK and entry.exemplar_id in asked:
            return N_("The unit was asked before."), {}
        return None

    return why_not


def carry_out(
    *,
    contest: Contest,
    entries: Sequence[Entry],
    act: str,
    actor: User,
    now: datetime,
    reason: str = "",
    due: datetime | None = None,
) -> int:
    """Do `act` to those of `entries` that it can be done to; returns how many it was done to.

    All or none: raises Refused, as the verbs do, without a reason or a time limit where one is needed.
    """
    will = plan(contest=contest, entries=entries, act=act, now=now).will
    if act == ASK:
        return len(services.ask_units(contest=contest, entries=will, actor=actor, now=now))
    if act == COMPLETE and due is None:
        raise Refused(N_("Choose a time limit."), code="due")
    for entry in will:
        if act == RECEIVE:
            services.receive(entry=entry, actor=actor, now=now)
        elif act == ACCEPT:
            services.accept(entry=entry, actor=actor, now=now)
        elif act == REFUSE:
            services.refuse(entry=entry, reason=reason, actor=actor, now=now)
        elif due is not None:
            services.request_completion(entry=entry, reason=reason, due=due, actor=actor, now=now)
    return len(will)
