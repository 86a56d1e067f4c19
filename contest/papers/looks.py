"""How certificates look: a few templates, colours and words, checked and kept as data, never as code. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from contest.contests.ruleset import RuleSet
from contest.core.errors import N_, Refused
from contest.core.formats import local
from contest.core.text import clean_line, clean_text

TEMPLATES = {
    "co-dien": N_("Classical: a double frame with gold corners"),
    "trang-nha": N_("Quiet: a fine line, much white"),
    "hien-dai": N_("Modern: a band of colour, words from the left"),
}
TINTS = {
    "son": N_("Vermilion"),
    "cham": N_("Indigo"),
    "luc": N_("Green"),
    "nau": N_("Brown"),
}
NAME_SIZES = {"lon": N_("Large"), "vua": N_("Middle"), "nho": N_("Small")}
# Characters that each of the words may have, so that a page always holds them.
LONGEST = {
    "title": 40,
    "issuer": 120,
    "opening": 120,
    "reached": 120,
    "closing": 200,
    "place": 60,
    "office": 120,
    "signer": 80,
    "series": 30,
}
FARTHEST = 15  # millimetres that the words may be moved up or down
# Of the fields of a look, those that are a choice: what may be chosen.
CHOICES: Mapping[str, Mapping[str, str]] = {"template": TEMPLATES, "tint": TINTS, "name_size": NAME_SIZES}
FLAGS = ("country", "frame", "unit", "work")

# State commendations have prescribed forms and are given by others: the system proposes them, it prints none.
STATE_FORMS = ("bằng khen", "giấy khen", "huân chương", "huy chương", "kỷ niệm chương")


class Look(NamedTuple):
    """Everything that an organiser decides of a certificate. `down` in millimetres; `on` an ISO day."""

    template: str
    tint: str
    name_size: str
    country: bool
    frame: bool
    unit: bool
    work: bool
    title: str
    issuer: str
    opening: str
    reached: str
    closing: str
    place: str
    office: str
    signer: str
    series: str
    on: str
    down: int

    def as_json(self) -> dict[str, Any]:
        return self._asdict()


def first_look(rules: RuleSet) -> Look:
    """What a contest begins with, in the words of its rules."""
    return Look(
        template="co-dien",
        tint="son",
        name_size="lon",
        country=True,
        frame=True,
        unit=True,
        work=True,
        title="Giấy chứng nhận",
        issuer=f"Ban Tổ chức {rules.title.vi}"[: LONGEST["issuer"]],
        opening="Ban Tổ chức chứng nhận",
        reached="đã đạt",
        closing="",
        place=rules.tenant.vi.partition(" (")[0].removeprefix("tỉnh ").removeprefix("thành phố ")[: LONGEST["place"]],
        office="TM. Ban Tổ chức\nTrưởng ban",
        signer="",
        series="GCN-BTC",
        on=local(rules.official_at).date().isoformat(),
        down=0,
    )


def checked(rules: RuleSet, given: Mapping[str, Any]) -> Look:
    """A look out of `given`; what is missing is as `first_look` has it. Raises Refused for what no page can bear."""
    values = {**first_look(rules).as_json(), **{key: given[key] for key in Look._fields if key in given}}
    for field, choices in CHOICES.items():
        if values[field] not in choices:
            raise Refused(N_("Choose one of the looks offered."), code="look")
    for field in FLAGS:
        values[field] = bool(values[field])
    for field, most in LONGEST.items():
        clean = clean_text if field == "office" else clean_line
        values[field] = clean(str(values[field] or ""))
        if len(values[field]) > most:
            raise Refused(N_("At most %(most)s characters, please."), code=field, most=most)
    if not values["title"]:
        raise Refused(N_("A certificate needs a title."), code="title")
    told = " ".join(values[field] for field in ("title", "opening", "reached", "closing")).casefold()
    if any(word in told for word in STATE_FORMS):
        raise Refused(
            N_("Commendations of the State have prescribed forms and are not printed here: propose them instead."),
            code="title",
        )
    if values["office"].count("\n") > 2:
        raise Refused(N_("At most three lines, please."), code="office")
    try:
        values["on"] = date.fromisoformat(str(values["on"])).isoformat()
    except ValueError:
        raise Refused(N_("Give the day as day/month/year."), code="on") from None
    try:
        values["down"] = int(values["down"])
    except (TypeError, ValueError):
        raise Refused(N_("Give whole millimetres."), code="down") from None
    if abs(values["down"]) > FARTHEST:
        raise Refused(N_("At most %(most)s mm up or down."), code="down", most=FARTHEST)
    return Look(**values)


def day_line(look: Look) -> str:
    """The place and the day as papers of the State write them: days and the first two months with a zero in front."""
    on = date.fromisoformat(look.on)
    month = f"{on.month:02}" if on.month < 3 else str(on.month)
    day = f"ngày {on.day:02} tháng {month} năm {on.year}"
    return f"{look.place}, {day}" if look.place else day[0].upper() + day[1:]


def day_of(look: Look) -> date:
    """The day on the paper."""
    return date.fromisoformat(look.on)
