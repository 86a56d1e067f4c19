"""What the printed papers of a vote say: slips to tick, and posters. In the language that is in force when called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from contest.contests.models import Contest
from contest.contests.ruleset import RuleSet
from contest.core.formats import deadline, loc
from contest.core.qr import qr_path
from contest.core.web.papers import paper
from contest.editions.shown import Shown
from contest.voting.rules import shuffled


def on_our_site(endpoint: str, **values: Any) -> str:
    """An address to print, in full and in Vietnamese whatever the language of the page it is asked from."""
    path = url_for(endpoint, **values).removeprefix(request.script_root)
    return request.host_url.rstrip("/") + path


def qr_svg(address: str) -> str:
    """The QR code of an address as an SVG file."""
    qr = qr_path(address)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {qr.size} {qr.size}" shape-rendering="crispEdges">'
        f'<path d="{qr.path}"/></svg>'
    )


def head(contest: Contest, title: str) -> dict[str, Any]:
    """What every paper of a contest says at its head and foot."""
    rules = contest.rules
    made = paper(title, subtitle=loc(rules.title), governing=loc(rules.bodies.governing), lead=loc(rules.bodies.lead))
    return {**made, "lang": "vi"}


def title_of(entry: Shown) -> str:
    """The title that readers have, or that there is none yet: the code stands beside it."""
    return entry.title if entry.presented else str(_("(its text is being approved for publication)"))


def choices_rule(rules: RuleSet) -> str:
    """How many may be chosen."""
    voting = rules.voting
    words: str = ngettext("Choose one entry.", "Choose up to %(num)s entries.", voting.choices_max)
    if voting.choices_per_category:
        words += " " + str(_("At most %(most)s of one category.", most=voting.choices_per_category))
    return words


def ballots_rule(rules: RuleSet) -> str:
    """How many ballots somebody has."""
    voting = rules.voting
    if voting.ballot_scope == "category":
        return str(_("Each reader has one ballot for each category."))
    if voting.ballot_scope == "day":
        return str(
            ngettext(
                "Each reader has one ballot a day.", "Each reader has %(num)s ballots a day.", voting.ballots_per_day
            )
        )
    return str(_("Each reader has one ballot."))


# Slips


def slips_data(contest: Contest, entries: Sequence[Shown], numbers: Iterable[int]) -> dict[str, Any]:
    """Slips with these numbers, each with the entries in an order of its own; by category where ballots are."""
    rules = contest.rules
    window = rules.window("voting")
    parts = [entries]
    if rules.voting.ballot_scope == "category":
        parts = [[each for each in entries if each.category == name] for name in rules.voting.categories]
    many = len(rules.voting.categories) > 1
    return {
        **head(contest, _("Ballot of the readers' vote")),
        "how": [
            f"{choices_rule(rules)} {_('Tick the box before it. A slip with more ticks, or with none, is spoilt.')}",
            f"{ballots_rule(rules)} {_('Whoever votes on paper does not vote on the website as well.')}",
            _("Voting costs nothing. Write neither name nor number on this slip."),
        ],
        "closes": _("The vote closes at %(at)s.", at=deadline(window.closes)) if window else "",
        "sheet_label": _("Order no."),
        "order_note": _("The entries stand in another order on each slip, so that none is first on all."),
        "stamp": _("Stamp of the place"),
        "number": _("No. in the box"),
        "sheets": [
            {
                "number": f"{number:05}",
                "category": f"{part[0].category} – {loc(rules.category(part[0].category).name)}"
                if len(parts) > 1
                else "",
                "entries": [
                    {
                        "code": each.code,
                        "title": title_of(each),
                        "category": each.category if many and len(parts) == 1 else "",
                    }
                    for each in shuffled(part, f"{contest.public_id}:{number}", lambda entry: entry.public_id)
                ],
            }
            for number in numbers
            for part in parts
            if part
        ],
    }


# Posters

SIZES = ("a4", "a3")


def poster_data(contest: Contest, entry: Shown, size: str) -> dict[str, Any]:
    """A poster for one entry: what it is, where to read and vote, by which rules. It asks for nobody's vote."""
    rules = contest.rules
    window = rules.window("voting")
    address = on_our_site("voting.booth", slug=contest.slug)
    unit = entry.unit.name if entry.unit else ""
    return {
        **head(contest, entry.title),
        "size": size,
        "eyebrow": _("Readers' vote"),
        "code": _("Code %(code)s", code=entry.code),
        "category": f"{entry.category} – {loc(rules.category(entry.category).name)}"
        if len(rules.categories) > 1
        else "",
        "about": _("About: %(name)s", name=entry.about + (f", {unit}" if unit else "")) if entry.about else "",
        "scan": _("Scan to read the entry, and the others, and to vote"),
        "address": address.partition("://")[2],
        "qr": qr_svg(f"{address}#bai-{entry.public_id}"),
        "qr_alt": _("QR code that leads to the vote, with entry %(code)s in view", code=entry.code),
        "rules": [
            f"{ballots_rule(rules)} {choices_rule(rules)}",
            _("Voting costs nothing. It closes at %(at)s.", at=deadline(window.closes)) if window else "",
        ],
    }
