"""What one browser's session knows of a vote, contest by contest: choices, what was read, a contact, a voter.

The session cookie is signed, so nobody can write into it what we did not; the owner of the browser
could read it, so it holds nothing that they did not do themselves, beyond the number of their row
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
# A cookie holds 4 KB: more choices than any rule set allows are not remembered, nor more stories
# than the longest list of finalists.
_MOST_PICKS = 20
_MOST_BALLOTS = 10
_MOST_OPENED = 100
_LARGEST_ID = 2**63
# What is kept when somebody says who they are, or asks for another code.
_OWN_DOING = ("picks", "opened")


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
    if note := {name: value for name, value in note.items() if value}:
        notes[slug] = note
    if notes:
        session[_KEY] = notes
    else:
        session.pop(_KEY, None)


def _new_form_token() -> None:
    session.pop("csrf_token", None)
    g.pop("csrf_token", None)  # a form of this request may have read the old one already


def _own_doing(slug: str) -> dict[str, Any]:
    return {name: value for name, value in _note(slug).items() if name in _OWN_DOING}


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
    _write(slug, {"voter": voter_id, "until": until, "shown": masked(address), **_own_doing(slug)})


def forget(slug: str) -> None:
    """Know nothing any more of the vote in a contest: for phones that are passed around."""
    _new_form_token()
    _write(slug, {})


def waiting(slug: str) -> dict[str, list[str]]:
    """Choices that were made here and are not cast yet, by the part of the ballot they are for."""
    found = _note(slug).get("picks")
    if not isinstance(found, dict):
        return {}
    return {part: chosen for part, kept in found.items() if (chosen := _public_ids(kept))}


def picks(slug: str, part: str = "") -> list[str]:
    """Choices for one ballot that were made here and are not cast yet: public ids, as they were sent."""
    return waiting(slug).get(part, [])


def keep_picks(slug: str, chosen: list[str], part: str = "") -> None:
    """Keep choices for a ballot until they are cast. What no form of ours could send is left out."""
    kept = waiting(slug)
    kept.pop(part, None)
    if mine := _public_ids(list(dict.fromkeys(chosen)))[:_MOST_PICKS]:
        kept = dict([*kept.items()][-(_MOST_BALLOTS - 1) :]) | {part: mine}
    _write(slug, {**_note(slug), "picks": kept})


def opened(slug: str) -> list[str]:
    """Entries that were opened for reading here, the latest last."""
    return _public_ids(_note(slug).get("opened"))


def note_opened(slug: str, public_id: str) -> None:
    """An entry was opened for reading. A later visit moves it to the end: the oldest fall out first."""
    others = [each for each in opened(slug) if each != public_id]
    _write(slug, {**_note(slug), "opened": [*others, public_id][-_MOST_OPENED:]})


def contact(slug: str) -> str | None:
    """The contact to which a code was sent from here and that is not confirmed yet."""
    found = _note(slug).get("contact")
    return found if isinstance(found, str) else None


def keep_contact(slug: str, address: str) -> None:
    """Keep the contact until its code is typed. Who was known here before is not any more."""
    _write(slug, {"contact": address, **_own_doing(slug)})


def _public_ids(found: Any) -> list[str]:
    if not isinstance(found, list):
        return []
    return [each for each in found if isinstance(each, str) and PUBLIC_ID.fullmatch(each)]
