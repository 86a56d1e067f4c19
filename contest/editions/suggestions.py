"""Private details that a proofreader should look at: found by their shape, hidden only when somebody says so.

Pure. Finding too much costs a glance; whether a phrase is hidden is a person's decision each time.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from contest.core.errors import N_

PHONE, MAIL, ADDRESS, NUMBER, SCHOOL, CHILD, BIRTH = "phone", "mail", "address", "number", "school", "child", "birth"
KINDS = {
    PHONE: N_("Telephone number"),
    MAIL: N_("E-mail address"),
    ADDRESS: N_("Address of a home"),
    NUMBER: N_("Number of an identity paper or account"),
    SCHOOL: N_("A child's class or school"),
    CHILD: N_("A child's full name"),
    BIRTH: N_("A child's date of birth"),
}
_AROUND = 40

# A capitalised or numbered word, as names of places and schools are written.
_NAMED = r"(?:[A-ZÀ-ÝĂÂĐÊÔƠƯẠ-Ỹ][\w’'-]*|\d+[\w/]*)"
_NAME = rf"{_NAMED}(?:\s+{_NAMED})*"
_LEVEL = r"(?:[Tt]iểu học|[Tt]rung học cơ sở|[Tt]rung học phổ thông|THCS|THPT|[Mm]ầm non|[Mm]ẫu giáo)"
_EVERYWHERE = (
    (PHONE, re.compile(r"(?<![\w.])(?:\+?84|0)(?:[\s.\-]?\d){8,10}(?!\d)")),
    (MAIL, re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    (NUMBER, re.compile(r"(?<![\d.,])\d{12}(?![\d.,]\d|\d)")),
    (
        ADDRESS,
        re.compile(
            rf"(?:\b[Ss]ố\s+(?:nhà\s+\d+[\w/]*|\d+[\w/]*,?\s+(?:[Đđ]ường|[Pp]hố|[Nn]gõ|[Hh]ẻm)\s+{_NAME})"
            rf"|\b(?:[Nn]gõ|[Nn]gách|[Hh]ẻm|[Đđ]ường|[Kk]hu phố|[Tt]ổ dân phố|[Tt]hôn|[Xx]óm|[Ấấ]p|[Bb]uôn)\s+{_NAME})"
        ),
    ),
)
_OF_CHILDREN = (
    (
        SCHOOL,
        re.compile(
            rf"(?:\b[Ll]ớp\s+\d{{1,2}}[A-ZĐ]?\d*\b"
            rf"|\b[Tt]rường\s+(?:{_LEVEL}\s+)?{_NAME})"
        ),
    ),
    (BIRTH, re.compile(r"(?<!\d)\d{1,2}[/.-]\d{1,2}[/.-]\d{4}(?!\d)")),
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A phrase as it stands in the edition, how often, and the words around its first place."""

    kind: str
    phrase: str
    count: int
    before: str
    after: str


def suggest(texts: Iterable[str], *, children: Collection[str] = (), about_children: bool = False) -> list[Suggestion]:
    """Private details in `texts` (title, text, captions, credits).

    `children` are full names of children, as the records have them; `about_children`: whether a child
    wrote this or is written about, so that classes, schools and dates of birth are looked for as well.
    """
    found: dict[str, Suggestion] = {}
    for text in texts:
        for kind, start, end in _places(text, children, about_children=about_children):
            phrase = text[start:end]
            known = found.get(phrase)
            found[phrase] = Suggestion(
                known.kind if known else kind,
                phrase,
                (known.count if known else 0) + 1,
                known.before if known else text[max(0, start - _AROUND) : start].rsplit("\n")[-1],
                known.after if known else text[end : end + _AROUND].split("\n")[0],
            )
    order = list(KINDS)
    return sorted(found.values(), key=lambda each: order.index(each.kind))


def _places(text: str, children: Collection[str], *, about_children: bool) -> Iterator[tuple[str, int, int]]:
    taken: list[tuple[int, int]] = []
    patterns = [
        (CHILD, re.compile(r"(?<!\w)" + r"\s+".join(map(re.escape, name.split())) + r"(?!\w)"))
        for name in children
        if len(name.split()) > 1
    ]
    for kind, pattern in (*patterns, *_EVERYWHERE, *(_OF_CHILDREN if about_children else ())):
        for match in pattern.finditer(text):
            start, end = match.span()
            if not any(start < other_end and other_start < end for other_start, other_end in taken):
                taken.append((start, end))
                yield kind, start, end
