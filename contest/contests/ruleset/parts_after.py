"""The last parts of a rule set: what becomes public and when, complaints, rights, personal data, the articles."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictInt

from contest.contests.ruleset.codes import AnnouncementMode, Channel, Publishable, StepKey
from contest.contests.ruleset.kinds import Count, Flag, Instant, Localized, Many, Part, Text


class Announcement(Part):
    """What becomes public, and when."""

    mode: AnnouncementMode
    embargo_until: Instant
    official_at: Instant | None = None
    press_early_access: Instant | None = None
    publish: Many[Publishable]
    author_names_public_from: StepKey


class Complaints(Part):
    """Where complaints go and how soon they are answered."""

    channels: Annotated[tuple[Channel, ...], Field(min_length=1, max_length=10)]
    acknowledge_working_days: Annotated[StrictInt, Field(ge=0, le=100)]
    answer_working_days: Annotated[StrictInt, Field(ge=0, le=100)]
    freeze_award: Flag


class Rights(Part):
    """Who keeps which rights in the entries."""

    moral_rights: Literal["author"]
    organiser_licence: Localized


class Privacy(Part):
    """Personal data: on what ground, for how long, how soon answered."""

    lawful_texts: Many[Text]
    retention: Localized
    erase_contacts_after_months: Annotated[StrictInt, Field(ge=1, le=120)] = 12
    """How long after the official results the contact data of authors without a prize are kept."""
    erase_voter_keys_after_months: Annotated[StrictInt, Field(ge=1, le=120)] = 6
    """How long after the official results a ballot can still be tied to the contact that cast it."""
    subject_request_response_working_days: Annotated[StrictInt, Field(ge=1, le=100)]
    children: Localized | None = None


class Article(Part):
    """One article of the printed rules (thể lệ), shown as it is."""

    no: Count
    title: Localized
    text: Localized
