"""What a published work still lacks: each rule with its own message, part by part."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from contest.contests.ruleset import Category
from contest.core.errors import N_
from contest.entries.items import PRESS, Item
from contest.entries.models import Entry, Publication
from contest.entries.press import asks_publication, is_published, media_of, proofs_of
from contest.entries.rules import BROADCAST, NOT_PUBLISHED

_Told = tuple[str, dict[str, Any]]


def press_items(entry: Entry, category: Category, day: date) -> Iterator[Item]:
    """Lines about publication; none where the category takes unpublished works alone."""
    if not asks_publication(category):
        return
    message = ""
    if category.publication == "either" and not entry.medium:
        message = N_("Say whether this work has been published or broadcast.")
    elif entry.medium not in media_of(category) and entry.medium != NOT_PUBLISHED:
        message = N_("Choose where it came out: one of the kinds of press that the rules name.")
    yield Item(N_("Published before?"), PRESS, "medium", message)
    if not is_published(entry, category):
        return
    yield Item(N_("Parts of the work"), PRESS, "part-1-outlet", *_number(entry, category))
    for publication in entry.publications:
        for label, field, told in (
            (N_("Where it was published"), "outlet", _outlet(publication)),
            (N_("Day of publication"), "on-day", _day(publication, category, day)),
            (N_("Link or proof"), "url", _evidence(entry, publication)),
            (N_("Page, issue, programme"), "place", _place(entry, publication)),
            (N_("Playing time"), "minutes", _length(entry, publication, category)),
        ):
            if told is not None:
                yield Item(label, PRESS, f"part-{publication.part}-{field}", *told)


def _number(entry: Entry, category: Category) -> _Told:
    count = len(entry.publications)
    if not count:
        return N_("Say where and when it was published."), {}
    if count > category.series_max:
        if category.series_max == 1:
            return N_("This category takes single works: leave one part."), {}
        return N_("A series may have at most %(most)s parts; this one has %(count)s."), {
            "most": category.series_max,
            "count": count,
        }
    return "", {}


def _outlet(publication: Publication) -> _Told:
    if publication.outlet:
        return "", {}
    return N_("Part %(part)s: name the newspaper, site or station."), {"part": publication.part}


def _day(publication: Publication, category: Category, today: date) -> _Told:
    told: dict[str, Any] = {"part": publication.part}
    came_out, window = publication.published_on, category.published_window
    if came_out is None:
        return N_("Part %(part)s: give the day on which it came out."), told
    if came_out > today:
        return N_("Part %(part)s: this day lies in the future; a published work has come out."), told
    if window is not None and not window.contains(came_out):
        return N_(
            "Part %(part)s came out on %(day)s; works published from %(first)s on and before %(before)s are taken."
        ), {**told, "day": came_out, "first": window.from_, "before": window.before}
    return "", {}


def _evidence(entry: Entry, publication: Publication) -> _Told:
    told = {"part": publication.part}
    if publication.url:
        return "", {}
    if entry.medium == "online":
        return N_("Part %(part)s: give the link to the page on which it stands."), told
    if not proofs_of(entry):
        return N_("Part %(part)s: give a link, or add a scan, picture or PDF of the publication below."), told
    return "", {}


def _place(entry: Entry, publication: Publication) -> _Told | None:
    told = {"part": publication.part}
    if entry.medium == "online":
        return None
    if publication.place:
        return "", {}
    if entry.medium in BROADCAST:
        return N_("Part %(part)s: give the programme and the hour of the broadcast."), told
    return N_("Part %(part)s: give the issue and the page."), told


def _length(entry: Entry, publication: Publication, category: Category) -> _Told | None:
    if entry.medium not in BROADCAST:
        return None
    told = {"part": publication.part}
    if publication.seconds is None:
        return N_("Part %(part)s: give its playing time in minutes and seconds."), told
    most = category.duration_minutes_max
    if most is not None and publication.seconds > most * 60:
        return N_("Part %(part)s plays for %(minutes)s; at most %(most)s minutes are taken."), {
            **told,
            "minutes": playing_time(publication.seconds),
            "most": most,
        }
    return "", {}


def playing_time(seconds: int) -> str:
    """Seconds as minutes and seconds: 905 is 15:05."""
    return f"{seconds // 60}:{seconds % 60:02}"
