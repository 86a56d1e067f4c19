"""Entries on paper: by when they must be posted, arrive and be typed, and who compares them.

The days come from the rule set's timetable: `paper_postmark`, `paper_arrival`, `paper_keyed`, each
a half-open window. A postmark is a day, so that day counts when any part of it lies in the window.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.ruleset import RuleSet
from contest.core.errors import N_, Refused
from contest.core.formats import VIET_NAM
from contest.core.windows import Window
from contest.entries.models import Entry
from contest.entries.rules import PAPER


def takes_paper(rules: RuleSet) -> bool:
    """Whether the contest takes entries on paper at all."""
    return rules.window("paper_postmark") is not None or rules.window("paper_arrival") is not None


def keyed_window(rules: RuleSet) -> Window | None:
    """When entries on paper may be typed in and sent: `paper_keyed`, else until screening ends."""
    window = rules.window("paper_keyed")
    if window is not None or not takes_paper(rules):
        return window
    arrival = rules.window("paper_arrival") or rules.window("paper_postmark")
    screening = rules.window("screening")
    if arrival is None:
        return None
    return Window(arrival.opens, max(arrival.closes, screening.closes) if screening else arrival.closes)


def is_paper_time(contest: Contest, now: datetime) -> bool:
    """Whether entries on paper may be typed for the contest at `now`."""
    window = keyed_window(contest.rules)
    return window is not None and window.contains(now)


def paper_window(entry: Entry) -> Window | None:
    """The window in which this entry on paper may be sent in, also again.

    One that was sent back with a note after comparing may be mended until screening ends.
    """
    window = keyed_window(entry.contest.rules)
    screening = entry.contest.rules.window("screening")
    sent_back = entry.paper is not None and entry.paper.note is not None and entry.paper.compared_at is None
    if window is None or screening is None or not sent_back or screening.closes <= window.closes:
        return window
    return Window(window.opens, screening.closes)


def require_keyed_window(rules: RuleSet, now: datetime) -> None:
    """Raise Refused unless entries on paper may be typed at `now` (opens <= now < closes)."""
    window = keyed_window(rules)
    if window is None:
        raise Refused(N_("This contest takes no entries on paper."), code="no_paper")
    if now < window.opens:
        raise Refused(N_("Entries on paper may be typed from %(at)s."), code="paper_not_open", at=window.opens)
    if not window.contains(now):
        raise Refused(
            N_("Entries on paper could be typed until %(at)s. What is written is kept as a draft."),
            code="paper_closed",
            at=window.closes,
        )


def require_paper_window(entry: Entry, now: datetime) -> None:
    """Raise Refused unless this entry on paper came in time and may be sent in at `now`."""
    rules = entry.contest.rules
    window = paper_window(entry)
    if window is None or not window.contains(now):
        require_keyed_window(rules, now)
    paper = entry.paper
    if paper is None:
        raise Refused(N_("Write first when this entry on paper was posted and arrived."), code="no_paper_dates")
    check_paper_dates(rules, postmarked_on=paper.postmarked_on, arrived_at=paper.arrived_at, now=now)


def day_in_window(day: date, window: Window) -> bool:
    """Whether any part of `day` (in Viet Nam) lies in the window."""
    begins = datetime.combine(day, time(), VIET_NAM)
    return begins < window.closes and window.opens < begins + timedelta(days=1)


def check_paper_dates(rules: RuleSet, *, postmarked_on: date | None, arrived_at: datetime, now: datetime) -> None:
    """Raise Refused when paper was posted, handed in or arrived outside its days, each with its message.

    Without a postmark it was handed in: then the instant of arrival counts for both windows.
    """
    posted, arrival = rules.window("paper_postmark"), rules.window("paper_arrival")
    if posted is None and arrival is None:
        raise Refused(N_("This contest takes no entries on paper."), code="no_paper")
    if arrived_at > now:
        raise Refused(N_("The instant of arrival lies in the future."), code="arrived_at")
    if postmarked_on is not None and postmarked_on > arrived_at.astimezone(VIET_NAM).date():
        raise Refused(N_("The postmark cannot be later than the arrival."), code="postmarked_on")
    if posted is not None and postmarked_on is not None and not day_in_window(postmarked_on, posted):
        raise Refused(
            N_("The postmark of %(day)s lies outside the days of the rules: %(opens)s to %(closes)s."),
            code="postmarked_on",
            day=postmarked_on,
            opens=posted.opens,
            closes=posted.closes,
        )
    if posted is not None and postmarked_on is None and not posted.contains(arrived_at):
        raise Refused(
            N_("It was handed in at %(at)s, outside the days of the rules: %(opens)s to %(closes)s."),
            code="arrived_at",
            at=arrived_at,
            opens=posted.opens,
            closes=posted.closes,
        )
    if arrival is not None and not arrival.contains(arrived_at):
        raise Refused(
            N_("It arrived at %(at)s, outside the time of the rules: %(opens)s to %(closes)s."),
            code="arrived_at",
            at=arrived_at,
            opens=arrival.opens,
            closes=arrival.closes,
        )


# Comparing what was typed


def typed_anew(entry: Entry, actor: User, now: datetime) -> None:
    """Note who typed an entry on paper that is sent in; an earlier comparison no longer holds."""
    if entry.paper is not None:
        entry.paper.typed_by_id, entry.paper.typed_at = actor.id, now
        entry.paper.compared_by_id = entry.paper.compared_at = entry.paper.note = None


NOT_COMPARED = N_("This entry was typed from paper: a second person has to compare it with the scan first.")


def is_compared(entry: Entry) -> bool:
    """Whether an entry may become valid as far as paper goes: others than paper always may."""
    return entry.source != PAPER or (entry.paper is not None and entry.paper.compared_at is not None)


def require_compared(entry: Entry) -> None:
    """Raise Refused while a second person has not compared an entry on paper with its scan."""
    if not is_compared(entry):
        raise Refused(NOT_COMPARED, code="not_compared")


def helped_details(entry: Entry) -> dict[str, Any]:
    """For the audit: through whom an entry came that its author did not send alone."""
    if entry.helper is None:
        return {}
    unit = entry.sent_by_unit
    return {"source": entry.source, "helped_by_unit": unit.code if unit else None}
