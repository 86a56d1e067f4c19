"""What one browser's session knows of a vote, contest by contest: choices, a contact, a voter.

The session cookie is signed, so nobody can write into it what we did not; the owner of the browser
could read it, so it holds nothing that they did not type themselves, beyond the number of their row
in `voter`. Times are wall times.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import g, session

from contest.accounts.addresses import masked
from contest.core import clock
from contest.voting.rules import KNOWN_FOR, PUBLIC_ID

_KEY = "vote"
# A cookie holds 4 KB: more choices than any rule set allows are not remembered.
_MOST_PICKS = 20
_LARGEST_ID = 2**63


@dataclass(frozen=True, slots=True)
class Known:
    """The voter of this browser, and the contact as its owner recognises it."""

    voter_id: int
    shown: str


def _notes() -> dict[str, dict[str, Any]]:
    """What the cookie holds, by slug. It may be of another release: what has not our shape is left out."""
    found = session.get(_KEY)
    if not isinstance(found, dict):
        return {}
    return {slug: note for slug, note in found.items() if isinstance(note, dict)}


def _note(slug: str) -> dict[str, Any]:
    return _notes().get(slug, {})


def _write(slug: str, note: dict[str, Any]) -> None:
    notes = {name: kept for name, kept in _notes().items() if name != slug}
    if note:
        notes[slug] = note
    if notes:
        session[_KEY] = notes
    else:
        session.pop(_KEY, None)


def _new_form_token() -> None:
    session.pop("csrf_token", None)
    g.pop("csrf_token", None)  # a form of this request may have read the old one already


def find_known(slug: str) -> Known | None:
    """Who proved a contact in this browser, within the last two hours."""
    note = _note(slug)
    voter_id, until, name = note.get("voter"), note.get("until"), note.get("shown")
    if not (isinstance(voter_id, int) and isinstance(until, (int, float)) and isinstance(name, str)):
        return None
    if not 0 < voter_id < _LARGEST_ID or clock.wall().timestamp() >= until:
        return None
    return Known(voter_id, name)


def remember(slug: str, voter_id: int, address: str) -> None:
    """Know this browser's voter from now on; choices made before are kept.

    The form token is made anew: one that somebody planted or copied before is worth nothing now.
    """
    _new_form_token()
    until = (clock.wall() + KNOWN_FOR).timestamp()
    note = {"voter": voter_id, "until": until, "shown": masked(address)}
    _write(slug, {**note, "picks": picks(slug)} if picks(slug) else note)


def forget(slug: str) -> None:
    """Know nothing any more of the vote in a contest: for phones that are passed around."""
    _new_form_token()
    _write(slug, {})


def picks(slug: str) -> list[str]:
    """Choices that were made here and are not cast yet: public ids, as they were sent."""
    found = _note(slug).get("picks")
    if not isinstance(found, list):
        return []
    return [pick for pick in found if isinstance(pick, str) and PUBLIC_ID.fullmatch(pick)]


def keep_picks(slug: str, chosen: list[str]) -> None:
    """Keep choices until they are cast. What no form of ours could send is left out."""
    kept = [pick for pick in dict.fromkeys(chosen) if PUBLIC_ID.fullmatch(pick)][:_MOST_PICKS]
    note = {name: value for name, value in _note(slug).items() if name != "picks"}
    _write(slug, {**note, "picks": kept} if kept else note)


def contact(slug: str) -> str | None:
    """The contact to which a code was sent from here and that is not confirmed yet."""
    found = _note(slug).get("contact")
    return found if isinstance(found, str) else None


def keep_contact(slug: str, address: str) -> None:
    """Keep the contact until its code is typed. Who was known here before is not any more."""
    note: dict[str, Any] = {"contact": address}
    _write(slug, {**note, "picks": picks(slug)} if picks(slug) else note)
