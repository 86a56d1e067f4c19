"""An entry as the public reads it: whose name stands under it, and what stays hidden with the name.

Readers may have a story before its author may be known, while judges are still marking it. What
the secretariat hid from the judges is then hidden from everyone, since judges read public pages too.
"""

from __future__ import annotations

from datetime import date, datetime

from contest.contests.ruleset import Category
from contest.core.formats import local
from contest.core.text import fold
from contest.entries.blind import hide
from contest.entries.models import Entry, Photo
from contest.entries.rules import ADULT_AGE, age_on


def is_child(born: date | None, on: datetime | None, category: Category) -> bool:
    """Whether an author is shown as a child: under 18 on the day of submission, or in a class for children."""
    if category.guardian_consent:
        return True
    return born is not None and on is not None and age_on(born, local(on).date()) < ADULT_AGE


def given_name(name: str) -> str:
    """The given name, which stands last in Vietnamese."""
    return name.rsplit(maxsplit=1)[-1] if name.split() else ""


def shown_name(name: str, pen_name: str, *, child: bool) -> str:
    """An author's name for the public: the pen name; else a child's given name, a grown-up's whole name."""
    return pen_name or (given_name(name) if child else name)


def _by_child(entry: Entry) -> bool:
    return is_child(entry.author_birth_date, entry.submitted_at, entry.contest.rules.category(entry.category))


def author_shown(entry: Entry) -> str:
    """The authors' names as the public may see them, the leader's first: pen names; a child's given name only."""
    category = entry.contest.rules.category(entry.category)
    names = [shown_name(entry.author_name, entry.pen_name, child=_by_child(entry))]
    names += [
        shown_name(each.name, each.pen_name, child=is_child(each.birth_date, entry.submitted_at, category))
        for each in entry.coauthors
    ]
    return ", ".join(name for name in names if name)


def exemplar_shown(entry: Entry) -> str:
    """Who or what the story is about, as the public may see it: a child by the given name only."""
    return shown_name(entry.exemplar.name, "", child=entry.exemplar.is_child)


def credit_shown(entry: Entry, photo: Photo) -> str:
    """Who took a photo, as the public may see it: authors who took it themselves, by the name shown for them."""
    if fold(photo.photographer) == fold(entry.author_name):
        return shown_name(entry.author_name, entry.pen_name, child=_by_child(entry))
    return photo.photographer


def shown_text(entry: Entry, text: str, now: datetime) -> str:
    """A title, text or caption of `entry` as the public may read it at `now`."""
    rules = entry.contest.rules
    if rules.has_begun(rules.announcement.author_names_public_from, now):
        return text
    return hide(text, entry.redactions or ())
