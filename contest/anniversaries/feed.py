"""The calendar as an iCalendar feed (RFC 5545). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event

from contest.anniversaries.commemorations import Occurrence


def calendar_feed(
    found: Iterable[tuple[Occurrence, str, str]], *, name: str, domain: str, stamp: datetime, language: str
) -> bytes:
    """A feed of whole-day events. Each of `found`: the occurrence with its day, its title, its description.

    An event keeps its UID as long as its commemoration and year stay the same, so that a calendar that
    subscribes replaces it. `stamp`: when the set last changed.
    """
    calendar = Calendar()
    calendar.add("prodid", f"-//{domain}//guong-sang//{language.upper()}")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("x-wr-timezone", "Asia/Ho_Chi_Minh")
    calendar.add("refresh-interval", timedelta(days=1), parameters={"VALUE": "DURATION"})
    for held, title, about in found:
        if held.on is None:
            continue
        event = Event()
        event.add("uid", f"{held.what.code}-{held.year}@{domain}")
        event.add("dtstamp", stamp.astimezone(UTC))
        event.add("dtstart", held.on)
        event.add("dtend", held.on + timedelta(days=1))
        event.add("summary", title)
        if about:
            event.add("description", about)
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    return bytes(calendar.to_ical())
