"""Where an entry gives away who wrote it: names, telephone numbers, addresses in its text and files.

Pure functions over a loaded entry. What they find are hints for the secretariat, who judge by eye:
a namesake in the story is no leak. They look through the usual disguises: marks and case dropped,
letters set apart or run together, digits with dots and spaces, initials, names of files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from contest.core.text import fold
from contest.entries.checks import find_phrase
from contest.entries.models import Entry
from contest.entries.persons import phone_tail

_WORD = re.compile(r"[^\W_]+")
_SIGN = re.compile(r"[^\W_]")
# Digits as people write telephone numbers: with dots, spaces, dashes, slashes and brackets between.
_DIGITS = re.compile(r"\+?\d(?:[\s.,\-–/()]{0,3}\d){7,14}")
_EMAIL_SIGNS = re.compile(r"\s*(?:@|\(\s*(?:at|a còng)\s*\)|\[\s*at\s*\]|\sa còng\s)\s*", re.IGNORECASE)
# Run together, fewer letters are found by chance inside other words.
_JOINED_LEAST = 7
_INITIALS_LEAST = 3
_LOCAL_PART_LEAST = 6


@dataclass(frozen=True, slots=True)
class Identity:
    """What is known of somebody who must not be known to the judges. `whose` as in screening.rules.WHOSE."""

    whose: str
    names: tuple[str, ...] = ()
    pen_names: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Leak:
    """A phrase that may tell who wrote the entry; `whose`, `what` and `where` as in screening.rules."""

    whose: str
    what: str
    where: str
    phrase: str


def identities(entry: Entry) -> list[Identity]:
    """Everybody whose name must not reach the judges: author, co-authors, legal representatives.

    A unit or an address that is the exemplar's too tells nothing about its author.
    """
    exemplar = entry.exemplar
    account = entry.author

    def unit_of(unit: object, unit_id: int | None) -> tuple[str, ...]:
        return (unit.name,) if unit is not None and unit_id != exemplar.unit_id else ()  # type: ignore[attr-defined]

    own_address = entry.author_address if fold(entry.author_address) != fold(exemplar.address) else ""
    found = [
        Identity(
            "author",
            names=_filled(entry.author_name, account.name),
            pen_names=_filled(entry.pen_name),
            phones=_filled(entry.author_phone, account.phone),
            emails=_filled(account.email),
            units=unit_of(entry.author_unit, entry.author_unit_id),
            addresses=_filled(own_address),
        )
    ]
    for member in entry.coauthors:
        found.append(
            Identity(
                "coauthor",
                names=_filled(member.name),
                pen_names=_filled(member.pen_name),
                phones=_filled(member.phone),
                units=unit_of(member.unit, member.unit_id),
            )
        )
        found.append(Identity("guardian", names=_filled(member.guardian_name)))
    found.append(
        Identity("guardian", names=_filled(entry.guardian_name), phones=_filled(entry.guardian_phone)),
    )
    return found


def _filled(*values: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value.strip() for value in values if value and value.strip()))


def places_of(entry: Entry) -> Iterator[tuple[str, str]]:
    """Each piece of the entry that a judge may read, and the names of its files, with where it stands."""
    yield "title", entry.title
    yield "body", entry.body
    for photo in entry.photos:
        yield "caption", photo.caption
        yield "alt", photo.alt
        yield "people", photo.people
    for attachment in entry.attachments:
        yield "file", attachment.name


def identity_leaks(entry: Entry) -> list[Leak]:
    """Everything in text, captions and names of files that may tell who wrote the entry."""
    known = identities(entry)
    found: list[Leak] = []
    for where, text in places_of(entry):
        if text:
            found += leaks_in(text, where, known)
    return list(dict.fromkeys(found))


def leaks_in(text: str, where: str, known: list[Identity]) -> Iterator[Leak]:
    """What `text` tells about the people in `known`."""
    joined = _Joined(text)
    for person in known:
        hits: list[tuple[str, str]] = []
        for name in person.names:
            hits += _name_hits(text, joined, name)
        for name in person.pen_names:
            hits += [("pen_name", hit) for hit in _phrase_hits(text, joined, name)]
        for phone in person.phones:
            hits += [("phone", hit) for hit in phone_hits(text, phone)]
        for email in person.emails:
            hits += [("email", hit) for hit in _email_hits(text, email)]
        for unit in person.units:
            hits += [("unit", hit) for hit in _phrase_hits(text, joined, unit)]
        for address in person.addresses:
            if len(_WORD.findall(address)) > 1:
                hits += [("address", hit) for hit in find_phrase(text, address)]
        seen: set[str] = set()
        for what, hit in hits:
            # The first that finds a phrase says the most about it.
            if hit not in seen:
                seen.add(hit)
                yield Leak(person.whose, what, where, hit)


def _name_hits(text: str, joined: _Joined, name: str) -> Iterator[tuple[str, str]]:
    whole = _phrase_hits(text, joined, name)
    for hit in whole:
        yield "name", hit
    words = _WORD.findall(name)
    if len(words) >= _INITIALS_LEAST:
        # "Thu Hậu" under a text by Nguyễn Thị Thu Hậu; as written, for folded it is often a word.
        for hit in find_phrase(text, " ".join(words[-2:]), exact=True):
            if not any(hit in full for full in whole):
                yield "part", hit
        for hit in _initials_hits(text, words):
            yield "initials", hit


def _phrase_hits(text: str, joined: _Joined, phrase: str) -> list[str]:
    """The words of `phrase`, whatever their marks; set apart or run together; one word only as written."""
    words = _WORD.findall(phrase)
    found = find_phrase(text, phrase, exact=len(words) < 2)
    letters = fold("".join(words))
    if len(words) > 1 and len(letters) >= _JOINED_LEAST:
        found += [hit for hit in joined.find(letters) if hit not in found]
    return found


def _initials_hits(text: str, words: list[str]) -> list[str]:
    letters = [re.escape(word[0].upper()) for word in words]
    # N.V.A, N. V. A., N V A and NVA; in capitals, for in small letters they are syllables.
    pattern = r"(?<![^\W_])" + r"[.\s]{0,2}".join(letters) + r"(?![^\W_])"
    return list(dict.fromkeys(match.group() for match in re.finditer(pattern, text)))


def phone_hits(text: str, phone: str) -> list[str]:
    """The number `phone` in `text`, however its digits are set apart."""
    tail = phone_tail(phone)
    if not tail:
        return []
    return list(
        dict.fromkeys(match.group() for match in _DIGITS.finditer(text) if phone_tail(match.group()).endswith(tail))
    )


def _email_hits(text: str, email: str) -> list[str]:
    local, _, domain = email.partition("@")
    pattern = re.escape(local) + _EMAIL_SIGNS.pattern + r"\s*[.,]?\s*".join(re.escape(p) for p in domain.split("."))
    found = [match.group() for match in re.finditer(pattern, text, re.IGNORECASE)]
    if len(local) >= _LOCAL_PART_LEAST:
        pattern = r"(?<![^\W_])" + re.escape(local) + r"(?![^\W_])"
        for match in re.finditer(pattern, text, re.IGNORECASE):
            if not any(match.group().casefold() in whole.casefold() for whole in found):
                found.append(match.group())
    return list(dict.fromkeys(found))


class _Joined:
    """A text as its letters and digits alone, folded, each with its place in the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.places: list[int] = []
        letters: list[str] = []
        for match in _SIGN.finditer(text):
            folded = fold(match.group())
            letters.append(folded)
            self.places += [match.start()] * len(folded)
        self.letters = "".join(letters)

    def find(self, wanted: str) -> list[str]:
        """Each place where the letters of `wanted` follow one another and begin and end with a word.

        "N g u y ễ n  V ă n  A n" and "NguyenVanAn" are found, "an" across "van ngu" is not.
        """
        found: list[str] = []
        at = self.letters.find(wanted)
        while at >= 0:
            start, end = self.places[at], self.places[at + len(wanted) - 1] + 1
            before = self.text[start - 1] if start else " "
            after = self.text[end] if end < len(self.text) else " "
            if not _SIGN.match(before) and not after.isalpha():
                hit = self.text[start:end]
                if hit not in found:
                    found.append(hit)
            at = self.letters.find(wanted, at + 1)
        return found
