"""Which records may be about the same person or collective. Pure: names, units and telephones in, pairs out.

People are suggested to a person, who decides. Names are compared as Vietnamese is written and heard:
without case and marks, without the forms of address before them, i and y being one (Sĩ, Sỹ). Records
are compared within blocks that share a telephone, a name, or a unit with a given name, so that the
work grows with the records and not with their square.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

from contest.core.text import fold

# What stands before a name and is not part of it, folded.
_TITLES = {
    "ong", "ba", "anh", "chi", "em", "co", "chu", "bac", "cu", "chau", "be", "thay", "bs", "gs", "ts",
}  # fmt: skip
_LONGER_TITLES = (
    "nghe nhan uu tu", "nghe nhan", "bac si", "thay giao", "co giao", "ho gia dinh", "gia dinh", "cuu chien binh",
    "dong chi",
)  # fmt: skip
_DIGITS = re.compile(r"\D")
_PHONE = re.compile(r"(?:\+?84|0)\d{9}")
# Blocks larger than this say nothing (a switchboard's number, a very common name).
_LARGEST_BLOCK = 60

PHONE, NAME_AND_UNIT, NAME, LIKE_NAME = "phone", "name_and_unit", "name", "like_name"


@dataclass(frozen=True, slots=True)
class Known:
    """What is compared of one record. `unit` and `near` are ids: its unit, and those that count as the same."""

    id: int
    kind: str
    name: str
    role: str
    contact: str
    unit: int | None
    near: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, order=True)
class Likeness:
    """Two records (smaller id first) and why they may be the same, the strongest reasons first."""

    rank: int
    one: int
    other: int
    why: tuple[str, ...]


def bare_name(name: str) -> str:
    """A name as it is compared: "Cụ bà Nguyễn Thị Lý" → "nguyen thi li"."""
    text = re.sub(r"[^\w\s]", " ", fold(name))
    text = " ".join(text.split())
    for title in _LONGER_TITLES:
        text = text.removeprefix(title + " ")
    words = text.split()
    while len(words) > 1 and words[0] in _TITLES:
        words.pop(0)
    return " ".join(words).replace("y", "i")


def phone_of(contact: str) -> str:
    """The Vietnamese telephone number in a contact, in its national form; empty when there is none."""
    found = _PHONE.search(re.sub(r"[\s.\-()]", "", contact))
    if found is None:
        return ""
    digits = _DIGITS.sub("", found[0])
    return "0" + digits[2:] if digits.startswith("84") and len(digits) == 11 else digits


def distance(one: str, other: str, most: int) -> int:
    """How many letters must be put in, taken out or exchanged; `most` + 1 when more than `most`."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before = list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        current = [row]
        for column, against in enumerate(other, start=1):
            current.append(min(before[column] + 1, current[-1] + 1, before[column - 1] + (letter != against)))
        if min(current) > most:
            return most + 1
        before = current
    return min(before[-1], most + 1)


def likenesses(
    records: Iterable[Known],
    *,
    may_be_same: Callable[[str, str], bool],
    apart: Collection[tuple[int, int]] = (),
    among: Collection[int] | None = None,
) -> list[Likeness]:
    """Pairs that may be the same, the likeliest first.

    `apart`: pairs (smaller id first) that a person told apart or that are joined already. `among`:
    only pairs with one of these records. `may_be_same` compares kinds.
    """
    known = {record.id: record for record in records}
    names = {record.id: bare_name(record.name) for record in known.values()}
    phones = {record.id: phone_of(record.contact) for record in known.values()}
    found: dict[tuple[int, int], Likeness] = {}
    for pair in _candidates(known, names, phones):
        if pair in found or pair in apart or (among is not None and not set(pair) & set(among)):
            continue
        one, other = known[pair[0]], known[pair[1]]
        if may_be_same(one.kind, other.kind) and (why := _why(one, other, names, phones)):
            found[pair] = Likeness(_RANK[why[0]] - len(why), *pair, why)
    return sorted(found.values())


_RANK = {PHONE: 10, NAME_AND_UNIT: 20, NAME: 30, LIKE_NAME: 40}


def _why(one: Known, other: Known, names: dict[int, str], phones: dict[int, str]) -> tuple[str, ...]:
    ours, theirs = names[one.id], names[other.id]
    near = _near(one, other)
    why = []
    if phones[one.id] and phones[one.id] == phones[other.id]:
        why.append(PHONE)
    if ours and ours == theirs:
        # The same name elsewhere is a coincidence in Viet Nam, unless the work is the same as well.
        same_work = bool(one.role) and fold(one.role) == fold(other.role)
        if near:
            why.append(NAME_AND_UNIT)
        elif same_work or why:
            why.append(NAME)
    elif ours and theirs and (near or why) and _alike(ours, theirs):
        why.append(LIKE_NAME)
    return tuple(why)


def _near(one: Known, other: Known) -> bool:
    if one.unit is None or other.unit is None:
        return False
    return one.unit == other.unit or one.unit in other.near or other.unit in one.near


def _alike(one: str, other: str) -> bool:
    """A slip or two in a long name, or one whole name inside the other ("Sỹ", "Trần Đình Sỹ")."""
    short, long = sorted((one.split(), other.split()), key=len)
    if len(short) < len(long) and long[-len(short) :] == short:
        return True
    length = min(len(one), len(other))
    most = 2 if length >= 12 else 1 if length >= 6 else 0
    return distance(one, other, most) <= most


def _candidates(known: dict[int, Known], names: dict[int, str], phones: dict[int, str]) -> Iterator[tuple[int, int]]:
    blocks: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
    for record in known.values():
        name = names[record.id]
        if phones[record.id]:
            blocks["phone", phones[record.id]].append(record.id)
        if not name:
            continue
        blocks["name", name].append(record.id)
        words = name.split()
        for unit in {record.unit, *record.near} - {None}:
            # A slip may stand in any word: one block by the first, one by the last.
            blocks["first", unit, words[0]].append(record.id)
            blocks["last", unit, words[-1]].append(record.id)
    for block in blocks.values():
        if len(block) <= _LARGEST_BLOCK:
            yield from combinations(sorted(set(block)), 2)
