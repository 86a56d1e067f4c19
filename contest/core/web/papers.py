"""What every printed paper says at its head and foot, in the language of the request."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app
from flask_babel import gettext as _

from contest.core.web.language import locale


def paper(title: str, *, governing: str, lead: str, subtitle: str = "", foot: str = "") -> dict[str, Any]:
    """The data that templates/papers/paper.typ asks of every paper.

    `governing` and `lead` are the bodies of the letterhead; a note in brackets behind the name of
    the second one is left out there. `foot` stands at the bottom of each page.
    """
    site = current_app.config["SETTINGS"].site
    return {
        "lang": locale(),
        "title": title,
        "subtitle": subtitle,
        "publisher": lead,
        "governing": governing,
        "lead": lead.partition(" (")[0],
        "country": _("Socialist Republic of Viet Nam"),
        "motto": _("Independence – Freedom – Happiness"),
        "foot": foot or f"{site.name} · {site.domain}",
    }


def send_pdf(content: bytes) -> Response:
    """A paper, shown in place: the address ends in its name."""
    return Response(content, mimetype="application/pdf")
