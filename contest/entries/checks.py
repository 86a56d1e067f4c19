"""What an entry still lacks before it may be submitted, and where a text holds a phrase.

Pure functions over a loaded entry. The checklist beside the editor, the check-your-answers page
and the verb that submits all ask `checklist`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from contest.contests.ruleset import Category, RuleSet
from contest.core.errors import N_
from contest.core.text import fold
from contest.entries.checks_authors import group_items
from contest.entries.checks_press import press_items
from contest.entries.items import FACTS, GROUP, PHONE_LEAST, PHOTOS, PRESS, TEXT, Asked, Item
from contest.entries.models import Entry
from contest.entries.rules import PEOPLE, age_on, needs_guardian


def asked_of(rules: RuleSet, category: Category) -> Asked:
    """What entries of `category` are asked for."""
    required = set(rules.entry_rules.required_fields)
    birth_date = "author_birth_date" in required or rules.eligibility.min_age > 0 or category.guardian_consent
    if birth_date:
        required.add("author_birth_date")
    # The unit of the exemplar is who verifies: without it no entry could ever advance.
    required |= {"title", "body", "exemplar_name", "exemplar_unit", "author_real_name"}
    if not category.genres:
        required.discard("genre")
    return Asked(
        required=frozenset(required),
        genre=bool(category.genres),
        birth_date=birth_date,
        photos=category.photos is not None and category.photos.max > 0,
    )


__all__ = [
    "FACTS",
    "GROUP",
    "PHOTOS",
    "PRESS",
    "TEXT",
    "Asked",
    "Item",
    "asked_of",
    "checklist",
    "missing",
]


def checklist(entry: Entry, day: date) -> list[Item]:
    """Everything that the rules ask of an entry submitted on `day`, done or not, in reading order."""
    rules = entry.contest.rules
    category = rules.category(entry.category)
    asked = asked_of(rules, category)
    return [
        *_text_items(entry, category, asked),
        *_photo_items(entry, category, asked),
        *press_items(entry, category, day),
        *_exemplar_items(entry, asked),
        *_author_items(entry, rules, category, asked, day),
        *group_items(entry, rules, category, asked, day),
    ]


def missing(entry: Entry, day: date) -> list[Item]:
    """The lines of the checklist that are not done."""
    return [item for item in checklist(entry, day) if not item.done]


def _text_items(entry: Entry, category: Category, asked: Asked) -> Iterator[Item]:
    yield Item(N_("Title"), TEXT, "title", "" if entry.title else N_("Give the entry a title."))
    if asked.genre:
        if entry.genre and entry.genre not in category.genres:
            message = N_("Choose one of the genres of this category.")
        else:
            message = N_("Choose a genre.") if "genre" in asked.required and not entry.genre else ""
        yield Item(N_("Genre"), TEXT, "genre", message)
    words = category.words
    most = words.max_with_tolerance
    message, params = "", {}
    if not entry.body:
        message = N_("Write the text of the entry.")
    elif words.min is not None and entry.word_count < words.min:
        message = N_("The text has %(count)s words; at least %(least)s are needed.")
        params = {"count": entry.word_count, "least": words.min}
    elif most is not None and entry.word_count > most:
        message = N_("The text has %(count)s words; at most %(most)s are taken.")
        params = {"count": entry.word_count, "most": most}
    yield Item(N_("Length of the text"), TEXT, "body", message, params)


def _photo_items(entry: Entry, category: Category, asked: Asked) -> Iterator[Item]:
    if category.photos is None or not asked.photos:
        return
    count = len(entry.photos)
    message, params = "", {}
    if count < category.photos.min:
        message = N_("Add photos: at least %(least)s, at most %(most)s.")
        params = {"least": category.photos.min, "most": category.photos.max}
    elif count > category.photos.max:
        message = N_("Remove photos: at most %(most)s are taken.")
        params = {"most": category.photos.max}
    if count or category.photos.min:
        yield Item(N_("Number of photos"), PHOTOS, "photos", message, params)
    if count:
        complete = all(photo.caption and photo.photographer for photo in entry.photos)
        yield Item(
            N_("Captions and photographers"),
            PHOTOS,
            "photos",
            "" if complete else N_("Give each photo a caption and the name of who took it."),
        )
        answered = all(photo.recognised for photo in entry.photos)
        seen = [photo for photo in entry.photos if photo.recognised == PEOPLE]
        if not answered:
            message = N_("Say for each photo whether anybody can be recognised in it.")
        elif not all(photo.people for photo in seen):
            message = N_("Say who can be recognised in the photos.")
        elif not all(photo.consent for photo in seen):
            message = N_("Say for each photo that whoever can be recognised agrees.")
        else:
            message = ""
        yield Item(N_("People in the photos, and their consent"), PHOTOS, "photos", message)


def _filled(asked: Asked, name: str, label: str, field_name: str, value: object, message: str) -> Iterator[Item]:
    if name in asked.required:
        yield Item(label, FACTS, field_name, "" if value else message)


def _exemplar_items(entry: Entry, asked: Asked) -> Iterator[Item]:
    exemplar = entry.exemplar
    yield from _filled(
        asked,
        "exemplar_name",
        N_("Name of the exemplar"),
        "exemplar_name",
        exemplar.name,
        N_("Say whom the story is about."),
    )
    yield from _filled(
        asked,
        "exemplar_unit",
        N_("Unit of the exemplar"),
        "exemplar_unit",
        exemplar.unit_id,
        N_("Choose the commune or body that can verify the story."),
    )
    yield from _filled(
        asked,
        "exemplar_address",
        N_("Address of the exemplar"),
        "exemplar_address",
        exemplar.address,
        N_("Say where the exemplar lives or works."),
    )
    yield from _filled(
        asked,
        "exemplar_contact",
        N_("Contact of the exemplar"),
        "exemplar_contact",
        exemplar.contact,
        N_("Say how the exemplar can be reached."),
    )
    yield from _filled(
        asked, "deed_place", N_("Where it happened"), "deed_place", entry.deed_place, N_("Say where it happened.")
    )
    yield from _filled(
        asked, "deed_time", N_("When it happened"), "deed_time", entry.deed_time, N_("Say when it happened.")
    )


def _author_items(entry: Entry, rules: RuleSet, category: Category, asked: Asked, day: date) -> Iterator[Item]:
    yield from _filled(
        asked,
        "author_real_name",
        N_("Your real name"),
        "author_name",
        entry.author_name,
        N_("Give your real name, as on your papers."),
    )
    yield from _filled(
        asked, "author_pen_name", N_("Your pen name"), "pen_name", entry.pen_name, N_("Give your pen name.")
    )
    if asked.birth_date:
        message, params = "", {}
        born = entry.author_birth_date
        if born is None:
            message = N_("Give your date of birth.")
        elif age_on(born, day) < rules.eligibility.min_age:
            message = N_("Authors must be at least %(age)s years old on the day of submission.")
            params = {"age": rules.eligibility.min_age}
        yield Item(N_("Your date of birth"), FACTS, "birth_date", message, params)
    if "author_phone" in asked.required:
        message = ""
        # Whoever has no telephone is reached through the unit that helps them.
        if not entry.author_phone and not entry.author.assisted:
            message = N_("Give a telephone number at which you can be reached.")
        elif entry.author_phone and sum(sign.isdigit() for sign in entry.author_phone) < PHONE_LEAST:
            message = N_("This telephone number lacks digits. Write all of them, as in 0912 345 678.")
        yield Item(N_("Your telephone number"), FACTS, "author_phone", message)
    yield from _filled(
        asked,
        "author_email",
        N_("Your e-mail address"),
        "author_email",
        entry.author.email or entry.author.assisted,
        N_("Add an e-mail address to your account."),
    )
    yield from _filled(
        asked, "author_address", N_("Your address"), "author_address", entry.author_address, N_("Give your address.")
    )
    yield from _filled(
        asked, "author_unit", N_("Your unit"), "author_unit", entry.author_unit_id, N_("Choose your unit.")
    )
    if needs_guardian(entry.author_birth_date, day, always=category.guardian_consent):
        complete = entry.guardian_name and entry.guardian_phone and entry.guardian_relation
        yield Item(
            N_("Legal representative"),
            FACTS,
            "guardian_name",
            "" if complete else N_("Give the name, telephone number and relation of the legal representative."),
        )
        yield Item(
            N_("Consent of the legal representative"),
            FACTS,
            "guardian_consent",
            "" if entry.guardian_consent else N_("The legal representative has to agree."),
        )


# Where a text holds a phrase


_WORD = re.compile(r"\w+", re.UNICODE)


def find_phrase(text: str, phrase: str, *, exact: bool = False) -> list[str]:
    """Each way in which the words of `phrase` stand in `text`, whatever their case and marks.

    With `exact`, case and marks must be the same: for single words, which are often also words of
    the language (Lan, Bình, Thu).
    """
    key = (lambda word: word) if exact else fold
    wanted = [key(word) for word in _WORD.findall(phrase)]
    words = list(_WORD.finditer(text))
    keys = [key(match.group()) for match in words]
    found: list[str] = []
    if wanted:
        for start in range(len(words) - len(wanted) + 1):
            if keys[start : start + len(wanted)] == wanted:
                hit = text[words[start].start() : words[start + len(wanted) - 1].end()]
                if hit not in found:
                    found.append(hit)
    return found
