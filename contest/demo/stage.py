"""What the acts of the script share: finding the people and entries, and trying a verb."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select

from contest.accounts.models import User
from contest.accounts.services import find_by_address
from contest.contests.models import Contest
from contest.contests.queries import find_contest, get_contest
from contest.core.db import db
from contest.core.errors import NotFound, Refused
from contest.core.files import FileStore
from contest.demo import stories
from contest.demo.album import Album
from contest.demo.stories import Story
from contest.entries.models import Entry, Receipt
from contest.entries.rules import SCREENED

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def at(text: str) -> datetime:
    """An instant of the script, written as "2027-05-20 09:00" in Vietnamese time."""
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


class Tried(NamedTuple):
    """What came of a verb: whether it was carried out, and what it returned."""

    done: bool
    value: Any = None


@dataclass
class Stage:
    """Where the script plays. `wall` is the machine's time, by which codes and accounts live.

    `voters`: how many readers vote in each contest. `left`: what the services refused, in words.
    """

    files: FileStore
    album: Album
    wall: datetime
    password_hash: str
    voters: int = 210
    left: list[str] = field(default_factory=list)

    def attempt(self, verb: Callable[..., Any], **arguments: Any) -> Tried:
        """Carry out a verb; a refusal undoes it and the script goes on.

        A visitor may have done the same, or something that makes it impossible: the tour respects
        what people decided by hand.
        """
        try:
            with db.session.begin_nested():
                return Tried(True, verb(**arguments))
        except (Refused, NotFound) as error:
            self.left.append(f"{verb.__name__}: {error}")
            return Tried(False)

    def person(self, key: str) -> User:
        """One of the named people of the demonstration. Raises NotFound before they have an account."""
        found = find_by_address(next(each["email"] for each in stories.people() if each["key"] == key))
        if found is None:
            raise NotFound(key)
        return found

    def author(self, story: Story) -> User:
        found = find_by_address(story.email)
        if found is None:
            raise NotFound(story.email)
        return found

    def find_contest(self, contest_id: str) -> Contest | None:
        return find_contest(stories.slug_of(contest_id))

    def contest(self, contest_id: str) -> Contest:
        return get_contest(stories.slug_of(contest_id))

    def submitted(self, contest: Contest, *states: str) -> list[tuple[Entry, Story | None]]:
        """Entries in `states` (all that the secretariat sees when none), with the story that they tell.

        The entries of visitors have no story. A story is recognised by its first receipt, which
        never changes, whatever the entry became later.
        """
        rows = db.session.execute(
            select(Entry, Receipt.title, User.email)
            .join(Receipt, (Receipt.entry_id == Entry.id) & (Receipt.number == 1))
            .join(User, User.id == Entry.author_id)
            .where(Entry.contest_id == contest.id, Entry.state.in_(states or SCREENED))
            .order_by(Entry.submitted_at, Entry.id)
        )
        known = stories.by_author_and_title()
        return [(entry, known.get((email or "", title))) for entry, title, email in rows]

    def find_entry(self, contest: Contest, story_id: str) -> Entry | None:
        """The entry that tells a story of the script; None while it has not been sent."""
        story = next(each for each in stories.stories() if each.id == story_id)
        return db.session.scalar(
            select(Entry)
            .join(Receipt, (Receipt.entry_id == Entry.id) & (Receipt.number == 1))
            .join(User, User.id == Entry.author_id)
            .where(Entry.contest_id == contest.id, Receipt.title == story.title, User.email == story.email)
            .order_by(Entry.id)
            .limit(1)
        )

    def story_of(self, entry_id: int) -> Story | None:
        """The story that an entry tells; None for a visitor's."""
        row = db.session.execute(
            select(Receipt.title, User.email)
            .join(Entry, Entry.id == Receipt.entry_id)
            .join(User, User.id == Entry.author_id)
            .where(Entry.id == entry_id, Receipt.number == 1)
        ).one_or_none()
        return stories.by_author_and_title().get((row[1] or "", row[0])) if row else None


@dataclass(frozen=True)
class Act:
    """Something that people do at a time. `run` returns how much was done; 0: others had done it.

    `what` is a sentence for the report, with the placeholder %(count)s. `contest` is the id of the
    contest's rule set.
    """

    at: datetime
    what: str
    run: Callable[[Stage, datetime], int]
    contest: str | None = None
